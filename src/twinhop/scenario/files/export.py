"""A scenario's stations and users as GeoJSON (RFC 7946) and as CSV files, which the importers read back."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.io.files import replacing
from twinhop.io.table_values import guarded
from twinhop.io.workbook_writer import write_workbook
from twinhop.scenario import geo
from twinhop.scenario.files.csv_rows import STATION_COLUMNS, USER_COLUMNS
from twinhop.scenario.files.csv_table import GEOGRAPHIC, LOCAL
from twinhop.scenario.files.expand import expand
from twinhop.scenario.label_names import label_column
from twinhop.scenario.place_sections import StationRow, UserRow
from twinhop.scenario.schema.scenario import Scenario

NOWHERE = (0.0, 0.0)
"""Where GeoJSON, which knows no other coordinates, lays scenarios that are nowhere on Earth: the file says so."""
SOURCES_FILE = "sources.txt"
"""Beside exported tables: where the data come from, under which licences."""
OWN_NAMES = ("kind", "id", "x_m", "y_m")
"""Properties of every feature."""
DEGREE_DECIMALS = 9
"""About a tenth of a millimetre."""

Rows = Sequence[StationRow] | Sequence[UserRow]


def scenario_features(scenario: Scenario) -> dict[str, Any]:
    """A FeatureCollection with a Point for every station and user, in longitude and latitude (WGS84).

    The property ``kind`` is ``station`` or ``user``; further ones are those of the scenario, and labels. A scenario
    without ``area.origin`` is laid at latitude 0, longitude 0 and says ``"georeferenced": false``; ``x_m`` and ``y_m``
    are always given.

    Raises:
        InputError: if a CSV file of the scenario has not been read.
    """
    stations, users = _rows(scenario)
    features = [
        *_features(scenario, stations, "station", _station_columns(stations)),
        *_features(scenario, users, "user", _user_columns(scenario, users)),
    ]
    about = {
        "name": scenario.name,
        "georeferenced": scenario.area.origin is not None,
        "attribution": list(scenario.attribution),
    }
    return {"type": "FeatureCollection", "twinhop": about, "features": features}


def save_geojson(scenario: Scenario, path: str | Path, *, overwrite: bool = False) -> None:
    """Write `scenario_features` to a file.

    Raises:
        InputError: if the file exists and may not be replaced, or cannot be written.
    """
    text = json.dumps(scenario_features(scenario), allow_nan=False) + "\n"
    with replacing(path, overwrite=overwrite) as temporary:
        temporary.write_text(text, encoding="utf-8")


def save_csv(scenario: Scenario, folder: str | Path, *, overwrite: bool = False) -> tuple[Path, Path]:
    """Write stations.csv and users.csv: ``lat,lon`` where the scenario lies on Earth, else ``x_m,y_m``; labels last.

    Texts that a spreadsheet would run as formulas get an apostrophe before them, which `import_csv` takes away.

    The sources and licences of the data, which tables have no place for, go into sources.txt, a line each. Without any
    there is none: one of an earlier export counts as an existing file, and is removed where that may be replaced.

    Args:
        scenario: what to write; generated stations and users are written out.
        folder: made if missing.
        overwrite: whether existing files may be replaced.

    Returns:
        The two tables.

    Raises:
        InputError: if a file exists and may not be replaced, or cannot be written.
    """
    target = Path(folder)
    stations, users = _rows(scenario)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{target}: cannot be made ({error.strerror})") from None
    paths = target / "stations.csv", target / "users.csv", target / SOURCES_FILE
    with ExitStack() as stack:
        first, second, third = (stack.enter_context(replacing(path, overwrite=overwrite)) for path in paths)
        _write_table(first, scenario, stations, _station_columns(stations))
        _write_table(second, scenario, users, _user_columns(scenario, users))
        third.write_text("".join(f"{line}\n" for line in scenario.attribution), encoding="utf-8")
    if not scenario.attribution:
        paths[2].unlink()
    return paths[:2]


def save_xlsx(scenario: Scenario, path: str | Path, *, overwrite: bool = False) -> None:
    """Write the tables of `save_csv` as sheets of a workbook: `stations`, `users` and, where there are any, `sources`.

    Numbers have 16 digits there.

    Args:
        scenario: what to write; generated stations and users are written out.
        path: the file to write.
        overwrite: whether an existing file may be replaced.

    Raises:
        InputError: if the file exists and may not be replaced, or cannot be written.
        MissingExtra: the packages of the extra `excel` are not installed.
    """
    stations, users = _rows(scenario)
    sheets = {
        "stations": _table(scenario, stations, _station_columns(stations)),
        "users": _table(scenario, users, _user_columns(scenario, users)),
    }
    if scenario.attribution:
        sheets["sources"] = (("source",), ((line,) for line in scenario.attribution))
    write_workbook(path, sheets, overwrite=overwrite)


def _rows(scenario: Scenario) -> tuple[Sequence[StationRow], Sequence[UserRow]]:
    whole = expand(scenario)
    return whole.stations.rows or (), whole.users.rows or ()


def _station_columns(stations: Sequence[StationRow]) -> tuple[str, ...]:
    """Either what stations cost in seconds or what they cost a month: no file may state both."""
    is_rented = any(row.cost_per_month is not None for row in stations)
    return tuple(column for column in STATION_COLUMNS if column != ("opening_s" if is_rented else "cost_per_month"))


def _user_columns(scenario: Scenario, users: Sequence[UserRow]) -> tuple[str, ...]:
    """Deadlines are left out where they are off: the column would turn them on; what no row states, too."""
    left_out = {
        "deadline_ms": not scenario.objective.deadlines,
        "class": not scenario.users.classes,
        "weight": all(row.weight is None for row in users),
        "load_profile": True,  # the hour is worked into the rows
    }
    return tuple(column for column in USER_COLUMNS if not left_out.get(column, False))


def _stated(row: StationRow | UserRow, columns: Sequence[str]) -> dict[str, Any]:
    fields = row.model_dump(by_alias=True)
    return {column: fields[column] for column in columns if fields[column] is not None}


def _lat_lon(scenario: Scenario, rows: Rows) -> NDArray[np.float64]:
    """(rows, 2) latitude and longitude [degree]."""
    origin = scenario.area.origin
    xy_m = np.array([(row.x_m, row.y_m) for row in rows], dtype=np.float64)
    where = NOWHERE if origin is None else (origin.lat_deg, origin.lon_deg)
    return np.round(np.column_stack(geo.unproject(xy_m[:, 0], xy_m[:, 1], where)), DEGREE_DECIMALS)


def _features(scenario: Scenario, rows: Rows, kind: str, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    for row, (lat, lon) in zip(rows, _lat_lon(scenario, rows).tolist(), strict=True):
        yield {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [lon, lat]},
            "properties": {"kind": kind, "id": row.id, "x_m": row.x_m, "y_m": row.y_m}
            | _stated(row, columns)
            | {label_column(name, OWN_NAMES): text for name, text in row.labels.items()},
        }


def _table(scenario: Scenario, rows: Rows, columns: Sequence[str]) -> tuple[tuple[str, ...], Iterator[tuple[Any, ...]]]:
    """The header of a table and its rows, labels last."""
    on_earth = scenario.area.origin is not None
    positions = _lat_lon(scenario, rows).tolist() if on_earth else [(row.x_m, row.y_m) for row in rows]
    labels = tuple(dict.fromkeys(name for row in rows for name in row.labels))
    header = ("id", *(GEOGRAPHIC if on_earth else LOCAL), *columns)

    def cells() -> Iterator[tuple[Any, ...]]:
        for row, position in zip(rows, positions, strict=True):
            stated = _stated(row, columns)
            values = (row.id, *position, *(stated.get(column, "") for column in columns))
            yield *values, *(row.labels.get(name, "") for name in labels)

    return (*header, *(label_column(name, header) for name in labels)), cells()


def _write_table(path: Path, scenario: Scenario, rows: Rows, columns: Sequence[str]) -> None:
    header, cells = _table(scenario, rows, columns)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(map(guarded, header))
        for row in cells:
            writer.writerow(map(_cell, row))


def _cell(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else guarded(value)
