"""Between latitude and longitude and local metres: azimuthal equidistant projection on WGS84."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from pyproj import Proj


@lru_cache(maxsize=32)
def _projection(origin: tuple[float, float]) -> Proj:
    from pyproj import Proj  # slow to import, and only coordinates on Earth need it

    lat_deg, lon_deg = origin
    return Proj(proj="aeqd", lat_0=lat_deg, lon_0=lon_deg, datum="WGS84", units="m")


def project(
    lat_deg: ArrayLike, lon_deg: ArrayLike, origin: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Local metres of points on Earth.

    Args:
        lat_deg: latitudes, any shape [degree].
        lon_deg: longitudes, the same shape [degree].
        origin: latitude and longitude of the local (0, 0), the centre of the projection [degree].

    Returns:
        x (eastwards) and y (northwards), the same shape [m].

    Source: Snyder, Map Projections (USGS 1395), chapter 25, by PROJ.

    >>> x_m, y_m = project(-37.80, 144.97, origin=(-37.81, 144.97))
    >>> round(float(x_m), 3), round(float(y_m))
    (0.0, 1110)
    """
    x_m, y_m = _projection(origin)(np.asarray(lon_deg, dtype=np.float64), np.asarray(lat_deg, dtype=np.float64))
    return np.asarray(x_m), np.asarray(y_m)


def unproject(
    x_m: ArrayLike, y_m: ArrayLike, origin: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Latitude and longitude of local points; the inverse of `project`.

    Args:
        x_m: eastwards of the origin, any shape [m].
        y_m: northwards of the origin, the same shape [m].
        origin: latitude and longitude of the local (0, 0) [degree].

    Returns:
        Latitude and longitude, the same shape [degree].

    >>> lat_deg, lon_deg = unproject(0.0, 0.0, origin=(-37.81, 144.97))
    >>> round(float(lat_deg), 7), round(float(lon_deg), 7)
    (-37.81, 144.97)
    """
    lon_deg, lat_deg = _projection(origin)(
        np.asarray(x_m, dtype=np.float64), np.asarray(y_m, dtype=np.float64), inverse=True
    )
    return np.asarray(lat_deg), np.asarray(lon_deg)


def geodesic_m(a_lat_lon_deg: NDArray[np.float64], b_lat_lon_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distances on the WGS84 ellipsoid between points of two lists.

    Args:
        a_lat_lon_deg: (n, 2) latitudes and longitudes [degree].
        b_lat_lon_deg: (n, 2) latitudes and longitudes [degree].

    Returns:
        (n,) distances [m].

    Source: Karney, Algorithms for geodesics (2013), by PROJ.

    >>> round(float(geodesic_m(np.array([[0.0, 0.0]]), np.array([[0.0, 1.0]]))[0]))
    111319
    """
    from pyproj import Geod  # slow to import, and only coordinates on Earth need it

    (a_lat, a_lon), (b_lat, b_lon) = a_lat_lon_deg.T, b_lat_lon_deg.T
    return np.asarray(Geod(ellps="WGS84").inv(a_lon, a_lat, b_lon, b_lat)[2])
