"""Tables as others write them: what separates cells, marks decimals and ends lines is told by the file itself.

Small files, and sheets of Excel workbooks, are read whole by `read_table`. Large ones take their dialect from `sniff`,
then the records of `open_records`, one by one, or the blocks of lines of `byte_blocks.line_blocks`, which Polars reads.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from twinhop.errors import InputError
from twinhop.io.byte_blocks import EndsEarly, decoded_head, open_text
from twinhop.io.file_kind import SEPARATORS
from twinhop.io.sheet_header import header_of
from twinhop.io.workbook import Cell, is_workbook, read_sheet, split_sheet
from twinhop.text import counted

SEPARATOR_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
MOST_COLUMNS = 1000
SAMPLE_RECORDS = 2000
"""Records by which separator and decimal mark are told, at most."""
LARGEST_TABLE_BYTES = 64 * 1024 * 1024
LONGEST_HEADER = 1 << 16
LARGEST_WHOLE = 1e15
"""Whole numbers of workbooks below this are written without a point; all of them are exact."""
LONGEST_NUMBER = 64
"""Characters of a number; longer ones are none."""

Decimal = Literal[".", ","]

_EXCEL_HINT = re.compile(r'"?sep=([^"])"?', re.IGNORECASE)
_LINE_END = re.compile(r"\r\n|\n|\r")
_UNNAMED = re.compile(r"Unnamed: \d+")
"""What pandas calls a column without a name once it has read it."""
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_MINUS = str.maketrans({"\N{MINUS SIGN}": "-"})
_SIGN = "[-+\N{MINUS SIGN}]?"
_ONE_MARK = re.compile(rf"{_SIGN}(\d*)([.,])(\d*)(?:[eE][-+]?\d+)?")
_GROUPS = re.compile(rf"{_SIGN}[1-9]\d{{0,2}}(?:([.,])\d{{3}})(?:\1\d{{3}})*(?:([.,])\d+)?")


@dataclass(frozen=True)
class Dialect:
    r"""How a table is written.

    Attributes:
        path: the file.
        encoding: as `byte_blocks.encoding_of` tells it.
        separator: what stands between cells.
        columns: names as written, stripped; empty for columns without a name.
        header_line: the line of the names, from 1; 0 where the file has none and they were given.
        decimals: for each column the mark of its decimals; None where a cell such as `1,234` may be either.
        notes: what had to be assumed.
        is_stated: whether the mark of decimals was stated, so that the other one groups thousands.
        sheet: of a workbook; empty: the file is text.
    """

    path: Path
    encoding: str
    separator: str
    columns: tuple[str, ...]
    header_line: int
    decimals: tuple[Decimal | None, ...]
    notes: tuple[str, ...] = ()
    is_stated: bool = False
    sheet: str = ""

    @property
    def layout(self) -> str:
        """How the table is laid out, in words."""
        marks = ", decimal commas" if "," in self.decimals else ""
        return (
            f"sheet {self.sheet!r} of a workbook" if self.sheet else f"table separated by {self.separated_by}"
        ) + marks

    @property
    def separated_by(self) -> str:
        """What separates the cells, in a word."""
        return SEPARATOR_NAMES.get(self.separator, repr(self.separator))

    def describe(self) -> str:
        """The columns and what separates them, for messages."""
        names = ", ".join(name or "(no name)" for name in self.columns)
        how = f"in the sheet {self.sheet!r}" if self.sheet else f"separated by {self.separated_by}"
        return f"a table with the columns {names[:200]}, {how}"

    def number_text(self, cell: str, column: int) -> str:
        """A cell as Python writes the number in it, or the cell itself where it holds none.

        Digits in groups (`1.234.567,5`) are joined where the marks leave one reading.

        Args:
            cell: stripped.
            column: from 0.
        """
        return plain_number(cell, self.decimals[column], groups=self.is_stated)

    def number_hint(self, cell: str, column: int) -> str:
        """What would settle a cell that is no number, or nothing."""
        if self.decimals[column] is None and _ONE_MARK.fullmatch(cell):
            return "; its comma may mark decimals or thousands: state --decimal"
        if self.decimals[column] == "." and not self.is_stated and "," in cell and _ONE_MARK.fullmatch(cell):
            return "; --decimal , says that commas mark decimals"
        return ""


@dataclass(frozen=True)
class Table:
    """A table read whole.

    Attributes:
        dialect: how it is written.
        rows: the cells of each row, stripped, as many as there are columns; blank lines are left out.
        lines: the line on which each row begins.
        notes: what had to be assumed.
        bad: what is wrong with each row that was left out, beginning with file and line.
    """

    dialect: Dialect
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    notes: tuple[str, ...] = field(default=())
    bad: tuple[str, ...] = field(default=())

    @property
    def name(self) -> str:
        """The file's path as text."""
        return str(self.dialect.path)

    def place(self, row: int) -> str:
        """File and line of a row."""
        return f"{self.name}:{self.lines[row]}"


