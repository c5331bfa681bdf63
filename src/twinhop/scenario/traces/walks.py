"""The walks of iFogSim2: the path of one user, one row per time step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from twinhop.errors import InputError
from twinhop.io.byte_blocks import EndsEarly
from twinhop.io.table import Dialect, is_unnamed, sniff
from twinhop.scenario.column_names import ColumnChoice, match_columns, quantities_of
from twinhop.scenario.traces.position_table import is_silent
from twinhop.scenario.traces.records import USER, Batch, Reading, ReadOptions, Roster
from twinhop.scenario.traces.tables import EXPECTED, not_a_table, table_rows
from twinhop.text import counted

NO_CHOICE = ColumnChoice()
DEFAULT_STEP_S = 60.0
"""The files do not say how long a step is; the median step of the Melbourne walks, 165 m, is then 2.7 m/s."""


def is_walk(columns: Sequence[str], choice: ColumnChoice = NO_CHOICE) -> bool:
    """Whether a table has latitude and longitude, and no other column that could be a time or name a user.

    Args:
        columns: as the file writes them.
        choice: what `--columns` states; latitude and longitude alone, if anything.

    >>> is_walk(["Latitude", "Longitude"]), is_walk(["user_id", "tracked_at", "latitude", "longitude"])
    (True, False)
    """
    if choice.column_of:
        return set(choice.column_of) == {"lat", "lon"}
    quantities = {name: set(quantities_of(name)) for name in columns if not is_unnamed(name)}
    others = [name for name, each in quantities.items() if not each & {"lat", "lon"}]
    has_both = all(any(axis in each for each in quantities.values()) for axis in ("lat", "lon"))
    return has_both and all(map(is_silent, others))


def read_walk(path: Path, roster: Roster, options: ReadOptions | None = None) -> Reading:
    """Read one user's path, `Latitude,Longitude` a row; the user is named after the file.

    Args:
        path: the file.
        roster: numbers the users.
        options: among them the time from one row to the next; None: a minute, which a note then says.

    Raises:
        InputError: the columns are others, or, while the batches are taken, a cell is not usable.
    """
    options = options or ReadOptions()
    dialect = sniff(path, EXPECTED)
    index_of = match_columns(dialect.columns, ("lat", "lon"), options.columns, str(path)).index_of
    if len(index_of) < 2:
        raise not_a_table(path, "a walk", "Latitude, Longitude")
    step_s = options.step_s
    notes = [f"a row is taken to be {DEFAULT_STEP_S:g} s after the one before; --step-s says otherwise"]
    reading = Reading(
        iter(()),
        is_geographic=True,
        notes=[] if step_s else notes,
        times=f"rows, {step_s or DEFAULT_STEP_S:g} s each",
        columns_used=tuple(dialect.columns[at] for at in index_of.values()),
        columns_unused=tuple(
            name for at, name in enumerate(dialect.columns) if at not in index_of.values() and not is_unnamed(name)
        ),
    )
    reading.layout = f"separated by {dialect.separated_by}" if len(dialect.columns) > 1 else ""
    reading.batches = _batches(dialect, index_of, roster, step_s or DEFAULT_STEP_S, options, reading.notes)
    return reading


def _batches(
    dialect: Dialect,
    index_of: Mapping[str, int],
    roster: Roster,
    step_s: float,
    options: ReadOptions,
    notes: list[str],
) -> Iterator[Batch]:
    path, begun = dialect.path, 0
    code = roster.codes(USER)[path.name.partition(".")[0]]
    try:
        for rows in table_rows(dialect, index_of, options.bad, notes):
            steps = np.arange(begun, begun + rows.cells.height, dtype=np.float64)
            begun += rows.cells.height
            east, north = rows.numbers("lon"), rows.numbers("lat")
            users = np.full(len(steps), code, np.int32)
            yield Batch(users, steps * step_s, east, north, line=rows.lines).where(~rows.faulty)
    except EndsEarly as error:
        raise InputError(f"{path}: {error}; {counted(begun, 'whole row')} before") from None
    if begun == 0:
        raise InputError(f"{path}: has no rows below its header; at least one is needed")
