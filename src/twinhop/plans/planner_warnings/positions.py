"""Positions that look swapped, or are too far apart or too close for a city."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twinhop.placement.problem import FloatArray
from twinhop.plans.planner_warnings.warning import PlannerWarning
from twinhop.scenario import World, unproject
from twinhop.scenario.sanity import LARGEST_EXTENT_M, metres_text

SWAPPED, EXTENT = "swapped_coordinates", "extent"
#: Users are elsewhere where at most this part of them is among the stations, and would be there swapped where at least
#: this part were [1].
ELSEWHERE, THERE = 0.1, 0.9
#: Among the stations: within their extent, and around it so much of the same side, and of the larger one at least [1].
MARGIN, LEAST_MARGIN = 0.25, 0.1
#: Stations that all lie within this are none of a city [m].
SMALLEST_EXTENT_M = 1.0


def position_warnings(world: World) -> Iterator[PlannerWarning]:
    """Users who are among the stations only with their coordinates swapped, or an extent that no city has."""
    users, stations = world.user_xy_m, world.station_xy_m
    if not users.size or not stations.size:
        return
    if _share_among(users, stations) <= ELSEWHERE:
        if world.origin is None:
            first, second = "x_m", "y_m"
            swapped = _share_among(users[:, ::-1], stations)
        else:
            first, second = "latitude", "longitude"
            swapped = _share_among(_lat_lon(world, users)[:, ::-1], _lat_lon(world, stations))
        if swapped >= THERE:
            yield PlannerWarning(
                SWAPPED,
                f"{first} and {second} of users look swapped: hardly a user is among the stations, and "
                f"{100 * swapped:.3g} % would be if they were exchanged; exchange the two columns of the users",
            )
            return
    extent_m = float(np.ptp(users, axis=0).max())
    if extent_m > LARGEST_EXTENT_M:
        yield PlannerWarning(
            EXTENT,
            f"positions of users extend over {metres_text(extent_m)}, more than {metres_text(LARGEST_EXTENT_M)}: is "
            "one elsewhere, or given in another unit? give x_m and y_m in metres, or leave out what is not of the city",
        )
    elif len(stations) > 1 and 0 < float(np.ptp(stations, axis=0).max()) < SMALLEST_EXTENT_M:
        yield PlannerWarning(
            EXTENT,
            f"all stations lie within {float(np.ptp(stations, axis=0).max()):.3g} m: were positions given in degrees "
            "or kilometres? give x_m and y_m in metres, or lat and lon",
        )


def _share_among(points: FloatArray, stations: FloatArray) -> float:
    """The part of some points that lies within the extent of the stations and the margin around it."""
    low, high = stations.min(axis=0), stations.max(axis=0)
    side = high - low
    margin = np.maximum(MARGIN * side, LEAST_MARGIN * side.max())
    return float(((points >= low - margin) & (points <= high + margin)).all(axis=1).mean())


def _lat_lon(world: World, xy_m: FloatArray) -> FloatArray:
    assert world.origin is not None
    lat_deg, lon_deg = unproject(xy_m[:, 0], xy_m[:, 1], world.origin)
    return np.column_stack([lat_deg, lon_deg])
