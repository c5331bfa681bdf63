"""A level and what the time of day adds to it: additive seasonal smoothing."""

from __future__ import annotations

import math
from typing import ClassVar

from twinhop.jit import jit
from twinhop.twin.behaviour.model import INTERVAL_SIGMAS, FloatArray
from twinhop.twin.behaviour.row_model import RowModel, require, usable
from twinhop.twin.behaviour.smoothing import COUNT, FIRST, TIME, check_smoothing, faded, gain_over

DAY_S = 86400.0
MOST_SLOTS = 10_000


@jit()
def _slot(time_s: float, period_s: float, slots: float) -> int:
    parts = math.floor(time_s * slots / period_s)  # exact where times and parts are whole
    return int(parts - slots * math.floor(parts / slots))


@jit()
def _growth(steps: float, weight: float, season_weight: float, round_steps: float) -> float:
    before = max(steps, 1.0) - 1.0
    rounds = math.floor(before / round_steps)
    return 1.0 + before * weight * weight + season_weight * (2.0 * weight + season_weight) * rounds


@jit()
def _advance(state: FloatArray, parameters: FloatArray, time_s: float, value: FloatArray) -> bool:
    if not usable(state, parameters, time_s, value):
        return False
    width, step_s, weight, season_weight = value.size, parameters[1], parameters[2], parameters[3]
    season = FIRST + 2 * width + width * _slot(time_s, parameters[4], parameters[5])
    if math.isnan(state[TIME]):
        state[COUNT:] = 0.0
        for column in range(width):
            state[FIRST + column] = value[column]
    else:
        steps = (time_s - state[TIME]) / step_s
        gain = gain_over(steps, weight)
        growth = _growth(steps, weight, season_weight, parameters[4] / step_s)
        known = min(state[COUNT], parameters[6])
        for column in range(width):
            error = value[column] - state[FIRST + column] - state[season + column]
            state[FIRST + column] += gain * error
            state[season + column] += season_weight * error
            at = FIRST + width + column
            state[at] = faded(state[at], error, growth, known)
    state[COUNT] += 1.0
    state[TIME] = time_s
    return True


@jit()
def _forecast(state: FloatArray, parameters: FloatArray, time_s: float, mean: FloatArray, half: FloatArray) -> None:
    width, steps = mean.size, (time_s - state[TIME]) / parameters[1]
    growth = _growth(steps, parameters[2], parameters[3], parameters[4] / parameters[1])
    season = FIRST + 2 * width + width * _slot(time_s, parameters[4], parameters[5])
    for column in range(width):
        mean[column] = state[FIRST + column] + state[season + column]
        half[column] = INTERVAL_SIGMAS * math.sqrt(state[FIRST + width + column] * growth)


class Seasonal(RowModel):
    """Exponential smoothing with an additive season: the time of day, or any other round.

    Formula, one step: ``e = y - l - s_t``, ``l <- l + a e``, ``s_t <- s_t + g e``, t the slot of the round that the
    time falls into. Over n steps a becomes ``1 - (1 - a)^n``. The forecast is ``l + s_t``.

    Args:
        width: columns of the dimension.
        step_s: usual time between updates, greater than 0 [s].
        weight: a, of the level, in (0, 1].
        season_weight: g, of the season, in (0, 1].
        period_s: length of a round, at least one step [s].
        slots: equal parts of a round, a whole number.
        memory: errors that the variance is a mean over, at least 1; older ones fade.

    Raises:
        InputError: a parameter is out of range.

    Source: Hyndman and Athanasopoulos, Forecasting: principles and practice, 3rd ed., ETS(A,N,A).

    Example:
        >>> import numpy as np
        >>> model = Seasonal(width=1, step_s=1.0, period_s=4.0, slots=4)
        >>> for second in range(200):
        ...     model.update(float(second), np.array([5.0 if second % 4 == 3 else 1.0]))
        >>> model.predict(200.0).mean.round(2).tolist(), model.predict(203.0).mean.round(2).tolist()
        ([1.0], [5.0])
    """

    kind: ClassVar[str] = "seasonal"
    parameter_names = ("step_s", "weight", "season_weight", "period_s", "slots", "memory")
    advance = _advance
    forecast = _forecast
    __slots__ = ()

    def __init__(
        self,
        width: int = 1,
        *,
        step_s: float = 900.0,
        weight: float = 0.1,
        season_weight: float = 0.3,
        period_s: float = DAY_S,
        slots: int = 96,
        memory: float = 100.0,
    ) -> None:
        super().__init__(
            width,
            step_s=step_s,
            weight=weight,
            season_weight=season_weight,
            period_s=period_s,
            slots=slots,
            memory=memory,
        )

    @classmethod
    def columns(cls, width: int, **parameters: float) -> int:
        """Time, count, levels, variances of errors one step ahead, seasons slot by slot."""
        return FIRST + width * (2 + int(parameters["slots"]))

    @classmethod
    def check(cls, **parameters: float) -> None:
        """Refuse lengths not greater than 0, weights outside (0, 1], broken numbers of slots, a memory under 1."""
        super().check(**parameters)
        check_smoothing(cls.kind, parameters, ("weight", "season_weight"))
        slots, period_s = parameters["slots"], parameters["period_s"]
        whole = 1 <= slots <= MOST_SLOTS and slots == int(slots)
        require(whole, cls.kind, "slots", f"a whole number from 1 to {MOST_SLOTS}", slots)
        require(period_s >= parameters["step_s"], cls.kind, "period_s", "at least step_s", period_s)
