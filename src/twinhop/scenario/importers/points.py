"""Points on Earth from tables whose columns other projects chose."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twinhop.errors import InputError
from twinhop.io.file_kind import describe_file
from twinhop.io.text_file import read_text
from twinhop.io.yaml_io import resolve_plain
from twinhop.scenario.files.csv_rows import CsvPoints, geographic_errors
from twinhop.scenario.validation_errors import MOST_ERRORS


@dataclass(frozen=True)
class ForeignTable:
    """The cells of a CSV file by column, and where each row begins."""

    name: str
    rows: tuple[dict[str, str], ...]
    places: tuple[str, ...]
    """File and line of each row."""


SITE_MARKS = {"SITE_ID": "a file of EUA sites", "Level": "a file of iFogSim2 edge resources"}
"""Columns that no file of users has, and what has them."""


def read_user_table(path: Path, what: str) -> ForeignTable:
    """Read a CSV file of users by latitude and longitude; files of sites, which hold these too, are refused.

    Args:
        path: the file.
        what: what the file should be, such as "a file of EUA users".

    Returns:
        The rows, cells stripped, columns in lower case.

    Raises:
        InputError: it is not such a table; the message says what it seems to be.
    """
    table = read_foreign_table(path, ("Latitude", "Longitude"), what)
    for column, kind in SITE_MARKS.items():
        if column.lower() in table.rows[0]:
            raise InputError(f"{path}: is not {what}: found {kind}, with the column {column}")
    return table


def read_foreign_table(path: Path, needed: Sequence[str], what: str) -> ForeignTable:
    """Read a CSV file that must have certain columns; further ones are kept.

    Args:
        path: the file.
        needed: names of columns, in any case.
        what: what the file should be, such as "a file of EUA sites".

    Returns:
        The rows, cells stripped, columns in lower case.

    Raises:
        InputError: it is not such a table; the message says what it seems to be.
    """
    if path.is_file() and _looks_binary(path):
        raise InputError(f"{path}: is not {what}: found {describe_file(path)}")
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    rows: list[dict[str, str]] = []
    places: list[str] = []
    columns: list[str] = []
    line = 1
    try:
        for cells in reader:
            begins, line = line, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if not columns:
                columns = [cell.strip().lower() for cell in cells]
                _check_columns(path, columns, needed, what)
            elif len(cells) != len(columns):
                raise InputError(f"{path}:{begins}: has {len(cells)} fields; the header names {len(columns)}")
            else:
                rows.append(dict(zip(columns, (cell.strip() for cell in cells), strict=True)))
                places.append(f"{path}:{begins}")
    except csv.Error as error:
        raise InputError(f"{path}:{line}: is not {what}: not valid CSV: {error}") from None
    if not rows:
        raise InputError(f"{path}: has no rows below a header; expected {what} with {', '.join(needed)}")
    return ForeignTable(str(path), tuple(rows), tuple(places))


def _looks_binary(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return b"\0" in stream.read(4096)
    except OSError:
        return False


def _check_columns(path: Path, columns: list[str], needed: Sequence[str], what: str) -> None:
    missing = [name for name in needed if name.lower() not in columns]
    if missing:
        raise InputError(
            f"{path}: is not {what}: the columns {', '.join(needed)} are expected, "
            f"{', '.join(missing)} missing; found {describe_file(path)}"
        )


def points_on_earth(
    name: str, places: Sequence[str], fields: Sequence[dict[str, Any]], lat_lon: Sequence[tuple[Any, Any]]
) -> CsvPoints:
    """Points from the fields and coordinates of each row.

    Args:
        name: of the file.
        places: where each row is, for messages.
        fields: stated fields of each row, ``id`` among them.
        lat_lon: latitude and longitude of each row [degree], not yet checked.

    Raises:
        InputError: a coordinate is no number or outside its range, or an id is given twice.
    """
    errors: list[str] = []
    first: dict[str, str] = {}
    for place, each, position in zip(places, fields, lat_lon, strict=True):
        errors += geographic_errors(position, place)
        if first.setdefault(str(each["id"]), place) != place:
            errors.append(f"{place}: duplicate id {each['id']!r}; first at {first[str(each['id'])]}")
        if len(errors) >= MOST_ERRORS:
            break
    if errors:
        raise InputError("\n".join(errors[:MOST_ERRORS]))
    return CsvPoints(name, tuple(fields), np.array(lat_lon, dtype=np.float64).reshape(-1, 2), is_geographic=True)


def table_points(table: ForeignTable, ids: Sequence[str]) -> CsvPoints:
    """The points of a table with the columns latitude and longitude.

    Args:
        table: the rows.
        ids: one a row.
    """
    lat_lon = [(resolve_plain(row["latitude"]), resolve_plain(row["longitude"])) for row in table.rows]
    return points_on_earth(table.name, table.places, [{"id": each} for each in ids], lat_lon)
