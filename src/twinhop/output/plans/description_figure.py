"""The figure of a description: map, distances, rates, latencies, seats and load, and the warnings."""

import textwrap
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from twinhop.output.kit.colours import ACCENT, ALARM, DASHED, GROUND, INK, MUTED, PAPER, SECOND
from twinhop.output.kit.figures import frame, heading, legend, line, log_axis, sheet, sorted_bars, text_width
from twinhop.output.kit.style import TYPE_PT, current_style
from twinhop.output.kit.tables import share
from twinhop.output.plans.map_extent import cloud_is_drawn, cloud_label, cloud_xy_m, extent
from twinhop.plans.description import Description, possible_hosts
from twinhop.plans.link_loads import drawn_links
from twinhop.scenario import World
from twinhop.stats.quantiles import quantiles
from twinhop.text import plural
from twinhop.units import BITS_PER_MBIT

WIDTH_IN, BODY_IN, HEAD_IN, LEFT_IN, RIGHT_IN, AXIS_IN = 11.0, 5.6, 1.12, 0.66, 0.17, 0.7
PAPER_BODY_IN, BARE_HEAD_IN = 3.8, 0.15
LINE_IN, FOOT_IN = 0.2, 0.15
#: From this many users on the map shows their density, below it each of them.
CROWD = 3000
WRAP_AT = 150
#: As many characters of the cloud's label are shown on the map.
LONGEST_LABEL = 32
DENSITY = LinearSegmentedColormap.from_list("density", [GROUND, "#9cc7d3", ACCENT])
#: Type of the names below bars [points], and the longest that stand upright.
NAME_PT, LONGEST_UPRIGHT = 7.0, 9
#: Room above bars, for the median in words.
HEADROOM = 1.2


def draw_description(description: Description) -> Figure:
    """Draw what a world looks like before solving.

    Args:
        description: of any scenario.

    Returns:
        A figure of its own; nothing global is changed.
    """
    paper = current_style().paper
    notes = [] if paper else [line for each in description.warnings for line in _wrapped(each.message)]
    below_in = FOOT_IN + LINE_IN * len(notes) + AXIS_IN
    height = HEAD_IN + (PAPER_BODY_IN if paper else BODY_IN) + below_in
    with sheet(WIDTH_IN, height, head_in=HEAD_IN - BARE_HEAD_IN) as figure:
        width, tall = figure.get_size_inches()
        head_in = BARE_HEAD_IN if paper else HEAD_IN
        edges = {"left": LEFT_IN / width, "right": 1 - RIGHT_IN / width, "bottom": below_in / tall}
        grid = figure.add_gridspec(2, 3, top=1 - head_in / tall, wspace=0.3, hspace=0.6 if paper else 0.38, **edges)
        for each, draw in zip([figure.add_subplot(cell) for cell in grid], PANELS.values(), strict=True):
            draw(each, description)
        _head(figure, description)
        for at, text in enumerate(reversed(notes)):
            up_in = FOOT_IN * 0.6 + LINE_IN * at
            line(figure, LEFT_IN, height - up_in, text, 8.5, color=ALARM, va="bottom")
    return figure


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WRAP_AT, initial_indent="!  ", subsequent_indent="    ")


def _head(figure: Figure, description: Description) -> None:
    world = description.world
    counts = (
        (len(world.user_ids), "user"),
        (len(world.station_ids), "station"),
        (possible_hosts(world).size, "possible host"),
    )
    facts = ", ".join(f"{count:,} {plural(count, noun)}" for count, noun in counts)
    facts += f" with {world.seats:,} {plural(world.seats, 'seat')}"
    facts += f"; radio {100 * description.radio_share:.0f} % of the latency"
    if description.total_update_load is not None:
        facts += f"; updates take {share(description.total_update_load)} of all CPU"
    heading(figure, LEFT_IN, 0.38, world.name, columns=66)
    line(figure, LEFT_IN, 0.62, facts, 9.5, color=MUTED)


