"""The walks of iFogSim2: the path of one user, one row per time step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from twinhop.errors import InputError
from twinhop.scenario.traces.records import USER, Batch, Reading, Roster
from twinhop.scenario.traces.source import EndsEarly
from twinhop.scenario.traces.tables import header_of, not_a_table, table_rows

DEFAULT_STEP_S = 60.0
"""The files do not say how long a step is; the median step of the Melbourne walks, 165 m, is then 2.7 m/s."""


def read_walk(path: Path, roster: Roster, step_s: float | None = None) -> Reading:
    """Read one user's path, `Latitude,Longitude` a row; the user is named after the file.

    Args:
        path: the file.
        roster: numbers the users.
        step_s: time from one row to the next; None: a minute, which a note then says [s].

    Raises:
        InputError: the columns are others, or, while the batches are taken, a cell is not usable.
    """
    if not {"latitude", "longitude"} <= set(header_of(path)[1]):
        raise not_a_table(path, "a walk", "Latitude, Longitude")
    notes = [f"a row is taken to be {DEFAULT_STEP_S:g} s after the one before; --step-s says otherwise"]
    batches = _batches(path, roster, step_s or DEFAULT_STEP_S)
    return Reading(batches, is_geographic=True, notes=[] if step_s else notes)


def _batches(path: Path, roster: Roster, step_s: float) -> Iterator[Batch]:
    code, begun = roster.codes(USER)[path.name.partition(".")[0]], 0
    try:
        for rows in table_rows(path):
            steps = np.arange(begun, begun + rows.cells.height, dtype=np.float64)
            begun += rows.cells.height
            east, north = rows.numbers("longitude"), rows.numbers("latitude")
            time_s, users = steps * step_s, np.full(len(steps), code, np.int32)
            yield Batch(users, time_s, east, north, float(time_s[0]), float(time_s[-1]), rows.lines)
    except EndsEarly as error:
        raise InputError(f"{path}: {error}; {begun} rows are whole") from None
    if begun == 0:
        raise InputError(f"{path}: has no rows below its header; at least one is needed")
