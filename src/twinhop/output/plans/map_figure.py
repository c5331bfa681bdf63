"""The map of a plan: stations, opened servers sized by load, users coloured by host, links, certificate."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from twinhop.output.kit.colours import ALARM, INK, MUTED, PAPER, hues_apart
from twinhop.output.kit.figures import fitting, heading, line
from twinhop.output.kit.maps import CLOUD, DOWN, LEFT_IN, RADIO_ONLY, SERVER, frame_map, map_sheet
from twinhop.output.kit.places import Names, draw_scale, write_span
from twinhop.output.kit.tables import percent
from twinhop.output.plans.map_extent import cloud_is_drawn, cloud_label, cloud_xy_m, extent, sites_xy_m
from twinhop.output.plans.service_marks import draw_services, service_legend
from twinhop.plans.link_loads import drawn_links, link_loads
from twinhop.plans.result import Plan
from twinhop.scenario import World
from twinhop.text import counted, plural
from twinhop.units import cost_in_words

#: Opened servers are drawn with areas [points^2] from the first to the sum of both, by share of the largest load, and
#: smaller where their neighbours are near, down to the least diameter [points].
SMALLEST_SERVER, LARGEST_SERVER, LEAST_PT = 70.0, 520.0, 6.0
#: Marks of other stations [points^2].
CLOSED_SERVER, RADIO_STATION, FAILED_SERVER = 46.0, 34.0, 60.0
#: Width of a digit of the number of twins, as a share of its type, and its type [points].
DIGIT, COUNT_PT = 0.72, 7.0
#: Servers that fail are named in title and legend up to this many.
FAILURES_NAMED = 3
#: Entries of the legend side by side; more take a second row.
LEGEND_COLUMNS = 5
HEAD_IN, FOOT_IN = 1.15, 0.85


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
        _draw(axes, plan, world, low, high)
        _title(figure, plan)
        write_span(figure, low, high, FOOT_IN + sources_in - 0.17, world.origin)
        place = {"loc": "lower center", "bbox_to_anchor": (0.5, (0.08 + sources_in) / figure.get_figheight())}
        _legend(figure, legend_entries(plan, world), place)
    return figure


def draw_map_on(axes: Axes, plan: Plan) -> None:
    """Draw the map of a scenario's plan into axes, with what its marks mean below."""
    world = plan.case.world
    assert world is not None
    low, high = extent(world)
    frame_map(axes, low, high)
    _draw(axes, plan, world, low, high)
    entries = legend_entries(plan, world)
    _legend(axes, entries, {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0)}, columns=2)


def _draw(axes: Axes, plan: Plan, world: World, low: np.ndarray, high: np.ndarray) -> None:
    axes.apply_aspect()
    _backhaul(axes, plan, world)
    _links_and_users(axes, plan, world)
    diameter_pt = _stations(axes, plan, world)
    if plan.services is not None:
        draw_services(axes, plan, sites_xy_m(world))
    _write_names(axes, plan, world, diameter_pt)
    draw_scale(axes, low, high)


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
    site_xy = sites_xy_m(world)
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


def _stations(axes: Axes, plan: Plan, world: World) -> np.ndarray:
    """Draw stations, opened ones sized by their twins, and return (K,) the diameters of all [points]."""
    placement = plan.solution.placement
    used = np.flatnonzero(placement.open)
    loads = plan.case.problem.twins_on(placement.host)
    xy = sites_xy_m(world)
    radio = np.flatnonzero(~world.host)
    shut = np.flatnonzero(world.host & ~placement.open[: len(world.host)])
    white = {"facecolors": PAPER, "edgecolors": MUTED}
    axes.scatter(*xy[radio].T, s=RADIO_STATION, marker=RADIO_ONLY, linewidths=1.0, zorder=5, **white)
    axes.scatter(*xy[shut].T, s=CLOSED_SERVER, marker=SERVER, linewidths=1.2, zorder=5, **white)
    diameter = np.full(len(xy), np.sqrt(CLOSED_SERVER))
    diameter[used] = _diameters(axes, xy[used], loads[used])
    hues = np.array(hues_apart(xy[used]))
    largest_first = np.argsort(-diameter[used], kind="stable")
    for marker, members in ((SERVER, used < len(world.host)), (CLOUD, used >= len(world.host))):
        order = largest_first[members[largest_first]]
        look = {"s": diameter[used[order]] ** 2, "c": hues[order].tolist(), "edgecolors": INK, "linewidths": 1.1}
        axes.scatter(*xy[used[order]].T, marker=marker, zorder=6, **look)
    if plan.failure is not None:
        axes.scatter(*xy[plan.failure.stations].T, s=FAILED_SERVER, marker=DOWN, c=ALARM, linewidths=1.8, zorder=8)
    if cloud_is_drawn(world) and not _cloud_is_opened(plan, world):
        x, y = cloud_xy_m(world)
        axes.scatter([x], [y], s=110, marker=CLOUD, facecolors=INK, edgecolors=PAPER, linewidths=1, zorder=6)
    for k in used.tolist():
        if _count_fits(int(loads[k]), diameter[k]):
            type_ = {"fontsize": min(COUNT_PT, 0.5 * diameter[k]), "color": PAPER, "weight": "bold"}
            axes.annotate(f"{loads[k]:.10g}", xy[k], ha="center", va="center_baseline", zorder=7, **type_)
    return diameter


