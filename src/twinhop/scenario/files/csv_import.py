"""A scenario from two tables, one of stations and one of users, and what was understood of them."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from twinhop.errors import InputError
from twinhop.io.table import Decimal, table_columns
from twinhop.scenario import geo
from twinhop.scenario.column_names import ColumnChoice
from twinhop.scenario.fields import LARGEST_VALUE
from twinhop.scenario.files.csv_computed import missing_columns, statement
from twinhop.scenario.files.csv_labels import check_labels, parse_labels
from twinhop.scenario.files.csv_rows import (
    STATION_COLUMNS,
    USER_COLUMNS,
    CsvPoints,
    check_nearness,
    local_positions,
    read_stations,
    read_users,
)
from twinhop.scenario.files.csv_table import TableOptions
from twinhop.scenario.files.hours_table import HoursTable, read_hours
from twinhop.scenario.place_sections import DEFAULT_CLASS, Origin
from twinhop.scenario.presets import presets
from twinhop.scenario.presets.family import family_constants
from twinhop.scenario.sanity import ImportSummary, extent_notes, few_names
from twinhop.scenario.schema.money_section import SECOND
from twinhop.scenario.schema.scenario import SCHEMA_VERSION, Scenario
from twinhop.scenario.validation_errors import input_error
from twinhop.text import counted, suggestion
from twinhop.units import CURRENCY_FORM, is_currency

HoursScale = Literal["weight", "users", "sizes"]
PRESETS = ("family", "lu2021")
"""Where the constants that no column gives may come from."""
LU2021_PRESET = "lu2021-n100-m10"
MARGIN_SHARE, LEAST_MARGIN_M = 0.02, 50.0
"""The area leaves this share of its extent, and at least this distance [m], around the outermost points."""
LEAST_EXTENT_M = 1000.0
"""Local coordinates that begin within this distance, or the extent of the points, of (0, 0) are kept as they are."""
LARGEST_SIZES = {"cpu_gcycles_per_s": (1000.0, "Gcycle/s"), "tx_power_w": (100.0, "W")}
"""Larger ones are worth a note: a rack has some hundred cores of a few GHz, a phone 0.2 W."""
SMALLEST_EXTENT_M, CROWD = 20.0, 5
"""So many points within this distance are worth a note [m]."""
CORNER_SHARE = 0.02
"""Users, or stations, that extend over less than this share of the others' extent are worth one too."""
ORIGIN_DECIMALS = 7
"""The origin is kept to about a centimetre."""
MOST_ORIGIN_STEPS = 8
"""Moving the origin turns the local axes a little, so it is moved again until all points lie inside."""


@dataclass(frozen=True)
class ImportedCity:
    """A scenario that was imported, and what was understood of its files.

    Attributes:
        scenario: stations and users, listed.
        summary: layout, columns, sizes, extent, constants, and what is worth a note.
    """

    scenario: Scenario
    summary: ImportSummary


def import_csv(stations: str | Path, users: str | Path, **options: Any) -> Scenario:
    """Make a scenario of a table of stations and one of users; `csv_city` has the same arguments, and says more.

    Returns:
        The scenario, with stations and users listed.

    Raises:
        InputError: if a file is not usable, the two do not belong together, or the preset is unknown.
    """
    return csv_city(stations, users, **options).scenario


