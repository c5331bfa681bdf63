"""The figure of a trade-off curve: cost terms stacked by number of servers, the best number, bound and gap of each."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from twinhop.output.kit.colours import ALARM, COMMUNICATION, COMPUTING, ENERGY, FAINT, INK, MUTED, OPENING, PAPER
from twinhop.output.kit.figures import frame, heading, line, panel, shared_legend, sheet
from twinhop.output.kit.style import current_style
from twinhop.output.kit.tables import percent
from twinhop.placement.branching import CLOSED
from twinhop.plans.tradeoff import Tradeoff
from twinhop.units import cost_in_words, cost_number

WIDTH_IN, LEFT_IN, RIGHT_IN, WORDS_IN = 8.6, 0.73, 0.26, 0.258
#: Heights of title, legend, both panels with what is between them, the axis below, and a line of words [inch].
HEAD_IN, LEGEND_IN, COSTS_IN, BETWEEN_IN, GAPS_IN, AXIS_IN, LINE_IN = 0.75, 0.42, 2.75, 0.34, 0.58, 0.55, 0.15
PAPER_COSTS_IN = 2.1
TERMS = (("communication", COMMUNICATION), ("computing", COMPUTING), ("opening", OPENING), ("energy", ENERGY))
#: Besides, where missed deadlines have a price.
MISSED = ("missed", ALARM)
#: The vertical axis ends at this many times the best cost where the curve goes on higher: the middle stays readable.
HIGHEST = 2.5
#: Remarks below the axis at most.
REMARKS = 2


def draw_tradeoff(tradeoff: Tradeoff, remarks: Sequence[str]) -> Figure:
    """Draw the cost terms of each number of servers, and the bound as a line below their tops.

    Args:
        tradeoff: at least one point.
        remarks: on what is missing, below the axis.

    Returns:
        A figure of its own; nothing global is changed.
    """
    more = [f"and more: {len(remarks) - REMARKS}, see tradeoff.md"] if len(remarks) > REMARKS else []
    words = [*remarks[:REMARKS], *more]
    foot_in = AXIS_IN + (LINE_IN * len(words) + 0.08 if words else 0.0)
    gaps_top = foot_in + GAPS_IN
    costs_in = PAPER_COSTS_IN if current_style().paper else COSTS_IN
    height = HEAD_IN + LEGEND_IN + costs_in + BETWEEN_IN + gaps_top
    with sheet(WIDTH_IN, height, head_in=HEAD_IN) as figure:
        axes = panel(figure, LEFT_IN, gaps_top + BETWEEN_IN, RIGHT_IN, HEAD_IN + LEGEND_IN)
        below = panel(figure, LEFT_IN, foot_in, RIGHT_IN, height - gaps_top)
        draw_costs(axes, tradeoff)
        axes.set_xlabel("")
        axes.tick_params(axis="x", labelbottom=False)
        draw_gaps(below, tradeoff)
        figure.align_ylabels([axes, below])
        _head(figure, tradeoff)
        line(figure, WORDS_IN, height - 0.07, "\n".join(words), 8, color=MUTED, va="bottom")
    return figure


def draw_costs(axes: Axes, tradeoff: Tradeoff) -> None:
    """The panel of costs and bounds."""
    top = _highest(tradeoff)
    _stack(axes, tradeoff)
    _bound(axes, tradeoff)
    _without_plan(axes, tradeoff, top)
    _best(axes, tradeoff, top)
    _knee(axes, tradeoff, top)
    _frame(axes, tradeoff, top, "servers in use", f"cost [{tradeoff.case.problem.cost_unit}]")


def _highest(tradeoff: Tradeoff) -> float:
    costs = [point.cost for point in tradeoff.points if point.evaluation is not None]
    if tradeoff.best is None or max(costs) <= 0:
        bounds = [point.lower_bound for point in tradeoff.points if math.isfinite(point.lower_bound)]
        return 1.15 * max([*bounds, 1e-9])
    return 1.32 * min(max(costs), HIGHEST * tradeoff.best.cost)


def _stack(axes: Axes, tradeoff: Tradeoff) -> None:
    rows = [row for row in tradeoff.rows() if row["cost"] is not None]
    servers = np.array([row["servers"] for row in rows])
    bottom: NDArray[np.float64] = np.zeros(len(rows))
    terms = TERMS if tradeoff.case.problem.priced_deadlines is None else (*TERMS, MISSED)
    for name, colour in terms:
        values = np.array([row[name] for row in rows])
        if values.any():
            axes.bar(servers, values, bottom=bottom, width=0.78, color=colour, label=name, linewidth=0)
        bottom = bottom + values


def _bound(axes: Axes, tradeoff: Tradeoff) -> None:
    points = [point for point in tradeoff.points if math.isfinite(point.lower_bound)]
    edges = [end for point in points for end in (point.servers - 0.5, point.servers + 0.5, math.nan)]
    levels = [level for point in points for level in (point.lower_bound, point.lower_bound, math.nan)]
    label = "certified lower bound of this many servers"
    axes.plot(edges, levels, color=INK, linewidth=1.5, solid_capstyle="butt", zorder=4, label=label)


def _without_plan(axes: Axes, tradeoff: Tradeoff, top: float) -> None:
    for point in tradeoff.points:
        if point.evaluation is None:
            proved = bool(point.impossible)
            axes.axvspan(point.servers - 0.5, point.servers + 0.5, color=FAINT, alpha=0.6, linewidth=0, zorder=0)
            text = "impossible" if proved else "no plan found"
            colour = ALARM if proved else MUTED
            axes.text(point.servers, 0.03 * top, text, rotation=90, ha="center", va="bottom", fontsize=8, color=colour)


def _best(axes: Axes, tradeoff: Tradeoff, top: float) -> None:
    best = tradeoff.best
    if best is None:
        return
    look = {"fontsize": 9.5, "weight": "bold", "color": INK, "ha": "center", "va": "bottom", "zorder": 6}
    box = {"boxstyle": "square,pad=0.15", "facecolor": PAPER, "edgecolor": "none"}
    arrow = {"arrowstyle": "-|>", "color": INK, "shrinkA": 1, "shrinkB": 3, "linewidth": 1.2}
    word = "best" if len(tradeoff.may_be_best) == 1 else "cheapest"
    cost = _cost(tradeoff, best.cost)
    text, at = f"{word}: {best.servers}\n{cost}", (best.servers, best.cost)
    axes.annotate(text, at, (0, 26), textcoords="offset points", bbox=box, arrowprops=arrow, **look)
    look |= {"fontsize": 7.5, "color": PAPER, "va": "top", "rotation": 90}
    for point in tradeoff.points:
        if point.evaluation is not None and point.cost > top:
            axes.annotate(f"{point.cost:#.3g}", (point.servers, top), (0, -3), textcoords="offset points", **look)


def _knee(axes: Axes, tradeoff: Tradeoff, top: float) -> None:
    """The knee as a mark on its bar, at the upper edge where the bar goes on higher."""
    knee = tradeoff.knee
    if knee is None:
        return
    cost = next(point.cost for point in tradeoff.points if point.servers == knee.servers)
    label = "knee" if knee.proved else "knee of these plans, not proved"
    look = {"marker": "D", "s": 34, "facecolors": PAPER, "edgecolors": INK, "linewidths": 1.4}
    axes.scatter([knee.servers], [min(cost, 0.97 * top)], zorder=7, label=label, **look)


def _cost(tradeoff: Tradeoff, cost: float) -> str:
    unit = tradeoff.case.problem.money_unit
    return cost_number(cost, unit) if unit else f"{cost:#.4g}"


def _bound_in_words(tradeoff: Tradeoff) -> str:
    unit = tradeoff.case.problem.money_unit
    return cost_in_words(tradeoff.lower_bound, unit) if unit else f"{tradeoff.lower_bound:#.5g} s"


def draw_gaps(axes: Axes, tradeoff: Tradeoff) -> None:
    """The panel of the gaps, which are too small to see between bound and cost."""
    gaps = {point.servers: 100 * point.gap for point in tradeoff.points if point.gap is not None}
    axes.bar(list(gaps), list(gaps.values()), width=0.78, color=INK, linewidth=0)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=2))
    _frame(axes, tradeoff, 1.15 * max([*gaps.values(), 1e-6]), "servers in use", "gap [%]")


def _frame(axes: Axes, tradeoff: Tradeoff, top: float, x: str, y: str) -> None:
    servers = [point.servers for point in tradeoff.points] or [tradeoff.curve.fewest, tradeoff.curve.most]
    axes.set_xlim(min(servers) - 0.6, max(servers) + 0.6)
    axes.set_ylim(0, top)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=18, integer=True, min_n_ticks=1))
    frame(axes, "", x, y, sides=["bottom"], sizes=(10, 9.5, 8.5))
    axes.tick_params(length=0)


def _head(figure: Figure, tradeoff: Tradeoff) -> None:
    problem = tradeoff.case.problem
    heading(figure, WORDS_IN, 0.37, tradeoff.case.name)
    text = f"{problem.users} users, {problem.stations} stations"
    if tradeoff.gap is not None:
        text += f"; no plan costs less than {_bound_in_words(tradeoff)}, "
        text += "the best is proved optimal" if tradeoff.gap <= CLOSED else f"the best is {percent(tradeoff.gap)} above"
        if len(tradeoff.may_be_best) > 1:
            text += f"; best may be {tradeoff.may_be_best_in_words}"
    line(figure, WORDS_IN, 0.65, text, 9.5, 118)
    look = {"handlelength": 1.2, "handleheight": 0.9, "columnspacing": 1.4}
    shared_legend(figure, figure.axes[:1], (0.155, HEAD_IN), **look)
