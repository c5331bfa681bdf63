"""Delimited text in blocks of cells, and cells to numbers, with the line of whatever is wrong."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.io.file_kind import describe_file
from twinhop.scenario.traces.clock import date_seconds, source_seconds
from twinhop.scenario.traces.records import CodeArray, Codes, FloatArray
from twinhop.scenario.traces.source import head, line_blocks

if TYPE_CHECKING:
    import polars as pl

SEPARATORS = (";", ",", "\t")
MOST_COLUMNS = 1000
LINE = "\n"
"""Name of the column of lines, which no header can name."""


@dataclass(frozen=True)
class Rows:
    """Some rows of a table, as text.

    Attributes:
        path: the file.
        cells: a column each, null where a cell is empty, and the line of each row under `LINE`.
    """

    path: Path
    cells: pl.DataFrame

    @property
    def lines(self) -> NDArray[np.int64]:
        """The line of each row."""
        return self.cells[LINE].to_numpy()

    def numbers(self, column: str) -> FloatArray:
        """A column of numbers.

        Raises:
            InputError: a cell is no finite number.
        """
        import polars as pl

        numbers = self.cells[column].cast(pl.Float64, strict=False)
        values = numbers.fill_null(np.nan).to_numpy()
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            raise self._refused(column, int(bad[0]), "must be a finite number")
        return values

    def times(self, column: str, is_clock: bool) -> FloatArray:
        """A column of times in seconds, since 1970 where they are dates.

        Raises:
            InputError: a cell is no such time.
        """
        import polars as pl

        if not is_clock:
            values = self.cells[column].cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
            if np.isfinite(values).all():
                return values
        seconds = date_seconds if is_clock else source_seconds
        times_s = [None if cell is None else seconds(str(cell)) for cell in self.cells[column].to_list()]
        for row, value in enumerate(times_s):
            if value is None:
                expected = "a date and time (ISO 8601), as the rows before" if is_clock else "seconds or h:mm:ss"
                raise self._refused(column, row, f"must be {expected}")
        return np.array(times_s, dtype=np.float64)

    def users(self, column: str, codes: Codes) -> CodeArray:
        """The numbers of the users that a column names.

        Raises:
            InputError: a cell is empty, or no name.
        """
        import polars as pl

        names = self.cells[column]
        if names.is_empty():
            return np.empty(0, np.int32)
        if names.null_count():
            raise self._refused(column, int(names.is_null().arg_max() or 0), "must name a user")
        distinct = names.unique(maintain_order=True)
        try:
            known = [codes[name] for name in distinct.to_list()]
        except InputError as error:
            raise InputError(f"{error} (near line {self.cells[LINE][0]})") from None
        return names.replace_strict(distinct, pl.Series(known, dtype=pl.Int32), return_dtype=pl.Int32).to_numpy()

    def where(self, mask: pl.Series) -> Rows:
        """The rows where the mask is true."""
        return Rows(self.path, self.cells.filter(mask))

    def _refused(self, column: str, row: int, expected: str) -> InputError:
        cell = self.cells[column][row]
        got = "nothing" if cell is None else repr(str(cell)[:40])
        return InputError(f"{self.path}:{self.cells[LINE][row]}: {column}: {expected} (got {got})")


def header_of(path: Path) -> tuple[str, list[str]]:
    """The separator of a table, and its columns in lower case; no columns where the file is no table of text.

    Raises:
        InputError: the file is missing, empty or cannot be read.
    """
    first = head(path).lstrip(b"\xef\xbb\xbf").split(b"\n", 1)[0]
    try:
        text = first.decode("utf-8").strip()
    except UnicodeDecodeError:
        return ",", []
    separator = max(SEPARATORS, key=text.count)
    cells = next(csv.reader([text], delimiter=separator), []) if text.isprintable() or "\t" in text else []
    columns = [cell.strip().lower() for cell in cells]
    return separator, columns if 0 < len(columns) <= MOST_COLUMNS else []


def table_rows(path: Path) -> Iterator[Rows]:
    """The rows of a table below its header, block by block, cells stripped; blank lines are skipped.

    Raises:
        InputError: a line is not valid, or the header names a column twice.
        EndsEarly: compressed data are cut off; every whole line before has been yielded.
    """
    separator, columns = header_of(path)
    for column in columns:
        if columns.count(column) > 1:
            raise InputError(f"{path}:1: the column {column[:40]!r} is given twice")
    for line, block in line_blocks(path):
        if line == 1:
            line, (_, _, block) = 2, block.partition(b"\n")
        if block.strip():
            yield Rows(path, _cells(path, line, block, separator, columns))


def _cells(path: Path, line: int, block: bytes, separator: str, columns: list[str]) -> pl.DataFrame:
    import polars as pl

    schema = dict.fromkeys(columns, pl.String())
    try:
        cells = pl.read_csv(io.BytesIO(block), has_header=False, schema=schema, separator=separator)
    except (pl.exceptions.PolarsError, ValueError) as error:
        reason = str(error).splitlines()[0][:120]
        raise InputError(f"{path}:{line}: at or below this line, not a valid table: {reason}") from None
    cells = cells.with_columns(pl.col(columns).str.strip_chars().replace("", None))
    return cells.with_row_index(LINE, line).filter(~pl.all_horizontal(pl.col(columns).is_null()))


def not_a_table(path: Path, what: str, needed: str) -> InputError:
    """The error for a file that lacks columns."""
    return InputError(f"{path}: is not {what}: expected the columns {needed}; found {describe_file(path)}")
