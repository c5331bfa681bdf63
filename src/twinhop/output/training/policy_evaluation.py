"""How an evaluation of agents and policies on the same episodes is shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinhop._version import __version__
from twinhop.failures import failure_lines
from twinhop.output.kit.answers import write_answer
from twinhop.output.kit.style import save_figure
from twinhop.output.kit.tables import note_lines, number, table, to_text, with_percents, write_table
from twinhop.training.policy_evaluation import PolicyEvaluation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Columns of the table, by the fields of `rows`.
HEADER = ("policy", "cost s", "gap % (IQM)", "95 %", "mean %", "worst %", "late %", "moves", "decides ms", "failures")
#: Columns of the table for papers.
COLUMNS = {
    "policy": "policy",
    "cost": "cost [s]",
    "gap_iqm_percent": "above bound, IQM [%]",
    "gap_iqm_percent_interval": "95 % [%]",
    "gap_worst_percent": "worst [%]",
    "decision_ms": "decision [ms]",
    "failed": "failures",
}

#: Shares that are also in per cent in the files.
PERCENTS = ("gap_iqm", "gap_iqm_interval", "gap_mean", "gap_worst", "late_share")


def _percent(value: float | None) -> str:
    return number(None if value is None else 100 * value, 3)


def header(evaluation: PolicyEvaluation) -> tuple[str, ...]:
    """The headings of the table, with the unit of costs."""
    return tuple(f"cost {evaluation.cost_unit}" if name == "cost s" else name for name in HEADER)


def cells(row: dict[str, Any]) -> list[str]:
    """One row of the table, as words."""
    interval = row["gap_iqm_interval"]
    ends = "-" if interval is None or None in interval else " to ".join(map(_percent, interval))
    return [
        row["policy"],
        number(row["cost"], 5),
        _percent(row["gap_iqm"]),
        ends,
        _percent(row["gap_mean"]),
        _percent(row["gap_worst"]),
        _percent(row["late_share"]),
        number(row["moves"], 3),
        number(row["decision_ms"], 3),
        "-" if row["failed"] is None else str(row["failed"]),
    ]


def report(evaluation: PolicyEvaluation) -> str:
    """The report in Markdown."""
    lines = [
        f"# Policies in {evaluation.title}",
        "",
        f"Episodes of seeds {evaluation.seeds[0]} to {evaluation.seeds[-1]}, the same worlds for all. Cost: mean over "
        f"slots. The certified bound ({evaluation.bound_by}) is a cost that no decisions go below; gaps are those of "
        "episodes, interquartile mean with its 95 % interval by a bootstrap over the episodes.",
        "",
        *table(header(evaluation), [cells(row) for row in evaluation.rows()]),
        "",
        *note_lines(f"failed: {line}" for line in failure_lines(evaluation.failures)),
        f"twinhop {__version__}",
    ]
    return to_text(lines)


def plot(evaluation: PolicyEvaluation, ax: Axes | None = None) -> Figure | Axes:
    """The gaps of all policies, and of every episode."""
    from twinhop.output.training.policy_evaluation_figure import draw, draw_gaps

    if ax is None:
        return draw(evaluation)
    draw_gaps(ax, evaluation)
    return ax


def write(evaluation: PolicyEvaluation, folder: Path) -> None:
    """Write episodes.json, .md, .csv and .tex, and the figure episodes."""
    write_answer(folder / "episodes.json", evaluation.to_json())
    (folder / "episodes.md").write_text(report(evaluation), encoding="utf-8")
    names = COLUMNS | {"cost": f"cost [{evaluation.cost_unit}]"}
    write_table(folder, "episodes", [with_percents(row, PERCENTS) for row in evaluation.rows()], names)
    save_figure(plot(evaluation), folder, "episodes")
