"""The figure of a robustness run: how the cost varies, and what breaks how often."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhop.output.kit.colours import ACCENT, ALARM, DASHED, INK, MUTED
from twinhop.output.kit.figures import frame, heading, line, note, sheet
from twinhop.plans.robustness import Robustness

WIDTH_IN, HEIGHT_IN = 9.0, 4.4
#: Type sizes of titles, labels and numbers of panels.
SIZES = (10, 8.5, 8)
#: Stations drawn as bars, those that break in most samples first.
MOST_BARS = 12


def draw_robustness(result: Robustness, verdict: str) -> Figure:
    """Draw the costs of all samples as a histogram, and beside it the share of samples in which each station breaks.

    Args:
        result: of any plan of a scenario.
        verdict: on it, in words.

    Returns:
        A figure of its own; nothing global is changed.
    """
    with sheet(WIDTH_IN, HEIGHT_IN) as figure:
        grid = figure.add_gridspec(1, 2, left=0.07, right=0.97, top=0.72, bottom=0.13, wspace=0.3)
        costs, shares = (figure.add_subplot(cell) for cell in grid)
        _costs(costs, result)
        _shares(shares, result)
        left_in = 0.07 * WIDTH_IN
        text = f"load of every user ±{100 * result.load:g} %, plan by {result.plan.solution.policy}. {verdict}"
        heading(figure, left_in, 0.08 * HEIGHT_IN, result.plan.case.name)
        line(figure, left_in, 0.15 * HEIGHT_IN, text, 9.5, 118)
    return figure


def _costs(axes: Axes, result: Robustness) -> None:
    frame(axes, "cost of the samples", "cost", sizes=SIZES, pad=24)
    finite = result.cost[np.isfinite(result.cost)]
    if finite.size:
        bins = int(np.clip(np.sqrt(finite.size), 8, 50))
        axes.hist(finite, bins=bins, color=ACCENT, label="all samples")
        if result.missed is not None and (result.missed > 0).any():
            broken = result.cost[(result.missed > 0) & np.isfinite(result.cost)]
            low, high = float(finite.min()), float(finite.max())
            axes.hist(broken, bins=bins, range=(low, high), color=ALARM, label="a deadline missed")
    axes.axvline(result.plan.evaluation.cost, color=INK, linewidth=1.3, linestyle=DASHED, label="as planned")
    place = {"loc": "lower left", "bbox_to_anchor": (-0.01, 1.0), "borderaxespad": 0.2}
    axes.legend(fontsize=7.5, frameon=False, ncols=3, handlelength=1.4, **place)


def _shares(axes: Axes, result: Robustness) -> None:
    x = "share of samples [%], bar: 95 % interval for the plan"
    frame(axes, "samples in which it breaks", x, grid="x", sizes=SIZES, pad=24)
    share, interval = result.broken_share, result.interval
    if share is None or interval is None or result.station_broken is None:
        note(axes, "no deadlines")
        return
    problem = result.plan.case.problem
    stations = result.most_broken(result.station_broken)[:MOST_BARS]
    names = ["whole plan", *(problem.station_name(k) for k in stations)]
    values = [100 * share, *(100 * result.station_broken[stations] / result.samples)]
    at = np.arange(len(names))
    axes.barh(at, values, height=0.62, color=[ALARM, *([MUTED] * len(stations))])
    low, high = (100 * end for end in interval)
    axes.plot([low, high], [0, 0], color=INK, linewidth=1.6, solid_capstyle="butt")
    axes.set_yticks(at, names, fontsize=8, parse_math=False)
    axes.set_ylim(max(3.5, len(names) - 0.4), -0.6)
    axes.set_xlim(0, max(1.0, min(100.0, 1.15 * max(high, *values))))
