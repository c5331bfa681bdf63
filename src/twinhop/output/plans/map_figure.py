"""The map of a plan: stations, opened servers sized by load, users coloured by host, links, certificate."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from twinhop.output.kit.colours import ALARM, INK, MUTED, PAPER, hues_apart
from twinhop.output.kit.figures import fitting, heading, line
from twinhop.output.kit.maps import LEFT_IN, WIDTH_IN, corners, map_sheet
from twinhop.output.kit.tables import percent
from twinhop.output.plans.service_marks import draw_services, service_legend
from twinhop.plans.link_loads import drawn_links, link_loads
from twinhop.plans.result import Plan
from twinhop.scenario import World
from twinhop.text import counted, plural

#: Opened servers are drawn with areas [points^2] from the first to the sum of both, by share of the largest load.
SMALLEST_SERVER, LARGEST_SERVER = 70.0, 520.0
#: Stations are named on the map up to this many.
NAMED_STATIONS = 40
#: Entries of the legend side by side; more take a second row.
LEGEND_COLUMNS = 5
#: Where a cloud without a position is drawn, as a share of the map's extent.
CORNER = (0.95, 0.95)
#: A cloud farther from the others than this many times their extent is drawn at the edge of the map.
FAR = 1.0
HEAD_IN, FOOT_IN = 1.15, 0.75


def draw_map(plan: Plan) -> Figure:
    """Draw a scenario's plan.

    Args:
        plan: a plan of a scenario (a problem file has no positions).

    Returns:
        A figure of its own; nothing global is changed.
    """
    world = plan.case.world
    assert world is not None
    low, high = extent(world)
    with map_sheet(low, high, HEAD_IN, FOOT_IN, world.attribution, "report.md") as (figure, axes, sources_in):
        _backhaul(axes, plan, world)
        _links_and_users(axes, plan, world)
        _stations(axes, plan, world)
        if plan.services is not None:
            draw_services(axes, plan, _sites_xy_m(world))
        _scale_bar(axes, low, high)
        _title(figure, plan)
        _legend(figure, plan, world, (0.12 + sources_in) / figure.get_figheight())
    return figure


def extent(world: World) -> tuple[np.ndarray, np.ndarray]:
    """The corners of the map, with a margin [m]."""
    points = np.vstack([world.station_xy_m, world.user_xy_m, _nodes_of_the_area(world)])
    if world.cloud is not None and world.cloud.xy_m is not None:
        low, high = points.min(axis=0), points.max(axis=0)
        reach = FAR * max(1.0, float((high - low).max()))
        if not ((world.cloud.xy_m < low - reach) | (world.cloud.xy_m > high + reach)).any():
            points = np.vstack([points, world.cloud.xy_m])
    return corners([points])


def _nodes_of_the_area(world: World) -> np.ndarray:
    """(L, 2) nodes of the backhaul graph that lie in the scenario's area [m]."""
    nodes = np.empty((0, 2)) if world.graph is None else world.graph.node_xy_m
    return nodes[((nodes >= 0) & (nodes <= (world.width_m, world.height_m))).all(axis=1)]


def _sites_xy_m(world: World) -> np.ndarray:
    """(K, 2) where hosts and, last, a cloud that may host or run services are drawn [m]."""
    if world.hosting_cloud is None and not _cloud_runs_services(world):
        return world.station_xy_m
    return np.vstack([world.station_xy_m, cloud_xy_m(world)])


def cloud_xy_m(world: World) -> np.ndarray:
    """Where the cloud is drawn [m]: in the upper right corner without a position, at the edge if it is far away."""
    low, high = extent(world)
    rim = (np.array(CORNER) - 1) * (low - high)
    if world.cloud is None or world.cloud.xy_m is None:
        return high - rim
    outside = (world.cloud.xy_m < low) | (world.cloud.xy_m > high)
    return np.where(outside.any(), np.clip(world.cloud.xy_m, low + rim, high - rim), world.cloud.xy_m)


def _backhaul(axes: Axes, plan: Plan, world: World) -> None:
    """The graph's links, faint, the wider the more they carry."""
    loads = link_loads(plan)
    if loads is None:
        return
    xy, links = loads.graph.node_xy_m, drawn_links(world)
    share = loads.bits_per_user[links] / max(1.0, loads.bits_per_user.max(initial=0.0))
    lines = list(xy[loads.graph.link_nodes[links]])
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
    visible = np.flatnonzero(~_under_stations(world))
    hues = [colours[i] for i in visible.tolist()]
    axes.scatter(*world.user_xy_m[visible].T, s=size, c=hues, edgecolors=PAPER, linewidths=0.3, zorder=3)
    late = [v.user for v in plan.solution.evaluation.violations if v.kind == "deadline" and v.user is not None]
    if late:
        axes.scatter(*world.user_xy_m[late].T, s=size * 3, facecolors="none", edgecolors=ALARM, linewidths=1, zorder=4)


def _under_stations(world: World) -> np.ndarray:
    """(N,) bool, users exactly where a station stands, whose mark hides theirs."""
    stations = {tuple(each) for each in world.station_xy_m.tolist()}
    return np.array([tuple(each) in stations for each in world.user_xy_m.tolist()], dtype=np.bool_)


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
    hues = np.array(hues_apart(xy[used]))
    for marker, members in (("o", used < len(world.host)), ("D", used >= len(world.host))):
        look = {"s": sizes[members], "c": hues[members].tolist(), "edgecolors": INK, "linewidths": 1.1}
        axes.scatter(*xy[used[members]].T, marker=marker, zorder=6, **look)
    if plan.failure is not None:
        axes.scatter(*xy[plan.failure.stations].T, s=60, marker="x", c=ALARM, linewidths=1.8, zorder=8)
    if cloud_is_drawn(world) and not _cloud_is_opened(plan, world):
        x, y = cloud_xy_m(world)
        axes.scatter([x], [y], s=110, marker="D", facecolors=INK, edgecolors=PAPER, linewidths=1, zorder=6)
    if used.size <= NAMED_STATIONS:
        for k, size in zip(used, sizes, strict=True):
            type_ = {"fontsize": 7 if size > 150 else 5.5, "color": PAPER, "weight": "bold"}
            axes.annotate(f"{loads[k]}", xy[k], ha="center", va="center", zorder=7, **type_)