def _map(axes: Axes, description: Description) -> None:
    world = description.world
    xy, users = world.station_xy_m, world.user_xy_m
    low, high = (corner / 1000 for corner in extent(world))
    half = np.maximum((high - low) / 2, 0.001) * 1.08
    box = axes.get_window_extent()
    half = np.maximum(half, half[::-1] * (box.width / box.height, box.height / box.width))
    if len(users) >= CROWD:
        cells = [np.linspace(low[d], high[d], 56) for d in (0, 1)]
        counts, *_ = np.histogram2d(users[:, 0] / 1000, users[:, 1] / 1000, bins=cells)
        axes.pcolormesh(*cells, counts.T, cmap=DENSITY, vmin=0, rasterized=True)
    else:
        size = float(np.clip(2500 / len(users), 1.5, 12))
        axes.scatter(*(users / 1000).T, s=size, c=ACCENT, alpha=0.55, linewidths=0)
    _wires_and_cloud(axes, world)
    crowd = float(np.clip(30 / len(xy), 0.25, 1))
    for members, marker in ((world.host, "o"), (~world.host, "^")):
        sizes = 20 + 130 * description.attached[members] / max(1, description.attached.max())
        look = {"facecolors": SECOND if marker == "o" else PAPER, "edgecolors": INK, "linewidths": 0.7}
        axes.scatter(*(xy[members] / 1000).T, s=sizes * crowd, marker=marker, zorder=3, **look)
    frame(axes, "Users, and stations sized by users attached", "eastwards [km]", "northwards [km]", grid=None)
    axes.set_facecolor(GROUND)
    middle = (low + high) / 2
    axes.set_xlim(middle[0] - half[0], middle[0] + half[0])
    axes.set_ylim(middle[1] - half[1], middle[1] + half[1])
    axes.set_aspect("equal")


def _wires_and_cloud(axes: Axes, world: World) -> None:
    """The links of the backhaul graph, faint, and the cloud where it may be shown."""
    if world.graph is not None:
        ends = world.graph.node_xy_m[world.graph.link_nodes[drawn_links(world)]] / 1000
        axes.add_collection(LineCollection(list(ends), colors=MUTED, linewidths=0.9, alpha=0.5, zorder=2))
    if cloud_is_drawn(world):
        x, y = cloud_xy_m(world) / 1000
        axes.scatter([x], [y], s=60, marker="D", facecolors=INK, edgecolors=PAPER, linewidths=0.8, zorder=4)
        left = x > np.mean(axes.get_xlim())
        text, ha = cloud_label(world)[:LONGEST_LABEL], "right" if left else "left"
        style = {"fontsize": 7.5, "color": INK, "parse_math": False, "ha": ha, "va": "center", "zorder": 4}
        box = {"facecolor": GROUND, "edgecolor": "none", "alpha": 0.8, "pad": 1}
        axes.annotate(text, (x, y), (-7 if left else 7, 0), textcoords="offset points", bbox=box, **style)


def _histogram(axes: Axes, values: np.ndarray, colour: str, *, log: bool) -> None:
    good = values[np.isfinite(values) & (values > 0)] if log else values[np.isfinite(values)]
    if not good.size:
        return
    low, high = float(good.min()), float(good.max())
    edges = 1 + int(np.clip(3 * np.sqrt(good.size), 8, 40))
    if log:
        low, high = low * 0.999, high * 1.001
        bins = np.geomspace(low, high, edges) if high / low > 1.01 else np.array([low * 0.8, high * 1.25])
    else:
        bins = np.linspace(low, high, edges) if high > low else np.array([low - 0.5, low + 0.5])
    weights = np.full(good.size, 100 / len(values))
    axes.hist(good, bins=list(bins), weights=weights, color=colour, edgecolor=PAPER, linewidth=0.3)
    if log:
        log_axis(axes)


def _median(axes: Axes, value: float, text: str) -> None:
    axes.axvline(value, color=INK, linewidth=1.1, linestyle=DASHED)
    place = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
    axes.set_ylim(top=HEADROOM * axes.get_ylim()[1])
    at = axes.transAxes.inverted().transform(axes.transData.transform((value, 0)))[0]
    aside, ha = (-4, "right") if at > 0.5 else (4, "left")
    axes.annotate(f"median {text}", (value, 1.0), (aside, -2), fontsize=8, va="top", ha=ha, **place)


def _distances(axes: Axes, description: Description) -> None:
    _histogram(axes, description.distance_m, ACCENT, log=False)
    [middle] = quantiles(description.distance_m, [0.5])
    frame(axes, "Distance to the access station", "distance to the access station [m]", "users [%]")
    _median(axes, middle, f"{middle:.0f} m")


