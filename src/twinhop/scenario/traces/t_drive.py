"""T-Drive's taxis of Beijing: rows `taxi,date and time,longitude,latitude` without a header, a file a taxi."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from twinhop.errors import InputError
from twinhop.io.byte_blocks import decoded_head
from twinhop.io.table import parse_number, sniff
from twinhop.scenario.traces.clock import date_seconds
from twinhop.scenario.traces.position_table import PositionColumns, table_reading
from twinhop.scenario.traces.records import Batch, Reading, ReadOptions, Roster
from twinhop.scenario.traces.tables import EXPECTED
from twinhop.text import counted

COLUMNS = ("taxi", "time", "longitude", "latitude")
INDEX_OF = {"id": 0, "time": 1, "east": 2, "north": 3}
NOTE = "there is no header: columns are taken to be taxi, time, longitude, latitude, as T-Drive writes them"


def is_t_drive(text: str) -> bool:
    """Whether text begins with a row of T-Drive.

    >>> is_t_drive("1,2008-02-02 15:36:08,116.51172,39.92123"), is_t_drive("id,time,lon,lat")
    (True, False)
    """
    cells = [cell.strip() for cell in next(iter(text.lstrip().splitlines()), "").split(",")]
    if len(cells) != len(COLUMNS) or not cells[0] or date_seconds(cells[1]) is None:
        return False
    return all(parse_number(cell) is not None for cell in cells[2:])


def read_t_drive(path: Path, roster: Roster, options: ReadOptions | None = None) -> Reading:
    """Read the rows of a file, or of all files `.txt` of a folder.

    Args:
        path: the file, plain or gzip-compressed, or a folder.
        roster: numbers the users; the taxis are.
        options: what is done with rows that cannot be used.

    Raises:
        InputError: a file has other rows, or, while the batches are taken, a row is not usable.

    Source: T-Drive trajectory data sample, user guide.
    """
    options = options or ReadOptions()
    if not path.is_dir():
        return _of_file(path, roster, options)
    files = [file for file in sorted(path.rglob("*.txt")) if file.stat().st_size]
    if not files:
        raise InputError(f"{path}: is a folder without .txt files that hold anything; expected {EXPECTED}")
    reading = _of_file(files[0], roster, options)
    reading.batches = chain(_without_lines(reading.batches), _of_files(files[1:], roster, options))
    reading.layout, reading.is_unsorted = counted(len(files), "file"), True
    return reading


def _of_file(path: Path, roster: Roster, options: ReadOptions) -> Reading:
    if not is_t_drive(decoded_head(path, EXPECTED)[1]):
        raise InputError(f"{path}: is no file of T-Drive: expected rows such as 1,2008-02-02 15:36:08,116.51,39.92")
    columns = PositionColumns(INDEX_OF, True, COLUMNS, ())
    reading = table_reading(path, sniff(path, EXPECTED, separator=",", columns=COLUMNS), columns, roster, options)
    reading.notes.append(NOTE)
    return reading


def _of_files(files: list[Path], roster: Roster, options: ReadOptions) -> Iterator[Batch]:
    for file in files:
        yield from _without_lines(_of_file(file, roster, options).batches)


def _without_lines(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Batches of one file among several, whose lines say nothing of where they are."""
    return (batch._replace(line=None) for batch in batches)