def cloud_is_drawn(world: World) -> bool:
    """Whether maps show a cloud: it has a position, or it may host twins or run services."""
    cloud = world.cloud
    return cloud is not None and (cloud.xy_m is not None or cloud.host or _cloud_runs_services(world))


def _cloud_runs_services(world: World) -> bool:
    return bool(world.services) and world.serving_cloud is not None


def _cloud_is_opened(plan: Plan, world: World) -> bool:
    return world.hosting_cloud is not None and bool(plan.solution.placement.open[-1])


def cloud_label(world: World) -> str:
    """What the legend says of the cloud, and that it is not where it is drawn."""
    assert world.cloud is not None
    low, high = extent(world)
    name = world.cloud.name if world.cloud.name.lower() == "cloud" else f"cloud {world.cloud.name}"
    if world.cloud.xy_m is None:
        return f"{name} (no position)"
    outside = ((world.cloud.xy_m < low) | (world.cloud.xy_m > high)).any()
    return f"{name} (beyond the map)" if outside else name


def _scale_bar(axes: Axes, low: np.ndarray, high: np.ndarray) -> None:
    """Above the map, at its right end, where nothing lies below it."""
    span = high[0] - low[0]
    power = 10.0 ** np.floor(np.log10(span / 5))
    length = power * max(step for step in (1, 2, 5) if power * step <= span / 5 * 1.01)
    above = axes.get_xaxis_transform()
    y = 1 + 0.1 * (high[0] - low[0]) / (WIDTH_IN - 2 * LEFT_IN) / (high[1] - low[1])
    bar = {"color": INK, "linewidth": 2.2, "solid_capstyle": "butt"}
    axes.plot([high[0] - length, high[0]], [y, y], transform=above, clip_on=False, **bar)
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    place = {"xycoords": above, "textcoords": "offset points", "annotation_clip": False}
    axes.annotate(text, (high[0] - length / 2, y), (0, 4), ha="center", fontsize=8, color=INK, **place)


def _title(figure: Figure, plan: Plan) -> None:
    solution, problem = plan.solution, plan.case.problem
    proof = f"cost {plan.cost:#.4g}"
    if plan.gap is not None:
        proof += f", certified within {percent(plan.gap)} of the optimum"
    elif not plan.feasible:
        proof += f", {len(solution.evaluation.violations)} constraints violated"
    else:
        proof += f", policy {solution.policy} (no bound)"
    hosts = int((problem.capacity > 0).sum())
    opened = f"{int(solution.placement.open.sum())} of {hosts} possible {plural(hosts, 'server')}"
    services = "" if plan.services is None else f" and {counted(len(plan.services.services), 'service')}"
    heading(figure, LEFT_IN, 0.42, plan.case.name)
    line(figure, LEFT_IN, 0.70, proof, 11)
    text = f"{counted(problem.users, 'twin')}{services} on {opened}"
    if plan.failure is not None:
        text += f", without {', '.join(problem.station_name(int(k)) for k in plan.failure.stations)}"
    line(figure, LEFT_IN, 0.95, text, 9, 92, color=MUTED)


def _legend(figure: Figure, plan: Plan, world: World, bottom: float) -> None:
    def mark(label: str, marker: str, face: str, edge: str, size: float) -> Line2D:
        shape = {"marker": marker, "markersize": size, "markerfacecolor": face, "markeredgecolor": edge}
        return Line2D([], [], linestyle="", label=label, **shape)

    entries = [mark("opened server, sized by its twins", "o", MUTED, INK, 11)]
    if (world.host & ~plan.solution.placement.open[: len(world.host)]).any():
        entries.append(mark("server left closed", "o", PAPER, MUTED, 7))
    if not world.host.all():
        entries.append(mark("radio only", "^", PAPER, MUTED, 6.5))
    if not _under_stations(world).all():
        entries.append(mark("user, in the colour of its host", "o", MUTED, PAPER, 5))
    else:
        label = "from users at stations to their hosts"
        entries.append(Line2D([], [], color=MUTED, alpha=0.8, linewidth=1, label=label))
    if world.graph is not None and len(drawn_links(world)):
        entries.append(Line2D([], [], color=MUTED, alpha=0.6, linewidth=2, label="backhaul link"))
    if cloud_is_drawn(world):
        face, edge = (MUTED, INK) if _cloud_is_opened(plan, world) else (INK, PAPER)
        entries.append(mark(cloud_label(world), "D", face, edge, 7.5))
    if plan.services is not None:
        entries += service_legend()
    if plan.failure is not None:
        entries.append(mark("server that fails", "x", ALARM, ALARM, 7))
    if any(each.kind == "deadline" for each in plan.solution.evaluation.violations):
        entries.append(mark("deadline missed", "o", "none", ALARM, 8))
    legend = figure.legend(
        handles=entries,
        loc="lower center",
        ncols=min(len(entries), LEGEND_COLUMNS),
        frameon=False,
        fontsize=8,
        handletextpad=0.3,
        columnspacing=1.3,
        bbox_to_anchor=(0.5, bottom),
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
        text.set_fontsize(fitting("".join(str(entry.get_label()) for entry in entries), 8, 100))
