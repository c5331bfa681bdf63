"""Stations and users from CSV files: cells to validated fields, latitude and longitude to local metres."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from twinhop.errors import InputError
from twinhop.io.yaml_io import resolve_plain
from twinhop.scenario import geo
from twinhop.scenario.files.csv_table import GEOGRAPHIC, LOCAL, CsvTable, read_header, read_table
from twinhop.scenario.place_sections import MOST_STATIONS, MOST_USERS, Origin, StationRow, UserRow
from twinhop.scenario.validation_errors import MOST_ERRORS, input_error
from twinhop.text import suggestion

STATION_COLUMNS = ("host", "cpu_gcycles_per_s", "capacity_users", "opening_s")
USER_COLUMNS = ("history_mbit", "update_mbit", "deadline_ms", "tx_power_w", "class")
METRE_DECIMALS = 3
"""Projected positions are kept to the millimetre."""
FARTHEST_M = 200_000.0
"""A median user farther than this from every station means that coordinates are mixed up [m]."""
NEARNESS_SAMPLE = 1000
"""Users whose nearest station is looked up to tell whether stations and users belong together."""

_BOOLEANS = {
    **dict.fromkeys(("true", "yes", "1"), True),
    **dict.fromkeys(("false", "no", "0"), False),
}
_NO_COLUMNS: Mapping[str, str] = {}
_POSITION_PLACEHOLDER = {"x_m": 0.0, "y_m": 0.0}

Fields = dict[str, Any]


@dataclass(frozen=True)
class CsvPoints:
    """The rows of a CSV file of stations or users."""

    name: str
    fields: tuple[Fields, ...]
    """One mapping of stated fields a row, without the position."""
    positions: NDArray[np.float64]
    """(rows, 2): x and y [m], or latitude and longitude [degree]."""
    is_geographic: bool

    def listed(self, xy_m: NDArray[np.float64]) -> list[Fields]:
        """The rows as a scenario file lists them, at the given positions, shape (rows, 2) [m]."""
        return [
            {"id": fields["id"], "x_m": float(x_m), "y_m": float(y_m), **fields}
            for fields, (x_m, y_m) in zip(self.fields, xy_m, strict=True)
        ]


def read_stations(path: Path, columns: Mapping[str, str] = _NO_COLUMNS) -> CsvPoints:
    """Read a CSV file of stations.

    Args:
        path: the file.
        columns: for fields that a column of another name gives, that name.

    Raises:
        InputError: if the file or a value is not usable; the message names file, line and column.
    """
    return _points(_renamed(path, STATION_COLUMNS, columns, MOST_STATIONS), StationRow)


def read_users(path: Path, columns: Mapping[str, str] = _NO_COLUMNS) -> CsvPoints:
    """Read a CSV file of users.

    Args:
        path: the file.
        columns: for fields that a column of another name gives, that name.

    Raises:
        InputError: if the file or a value is not usable; the message names file, line and column.
    """
    return _points(_renamed(path, USER_COLUMNS, columns, MOST_USERS), UserRow)


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


def _renamed(path: Path, optional: tuple[str, ...], columns: Mapping[str, str], most_rows: int) -> CsvTable:
    """The table with each asked column under the name of its field, beside or in place of what it was."""
    source = {field: column.strip().lower() for field, column in columns.items()}
    for field, column in source.items():
        if column in ("id", *LOCAL, *GEOGRAPHIC):
            raise InputError(f"{path}: the column {column!r} is not a size; {field} needs another")
    _require_columns(path, source)
    table = read_table(path, (*optional, *(each for each in source.values() if each not in optional)), most_rows)
    for field, column in source.items():
        if field in table.columns and field != column and field not in source.values():
            raise InputError(f"{path}:1: the columns {field!r} and {column!r} both give {field}; leave one out")
    if not source:
        return table
    for row, line in zip(table.rows, table.lines, strict=True):
        for field, column in source.items():
            if not row[column]:
                raise InputError(f"{path}:{line}: {column}: is empty; {field} takes this column and needs a number")
    plain = [column for column in table.columns if column in ("id", *LOCAL, *GEOGRAPHIC, *optional)]
    plain = [column for column in plain if column not in source.values() or column in source]
    rows = tuple(
        {column: row[column] for column in plain} | {field: row[column] for field, column in source.items()}
        for row in table.rows
    )
    return CsvTable(table.name, (*plain, *(field for field in source if field not in plain)), rows, table.lines)


def _require_columns(path: Path, source: Mapping[str, str]) -> None:
    """Refuse fields whose column the file lacks, before its other columns are looked at: one may be the one meant."""
    header = read_header(path) if source else ()
    if not set(header) & {"id", *LOCAL, *GEOGRAPHIC}:
        return  # no table of points, which is for `read_table` to say
    for field, column in source.items():
        if column not in header:
            hint = suggestion(column, header)
            raise InputError(f"{path}:1: no column {column[:40]!r} for {field}; {hint}the file has {', '.join(header)}")


def _points(table: CsvTable, model: type[StationRow] | type[UserRow]) -> CsvPoints:
    errors: list[str] = []
    first_line: dict[str, int] = {}
    fields, positions = [], []
    for row, line in zip(table.rows, table.lines, strict=True):
        place = f"{table.name}:{line}"
        stated, position = _values(row), _position(row, table.is_geographic)
        errors += _row_errors(stated, position, model, place, table.is_geographic)
        if first_line.setdefault(row["id"], line) != line:
            errors.append(f"{place}: id: duplicate id {row['id']!r}; first on line {first_line[row['id']]}")
        if len(errors) >= MOST_ERRORS:
            break
        fields.append(stated)
        positions.append(position)
    if errors:
        raise InputError("\n".join(errors[:MOST_ERRORS]))
    return CsvPoints(table.name, tuple(fields), np.array(positions, dtype=np.float64), table.is_geographic)


def _values(row: dict[str, str]) -> Fields:
    """The stated values of a row, its position aside; an empty cell states nothing."""
    values: Fields = {"id": row["id"]}
    for column, cell in row.items():
        if column == "host" and cell:
            values[column] = _BOOLEANS.get(cell.lower(), cell)
        elif column not in ("id", *LOCAL, *GEOGRAPHIC) and cell:
            values[column] = resolve_plain(cell)
    return values


def _position(row: dict[str, str], is_geographic: bool) -> tuple[Any, Any]:
    first, second = GEOGRAPHIC if is_geographic else LOCAL
    return resolve_plain(row[first]), resolve_plain(row[second])


def _row_errors(
    stated: Fields, position: tuple[Any, Any], model: type[StationRow] | type[UserRow], place: str, is_geographic: bool
) -> list[str]:
    errors = geographic_errors(position, place) if is_geographic else []
    xy_m: Fields = _POSITION_PLACEHOLDER if is_geographic else dict(zip(LOCAL, position, strict=True))
    try:
        model.model_validate({**stated, **xy_m})
    except ValidationError as error:

        def everywhere(paths: Collection[tuple[str | int, ...]]) -> dict[tuple[str | int, ...], str]:
            return dict.fromkeys(paths, place)

        errors += str(input_error(error, model, everywhere)).splitlines()
    return errors


LONGEST_SHOWN = 40
"""As much of a value that is no number is shown."""


def geographic_errors(position: tuple[Any, Any], place: str) -> list[str]:
    """What is wrong with a latitude and a longitude [degree], one line each, beginning with the place."""
    errors = []
    for column, name, value, limit in zip(GEOGRAPHIC, ("latitude", "longitude"), position, (90, 180), strict=True):
        if not isinstance(value, int | float) or isinstance(value, bool):
            got = "nothing" if value is None else repr(value)[:LONGEST_SHOWN]
            errors.append(f"{place}: {column}: must be a number (got {got})")
        elif not -limit <= value <= limit:
            hint = "; are lat and lon swapped?" if name == "latitude" else ""
            errors.append(f"{place}: {column}: {name} {_shown(value)} is outside [-{limit}, {limit}]{hint}")
    return errors


def _shown(number: float) -> str:
    try:
        return f"{number:g}"
    except OverflowError:  # a whole number of hundreds of digits
        return "beyond 1e308"
