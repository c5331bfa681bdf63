"""The figure of a trade-off curve: cost terms stacked by number of servers, the best number, bound and gap of each."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from twinhop.output.kit.colours import ALARM, COMMUNICATION, COMPUTING, ENERGY, FAINT, INK, MUTED, OPENING, PAPER
from twinhop.output.kit.figures import frame, heading, line, shared_legend, sheet
from twinhop.output.kit.tables import percent
from twinhop.placement.branching import CLOSED
from twinhop.plans.tradeoff import Tradeoff

WIDTH_IN, HEIGHT_IN = 8.6, 5.9
#: Left edge and width of both panels, as shares of the figure; and where lines of words begin [inch].
LEFT, WIDE, WORDS_IN = 0.085, 0.885, 0.258
TERMS = (("communication", COMMUNICATION), ("computing", COMPUTING), ("opening", OPENING), ("energy", ENERGY))
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
    with sheet(WIDTH_IN, HEIGHT_IN) as figure:
        axes = figure.add_axes((LEFT, 0.325, WIDE, 0.465))
        below = figure.add_axes((LEFT, 0.165, WIDE, 0.095))
        top = _highest(tradeoff)
        _stack(axes, tradeoff)
        _bound(axes, tradeoff)
        _without_plan(axes, tradeoff, top)
        _best(axes, tradeoff, top)
        _frame(axes, tradeoff, top, y="cost")
        axes.tick_params(axis="x", labelbottom=False)
        _gaps(below, tradeoff)
        _head(figure, tradeoff)
        more = [f"and more: {len(remarks) - REMARKS}, see tradeoff.md"] if len(remarks) > REMARKS else []
        below_in = 0.988 * HEIGHT_IN
        line(figure, WORDS_IN, below_in, "\n".join([*remarks[:REMARKS], *more]), 8, color=MUTED, va="bottom")
    return figure


def _highest(tradeoff: Tradeoff) -> float:
    costs = [point.cost for point in tradeoff.points if point.evaluation is not None]
    if tradeoff.best is None or max(costs) <= 0:
        bounds = [point.lower_bound for point in tradeoff.points if math.isfinite(point.lower_bound)]
        return 1.15 * max([*bounds, 1e-9])
    return 1.15 * min(max(costs), HIGHEST * tradeoff.best.cost)


def _stack(axes: Axes, tradeoff: Tradeoff) -> None:
    rows = [row for row in tradeoff.rows() if row["cost"] is not None]
    servers = np.array([row["servers"] for row in rows])
    bottom: NDArray[np.float64] = np.zeros(len(rows))
    for name, colour in TERMS:
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
    text, at = f"{word}: {best.servers}\n{best.cost:#.4g}", (best.servers, best.cost)
    axes.annotate(text, at, (0, 26), textcoords="offset points", bbox=box, arrowprops=arrow, **look)
    look |= {"fontsize": 7.5, "color": PAPER, "va": "top", "rotation": 90}
    for point in tradeoff.points:
        if point.evaluation is not None and point.cost > top:
            axes.annotate(f"{point.cost:#.3g}", (point.servers, top), (0, -3), textcoords="offset points", **look)


def _gaps(axes: Axes, tradeoff: Tradeoff) -> None:
    """The gap of each number of servers, which is too small to see between bound and cost."""
    gaps = {point.servers: 100 * point.gap for point in tradeoff.points if point.gap is not None}
    axes.bar(list(gaps), list(gaps.values()), width=0.78, color=INK, linewidth=0)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=2))
    axes.yaxis.set_major_formatter("{x:g} %")
    _frame(axes, tradeoff, 1.15 * max([*gaps.values(), 1e-6]), x="servers in use")
    figure_y = axes.get_position().y1 + 0.012
    axes.figure.text(LEFT, figure_y, "gap between cost and bound", fontsize=8.5, color=MUTED, va="bottom")


def _frame(axes: Axes, tradeoff: Tradeoff, top: float, x: str = "", y: str = "") -> None:
    servers = [point.servers for point in tradeoff.points] or [tradeoff.curve.fewest, tradeoff.curve.most]
    axes.set_xlim(min(servers) - 0.6, max(servers) + 0.6)
    axes.set_ylim(0, top)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=18, integer=True, min_n_ticks=1))
    frame(axes, "", x, y, sides=["bottom"], sizes=(10, 9.5, 8.5))
    axes.tick_params(length=0)


def _head(figure: Figure, tradeoff: Tradeoff) -> None:
    problem = tradeoff.case.problem
    heading(figure, WORDS_IN, 0.062 * HEIGHT_IN, tradeoff.case.name)
    text = f"{problem.users} users, {problem.stations} stations"
    if tradeoff.gap is not None:
        text += f"; no plan costs less than {tradeoff.lower_bound:#.5g}, "
        text += "the best is proved optimal" if tradeoff.gap <= CLOSED else f"the best is {percent(tradeoff.gap)} above"
        if len(tradeoff.may_be_best) > 1:
            text += f"; best may be {tradeoff.may_be_best_in_words}"
    line(figure, WORDS_IN, 0.108 * HEIGHT_IN, text, 9.5)
    place = (0.018 * WIDTH_IN, 0.119 * HEIGHT_IN)
    shared_legend(figure, figure.axes, place, handlelength=1.2, handleheight=0.9, columnspacing=1.4)
