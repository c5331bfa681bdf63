"""A trace slot by slot: where each user is when a slot begins."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.io.parquet import parquet_columns
from twinhop.scenario.place_sections import Area
from twinhop.scenario.traces.earth import moved_m
from twinhop.scenario.traces.legs import SLOT_TOLERANCE, Legs, Stretch, legs_of, placed
from twinhop.scenario.traces.movements import GAP_INTERVALS
from twinhop.scenario.traces.trace import Trace

LOAD_COLUMN = "load"
"""A trace may have it: by what the work of the user's updates is multiplied from the record on, until its next."""
BLOCK_POSITIONS = 2_000_000
"""Positions of users, about, that are worked out at once."""


@dataclass(frozen=True, eq=False)
class TracePositions:
    """The users of a trace, where they are at the beginning of each slot.

    Between two records of a user it moves on the straight line at constant speed; a trace that holds positions keeps
    the user at each until the next or until `held_s` is over. A user without records for longer than `longest_gap_s` is
    absent, as it is before its first record and after its last. Records are read as slots are asked for.

    Attributes:
        trace: the trace.
        slot_s: length of a slot [s].
        slots: number of slots; the horizon, or as many as the trace has.
        start_s: moment of the trace at which slot 0 begins [s].
        area: where users are; positions outside are moved to its border.
        user_ids: the users that are present in a slot, in the order of their names.
        notes: gaps bridged, positions moved to the border, and the like.
    """

    trace: Trace
    slot_s: float
    slots: int
    start_s: float
    area: Area
    user_ids: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @staticmethod
    def of_file(path: str | Path, slot_s: float, slots: int | None, start_s: float, area: Area) -> TracePositions:
        """Open a trace, and go through it once to see who is there and what is missing.

        Args:
            path: the trace (Parquet), made by `twinhop import`.
            slot_s: length of a slot, greater than 0 [s].
            slots: the horizon; None, or more than the trace has: all that the trace has.
            start_s: moment of the trace at which the run starts, 0 for its beginning [s].
            area: where users are.

        Raises:
            InputError: the file is no trace, the start lies after its end, nobody is ever present, or everybody is
                always outside the area.
        """
        trace = Trace.open(path)
        available = _available(trace, slot_s, start_s)
        horizon = available if slots is None else min(slots, available)
        return _surveyed(TracePositions(trace, slot_s, horizon, start_s, area))

    def __iter__(self) -> Iterator[NDArray[np.float64]]:
        """Positions slot by slot, slot 0 first, each (N, 2) [m]; NaN where the user is absent."""
        for stretch in _stretches(self, len(self.user_ids)):
            yield from placed(_block_legs(self, stretch, self.user_ids), stretch, len(self.user_ids), self.area)[0]

    def loads(self) -> Iterator[NDArray[np.float64] | None]:
        """By what the users' work is multiplied, slot by slot: (N,) the last `load` of the records of each, 1 before.

        Yields:
            None in every slot where the trace has no such column.
        """
        load = _load_records(self)
        factor = np.ones(len(self.user_ids))
        for stretch in _stretches(self, len(self.user_ids)):
            for slot in range(stretch.count):
                if load is not None:
                    end_s = stretch.start_s + (slot + SLOT_TOLERANCE) * stretch.slot_s
                    factor = load.until(end_s, factor)
                yield None if load is None else factor


@dataclass
class _LoadRecords:
    """The loads of a trace in the order of time, and how many of them are over."""

    code: NDArray[np.int64]
    time_s: NDArray[np.float64]
    load: NDArray[np.float64]
    done: int = 0

    def until(self, end_s: float, factor: NDArray[np.float64]) -> NDArray[np.float64]:
        """The factors (N,) after the records up to a moment, a new array; those before are given."""
        end = int(np.searchsorted(self.time_s, end_s, side="right"))
        factor = factor.copy()
        factor[self.code[self.done : end]] = self.load[self.done : end]
        self.done = end
        return factor


def _load_records(positions: TracePositions) -> _LoadRecords | None:
    """The loads of the users of a trace; None where it has none."""
    import polars as pl

    path = positions.trace.path
    if LOAD_COLUMN not in parquet_columns(path):
        return None
    known = pl.Series(positions.user_ids, dtype=pl.String)
    records = (
        pl.scan_parquet(path)
        .with_columns(
            code=pl.col("user").replace_strict(known, pl.Series(range(len(known)), dtype=pl.Int64), default=-1)
        )
        .filter(pl.col("code") >= 0)
        .select("code", "time_s", pl.col(LOAD_COLUMN).cast(pl.Float64))
        .collect()
    )
    load = records[LOAD_COLUMN].to_numpy()
    if not (np.isfinite(load) & (load >= 0)).all():
        raise InputError(f"{path}: {LOAD_COLUMN}: expected numbers >= 0 alone, by which the users' work is multiplied")
    return _LoadRecords(records["code"].to_numpy(), records["time_s"].to_numpy(), load)


def _available(trace: Trace, slot_s: float, start_s: float) -> int:
    """Slots from the start to the end of the trace."""
    about = trace.about
    left_s = about.duration_s - start_s
    if about.held_s is not None:
        slots = math.ceil((left_s + about.held_s) / slot_s - SLOT_TOLERANCE)
    else:
        slots = math.floor(left_s / slot_s + SLOT_TOLERANCE) + 1
    if slots < 1 or (about.held_s is None and left_s < 0):
        raise InputError(
            f"{trace.path}: lasts {about.duration_s:g} s; movement.trace.start_s, {start_s:g} s, lies after its end"
        )
    return slots


