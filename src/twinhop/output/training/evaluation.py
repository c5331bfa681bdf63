"""The files of an evaluation of learned weights: figures as JSON, a report, and a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinhop.io.json_text import json_text
from twinhop.output.kit.style import save_figure
from twinhop.output.kit.tables import PAIRS_HEADER, pair_cells, table, write_table
from twinhop.training.evaluation import LearnedEvaluation

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
    "gap_percent": "mean [%]",
    "gap_percent_max": "worst [%]",
    "gain_percent": "learned gains [%]",
    "decision_ms": "ms",
    "infeasible": "infeasible",
}


def cells(row: dict[str, Any]) -> list[str]:
    """One row of the table, as words."""
    gain, interval = row["gain_percent"], row["gap_iqm_percent_interval"]
    ends = "-" if interval is None else " to ".join("∞" if end is None else f"{end:.3f}" for end in interval)
    return [
        row["policy"],
        f"{row['cost']:.4f}",
        _percent(row["gap_iqm_percent"], 3),
        ends,
        _percent(row["gap_percent"], 3),
        _percent(row["gap_percent_max"], 2),
        "-" if gain is None else f"{gain:.2f}",
        f"{row['decision_ms']:.2f}",
        str(row["infeasible"]),
    ]


def _percent(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def pair_rows(rows: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    """The cells of every policy against the weights, world by world."""
    return [pair_cells(row) for row in rows if row["wins"] is not None]


def report(evaluation: LearnedEvaluation) -> str:
    """The report in Markdown."""
    return "\n".join(_report(evaluation)) + "\n"


def write(evaluation: LearnedEvaluation, folder: Path) -> None:
    """Write evaluation.json, .csv, .tex and .md, and the figure evaluation."""
    (folder / "evaluation.json").write_text(json_text(evaluation.to_json()), encoding="utf-8")
    (folder / "evaluation.md").write_text(report(evaluation), encoding="utf-8")
    write_table(folder, "evaluation", evaluation.rows(), COLUMNS)
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
        lines += table(HEADER, [cells(row) for row in rows])
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
