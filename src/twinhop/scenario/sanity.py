"""The sanity pass of every import: what was understood of a file, and what about it is odd; the same for all formats.

A reader gathers figures, the functions here turn them into notes; each note names the option that mends it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twinhop.text import counted

FASTEST_MPS = 100.0
"""Faster than cars and trains; what flies is faster, so this is worth a note and no more."""
ABSURD_MPS = 1000.0
"""Nothing that uses a mobile network is faster: where the typical step is, units or columns are misread."""
SLOWEST_MPS = 0.05
"""Where even the fast steps of users that move are slower, times or positions are in another unit."""
LARGEST_EXTENT_M = 200e3
"""Larger than any city and its surroundings."""
EARTH_RADIUS_M = 6_371_008.8
"""Mean radius (IUGG)."""
LARGEST_LAT_DEG, LARGEST_LON_DEG = 90.0, 180.0
UNPLACED = -(2.0**30)
"""SUMO's INVALID_DOUBLE, the coordinate of what stands nowhere."""
NO_FIX, NO_DEGREES = (91.0, 181.0), (-9999.0, -999.0, 999.0, 9999.0)
"""Latitude and longitude that receivers of AIS write where they know none, and what others write."""
MOST_NAMES = 8
"""So many columns are named in a line."""
STATED_SPEED_FACTOR = 3.0
"""Speeds of a file and of its positions may differ by as much: positions are rounded, and curves are cut."""
KMH_PER_MPS, KMH_TOLERANCE = 3.6, 0.1
SYSTEM = re.compile(r"(?:EPSG|CRS|OGC)\W{0,3}(?:[\d.]*\W{1,2})?(CRS\s?84|\d{4,6})\b", re.IGNORECASE)
"""`EPSG:32632`, `urn:ogc:def:crs:EPSG::32632`, `http://www.opengis.net/def/crs/EPSG/0/4326`, `OGC:CRS84`."""
FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class FastestStep:
    """The fastest step of all users from one record to the next.

    Attributes:
        user: who.
        moment: when it ends, as the file states times.
        speed_mps: distance over time [m/s].
        place: the line at which it ends, where the file has lines.
        over: how many steps are faster than `FASTEST_MPS`.
        steps: how many steps there are.
    """

    user: str
    moment: str
    speed_mps: float
    place: str = ""
    over: int = 0
    steps: int = 0


@dataclass(frozen=True)
class ImportSummary:
    """What an import understood of a file. What does not apply is None or empty, and is not shown.

    Attributes:
        layout: format, and how it was laid out.
        rows: records, or rows.
        users: number of users, in words where there are kinds.
        interval_s: median time between two records of a user [s].
        units: of positions and times.
        extent_m: width and height of all positions [m].
        fastest: the fastest step of all.
        columns_used: columns or attributes that were read.
        columns_unused: those that were not.
        facts: further names and values.
        notes: what was done to the records, what had to be assumed, what is odd.
    """

    layout: str
    rows: int | None = None
    users: str | None = None
    interval_s: float | None = None
    units: str | None = None
    extent_m: tuple[float, float] | None = None
    fastest: FastestStep | None = None
    columns_used: tuple[str, ...] = ()
    columns_unused: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = field(default=())

    def lines(self) -> list[tuple[str, str]]:
        """Names and values, for a table of two columns."""
        extent = None if self.extent_m is None else f"{metres_text(self.extent_m[0])} x {metres_text(self.extent_m[1])}"
        fastest = None if self.fastest is None else f"{self.fastest.user}, {speed_text(self.fastest.speed_mps)}"
        every = [
            ("layout", self.layout),
            ("rows", None if self.rows is None else str(self.rows)),
            ("users", self.users),
            ("interval", None if self.interval_s is None else f"{self.interval_s:.6g} s (median)"),
            ("units", self.units),
            ("extent", extent),
            ("fastest user", fastest),
            ("columns used", few_names(self.columns_used)),
            ("columns not used", few_names(self.columns_unused)),
            *self.facts,
        ]
        return [(name, value) for name, value in every if value]

    def to_json(self) -> dict[str, Any]:
        """The same for machines."""
        return {
            "layout": self.layout,
            "rows": self.rows,
            "users": self.users,
            "interval_s": self.interval_s,
            "units": self.units,
            "extent_m": None if self.extent_m is None else list(self.extent_m),
            "fastest": None
            if self.fastest is None
            else {("user_id" if name == "user" else name): value for name, value in vars(self.fastest).items()},
            "columns_used": list(self.columns_used),
            "columns_unused": list(self.columns_unused),
            "facts": dict(self.facts),
            "notes": list(self.notes),
        }