def plain_number(cell: str, decimal: Decimal | None, *, groups: bool = False) -> str:
    """A cell as Python writes the number in it; the cell itself where it holds none or two readings are left.

    Args:
        cell: stripped.
        decimal: the mark of decimals; None: not known.
        groups: whether the other mark is known to group thousands, even where it stands alone as in `1,234`.

    >>> plain_number("0,5", ","), plain_number("1.234,5", ","), plain_number("12", "."), plain_number("1,234", None)
    ('0.5', '1234.5', '12', '1,234')
    """
    text = cell.translate(_MINUS)
    if "," not in text and (decimal == "." or "." not in text):
        return text
    grouped = _GROUPS.fullmatch(text)
    if grouped is not None:
        thousands, mark = grouped[1], grouped[2] or ""
        certain = groups or mark not in ("", thousands) or (not mark and text.count(thousands) > 1)
        if certain and decimal != thousands:
            return text.replace(thousands, "").replace(",", ".")
    return text.replace(",", ".") if decimal and _ONE_MARK.fullmatch(text) and decimal in text else cell


def parse_number(text: str) -> int | float | None:
    """The number that a plain text such as `12`, `-1.5` or `1e-3` is; a whole number as int; None for anything else.

    >>> parse_number("007"), parse_number("30.0"), parse_number("nan"), parse_number("1_000")
    (7, 30.0, None, None)
    """
    if len(text) > LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        return None
    return int(text) if _INTEGER.fullmatch(text) else float(text)


def whole(number: int | float | None) -> int | float | None:
    """A number that is whole as an int, since spreadsheets and pandas write `30.0`; any other as it is.

    >>> whole(30.0), whole(30.5)
    (30, 30.5)
    """
    return int(number) if isinstance(number, float) and number.is_integer() else number


def sniff(
    path: Path,
    expected: str = "a table",
    *,
    separator: str | None = None,
    decimal: Decimal | None = None,
    columns: Sequence[str] = (),
) -> Dialect:
    """How a file writes its table, by its first 64 KiB.

    Args:
        path: the file, plain or gzip-compressed.
        expected: what it should be, for messages.
        separator: what stands between cells; None: told by the header and the rows below it.
        decimal: the mark of decimals; None: told column by column.
        columns: names of a file that has no header.

    Raises:
        InputError: it is no text, or separators leave two readings.
    """
    encoding, text = decoded_head(path, expected)
    return _dialect(path, encoding, text, _Stated(separator, decimal, tuple(columns)))


def read_table(
    path: Path,
    expected: str = "a table",
    *,
    separator: str | None = None,
    decimal: Decimal | None = None,
    columns: Sequence[str] = (),
    most_rows: int | None = None,
    skip_bad: bool = False,
) -> Table:
    """Read a table of at most 64 MiB whole, or a sheet of an Excel workbook.

    Args:
        path: the file, plain or gzip-compressed; or a workbook, with the sheet where it has several: `a.xlsx#Sites`.
        expected: what it should be, for messages.
        separator: what stands between cells; None: told by the file.
        decimal: the mark of decimals; None: told by the file.
        columns: names of a file that has no header.
        most_rows: more are refused.
        skip_bad: whether rows with more or fewer cells than the header, or that are not valid, are left out.

    Raises:
        InputError: it is no table; a row has more or fewer cells than the header; the message names the line.
    """
    file, sheet = split_sheet(path)
    if not file.exists():
        raise InputError(f"{path}: file not found")
    stated = _Stated(separator, decimal, tuple(columns))
    if is_workbook(file):
        return _sheet_table(file, sheet, expected, stated, most_rows)
    if sheet is not None:
        raise InputError(f"{file}: is no Excel workbook, so it has no sheet {sheet[:40]!r}")
    encoding, _ = decoded_head(path, expected)
    notes: list[str] = []
    try:
        text = open_text(path, encoding, notes, expected).read(LARGEST_TABLE_BYTES + 1)
    except EndsEarly as error:
        raise InputError(f"{path}: {error}; expected {expected}") from None
    if len(text) > LARGEST_TABLE_BYTES:
        raise InputError(f"{path}: is larger than {LARGEST_TABLE_BYTES // 1024**2} MiB, the most that is read")
    dialect = _dialect(path, encoding, text, stated)
    rows, lines = [], []
    bad: list[str] = []
    for line, cells in _records(io.StringIO(text, newline=""), dialect, bad.append if skip_bad else None):
        if len(rows) == most_rows:
            raise InputError(f"{path}:{line}: more than {most_rows} rows; no more are accepted")
        rows.append(cells)
        lines.append(line)
    if text and text[-1] not in "\r\n":
        notes.append(f"{path}: its last line has no end; where the file was cut off, the last cell is too short")
    table = Table(dialect, tuple(rows), tuple(lines), bad=tuple(bad))
    return replace(table, notes=(*notes, *dialect.notes, *_unnamed_notes(table)))


