"""Where the header of a sheet is: below titles, in one row or in two whose cells are merged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeGuard

from twinhop.io.workbook import Cell, Merge

HEAD_ROWS = 60
"""So many rows are looked at to tell how wide the table is."""
DEEPEST_HEADER = 3
"""Rows of a header."""


@dataclass(frozen=True)
class SheetHeader:
    """The header of a sheet.

    Attributes:
        first: its first row, from 0.
        last: its last.
        names: of the columns, in one line each; empty where a column has none.
    """

    first: int
    last: int
    names: tuple[str, ...]


def header_of(rows: Sequence[Sequence[Cell]], merges: Sequence[Merge] = ()) -> SheetHeader:
    """The header of a sheet: the first row that is mostly text and more than half as wide as the table.

    Where cells of that row are merged with those below, or stand over several columns that have names below them, the
    header goes down to these: a column is called by the lowest, and where that is given twice, by what stands above it
    as well.

    Args:
        rows: the cells; there is one that is not empty.
        merges: the cells that are merged.

    >>> header_of([["Sites of May", "", ""], ["", "", ""], ["Name", "Breite", "Länge"], ["a", 1.0, 2.0]]).names
    ('Name', 'Breite', 'Länge')
    >>> both = header_of([["Name", "Position", ""], ["", "Breite", "Länge"], ["a", 1.0, 2.0]], [(0, 1, 0, 2)])
    >>> both.last, both.names
    (1, ('Name', 'Breite', 'Länge'))
    """
    head = rows[:HEAD_ROWS]
    filled = [[cell for cell in row if not _is_empty(cell)] for row in head]
    width = max(map(len, filled), default=0)
    wide = [at for at, cells in enumerate(filled) if 2 * len(cells) > width and 2 * _texts(cells) > len(cells)]
    first = next(iter(wide), next((at for at, row in enumerate(rows) if any(not _is_empty(cell) for cell in row)), 0))
    last = _last_row(rows, merges, first)
    spread = [_spread(rows[at], at, merges) for at in range(first, last + 1)]
    return SheetHeader(first, last, _names(spread))


def _last_row(rows: Sequence[Sequence[Cell]], merges: Sequence[Merge], first: int) -> int:
    """The last row of a header that begins in a row."""
    deepest = min(first + DEEPEST_HEADER, len(rows)) - 1
    last = max((bottom for top, _, bottom, _ in merges if top <= first < bottom <= deepest), default=first)
    if last > first or first == deepest:
        return last
    over = {
        column
        for top, left, bottom, right in merges
        if top == bottom == first and right > left
        for column in range(max(left, 0), min(right + 1, len(rows[first])))
    }
    below = rows[first + 1]
    has_numbers = any(not isinstance(cell, str) or _is_number(cell) for cell in below)  # no row of points has none
    return first + 1 if not has_numbers and any(not _is_empty(below[column]) for column in over) else first


def _spread(row: Sequence[Cell], at: int, merges: Sequence[Merge]) -> list[str]:
    """The texts of a header row; one of merged cells is that of each column that it stands over."""
    texts = [" ".join(str(int(cell) if _is_whole(cell) else cell).split()) for cell in row]
    for top, left, _, right in merges:
        if top == at and 0 <= left < len(texts):
            for column in range(left, min(right + 1, len(texts))):
                texts[column] = texts[column] or texts[left]
    return texts


def _names(rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    columns = [[text for text in column if text] for column in zip(*rows, strict=True)]
    lowest = [texts[-1] if texts else "" for texts in columns]
    times = Counter(lowest)
    return tuple(
        " ".join(dict.fromkeys(texts)) if times[name] > 1 else name for name, texts in zip(lowest, columns, strict=True)
    )


def _texts(cells: Sequence[Cell]) -> int:
    return sum(isinstance(cell, str) and not _is_number(cell) for cell in cells)


def _is_number(text: str) -> bool:
    return bool(text.strip()) and not any(each.isalpha() for each in text) and any(each.isdigit() for each in text)


def _is_whole(cell: Cell) -> TypeGuard[float]:
    return isinstance(cell, float) and cell.is_integer()


def _is_empty(cell: Cell) -> bool:
    return isinstance(cell, str) and not cell.strip()
