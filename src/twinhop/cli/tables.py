"""Tables on standard output: whole in pipes, and in a terminal as wide as it is, without a character left out.

A table that is too wide for the terminal has its headers and texts folded at spaces; if that is not enough, its columns
go on below, the first one repeated; if that is not enough either, each row becomes lines of name and value. Numbers are
never divided.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

#: Spaces between two columns, and before the first.
GAP, MARGIN = 3, 2
NARROW_GAP, NARROW_MARGIN = 2, 0
#: Words up to this width are not divided where there is another way, longer ones where they must be.
LONGEST_WORD = 24
#: Texts are not folded to less than this, if they are that long.
NARROWEST_TEXT = 16
#: A table goes on below so often; one that would have to do so more often is written row by row.
MOST_BLOCKS = 3
#: Lines of a stacked row begin so.
INDENT = "  "
_NUMBER = re.compile(r"[^\w\s]*\d[\d.,:/]*(e[-+]?\d+)?[^\w\s]*", re.IGNORECASE)
#: A number and its unit are one word.
_UNIT = re.compile(r"%|[a-zA-Zµ]{1,2}(/s)?")


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on standard output, the first column to the left, the others to the right."""
    from rich.console import Console

    console = Console(soft_wrap=True, highlight=False, markup=False, emoji=False)
    width = console.width if console.is_terminal else None
    rule = "-" if console.options.ascii_only else "─"
    for line in wrapped(title, width):
        console.print(line, style="bold")
    for line, is_header in table_lines(header, rows, width, rule):
        console.print(line, style="bold" if is_header else None)


