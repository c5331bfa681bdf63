"""What a page shows of a run slot by slot: which slots, where users and stations were, coded small."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from twinhop.output.page.column import Column, reals, steps, wholes
from twinhop.placement.problem import BoolArray, FloatArray, IntArray
from twinhop.text import counted

#: Numbers that the frames of a page hold, at most: two coordinates a user and frame, and a latency a policy more.
MOST_NUMBERS = 2_400_000
#: As many where that leaves slots out: the farther frames are apart, the more there is to say of each.
FEWER_NUMBERS = 1_500_000
#: Steps of positions along the longer side of the map, at most, and the finest step [m].
MAP_STEPS, FINEST_STEP_M = 16_384, 0.25
#: Latencies are to this share of their median, or finer.
LATENCY_SHARE = 0.01
#: Levels of a latency, so that they fit into 16 bits.
LATENCY_LEVELS = 60_000
#: Points of a series, at most: longer runs are shown by pieces of as many slots as are needed.
MOST_POINTS = 5000
MARGIN = 0.02


@dataclass(frozen=True, eq=False)
class Frames:
    """Some slots of a world, for n users that are drawn and M stations.

    Attributes:
        slot: (F,) the slots, rising.
        xy_m: (F, n, 2) users; NaN where absent [m].
        access: (F, n) access stations; -1 where absent or without one.
        up: (F, M) which stations work.
        station_xy_m: (M, 2) stations in the first frame; NaN for a cloud without a place [m].
        is_redrawn: whether stations are elsewhere later.
    """

    slot: IntArray
    xy_m: FloatArray
    access: IntArray
    up: BoolArray
    station_xy_m: FloatArray
    is_redrawn: bool = False

    @property
    def present(self) -> BoolArray:
        """(F, n) who is there."""
        return np.isfinite(self.xy_m[..., 0])


def frame_slots(slots: int, users: int, layers: int) -> IntArray:
    """The slots of frames: all, or every n-th where all are too much.

    Args:
        slots: T of the run.
        users: n that are drawn.
        layers: numbers a user and frame.

    >>> frame_slots(120, 1500, 4).size, frame_slots(60, 10_000, 4).size, frame_slots(1000, 10_000, 4)[:3].tolist()
    (120, 60, [0, 28, 56])
    """
    size = max(1, users * layers)
    frames = slots if size * slots <= MOST_NUMBERS else max(1, FEWER_NUMBERS // size)
    return np.arange(0, slots, -(-slots // frames))


def frame_notes(slot: IntArray, slots: int) -> list[str]:
    """What the page says where it does not show every slot.

    >>> frame_notes(np.array([0, 3, 6]), 9)
    ['The map shows every 3rd slot, 3 of 9; costs, figures and moves are of all.']
    >>> frame_notes(np.array([0, 2, 5]), 6)[0].partition(";")[0]
    'The map shows 3 of 6 slots, evenly spread'
    """
    if len(slot) == slots:
        return []
    every = int(slot[1] - slot[0]) if len(slot) > 1 else slots
    shown = f"every {every}{_ending(every)} slot, {len(slot)} of {slots}"
    if len(np.unique(np.diff(slot))) > 1:
        shown = f"{len(slot)} of {slots} slots, evenly spread"
    return [f"The map shows {shown}; costs, figures and moves are of all."]


def _ending(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def place_notes(frames: Frames) -> list[str]:
    """What the page says of users who are in none of its frames, and of stations that do not stay."""
    present = frames.present
    never = int((~present.any(axis=0)).sum())
    verb = "is" if never == 1 else "are"
    notes = [f"{counted(never, 'user')} of {present.shape[1]} {verb} absent in every slot shown."] if never else []
    if never == present.shape[1]:
        notes = ["No user is present in any slot shown: the map has stations only."]
    if frames.is_redrawn:
        notes.append("Stations are drawn anew as time goes: the map has those of the first slot.")
    return notes


def differ(rows: FloatArray) -> bool:
    """Whether the rows (F, M) of a table are not all alike; NaN is like NaN."""
    return not np.array_equal(rows, np.broadcast_to(rows[:1], rows.shape), equal_nan=True)


def time_fields(slot: IntArray, slots: int, slot_s: float) -> dict[str, Any]:
    """The field ``time``."""
    return {
        "slots": slots,
        "slot_s": float(slot_s),
        "frames": len(slot),
        "frame_slot": wholes(slot, delta=True),
        "point_slots": point_slots(slots),
    }


def map_corners(frames: Frames) -> dict[str, float]:
    """Corners of a map that shows all users and stations of all frames [m]."""
    points = np.concatenate([frames.xy_m.reshape(-1, 2), frames.station_xy_m])
    points = points[np.isfinite(points).all(axis=1)]
    low, high = (points.min(axis=0), points.max(axis=0)) if len(points) else (np.zeros(2), np.ones(2))
    rim = max(MARGIN * float((high - low).max()), 1.0)
    names = ("min_x_m", "min_y_m", "max_x_m", "max_y_m")
    return dict(zip(names, [*(low - rim).tolist(), *(high + rim).tolist()], strict=True))


def frame_fields(frames: Frames) -> dict[str, Any]:
    """The field ``frames``: positions to a step that no eye sees, as differences from frame to frame.

    Users who are absent stay where they were, or are where they will come: what is drawn is said by ``present``.
    """
    step = position_step_m(map_corners(frames))
    return {
        "x_m": steps(_held(frames.xy_m[..., 0]), step, delta=True),
        "y_m": steps(_held(frames.xy_m[..., 1]), step, delta=True),
        "present": wholes(frames.present),
        "access": smaller(frames.access),
        "station_up": wholes(frames.up),
    }


def position_step_m(corners: dict[str, float]) -> float:
    """The step of positions on a map: 0.25, 0.5, 1, 2, 5, 10, ... m, at most `MAP_STEPS` along its longer side.

    >>> position_step_m({"min_x_m": 0, "max_x_m": 2000, "min_y_m": 0, "max_y_m": 1800})
    0.25
    >>> position_step_m({"min_x_m": 0, "max_x_m": 15_000, "min_y_m": 0, "max_y_m": 1800})
    1.0
    """
    span_m = max(corners["max_x_m"] - corners["min_x_m"], corners["max_y_m"] - corners["min_y_m"])
    return max(FINEST_STEP_M, round_number(span_m / MAP_STEPS, up=True))


def round_number(value: float, *, up: bool = False) -> float:
    """The greatest of 1, 2 and 5 times a power of ten that is not above a value, or the least that is not below it.

    >>> round_number(0.0034), round_number(0.0034, up=True)
    (0.002, 0.005)
    """
    if not value > 0 or not math.isfinite(value):
        return 1.0
    power = math.floor(math.log10(value))
    known = [float(f"{digit}e{each}") for each in (power - 1, power, power + 1) for digit in (1, 2, 5)]
    return min(each for each in known if each >= value) if up else max(each for each in known if each <= value)


def _held(values: FloatArray) -> FloatArray:
    """(F, n) the values, those that are missing as in the last frame before, or the next; 0 of who has none at all."""
    rows = np.arange(len(values))[:, None]
    known = np.isfinite(values)
    before = np.maximum.accumulate(np.where(known, rows, -1), axis=0)
    after = np.minimum.accumulate(np.where(known, rows, len(values))[::-1], axis=0)[::-1]
    at = np.where(before >= 0, before, after)
    none = at >= len(values)
    filled = np.take_along_axis(values, np.where(none, 0, at), axis=0)
    middle = float(values[known].mean()) if known.any() else 0.0
    return np.where(none, middle, filled)


def latency_column(latency_s: FloatArray, present: BoolArray) -> Column:
    """(F, n) latencies to about a hundredth of their median; where nobody is the least of all [s].

    Args:
        latency_s: NaN where there is none that is a number.
        present: who is there.
    """
    known = latency_s[present]
    if not known.size or not np.isfinite(known).all():
        return reals(np.where(present, latency_s, np.nan))
    step_s = max(round_number(LATENCY_SHARE * float(np.median(known))), float(np.ptp(known)) / LATENCY_LEVELS)
    filled = np.where(present, latency_s, known.min())
    return min((steps(filled, step_s, delta=each) for each in (False, True)), key=_packed_bytes)


def smaller(whole: IntArray | BoolArray) -> Column:
    """Whole numbers as they are, or as differences from frame to frame, whichever is smaller in the file."""
    return min((wholes(whole, delta=each) for each in (False, True)), key=_packed_bytes)


def _packed_bytes(column: Column) -> int:
    return len(zlib.compress(column.raw.tobytes(), 1))


def point_slots(slots: int) -> int:
    """Slots that a point of a series stands for.

    >>> point_slots(120), point_slots(20_000)
    (1, 4)
    """
    return -(-slots // MOST_POINTS)


def mean_points(values: Sequence[float] | FloatArray) -> Column:
    """(T,) a number a slot as a series: the means of pieces."""
    value = np.asarray(values, np.float64)
    starts = np.arange(0, len(value), point_slots(len(value)) if len(value) else 1)
    if len(starts) == len(value):
        return reals(value, "f64")
    lengths = np.diff(np.append(starts, len(value)))
    return reals(np.add.reduceat(value, starts) / lengths, "f64")


def sum_points(values: IntArray) -> Column:
    """(T,) counts a slot as a series: the sums of pieces."""
    if not len(values):
        return wholes(values)
    return wholes(np.add.reduceat(np.asarray(values, np.int64), np.arange(0, len(values), point_slots(len(values)))))


def end_points(values: Sequence[float] | FloatArray) -> Column:
    """(T,) what has come together by the end of each slot, as a series: by the ends of pieces."""
    value = np.asarray(values, np.float64)
    if not len(value):
        return reals(value, "f64")
    ends = np.append(np.arange(0, len(value), point_slots(len(value)))[1:], len(value)) - 1
    return reals(value[ends], "f64")
