"""Stations and users from tables: cells to validated fields, positions to latitude and longitude or local metres."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from twinhop.errors import InputError
from twinhop.io.table import Table, parse_number, whole
from twinhop.scenario import geo
from twinhop.scenario.files.csv_table import GEOGRAPHIC, LOCAL, Kind, PointTable, TableOptions, read_point_table
from twinhop.scenario.place_sections import MOST_LISTED_USERS, MOST_STATIONS, Origin, StationRow, UserRow
from twinhop.scenario.sanity import (
    LARGEST_EXTENT_M,
    LARGEST_LAT_DEG,
    LARGEST_LON_DEG,
    is_no_position,
    latitude_fault,
    system_degrees,
    zero_positions,
)
from twinhop.scenario.validation_errors import MOST_ERRORS, input_error
from twinhop.text import counted

STATION_COLUMNS = ("host", "cpu_gcycles_per_s", "capacity_users", "opening_s", "cost_per_month")
USER_COLUMNS = ("history_mbit", "update_mbit", "deadline_ms", "tx_power_w", "class", "weight", "load_profile")
METRE_DECIMALS = 3
"""Projected positions are kept to the millimetre."""
FARTHEST_M = LARGEST_EXTENT_M
"""A median user farther than this from every station means that coordinates are mixed up [m]."""
NEARNESS_SAMPLE = 1000
"""Users whose nearest station is looked up to tell whether stations and users belong together."""
MOST_SKIPPED_SHOWN = 5
"""Rows left out that are shown one by one."""

_BOOLEANS = {
    **dict.fromkeys(("true", "yes", "y", "t", "on", "1"), True),
    **dict.fromkeys(("false", "no", "n", "f", "off", "0"), False),
}
_NOTHING = frozenset(("", "nan", "na", "n/a", "null", "none", "-"))
"""Cells of numbers that state nothing, as pandas and spreadsheets write them."""
_TEXTS = frozenset(("class", "load_profile"))
_NO_COLUMNS: Mapping[str, str] = {}
_POSITION_PLACEHOLDER = {"x_m": 0.0, "y_m": 0.0}
_DEFAULTS = TableOptions()

Fields = dict[str, Any]


@dataclass(frozen=True)
class CsvPoints:
    """Stations or users of a file.

    Attributes:
        name: of the file.
        fields: one mapping of stated fields a row, without the position.
        positions: (rows, 2): x and y [m], or latitude and longitude [degree].
        is_geographic: whether they are latitudes and longitudes.
        layout: how the file is written.
        system: coordinate system that positions were in, such as `EPSG:25832`; empty: none was named.
        used: the columns that were read, in words.
        unused: the columns that were not.
        notes: what had to be assumed, and what was left out.
        labels: the columns that were kept as labels.
    """

    name: str
    fields: tuple[Fields, ...]
    positions: NDArray[np.float64]
    is_geographic: bool
    layout: str = ""
    system: str = ""
    used: str = ""
    unused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    @property
    def units(self) -> str:
        """What positions were in, in words."""
        if self.system:
            return f"positions in {self.system}"
        return "latitude and longitude, WGS84 [degree]" if self.is_geographic else "local metres"

    def listed(self, xy_m: NDArray[np.float64]) -> list[Fields]:
        """The rows as a scenario file lists them, at the given positions, shape (rows, 2) [m]."""
        return [
            {"id": fields["id"], "x_m": float(x_m), "y_m": float(y_m), **fields}
            for fields, (x_m, y_m) in zip(self.fields, xy_m, strict=True)
        ]


def read_stations(path: Path, columns: Mapping[str, str] = _NO_COLUMNS, options: TableOptions = _DEFAULTS) -> CsvPoints:
    """Read a table of stations.

    Args:
        path: the file.
        columns: for fields that a column of another name gives, that name.
        options: what the file does not say.

    Raises:
        InputError: if the file or a value is not usable; the message names file, line and column.
    """
    return _read(path, "station", StationRow, STATION_COLUMNS, MOST_STATIONS, columns, options)


def read_users(path: Path, columns: Mapping[str, str] = _NO_COLUMNS, options: TableOptions = _DEFAULTS) -> CsvPoints:
    """Read a table of users.

    Args:
        path: the file.
        columns: for fields that a column of another name gives, that name.
        options: what the file does not say.

    Raises:
        InputError: if the file or a value is not usable; the message names file, line and column.
    """
    return _read(path, "user", UserRow, USER_COLUMNS, MOST_LISTED_USERS, columns, options)


def local_positions(points: CsvPoints, origin: Origin | None) -> NDArray[np.float64]:
    """Positions in local metres, shape (rows, 2) [m].

    Args:
        points: the rows.
        origin: where (0, 0) lies on Earth; needed for latitude and longitude.

    Raises:
        InputError: if the file gives latitude and longitude and there is no origin.
    """
    if not points.is_geographic:
        return points.positions
    if origin is None:
        raise InputError(f"{points.name} gives lat,lon; state where (0, 0) lies by area.origin: {{lat_deg, lon_deg}}")
    x_m, y_m = geo.project(points.positions[:, 0], points.positions[:, 1], (origin.lat_deg, origin.lon_deg))
    return np.round(np.column_stack([x_m, y_m]), METRE_DECIMALS)


def check_nearness(station_xy_m: NDArray[np.float64], user_xy_m: NDArray[np.float64], where: str) -> None:
    """Refuse stations and users that lie so far apart that they cannot belong together.

    Args:
        station_xy_m: shape (M, 2) [m].
        user_xy_m: shape (N, 2) [m].
        where: the file or files to name.

    Raises:
        InputError: if the median user's nearest station is farther than 200 km.
    """
    sample = user_xy_m[:: max(1, len(user_xy_m) // NEARNESS_SAMPLE)]
    nearest_m = [np.hypot(*(station_xy_m - user).T).min() for user in sample]
    median_m = float(np.median(nearest_m))
    if not median_m <= FARTHEST_M:
        distance = f"{median_m / 1e3:.0f} km" if np.isfinite(median_m) else "half the globe"
        raise InputError(
            f"{where}: half of the users are {distance} or more from the nearest station (at most "
            f"{FARTHEST_M / 1e3:.0f} km is plausible); are lat and lon swapped in one of the files, or the units mixed?"
        )


def stated_value(quantity: str, value: Any) -> Any:
    """What a cell or a property states: numbers that text or `30.0` write, truth that 0, 1, yes and no write.

    Args:
        quantity: `host` is a truth, `class` text, `capacity_users` a whole number or "all"; all others are numbers.
        value: text, a number, a truth, or None.

    Returns:
        The value; None where nothing is stated; what cannot be read as it is, for the checks of fields to refuse.

    >>> stated_value("host", "no"), stated_value("host", 1.0), stated_value("capacity_users", "30.0")
    (False, True, 30)
    """
    text = value.strip() if isinstance(value, str) else value
    if quantity in _TEXTS:
        return text if text != "" else None
    if isinstance(text, str) and text.lower() in _NOTHING and (quantity != "weight" or not text):
        return None  # of a weight that is not known, 1 would be a guess
    if quantity == "host":
        return _truth(text)
    if isinstance(text, str):
        number = parse_number(text)
        text = text if number is None else number
    if isinstance(text, float):
        return whole(float(text)) if quantity == "capacity_users" else float(text)
    return text


def _truth(value: Any) -> Any:
    text = str(whole(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value
    number = parse_number(text) if isinstance(text, str) else None
    key = str(whole(number)) if number is not None else text
    return _BOOLEANS.get(key.lower(), value) if isinstance(key, str) else value


def _read(
    path: Path,
    kind: Kind,
    model: type[StationRow] | type[UserRow],
    optional: tuple[str, ...],
    most_rows: int,
    columns: Mapping[str, str],
    options: TableOptions,
) -> CsvPoints:
    for field, column in columns.items():
        if column.strip().lower() in ("id", *LOCAL, *GEOGRAPHIC):
            raise InputError(f"{path}: the column {column!r} is not a size; {field} needs another")
    table = read_point_table(path, kind, optional, most_rows, options, columns)
    _check_named(table, columns)
    return _points(table, model, options, frozenset(columns))


def _check_named(table: PointTable, columns: Mapping[str, str]) -> None:
    """Refuse a field that both a column of its own name and the one named for it give."""
    named = {table.columns.index_of[field] for field in columns if field in table.columns.index_of}
    for field in columns:
        at = table.columns.index_of[field]
        own = [index for index, name in enumerate(table.columns.names) if name.strip().lower() == field]
        if own and at not in own and not set(own) & named:
            both = f"{field!r} and {table.columns.names[at]!r}"
            raise InputError(f"{table.table.name}:1: the columns {both} both give {field}; leave one out")


@dataclass
class _Rows:
    """The rows of a table, and what is wrong with some of them, by their number."""

    fields: list[Fields]
    positions: list[tuple[Any, Any]]
    bad: dict[int, list[str]]

    def refuse(self) -> None:
        """Refuse the table, with the first errors."""
        if self.bad:
            lines = [line for row in sorted(self.bad) for line in self.bad[row]]
            raise InputError("\n".join(lines[:MOST_ERRORS]))


def _points(
    table: PointTable, model: type[StationRow] | type[UserRow], options: TableOptions, needed: frozenset[str]
) -> CsvPoints:
    rows = _checked_rows(table, model, needed, most_errors=None if options.skip_bad else MOST_ERRORS)
    if not options.skip_bad:
        rows.refuse()
    usable = [row for row in range(len(rows.positions)) if row not in rows.bad]
    xy = np.array([rows.positions[row] for row in usable], dtype=np.float64).reshape(-1, 2)
    is_geographic = table.is_geographic
    if table.system is not None and not is_geographic:
        xy, is_geographic = on_earth(xy, table.system), True
    for at in np.flatnonzero(zero_positions(xy[:, 0], xy[:, 1])).tolist() if is_geographic else ():
        place = table.table.place(usable[at])
        rows.bad[usable[at]] = [
            f"{place}: latitude 0, longitude 0 is where receivers without a position lie, {FAR_FROM_OTHERS}"
        ]
    kept = np.array([row not in rows.bad for row in usable], np.bool_)
    if not options.skip_bad or not kept.any():
        rows.refuse()
    dialect = table.table.dialect
    return CsvPoints(
        table.table.name,
        tuple(rows.fields[row] for row in usable if row not in rows.bad),
        xy[kept],
        is_geographic,
        layout=dialect.layout,
        system="" if table.is_geographic else table.system or "",
        used=table.columns.described(),
        unused=table.not_used,
        labels=tuple(table.labels.index_of),
        notes=(*table.notes, *skipped_notes(table.table.name, _left_out(table.table, rows.bad))),
    )


def _left_out(table: Table, bad: Mapping[int, list[str]]) -> list[list[str]]:
    """What is wrong with each row that was left out, in the order of the file, but those without all cells first."""
    return [*([each] for each in table.bad), *(bad[row] for row in sorted(bad))]


def _checked_rows(
    table: PointTable, model: type[StationRow] | type[UserRow], needed: frozenset[str], most_errors: int | None
) -> _Rows:
    """The fields and the position of each row, and what is wrong with them; up to so many errors."""
    rows, first_line, errors_so_far = _Rows([], [], {}), dict[str, int](), 0
    for row, line in enumerate(table.table.lines):
        stated = _stated(table, row)
        position = (table.number(row, table.position[0]), table.number(row, table.position[1]))
        errors = _row_errors(table, row, stated, position, model, needed)
        if first_line.setdefault(stated["id"], line) != line:
            place = table.table.place(row)
            errors.append(f"{place}: id: duplicate id {stated['id']!r}; first on line {first_line[stated['id']]}")
        if errors:
            rows.bad[row] = errors
            errors_so_far += len(errors)
            if most_errors is not None and errors_so_far >= most_errors:
                break
        rows.fields.append(stated)
        rows.positions.append(position)
    return rows


FAR_FROM_OTHERS = "and the others are far from there; take it out, or leave such rows out by --skip-bad"


def skipped_notes(name: str, errors: Sequence[Sequence[str]]) -> list[str]:
    """What is said of rows that were left out: how many, and why the first of them were."""
    if not errors:
        return []
    shown = [f"{name}: {counted(len(errors), 'row')} left out (--skip-bad)"]
    return [*shown, *(each[0] for each in errors[:MOST_SKIPPED_SHOWN])]


def on_earth(xy: NDArray[np.float64], system: str) -> NDArray[np.float64]:
    """(rows, 2) latitudes and longitudes of positions in a coordinate system [degree].

    Raises:
        InputError: the system is not known, or a position is outside it.
    """
    try:
        lat_deg, lon_deg = system_degrees(xy[:, 0], xy[:, 1], system)
    except ValueError as error:
        raise InputError(f"{error}; expected a name such as EPSG:25832") from None
    outside = np.flatnonzero(~(np.isfinite(lat_deg) & np.isfinite(lon_deg)))
    if outside.size:
        x, y = xy[outside[0]]
        raise InputError(f"({x:g}, {y:g}) is no position in the coordinate system {system}")
    return np.column_stack([lat_deg, lon_deg])


def _stated(table: PointTable, row: int) -> Fields:
    """The stated values of a row, its position aside; an empty cell states nothing."""
    values: Fields = {"id": table.cell(row, "id")}
    for quantity in table.columns.index_of:
        if quantity == "id" or quantity in table.position:
            continue
        cell = table.cell(row, quantity)
        number = cell if quantity in _TEXTS else table.table.dialect.number_text(cell, table.columns.index_of[quantity])
        value = stated_value(quantity, number)
        if value is not None:
            values[quantity] = value
    labels = table.labels.of_row(table.table.rows[row])
    return {**values, "labels": labels} if labels else values


def _row_errors(
    table: PointTable,
    row: int,
    stated: Fields,
    position: tuple[Any, Any],
    model: type[StationRow] | type[UserRow],
    needed: frozenset[str],
) -> list[str]:
    if row in table.faults:
        return list(table.faults[row])
    place = table.table.place(row)
    errors = geographic_errors(position, place) if table.is_geographic else []
    local = table.position == LOCAL
    xy_m: Fields = dict(zip(LOCAL, position, strict=True)) if local else {}
    errors += [
        f"{place}: {table.columns.name_of(field)}: is empty; {field} takes this column and needs a number"
        for field in needed - stated.keys()
    ]
    if not local and not table.is_geographic:
        names = [table.columns.name_of(each) for each in table.position]
        errors += [
            f"{place}: {name}: must be a number (got {'nothing' if value is None else repr(value)[:LONGEST_SHOWN]})"
            for name, value in zip(names, position, strict=True)
            if not isinstance(value, int | float) or not np.isfinite(_as_float(value))
        ]
    errors += field_errors({**stated, **xy_m}, model, place)
    hints = {each: table.hint(row, each) for each in table.columns.index_of} if errors else {}
    return [
        line + next((hint for each, hint in hints.items() if hint and f": {each}: " in line), "") for line in errors
    ]


def field_errors(fields: Fields, model: type[StationRow] | type[UserRow], place: str) -> list[str]:
    """What is wrong with the fields of a row, one line each, beginning with the place."""
    try:
        model.model_validate({**_POSITION_PLACEHOLDER, **fields})
    except ValidationError as error:

        def everywhere(paths: Collection[tuple[str | int, ...]]) -> dict[tuple[str | int, ...], str]:
            return dict.fromkeys(paths, place)

        return str(input_error(error, model, everywhere)).splitlines()
    return []


def _as_float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:  # a whole number of hundreds of digits
        return np.inf


LONGEST_SHOWN = 40
"""As much of a value that is no number is shown."""


def geographic_errors(position: tuple[Any, Any], place: str) -> list[str]:
    """What is wrong with a latitude and a longitude [degree], one line each, beginning with the place."""
    errors = []
    lat_deg, lon_deg = position
    if all(isinstance(each, int | float) for each in position) and is_no_position(lat_deg, lon_deg):
        return [f"{place}: {latitude_fault(lat_deg, lon_deg)}"]
    limits = (LARGEST_LAT_DEG, LARGEST_LON_DEG)
    for column, name, value, limit in zip(GEOGRAPHIC, ("latitude", "longitude"), position, limits, strict=True):
        if not isinstance(value, int | float) or isinstance(value, bool):
            got = "nothing" if value is None else repr(value)[:LONGEST_SHOWN]
            errors.append(f"{place}: {column}: must be a number (got {got})")
        elif not -limit <= value <= limit:
            hint = "; are lat and lon swapped?" if name == "latitude" else ""
            errors.append(f"{place}: {column}: {name} {_shown(value)} is outside [-{limit:g}, {limit:g}]{hint}")
    return errors


def _shown(number: float) -> str:
    try:
        return f"{number:g}"
    except OverflowError:  # a whole number of hundreds of digits
        return "beyond 1e308"