def table_columns(path: Path, *, separator: str | None = None, decimal: Decimal | None = None) -> tuple[str, ...]:
    """The names of the columns of a table that `read_table` reads."""
    file, sheet = split_sheet(path)
    if sheet is not None or is_workbook(file):
        return read_table(path, decimal=decimal).dialect.columns
    return sniff(path, "a table", separator=separator, decimal=decimal).columns


def _sheet_table(file: Path, name: str | None, expected: str, stated: _Stated, most_rows: int | None) -> Table:
    """The table of a sheet: numbers as text with the mark of decimals that the texts of their column have.

    Raises:
        InputError: as `read_sheet`; it has too many rows or columns.
    """
    sheet = read_sheet(file, name, expected)
    header = header_of(sheet.rows, sheet.merges) if not stated.columns else None
    names, begin = (header.names, header.last + 1) if header else (stated.columns, 0)
    width = len(sheet.rows[0])
    if width > MOST_COLUMNS:
        raise InputError(f"{sheet.path}: has {width} columns; at most {MOST_COLUMNS} are read")
    below = [(at + 1, row) for at, row in enumerate(sheet.rows) if at >= begin and any(cell != "" for cell in row)]
    if most_rows is not None and len(below) > most_rows:
        raise InputError(f"{sheet.path}:{below[most_rows][0]}: more than {most_rows} rows; no more are accepted")
    texts = [[cell if isinstance(cell, str) else "" for cell in row] for _, row in below[:SAMPLE_RECORDS]]
    decimals = _decimals(texts, len(names), "", stated.decimal)
    rows = tuple(tuple(_cell_text(cell, mark) for cell, mark in zip(row, decimals, strict=True)) for _, row in below)
    notes = [*sheet.notes, *_notes(sheet.path, decimals)]
    first = 0 if header is None else next((at for at in range(header.first) if any(sheet.rows[at])), header.first)
    if header is not None and first < header.first:
        which = f"row {first + 1} is" if first + 1 == header.first else f"rows {first + 1} to {header.first} are"
        notes.append(f"{sheet.path}: {which} above the header and not used")
    line = 0 if header is None else header.last + 1
    dialect = Dialect(
        sheet.path, "utf-8", "", tuple(names), line, decimals, tuple(notes), stated.decimal is not None, sheet.name
    )
    table = Table(dialect, rows, tuple(line for line, _ in below))
    return replace(table, notes=(*notes, *_unnamed_notes(table)))


def _cell_text(cell: Cell, mark: Decimal | None) -> str:
    """A cell as text, a number as a cell of this column writes it."""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, int | float):
        return str(whole(cell) if abs(cell) < LARGEST_WHOLE else cell).replace(".", mark or ".")
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(sep=" ")
    return cell.isoformat() if isinstance(cell, datetime.date | datetime.time) else str(cell)


def open_records(
    dialect: Dialect, notes: list[str], expected: str = "a table", on_bad: Callable[[str], None] | None = None
) -> Iterator[tuple[int, list[str]]]:
    """The records below the header, one by one, each with its line; cells stripped, blank lines left out.

    Args:
        dialect: as `sniff` told it.
        notes: what had to be assumed is added here.
        expected: what the file should be, for messages.
        on_bad: called with what is wrong with a record that is left out; None: such a record is refused.

    Raises:
        InputError: a record has more or fewer cells than the header, or is not valid; the message names the line.
        EndsEarly: compressed data are cut off; every whole record before has been yielded.
    """
    for line, cells in _records(open_text(dialect.path, dialect.encoding, notes, expected), dialect, on_bad):
        yield line, list(cells)