def few_names(names: Sequence[str]) -> str:
    """Some names in a line, and how many more there are.

    >>> few_names(["id", "lat"]), few_names([])
    ('id, lat', '')
    """
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def metres_text(length_m: float) -> str:
    """A length in the unit in which it is read best.

    >>> metres_text(734.2), metres_text(5_769_000.0)
    ('734 m', '5769 km')
    """
    return f"{length_m:.0f} m" if length_m < 10_000 else f"{length_m / 1000:.0f} km"


def speed_text(speed_mps: float) -> str:
    """A speed.

    >>> speed_text(10.61), speed_text(11_600_000.0)
    ('10.6 m/s', '11600 km/s')
    """
    return f"{speed_mps:.3g} m/s" if speed_mps < 10_000 else f"{speed_mps / 1000:.0f} km/s"


def extent_notes(extent_m: tuple[float, float] | None, option: str) -> list[str]:
    """A note where positions lie farther apart than in any city.

    Args:
        extent_m: width and height of all positions [m].
        option: what mends it.

    >>> extent_notes((5_769_000.0, 10.0), "--max-speed-mps leaves out records that are too far off")
    ['positions extend over 5769 km, more than 200 km; --max-speed-mps leaves out records that are too far off']
    >>> extent_notes((3000.0, 10.0), "")
    []
    """
    largest_m = 0.0 if extent_m is None else max(extent_m)
    if not largest_m > LARGEST_EXTENT_M:
        return []
    return [f"positions extend over {metres_text(largest_m)}, more than {metres_text(LARGEST_EXTENT_M)}; {option}"]


def fastest_notes(fastest: FastestStep | None, option: str) -> list[str]:
    """A note where the fastest step of all is faster than cars and trains.

    >>> step = FastestStep("t0", "2.5 s", 1.16e7, "line 5", over=2, steps=15)
    >>> fastest_notes(step, "--max-speed-mps 100 leaves such records out")[0]
    "user 't0' moves at 11600 km/s to its record at 2.5 s (line 5), and 2 of 15 steps are faster than 100 m/s; --max-speed-mps 100 leaves such records out"
    """  # noqa: E501
    if fastest is None or not fastest.speed_mps > FASTEST_MPS:
        return []
    place = f" ({fastest.place})" if fastest.place else ""
    many = f"{fastest.over} of {counted(fastest.steps, 'step')} {'is' if fastest.over == 1 else 'are'} faster than"
    return [
        f"user {fastest.user!r} moves at {speed_text(fastest.speed_mps)} to its record at {fastest.moment}{place}, and "
        f"{many} {FASTEST_MPS:g} m/s; {option}"
    ]


def slow_notes(fast_mps: float, interval_s: float, option: str) -> list[str]:
    """A note where users that move hardly do, as where milliseconds were taken for seconds.

    Args:
        fast_mps: the speed that few steps exceed [m/s].
        interval_s: median time between two records of a user [s].
        option: what mends it.

    >>> slow_notes(0.007, 1000.0, "--time-unit says otherwise")
    ['nobody moves faster than 0.007 m/s, with a record every 1000 s; --time-unit says otherwise']
    >>> slow_notes(1.4, 1.0, ""), slow_notes(0.0, 1.0, "")
    ([], [])
    """
    if not 0.0 < fast_mps < SLOWEST_MPS:
        return []
    return [f"nobody moves faster than {fast_mps:.3g} m/s, with a record every {interval_s:.6g} s; {option}"]