def csv_city(
    stations: str | Path,
    users: str | Path,
    *,
    columns: str | None = None,
    separator: str | None = None,
    decimal: Decimal | None = None,
    crs: str | None = None,
    skip_bad: bool = False,
    labels: str | None = None,
    currency: str | None = None,
    second_value: float | None = None,
    hours: str | Path | None = None,
    hours_scale: HoursScale = "weight",
    preset: str = "family",
    name: str | None = None,
    seed: int = 0,
    attribution: Sequence[str] = (),
) -> ImportedCity:
    """Make a scenario of a table of stations and one of users, and say what was understood.

    Both give an id and `x_m,y_m`, or both `lat,lon`, by any of the names of `column_names.NAMES`. Stations may add
    `host`, `cpu_gcycles_per_s`, `capacity_users` and `opening_s` or `cost_per_month`; users `history_mbit`,
    `update_mbit`, `deadline_ms` (which turns deadlines on), `tx_power_w`, `class`, `weight`, `load_profile`; further
    columns are kept as labels. Separator, decimal mark, encoding, line ends and compression are told by each file; a
    file may be a sheet of an Excel workbook. Latitude and longitude are projected to local metres with (0, 0)
    south-west of all points. Local coordinates are kept, or shifted as a whole where they are negative or begin far
    from (0, 0).

    Args:
        stations: table of stations; of a workbook with several sheets as `sites.xlsx#Standorte`.
        users: table of users.
        columns: columns of quantities, or what is computed of columns, such as `station=site,lat=breite,cpu=cores*3`,
            `history_mbit=size[MB]`; `#` for ids numbers the rows; None: by the names of the columns.
        separator: what stands between cells; None: told by each file.
        decimal: the mark of decimals, `.` or `,`; None: told by each file.
        crs: coordinate system of x and y, such as `EPSG:25832`; None: local metres.
        skip_bad: whether rows that cannot be used are left out and counted.
        labels: further columns to keep as labels, such as `rent,address`; `none`; None: all.
        currency: of `cost_per_month`, such as EUR; None: the cost is in seconds.
        second_value: what one second less of mean latency is worth per user and month, in that currency.
        hours: table of the users' demand by hour, see `read_hours`; becomes the section `load`, at its busiest hour.
        hours_scale: what its numbers multiply, as `load.scales`: `weight`, which is 1 where users.csv has none, so that
            they are numbers of users; `users`, shares of the time that each is there; or `sizes`.
        preset: constants that no column gives: `family`, scaled to the number of users and stations, or `lu2021`.
        name: name of the scenario; by default the name of the stations' file.
        seed: root seed.
        attribution: data sources and licences, carried into reports.

    Returns:
        The scenario, with stations and users listed, and what was understood.

    Raises:
        InputError: if a file is not usable, the two do not belong together, or the preset is unknown.
    """
    money = money_section(currency, second_value)
    options = TableOptions(ColumnChoice.parse(columns), separator, decimal, crs, skip_bad, parse_labels(labels))
    of_stations, of_users = _options_of_each(Path(stations), Path(users), options)
    station_points, user_points = (
        read_stations(Path(stations), options=of_stations),
        read_users(Path(users), options=of_users),
    )
    demand = None
    if hours is not None:
        ids = [fields["id"] for fields in user_points.fields]
        demand = read_hours(Path(hours), ids, separator=separator, decimal=decimal)
    return city_of_points(
        station_points,
        user_points,
        hours=demand,
        hours_scale=hours_scale,
        preset=preset,
        name=name if name is not None else Path(stations).stem,
        seed=seed,
        sections=money,
        attribution=attribution,
    )


def money_section(currency: str | None, second_value: float | None) -> dict[str, Any]:
    """The section `money` of a scenario, by what an import is given; none where it is given nothing.

    Raises:
        InputError: one is given without the other, or is no currency, or not a finite number > 0.
    """
    if currency is None and second_value is None:
        return {}
    if second_value is None:
        raise InputError(f"--currency: got {currency[:40]!r} alone; give --second-value too, {SECOND}")  # type: ignore[index]
    if currency is None:
        raise InputError(f"--second-value: got {second_value:g} alone; give --currency too, such as EUR")
    if not is_currency(currency):
        raise InputError(f"--currency: got {currency[:40]!r}; expected {CURRENCY_FORM}")
    if not 0 < second_value <= LARGEST_VALUE:
        raise InputError(f"--second-value: got {second_value:g}; expected a finite number above 0, {SECOND}")
    return {"money": {"currency": currency, "second": float(second_value)}}


def _options_of_each(stations: Path, users: Path, options: TableOptions) -> tuple[TableOptions, TableOptions]:
    """The options of each of two tables: the columns that are stated for it, or for both.

    Raises:
        InputError: a column that is stated is in neither.
    """
    if not options.columns.column_of and not options.labels:
        return options, options
    parts: list[dict[str, str]] = []
    headers: list[str] = []
    for path, others in ((stations, ("user", *USER_COLUMNS)), (users, ("station", *STATION_COLUMNS))):
        names = table_columns(path, separator=options.separator, decimal=options.decimal)
        headers += names
        stated = options.columns.column_of.items()
        parts.append({key: text for key, text in stated if key not in others and statement(key, text, names)})
    for quantity, text in options.columns.column_of.items():
        if not any(quantity in part for part in parts):
            where = {**dict.fromkeys(STATION_COLUMNS, stations), **dict.fromkeys(USER_COLUMNS, users)}
            raise missing_columns(quantity, text, headers, str(where.get(quantity, f"{stations} or {users}")))
    check_labels(options.labels, headers, f"{stations} or {users}")
    first, second = (replace(options, columns=ColumnChoice(part)) for part in parts)
    return first, second