def _diameters(axes: Axes, xy_m: np.ndarray, loads: np.ndarray) -> np.ndarray:
    """(S,) diameters of opened servers [points]: their areas by their twins, but no two discs reach into each other."""
    wanted = np.sqrt(SMALLEST_SERVER + (LARGEST_SERVER - SMALLEST_SERVER) * loads / max(1, loads.max(initial=0)))
    points = axes.transData.transform(xy_m) * 72 / axes.figure.dpi
    between = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)) + np.diag(np.full(len(points), np.inf))
    return np.clip(between.min(axis=1, initial=np.inf), LEAST_PT, wanted)


def _count_fits(load: int, diameter_pt: float) -> bool:
    return DIGIT * min(COUNT_PT, 0.5 * diameter_pt) * len(f"{load}") <= diameter_pt - 1 and diameter_pt >= 2 * LEAST_PT


def _write_names(axes: Axes, plan: Plan, world: World, diameter_pt: np.ndarray) -> None:
    """Name stations where they fit: what fails, then opened servers, most twins first, then others."""
    problem, placement = plan.case.problem, plan.solution.placement
    loads = problem.twins_on(placement.host)
    xy = sites_xy_m(world)
    names = Names(axes, [xy], diameter_pt / 2, axes.texts)
    failed = [] if plan.failure is None else [int(k) for k in plan.failure.stations]
    opened = [int(k) for k in np.argsort(-loads, kind="stable") if placement.open[k] and k < len(world.host)]
    others = [k for k in np.flatnonzero(~placement.open[: len(world.host)]).tolist() if k not in failed]
    counts = {k: "" if _count_fits(int(loads[k]), diameter_pt[k]) else f" ({loads[k]:.10g})" for k in opened}
    groups = (
        (failed, ALARM, "bold"),
        (opened, INK, "bold"),
        ([k for k in others if world.host[k]], INK, "normal"),
        ([k for k in others if not world.host[k]], MUTED, "normal"),
    )
    for members, colour, weight in groups:
        words = [problem.station_name(k) + counts.get(k, "") for k in members]
        radii = (diameter_pt[members] / 2).tolist() if members else []
        names.write(xy[members], words, [colour] * len(members), radii, weight=weight)


def _cloud_is_opened(plan: Plan, world: World) -> bool:
    return world.hosting_cloud is not None and bool(plan.solution.placement.open[-1])


def _title(figure: Figure, plan: Plan) -> None:
    solution, problem = plan.solution, plan.case.problem
    unit = problem.money_unit
    proof = f"cost {cost_in_words(plan.cost, unit)}" if unit else f"cost {plan.cost:#.4g}"
    if plan.gap is not None:
        proof += f", certified within {percent(plan.gap)} of the optimum"
    elif not plan.feasible:
        proof += f", {len(solution.evaluation.violations)} constraints violated"
    else:
        proof += f", policy {solution.policy} (no bound)"
    hosts = int((problem.capacity > 0).sum())
    opened = f"{int(solution.placement.open.sum())} of {hosts} possible {plural(hosts, 'server')}"
    services = "" if plan.services is None else f" and {counted(len(plan.services.services), 'service')}"
    failed = "" if plan.failure is None else f" without {_few_names(plan)}"
    heading(figure, LEFT_IN, 0.42, plan.case.name + failed)
    line(figure, LEFT_IN, 0.70, proof, 11)
    text = f"{problem.people:.10g} {plural(int(problem.people), 'twin')}{services} on {opened}"
    if plan.failure is not None:
        text += f", without {', '.join(problem.station_name(int(k)) for k in plan.failure.stations)}"
    if plan.spare is not None:
        text += ", which survives the failure of any one of them"
    line(figure, LEFT_IN, 0.95, text, 9, 92, color=MUTED)


def _few_names(plan: Plan) -> str:
    """The first stations that fail, and how many more do."""
    assert plan.failure is not None
    names = ", ".join(plan.case.problem.station_name(int(k)) for k in plan.failure.stations[:FAILURES_NAMED])
    more = len(plan.failure.stations) - FAILURES_NAMED
    return f"{names} and {more} more" if more > 0 else names


def legend_entries(plan: Plan, world: World) -> list[Line2D]:
    """What the marks of a plan's map mean, of those that it has."""

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
        entries.append(mark(f"fails: {_few_names(plan)}", "x", ALARM, ALARM, 7))
    if any(each.kind == "deadline" for each in plan.solution.evaluation.violations):
        entries.append(mark("deadline missed", "o", "none", ALARM, 8))
    return entries


def _legend(on: Figure | Axes, entries: list[Line2D], place: dict[str, Any], columns: int = LEGEND_COLUMNS) -> None:
    wide = {"ncols": min(len(entries), columns), "frameon": False, "fontsize": 8}
    legend = on.legend(handles=entries, handletextpad=0.3, columnspacing=1.3, **wide, **place)
    for text in legend.get_texts():
        text.set_parse_math(False)
        text.set_fontsize(fitting("".join(str(entry.get_label()) for entry in entries), 8, 100))
