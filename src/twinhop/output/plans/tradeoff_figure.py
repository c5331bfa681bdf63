"""The figure of a trade-off curve: cost terms stacked by number of servers, the best number, bound and gap of each."""

import math

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from twinhop.output.markdown import percent
from twinhop.output.palette import ACCENT, ALARM, FAINT, FONT, INK, MUTED, PAPER, fitting
from twinhop.output.plans.tradeoff_report import remarks
from twinhop.placement.branching import CLOSED
from twinhop.plans.tradeoff import Tradeoff

DOTS_PER_INCH = 160
WIDTH_IN, HEIGHT_IN = 8.6, 5.9
#: Left edge and width of both panels, as shares of the figure.
LEFT, WIDE = 0.085, 0.885
TERMS = (
    ("communication", "#7fb3c8"),
    ("computing", ACCENT),
    ("opening", "#e0a030"),
    ("energy", "#8aa39b"),
)
#: The vertical axis ends at this many times the best cost where the curve goes on higher: the middle stays readable.
HIGHEST = 2.5
#: Remarks below the axis at most.
REMARKS = 2


def draw_tradeoff(tradeoff: Tradeoff) -> Figure:
    """Draw the cost terms of each number of servers, and the bound as a line below their tops.

    Args:
        tradeoff: at least one point.

    Returns:
        A figure of its own; nothing global is changed.
    """
    with mpl.rc_context(FONT):
        figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN), dpi=DOTS_PER_INCH)
        figure.set_facecolor(PAPER)
        axes = figure.add_axes((LEFT, 0.325, WIDE, 0.465))
        below = figure.add_axes((LEFT, 0.165, WIDE, 0.095))
        top = _highest(tradeoff)
        _stack(axes, tradeoff)
        _bound(axes, tradeoff)
        _without_plan(axes, tradeoff, top)
        _best(axes, tradeoff, top)
        _frame(axes, tradeoff, top)
        _gaps(below, tradeoff)
        _head(figure, tradeoff)
        figure.canvas.draw()
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
    axes.plot(edges, levels, color=INK, linewidth=1.5, solid_capstyle="butt", zorder=4)


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
    axes.annotate(
        f"best: {best.servers}\n{best.cost:#.4g}",
        (best.servers, best.cost),
        (0, 26),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=9.5,
        weight="bold",
        color=INK,
        bbox={"boxstyle": "square,pad=0.15", "facecolor": PAPER, "edgecolor": "none"},
        arrowprops={"arrowstyle": "-|>", "color": INK, "shrinkA": 1, "shrinkB": 3, "linewidth": 1.2},
        zorder=6,
    )
    for point in tradeoff.points:
        if point.evaluation is not None and point.cost > top:
            axes.annotate(
                f"{point.cost:#.3g}",
                (point.servers, top),
                (0, -3),
                textcoords="offset points",
                ha="center",
                va="top",
                fontsize=7.5,
                color=PAPER,
                weight="bold",
                rotation=90,
                zorder=6,
            )


def _gaps(axes: Axes, tradeoff: Tradeoff) -> None:
    """The gap of each number of servers, which is too small to see between bound and cost."""
    found = [(point.servers, 100 * point.gap) for point in tradeoff.points if point.gap is not None]
    servers, gaps = [each[0] for each in found], [each[1] for each in found]
    axes.bar(servers, gaps, width=0.78, color=INK, linewidth=0)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=2))
    axes.yaxis.set_major_formatter("{x:g} %")
    _plain(axes, tradeoff, 1.15 * max([*gaps, 1e-6]))
    axes.set_xlabel("servers in use", fontsize=9.5, color=MUTED)
    figure_y = axes.get_position().y1 + 0.012
    axes.figure.text(LEFT, figure_y, "gap between cost and bound", fontsize=8.5, color=MUTED, va="bottom")


def _frame(axes: Axes, tradeoff: Tradeoff, top: float) -> None:
    _plain(axes, tradeoff, top)
    axes.tick_params(axis="x", labelbottom=False)
    axes.set_ylabel("cost", fontsize=9.5, color=MUTED)


def _plain(axes: Axes, tradeoff: Tradeoff, top: float) -> None:
    curve = tradeoff.curve
    shown = [point.servers for point in tradeoff.points] or [curve.fewest, curve.most]
    axes.set_xlim(min(shown) - 0.6, max(shown) + 0.6)
    axes.set_ylim(0, top)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=18, integer=True, min_n_ticks=1))
    axes.tick_params(axis="both", colors=MUTED, labelsize=8.5, length=0)
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(FAINT)


def _head(figure: Figure, tradeoff: Tradeoff) -> None:
    name, problem, left = tradeoff.case.name, tradeoff.case.problem, 0.03
    figure.text(left, 0.938, name, fontsize=fitting(name, 16, 48), weight="bold", parse_math=False)
    text = f"{problem.users} users, {problem.stations} stations"
    if tradeoff.gap is not None:
        text += f"; no plan costs less than {tradeoff.lower_bound:#.5g}, "
        text += "the best is proved optimal" if tradeoff.gap <= CLOSED else f"the best is {percent(tradeoff.gap)} above"
    figure.text(left, 0.892, text, fontsize=9.5)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    handles = [*handles, Line2D([], [], color=INK, linewidth=1.5)]
    labels = [*labels, "certified lower bound of this many servers"]
    figure.legend(
        handles,
        labels,
        loc="upper left",
        ncols=len(labels),
        frameon=False,
        fontsize=8.5,
        handlelength=1.2,
        handleheight=0.9,
        columnspacing=1.4,
        bbox_to_anchor=(left - 0.012, 0.881),
    )
    said = remarks(tradeoff)
    more = [f"and more: {len(said) - REMARKS}, see tradeoff.md"] if len(said) > REMARKS else []
    figure.text(
        left, 0.012, "\n".join([*said[:REMARKS], *more]), fontsize=8, color=MUTED, va="bottom", parse_math=False
    )
