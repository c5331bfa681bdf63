"""Workbooks of Excel (.xlsx), where the extra `excel` is installed: numbers as numbers, text never as a formula."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinhop.extras import missing_packages, require_extra
from twinhop.output.kit.tables import write_csv

#: Rows of a sheet that are written; the rest are counted in its last line. Excel holds 1,048,576.
MOST_ROWS = 200_000
#: Widths of columns [characters]: of the widest cell, within these; rows that are looked at for that.
NARROWEST, WIDEST, MEASURED = 8, 48, 1000
#: Characters of a cell, and of the name of a sheet, that Excel takes.
LONGEST_TEXT, LONGEST_NAME = 32_767, 31
#: When every workbook says it was made: the same answer is the same bytes.
MADE = datetime.datetime(2000, 1, 1)
#: Signs that a sheet's name may not have.
_NOT_IN_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\", "-"))


@dataclass(frozen=True)
class Sheet:
    """A table with a name: a sheet of a workbook, or a CSV file.

    Attributes:
        name: of the sheet.
        header: names of the columns, with units.
        rows: values, as many as columns: text, numbers, booleans, or None for what is unknown.
    """

    name: str
    header: Sequence[str]
    rows: Sequence[Sequence[Any]]

    @classmethod
    def of_dicts(cls, name: str, rows: Sequence[Mapping[str, Any]]) -> Sheet:
        """A sheet of rows by column; intervals and lists are text in it."""
        header = tuple(dict.fromkeys(column for row in rows for column in row))
        return cls(name, header, [[row.get(column) for column in header] for row in rows])

    def to_dicts(self) -> list[dict[str, Any]]:
        """The rows by column."""
        return [dict(zip(self.header, row, strict=True)) for row in self.rows]


def excel_is_there() -> bool:
    """Whether the packages of the extra are installed."""
    return not missing_packages("excel")


def write_workbook(path: Path, sheets: Sequence[Sheet]) -> None:
    """Write a workbook: a sheet each, the header frozen, columns as wide as what they hold.

    Numbers are numbers, to 16 digits; text is text, also where it begins like a formula; what is unknown, NaN or
    infinite is empty. There are no macros, formulas or links, and the same sheets give the same bytes.

    Args:
        path: the file, ending in ``.xlsx``.
        sheets: at least one, of different names.

    Raises:
        MissingExtra: the extra `excel` is not installed.
    """
    require_extra("excel", path.name)
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), {"in_memory": True, "nan_inf_to_errors": False}) as book:
        book.set_properties({"created": MADE})
        bold = book.add_format({"bold": True, "bottom": 1})
        for sheet in sheets:
            page = book.add_worksheet(sheet.name.translate(_NOT_IN_NAMES)[:LONGEST_NAME])
            page.freeze_panes(1, 0)
            for column, name in enumerate(sheet.header):
                page.write_string(0, column, name, bold)
                page.set_column(column, column, _width(sheet, column))
            for at, row in enumerate(sheet.rows[:MOST_ROWS], start=1):
                for column, value in enumerate(row):
                    _write(page, at, column, value)
            if len(sheet.rows) > MOST_ROWS:
                page.write_string(MOST_ROWS + 1, 0, f"... and {len(sheet.rows) - MOST_ROWS} more rows, in the CSV file")


def write_sheets(folder: Path, name: str, sheets: Sequence[Sheet], csv: Sequence[str] = ()) -> None:
    """Write sheets as a workbook ``NAME.xlsx`` where the extra is installed, and some of them as CSV files in any case.

    Args:
        folder: where to.
        name: of the workbook, without suffix.
        sheets: of the workbook.
        csv: names of those that are CSV files too, named like them in small letters.
    """
    for sheet in sheets:
        if sheet.name in csv:
            write_csv(folder, sheet.name.lower(), sheet.to_dicts(), sheet.header)
    if excel_is_there():
        write_workbook(folder / f"{name}.xlsx", sheets)


def _write(page: Any, row: int, column: int, value: Any) -> None:
    value = value.item() if hasattr(value, "item") else value
    if value is None:
        return
    if isinstance(value, bool):
        page.write_boolean(row, column, value)
    elif isinstance(value, int | float):
        if math.isfinite(value):
            page.write_number(row, column, value)
    else:
        page.write_string(row, column, str(value)[:LONGEST_TEXT])


def _width(sheet: Sheet, column: int) -> int:
    cells = (row[column] for row in sheet.rows[:MEASURED])
    longest = max((len(_shown(cell)) for cell in cells), default=0)
    return min(WIDEST, max(NARROWEST, len(sheet.header[column]), longest) + 1)


def _shown(value: Any) -> str:
    """About what Excel shows of a value: eleven characters of a number at most."""
    return f"{value:.9g}" if isinstance(value, float) else "" if value is None else str(value)
