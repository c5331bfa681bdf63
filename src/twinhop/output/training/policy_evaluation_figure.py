"""The figure of an evaluation on the same episodes: how far above the certified bound each policy is."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhop.output.kit.figures import heading, line, panel, sheet
from twinhop.output.kit.gaps import ROW_IN, GapRow, names_width
from twinhop.output.kit.gaps import draw_gaps as draw_rows
from twinhop.stats import summarize
from twinhop.stats.gaps import finite, finite_ends
from twinhop.training.policy_evaluation import PolicyEvaluation

WIDTH_IN, HEAD_IN, AXIS_IN, EDGE_IN = 8.0, 0.8, 0.62, 0.25


def draw(evaluation: PolicyEvaluation) -> Figure:
    """Draw interquartile means with their intervals, and a dot for each episode, the best on top.

    Args:
        evaluation: of at least one policy.

    Returns:
        A figure of its own; nothing global is changed.
    """
    rows = gap_rows(evaluation)
    with sheet(WIDTH_IN, HEAD_IN + AXIS_IN + ROW_IN * len(rows), head_in=HEAD_IN, columns=1) as figure:
        draw_gaps(panel(figure, EDGE_IN + names_width(rows), AXIS_IN, EDGE_IN, HEAD_IN), evaluation)
        heading(figure, EDGE_IN, 0.36, evaluation.source)
        words = evaluation.title.removeprefix(f"{evaluation.source}, ")
        line(figure, EDGE_IN, 0.62, f"{words}; bound: {evaluation.bound_by}", 9.5, 104)
    return figure


def draw_gaps(axes: Axes, evaluation: PolicyEvaluation) -> None:
    """The panel: a row a policy."""
    draw_rows(axes, gap_rows(evaluation))


def gap_rows(evaluation: PolicyEvaluation) -> list[GapRow]:
    """A row a policy, the least interquartile mean first."""
    rows = []
    for each in evaluation.policies:
        gaps = evaluation.gaps(each)
        gap = summarize(gaps)
        feasible = 1 - gap.failures / max(1, gap.runs)
        rows.append(GapRow(each.policy, finite(gap.iqm), finite_ends(gap.interval), feasible=feasible, worlds=gaps))
    return sorted(rows, key=lambda row: (row.middle is None, row.middle or 0.0, -row.feasible))
