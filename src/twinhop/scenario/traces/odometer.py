"""The speeds of steps from record to record, for what an import says of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinhop.scenario.sanity import FASTEST_MPS, distance_m
from twinhop.scenario.traces.movements import Quantiles

LEAST_STATED_MPS = 1.0
"""Slower speeds that a file states are too coarse to be compared."""
FEWEST_STATED = 2
"""So many steps at least are compared with the speeds that the file states."""
FloatArray = NDArray[np.float64]


class Steps(NamedTuple):
    """Steps from one record of a user to the next.

    Attributes:
        code: (n,) user.
        end_s: (n,) when they end [s].
        duration_s: (n,) how long they take, greater than 0 [s].
        begin: (n, 2) east and north of their begin.
        end: (n, 2) those of their end.
        line: (n,) line of their end; -1 without.
        stated_mps: (n,) speed that the file states at their end; NaN without [m/s].
    """

    code: NDArray[np.int32]
    end_s: FloatArray
    duration_s: FloatArray
    begin: FloatArray
    end: FloatArray
    line: NDArray[np.int64]
    stated_mps: FloatArray


class Odometer:
    """Speeds of steps, where positions are degrees or where they are metres.

    Attributes:
        moving_mps: speeds of the steps that lead to another place [m/s].
        ratio: those over the speeds that the file states.
        stated: how many of those there are.
        steps: how many steps there are.
        moving: how many of them lead to another place.
        over: how many are faster than `FASTEST_MPS`.
        fastest: user, end [s], line and speed [m/s] of the fastest; None without steps.
    """

    def __init__(self, geographic: bool) -> None:
        self._geographic = geographic
        self.moving_mps, self.ratio = Quantiles(), Quantiles()
        self.steps = self.moving = self.over = self.stated = 0
        self.fastest: tuple[int, float, int, float] | None = None

    def add(self, steps: Steps) -> None:
        """Count steps."""
        if not steps.code.size:
            return
        speed_mps = self.length_m(steps.begin, steps.end) / steps.duration_s
        self.steps += len(speed_mps)
        self.over += int((speed_mps > FASTEST_MPS).sum())
        moving = speed_mps[speed_mps > 0]
        self.moving += len(moving)
        self.moving_mps.add(moving)
        stated = steps.stated_mps >= LEAST_STATED_MPS
        self.stated += int(stated.sum())
        self.ratio.add((speed_mps / np.where(stated, steps.stated_mps, 1.0))[stated])
        at = int(np.argmax(speed_mps))
        if self.fastest is None or speed_mps[at] > self.fastest[3]:
            self.fastest = int(steps.code[at]), float(steps.end_s[at]), int(steps.line[at]), float(speed_mps[at])

    def length_m(self, begin: FloatArray, end: FloatArray) -> FloatArray:
        """(n,) lengths of steps [m]."""
        return distance_m(begin, end) if self._geographic else np.hypot(*(end - begin).T)

    @property
    def stated_ratio(self) -> float | None:
        """Median of the speeds of positions over those that the file states; None where it states none."""
        return self.ratio.at(0.5) if self.stated >= FEWEST_STATED else None