def agrees(ratio: float) -> bool:
    """Whether the speeds of positions fit those that the file states, in m/s or km/h.

    Args:
        ratio: median of the one over the other.

    >>> agrees(0.9), agrees(1 / 3.6), agrees(0.1)
    (True, True, False)
    """
    if abs(ratio * KMH_PER_MPS - 1.0) < KMH_TOLERANCE:
        return True
    return 1.0 / STATED_SPEED_FACTOR <= ratio <= STATED_SPEED_FACTOR


def stated_speed_notes(ratio: float | None, option: str) -> list[str]:
    """A note where the speeds that a file states are not those of its positions.

    Args:
        ratio: median of the speeds of positions over those stated; None: none is stated.
        option: what mends it.

    >>> stated_speed_notes(60.0, "--columns says otherwise")
    ['positions move 60 times as fast as the speeds that the file states; --columns says otherwise']
    """
    if ratio is None or agrees(ratio):
        return []
    return [f"positions move {ratio:.3g} times as fast as the speeds that the file states; {option}"]


def distance_m(a_lon_lat_deg: FloatArray, b_lon_lat_deg: FloatArray) -> FloatArray:
    """Distances on a sphere, to half a per cent; the date line and the poles are as other places.

    Args:
        a_lon_lat_deg: (n, 2) longitudes and latitudes [degree].
        b_lon_lat_deg: (n, 2) longitudes and latitudes [degree].

    Returns:
        (n,) distances [m].

    Source: the haversine formula.

    >>> distance_m(np.array([[179.9, 0.0]]), np.array([[-180.0, 0.0]])).round()
    array([11120.])
    """
    (lon_a, lat_a), (lon_b, lat_b) = np.radians(a_lon_lat_deg).T, np.radians(b_lon_lat_deg).T
    part = np.sin((lat_b - lat_a) / 2) ** 2 + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip(part, 0.0, 1.0)))


def is_unplaced(x_m: ArrayLike, y_m: ArrayLike) -> NDArray[np.bool_]:
    """Which positions are SUMO's mark of a vehicle that stands nowhere, -1073741824.

    >>> is_unplaced([-1073741824.0, 3.0], [-1073741824.0, 4.0]).tolist()
    [True, False]
    """
    return (np.asarray(x_m) <= UNPLACED) | (np.asarray(y_m) <= UNPLACED)


def is_no_position(lat_deg: float, lon_deg: float) -> bool:
    """Whether a latitude and a longitude are what receivers write that know none.

    >>> is_no_position(91.0, 181.0), is_no_position(-999.0, -999.0), is_no_position(91.0, 5.0)
    (True, True, False)
    """
    return (lat_deg, lon_deg) == NO_FIX or lat_deg in NO_DEGREES or lon_deg in NO_DEGREES


def latitude_fault(lat_deg: float, lon_deg: float) -> str | None:
    """What is wrong with a latitude and a longitude; None where they are a place on Earth.

    >>> latitude_fault(52.0, 5.0)
    >>> latitude_fault(91.0, 181.0)
    'latitude 91, longitude 181 is a mark of no position'
    >>> latitude_fault(144.96, -37.81)
    'latitude 144.96 is not from -90 to 90; are latitude and longitude swapped?'
    >>> latitude_fault(10.0, 190.0)
    'longitude 190 is not from -180 to 180'
    """
    if is_no_position(lat_deg, lon_deg):
        return f"latitude {lat_deg:g}, longitude {lon_deg:g} is a mark of no position"
    if not abs(lat_deg) <= LARGEST_LAT_DEG:
        swapped = abs(lat_deg) <= LARGEST_LON_DEG and abs(lon_deg) <= LARGEST_LAT_DEG
        return f"latitude {lat_deg:g} is not from -90 to 90{'; are latitude and longitude swapped?' * swapped}"
    return None if abs(lon_deg) <= LARGEST_LON_DEG else f"longitude {lon_deg:g} is not from -180 to 180"


