"""The map of a plan: stations, opened servers sized by load, users coloured by host, links, certificate."""

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from twinhop.experiments.link_loads import drawn_links, link_loads
from twinhop.experiments.palette import ALARM, FAINT, FONT, GROUND, INK, MUTED, PAPER, fitting, hues_apart
from twinhop.experiments.planning import Plan
from twinhop.experiments.report import percent
from twinhop.scenario import World

DOTS_PER_INCH = 160
WIDTH_IN = 8.0
#: Opened servers are drawn with areas [points^2] from the first to the sum of both, by share of the largest load.
SMALLEST_SERVER, LARGEST_SERVER = 70.0, 520.0
#: Stations are named on the map up to this many.
NAMED_STATIONS = 40
#: Entries of the legend side by side; more take a second row.
LEGEND_COLUMNS = 5
#: Where a cloud without a position is drawn, as a share of the map's extent.
CORNER = (0.95, 0.95)


def draw_map(plan: Plan) -> Figure:
    """Draw a scenario's plan.

    Args:
        plan: a plan of a scenario (a problem file has no positions).

    Returns:
        A figure of its own; nothing global is changed.
    """
    world = plan.case.world
    assert world is not None
    low, high = _extent(world)
    width, height = high - low
    with mpl.rc_context(FONT):
        figure = Figure(figsize=(WIDTH_IN, 1.15 + (WIDTH_IN - 0.5) * height / width + 0.75), dpi=DOTS_PER_INCH)
        figure.set_facecolor(PAPER)
        total = figure.get_figheight()
        axes = figure.add_axes((0.25 / WIDTH_IN, 0.75 / total, 1 - 0.5 / WIDTH_IN, 1 - (1.15 + 0.75) / total))
        _frame(axes, low, high)
        _backhaul(axes, plan, world)
        _links_and_users(axes, plan, world)
        _stations(axes, plan, world)
        _scale_bar(axes, low, high)
        _title(figure, plan, total)
        _legend(figure, plan, world)
        figure.canvas.draw()
    return figure


def _extent(world: World) -> tuple[np.ndarray, np.ndarray]:
    points = np.vstack([world.station_xy_m, world.user_xy_m])
    if world.cloud is not None and world.cloud.xy_m is not None:
        points = np.vstack([points, world.cloud.xy_m])
    low, high = points.min(axis=0), points.max(axis=0)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 1.0)
    half = np.maximum(half * 1.06, np.array([0.8, 0.45]) * half.max())  # never a sliver
    return middle - half, middle + half


def _frame(axes: Axes, low: np.ndarray, high: np.ndarray) -> None:
    axes.set_facecolor(GROUND)
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(low[1], high[1])
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_color(FAINT)


def _sites_xy_m(world: World) -> np.ndarray:
    """(K, 2) where hosts are drawn [m]: a cloud without a position in the upper right corner."""
    xy = world.host_xy_m
    low, high = _extent(world)
    return np.where(np.isfinite(xy), xy, low + CORNER * (high - low))


def _backhaul(axes: Axes, plan: Plan, world: World) -> None:
    """The graph's links, faint, the wider the more they carry."""
    loads = link_loads(plan)
    if loads is None:
        return
    xy, drawn = loads.graph.node_xy_m, drawn_links(world)
    share = loads.bits_per_user[drawn] / max(1.0, loads.bits_per_user.max(initial=0.0))
    lines = list(xy[loads.graph.link_nodes[drawn]])
    axes.add_collection(LineCollection(lines, colors=MUTED, linewidths=0.8 + 2.2 * share, alpha=0.4, zorder=0.5))
    axes.scatter(*xy.T, s=9, marker="s", c=MUTED, linewidths=0, alpha=0.6, zorder=0.6)


def _links_and_users(axes: Axes, plan: Plan, world: World) -> None:
    host = plan.solution.placement.host
    used = np.flatnonzero(plan.solution.placement.open)
    site_xy = _sites_xy_m(world)
    hue = dict(zip(used.tolist(), hues_apart(site_xy[used]), strict=True))
    colours = [hue[k] for k in host.tolist()]
    crowd = len(host)
    segments = np.stack([world.user_xy_m, site_xy[host]], axis=1)
    thin, faint = (0.7, 0.45) if crowd <= 400 else (0.4, 0.25)
    axes.add_collection(LineCollection(list(segments), colors=colours, linewidths=thin, alpha=faint, zorder=1))
    size = float(np.clip(9000 / crowd, 3, 26))
    axes.scatter(*world.user_xy_m.T, s=size, c=colours, edgecolors=PAPER, linewidths=0.3, zorder=3)
    late = [v.user for v in plan.solution.evaluation.violations if v.kind == "deadline" and v.user is not None]
    if late:
        axes.scatter(*world.user_xy_m[late].T, s=size * 3, facecolors="none", edgecolors=ALARM, linewidths=1, zorder=4)


