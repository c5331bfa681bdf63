"""The files of an evaluation of learned weights: figures as JSON, a report, and a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhop.io.json_text import json_text
from twinhop.output.kit.colours import ACCENT, INK, MUTED
from twinhop.output.kit.figures import panel, rows_frame, sheet
from twinhop.output.kit.tables import number, table
from twinhop.training.evaluation import LearnedEvaluation, SourceScores

HEADER = ("policy", "cost", "gap [%]", "95 %", "worst [%]", "learned gains [%]", "decides in [ms]", "infeasible")
WIDTH_IN, ROW_IN, HEAD_IN, FOOT_IN, LEFT_IN, RIGHT_IN = 8.0, 0.34, 0.75, 0.55, 1.9, 1.0
#: Gaps below are drawn here: the axis is logarithmic [%].
LEAST_PERCENT = 1e-3


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
    """Write evaluation.json, evaluation.md and evaluation.png."""
    (folder / "evaluation.json").write_text(json_text(evaluation.to_json()), encoding="utf-8")
    (folder / "evaluation.md").write_text(report(evaluation), encoding="utf-8")
    plot(evaluation).savefig(folder / "evaluation.png")


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


def plot(evaluation: LearnedEvaluation) -> Figure:
    """Draw the gaps of all policies, one panel a source: means with their intervals, on a logarithmic axis.

    Args:
        evaluation: what to draw.

    Returns:
        A figure of its own; nothing global is changed.
    """
    panels = evaluation.sources
    sizes = [ROW_IN * len(each.scores) for each in panels]
    height = sum(sizes) + (HEAD_IN + FOOT_IN) * len(panels)
    with sheet(WIDTH_IN, height) as figure:
        top = height
        for each, size in zip(panels, sizes, strict=True):
            axes = panel(figure, LEFT_IN, top - HEAD_IN - size, RIGHT_IN, height - top + HEAD_IN)
            _panel(axes, each)
            top -= HEAD_IN + size + FOOT_IN
    return figure


def _panel(axes: Axes, source: SourceScores) -> None:
    rows = sorted(source.rows(), key=lambda row: -row["gap_percent"])
    axes.set_xscale("log")
    clipped = any(row["gap_percent"] < LEAST_PERCENT for row in rows)
    for at, row in enumerate(rows):
        is_learned, value = row["gain_percent"] is None, max(row["gap_percent"], LEAST_PERCENT)
        colour = ACCENT if is_learned else MUTED
        if row["gap_percent_interval"] is not None:
            low, high = (max(end, LEAST_PERCENT) for end in row["gap_percent_interval"])
            clipped = clipped or low == LEAST_PERCENT
            axes.plot((low, high), (at, at), color=colour, linewidth=2.2, solid_capstyle="round")
        axes.plot(value, at, "o", color=colour, markersize=7)
        place = {"xycoords": ("axes fraction", "data"), "va": "center", "fontsize": 9}
        axes.annotate(f"{number(row['gap_percent'], 3)} %", (1.02, at), **place)
    x = "cost above the certified bound [%]"
    if rows[0]["gap_percent_interval"] is not None:
        x += "; bars: 95 % intervals of the mean"
    if clipped:
        x += f"; below {LEAST_PERCENT:g} drawn there"
    rows_frame(axes, [row["policy"].replace("_", " ") for row in rows], x)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    title = f"{source.source}: {source.users} users, {source.stations} stations, {len(source.root_seeds)} worlds"
    axes.set_title(title, fontsize=11, color=INK, loc="left", parse_math=False)