def zero_positions(lat_deg: ArrayLike, lon_deg: ArrayLike) -> NDArray[np.bool_]:
    """Which positions are (0, 0), as receivers write where they know none, while the others are far from there.

    >>> zero_positions([0.0, 52.0, 52.1], [0.0, 5.0, 5.0]).tolist()
    [True, False, False]
    >>> zero_positions([0.0, 0.001], [0.0, 0.001]).tolist()
    [False, False]
    """
    at = np.column_stack([np.asarray(lon_deg, dtype=np.float64), np.asarray(lat_deg, dtype=np.float64)])
    zero = (at == 0.0).all(axis=1)
    others = at[~zero]
    if not zero.any() or not len(others) or distance_m(others, np.zeros_like(others)).min() <= LARGEST_EXTENT_M:
        return np.zeros(len(at), np.bool_)
    return zero


def lon_span(lon_deg: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Least and largest longitude, the largest beyond 180 where positions lie on both sides of the date line.

    Args:
        lon_deg: least and largest longitude as given, and of those modulo 360 [degree].

    >>> lon_span([(-180.0, 179.9999), (179.9997, 180.0002)])
    (179.9997, 180.0002)
    >>> lon_span([(-122.5, -122.3), (237.5, 237.7)])
    (-122.5, -122.3)
    """
    plain, turned = lon_deg
    return turned if turned[1] - turned[0] < plain[1] - plain[0] - 1e-9 else plain


def unwrapped(lon_deg: ArrayLike) -> FloatArray:
    """Longitudes, some beyond 180 where they lie on both sides of the date line, so that their mean is among them.

    >>> unwrapped([179.9, -179.9]).round(1).tolist(), unwrapped([-5.0, 5.0]).tolist()
    ([179.9, 180.1], [-5.0, 5.0])
    """
    plain = np.asarray(lon_deg, dtype=np.float64)
    turned = plain % 360.0
    if not plain.size:
        return plain
    spans = [(float(each.min()), float(each.max())) for each in (plain, turned)]
    return plain if lon_span(spans) == spans[0] else turned


def coordinate_system(name: str) -> str | None:
    """The authority and code of a coordinate system that a file names; None where the name has none.

    >>> coordinate_system("urn:ogc:def:crs:EPSG::32632"), coordinate_system("urn:ogc:def:crs:OGC:1.3:CRS84")
    ('EPSG:32632', 'OGC:CRS84')
    >>> coordinate_system("local grid")
    """
    match = SYSTEM.search(name)
    if match is None:
        return None
    code = match[1].upper().replace(" ", "")
    return "OGC:CRS84" if code == "CRS84" else f"EPSG:{code}"


def system_degrees(x: ArrayLike, y: ArrayLike, system: str) -> tuple[FloatArray, FloatArray]:
    """Latitudes and longitudes of positions in a coordinate system.

    Args:
        x: eastings or longitudes, any shape.
        y: northings or latitudes, the same shape.
        system: such as `EPSG:32632`.

    Raises:
        ValueError: the system is not known.

    >>> lat_deg, lon_deg = system_degrees(500_000.0, 5_700_000.0, "EPSG:32632")
    >>> round(float(lat_deg), 3), round(float(lon_deg), 3)
    (51.451, 9.0)
    """
    from pyproj import Transformer  # slow to import, and only files that name a system need it
    from pyproj.exceptions import CRSError

    try:
        transformer = Transformer.from_crs(system, "EPSG:4326", always_xy=True)
    except CRSError:
        raise ValueError(f"coordinate system {system[:40]!r} is not known") from None
    lon_deg, lat_deg = transformer.transform(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
    return np.asarray(lat_deg), np.asarray(lon_deg)
