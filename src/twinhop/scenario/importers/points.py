"""Points on Earth from tables whose columns other projects chose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from twinhop.errors import InputError
from twinhop.io.file_kind import EMPTY, describe_file
from twinhop.io.table import is_unnamed, parse_number, plain_number, read_table
from twinhop.scenario.column_names import quantities_of, spelling
from twinhop.scenario.fields import MOST_LABELS
from twinhop.scenario.files.csv_labels import label_text
from twinhop.scenario.files.csv_rows import FAR_FROM_OTHERS, CsvPoints, geographic_errors, skipped_notes
from twinhop.scenario.files.csv_table import GEOGRAPHIC, TableOptions
from twinhop.scenario.sanity import zero_positions
from twinhop.scenario.validation_errors import MOST_ERRORS

NO_FAULTS: Mapping[int, Sequence[str]] = {}
DEFAULTS = TableOptions()
"""Everything is told by the file."""


@dataclass(frozen=True)
class ForeignTable:
    """The cells of a table by column, and where each row begins.

    Attributes:
        name: of the file.
        rows: cells by column, in lower case.
        places: file and line of each row.
        used: the columns that were asked for, as the file writes them.
        unused: the others.
        notes: what had to be assumed.
        layout: how the file is written.
        bad: what is wrong with each row that was left out.
    """

    name: str
    rows: tuple[dict[str, str], ...]
    places: tuple[str, ...]
    used: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    layout: str = "table separated by commas"
    bad: tuple[str, ...] = ()


SITE_MARKS = {"SITE_ID": "a file of EUA sites", "Level": "a file of iFogSim2 edge resources"}
"""Columns that no file of users has, and what has them."""


def read_user_table(path: Path, what: str, options: TableOptions = DEFAULTS) -> ForeignTable:
    """Read a table of users by latitude and longitude; files of sites, which hold these too, are refused.

    Args:
        path: the file.
        what: what the file should be, such as "a file of EUA users".
        options: what the file does not say.

    Returns:
        The rows, cells stripped, columns in lower case.

    Raises:
        InputError: it is not such a table; the message says what it seems to be.
    """
    table = read_foreign_table(path, ("Latitude", "Longitude"), what, options)
    for column, kind in SITE_MARKS.items():
        if column.lower() in table.rows[0]:
            raise InputError(f"{path}: is not {what}: found {kind}, with the column {column}")
    return table


def read_foreign_table(path: Path, needed: Sequence[str], what: str, options: TableOptions = DEFAULTS) -> ForeignTable:
    """Read a table that must have certain columns; further ones are kept.

    Args:
        path: the file.
        needed: names of columns, in any case; coordinates may have another of their names.
        what: what the file should be, such as "a file of EUA sites".
        options: what the file does not say.

    Returns:
        The rows, cells stripped, numbers with a point; columns in lower case, those needed by the names given here.

    Raises:
        InputError: it is not such a table; the message says what it seems to be.
    """
    if path.is_file() and describe_file(path) == EMPTY:
        raise InputError(f"{path}: has no rows below a header; expected {what} with {', '.join(needed)}")
    table = read_table(path, what, separator=options.separator, decimal=options.decimal, skip_bad=options.skip_bad)
    names = table.dialect.columns
    column_of = _columns(names, needed, options)
    missing = [name for name in needed if name not in column_of]
    if missing:
        raise InputError(
            f"{path}: is not {what}: the columns {', '.join(needed)} are expected, "
            f"{', '.join(missing)} missing; found {describe_file(path)}"
        )
    if not table.rows:
        raise InputError(f"{path}: has no rows below a header; expected {what} with {', '.join(needed)}")
    of_index = {at: name.lower() for name, at in column_of.items()}
    keys = [of_index.get(at, name.lower()) for at, name in enumerate(names)]
    rows = tuple(
        {
            key: _plain(table.dialect.number_text(cell, at), key, cell)
            for at, (key, cell) in enumerate(zip(keys, row, strict=True))
        }
        for row in table.rows
    )
    places = tuple(table.place(at) for at in range(len(table.rows)))
    used = tuple(names[at] for at in column_of.values())
    unused = tuple(name for at, name in enumerate(names) if at not in of_index and not is_unnamed(name))
    return ForeignTable(str(path), rows, places, used, unused, table.notes, table.dialect.layout, table.bad)


def _plain(number: str, key: str, cell: str) -> str:
    """A coordinate with a point, since none has thousands; every other cell, names above all, as it is written."""
    if key not in ("latitude", "longitude", "lat", "lon"):
        return cell
    return plain_number(cell, ",") if parse_number(number) is None else number


def _columns(names: Sequence[str], needed: Sequence[str], options: TableOptions) -> dict[str, int]:
    """The column of each name that is needed: the one stated, the one of that name, else the one of its quantity."""
    column_of: dict[str, int] = {}
    for name in needed:
        quantity = next(iter(quantities_of(name)), "")
        stated = options.columns.column_of.get(quantity)
        exact = [at for at, each in enumerate(names) if spelling(each) == spelling(stated or name)]
        alike = [at for at, each in enumerate(names) if quantity in GEOGRAPHIC and quantity in quantities_of(each)]
        at = exact or ([] if stated else alike)
        if len(at) == 1 and at[0] not in column_of.values():
            column_of[name] = at[0]
    return column_of


def points_on_earth(
    name: str,
    places: Sequence[str],
    fields: Sequence[dict[str, Any]],
    lat_lon: Sequence[tuple[Any, Any]],
    *,
    skip_bad: bool = False,
    left_out: Sequence[str] = (),
    faults: Mapping[int, Sequence[str]] = NO_FAULTS,
) -> CsvPoints:
    """Points from the fields and coordinates of each row.

    Args:
        name: of the file.
        places: where each row is, for messages.
        fields: stated fields of each row, ``id`` among them.
        lat_lon: latitude and longitude of each row [degree], not yet checked.
        skip_bad: whether rows that cannot be used are left out and counted.
        left_out: what is wrong with each row that was left out before.
        faults: what else is wrong with a row, by its number.

    Raises:
        InputError: a coordinate is no number, outside its range or (0, 0) far from all others, or an id is given twice.
    """
    bad: dict[int, list[str]] = {}
    first: dict[str, str] = {}
    for at, (place, each, position) in enumerate(zip(places, fields, lat_lon, strict=True)):
        errors = [*geographic_errors(position, place), *faults.get(at, ())]
        if first.setdefault(str(each["id"]), place) != place:
            errors.append(f"{place}: duplicate id {each['id']!r}; first at {first[str(each['id'])]}")
        if errors:
            bad[at] = errors
    usable = [at for at in range(len(places)) if at not in bad]
    xy = np.array([lat_lon[at] for at in usable], dtype=np.float64).reshape(-1, 2)
    for at in np.flatnonzero(zero_positions(xy[:, 0], xy[:, 1])).tolist():
        place = places[usable[at]]
        bad[usable[at]] = [
            f"{place}: latitude 0, longitude 0 is where receivers without a position lie, {FAR_FROM_OTHERS}"
        ]
    kept = [index for index, at in enumerate(usable) if at not in bad]
    if bad and (not skip_bad or not kept):
        raise InputError("\n".join([line for at in sorted(bad) for line in bad[at]][:MOST_ERRORS]))
    notes = tuple(skipped_notes(name, [*([each] for each in left_out), *(bad[at] for at in sorted(bad))]))
    return CsvPoints(name, tuple(fields[usable[at]] for at in kept), xy[kept], is_geographic=True, notes=notes)


def table_points(table: ForeignTable, ids: Sequence[str], *, skip_bad: bool = False) -> CsvPoints:
    """The points of a table with the columns latitude and longitude; further columns are labels.

    Args:
        table: the rows.
        ids: one a row.
        skip_bad: whether rows that cannot be used are left out and counted.
    """
    lat_lon = [(_number(row["latitude"]), _number(row["longitude"])) for row in table.rows]
    names = [name for name in table.unused if any(row.get(name.lower()) for row in table.rows)][:MOST_LABELS]
    each_labels = (
        {name: label_text(row[name.lower()]) for name in names if row.get(name.lower())} for row in table.rows
    )
    fields = [
        {"id": each, **({"labels": labels} if labels else {})} for each, labels in zip(ids, each_labels, strict=True)
    ]
    points = points_on_earth(table.name, table.places, fields, lat_lon, skip_bad=skip_bad, left_out=table.bad)
    notes = (*table.notes, *points.notes)
    unused = tuple(name for name in table.unused if name not in names)
    about = {"layout": table.layout, "used": ", ".join(table.used), "unused": unused, "labels": tuple(names)}
    return replace(points, **about, notes=notes)


def _number(cell: str) -> int | float | str | None:
    number = parse_number(cell)
    return (cell or None) if number is None else number