def is_index(names: str, cells: Sequence[str]) -> bool:
    """Whether a column is the index that pandas writes: without a name, and counting the rows.

    >>> is_index("", ["0", "1", "2"]), is_index("Unnamed: 0", ["0", "1"]), is_index("id", ["0", "1"])
    (True, True, False)
    """
    return is_unnamed(names) and all(cell == str(at) for at, cell in enumerate(cells))


def is_unnamed(name: str) -> bool:
    """Whether a column has no name, or the one that pandas gives to such."""
    return not name or _UNNAMED.fullmatch(name) is not None


@dataclass(frozen=True)
class _Stated:
    separator: str | None
    decimal: Decimal | None
    columns: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.separator is not None:
            object.__setattr__(self, "separator", _one_separator(self.separator))


def _one_separator(text: str) -> str:
    r"""What was stated to stand between cells; a tab may be written `\t`, which shells hand on as it is.

    Raises:
        InputError: it is not one character, or one that ends or quotes cells.
    """
    separator = "\t" if text == "\\t" else text
    if len(separator) != 1 or separator in '"\r\n':
        raise InputError(rf"--separator: must be one character, such as ; or \t (got {text[:20]!r})")
    return separator


def _dialect(path: Path, encoding: str, text: str, stated: _Stated) -> Dialect:
    lines = text.lstrip("\ufeff")
    first = _first_line(lines)
    hint = _EXCEL_HINT.fullmatch(first)
    if hint and stated.separator is None:
        stated = _Stated(hint[1], stated.decimal, stated.columns)
    skipped = 1 if hint else _comment_lines(lines)
    if skipped:
        lines = _LINE_END.split(lines, maxsplit=skipped)[-1]
    separator = _separator(path, lines) if stated.separator is None else stated.separator
    sample = _sample(lines, separator)
    names = stated.columns
    header_line = 0
    if not names:
        at, cells = sample[0] if sample else (1, [])
        names, header_line = tuple(cell.strip() for cell in cells), at + skipped
        sample = sample[1:]
    if len(names) > MOST_COLUMNS:
        raise InputError(f"{path}: has {len(names)} columns; at most {MOST_COLUMNS} are read")
    decimals = _decimals([cells for _, cells in sample], len(names), separator, stated.decimal)
    return Dialect(
        path, encoding, separator, names, header_line, decimals, _notes(path, decimals), stated.decimal is not None
    )


def _notes(path: Path, decimals: tuple[Decimal | None, ...]) -> tuple[str, ...]:
    return (f"{path}: commas mark decimals",) if "," in decimals else ()


def _comment_lines(text: str) -> int:
    """How many lines before the header begin with `#`; the last is a header where numbers stand below it."""
    lines = _LINE_END.split(text[:LONGEST_HEADER])
    count = 0
    while count + 1 < len(lines) and lines[count].startswith("#"):
        count += 1
    marks = [{each: line.count(each) for each in SEPARATORS} for line in lines[max(count - 1, 0) : count + 1]]
    if not count or not any(marks[0].values()) or marks[0] != marks[1]:
        return count
    below = re.split("|".join(map(re.escape, SEPARATORS)), lines[count])
    return count - 1 if any(parse_number(cell.strip()) is not None for cell in below) else count


def _first_line(text: str) -> str:
    return next((line for line in _LINE_END.split(text[:LONGEST_HEADER]) if line.strip()), "")


def _separator(path: Path, text: str) -> str:
    """What the cells of the header are separated by: the one candidate, or the one by which the rows have as many."""
    first = _first_line(text)
    candidates = [each for each in SEPARATORS if each in re.sub(r'"[^"]*"', "", first)]
    if len(candidates) < 2:
        return candidates[0] if candidates else ","
    share = {each: _agreement(_sample(text, each)) for each in candidates}
    best = [each for each in candidates if share[each] == max(share.values())]
    if len(best) > 1 and max(share.values()) > 0:
        names = " or ".join(SEPARATOR_NAMES[each] for each in best)
        raise InputError(
            f"{path}:1: its cells may be separated by {names}; state which by --separator of import "
            "csv, or write the file with one of them"
        )
    return max(best, key=first.count)


def _agreement(sample: list[tuple[int, list[str]]]) -> float:
    """The share of the rows that have as many cells as the header."""
    if len(sample) < 2:
        return 0.0
    width = len(sample[0][1])
    return sum(len(cells) == width for _, cells in sample[1:]) / (len(sample) - 1)


