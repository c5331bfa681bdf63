"""The figure of a run: speeds, stays, hand-overs, rates, load of the stations, presence."""

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from mpl_toolkits.axes_grid1 import make_axes_locatable

from twinhop.output.kit.colours import ACCENT, ALARM, DASHED, INK, MUTED, PAPER, SECOND
from twinhop.output.kit.figures import (
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
from twinhop.output.kit.places import shortened
from twinhop.output.kit.style import current_style
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
#: Stations named below their bars, and letters of their names that fit side by side.
NAMED_STATIONS, NAME_LETTERS = 30, 36


def draw_statistics(statistics: WorldStatistics, run: WorldRun) -> Figure:
    """Draw what happened in a run.

    Args:
        statistics: of all its slots.
        run: the run.

    Returns:
        A figure of its own; nothing global is changed.
    """
    with sheet(WIDTH_IN, HEIGHT_IN, head_in=HEAD_IN - 0.35) as figure:
        full_in = figure.get_figheight()
        top = 1 - (full_in - (HEIGHT_IN - HEAD_IN)) / full_in
        grid = figure.add_gridspec(2, 3, left=0.065, right=0.975, top=top, bottom=0.1, wspace=0.27, hspace=0.4)
        for at, draw in enumerate(PANELS.values()):
            draw(figure.add_subplot(grid[at]), statistics, run)
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


def _label(name: str, unit: str) -> str:
    """The label of an axis, which has to name what it shows where there are no titles."""
    return unit if current_style().titled else f"{name} [{unit}]"


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
    frame(axes, "Speed", _label("speed", "m/s"), "% of users and slots")
    if not statistics.speed_mps.count:
        note(axes, "no user in two slots in a row")
        return
    _bars(axes, statistics.speed_mps, 1.0)
    middle = statistics.speed_mps.quantile(0.5)
    _median(axes, middle)


def _stays(axes: Axes, statistics: WorldStatistics, run: WorldRun) -> None:
    frame(axes, "Stay from hand-over to hand-over", _label("stay", "s"), "% of the stays")
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
    x = _label("time", time_unit(run.slots * run.slot_s)[1])
    frame(axes, "Hand-overs of a user present", x, _label("hand-overs of a user", "a minute"))
    time, handovers = _averaged(statistics.handovers.astype(float), run)
    present = _averaged(statistics.present.astype(float), run)[1]
    rate = np.divide(handovers, present, out=np.zeros_like(handovers), where=present > 0) * MINUTE_S / run.slot_s
    axes.plot(time, rate, color=SECOND, linewidth=1.4)
    axes.set_ylim(bottom=0)


def _rates(axes: Axes, statistics: WorldStatistics, run: WorldRun) -> None:
    frame(axes, "Rate to the access station", _label("rate", "Mbit/s"), "% of users and slots")
    if not statistics.rate_bps.count:
        note(axes, "nobody was served")
        return
    _bars(axes, statistics.rate_bps, 1 / BITS_PER_MBIT)
    middle = statistics.rate_bps.quantile(0.5) / BITS_PER_MBIT
    _median(axes, middle)


def _attached(axes: Axes, statistics: WorldStatistics, run: WorldRun) -> None:
    frame(axes, "Users attached to a station", "stations, most users first", _label("attached", "users"))
    order = np.argsort(-statistics.attached_sum, kind="stable")
    mean, most = statistics.attached_sum[order] / run.slots, statistics.attached_most[order]
    sorted_bars(axes, mean, ACCENT, "mean")
    axes.plot(np.arange(len(order)), most, "_", color=INK, markersize=6, label="most in a slot")
    shown = range(0, len(order), -(-len(order) // NAMED_STATIONS))
    names = [shortened(str(run.station_ids[order[at]])) for at in shown]
    axes.set_xticks(shown, names, parse_math=False, rotation=90 if sum(map(len, names)) > NAME_LETTERS else 0)
    axes.set_ylim(bottom=0)
    legend(axes)


def _presence(axes: Axes, statistics: WorldStatistics, run: WorldRun) -> None:
    """Who is present and what is down; where neither ever changes, how far users are from their stations."""
    down = statistics.down_slots.any()
    if not down and np.ptp(statistics.present) == 0:
        _distances(axes, statistics)
        return
    x = _label("time", time_unit(run.slots * run.slot_s)[1])
    time, present = _averaged(statistics.present.astype(float), run)
    title = f"Users present, of {len(run.user_ids)}"
    frame(axes, f"{title}; stations down" if down else title, x, _label("present", "users"))
    axes.plot(time, present, color=ACCENT, linewidth=1.4, label="users")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, min_n_ticks=2))
    axes.margins(y=0.15)
    if down:
        _down_below(axes, statistics, run, x)


def _down_below(axes: Axes, statistics: WorldStatistics, run: WorldRun, x: str) -> None:
    """How many stations are down, in a strip of its own below the panel."""
    strip = make_axes_locatable(axes).append_axes("bottom", size="26%", pad=0.12, sharex=axes)
    time, up = _averaged(statistics.stations_up.astype(float), run)
    fallen = len(run.station_ids) - up
    strip.fill_between(time, 0, fallen, step="mid", color=ALARM, alpha=0.3, linewidth=0)
    strip.step(time, fallen, where="mid", color=ALARM, linewidth=1.2)
    axes.tick_params(axis="x", labelbottom=False)
    axes.set_xlabel("")
    frame(strip, "", x, "down")
    strip.set_ylim(0, 1.2 * max(1.0, float(fallen.max())))
    strip.yaxis.set_major_locator(MaxNLocator(nbins=2, integer=True, min_n_ticks=2))


def _distances(axes: Axes, statistics: WorldStatistics) -> None:
    frame(axes, "Distance to the access station", _label("distance", "m"), "% of users and slots")
    if not statistics.distance_m.count:
        note(axes, "nobody was served")
        return
    _bars(axes, statistics.distance_m, 1.0)
    _median(axes, statistics.distance_m.quantile(0.5))


def _averaged(values: np.ndarray, run: WorldRun) -> tuple[np.ndarray, np.ndarray]:
    """A series over the slots, in as many points as can be seen: when, in the unit of time drawn, and the mean."""
    middle, means = in_pieces(values, POINTS)
    return (middle - 0.5) * run.slot_s / time_unit(run.slots * run.slot_s)[0], means


#: The panels of the figure by name.
PANELS: dict[str, Callable[[Axes, WorldStatistics, WorldRun], None]] = {
    "speed": _speeds,
    "stay": _stays,
    "handovers": _handovers,
    "rate": _rates,
    "attached": _attached,
    "presence": _presence,
}
