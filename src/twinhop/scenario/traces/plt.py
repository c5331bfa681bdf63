"""PLT, the tracks of Geolife and of OziExplorer: six lines that say what it is, then a row a fix."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from twinhop.errors import InputError
from twinhop.io.byte_blocks import EndsEarly, decoded_head, open_text
from twinhop.scenario.time_unit import EXCEL, TimeScale
from twinhop.scenario.traces.bad_records import BadRecords
from twinhop.scenario.traces.clock import date_seconds
from twinhop.scenario.traces.records import BATCH_RECORDS, USER, Batch, Reading, ReadOptions, Roster
from twinhop.scenario.traces.tables import EXPECTED
from twinhop.text import counted

BEGINS = ("Geolife trajectory", "OziExplorer Track Point File")
HEADER_LINES = 6
FEWEST_CELLS = 5
LONGEST_LINE = 1 << 16
DAY = "2008-10-23"
ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
TRAJECTORY = "trajectory"
"""Folder of the tracks of one user, whose name is that of the folder around it, as Geolife has it."""


def is_plt(text: str) -> bool:
    """Whether text begins as PLT does."""
    return text.lstrip().startswith(BEGINS)


def read_plt(path: Path, roster: Roster, options: ReadOptions | None = None) -> Reading:
    """Read rows `latitude,longitude,0,altitude [foot],days since 1899-12-30,date,time`, in GMT.

    A file is one user, named after it; in a folder, all files `.plt` are read, those in a folder `NAME/Trajectory`
    as the tracks of NAME, others each as one user. Altitudes (-777 where there is none) are left out.

    Args:
        path: the file, plain or gzip-compressed, or a folder.
        roster: numbers the users.
        options: what is done with rows that cannot be used.

    Raises:
        InputError: a file is no PLT, or, while the batches are taken, a row is not usable.

    Source: GeoLife user guide 1.3; OziExplorer help, "Track file (.plt)".
    """
    options = options or ReadOptions()
    files = sorted(path.rglob("*.plt")) if path.is_dir() else [path]
    if not files:
        raise InputError(f"{path}: is a folder without .plt files; expected {EXPECTED}")
    return Reading(
        _batches(files, path, roster, options.bad),
        is_geographic=True,
        is_clock=True,
        is_unsorted=path.is_dir(),
        times="dates, GMT",
        layout=counted(len(files), "file") if path.is_dir() else "",
        columns_used=("latitude", "longitude", "date", "time"),
        columns_unused=("altitude",),
    )


def user_of(file: Path, within: Path) -> str:
    """The user of a file: the folder above `Trajectory`, if the file is in such a folder, else the file's own name.

    >>> user_of(Path("Data/007/Trajectory/20081023.plt"), Path("Data")), user_of(Path("a/b.plt"), Path("a"))
    ('007', 'b')
    """
    stem = file.name.partition(".")[0]
    if file == within:
        return stem
    is_nested = file.parent.name.lower() == TRAJECTORY and file.parent.parent.name
    return file.parent.parent.name if is_nested else "/".join(file.relative_to(within).with_name(stem).parts)


def _batches(files: Sequence[Path], within: Path, roster: Roster, bad: BadRecords) -> Iterator[Batch]:
    codes = roster.codes(USER)
    waiting: list[tuple[int, float, float, float, int]] = []
    for file in files:
        code = codes[user_of(file, within)]
        for line, time_s, lat, lon in _fixes(file, bad):
            waiting.append((code, time_s, lon, lat, line if file == within else -1))
            if len(waiting) == BATCH_RECORDS:
                yield _batch(waiting)
                waiting = []
    if waiting:
        yield _batch(waiting)


def _batch(rows: list[tuple[int, float, float, float, int]]) -> Batch:
    code, time_s, east, north, line = (np.array(column) for column in zip(*rows, strict=True))
    return Batch(code.astype(np.int32), time_s, east, north, line=line.astype(np.int64))


def _fixes(file: Path, bad: BadRecords) -> Iterator[tuple[int, float, float, float]]:
    """Line, time [s], latitude and longitude [degree] of the rows of a file."""
    encoding, text = decoded_head(file, EXPECTED)
    if not is_plt(text):
        raise InputError(f"{file}: is no PLT: expected {BEGINS[0]!r} or {BEGINS[1]!r} in its first line")
    rows, line = 0, 0
    try:
        stream = open_text(file, encoding, [], EXPECTED)
        while row := stream.readline(LONGEST_LINE):
            line += 1
            if line <= HEADER_LINES or not row.strip():
                continue
            cells = [cell.strip() for cell in row.split(",")]
            fix = _fix(cells)
            if isinstance(fix, str):
                bad.add(f"{file}:{line}: {fix}")
                continue
            rows += 1
            yield line, *fix
    except EndsEarly as error:
        raise InputError(f"{file}: {error}; {counted(rows, 'whole row')} before") from None
    if not rows and not bad.count:
        raise InputError(f"{file}: has no rows below its header; at least one is needed")


def _fix(cells: list[str]) -> tuple[float, float, float] | str:
    """Time [s], latitude and longitude of a row, or what is wrong with it."""
    if len(cells) < FEWEST_CELLS:
        return f"has {counted(len(cells), 'field')}; expected latitude, longitude, 0, altitude, days, date, time"
    try:
        lat, lon, days = float(cells[0]), float(cells[1]), float(cells[4])
    except ValueError:
        return f"latitude, longitude and days must be numbers (got {', '.join(cells[:5])[:60]!r})"
    time_s = float(TimeScale(EXCEL).seconds(np.array([days]))[0])
    if len(cells) > 6 and ISO_DAY.fullmatch(cells[5]):
        stated = date_seconds(f"{cells[5]}T{cells[6].rjust(8, '0')}")
        if stated is None:
            return f"date and time: must be {DAY},02:53:04 (got {','.join(cells[5:7])[:40]!r})"
        time_s = stated
    return time_s, lat, lon
