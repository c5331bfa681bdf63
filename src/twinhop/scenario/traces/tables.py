"""Delimited text in blocks of cells, and cells to numbers, with the line of whatever is wrong."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.io.byte_blocks import line_blocks
from twinhop.io.file_kind import GZIP_MAGIC, describe_file
from twinhop.io.table import Decimal, Dialect, invalid, parse_number, plain_number
from twinhop.scenario.time_unit import AmbiguousTime
from twinhop.scenario.traces.bad_records import BadRecords
from twinhop.scenario.traces.clock import Clock, clock_of
from twinhop.scenario.traces.records import CodeArray, Codes, FloatArray, ReadOptions
from twinhop.text import counted

if TYPE_CHECKING:
    import polars as pl

EXPECTED = "a trace"
LONGEST_LINE_END = 16
LINE = "\n"
"""Name of the column of lines, which no header can name."""
BoolArray = NDArray[np.bool_]


@dataclass
class Rows:
    """Some rows of a table, as text or numbers.

    Attributes:
        path: the file.
        cells: a column for each quantity, null where a cell is empty, and the line of each row under `LINE`.
        bad: what is done with rows that cannot be used.
        names: quantity to the column's name in the file; others are called as the quantity.
        decimals: quantity to the mark of its decimals; points in others.
        faulty: (n,) rows that cannot be used, as far as their cells were asked for.
    """

    path: Path
    cells: pl.DataFrame
    bad: BadRecords
    names: Mapping[str, str] = field(default_factory=dict)
    decimals: Mapping[str, Decimal | None] = field(default_factory=dict)
    faulty: BoolArray = field(default_factory=lambda: np.empty(0, np.bool_))

    def __post_init__(self) -> None:
        self.faulty = np.zeros(self.cells.height, np.bool_)

    @property
    def lines(self) -> NDArray[np.int64]:
        """The line of each row."""
        return self.cells[LINE].to_numpy().astype(np.int64)

    def numbers(self, key: str) -> FloatArray:
        """A column of numbers; rows whose cell is no finite number are faulty.

        Raises:
            InputError: there is one, and such are not left out.
        """
        values = self.plain_numbers(key)
        for row in np.flatnonzero(~np.isfinite(values)).tolist():
            self._leave_out(key, row, f"must be a finite number{self._number_hint(key, row)}")
        return values

    def plain_numbers(self, key: str) -> FloatArray:
        """A column of numbers; NaN where a cell is none."""
        import polars as pl

        cells, decimal = self.cells[key], self.decimals.get(key, ".")
        if not isinstance(cells.dtype, pl.String):
            return cells.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
        if decimal == "," and not cells.str.contains(".", literal=True).any():
            cells = cells.str.replace(",", ".", literal=True)
            decimal = "."
        if decimal != ".":
            return np.array([_number(cell, decimal) for cell in cells.to_list()], dtype=np.float64)
        values = cells.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy().copy()
        for row in np.flatnonzero(np.isnan(values)).tolist():
            values[row] = _number(cells[row], decimal)
        return values

    def times(self, key: str, clock: Clock) -> FloatArray:
        """A column of times in seconds, since 1970 where they are dates; rows whose cell is no time are faulty.

        Raises:
            InputError: there is one, and such are not left out.
        """
        if clock.form is None:
            times_s = clock.of_numbers(self.plain_numbers(key))
        else:
            times_s = np.full(self.cells.height, np.nan)
        unread = np.flatnonzero(~np.isfinite(times_s))
        times_s = np.array(times_s)
        if unread.size:
            cells = self.cells[key].gather(unread).to_list()
            times_s[unread] = clock.of_texts(None if cell is None else str(cell) for cell in cells)
        for row in np.flatnonzero(~np.isfinite(times_s)).tolist():
            self._leave_out(key, row, f"must be {clock.expected}")
        return times_s

    def clock(self, key: str, options: ReadOptions) -> Clock:
        """How a column states times, by these rows.

        Raises:
            InputError: it may state them in several ways; the message says what would settle it.
        """
        name = self.names.get(key, key)
        cells = [None if cell is None else str(cell) for cell in self.cells[key].to_list()]
        if self.decimals.get(key, ".") != ".":
            cells = [None if cell is None else plain_number(cell, self.decimals[key]) for cell in cells]
        try:
            return clock_of(cells, name, options.time_unit, options.time_format)
        except AmbiguousTime as error:
            raise InputError(f"{self.path}: {error}") from None

    def users(self, key: str, codes: Codes) -> CodeArray:
        """The numbers of the users that a column names; rows without a user are faulty.

        Raises:
            InputError: there is one, and such are not left out.
        """
        import polars as pl

        names = self.cells[key]
        if names.is_empty():
            return np.empty(0, np.int32)
        for row in np.flatnonzero(names.is_null().to_numpy()).tolist():
            self._leave_out(key, row, "must name a user")
        distinct = names.drop_nulls().unique(maintain_order=True)
        known: list[int] = []
        for name in distinct.to_list():
            try:
                known.append(codes[name])
            except InputError as error:
                self._leave_out_name(key, name, error)
                known.append(0)
        if distinct.is_empty():
            return np.zeros(len(names), np.int32)
        numbers = names.replace_strict(distinct, pl.Series(known, dtype=pl.Int32), default=0, return_dtype=pl.Int32)
        return numbers.fill_null(0).to_numpy()

    def where(self, mask: pl.Series) -> Rows:
        """The rows where the mask is true."""
        return Rows(self.path, self.cells.filter(mask), self.bad, self.names, self.decimals)

    def _leave_out_name(self, key: str, name: str, error: InputError) -> None:
        for row in np.flatnonzero((self.cells[key] == name).fill_null(False).to_numpy()).tolist():
            if not self.faulty[row]:
                self.bad.add(f"{error} (line {self.cells[LINE][row]})")
                self.faulty[row] = True

    def _leave_out(self, key: str, row: int, expected: str) -> None:
        if self.faulty[row]:
            return
        cell = self.cells[key][row]
        got = "nothing" if cell is None else repr(str(cell)[:40])
        name = self.names.get(key, key)
        self.bad.add(f"{self.path}:{self.cells[LINE][row]}: {name}: {expected} (got {got})")
        self.faulty[row] = True

    def _number_hint(self, key: str, row: int) -> str:
        cell = self.cells[key][row]
        if self.decimals.get(key, ".") is None and isinstance(cell, str) and "," in cell:
            return "; its comma may mark decimals or thousands"
        return ""


def _number(cell: str | None, decimal: Decimal | None) -> float:
    number = None if cell is None else parse_number(plain_number(cell, decimal))
    return np.nan if number is None else float(number)


def table_rows(dialect: Dialect, keys: Mapping[str, int], bad: BadRecords, notes: list[str]) -> Iterator[Rows]:
    """The rows of a table below its header, block by block, cells stripped; blank lines are skipped.

    Args:
        dialect: how the file is written.
        keys: quantity to the index of its column.
        bad: what is done with rows that have more or fewer cells than the header, or are not valid.
        notes: what had to be assumed is added.

    Raises:
        InputError: a row is not valid, and such are not left out.
        EndsEarly: compressed data are cut off; every whole line before has been yielded.
    """
    names = {key: dialect.columns[at] for key, at in keys.items()}
    decimals: dict[str, Decimal | None] = {key: dialect.decimals[at] for key, at in keys.items()}
    short: list[int] = []
    for line, block in line_blocks(dialect.path, dialect.encoding, notes, EXPECTED):
        if line <= dialect.header_line:
            skipped = block.split(b"\n", dialect.header_line - line + 1)
            block = skipped[-1] if len(skipped) == dialect.header_line - line + 2 else b""
            line = dialect.header_line + 1
        if block.strip():
            yield Rows(dialect.path, _cells(dialect, line, block, keys, bad, short), bad, names, decimals)
    if short:
        notes.append(
            f"{counted(len(short), 'row')} with fewer cells than the header, the first in line {short[0]}: the last "
            "columns, which are not used, are taken to be missing"
        )


def _cells(
    dialect: Dialect, line: int, block: bytes, keys: Mapping[str, int], bad: BadRecords, short: list[int]
) -> pl.DataFrame:
    import polars as pl

    cells = _fast_cells(dialect, line, block)
    if cells is None:
        cells = _careful_cells(dialect, line, block, max(keys.values()) + 1, bad, short)
    at = {key: pl.col(f"c{index}").str.strip_chars().replace("", None).alias(key) for key, index in keys.items()}
    return cells.select(LINE, *at.values())


def _fast_cells(dialect: Dialect, line: int, block: bytes) -> pl.DataFrame | None:
    """All cells of a block at once, without blank lines; None where rows may have more or fewer than columns."""
    import polars as pl

    width = len(dialect.columns)
    if not block.endswith(b"\n"):
        block += b"\n"
    lines = block.count(b"\n")
    blank = block.count(b"\n\n") + block.count(b"\n\r\n") + block.startswith((b"\n", b"\r\n"))
    if block.count(dialect.separator.encode()) != (width - 1) * (lines - blank) or (blank and width == 1):
        return None
    schema = {f"c{at}": pl.String() for at in range(width)}
    try:
        cells = pl.read_csv(io.BytesIO(block), has_header=False, schema=schema, separator=dialect.separator)
    except (pl.exceptions.PolarsError, ValueError):
        return None
    if cells.height != lines:
        return None
    cells = cells.with_row_index(LINE, line)
    return cells.filter(~pl.all_horizontal(pl.col(list(schema)).is_null()))


def _careful_cells(
    dialect: Dialect, line: int, block: bytes, needed: int, bad: BadRecords, short: list[int]
) -> pl.DataFrame:
    """The cells of a block row by row, rows that are not valid left out.

    Args:
        dialect: how the file is written.
        line: of the block's beginning.
        block: whole lines.
        needed: a row must have so many cells; those that lack further ones are added to `short`.
        bad: what is done with rows that are not valid.
        short: lines of rows that lack cells.
    """
    import polars as pl

    width, path = len(dialect.columns), dialect.path
    rows: list[Sequence[str]] = []
    lines: list[int] = []
    reader = csv.reader(io.StringIO(block.decode("utf-8"), newline=""), delimiter=dialect.separator, strict=True)
    begins = 0
    while True:
        begins = reader.line_num
        try:
            cells = next(reader, None)
        except csv.Error as error:
            first, last = line + begins, line + max(reader.line_num - 1, begins)
            bad.add(f"{path}:{first}: {invalid(error, first, last)}", records=last - first + 1)
            continue
        if cells is None:
            break
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
            cells = cells[:width]
        if needed <= len(cells) < width:
            short.append(line + begins)
            cells = [*cells, *[""] * (width - len(cells))]
        if len(cells) != width:
            bad.add(f"{path}:{line + begins}: has {counted(len(cells), 'field')}; the header names {width}")
            continue
        rows.append(cells)
        lines.append(line + begins)
    table = {f"c{at}": [row[at] for row in rows] for at in range(width)}
    frame = pl.DataFrame(table, schema={name: pl.String() for name in table})
    return frame.with_columns(pl.Series(LINE, lines, dtype=pl.UInt32))


def lacks_line_end(path: Path) -> bool:
    """Whether the last line of a plain file of text does not end, as where the file was cut off."""
    try:
        with path.open("rb") as stream:
            if stream.read(len(GZIP_MAGIC)) == GZIP_MAGIC:  # cut off, it is refused
                return False
            stream.seek(max(0, path.stat().st_size - LONGEST_LINE_END))
            return not stream.read().rstrip(b"\0 \t").endswith((b"\n", b"\r"))
    except OSError:  # such as a folder
        return False


def not_a_table(path: Path, what: str, needed: str) -> InputError:
    """The error for a file that lacks columns."""
    return InputError(f"{path}: is not {what}: expected the columns {needed}; found {describe_file(path)}")
