"""A sheet of an Excel workbook (.xlsx): its cells, read within bounds.

Only the parts that are needed are unpacked, up to a size, and looked through by expat before python-calamine reads
them: how far their cells reach, how much text they hold, which are errors or formulas that no program has computed.
"""

from __future__ import annotations

import datetime
import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from twinhop.errors import InputError
from twinhop.extras import require_extra
from twinhop.io.file_kind import require_regular
from twinhop.io.xml_stream import XmlReader
from twinhop.text import counted, suggestion

Cell = str | int | float | bool | datetime.date | datetime.time | datetime.timedelta
"""The value of a cell; empty text where there is none."""
Merge = tuple[int, int, int, int]
"""First row and column, last row and column of cells that are merged, from 0."""

SHEET_MARK = "#"
"""Stands between the name of a workbook and that of a sheet, as in `sites.xlsx#Standorte`."""
LARGEST_PART_BYTES = 256 * 1024 * 1024
"""The largest part of a workbook once unpacked."""
MOST_CELLS = 8_000_000
"""The most cells of the rectangle that holds all of a sheet."""
LARGEST_WORKBOOK_BYTES = 1 << 30
"""All parts of a workbook together once unpacked."""
MOST_MERGES = 10_000
"""So many merged ranges of a sheet are kept: only those of the header matter."""
MOST_FAULTS = 100_000
"""The most errors and formulas without a value."""
LONGEST_TEXTS = 64 * 1024 * 1024
"""Characters of all texts of a sheet."""
MOST_PARTS = 10_000
LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
"""No sheet of Excel or LibreOffice has more rows and columns."""

_WORKBOOK, _RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_SHARED, _STYLES = "xl/sharedStrings.xml", "xl/styles.xml"
_ROOT = "_rels/.rels"
_TO_WORKBOOK = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="'
    'http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/>'
    "</Relationships>"
)
_OLE = b"\xd0\xcf\x11\xe0"
_REFERENCE = re.compile(r"\$?([A-Za-z]{1,8})\$?([0-9]{1,12})")
_ANY_VALUE = re.compile(rb"<(?:\w+:)?(?:v|is)[\s>]")
_DAMAGED = (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, KeyError, ValueError, NotImplementedError)


@dataclass(frozen=True)
class Sheet:
    """The cells of a sheet.

    Attributes:
        file: the workbook.
        name: of the sheet.
        rows: its rows from the first on, all of one length; the first cells of each are in the first column in use.
        merges: cells that are merged, by rows and columns of `rows`.
        notes: what had to be assumed.
    """

    file: Path
    name: str
    rows: tuple[tuple[Cell, ...], ...]
    merges: tuple[Merge, ...]
    notes: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """File and sheet, as `split_sheet` reads them."""
        return Path(f"{self.file}{SHEET_MARK}{self.name}")


def split_sheet(path: Path) -> tuple[Path, str | None]:
    """The file and the sheet of `sites.xlsx#Standorte`; None where none is named.

    A file that has the mark in its own name goes before.

    >>> split_sheet(Path("sites.xlsx"))
    (PosixPath('sites.xlsx'), None)
    """
    text = str(path)
    if SHEET_MARK not in text or path.exists():
        return path, None
    for at in (match.start() for match in re.finditer(SHEET_MARK, text)):
        if at and Path(text[:at]).is_file():
            return Path(text[:at]), text[at + 1 :]
    return path, None


