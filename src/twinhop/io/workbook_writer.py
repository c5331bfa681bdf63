"""Tables as an Excel workbook (.xlsx), a sheet each."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from twinhop.errors import InputError
from twinhop.extras import require_extra
from twinhop.io.files import replacing

LARGEST_EXACT = 10**15
"""Whole numbers beyond this are written as text, since Excel keeps 15 digits."""
CREATED = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
"""What the file says of when it was made, so that the same tables are the same bytes."""
_AS_THEY_ARE = {"strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}


def write_workbook(
    path: str | Path, sheets: Mapping[str, tuple[Sequence[str], Iterable[Sequence[Any]]]], *, overwrite: bool = False
) -> None:
    """Write a workbook: under a temporary name first, so that nothing half-written is left behind.

    Texts are texts, whatever they begin with: nothing is run as a formula. The header is bold and stays in view.

    Args:
        path: the file to write.
        sheets: name of each sheet to its header and its rows of texts, numbers, truths and None.
        overwrite: whether an existing file may be replaced.

    Raises:
        InputError: the file exists and may not be replaced, cannot be written, or a table has more rows, columns or
            characters in a cell than a sheet can have.
        MissingExtra: the packages of the extra `excel` are not installed.
    """
    require_extra("excel", f"{path}: Excel workbooks")
    from xlsxwriter import Workbook

    with (
        replacing(path, overwrite=overwrite) as temporary,
        temporary.open("wb") as stream,
        Workbook(stream, {**_AS_THEY_ARE, "in_memory": True}) as book,
    ):
        book.set_properties({"created": CREATED})
        bold = book.add_format({"bold": True})
        for name, (header, rows) in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            sheet.autofilter(0, 0, 0, max(len(header) - 1, 0))
            for column, title in enumerate(header):
                sheet.write_string(0, column, title, bold)
            for at, row in enumerate(rows, start=1):
                for column, cell in enumerate(row):
                    if _write_cell(sheet, at, column, cell) != 0:
                        raise InputError(
                            f"{path}: {name}: row {at + 1}, column {column + 1}: is more than a sheet of Excel holds "
                            f"(1048576 rows, 16384 columns, 32767 characters in a cell); write CSV"
                        )


def _write_cell(sheet: Any, row: int, column: int, cell: Any) -> int:
    """Write a cell; other than 0 where it does not fit."""
    if cell is None or cell == "":
        return 0
    if isinstance(cell, bool):
        return sheet.write_boolean(row, column, cell)
    if isinstance(cell, int | float) and abs(cell) < LARGEST_EXACT:
        return sheet.write_number(row, column, cell)
    return sheet.write_string(row, column, str(cell))
