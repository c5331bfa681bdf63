"""The files of an evaluation of learned weights: figures as JSON, a report, and a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinhop.output.kit.answers import write_answer
from twinhop.output.kit.style import save_figure
from twinhop.output.kit.tables import PAIRS_HEADER, pair_cells, table, with_percents, write_table
from twinhop.training.evaluation import LearnedEvaluation, SourceScores

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEADER = (
    *("policy", "cost", "gap, IQM [%]", "95 %", "mean [%]", "worst [%]", "learned gains [%]", "decides in [ms]"),
    "infeasible",
)
#: Columns of the table for papers.
COLUMNS = {
    "source": "source",
    "policy": "policy",
    "cost": "cost [s]",
    "gap_iqm_percent": "gap, IQM [%]",
    "gap_iqm_percent_interval": "95 % interval",
    "gap_mean_percent": "mean [%]",
    "gap_worst_percent": "worst [%]",
    "gain_percent": "learned gains [%]",
    "decision_ms": "ms",
    "infeasible": "infeasible",
}

#: Shares that are also in per cent in the files.
PERCENTS = ("gap_iqm", "gap_iqm_interval", "gap_mean", "gap_mean_interval", "gap_worst", "gain")


def header_of(scores: SourceScores) -> tuple[str, ...]:
    """The headings of the table of a source, with the unit of costs where that is money."""
    return tuple(f"cost [{scores.cost_unit}]" if name == "cost" and scores.currency else name for name in HEADER)


def _columns(evaluation: LearnedEvaluation) -> dict[str, str]:
    """The columns for papers; costs have no unit where those of the sources differ."""
    units = {each.cost_unit for each in evaluation.sources}
    return COLUMNS | {"cost": f"cost [{units.pop()}]" if len(units) == 1 else "cost"}


def cells(row: dict[str, Any]) -> list[str]:
    """One row of the table, as words."""
    gain, interval = row["gain"], row["gap_iqm_interval"]
    ends = "-" if interval is None else " to ".join("∞" if end is None else f"{100 * end:.3f}" for end in interval)
    return [
        row["policy"],
        f"{row['cost']:.4f}",
        _percent(row["gap_iqm"], 3),
        ends,
        _percent(row["gap_mean"], 3),
        _percent(row["gap_worst"], 2),
        "-" if gain is None else f"{100 * gain:.2f}",
        f"{row['decision_ms']:.2f}",
        str(row["infeasible"]),
    ]


def _percent(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{100 * value:.{digits}f}"


def pair_rows(rows: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    """The cells of every policy against the weights, world by world."""
    return [pair_cells(row) for row in rows if row["wins"] is not None]


def report(evaluation: LearnedEvaluation) -> str:
    """The report in Markdown."""
    return "\n".join(_report(evaluation)) + "\n"


def write(evaluation: LearnedEvaluation, folder: Path) -> None:
    """Write evaluation.json, .csv, .tex and .md, and the figure evaluation."""
    write_answer(folder / "evaluation.json", evaluation.to_json())
    (folder / "evaluation.md").write_text(report(evaluation), encoding="utf-8")
    write_table(folder, "evaluation", [with_percents(row, PERCENTS) for row in evaluation.rows()], _columns(evaluation))
    save_figure(plot(evaluation), folder, "evaluation")


def _report(evaluation: LearnedEvaluation) -> list[str]:
    checkpoint = evaluation.checkpoint
    lines = [
        f"# {checkpoint.configuration['name']}, iteration {checkpoint.iteration}",
        "",
        f"Weights of the {checkpoint.algorithm} algorithm, seed {checkpoint.seed}; decoded: {evaluation.decode}, "
        f"{evaluation.polish} local moves. Gaps are to certified lower bounds, below which no cost is.",
    ]
    for each in evaluation.sources:
        last = f"{each.root_seeds[0]} to {each.root_seeds[-1]}"
        lines += ["", f"## {each.source}: {each.users} users, {each.stations} stations, seeds {last}", ""]
        rows = each.rows()
        lines += table(header_of(each), [cells(row) for row in rows])
        if len(rows) > 1:
            lines += ["", "Cost against the learned weights, world by world (IQM):", ""]
            lines += table(PAIRS_HEADER, pair_rows(rows))
    return lines


def plot(evaluation: LearnedEvaluation, ax: Axes | None = None, panel: str | None = None) -> Figure | Axes:
    """The gaps of all policies, a panel a source: means with their intervals; in given axes the panel of one source."""
    from twinhop.output.kit.figures import panel_of
    from twinhop.output.training.evaluation_figure import draw_evaluation, draw_source

    names = [each.source for each in evaluation.sources]
    name = panel_of(panel, names)
    if ax is None:
        return draw_evaluation(evaluation)
    draw_source(ax, evaluation.sources[names.index(name)])
    return ax
