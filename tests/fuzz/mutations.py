"""Changes to the bytes of files that others might bring: some keep the meaning, others break it, all by a seed.

A mutation takes a random generator and the file's text, and gives bytes; what keeps the meaning must be read as before.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

Text = Callable[[Random, str], str]

SEPARATORS = (",", ";", "\t", "|")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")
LINE_ENDS = ("\n", "\r\n", "\r")


def rows_of(text: str, separator: str = ",") -> list[list[str]]:
    """The cells of a table."""
    return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row]


def text_of(rows: list[list[str]], separator: str = ",", end: str = "\n", quoting: int = csv.QUOTE_MINIMAL) -> str:
    """A table of cells."""
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=separator, lineterminator=end, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    return stream.getvalue()


def same_table(random: Random, text: str) -> str:
    """A table with another separator, line ends, quotes, order of columns, blanks, index or further column."""
    rows = rows_of(text)
    if random.random() < 0.5:
        order = random.sample(range(len(rows[0])), len(rows[0]))
        rows = [[row[at] for at in order] for row in rows]
    if random.random() < 0.3:
        rows = [["", *rows[0]], *([str(at), *row] for at, row in enumerate(rows[1:]))]
    if random.random() < 0.3:
        rows = [[*rows[0], "remark"], *([*row, random.choice(["", "good; or so", "a, b", "ok"])] for row in rows[1:])]
    if random.random() < 0.3:
        rows[0] = [random.choice([str.upper, str.title, str.lower])(name) for name in rows[0]]
    if random.random() < 0.2:
        rows = [[f" {cell} " if cell else cell for cell in row] for row in rows]
    separator = random.choice(SEPARATORS)
    if separator != "," and random.random() < 0.3:
        rows = [rows[0], *([_with_comma(cell) for cell in row] for row in rows[1:])]
    quoting = random.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    result = text_of(rows, separator, random.choice(LINE_ENDS), quoting)
    return result if random.random() < 0.8 else result.rstrip("\r\n")


def _with_comma(cell: str) -> str:
    whole, point, decimals = cell.partition(".")
    numeric = whole.lstrip("-").isdigit() and decimals.isdigit()
    return f"{whole},{decimals}" if point and numeric and len(decimals) != 3 else cell


def same_bytes(random: Random, text: str) -> bytes:
    """Text in another encoding, with or without a mark and compression."""
    content = text.encode(random.choice(ENCODINGS))
    return gzip.compress(content) if random.random() < 0.3 else content


def same_xml(random: Random, text: str) -> str:
    """XML with blanks between elements, comments, other line ends or quotes."""
    if random.random() < 0.5:
        text = text.replace("><", ">\n<")
    if random.random() < 0.3:
        text = text.replace("\n", "\r\n")
    if random.random() < 0.3:
        head, close, rest = text.partition("?>")
        text = f"{head}{close}<!-- made by a test -->{rest}" if close else text
    if random.random() < 0.3 and "'" not in text:
        text = text.replace('"', "'")
    return text


def broken_table(random: Random, text: str) -> str:
    """A table cut, shifted, swapped, in other units or with damaged cells."""
    rows = rows_of(text)
    kind = random.randrange(7)
    if kind == 0:
        return text[: random.randrange(len(text))]
    row = random.randrange(len(rows))
    if kind == 1:
        del rows[row][random.randrange(len(rows[row]))]
    elif kind == 2:
        rows[row].insert(random.randrange(len(rows[row]) + 1), random.choice(["", "7", "x"]))
    elif kind == 3:
        rows[row][random.randrange(len(rows[row]))] = random.choice(WRONG_CELLS)
    elif kind == 4:
        del rows[row]
    elif kind == 5:
        rows.insert(row, rows[random.randrange(len(rows))])
    else:
        rows[0][random.randrange(len(rows[0]))] = random.choice(["", "x", "lat", "zeit", "id", "capcity"])
    return text_of(rows)


WRONG_CELLS = (
    "",
    "nan",
    "inf",
    "-",
    "1e999",
    "0x10",
    "1_000",
    "12,5",
    "north",
    "\u0663",
    "9" * 400,
    "<b>",
    "[/b]",
    "${x}",
)


def broken_text(random: Random, text: str) -> str:
    """Any text with a few of its characters cut, doubled, changed or moved."""
    for _ in range(random.randint(1, 4)):
        at, length = random.randrange(len(text) + 1), random.randint(1, 40)
        part = text[at : at + length]
        kind = random.randrange(5)
        if kind == 0:
            text = text[:at] + text[at + length :]
        elif kind == 1:
            text = text[:at] + part + part + text[at + length :]
        elif kind == 2:
            text = (
                text[:at]
                + random.choice(["\0", "\ufeff", "]", "}", "<", '"', "-1", "1e999", "nan", "é", ","])
                + text[at:]
            )
        elif kind == 3:
            other = random.randrange(len(text) + 1)
            text = text[:other] + part + text[other:]
        else:
            text = text[:at]
        if not text:
            break
    return text


def seeds(count: int, first: int = 0) -> Iterator[tuple[int, Random]]:
    """Seeds from `first` on, each with its generator."""
    for seed in range(first, first + count):
        yield seed, Random(seed)


def write(folder: Path, name: str, content: bytes) -> Path:
    """Write a mutated file."""
    path = folder / name
    path.write_bytes(content)
    return path
