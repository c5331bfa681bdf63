"""The fields of a page that every result of a scenario has: its map, its stations, its users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinhop._version import __version__
from twinhop.output.page.column import reals, shown_reals, steps, wholes
from twinhop.output.plans.map_extent import cloud_is_drawn, cloud_xy_m, extent
from twinhop.placement import PlacementProblem
from twinhop.placement.problem import IntArray
from twinhop.plans.link_loads import drawn_links
from twinhop.plans.result import Case
from twinhop.scenario import World
from twinhop.text import counted

#: More users than these are not drawn: so many of them are, evenly through the list.
MOST_USERS = 20_000
#: Positions are to a 65,000th of the map, a decimetre at the finest [m].
STEPS, FINEST_M = 65_000, 0.1
#: What a station without a limit has for a capacity.
NO_LIMIT, LARGEST_CAPACITY = -1, 2**31 - 1


def heading(kind: str, title: str, case: Case, sense: str = "") -> dict[str, Any]:
    """The fields that every page has.

    Args:
        kind: of the page.
        title: its heading.
        case: whose data it shows.
        sense: what the cost is, in words.
    """
    problem = case.problem
    return {
        "kind": kind,
        "title": title,
        "twinhop": __version__,
        "source": case.name,
        "seed": case.seed,
        "attribution": list(case.attribution),
        "cost_unit": {"name": problem.cost_unit, "factor": 1.0},
        "sense": sense or ("a month" if problem.currency else "mean per user"),
        "notes": [*case.notes, *sample_notes(problem.users)],
        "warnings": [{"code": each.code, "text": each.message} for each in case.warnings],
    }


def drawn_users(count: int) -> IntArray:
    """The users that are drawn, of so many: all, or `MOST_USERS` spread evenly.

    >>> drawn_users(3).tolist(), len(drawn_users(1_000_000))
    ([0, 1, 2], 20000)
    """
    if count <= MOST_USERS:
        return np.arange(count)
    return np.arange(MOST_USERS) * count // MOST_USERS


def sample_notes(count: int) -> list[str]:
    """What the page says where it does not draw all users."""
    if count <= MOST_USERS:
        return []
    return [
        f"Of {counted(count, 'user')} this page draws and lists {MOST_USERS}, evenly spread through the list; costs, "
        "and what stations have, are of all."
    ]


def map_of(world: World | None) -> dict[str, Any]:
    """The field ``map``: corners, origin and backhaul; nothing where there are no positions."""
    if world is None:
        return {}
    low, high = extent(world)
    origin = None if world.origin is None else dict(zip(("latitude_deg", "longitude_deg"), world.origin, strict=True))
    corners = zip(("min_x_m", "min_y_m", "max_x_m", "max_y_m"), (*low.tolist(), *high.tolist()), strict=True)
    return {"map": {**dict(corners), "origin": origin, **_links(world)}}


def _links(world: World) -> dict[str, Any]:
    """The links of a backhaul graph between points: stations and, after all of these, its nodes."""
    links = drawn_links(world)
    if world.graph is None or not links.size:
        return {}
    used, ends = np.unique(world.graph.link_nodes[links], return_inverse=True)
    x_m, y_m = world.graph.node_xy_m[used].T
    return {
        "nodes": {"x_m": reals(x_m), "y_m": reals(y_m), "id": [world.graph.node_ids[at] for at in used.tolist()]},
        "links": wholes(ends.reshape(-1, 2) + site_count(world)),
    }


def site_count(world: World) -> int:
    """Stations, and the cloud where maps show it."""
    return len(world.station_ids) + cloud_is_drawn(world)


def stations_of(case: Case) -> dict[str, Any]:
    """The field ``stations``: the hosts of the problem in their order, then a cloud that is drawn and hosts nothing."""
    problem, world = case.problem, case.world
    count = problem.stations if world is None else max(problem.stations, site_count(world))
    rest = count - problem.stations
    names = [problem.station_name(k) for k in range(problem.stations)]
    if world is not None and rest:
        assert world.cloud is not None
        names.append(world.cloud.name)
    return {
        "stations": {
            "count": count,
            "id": names,
            "is_host": wholes(_padded(problem.capacity > 0, rest)),
            "capacity": wholes(_padded(seats_shown(problem.capacity), rest)),
            "cpu_cycles_per_s": reals(_padded(problem.cpu, rest), "f64"),
            "opening_s": reals(_padded(problem.opening_s, rest), "f64"),
            **_rents(case, rest),
            **_places(world, count),
        }
    }


def _rents(case: Case, rest: int) -> dict[str, Any]:
    """What the stations cost a month, as it was stated where it was, where the cost is in money."""
    problem, world = case.problem, case.world
    if not problem.currency:
        return {}
    rents = problem.beta * problem.opening_s
    if world is not None and world.rent_per_month is not None:
        rents = _padded(world.rent_per_month, problem.stations - len(world.rent_per_month))
    return {"cost_per_month": reals(_padded(rents, rest), "f64")}


def _places(world: World | None, count: int) -> dict[str, Any]:
    if world is None:
        return {}
    xy_m = world.station_xy_m if len(world.station_ids) == count else np.vstack([world.station_xy_m, cloud_xy_m(world)])
    return {
        "x_m": reals(xy_m[:, 0]),
        "y_m": reals(xy_m[:, 1]),
        "is_cloud": wholes(np.arange(count) >= len(world.station_ids)),
        **label_fields(world.station_labels, range(count)),
    }


def users_of(case: Case) -> dict[str, Any]:
    """The field ``users``: those that are drawn."""
    problem, world = case.problem, case.world
    at = drawn_users(problem.users)
    fields = named_users([problem.user_name(i) for i in at.tolist()], at, problem.users)
    if problem.weight is not None:
        fields["weight"] = reals(problem.weight[at])
    deadline_s = deadlines_s(problem)
    if deadline_s is not None:
        fields["deadline_s"] = shown_reals(np.where(np.isfinite(deadline_s), deadline_s, np.nan)[at])
    if world is not None:
        fields |= {**positions(world.user_xy_m[at]), **twin_fields(world, at)}
    return {"users": fields}


def named_users(names: Sequence[str], drawn: IntArray, count: int) -> dict[str, Any]:
    """The fields of ``users`` that say who they are.

    Args:
        names: of those that are drawn.
        drawn: (n,) their indices.
        count: how many there are.
    """
    fields: dict[str, Any] = {"count": len(names)}
    if len(names) < count:
        fields |= {"of": count, "index": wholes(drawn, delta=True)}
    return fields if list(names) == [f"u{i}" for i in range(len(names))] else fields | {"id": list(names)}


def twin_fields(world: World, drawn: IntArray) -> dict[str, Any]:
    """The fields of ``users`` that are described with the world: sizes of twins, classes and labels."""
    sizes = {"history_bit": shown_reals(world.history_bits[drawn]), "update_bit": shown_reals(world.update_bits[drawn])}
    classes = {"class": [world.class_names[c] for c in world.user_class]} if world.class_names else {}
    return {**sizes, **label_fields(classes | dict(world.user_labels), drawn.tolist())}


def seats_shown(capacity: IntArray) -> IntArray:
    """Capacities as a page has them: `NO_LIMIT` where there is none."""
    return np.where(capacity < LARGEST_CAPACITY, capacity, NO_LIMIT)


def deadlines_s(problem: PlacementProblem) -> NDArray[np.float64] | None:
    """(N,) the deadlines of users on one update [s], those with a price too; None where there are none."""
    return problem.deadline_s if problem.priced_deadlines is None else problem.priced_deadlines.deadline_s


def positions(xy_m: NDArray[np.float64]) -> dict[str, Any]:
    """The columns of points (..., 2), to what a map shows of them."""
    span = float(np.ptp(xy_m.reshape(-1, 2), axis=0).max()) if xy_m.size else 0.0
    step = max(FINEST_M, span / STEPS)
    return {"x_m": steps(xy_m[..., 0], step), "y_m": steps(xy_m[..., 1], step)}


def label_fields(labels: Mapping[str, Sequence[str]], at: Sequence[int]) -> dict[str, Any]:
    """The field ``label``: a text each by name; the cloud, which stands after the stations, has none."""
    named = [
        {"name": name, "values": [texts[k] if k < len(texts) else "" for k in at]} for name, texts in labels.items()
    ]
    return {"label": named} if named else {}


def _padded(values: Any, rest: int) -> NDArray[Any]:
    """The values with zeros for what is drawn beside the hosts of the problem."""
    return np.append(values, np.zeros(rest, np.asarray(values).dtype))
