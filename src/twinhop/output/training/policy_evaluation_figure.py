"""The figure of an evaluation on the same episodes: how far above the certified bound each policy is."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhop.output.kit.colours import policy_looks
from twinhop.output.kit.figures import heading, line, panel, policy_keys, rows_frame, sheet, text_width
from twinhop.output.kit.tables import number
from twinhop.stats import summarize
from twinhop.training.policy_evaluation import PERCENT, PolicyEvaluation

WIDTH_IN, ROW_IN, HEAD_IN, AXIS_IN, EDGE_IN, KEY_IN = 8.0, 0.42, 0.8, 0.62, 0.25, 0.3
NAME_PT = 10
#: The axis is logarithmic from here on, and linear below: a gap may be 0 [%].
LINEAR_PERCENT = 0.01


def draw(evaluation: PolicyEvaluation) -> Figure:
    """Draw interquartile means with their intervals, and a small point for each episode, best on top.

    Args:
        evaluation: of at least one policy.

    Returns:
        A figure of its own; nothing global is changed.
    """
    names = [each.policy.replace("_", " ") for each in evaluation.policies]
    left_in = EDGE_IN + KEY_IN + max(text_width(name, NAME_PT) for name in names)
    height = HEAD_IN + AXIS_IN + ROW_IN * len(names)
    with sheet(WIDTH_IN, height, head_in=HEAD_IN, columns=1) as figure:
        axes = panel(figure, left_in, AXIS_IN, 0.75, HEAD_IN)
        draw_gaps(axes, evaluation)
        heading(figure, EDGE_IN, 0.36, evaluation.source)
        words = evaluation.title.removeprefix(f"{evaluation.source}, ")
        line(figure, EDGE_IN, 0.62, f"{words}; bound: {evaluation.bound_by}", 9.5, 104)
    return figure


def draw_gaps(axes: Axes, evaluation: PolicyEvaluation) -> None:
    """The panel: a row a policy."""
    rows = [(each.policy, evaluation.gaps(each)) for each in evaluation.policies]
    rows = [(name, gaps, summarize(gaps)) for name, gaps in rows]
    rows.sort(key=lambda row: (-row[2].iqm, -row[2].failures))
    looks = policy_looks([name for name, _, _ in rows])
    axes.set_xscale("symlog", linthresh=LINEAR_PERCENT, linscale=0.5)
    has_interval = False
    for at, (name, gaps, summary) in enumerate(rows):
        look = looks[name]
        finite = [PERCENT * gap for gap in gaps if math.isfinite(gap)]
        small = {"color": look.colour, "markersize": 3, "alpha": 0.35, "markeredgewidth": 0}
        axes.plot(finite, [at] * len(finite), "o", **small)
        if summary.interval is not None and math.isfinite(summary.interval[1]):
            low, high = (PERCENT * end for end in summary.interval)
            axes.plot((low, high), (at, at), color=look.colour, linewidth=2.4, solid_capstyle="round")
            has_interval = True
        if math.isfinite(summary.iqm):
            axes.plot([PERCENT * summary.iqm], [at], look.marker, color=look.colour, markersize=7)
        words = f"{number(PERCENT * summary.iqm, 3)} %" if math.isfinite(summary.iqm) else "-"
        words += f", {summary.failures} failed" if summary.failures else ""
        place = {"xycoords": ("axes fraction", "data"), "va": "center", "fontsize": 9}
        axes.annotate(words, (1.02, at), annotation_clip=False, **place)
    what = "above the certified bound [%], each episode and interquartile mean"
    rows_frame(
        axes, [name.replace("_", " ") for name, _, _ in rows], what + (", 95 %" if has_interval else ""), NAME_PT
    )
    policy_keys(axes, [name for name, _, _ in rows])
    axes.set_xlim(left=0)