def _rates(axes: Axes, description: Description) -> None:
    rate = description.radio.access_rate_bps / BITS_PER_MBIT
    _histogram(axes, rate, ACCENT, log=True)
    [middle] = quantiles(rate, [0.5])
    frame(axes, "Rate to the access station", "rate to the access station [Mbit/s]", "users [%]")
    _median(axes, middle, f"{middle:.3g} Mbit/s")


def _latencies(axes: Axes, description: Description) -> None:
    world = description.world
    curves: Sequence[tuple[str, np.ndarray, str]] = (
        ("one update", description.update_s, SECOND),
        ("construction", description.construction_s, ACCENT),
    )
    for name, values, colour in curves:
        _cumulative(axes, values, colour, name)
    if world.deadline_s is not None:
        _cumulative(axes, world.deadline_s, MUTED, "deadline", dashed=True)
    axes.axvline(world.sync_period_s, color=ALARM, linewidth=1.1, linestyle=DASHED, label="period")
    log_axis(axes)
    axes.set_ylim(0, 101)
    frame(axes, "Latency on the access host", "latency on the access host, at most [s]", "users [%]")
    if current_style().paper:
        legend(axes, loc="lower left", bbox_to_anchor=(-0.02, 1.0), borderaxespad=0.1, ncols=2, handlelength=1.6)
    else:
        axes.legend(fontsize=7.5, loc="best", handlelength=1.6, facecolor=PAPER, edgecolor="none", framealpha=0.85)


def _cumulative(axes: Axes, values: np.ndarray, colour: str, name: str, *, dashed: bool = False) -> None:
    """The share of all users up to each value; those at 0, which the axis does not reach, are below the curve."""
    good = np.sort(values[np.isfinite(values) & (values > 0)])
    if not good.size:
        return
    nothing = int((values <= 0).sum())
    points = np.unique(np.linspace(0, good.size - 1, 400).astype(int))
    at, percents = np.append(good[0], good[points]), np.append(nothing, nothing + points + 1) * 100 / values.size
    style = (0, (2, 1.5)) if dashed else "solid"
    axes.step(at, percents, where="post", color=colour, linewidth=1.8, linestyle=style, label=name)


def _attached(axes: Axes, description: Description) -> None:
    world = description.world
    order = np.argsort(-description.attached, kind="stable")
    sorted_bars(axes, description.attached[order].astype(float), ACCENT)
    capacity = np.where(world.host, world.capacity, 0)[order].astype(float)
    top = float(description.attached.max()) * 1.15 + 1
    visible = world.host[order] & (capacity <= top)
    if visible.any():
        axes.plot(np.flatnonzero(visible), capacity[visible], "_", color=INK, markersize=7, label="seats")
        legend(axes)
    axes.set_ylim(0, top)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6))
    named = _named(axes, [world.station_ids[k] for k in order])
    frame(axes, "Users attached", f"stations, most users first{named}", "users attached")


def _loads(axes: Axes, description: Description) -> None:
    hosts = np.flatnonzero(np.isfinite(description.update_load))
    order = hosts[np.argsort(-description.update_load[hosts], kind="stable")]
    load = 100 * description.update_load[order]
    sorted_bars(axes, load, SECOND)
    if load.max() > 60:
        axes.axhline(100, color=ALARM, linewidth=1.1, linestyle=DASHED)
    axes.set_ylim(0, max(load.max() * 1.15, 1e-9))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6))
    named = _named(axes, [description.world.host_ids[k] for k in order])
    frame(axes, "Update work against CPU", f"access hosts, busiest first{named}", "update work [% of the CPU]")


def _named(axes: Axes, names: Sequence[str]) -> str:
    """Names of the bars below them, across or upright, where they have room; else none, and the words that say so."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    room_in = axes.get_window_extent().width / figure.dpi / max(1, len(names))
    size = TYPE_PT if current_style().paper else NAME_PT
    upright = max((text_width(name, NAME_PT) for name in names), default=0.0) + 0.04 > room_in
    if upright and (1.15 * size / 72 > room_in or max(map(len, names)) > LONGEST_UPRIGHT):
        axes.set_xticks([])
        return f", {len(names)} in all"
    axes.set_xticks(range(len(names)), names, fontsize=NAME_PT, parse_math=False, rotation=90 if upright else 0)
    return ""


#: The panels, by the name that `plot` takes.
PANELS: dict[str, Callable[[Axes, Description], None]] = {
    "map": _map,
    "distances": _distances,
    "rates": _rates,
    "latencies": _latencies,
    "attached": _attached,
    "loads": _loads,
}
