"""A scenario from two CSV files, one of stations and one of users."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from twinhop.errors import InputError
from twinhop.scenario import geo
from twinhop.scenario.files.csv_rows import CsvPoints, check_nearness, local_positions, read_stations, read_users
from twinhop.scenario.place_sections import DEFAULT_CLASS, Origin
from twinhop.scenario.presets import presets
from twinhop.scenario.presets.family import family_constants
from twinhop.scenario.schema.scenario import SCHEMA_VERSION, Scenario
from twinhop.scenario.validation_errors import input_error
from twinhop.text import suggestion

PRESETS = ("family", "lu2021")
"""Where the constants that no column gives may come from."""
LU2021_PRESET = "lu2021-n100-m10"
MARGIN_SHARE, LEAST_MARGIN_M = 0.02, 50.0
"""The area leaves this share of its extent, and at least this distance [m], around the outermost points."""
LEAST_EXTENT_M = 1000.0
"""Local coordinates that begin within this distance, or the extent of the points, of (0, 0) are kept as they are."""
ORIGIN_DECIMALS = 7
"""The origin is kept to about a centimetre."""
MOST_ORIGIN_STEPS = 8
"""Moving the origin turns the local axes a little, so it is moved again until all points lie inside."""


def import_csv(
    stations: str | Path,
    users: str | Path,
    *,
    preset: str = "family",
    name: str | None = None,
    seed: int = 0,
    attribution: Sequence[str] = (),
) -> Scenario:
    """Make a scenario of a CSV file of stations and one of users.

    Both give `id,x_m,y_m`, or both `id,lat,lon`. Stations may add `host`, `cpu_gcycles_per_s`, `capacity_users` and
    `opening_s`; users `history_mbit`, `update_mbit`, `deadline_ms` (which turns deadlines on), `tx_power_w`, `class`.
    Latitude and longitude are projected to local metres with (0, 0) south-west of all points. Local coordinates are
    kept, or shifted as a whole where they are negative or begin far from (0, 0).

    Args:
        stations: CSV file of stations.
        users: CSV file of users.
        preset: constants that no column gives: `family`, scaled to the number of users and stations, or `lu2021`.
        name: name of the scenario; by default the name of the stations' file.
        seed: root seed.
        attribution: data sources and licences, carried into reports.

    Returns:
        The scenario, with stations and users listed.

    Raises:
        InputError: if a file is not usable, the two do not belong together, or the preset is unknown.
    """
    return scenario_of_points(
        read_stations(Path(stations)),
        read_users(Path(users)),
        preset=preset,
        name=name if name is not None else Path(stations).stem,
        seed=seed,
        attribution=attribution,
    )


def scenario_of_points(
    stations: CsvPoints,
    users: CsvPoints,
    *,
    name: str,
    preset: str = "family",
    seed: int = 0,
    sections: dict[str, Any] | None = None,
    attribution: Sequence[str] = (),
) -> Scenario:
    """Make a scenario of stations and users read from anywhere; what every importer ends with.

    Args:
        stations: the stations.
        users: the users, in the same kind of coordinates.
        name: name of the scenario.
        preset: constants that no field gives: `family`, scaled to the number of users and stations, or `lu2021`.
        seed: root seed.
        sections: fields of further sections, or in place of the preset's.
        attribution: data sources and licences, carried into reports.

    Returns:
        The scenario, with stations and users listed.

    Raises:
        InputError: if a value is not usable, the two do not belong together, or the preset is unknown.
    """
    if preset not in PRESETS:
        raise InputError(f"{preset}: unknown preset; {suggestion(preset, PRESETS)}accepted: {', '.join(PRESETS)}")
    area, station_xy_m, user_xy_m = _placed(stations, users)
    constants = _constants(preset, len(users.fields), len(stations.fields))
    if any("deadline_ms" in fields for fields in users.fields):
        constants["objective"] = {**constants["objective"], "deadlines": True}
    named = [fields["class"] for fields in users.fields if "class" in fields]
    classes = dict.fromkeys(
        each for each in named if not isinstance(each, list | dict)
    )  # which the rows' checks refuse
    if classes:  # rows name their classes, so none is drawn by its share
        listed = [{"name": each, "share": 0.0} for each in classes if each != DEFAULT_CLASS]
        constants["users"] = {**constants.get("users", {}), "classes": listed}
    for section, fields in (sections or {}).items():
        constants[section] = {**constants.get(section, {}), **fields}
    value = {
        **constants,
        "schema_version": SCHEMA_VERSION,
        "name": name,
        "seed": seed,
        "area": area,
        "stations": {**constants["stations"], "list": stations.listed(station_xy_m)},
        "users": {**constants.get("users", {}), "list": users.listed(user_xy_m)},
        **({"attribution": list(attribution)} if attribution else {}),
    }

    def where(paths: Collection[tuple[str | int, ...]]) -> dict[tuple[str | int, ...], str]:
        return {path: users.name if path[:1] == ("users",) else stations.name for path in paths}

    try:
        return Scenario.model_validate(value)
    except ValidationError as error:
        raise input_error(error, Scenario, where) from None


def _constants(preset: str, n_users: int, n_stations: int) -> dict[str, Any]:
    if preset == "family":
        return family_constants(n_users, n_stations)
    table = presets.preset(LU2021_PRESET).model_dump(by_alias=True, exclude_unset=True)
    for section in ("stations", "users"):
        del table[section]["generate"]
    return table


def _placed(stations: CsvPoints, users: CsvPoints) -> tuple[dict[str, Any], NDArray[np.float64], NDArray[np.float64]]:
    """The area that holds all points, and the positions of stations and users in it, each (rows, 2) [m]."""
    where = f"{stations.name} and {users.name}"
    if stations.is_geographic != users.is_geographic:
        raise InputError(f"{where}: one gives x_m,y_m and the other lat,lon; both must give the same")
    origin = None
    if stations.is_geographic:
        centre = _centroid(stations.positions)
        check_nearness(local_positions(stations, centre), local_positions(users, centre), where)
        origin = _south_west(stations, users, centre)
        station_xy_m, user_xy_m = local_positions(stations, origin), local_positions(users, origin)
    else:
        check_nearness(stations.positions, users.positions, where)
        shift_m = _shift_m(np.concatenate([stations.positions, users.positions]))
        station_xy_m, user_xy_m = stations.positions + shift_m, users.positions + shift_m
    points = np.concatenate([station_xy_m, user_xy_m])
    width_m, height_m = (math.ceil(edge) for edge in points.max(axis=0) + _margin_m(points))
    area: dict[str, Any] = {"width_m": width_m, "height_m": height_m}
    return (area | {"origin": origin.model_dump()} if origin else area), station_xy_m, user_xy_m


def _centroid(lat_lon_deg: NDArray[np.float64]) -> Origin:
    """The middle of the points; longitudes are averaged on the circle, since they may straddle 180 degrees."""
    lat_deg, lon = lat_lon_deg[:, 0].mean(), np.deg2rad(lat_lon_deg[:, 1])
    lon_deg = np.rad2deg(np.arctan2(np.sin(lon).mean(), np.cos(lon).mean()))
    return Origin(lat_deg=float(lat_deg), lon_deg=float(lon_deg))


def _south_west(stations: CsvPoints, users: CsvPoints, centre: Origin) -> Origin:
    origin = centre
    for _ in range(MOST_ORIGIN_STEPS):
        points = np.concatenate([local_positions(stations, origin), local_positions(users, origin)])
        if origin is not centre and (points.min(axis=0) >= 0).all():
            break
        corner_m = points.min(axis=0) - _margin_m(points)
        lat_deg, lon_deg = geo.unproject(*corner_m, (origin.lat_deg, origin.lon_deg))
        origin = Origin(lat_deg=round(float(lat_deg), ORIGIN_DECIMALS), lon_deg=round(float(lon_deg), ORIGIN_DECIMALS))
    return origin


def _shift_m(points: NDArray[np.float64]) -> NDArray[np.float64]:
    lowest, extent_m = points.min(axis=0), np.ptp(points, axis=0).max()
    if (lowest >= 0).all() and (lowest <= max(extent_m, LEAST_EXTENT_M)).all():
        return np.zeros(2)
    return np.ceil(_margin_m(points)) - np.floor(lowest)


def _margin_m(points: NDArray[np.float64]) -> float:
    return max(LEAST_MARGIN_M, MARGIN_SHARE * float(np.ptp(points, axis=0).max()))
