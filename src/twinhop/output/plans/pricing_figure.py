"""The figure of a plan's price: its cost and the bound of each hour."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from twinhop.output.kit.colours import ACCENT, ALARM, DASHED, INK
from twinhop.output.kit.figures import frame, heading, legend, line, panel, sheet
from twinhop.output.kit.style import current_style
from twinhop.plans.pricing import Pricing

WIDTH_IN, LEFT_IN, RIGHT_IN, HEAD_IN, ABOVE_IN, BODY_IN, AXIS_IN = 8.0, 0.7, 0.25, 0.75, 0.42, 2.8, 0.58
PAPER_BODY_IN = 1.8
SIZES = (10, 8.5, 8)


def draw_pricing(result: Pricing, verdict: str) -> Figure:
    """Draw what the plan costs in every hour, and what a plan of the hour's own costs at least.

    Args:
        result: of any plan.
        verdict: on it, in words.

    Returns:
        A figure of its own; nothing global is changed.
    """
    body_in = PAPER_BODY_IN if current_style().paper else BODY_IN
    with sheet(WIDTH_IN, HEAD_IN + ABOVE_IN + body_in + AXIS_IN, head_in=HEAD_IN) as figure:
        draw_hours(panel(figure, LEFT_IN, AXIS_IN, RIGHT_IN, HEAD_IN + ABOVE_IN), result)
        heading(figure, LEFT_IN, 0.35, f"{result.placement.name} on {result.name}")
        line(figure, LEFT_IN, 0.65, verdict, 9.5, 100)
    return figure


def draw_hours(axes: Axes, result: Pricing) -> None:
    """The panel of costs and bounds."""
    at = np.arange(len(result.hours))
    cost = np.array([np.nan if each.cost is None else each.cost for each in result.hours])
    bound = np.array([np.nan if each.lower_bound is None else each.lower_bound for each in result.hours])
    broken = np.array([bool(each.violations) for each in result.hours])
    axes.step(
        np.append(at, len(at)) - 0.5,
        np.append(bound, bound[-1:]),
        where="post",
        color=INK,
        linewidth=1.3,
        linestyle=DASHED,
        label="bound of the hour's own plans",
    )
    axes.step(at, cost, where="mid", color=ACCENT, linewidth=1.4, marker="o", markersize=4.5, label="the plan given")
    if broken.any():
        place = np.where(np.isfinite(cost), cost, np.nanmax(np.append(bound, 0.0)))
        axes.plot(at[broken], place[broken], "X", color=ALARM, markersize=8, label="constraints broken")
    frame(axes, "", "hour" if len(at) > 1 else "", f"cost [{result.money_unit or 's'}]", sizes=SIZES)
    axes.set_xticks(at, ["as it is" if each.hour is None else f"{each.hour}" for each in result.hours])
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6))
    axes.set_ylim(bottom=0)
    axes.set_xlim(-0.6, len(at) - 0.4)
    legend(axes, ncols=3, loc="lower left", bbox_to_anchor=(-0.01, 1.0), borderaxespad=0.2)