def is_workbook(path: Path) -> bool:
    """Whether a file is a workbook, by its content.

    Raises:
        InputError: it is one of another kind, which is not read.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(4)
    except (OSError, ValueError):
        return False
    if head == _OLE:
        raise InputError(
            f"{path}: is an old or an encrypted Excel file; save it as .xlsx without a password, or as CSV"
        )
    if not head.startswith(b"PK"):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            mime = archive.open("mimetype").read(100) if "mimetype" in names else b""
    except _DAMAGED:
        return False
    if mime.startswith(b"application/vnd.oasis") or "xl/workbook.bin" in names:
        kind = "an OpenDocument file" if mime else "a binary Excel file (.xlsb)"
        raise InputError(f"{path}: is {kind}; save it as .xlsx, or as CSV")
    return _WORKBOOK in names


def read_sheet(file: Path, sheet: str | None, expected: str = "a table") -> Sheet:
    """Read one sheet of a workbook.

    Args:
        file: the workbook.
        sheet: name of the sheet; None: the only one that is visible and not empty.
        expected: what it should be, for messages.

    Returns:
        Values as Excel or LibreOffice saved them, those of formulas too. Errors are their text (`#DIV/0!`); a formula
        that no program has computed is the formula itself, which a note says.

    Raises:
        InputError: there is no such sheet, several may be meant, it is empty, damaged or too large.
        MissingExtra: the packages of the extra `excel` are not installed.
    """
    require_extra("excel", f"{file}: Excel workbooks")
    require_regular(file)
    try:
        with zipfile.ZipFile(file) as archive:
            if len(archive.infolist()) > MOST_PARTS:
                raise InputError(f"{file}: has {len(archive.infolist())} parts; at most {MOST_PARTS} are read")
            size = sum(part.file_size for part in archive.infolist())
            if size > LARGEST_WORKBOOK_BYTES:
                limit = LARGEST_WORKBOOK_BYTES // 2**20
                raise InputError(f"{file}: unpacks to {size // 2**20} MiB; at most {limit} MiB are read")
            return _read(_Parts(file, archive), sheet, expected)
    except _DAMAGED as error:
        raise InputError(f"{file}: is a damaged workbook ({str(error)[:80]}); expected {expected}") from None


@dataclass(frozen=True)
class _Parts:
    """The parts of a workbook; each is unpacked up to a size."""

    file: Path
    archive: zipfile.ZipFile

    def has(self, name: str) -> bool:
        return name in self.archive.NameToInfo

    def read(self, name: str) -> bytes:
        if not self.has(name):
            raise InputError(f"{self.file}: is a damaged workbook: the part {name[:60]} is missing")
        part = self.archive.getinfo(name)
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InputError(f"{self.file}: {name[:60]}: is packed in a way that no Excel file is")
        if part.file_size > LARGEST_PART_BYTES:
            raise InputError(
                f"{self.file}: {name[:60]}: unpacks to {part.file_size // 2**20} MiB; at most "
                f"{LARGEST_PART_BYTES // 2**20} MiB are read"
            )
        return self.archive.read(part)  # no more than the size that was looked at


def _read(parts: _Parts, sheet: str | None, expected: str) -> Sheet:
    listed = _scanned(parts, _WORKBOOK, _Sheets).sheets
    targets = _scanned(parts, _RELATIONS, _Relations).targets
    part_of = {name: targets[relation] for name, relation, _ in listed if relation in targets}
    name, notes = _chosen(parts, listed, part_of, sheet, expected)
    if name not in part_of:
        raise InputError(f"{parts.file}: is a damaged workbook: the sheet {name[:40]!r} has no part")
    strings = _scanned(parts, _SHARED, _Strings).lengths if parts.has(_SHARED) else []
    reader = _SheetScan(f"{parts.file}{SHEET_MARK}{name}", strings)
    content = parts.read(part_of[name])
    reader.feed(content, last=True)
    if reader.box is None:
        raise InputError(f"{reader.source}: the sheet is empty; expected {expected}")
    rows = _values(parts, name, {part_of[name]: content}, reader)
    left = reader.box[1]
    merges = tuple((top, first - left, bottom, last - left) for top, first, bottom, last in reader.merges)
    if reader.formulas:
        (row, column), formula = next(iter(reader.formulas.items()))
        notes.append(
            f"{reader.source}:{row + 1}: {counted(len(reader.formulas), 'formula')} without a value, such as "
            f"{column_letters(column)}{row + 1} {formula[:40]}; open and save the file in Excel or LibreOffice"
        )
    return Sheet(parts.file, name, rows, merges, tuple(notes))


def _scanned(parts: _Parts, name: str, scan: Any) -> Any:
    reader = scan(f"{parts.file}: {name}")
    reader.feed(parts.read(name), last=True)
    return reader


def _chosen(
    parts: _Parts, listed: Sequence[tuple[str, str, bool]], part_of: dict[str, str], stated: str | None, expected: str
) -> tuple[str, list[str]]:
    """The sheet that is meant, and what is said of the others.

    Raises:
        InputError: there is none of that name, or none was named and several may be meant.
    """
    names = [name for name, _, _ in listed if name in part_of]
    if stated is not None:
        alike = [each for each in names if each == stated] or [
            each for each in names if each.casefold().strip() == stated.casefold().strip()
        ]
        if len(alike) != 1:
            raise InputError(
                f"{parts.file}: has no sheet {stated[:40]!r}; {suggestion(stated, names)}its sheets: {_few(names)}"
            )
        return alike[0], []
    visible = [name for name, _, is_visible in listed if is_visible and name in part_of]
    usable = [name for name in visible if _ANY_VALUE.search(parts.read(part_of[name]))] if len(visible) > 1 else visible
    if not usable:
        which = f"the sheet {visible[0][:40]!r} is" if len(visible) == 1 else "its sheets are"
        raise InputError(f"{parts.file}: {which} empty; expected {expected}")
    if len(usable) > 1:
        raise InputError(
            f"{parts.file}: has several sheets ({_few(usable)}); say which, as in '{parts.file}{SHEET_MARK}{usable[0]}'"
        )
    others = [name for name in names if name not in usable]
    note = f"{parts.file}: read the sheet {usable[0]!r}; {_few(others)}: hidden or empty"
    return usable[0], [note] if others else []


def _values(parts: _Parts, name: str, sheet: dict[str, bytes], scan: _SheetScan) -> tuple[tuple[Cell, ...], ...]:
    """The values of a sheet, read from a copy of the parts that were looked through."""
    from python_calamine import CalamineWorkbook

    copy = io.BytesIO()
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_ROOT, _TO_WORKBOOK)
        for part in (_WORKBOOK, _RELATIONS, _SHARED, _STYLES):
            if parts.has(part):
                archive.writestr(part, parts.read(part))
        for part, content in sheet.items():
            archive.writestr(part, content)
    copy.seek(0)
    assert scan.box is not None
    left = scan.box[1]
    try:
        book = CalamineWorkbook.from_filelike(copy)
        rows = [list(row) for row in book.get_sheet_by_name(name).iter_rows()]
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # what Rust cannot go on with comes as a BaseException
        raise InputError(f"{scan.source}: is a damaged sheet ({str(error)[:80]})") from None
    for (row, column), text in (*scan.errors.items(), *scan.formulas.items()):
        if row < len(rows) and 0 <= column - left < len(rows[row]):
            rows[row][column - left] = text
    return tuple(map(tuple, rows))


class _Sheets(XmlReader):
    """The names of the sheets, the relations that lead to them, and whether they are visible."""

    kind, noun, root = "the list of a workbook's sheets", "workbook", "workbook"

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.sheets: list[tuple[str, str, bool]] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if self.enter(tag) == "sheet" and len(self.sheets) < MOST_PARTS:
            relation = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            visible = attributes.get("state", "visible") == "visible"
            self.sheets.append((attributes.get("name", ""), relation, visible))

    def end(self, tag: str) -> None:
        self.leave()


class _Relations(XmlReader):
    """The parts that hold sheets by the names of their relations."""

    kind, noun, root = "the relations of a workbook", "workbook", "Relationships"

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.targets: dict[str, str] = {}

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if self.enter(tag) == "Relationship" and attributes.get("Type", "").endswith("/worksheet"):
            target = attributes.get("Target", "")
            part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
            self.targets[attributes.get("Id", "")] = part

    def end(self, tag: str) -> None:
        self.leave()


class _Strings(XmlReader):
    """How long each of the texts is that cells share."""

    kind, noun, root = "the texts of a workbook", "workbook", "sst"
    texts = True

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.lengths: list[int] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = self.enter(tag)
        if name == "si":
            self.lengths.append(0)
        elif name == "t":
            self.collect()

    def end(self, tag: str) -> None:
        _, text = self.leave()
        if text and self.lengths:
            self.lengths[-1] += len(text)


class _SheetScan(XmlReader):
    """How far the cells of a sheet reach, how long their texts are, and which have no value of their own.

    Attributes:
        box: first row and column, last row and column of cells with a value, from 0; None: there is none.
        merges: cells that are merged.
        errors: the texts of cells that are errors, by row and column.
        formulas: formulas without a value, by row and column.
    """

    kind, noun, root = "a sheet of a workbook", "sheet", "worksheet"
    texts = True

    def __init__(self, source: str, strings: Sequence[int]) -> None:
        super().__init__(source)
        self.box: Merge | None = None
        self.merges: list[Merge] = []
        self.errors: dict[tuple[int, int], str] = {}
        self.formulas: dict[tuple[int, int], str] = {}
        self._strings = strings
        self._text_size = 0
        self._row, self._column = -1, -1
        self._type, self._has_value, self._formula = "", False, ""
        self._value = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = self.enter(tag)
        if name == "c":
            self._begin_cell(attributes)
        elif name in ("v", "t", "f"):
            self._has_value |= name == "t"
            self._formula = "=" if name == "f" else self._formula
            self.collect()
        elif name == "row":
            stated = attributes.get("r", "")
            self._row = int(stated) - 1 if stated.isascii() and stated.isdigit() else self._row + 1
            self._column = -1
        elif name == "mergeCell" and len(self.merges) < MOST_MERGES:
            first, _, last = attributes.get("ref", "").partition(":")
            self.merges.append((*self._place(first), *self._place(last or first)))

    def end(self, tag: str) -> None:
        name, text = self.leave()
        if name == "v":
            self._has_value |= bool(text)
            self._value = text or ""
        elif name == "t":
            self._count(len(text or ""))
        elif name == "f":
            self._formula = f"={text}"[:200]
        elif name == "c":
            self._end_cell()

    def fail(self, message: str, line: int | None = None) -> NoReturn:
        """Refuse the sheet, at the row that is read."""
        super().fail(message, max(self._row, 0) + 1)

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r")
        if reference:
            self._row, self._column = self._place(reference)
        else:
            self._row, self._column = max(self._row, 0), self._column + 1
        if not (self._row < LAST_ROW and self._column < LAST_COLUMN):
            self.fail(
                f"a cell in row {self._row + 1}, column {self._column + 1}; no sheet has more than {LAST_ROW} rows and "
                f"{LAST_COLUMN} columns"
            )
        self._type, self._has_value, self._formula, self._value = attributes.get("t", "n"), False, "", ""

    def _end_cell(self) -> None:
        at = (self._row, self._column)
        if not self._has_value:
            if not self._formula or self._type == "str":  # a formula whose value is an empty text
                return
            self.formulas[at] = self._formula
        elif self._type == "s":
            index = int(self._value) if self._value.isascii() and self._value.isdigit() else len(self._strings)
            if index >= len(self._strings):
                self.fail(f"the cell {column_letters(at[1])}{at[0] + 1} has a text that the workbook does not have")
            self._count(self._strings[index])
        elif self._type == "e":
            self.errors[at] = self._value
        else:
            self._count(len(self._value))
        if len(self.errors) + len(self.formulas) > MOST_FAULTS:
            self.fail(f"holds more than {MOST_FAULTS} errors and formulas without a value")
        box = self.box or (*at, *at)
        self.box = (min(box[0], at[0]), min(box[1], at[1]), max(box[2], at[0]), max(box[3], at[1]))
        rows, columns = self.box[2] + 1, self.box[3] - self.box[1] + 1
        if rows * columns > MOST_CELLS:
            self.fail(
                f"its cells reach from column {column_letters(self.box[1])} to {column_letters(self.box[3])} and down "
                f"to row {rows}; at most {MOST_CELLS} cells are read: delete what stands outside the table, or save it "
                f"as CSV"
            )

    def _count(self, characters: int) -> None:
        self._text_size += characters
        if self._text_size > LONGEST_TEXTS:
            self.fail(f"holds more than {LONGEST_TEXTS // 2**20} Mi characters, the most that is read")

    def _place(self, reference: str) -> tuple[int, int]:
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            self.fail(f"{reference[:20]!r} is no cell; expected a name such as B7")
        return int(match[2]) - 1, _column_number(match[1])


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


def column_letters(column: int) -> str:
    """The name of a column, counted from 0.

    >>> column_letters(0), column_letters(25), column_letters(26), column_letters(16383)
    ('A', 'Z', 'AA', 'XFD')
    """
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _few(names: Sequence[str], most: int = 12) -> str:
    shown = ", ".join(name[:40] for name in names[:most])
    return f"{shown}, and {len(names) - most} more" if len(names) > most else shown
