"""The figure of a robustness run: how the cost varies, and what breaks how often."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from twinhop.output.kit.colours import ACCENT, ALARM, DASHED, INK, MUTED, PAPER
from twinhop.output.kit.figures import frame, heading, legend, line, note, panel, sheet
from twinhop.output.kit.style import current_style
from twinhop.plans.robustness import Robustness

WIDTH_IN, LEFT_IN, RIGHT_IN, HEAD_IN, ABOVE_IN, BODY_IN, AXIS_IN = 9.0, 0.62, 0.25, 0.75, 0.5, 2.65, 0.58
PAPER_BODY_IN = 1.7
#: Between both panels and the names of stations there, and the least width of a panel of shares [inch].
BETWEEN_IN, NAMES_IN = 0.3, 0.9
#: Type sizes of titles, labels and numbers of panels.
SIZES = (10, 8.5, 8)
#: Stations drawn as bars, those that break in most samples first, and rows that the panel has at least.
MOST_BARS, LEAST_ROWS = 12, 4


def draw_robustness(result: Robustness, verdict: str) -> Figure:
    """Draw the costs of all samples as a histogram, and beside it the share of samples in which each station breaks.

    Where nothing breaks there is the histogram alone.

    Args:
        result: of any plan of a scenario.
        verdict: on it, in words.

    Returns:
        A figure of its own; nothing global is changed.
    """
    broken = bool(result.broken)
    columns = 2 if broken else 1
    body_in = PAPER_BODY_IN if current_style().paper else BODY_IN
    height = HEAD_IN + ABOVE_IN + body_in + AXIS_IN
    with sheet(WIDTH_IN, height, head_in=HEAD_IN, columns=columns) as figure:
        width = figure.get_size_inches()[0]
        half = (width - LEFT_IN - RIGHT_IN - BETWEEN_IN - NAMES_IN) / 2
        right_in = RIGHT_IN + half + BETWEEN_IN + NAMES_IN if broken else RIGHT_IN
        draw_costs(panel(figure, LEFT_IN, AXIS_IN, right_in, HEAD_IN + ABOVE_IN), result)
        if broken:
            draw_shares(panel(figure, width - RIGHT_IN - half, AXIS_IN, RIGHT_IN, HEAD_IN + ABOVE_IN), result)
        text = f"load of every user ±{100 * result.load:g} %, plan by {result.plan.solution.policy}. {verdict}"
        heading(figure, LEFT_IN, 0.35, result.plan.case.name)
        line(figure, LEFT_IN, 0.65, text, 9.5, 112)
    return figure


def draw_costs(axes: Axes, result: Robustness) -> None:
    """The panel of the costs of all samples."""
    finite = result.cost[np.isfinite(result.cost)]
    if finite.size:
        bins = int(np.clip(np.sqrt(finite.size), 8, 50))
        axes.hist(finite, bins=bins, color=ACCENT, label="all samples")
        if result.broken:
            assert result.missed is not None
            broken = result.cost[(result.missed > 0) & np.isfinite(result.cost)]
            low, high = float(finite.min()), float(finite.max())
            axes.hist(broken, bins=bins, range=(low, high), color=ALARM, label="a deadline missed")
    axes.axvline(result.plan.evaluation.cost, color=PAPER, linewidth=3.0)
    axes.axvline(result.plan.evaluation.cost, color=INK, linewidth=1.3, linestyle=DASHED, label="as planned")
    frame(axes, "", f"cost of a sample [{result.plan.case.problem.cost_unit}]", "samples", sizes=SIZES)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    place = {"loc": "lower left", "bbox_to_anchor": (-0.01, 1.0), "borderaxespad": 0.2}
    legend(axes, ncols=3, handlelength=1.4, columnspacing=1.2, **place)


def draw_shares(axes: Axes, result: Robustness) -> None:
    """The panel of the share of samples in which the plan and each station breaks."""
    share, interval = result.broken_share, result.interval
    if share is None or interval is None or result.station_broken is None:
        frame(axes, sizes=SIZES)
        note(axes, "no deadlines")
        return
    problem = result.plan.case.problem
    stations = result.most_broken(result.station_broken)[:MOST_BARS]
    names = ["whole plan", *(problem.station_name(k) for k in stations)]
    values = [100 * share, *(100 * result.station_broken[stations] / result.samples)]
    at = np.arange(len(names))
    axes.barh(at, values, height=0.62, color=[ALARM, *([MUTED] * len(stations))])
    low, high = (100 * end for end in interval)
    axes.plot([low, high], [0, 0], color=INK, linewidth=1.6, solid_capstyle="butt", label="95 % interval")
    frame(axes, "", "samples in which it breaks [%]", grid="x", sizes=SIZES)
    axes.set_yticks(at, names, fontsize=8, parse_math=False)
    axes.set_ylim(max(LEAST_ROWS, len(names)) - 0.4, -0.6)
    axes.set_xlim(0, max(1.0, min(100.0, 1.15 * max(high, *values))))
    legend(axes, loc="lower left", bbox_to_anchor=(-0.01, 1.0), borderaxespad=0.2)