def print_list(title: str, entries: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Names and what there is to say of each, on standard output: texts to the left, folded in a narrow terminal.

    Args:
        title: above it; empty: none.
        entries: names, and lines of text each.
    """
    from rich.console import Console

    console = Console(soft_wrap=True, highlight=False, markup=False, emoji=False)
    if title:
        console.print(title, style="bold")
    for line in list_lines(entries, console.width if console.is_terminal else None):
        console.print(line)


def list_lines(entries: Sequence[tuple[str, Sequence[str]]], width: int | None) -> Iterator[str]:
    """The lines of a list, texts beside the names, or below them where there is no room beside.

    >>> list(list_lines([("a", ["one two"]), ("long", ["three"])], None))
    ['  a      one two', '  long   three']
    >>> list(list_lines([("a", ["one two"]), ("long", ["three"])], 15))
    ['a', '  one two', 'long', '  three']
    """
    room = max((len(name) for name, _ in entries), default=0)
    is_beside = width is None or width >= MARGIN + room + GAP + NARROWEST_TEXT
    before, indent = (" " * MARGIN, MARGIN + room + GAP) if is_beside else ("", len(INDENT))
    for name, texts in entries:
        lines = [" " * indent + part for text in texts if text for part in wrapped(text, width and width - indent)]
        if is_beside and lines:
            yield before + name.ljust(room + GAP) + lines[0][indent:]
            yield from lines[1:]
        else:
            yield before + name
            yield from lines


def table_lines(
    header: Sequence[str], rows: Sequence[Sequence[str]], width: int | None, rule: str = "─"
) -> Iterator[tuple[str, bool]]:
    """The lines of a table.

    Args:
        header: names of the columns.
        rows: cells.
        width: that no line is longer than, unless a single number is; None: as wide as it comes.
        rule: what the line below the header is made of.

    Yields:
        A line, and whether it is of the header.
    """
    columns = [_Column.of(name, [row[at] for row in rows]) for at, name in enumerate(header)]
    yield "", False
    whole = MARGIN + sum(column.natural + GAP for column in columns) - GAP + 1
    if width is None or whole <= width:
        yield from _block(columns, [column.natural for column in columns], GAP, MARGIN, rule)
    elif (blocks := _blocks(columns, width)) is not None:
        for at, block in enumerate(blocks):
            if at:
                yield "", False
            yield from _block(block, _shrunk(block, width), NARROW_GAP, NARROW_MARGIN, rule)
    else:
        for at, row in enumerate(rows):
            if at:
                yield "", False
            yield from ((line, False) for line in _stacked(header, row, width))
    yield "", False


@dataclass(frozen=True)
class _Column:
    """A column: its cells, the width it would have, and the least it can have."""

    name: str
    cells: tuple[str, ...]
    natural: int
    least: int

    @classmethod
    def of(cls, name: str, cells: Sequence[str]) -> _Column:
        natural = max(map(_width, (name, *cells)), default=0)
        least = max((_least(text) for text in cells), default=0)
        return cls(name, tuple(cells), natural, max(least, min(LONGEST_WORD, _longest_word(name))))


def _least(cell: str) -> int:
    """The least width of a cell: that of its longest word, texts being somewhat wider."""
    numbers = [_width(word) for word in _words(cell) if _is_number(word)]
    text = max(_longest_word(cell), min(_width(cell), NARROWEST_TEXT)) + _indent(cell)
    return max(*numbers, min(LONGEST_WORD, text)) if numbers else min(LONGEST_WORD, text)


def _longest_word(text: str) -> int:
    return max(map(_width, _words(text)), default=0)


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


def _words(text: str) -> list[str]:
    """The words of a text; a number keeps its unit, and its sign."""
    words: list[str] = []
    for word in text.split():
        if words and _NUMBER.fullmatch(words[-1]) and _UNIT.fullmatch(word):
            words[-1] += f" {word}"
        else:
            words.append(word)
    return words


def _is_number(word: str) -> bool:
    return _NUMBER.fullmatch(word.partition(" ")[0]) is not None


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _blocks(columns: Sequence[_Column], width: int) -> list[list[_Column]] | None:
    """The columns in as many tables as it takes, the first column in each; None where rows are better stacked."""
    first, *others = columns
    if not others:
        return [[first]] if first.least <= width else None
    blocks: list[list[_Column]] = []
    for column in others:
        if blocks and _least_width([*blocks[-1], column]) <= width:
            blocks[-1].append(column)
        else:
            blocks.append([first, column])
    fits = all(_least_width(block) <= width for block in blocks)
    return blocks if fits and len(blocks) <= MOST_BLOCKS else None


def _least_width(block: Sequence[_Column]) -> int:
    return NARROW_MARGIN + sum(column.least + NARROW_GAP for column in block) - NARROW_GAP


def _shrunk(block: Sequence[_Column], width: int) -> list[int]:
    """The widths of columns that fit: headers are folded before cells are, and wide cells before narrow ones."""
    cells = [max(column.least, *map(_width, column.cells), 0) for column in block]
    widths = [column.natural for column in block]
    excess = NARROW_MARGIN + sum(widths) + NARROW_GAP * (len(widths) - 1) - width
    for floor in (cells, [column.least for column in block]):
        while excess > 0:
            at = max(range(len(block)), key=lambda at: (widths[at] > floor[at], widths[at]))
            if widths[at] <= floor[at]:
                break
            widths[at] -= 1
            excess -= 1
    return widths


def _block(
    columns: Sequence[_Column], widths: Sequence[int], gap: int, margin: int, rule: str
) -> Iterator[tuple[str, bool]]:
    names = [wrapped(column.name, width) for column, width in zip(columns, widths, strict=True)]
    deepest = max(map(len, names))
    names = [[""] * (deepest - len(lines)) + lines for lines in names]  # the last lines side by side
    yield from ((line, True) for line in _side_by_side(names, widths, gap, margin))
    if margin:
        yield " " + rule * (sum(widths) + gap * (len(widths) - 1) + 2), False
    else:
        yield rule * (sum(widths) + gap * (len(widths) - 1)), False
    for row in zip(*(column.cells for column in columns), strict=True):
        lines = [wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
        yield from ((line, False) for line in _side_by_side(lines, widths, gap, margin))


def _side_by_side(cells: Sequence[Sequence[str]], widths: Sequence[int], gap: int, margin: int) -> Iterator[str]:
    """The lines of cells that stand in one row."""
    for parts in zip_longest(*cells, fillvalue=""):
        padded = []
        for at, (part, width) in enumerate(zip(parts, widths, strict=True)):
            space = " " * (width - _width(part))
            padded.append(space + part if at else part + space)
        yield (" " * margin + (" " * gap).join(padded)).rstrip()


def _stacked(header: Sequence[str], row: Sequence[str], width: int) -> Iterator[str]:
    """A row as lines of name and value; that of its first cell is above the others."""
    yield from wrapped(f"{header[0]}: {row[0].strip()}" if header[0] else row[0], width)
    for name, cell in zip(header[1:], row[1:], strict=True):
        if cell:
            text = f"{name}: {cell.strip()}" if name else cell.strip()
            yield from (INDENT + line for line in wrapped(text, max(1, width - len(INDENT))))


def wrapped(text: str, width: int | None) -> list[str]:
    """A text folded at spaces, within words only where one is wider than a line and no number.

    Args:
        text: of one line; spaces it begins with begin every line.
        width: of the lines; None: without end.

    >>> wrapped("longest 12.5 % of all", 12)
    ['longest', '12.5 % of', 'all']
    """
    if width is None or _width(text) <= width:
        return [text]
    indent = " " * min(_indent(text), max(0, width - 1))
    room = width - len(indent)
    lines = [""]
    for word in _words(text):
        if lines[-1] and _width(lines[-1]) + 1 + _width(word) <= room:
            lines[-1] += f" {word}"
            continue
        pieces = [word] if _is_number(word) else _pieces(word, room)
        lines[-1:] = [lines[-1], *pieces] if lines[-1] else pieces
    return [indent + line for line in lines]


def _pieces(word: str, width: int) -> list[str]:
    """A word in pieces that are no wider than this."""
    pieces = [""]
    for character in word:
        if _width(pieces[-1] + character) > width and pieces[-1]:
            pieces.append("")
        pieces[-1] += character
    return pieces
