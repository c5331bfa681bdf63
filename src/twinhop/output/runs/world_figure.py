"""The figure of a run: speeds, stays, hand-overs, rates, load of the stations, presence."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from twinhop.output.kit.colours import ACCENT, ALARM, DASHED, INK, MUTED, PAPER, SECOND
from twinhop.output.kit.figures import (
    edges,
    frame,
    heading,
    in_pieces,
    legend,
    line,
    note,
    sheet,
    sorted_bars,
    time_unit,
)
from twinhop.output.kit.tables import share
from twinhop.runs.world_statistics import MINUTE_S, WorldStatistics
from twinhop.scenario.dynamics import WorldRun
from twinhop.stats.histogram import Histogram
from twinhop.text import counted
from twinhop.units import BITS_PER_MBIT

WIDTH_IN, HEIGHT_IN, HEAD_IN, LEFT_IN = 11.0, 7.2, 1.05, 0.66
#: Bars of a histogram, and points of a curve.
BARS, POINTS = 40, 60
#: Of the values this share at each end is left out of a histogram.
TAIL = 0.002


def draw_statistics(statistics: WorldStatistics, run: WorldRun) -> Figure:
    """Draw what happened in a run.

    Args:
        statistics: of all its slots.
        run: the run.

    Returns:
        A figure of its own; nothing global is changed.
    """
    with sheet(WIDTH_IN, HEIGHT_IN) as figure:
        top = 1 - HEAD_IN / HEIGHT_IN
        grid = figure.add_gridspec(2, 3, left=0.06, right=0.955, top=top, bottom=0.075, wspace=0.24, hspace=0.36)
        panels = (_speeds, _stays, _handovers, _rates, _attached, _presence)
        for at, panel in enumerate(panels):
            panel(figure.add_subplot(grid[at]), statistics, run)
        _head(figure, statistics, run)
    return figure


def _head(figure: Figure, statistics: WorldStatistics, run: WorldRun) -> None:
    facts = [
        counted(len(run.user_ids), "user"),
        counted(len(run.station_ids), "station"),
        f"{counted(run.slots, 'slot')} of {run.slot_s:g} s",
        counted(int(statistics.handovers.sum()), "hand-over"),
    ]
    if statistics.handover_probability is not None:
        span = f"{statistics.minute_slots * run.slot_s:g} s"
        facts.append(f"{share(statistics.handover_probability)} of the users hand over within {span}")
    heading(figure, LEFT_IN, 0.38, run.world.name, columns=66)
    line(figure, LEFT_IN, 0.64, ", ".join(facts), 9.5, color=MUTED)


def _bars(axes: Axes, histogram: Histogram, scale: float) -> None:
    """The counts in a few dozen bars, from the bulk of the values."""
    reached = np.cumsum(histogram.counts) / histogram.count
    first = int(np.searchsorted(reached, TAIL, side="right"))
    last = int(np.searchsorted(reached, 1 - TAIL)) + 1
    joined = max(1, (last - first) // BARS)
    starts = np.arange(first, max(last, first + 1), joined)
    counts = np.add.reduceat(histogram.counts[: starts[-1] + joined], starts)
    ends = np.minimum(starts + joined, len(histogram.counts))
    left, right = histogram.edges[starts] * scale, histogram.edges[ends] * scale
    percents = 100 * counts / histogram.count
    axes.bar(left, percents, width=right - left, align="edge", color=ACCENT, edgecolor=PAPER, linewidth=0.3)
    if histogram.log:
        axes.set_xscale("log")
        low, high = axes.get_xlim()
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high / low < 300 else (1.0,), numticks=8))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())


def _median(axes: Axes, value: float) -> None:
    """Mark the median, and name it below the axis."""
    axes.axvline(value, color=INK, linewidth=1.1, linestyle=DASHED)
    axes.set_xlabel(f"{axes.get_xlabel()}, median {value:.3g}")


def _speeds(axes: Axes, statistics: WorldStatistics, run: WorldRun) -> None:
    frame(axes, "Speed", "m/s", "% of users and slots")
    if not statistics.speed_mps.count:
        note(axes, "no user in two slots in a row")
        return
    _bars(axes, statistics.speed_mps, 1.0)
    middle = statistics.speed_mps.quantile(0.5)
    _median(axes, middle)


def _stays(axes: Axes, statistics: WorldStatistics, run: WorldRun) -> None:
    frame(axes, "Stay from hand-over to hand-over", "s", "% of the stays")
    lengths = np.flatnonzero(statistics.stays)
    if not lengths.size:
        note(axes, "no user was handed over twice")
        return
    longest = int(lengths[-1]) + 1
    width = max(1, -(-longest // BARS))
    counts = np.add.reduceat(statistics.stays[: width * -(-longest // width)], np.arange(0, longest, width))
    left = np.arange(len(counts)) * width * run.slot_s
    axes.bar(left, 100 * counts / counts.sum(), width=width * run.slot_s, align="edge", color=SECOND, edgecolor=PAPER)
    middle = statistics.stay_summary()["p50"]
    assert middle is not None
    _median(axes, middle)


def _handovers(axes: Axes, statistics: WorldStatistics, run: WorldRun) -> None:
    frame(axes, "Hand-overs of a user present", time_unit(run.slots * run.slot_s)[1], "a minute")
    time, handovers = _averaged(statistics.handovers.astype(float), run)
    present = _averaged(statistics.present.astype(float), run)[1]
    rate = np.divide(handovers, present, out=np.zeros_like(handovers), where=present > 0) * MINUTE_S / run.slot_s
    axes.plot(time, rate, color=SECOND, linewidth=1.4)
    axes.set_ylim(bottom=0)


def _rates(axes: Axes, statistics: WorldStatistics, run: WorldRun) -> None:
    frame(axes, "Rate to the access station", "Mbit/s", "% of users and slots")
    if not statistics.rate_bps.count:
        note(axes, "nobody was served")
        return
    _bars(axes, statistics.rate_bps, 1 / BITS_PER_MBIT)
    middle = statistics.rate_bps.quantile(0.5) / BITS_PER_MBIT
    _median(axes, middle)


def _attached(axes: Axes, statistics: WorldStatistics, run: WorldRun) -> None:
    frame(axes, "Users attached to a station", "stations, most users first", "users")
    order = np.argsort(-statistics.attached_sum, kind="stable")
    mean, most = statistics.attached_sum[order] / run.slots, statistics.attached_most[order]
    sorted_bars(axes, mean, ACCENT, "mean")
    axes.plot(np.arange(len(order)), most, "_", color=INK, markersize=6, label="most in a slot")
    axes.set_ylim(bottom=0)
    legend(axes)


def _presence(axes: Axes, statistics: WorldStatistics, run: WorldRun) -> None:
    down = statistics.down_slots.any()
    frame(
        axes, "Users present, stations down" if down else "Users present", time_unit(run.slots * run.slot_s)[1], "users"
    )
    time, present = _averaged(statistics.present.astype(float), run)
    axes.plot(time, present, color=ACCENT, linewidth=1.4, label="users")
    axes.set_ylim(0, max(1.0, 1.1 * float(present.max())))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    if not down:
        return
    right = axes.twinx()
    fallen = len(run.station_ids) - _averaged(statistics.stations_up.astype(float), run)[1]
    right.step(time, fallen, where="mid", color=ALARM, linewidth=1.2)
    right.set_ylim(0, max(1.0, 3 * float(fallen.max())))
    right.set_ylabel("stations down", fontsize=8.5, color=ALARM)
    right.tick_params(colors=ALARM, labelsize=7.5, length=2.5)
    right.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    edges(right, ["right"])


def _averaged(values: np.ndarray, run: WorldRun) -> tuple[np.ndarray, np.ndarray]:
    """A series over the slots, in as many points as can be seen: when, in the unit of time drawn, and the mean."""
    middle, means = in_pieces(values, POINTS)
    return (middle - 0.5) * run.slot_s / time_unit(run.slots * run.slot_s)[0], means