def city_of_points(
    stations: CsvPoints,
    users: CsvPoints,
    *,
    name: str,
    preset: str = "family",
    seed: int = 0,
    sections: dict[str, Any] | None = None,
    hours: HoursTable | None = None,
    hours_scale: HoursScale = "weight",
    attribution: Sequence[str] = (),
) -> ImportedCity:
    """Make a scenario of stations and users read from anywhere; what every importer ends with.

    Args:
        stations: the stations.
        users: the users, in the same kind of coordinates.
        name: name of the scenario.
        preset: constants that no field gives: `family`, scaled to the number of users and stations, or `lu2021`.
        seed: root seed.
        sections: fields of further sections, or in place of the preset's.
        hours: the users' demand by hour, or None.
        hours_scale: what it multiplies, as `load.scales`.
        attribution: data sources and licences, carried into reports.

    Returns:
        The scenario, with stations and users listed, and what was understood.

    Raises:
        InputError: if a value is not usable, the two do not belong together, or the preset is unknown.
    """
    if preset not in PRESETS:
        raise InputError(f"{preset}: unknown preset; {suggestion(preset, PRESETS)}accepted: {', '.join(PRESETS)}")
    area, station_xy_m, user_xy_m = _placed(stations, users)
    load: dict[str, Any] = {}
    people = np.array([_weight(fields) for fields in users.fields])
    if hours is not None:
        load, users, people = _with_hours(hours, hours_scale, users, people)
    everyone = max(1, math.ceil(people.sum()))
    constants = _constants(preset, everyone, len(stations.fields)) | load
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
    if any("cost_per_month" in fields for fields in stations.fields):
        if "money" not in constants:
            raise InputError(
                f"{stations.name}: the column cost_per_month needs a currency and what a second is worth: give "
                "--currency EUR --second-value ..., or rename the column, as label_rent, to keep it as a label"
            )
        constants["stations"] = {key: each for key, each in constants["stations"].items() if key != "opening_s"}
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
        names = {"users": users.name, "load": stations.name if hours is None else hours.name}
        return {path: names.get(str(path[0]) if path else "", stations.name) for path in paths}

    try:
        scenario = Scenario.model_validate(value)
    except ValidationError as error:
        raise input_error(error, Scenario, where) from None
    points = np.concatenate([station_xy_m, user_xy_m])
    summary = _summary(stations, users, points, preset, constants, everyone)
    if hours is not None:
        busiest = f"{hours.layout}; {len(load['load'].get('profiles', ())) or 1} different, busiest hour "
        fact = ("hours", f"{busiest}{load['load']['hour']}, scales {hours_scale}")
        summary = replace(summary, facts=(*summary.facts, fact))
    return ImportedCity(scenario, summary)


def _weight(fields: dict[str, Any]) -> float:
    """The users that a row stands for; what is no such number is refused later."""
    weight = fields.get("weight", 1)
    return float(weight) if isinstance(weight, int | float) and 0 < weight < math.inf else 1.0


def _with_hours(
    hours: HoursTable, scale: HoursScale, users: CsvPoints, weight: NDArray[np.float64]
) -> tuple[dict[str, Any], CsvPoints, NDArray[np.float64]]:
    """The section `load` of a table of hours, users who follow its profiles, and the users of the busiest hour."""
    profiles, followed = hours.profiles([fields["id"] for fields in users.fields])
    total = weight @ hours.values
    busiest = int(np.argmax(total))
    if not total[busiest] > 0:
        raise InputError(f"{hours.name}: nobody is there in any hour; expected a number above 0 for some user and hour")
    load: dict[str, Any] = {"hour": busiest, "scales": scale}
    if len(profiles) == 1:
        load["profile"] = next(iter(profiles.values()))
    else:
        load["profiles"] = profiles
        named = zip(users.fields, followed, strict=True)
        users = replace(users, fields=tuple({**fields, "load_profile": profile} for fields, profile in named))
    people = weight * hours.values[:, busiest] if scale == "weight" else weight
    return {"load": load}, users, people