def _stretches(positions: TracePositions, users: int) -> Iterator[Stretch]:
    """The run in stretches of slots, each of about as many positions as are worked out at once."""
    length = max(1, BLOCK_POSITIONS // max(users, 1))
    for first in range(0, positions.slots, length):
        count = min(length, positions.slots - first)
        yield Stretch(positions.start_s + first * positions.slot_s, positions.slot_s, count)


def _block_legs(positions: TracePositions, stretch: Stretch, user_ids: tuple[str, ...]) -> Legs:
    """What the users do in a stretch of slots, from the records around it."""
    import polars as pl

    about = positions.trace.about
    reach_s = about.held_s or about.longest_gap_s or 0.0
    tolerance_s = SLOT_TOLERANCE * stretch.slot_s
    near = (pl.col("time_s") >= stretch.start_s - reach_s - tolerance_s) & (
        pl.col("time_s") <= stretch.end_s + reach_s + tolerance_s
    )
    known = pl.Series(user_ids, dtype=pl.String)
    records = (
        positions.trace.scan()
        .filter(near)
        .with_columns(
            code=pl.col("user").replace_strict(known, pl.Series(range(len(known)), dtype=pl.Int32), default=-1)
        )
        .filter(pl.col("code") >= 0)
        .select("code", "time_s", "x_m", "y_m")
        .collect()
    )
    xy_m = records.select("x_m", "y_m").to_numpy()
    if about.origin is not None and positions.area.origin is not None and about.origin != positions.area.origin:
        xy_m = moved_m(xy_m, about.origin, positions.area.origin)
    code, time_s = records["code"].to_numpy(), records["time_s"].to_numpy()
    return legs_of(code, time_s, xy_m, reach_s, is_held=about.held_s is not None)


@dataclass
class _Counts:
    """What one pass over the run finds: users in slots, those moved to the border, gaps bridged, and returns."""

    present: int = 0
    clipped: int = 0
    bridged: int = 0
    returns: int = 0


def _surveyed(positions: TracePositions) -> TracePositions:
    """The same with its users and notes, after one pass over the run."""
    names = _names_in_reach(positions)
    users = len(names)
    ever_there, there = np.zeros(users, np.bool_), np.zeros(users, np.bool_)
    counts = _Counts()
    gap_s = GAP_INTERVALS * positions.trace.about.typical_interval_s
    for stretch in _stretches(positions, users):
        legs = _block_legs(positions, stretch, names)
        blocks, clipped = placed(legs, stretch, users, positions.area)
        counts.clipped += clipped
        counts.bridged += legs.bridged(gap_s, stretch)
        for present in ~np.isnan(blocks[:, :, 0]):
            counts.present += int(present.sum())
            counts.returns += int((present & ever_there & ~there).sum())
            ever_there |= present
            there = present
    if not ever_there.any():
        end_s = positions.start_s + (positions.slots - 1) * positions.slot_s
        raise InputError(
            f"{positions.trace.path}: nobody is present at the beginning of any slot from {positions.start_s:g} s to "
            f"{end_s:g} s; choose another movement.trace.start_s or shorter slots"
        )
    if counts.clipped == counts.present:
        raise _outside(positions)
    user_ids = tuple(name for name, at in zip(names, ever_there.tolist(), strict=True) if at)
    return replace(positions, user_ids=user_ids, notes=_notes(positions, counts))


def _names_in_reach(positions: TracePositions) -> tuple[str, ...]:
    """The users with records in the run or within reach of it."""
    import polars as pl

    about = positions.trace.about
    reach_s = about.held_s or about.longest_gap_s or 0.0
    end_s = positions.start_s + positions.slots * positions.slot_s
    near = pl.col("time_s").is_between(positions.start_s - reach_s, end_s + reach_s)
    present = positions.trace.scan().filter(near).select(pl.col("user").unique()).collect(engine="streaming")
    return tuple(sorted(present["user"].to_list()))


def _outside(positions: TracePositions) -> InputError:
    area, about = positions.area, positions.trace.about
    (west, south), (east, north) = about.min_xy_m, about.max_xy_m
    on_earth = about.origin is not None and area.origin is not None
    where = "" if on_earth else " (without an area.origin of the scenario, metres are taken as they are)"
    return InputError(
        f"{positions.trace.path}: all positions lie outside the area of {area.width_m:g} m x {area.height_m:g} m; the "
        f"trace spans x {west:g} to {east:g} m and y {south:g} to {north:g} m{where}"
    )


def _notes(positions: TracePositions, counts: _Counts) -> tuple[str, ...]:
    about, area, name = positions.trace.about, positions.area, positions.trace.path.name
    notes = []
    if counts.clipped:
        notes.append(
            f"{name}: {counts.clipped} of {counts.present} positions lie outside the area of {area.width_m:g} m x "
            f"{area.height_m:g} m and are moved to its border"
        )
    if counts.bridged and about.held_s is None:
        notes.append(f"{name}: {counts.bridged} gaps of up to {about.longest_gap_s:g} s are bridged by a straight line")
    if counts.returns:
        limit_s = about.longest_gap_s or about.held_s
        notes.append(f"{name}: in {counts.returns} gaps of more than {limit_s:g} s the user counts as absent")
    if about.origin is not None and area.origin is None:
        notes.append(f"{name}: lies on Earth, but the scenario has no area.origin; metres are taken as they are")
    return tuple(notes)
