"""A plan as GeoJSON (RFC 7946): stations, users, the line from each user to its host, and the backhaul's links."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinhop.plans.link_loads import link_loads
from twinhop.plans.result import Plan
from twinhop.scenario import World, unproject
from twinhop.scenario.label_names import label_column

#: Where (0, 0) is drawn on Earth for scenarios that are nowhere: the features say so.
NOWHERE = (0.0, 0.0)
#: Digits of a degree: about a centimetre.
DIGITS = 7
#: Properties of stations and users, beside which labels stand.
OWN_NAMES = ("kind", "id", "user", "host", "opened", "twins", "capacity", "failed", "x_m", "y_m")


def map_features(plan: Plan) -> dict[str, Any]:
    """A FeatureCollection of a scenario's plan.

    Coordinates are longitude and latitude (WGS84). A scenario without ``area.origin`` is laid at latitude 0,
    longitude 0, and the collection says ``"georeferenced": false``; ``x_m`` and ``y_m`` are always given. What has no
    position, such as a cloud of which only the latency is known, has no geometry. Labels of stations and users are
    further properties.
    """
    world, placement, problem = plan.case.world, plan.solution.placement, plan.case.problem
    assert world is not None
    hosts = _lon_lat(world, world.host_xy_m)
    users = _lon_lat(world, world.user_xy_m)
    loads, seats = problem.twins_on(placement.host).tolist(), problem.seats.tolist()
    failed = () if plan.failure is None else plan.failure.stations
    features = [
        _feature(
            "Point",
            hosts[k],
            kind="station" if k < len(world.station_ids) else "cloud",
            id=problem.station_name(k),
            host=k >= len(world.station_ids) or bool(world.host[k]),
            opened=bool(placement.open[k]),
            twins=loads[k],
            capacity=seats[k],
            failed=k in failed,
            **_metres(world.host_xy_m[k]),
            **_labels(world.station_labels, k),
        )
        for k in range(problem.stations)
    ]
    for i, k in enumerate(placement.host.tolist()):
        names = {"user": problem.user_name(i), "host": problem.station_name(k)}
        weight = {} if problem.weight is None else {"weight": float(problem.weight[i])}
        about = {**names, **weight, **_metres(world.user_xy_m[i]), **_labels(world.user_labels, i)}
        features.append(_feature("Point", users[i], kind="user", **about))
        line = None if hosts[k] is None else [users[i], hosts[k]]
        features.append(_feature("LineString", line, kind="association", **names))
    features += _services(plan, world, hosts)
    features += _links(plan, world)
    summary = {
        "name": plan.case.name,
        **plan.case.problem.unit_to_json,
        "cost": plan.cost,
        "lower_bound": plan.lower_bound,
        "gap": plan.gap,
        "georeferenced": world.origin is not None,
        "attribution": list(world.attribution),
    }
    return {"type": "FeatureCollection", "twinhop": summary, "features": features}


def _services(plan: Plan, world: World, hosts: list[list[float] | None]) -> list[dict[str, Any]]:
    """Of each service a point where it runs, and a line from every server that hosts members' twins."""
    if plan.services is None:
        return []
    cloud, host = world.serving_cloud, plan.solution.placement.host
    if cloud is not None and not cloud.host:
        hosts = hosts + _lon_lat(world, np.array([cloud.xy_m or (np.nan, np.nan)]))
    features = []
    for placed, service in zip(plan.services.services, world.services, strict=True):
        where = hosts[placed.server]
        features.append(_feature("Point", where, kind="service", **placed.to_json()))
        for k, count in zip(*np.unique(host[service.members], return_counts=True), strict=True):
            line = None if where is None or hosts[k] is None else [hosts[k], where]
            names = {"service": placed.name, "from": plan.case.problem.station_name(int(k)), "members": int(count)}
            features.append(_feature("LineString", line, kind="extracts", **names, to=placed.server_name))
    return features


def _links(plan: Plan, world: World) -> list[dict[str, Any]]:
    """One feature a link of the backhaul graph, without geometry where an end has no position."""
    loads = link_loads(plan)
    if loads is None:
        return []
    ends = _lon_lat(world, loads.graph.node_xy_m)
    lines = [[ends[a], ends[b]] for a, b in loads.graph.link_nodes.tolist()]
    return [
        _feature("LineString", None if None in line else line, kind="link", **loads.describe(at))
        for at, line in enumerate(lines)
    ]


def _labels(labels: Mapping[str, tuple[str, ...]], at: int) -> dict[str, str]:
    """The labels of one; the cloud, which stands after the stations, has none."""
    has_text = {name: texts[at] for name, texts in labels.items() if at < len(texts) and texts[at]}
    return {label_column(name, OWN_NAMES): text for name, text in has_text.items()}


def _metres(xy_m: NDArray[np.float64]) -> dict[str, float]:
    return {"x_m": float(xy_m[0]), "y_m": float(xy_m[1])} if np.isfinite(xy_m).all() else {}


def _lon_lat(world: World, xy_m: NDArray[np.float64]) -> list[list[float] | None]:
    """Longitude and latitude of points; None of a point without position."""
    has_place = np.asarray(np.isfinite(xy_m).all(axis=1))
    x_m, y_m = np.where(has_place[:, None], xy_m, 0.0).T
    latitude, longitude = unproject(x_m, y_m, world.origin or NOWHERE)
    points = np.round(np.column_stack([longitude, latitude]), DIGITS).tolist()
    return [point if placed else None for point, placed in zip(points, has_place.tolist(), strict=True)]


def _feature(kind_of_geometry: str, coordinates: Any, **properties: Any) -> dict[str, Any]:
    geometry = None if coordinates is None else {"type": kind_of_geometry, "coordinates": coordinates}
    return {"type": "Feature", "geometry": geometry, "properties": properties}
