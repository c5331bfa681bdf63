"""The figure of one plan for many cases: the cost of each beside the bound of a plan for it alone."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from twinhop.output.kit.colours import ACCENT, ALARM, DASHED, INK, MUTED
from twinhop.output.kit.figures import frame, heading, legend, line, panel, sheet
from twinhop.output.kit.style import current_style
from twinhop.plans.joint_plan import JointPlan

WIDTH_IN, LEFT_IN, RIGHT_IN, HEAD_IN, ABOVE_IN, AXIS_IN = 8.6, 0.73, 0.26, 0.75, 0.42, 0.55
#: Heights of both panels, and what is between them [inch].
COSTS_IN, PAPER_COSTS_IN, USERS_IN, BETWEEN_IN = 2.6, 1.9, 0.6, 0.25
SIZES = (10, 9.5, 8.5)
#: Room above and below the costs, as a share of their range, and the least range, as a share of the largest cost.
ROOM, LEAST_RANGE = 0.12, 0.02
#: Cases beyond this many are numbered on the axis rather than named.
NAMED = 12


def draw_cases(plan: JointPlan, verdict: str) -> Figure:
    """Draw the cost of each case, the bound of a plan for it alone, and the users of each below.

    Args:
        plan: of at least one case.
        verdict: on it, in words.

    Returns:
        A figure of its own; nothing global is changed.
    """
    costs_in = PAPER_COSTS_IN if current_style().paper else COSTS_IN
    users_top = AXIS_IN + USERS_IN
    height = HEAD_IN + ABOVE_IN + costs_in + BETWEEN_IN + users_top
    with sheet(WIDTH_IN, height, head_in=HEAD_IN) as figure:
        axes = panel(figure, LEFT_IN, users_top + BETWEEN_IN, RIGHT_IN, HEAD_IN + ABOVE_IN)
        below = panel(figure, LEFT_IN, AXIS_IN, RIGHT_IN, height - users_top)
        draw_costs(axes, plan)
        axes.set_xlabel("")
        axes.tick_params(axis="x", labelbottom=False)
        draw_users(below, plan)
        figure.align_ylabels([axes, below])
        heading(figure, LEFT_IN, 0.35, plan.name)
        line(figure, LEFT_IN, 0.65, verdict, 9.5, 118)
    return figure


def draw_costs(axes: Axes, plan: JointPlan) -> None:
    """The panel of costs: one plan for all, the bound of a plan for each alone, and both of all cases together."""
    at = _positions(plan)
    costs, own = plan.solution.costs, plan.solution.own_bound
    axes.bar(
        at, costs - own, bottom=own, width=0.78, color=ACCENT, alpha=0.35, linewidth=0, label="above its own bound"
    )
    axes.plot(at, costs, color=ACCENT, linewidth=1.5, marker="o", markersize=3.5, label="this plan")
    label = f"bound of a plan for the {plan.noun} alone"
    axes.plot(at, own, color=MUTED, linewidth=1.2, marker="_", markersize=7, label=label)
    axes.axhline(plan.lower_bound, color=INK, linewidth=1.2, linestyle=DASHED, label="bound of all together")
    dearest = plan.dearest
    axes.plot(at[dearest], costs[dearest], color=ALARM, marker="o", markersize=5, linestyle="none", label="dearest")
    low, high = min(own.min(), plan.lower_bound), max(costs.max(), plan.lower_bound)
    room = ROOM * max(high - low, LEAST_RANGE * abs(high))
    _frame(axes, plan, f"cost [{plan.money_unit or 's'}]")
    axes.set_ylim(low - room, high + room)
    place = {"loc": "lower left", "bbox_to_anchor": (-0.01, 1.0), "borderaxespad": 0.2}
    legend(axes, ncols=5, handlelength=1.4, columnspacing=1.2, **place)


def draw_users(axes: Axes, plan: JointPlan) -> None:
    """The panel of the users of each case."""
    axes.bar(_positions(plan), [case.problem.people for case in plan.cases], width=0.78, color=MUTED, linewidth=0)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=2, integer=True))
    _frame(axes, plan, "users")


def _positions(plan: JointPlan) -> np.ndarray:
    return np.arange(len(plan.cases))


def _frame(axes: Axes, plan: JointPlan, y: str) -> None:
    count = len(plan.cases)
    names = [str(hour) for hour in plan.hours] if plan.hours is not None else list(plan.labels)
    if plan.hours is None and count > NAMED:
        names = [str(at) for at in range(1, count + 1)]
    words = "hour of the day" if plan.hours is not None else plan.noun
    frame(axes, "", words, y, sides=["bottom"], sizes=SIZES)
    step = -(-count // 30)
    axes.set_xticks(np.arange(0, count, step), names[::step], parse_math=False)
    axes.set_xlim(-0.6, count - 0.4)
    axes.tick_params(length=0)