def _sample(text: str, separator: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    sample: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                sample.append((line, cells))
            line = reader.line_num + 1
            if len(sample) > SAMPLE_RECORDS:
                break
    except csv.Error:  # said with its line once the records are read
        pass
    return sample


def _decimals(rows: list[list[str]], width: int, separator: str, stated: Decimal | None) -> tuple[Decimal | None, ...]:
    if stated is not None or separator == ",":
        return (stated or ".",) * width
    columns: list[set[str]] = [set() for _ in range(width)]
    for cells in rows:
        for at, cell in enumerate(cells[:width]):
            evidence = _evidence(cell.strip())
            if evidence:
                columns[at].add(evidence)
    anywhere = set().union(*columns) if columns else set()
    return tuple(_told(column, anywhere) for column in columns)


def _evidence(cell: str) -> str:
    """What a cell says of decimals: a mark, one with `?` where it may as well group thousands, or nothing.

    >>> _evidence("0,5"), _evidence("1.234"), _evidence("1.234,5"), _evidence("1,234,567"), _evidence("12")
    (',', '.?', ',', '.', '')
    """
    if "," not in cell and "." not in cell:
        return ""
    groups = _GROUPS.fullmatch(cell)
    if groups is not None and groups[1] != groups[2]:
        if groups[2] or cell.count(groups[1]) > 1:
            return groups[2] or (",", ".")[groups[1] == ","]
        return f"{groups[1]}?"
    mark = _ONE_MARK.fullmatch(cell)
    return mark[2] if mark is not None and (mark[1] or mark[3]) else ""


def _told(column: set[str], anywhere: set[str]) -> Decimal | None:
    """The mark of a column by its own cells, else by those of the others; a lone point marks decimals by default."""
    if "," in column:
        return None if "." in column else ","
    if "." in column:
        return "."
    if ",?" in column:
        return "," if "," in anywhere and not anywhere & {".", ".?"} else None
    if ".?" in column:
        return None if "," in anywhere and "." not in anywhere else "."
    return "," if "," in anywhere and not anywhere & {".", ".?"} else "."


def _records(
    stream: io.TextIOBase | Iterator[str], dialect: Dialect, on_bad: Callable[[str], None] | None = None
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The records below the header; those that are none are refused, or left out where `on_bad` takes what is wrong.

    Raises:
        InputError: a record has more or fewer cells than the header, or is not valid, and such are not left out.
    """
    path, width = dialect.path, len(dialect.columns)
    reader = csv.reader(stream, delimiter=dialect.separator, strict=True)
    while True:
        begins, fault = reader.line_num + 1, ""
        try:
            cells = next(reader, None)
        except csv.Error as error:
            cells, fault = [], invalid(error, begins, reader.line_num)
        if cells is None:
            return
        if not fault and (begins <= dialect.header_line or not any(cell.strip() for cell in cells)):
            continue
        cells = _trimmed(cells, width)
        if not fault and len(cells) != width:
            fault = f"has {counted(len(cells), 'field')}; the header names {width}{_otherwise(cells, dialect)}"
        if not fault:
            yield begins, tuple(cell.strip() for cell in cells)
        elif on_bad is None:
            raise InputError(f"{path}:{begins}: {fault}")
        else:
            on_bad(f"{path}:{begins}: {fault}")


def _otherwise(cells: Sequence[str], dialect: Dialect) -> str:
    """What is said of a row that has as many cells as the header where something else separates them."""
    text = dialect.separator.join(cells)
    for separator, name in SEPARATOR_NAMES.items():
        if separator != dialect.separator and text.count(separator) + 1 == len(dialect.columns):
            return f", separated by {dialect.separated_by}; is this line separated by {name}?"
    return ""


def invalid(error: csv.Error, first: int, last: int) -> str:
    """What is said of a record that is no valid CSV: a quote without an end takes in all lines down to the last.

    >>> invalid(csv.Error("unexpected end of data"), 3, 5)
    'not valid CSV: unexpected end of data (lines 3 to 5)'
    """
    return f"not valid CSV: {error}" + (f" (lines {first} to {last})" if last > first else "")


def _trimmed(cells: list[str], width: int) -> list[str]:
    """A row without the empty cells that some programs write after its last."""
    return cells[:width] if len(cells) > width and not any(cell.strip() for cell in cells[width:]) else cells


def _unnamed_notes(table: Table) -> Iterator[str]:
    for at, name in enumerate(table.dialect.columns):
        if not is_unnamed(name):
            continue
        cells = [row[at] for row in table.rows]
        if is_index(name, cells):
            yield f"{table.name}: column {at + 1} counts the rows (the index that pandas writes) and is not used"
        elif any(cells):
            yield f"{table.name}: column {at + 1} has no name and is not used"
