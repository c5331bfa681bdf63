"""Legs: what a user does from one record to the next, and where that puts it when slots begin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinhop.scenario.place_sections import Area

SLOT_TOLERANCE = 1e-9
"""A time counts as the beginning of a slot up to this share of a slot, which rounding makes."""

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Stretch:
    """Some slots in a row.

    Attributes:
        start_s: when the first begins [s].
        slot_s: length of each [s].
        count: how many.
    """

    start_s: float
    slot_s: float
    count: int

    @property
    def end_s(self) -> float:
        """When the last slot begins [s]."""
        return self.start_s + (self.count - 1) * self.slot_s

    def first_from(self, time_s: FloatArray) -> NDArray[np.int64]:
        """The first slot that begins at or after each time; may lie outside the stretch."""
        return np.ceil((time_s - self.start_s) / self.slot_s - SLOT_TOLERANCE).astype(np.int64)


@dataclass(frozen=True)
class Legs:
    """What users do from record to record.

    Attributes:
        code: (L,) user.
        from_s: (L,) when the leg begins, at a record [s].
        until_s: (L,) when it ends, exclusive; as `from_s` where nothing leads on from the record [s].
        xy_m: (L, 2) where it begins [m].
        velocity_mps: (L, 2) [m/s].
        next_s: (L,) the next record of the user, inf if there is none [s].
    """

    code: NDArray[np.int32]
    from_s: FloatArray
    until_s: FloatArray
    xy_m: FloatArray
    velocity_mps: FloatArray
    next_s: FloatArray

    def bridged(self, gap_s: float, stretch: Stretch) -> int:
        """Gaps that begin in the stretch, longer than `gap_s`, over which the user moves on."""
        begins = (self.from_s >= stretch.start_s) & (self.from_s < stretch.end_s + stretch.slot_s)
        return int((begins & (self.until_s == self.next_s) & (self.next_s - self.from_s > gap_s)).sum())


def legs_of(code: NDArray[np.int32], time_s: FloatArray, xy_m: FloatArray, reach_s: float, *, is_held: bool) -> Legs:
    """The legs that records make.

    Args:
        code: (n,) user.
        time_s: (n,) times, rising for each user [s].
        xy_m: (n, 2) positions [m].
        reach_s: longest time between two records over which a user is present [s].
        is_held: whether a position holds until the next record or for `reach_s`, rather than leading to the next.

    >>> records = np.zeros(2, np.int32), np.array([0.0, 4.0]), np.array([[0.0, 0.0], [8.0, 0.0]])
    >>> legs_of(*records, reach_s=60.0, is_held=False).velocity_mps.tolist()
    [[2.0, 0.0], [0.0, 0.0]]
    """
    order = np.argsort(code, kind="stable")
    code, time_s, xy_m = code[order], time_s[order], xy_m[order]
    last = np.r_[code[1:] != code[:-1], np.ones(min(len(code), 1), np.bool_)]
    next_s = np.where(last, np.inf, np.r_[time_s[1:], np.zeros(min(len(code), 1))])
    velocity_mps = np.zeros_like(xy_m)
    if is_held:
        until_s = np.minimum(next_s, time_s + reach_s)
    else:
        leads = next_s - time_s <= reach_s
        until_s = np.where(leads, next_s, time_s)
        at = np.flatnonzero(leads)
        velocity_mps[at] = (xy_m[at + 1] - xy_m[at]) / (time_s[at + 1] - time_s[at])[:, None]
    return Legs(code, time_s, until_s, xy_m, velocity_mps, next_s)


def placed(legs: Legs, stretch: Stretch, users: int, area: Area) -> tuple[FloatArray, int]:
    """Positions at the beginnings of slots, and how many of them were moved to the border of the area.

    Args:
        legs: of the stretch; further ones do no harm.
        stretch: the slots.
        users: number of users, N.
        area: where users are.

    Returns:
        (count, N, 2) positions, NaN where a user is absent [m]; and the number that lay outside the area.
    """
    xy_m = np.full((stretch.count, users, 2), np.nan)
    begin = stretch.first_from(legs.from_s)
    end = np.where(legs.until_s > legs.from_s, stretch.first_from(legs.until_s), stretch.first_from(legs.from_s) + 1)
    # a record from which nothing leads on counts where a slot begins with it
    exact = np.abs(stretch.start_s + begin * stretch.slot_s - legs.from_s) <= SLOT_TOLERANCE * stretch.slot_s
    end = np.where((legs.until_s > legs.from_s) | exact, end, begin)
    begin, end = np.clip(begin, 0, stretch.count), np.clip(end, 0, stretch.count)
    lengths = np.maximum(end - begin, 0)
    leg = np.repeat(np.arange(len(lengths)), lengths)
    slot = begin[leg] + np.arange(len(leg)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    since_s = (stretch.start_s + slot * stretch.slot_s - legs.from_s[leg])[:, None]
    position_m = legs.xy_m[leg] + legs.velocity_mps[leg] * since_s
    inside = np.clip(position_m, 0.0, (area.width_m, area.height_m))
    xy_m[slot, legs.code[leg]] = inside
    return xy_m, int((inside != position_m).any(axis=1).sum())