def _stations(axes: Axes, plan: Plan, world: World) -> None:
    placement = plan.solution.placement
    used = np.flatnonzero(placement.open)
    loads = placement.loads()
    xy = _sites_xy_m(world)
    radio = np.flatnonzero(~world.host)
    shut = np.flatnonzero(world.host & ~placement.open[: len(world.host)])
    axes.scatter(*xy[radio].T, s=34, marker="^", facecolors=PAPER, edgecolors=MUTED, linewidths=1.0, zorder=5)
    axes.scatter(*xy[shut].T, s=46, marker="o", facecolors=PAPER, edgecolors=MUTED, linewidths=1.2, zorder=5)
    crowd = np.sqrt(min(1.0, 24 / max(1, used.size)))
    sizes = (SMALLEST_SERVER + (LARGEST_SERVER - SMALLEST_SERVER) * loads[used] / max(1, loads.max())) * crowd
    axes.scatter(*xy[used].T, s=sizes, c=hues_apart(xy[used]), edgecolors=INK, linewidths=1.1, zorder=6)
    if plan.failure is not None:
        axes.scatter(*xy[plan.failure.stations].T, s=60, marker="x", c=ALARM, linewidths=1.8, zorder=8)
    if world.cloud is not None and (world.cloud.xy_m is not None or world.cloud.host):
        x, y = world.cloud.xy_m or xy[-1]
        axes.scatter([x], [y], s=110, marker="D", facecolors=INK, edgecolors=PAPER, linewidths=1, zorder=6)
    if used.size <= NAMED_STATIONS:
        for k, size in zip(used, sizes, strict=True):
            number = 7 if size > 150 else 5.5
            axes.annotate(
                f"{loads[k]}", xy[k], ha="center", va="center", fontsize=number, color=PAPER, weight="bold", zorder=7
            )


def _scale_bar(axes: Axes, low: np.ndarray, high: np.ndarray) -> None:
    span = high[0] - low[0]
    power = 10.0 ** np.floor(np.log10(span / 5))
    length = power * max(step for step in (1, 2, 5) if power * step <= span / 5 * 1.01)
    x, y = low[0] + 0.03 * span, low[1] + 0.03 * (high[1] - low[1])
    axes.plot([x, x + length], [y, y], color=INK, linewidth=2.2, solid_capstyle="butt", zorder=8)
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    axes.annotate(
        text, (x + length / 2, y), (0, 4), textcoords="offset points", ha="center", fontsize=8, color=INK, zorder=8
    )


def _title(figure: Figure, plan: Plan, height_in: float) -> None:
    solution, problem = plan.solution, plan.case.problem
    left = 0.25 / WIDTH_IN
    size = fitting(plan.case.name, 16, 48)
    figure.text(left, 1 - 0.42 / height_in, plan.case.name, fontsize=size, weight="bold", parse_math=False)
    proof = f"cost {plan.cost:#.4g}"
    if plan.gap is not None:
        proof += f", certified within {percent(plan.gap)} of the optimum"
    elif not plan.feasible:
        proof += f", {len(solution.evaluation.violations)} constraints violated"
    else:
        proof += f", policy {solution.policy} (no bound)"
    figure.text(left, 1 - 0.70 / height_in, proof, fontsize=11, va="baseline")
    hosts = int((problem.capacity > 0).sum())
    counts = f"{problem.users} twins on {int(solution.placement.open.sum())} of {hosts} possible servers"
    figure.text(left, 1 - 0.95 / height_in, counts, fontsize=9, color=MUTED, va="baseline")


def _legend(figure: Figure, plan: Plan, world: World) -> None:
    def mark(label: str, marker: str, face: str, edge: str, size: float) -> Line2D:
        return Line2D(
            [],
            [],
            linestyle="",
            marker=marker,
            markersize=size,
            markerfacecolor=face,
            markeredgecolor=edge,
            label=label,
        )

    entries = [
        mark("opened server, sized by its twins", "o", MUTED, INK, 11),
        mark("server left closed", "o", PAPER, MUTED, 7),
        mark("user, in the colour of its host", "o", MUTED, PAPER, 5),
    ]
    if not world.host.all():
        entries.insert(2, mark("radio only", "^", PAPER, MUTED, 6.5))
    if world.graph is not None and len(drawn_links(world)):
        entries.append(Line2D([], [], color=MUTED, alpha=0.6, linewidth=2, label="backhaul link"))
    if world.cloud is not None:
        entries.append(mark(world.cloud.name, "D", INK, PAPER, 7.5))
    if plan.failure is not None:
        entries.append(mark("server that fails", "x", ALARM, ALARM, 7))
    if not plan.feasible:
        entries.append(mark("deadline missed", "o", "none", ALARM, 8))
    legend = figure.legend(
        handles=entries,
        loc="lower center",
        ncols=min(len(entries), LEGEND_COLUMNS),
        frameon=False,
        fontsize=8,
        handletextpad=0.3,
        columnspacing=1.3,
        bbox_to_anchor=(0.5, 0.12 / figure.get_figheight()),
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
        text.set_fontsize(fitting("".join(str(entry.get_label()) for entry in entries), 8, 110))
    if world.attribution:
        sources = "; ".join(world.attribution)
        figure.text(
            0.5,
            0.06 / figure.get_figheight(),
            sources,
            fontsize=fitting(sources, 6, 190),
            parse_math=False,
            color=MUTED,
            ha="center",
            va="bottom",
        )