def _summary(
    stations: CsvPoints,
    users: CsvPoints,
    xy_m: NDArray[np.float64],
    preset: str,
    constants: dict[str, Any],
    people: int,
) -> ImportSummary:
    width_m, height_m = np.ptp(xy_m, axis=0)
    extent_m = (float(width_m), float(height_m))
    layouts = {"stations": stations.layout, "users": users.layout or stations.layout}
    alike = len(set(layouts.values())) == 1
    unused = dict.fromkeys((*stations.unused, *users.unused))
    notes = dict.fromkeys((*stations.notes, *users.notes))
    return ImportSummary(
        layout=stations.layout if alike else "; ".join(f"{kind}: {each}" for kind, each in layouts.items()),
        rows=len(stations.fields) + len(users.fields),
        users=str(len(users.fields)) if people == len(users.fields) else f"{people} in {len(users.fields)} rows",
        units=stations.units if stations.units == users.units else f"stations: {stations.units}; users: {users.units}",
        extent_m=extent_m,
        columns_unused=tuple(unused),
        facts=(
            ("stations", str(len(stations.fields))),
            ("columns of stations", stations.used),
            ("columns of users", users.used),
            ("labels of stations", few_names(stations.labels)),
            ("labels of users", few_names(users.labels)),
            *_money_in_words(stations, constants),
            *_constants_in_words(preset, constants, stations, people),
        ),
        notes=(
            *notes,
            *extent_notes(extent_m, _farthest(xy_m, stations, users)),
            *_crowded_notes(xy_m, len(stations.fields)),
            *_size_notes(stations, users),
        ),
    )


def _money_in_words(stations: CsvPoints, constants: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What a second is worth, and where the costs of stations come from."""
    if "money" not in constants:
        return
    money = constants["money"]
    yield "value of a second", f"{money['second']:g} {money['currency']} per user and month"
    rented = any("cost_per_month" in fields for fields in stations.fields)
    yield "cost of stations", "by column cost_per_month" if rented else "by opening_s, worth what seconds are worth"


def _size_notes(stations: CsvPoints, users: CsvPoints) -> list[str]:
    """A note where a size is beyond what any station or device has, as in another unit."""
    notes = []
    for kind, points in (("station", stations), ("user", users)):
        for field, (most, unit) in LARGEST_SIZES.items():
            large = [row for row in points.fields if isinstance(row.get(field), int | float) and row[field] > most]
            if large:
                notes.append(
                    f"{points.name}: {field} of {kind} {large[0]['id']} is {large[0][field]:g} {unit}, more than "
                    f"{most:g} ({counted(len(large), 'row')}); is it in another unit?"
                )
    return notes


def _crowded_notes(xy_m: NDArray[np.float64], stations: int) -> list[str]:
    """A note where a city would fit into a room, or its users into a corner of it, as in another unit than metres."""
    whole_m = float(np.ptp(xy_m, axis=0).max())
    if len(xy_m) >= CROWD and whole_m < SMALLEST_EXTENT_M:
        return [f"positions extend over {whole_m:.3g} m only; are they in another unit than metres?"]
    parts = {"stations": xy_m[:stations], "users": xy_m[stations:]}
    crowds = {name: float(np.ptp(part, axis=0).max()) for name, part in parts.items() if len(part) >= CROWD}
    if len(crowds) < len(parts) or not min(crowds.values()) < CORNER_SHARE * max(crowds.values()):
        return []
    each = " and ".join(f"{name} over {extent_m:.3g} m" for name, extent_m in crowds.items())
    return [f"positions of {each}: are both in the same unit?"]


def _farthest(xy_m: NDArray[np.float64], stations: CsvPoints, users: CsvPoints) -> str:
    """Who lies farthest from the middle of all, and what mends that."""
    distance_m = np.hypot(*(xy_m - np.median(xy_m, axis=0)).T)
    at, count = int(np.argmax(distance_m)), len(stations.fields)
    kind, row = ("station", stations.fields[at]) if at < count else ("user", users.fields[at - count])
    return f"{kind} {row['id']} is farthest from the others, {distance_m[at] / 1e3:.0f} km: take its row out if it errs"


def _constants_in_words(
    preset: str, constants: dict[str, Any], stations: CsvPoints, n_users: int
) -> Iterator[tuple[str, str]]:
    """The sizes of stations that the files do not state, and where they come from, by name."""
    bandwidth_mhz = constants.get("radio", {}).get("bandwidth_mhz")
    cpu = constants.get("stations", {}).get("cpu_gcycles_per_s")
    low, high = cpu["uniform"] if isinstance(cpu, dict) and "uniform" in cpu else (None, None)
    without = sum("cpu_gcycles_per_s" not in row for row in stations.fields)
    load = n_users / len(stations.fields)
    if bandwidth_mhz is not None:
        yield "radio", f"{bandwidth_mhz:.3g} MHz"
    if low is not None and without:
        whose = "a station" if without == len(stations.fields) else f"of {counted(without, 'station')} without one"
        yield "CPU", f"{low:.3g} to {high:.3g} Gcycle/s {whose}"
    if preset == "family":
        users = "user" if f"{load:.3g}" == "1" else "users"
        yield "constants", f"scaled to {load:.3g} {users} a station; --preset lu2021 keeps the paper's"
    else:
        yield "constants", "those of the paper whatever the number of users; --preset family scales them"


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
