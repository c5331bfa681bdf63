"""A CSV file as text cells under checked column names, each row with its line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from twinhop.errors import InputError
from twinhop.io.file_kind import describe_file
from twinhop.io.text_file import read_text
from twinhop.text import suggestion

LOCAL = ("x_m", "y_m")
GEOGRAPHIC = ("lat", "lon")


@dataclass(frozen=True)
class CsvTable:
    """The cells of a CSV file, by column."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]
    lines: tuple[int, ...]
    """The line on which each row begins."""

    @property
    def is_geographic(self) -> bool:
        """Whether positions are latitude and longitude."""
        return GEOGRAPHIC[0] in self.columns


def read_table(path: Path, optional: Sequence[str], most_rows: int) -> CsvTable:
    """Read a CSV file of points: `id,x_m,y_m` or `id,lat,lon`, in any order, with optional columns.

    Args:
        path: the file; UTF-8, a byte order mark is tolerated.
        optional: names of the further columns that are accepted.
        most_rows: the most rows that are accepted.

    Returns:
        The cells, stripped of surrounding blanks; blank lines are skipped.

    Raises:
        InputError: if the file, its header or a line is broken; the message names the line.
    """
    name = str(path)
    records = csv_records(read_text(path), name)
    columns = _header(records, name)
    _check_header(columns, optional, path)
    rows, lines = [], []
    for line, cells in records:
        if len(cells) != len(columns):
            raise InputError(f"{name}:{line}: has {len(cells)} fields; the header names {len(columns)}")
        if len(rows) == most_rows:
            raise InputError(f"{name}:{line}: more than {most_rows} rows; no more are accepted")
        rows.append(dict(zip(columns, (cell.strip() for cell in cells), strict=True)))
        lines.append(line)
    if not rows:
        raise InputError(f"{name}: has no rows below the header; at least one is needed")
    return CsvTable(name, columns, tuple(rows), tuple(lines))


def read_header(path: Path) -> tuple[str, ...]:
    """The columns that the first line of a CSV file names, stripped, in lower case.

    Raises:
        InputError: if the file is not usable or empty.
    """
    return _header(csv_records(read_text(path), str(path)), str(path))


def _header(records: Iterator[tuple[int, list[str]]], name: str) -> tuple[str, ...]:
    _, header = next(records, (0, None))
    if header is None:
        raise InputError(f"{name}: is empty; its first line must name the columns, such as id,{','.join(LOCAL)}")
    return tuple(cell.strip().lower() for cell in header)


def csv_records(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of CSV text that are not blank, each with its line.

    Raises:
        InputError: if the text is not valid CSV.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{name}:{line}: not valid CSV: {error}") from None


def _check_header(columns: tuple[str, ...], optional: Sequence[str], path: Path) -> None:
    name, accepted = str(path), ("id", *LOCAL, *GEOGRAPHIC, *optional)
    if not set(columns) & set(accepted):
        raise InputError(
            f"{name}:1: no header; the first line must name the columns, separated by commas, "
            f"such as id,{','.join(LOCAL)} (accepted: {', '.join(accepted)}); found {describe_file(path)}"
        )
    for index, column in enumerate(columns):
        if column not in accepted:
            hint = suggestion(column, accepted)
            raise InputError(f"{name}:1: unknown column {column[:40]!r}; {hint}accepted: {', '.join(accepted)}")
        if column in columns[:index]:
            raise InputError(f"{name}:1: the column {column!r} is given twice")
    _check_needed(columns, name)


def _check_needed(columns: tuple[str, ...], name: str) -> None:
    if "id" not in columns:
        raise InputError(f"{name}:1: the column 'id' is missing")
    complete = [pair for pair in (LOCAL, GEOGRAPHIC) if set(pair) <= set(columns)]
    named = set(columns) & {*LOCAL, *GEOGRAPHIC}
    if len(complete) != 1 or len(named) != 2:
        raise InputError(
            f"{name}:1: positions need either the columns x_m,y_m or the columns lat,lon "
            f"(got {', '.join(column for column in columns if column in named) or 'none of them'})"
        )
