"""Where on Earth a trace lies: its origin, and the metres of its positions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twinhop.scenario import geo
from twinhop.scenario.place_sections import Origin

EDGE_POINTS = 33
"""A box of latitudes and longitudes is bounded in metres by this number of points on each of its edges."""
ORIGIN_DECIMALS = 7
"""The origin is kept to about a centimetre."""
ORIGIN_STEPS = 4
"""Moving the origin turns the local axes a little, so it is moved again."""

FloatArray = NDArray[np.float64]


def local_m(lon_lat_deg: FloatArray, origin: Origin) -> FloatArray:
    """(n, 2) local metres of (n, 2) longitudes and latitudes [degree]."""
    return np.column_stack(geo.project(lon_lat_deg[:, 1], lon_lat_deg[:, 0], (origin.lat_deg, origin.lon_deg)))


def moved_m(xy_m: FloatArray, origin: Origin, to: Origin) -> FloatArray:
    """(n, 2) local metres about one origin as those about another [m]."""
    lat_deg, lon_deg = geo.unproject(xy_m[:, 0], xy_m[:, 1], (origin.lat_deg, origin.lon_deg))
    return np.column_stack(geo.project(lat_deg, lon_deg, (to.lat_deg, to.lon_deg)))


def box_m(lowest_deg: FloatArray, highest_deg: FloatArray, origin: Origin) -> tuple[FloatArray, FloatArray]:
    """Least and largest x and y of a box of longitudes and latitudes [m].

    Args:
        lowest_deg: (2,) least longitude and latitude [degree].
        highest_deg: (2,) largest [degree].
        origin: of the local metres.
    """
    share = np.linspace(0.0, 1.0, EDGE_POINTS)
    (west, south), (east, north) = lowest_deg, highest_deg
    lon, lat = west + share * (east - west), south + share * (north - south)
    edges = [(lon, np.full_like(lon, side)) for side in (south, north)]
    edges += [(np.full_like(lat, side), lat) for side in (west, east)]
    points = local_m(np.concatenate([np.column_stack(edge) for edge in edges]), origin)
    return points.min(axis=0), points.max(axis=0)


def south_west(lowest_deg: FloatArray, highest_deg: FloatArray) -> Origin:
    """The origin from which all of a box of longitudes and latitudes lies north and east, to about a metre.

    >>> south_west(np.array([144.95, -37.82]), np.array([144.97, -37.80]))
    Origin(lat_deg=-37.82..., lon_deg=144.9...)
    """
    origin = Origin(lat_deg=float(lowest_deg[1]), lon_deg=float(lowest_deg[0]))
    for _ in range(ORIGIN_STEPS):
        corner_m, _ = box_m(lowest_deg, highest_deg, origin)
        lat_deg, lon_deg = geo.unproject(corner_m[0] - 1.0, corner_m[1] - 1.0, (origin.lat_deg, origin.lon_deg))
        origin = Origin(lat_deg=round(float(lat_deg), ORIGIN_DECIMALS), lon_deg=round(float(lon_deg), ORIGIN_DECIMALS))
    return origin
