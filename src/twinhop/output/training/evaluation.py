"""The files of an evaluation of learned weights: figures as JSON, a report, and a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinhop.io.json_text import json_text
from twinhop.output.kit.style import save_figure
from twinhop.output.kit.tables import table, write_table
from twinhop.training.evaluation import LearnedEvaluation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEADER = ("policy", "cost", "gap [%]", "95 %", "worst [%]", "learned gains [%]", "decides in [ms]", "infeasible")
#: Columns of the table for papers.
COLUMNS = {
    "source": "source",
    "policy": "policy",
    "cost": "cost [s]",
    "gap_percent": "gap [%]",
    "gap_percent_interval": "95 % interval",
    "gap_percent_max": "worst [%]",
    "gain_percent": "learned gains [%]",
    "decision_ms": "ms",
    "infeasible": "infeasible",
}


def cells(row: dict[str, Any]) -> list[str]:
    """One row of the table, as words."""
    interval, gain = row["gap_percent_interval"], row["gain_percent"]
    return [
        row["policy"],
        f"{row['cost']:.4f}",
        f"{row['gap_percent']:.3f}",
        "-" if interval is None else f"{interval[0]:.3f} to {interval[1]:.3f}",
        f"{row['gap_percent_max']:.2f}",
        "-" if gain is None else f"{gain:.2f}",
        f"{row['decision_ms']:.2f}",
        str(row["infeasible"]),
    ]


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
        lines += table(HEADER, [cells(row) for row in each.rows()])
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
