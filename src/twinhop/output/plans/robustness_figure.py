"""The figure of a robustness run: how the cost varies, and what breaks how often."""

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhop.output.palette import ACCENT, ALARM, FAINT, FONT, INK, MUTED, PAPER, fitting
from twinhop.output.plans.robustness_report import verdict
from twinhop.plans.robustness import Robustness

DOTS_PER_INCH = 160
WIDTH_IN, HEIGHT_IN = 9.0, 4.4
#: Stations drawn as bars, those that break in most samples first.
MOST_BARS = 12


def draw_robustness(result: Robustness) -> Figure:
    """Draw the costs of all samples as a histogram, and beside it the share of samples in which each station breaks.

    Args:
        result: of any plan of a scenario.

    Returns:
        A figure of its own; nothing global is changed.
    """
    with mpl.rc_context(FONT):
        figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN), dpi=DOTS_PER_INCH)
        figure.set_facecolor(PAPER)
        grid = figure.add_gridspec(1, 2, left=0.07, right=0.97, top=0.72, bottom=0.13, wspace=0.3)
        costs, shares = (figure.add_subplot(cell) for cell in grid)
        _costs(costs, result)
        _shares(shares, result)
        _head(figure, result)
        figure.canvas.draw()
    return figure


def _head(figure: Figure, result: Robustness) -> None:
    name = result.plan.case.name
    figure.text(0.07, 0.92, name, fontsize=fitting(name, 16, 48), weight="bold", parse_math=False)
    text = f"load of every user ±{100 * result.load:g} %, plan by {result.plan.solution.policy}. {verdict(result)}"
    figure.text(0.07, 0.85, text, fontsize=fitting(text, 9.5, 118), parse_math=False)


def _frame(axes: Axes, title: str, x: str) -> None:
    axes.set_title(title, fontsize=10, loc="left", color=INK, pad=7)
    axes.set_xlabel(x, fontsize=8.5, color=MUTED)
    axes.tick_params(colors=MUTED, labelsize=8, length=2.5)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(FAINT)


def _costs(axes: Axes, result: Robustness) -> None:
    _frame(axes, "cost of the samples", "cost")
    finite = result.cost[np.isfinite(result.cost)]
    if finite.size:
        bins = int(np.clip(np.sqrt(finite.size), 8, 50))
        axes.hist(finite, bins=bins, color=ACCENT, label="all samples")
        if result.missed is not None and (result.missed > 0).any():
            broken = result.cost[(result.missed > 0) & np.isfinite(result.cost)]
            low, high = float(finite.min()), float(finite.max())
            axes.hist(broken, bins=bins, range=(low, high), color=ALARM, label="a deadline missed")
    axes.axvline(result.plan.evaluation.cost, color=INK, linewidth=1.3, linestyle=(0, (4, 2)), label="as planned")
    axes.set_ylim(top=1.3 * axes.get_ylim()[1])
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    axes.legend(fontsize=7.5, edgecolor="none", framealpha=1.0, loc="upper left", ncols=3, handlelength=1.4)


def _shares(axes: Axes, result: Robustness) -> None:
    _frame(axes, "samples in which it breaks", "share of samples [%], bar: 95 % interval for the plan")
    share, interval = result.broken_share, result.interval
    if share is None or interval is None or result.station_broken is None:
        axes.text(0.5, 0.5, "no deadlines", ha="center", color=MUTED, transform=axes.transAxes)
        axes.set_yticks([])
        return
    problem = result.plan.case.problem
    stations = result.most_broken(result.station_broken)[:MOST_BARS]
    names = ["whole plan", *(problem.station_name(k) for k in stations)]
    values = [100 * share, *(100 * result.station_broken[stations] / result.samples)]
    at = np.arange(len(names))
    axes.barh(at, values, height=0.62, color=[ALARM, *([MUTED] * len(stations))])
    low, high = (100 * end for end in interval)
    axes.plot([low, high], [0, 0], color=INK, linewidth=1.6, solid_capstyle="butt")
    labels = axes.set_yticks(at, names, fontsize=8)
    for label in labels:
        label.label1.set_parse_math(False)
    axes.set_ylim(max(3.5, len(names) - 0.4), -0.6)
    axes.set_xlim(0, max(1.0, min(100.0, 1.15 * max(high, *values))))
    axes.grid(axis="x", color=FAINT, linewidth=0.6)
