"""A plan as GeoJSON (RFC 7946): stations, users, and the link from each user to its host."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinhop.experiments.planning import Plan
from twinhop.scenario import World, unproject

#: Where (0, 0) is drawn on Earth for scenarios that are nowhere: the features say so.
NOWHERE = (0.0, 0.0)
#: Digits of a degree: about a centimetre.
DIGITS = 7


def map_features(plan: Plan) -> dict[str, Any]:
    """A FeatureCollection of a scenario's plan.

    Coordinates are longitude and latitude (WGS84). A scenario without ``area.origin`` is laid at latitude 0,
    longitude 0, and the collection says ``"georeferenced": false``; ``x_m`` and ``y_m`` are always given.
    """
    world, placement, problem = plan.case.world, plan.solution.placement, plan.case.problem
    assert world is not None
    stations = _lon_lat(world, world.station_xy_m)
    users = _lon_lat(world, world.user_xy_m)
    loads = placement.loads()
    features = [
        _feature(
            "Point",
            stations[k],
            kind="station",
            id=problem.station_name(k),
            host=bool(world.host[k]),
            opened=bool(placement.open[k]),
            twins=int(loads[k]),
            capacity=int(problem.capacity[k]),
            x_m=float(world.station_xy_m[k, 0]),
            y_m=float(world.station_xy_m[k, 1]),
        )
        for k in range(problem.stations)
    ]
    for i, k in enumerate(placement.host.tolist()):
        names = {"user": problem.user_name(i), "host": problem.station_name(k)}
        position = {"x_m": float(world.user_xy_m[i, 0]), "y_m": float(world.user_xy_m[i, 1])}
        features.append(_feature("Point", users[i], kind="user", **names, **position))
        features.append(_feature("LineString", [users[i], stations[k]], kind="association", **names))
    summary = {
        "name": plan.case.name,
        "cost": plan.cost,
        "lower_bound": plan.lower_bound,
        "gap": plan.gap,
        "georeferenced": world.origin is not None,
        "attribution": list(world.attribution),
    }
    return {"type": "FeatureCollection", "twinhop": summary, "features": features}


def _lon_lat(world: World, xy_m: NDArray[np.float64]) -> list[list[float]]:
    latitude, longitude = unproject(xy_m[:, 0], xy_m[:, 1], world.origin or NOWHERE)
    return np.round(np.column_stack([longitude, latitude]), DIGITS).tolist()


def _feature(kind_of_geometry: str, coordinates: Any, **properties: Any) -> dict[str, Any]:
    geometry = {"type": kind_of_geometry, "coordinates": coordinates}
    return {"type": "Feature", "geometry": geometry, "properties": properties}
