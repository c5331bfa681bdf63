"""A level that wanders: simple exponential smoothing, whose steps may be of any length."""

from __future__ import annotations

import math
from typing import ClassVar

from twinhop.jit import jit
from twinhop.twin.behaviour.model import INTERVAL_SIGMAS, FloatArray
from twinhop.twin.behaviour.row_model import RowModel, require
from twinhop.twin.behaviour.usable import usable

#: State: time, updates so far, then the levels and the variances of one-step errors.
_TIME, _COUNT, _FIRST = 0, 1, 2


@jit()
def _advance(state: FloatArray, parameters: FloatArray, time_s: float, value: FloatArray) -> bool:
    if not usable(state, parameters, time_s, value):
        return False
    width, step_s, weight, memory = value.size, parameters[1], parameters[2], parameters[3]
    if math.isnan(state[_TIME]):
        state[_COUNT] = 1.0
        for column in range(width):
            state[_FIRST + column] = value[column]
            state[_FIRST + width + column] = 0.0
    else:
        steps = (time_s - state[_TIME]) / step_s
        gain = 1.0 - (1.0 - weight) ** steps
        growth = 1.0 + max(steps - 1.0, 0.0) * weight * weight
        known = min(state[_COUNT], memory)
        state[_COUNT] += 1.0
        for column in range(width):
            error = value[column] - state[_FIRST + column]
            state[_FIRST + column] += gain * error
            variance = state[_FIRST + width + column]
            state[_FIRST + width + column] = variance + (error * error / growth - variance) / known
    state[_TIME] = time_s
    return True


@jit()
def _forecast(state: FloatArray, parameters: FloatArray, time_s: float, mean: FloatArray, half: FloatArray) -> None:
    steps = (time_s - state[_TIME]) / parameters[1]
    growth = 1.0 + max(steps - 1.0, 0.0) * parameters[2] * parameters[2]
    width = mean.size
    for column in range(width):
        mean[column] = state[_FIRST + column]
        half[column] = INTERVAL_SIGMAS * math.sqrt(state[_FIRST + width + column] * growth)


class Level(RowModel):
    """Simple exponential smoothing.

    Formula: ``l <- l + (1 - (1 - a)^n) (y - l)``, n the steps since the last value (1: the textbook's a). The forecast
    is l; its variance n steps ahead is ``s2 (1 + (n - 1) a^2)``, s2 the mean square of errors one step ahead.

    Args:
        width: columns of the dimension.
        step_s: usual time between updates, greater than 0 [s].
        weight: a of the newest value one step after the last, in (0, 1].
        memory: errors that the variance is a mean over, at least 1; older ones fade.

    Raises:
        InputError: a parameter is out of range.

    Source: Hyndman and Athanasopoulos, Forecasting: principles and practice, 3rd ed., ETS(A,N,N).

    Example:
        >>> import numpy as np
        >>> model = Level(width=1, step_s=1.0, weight=0.5)
        >>> for second, value in enumerate([10.0, 12.0, 11.0]):
        ...     model.update(float(second), np.array([value]))
        >>> model.predict(3.0).mean.tolist()
        [11.0]
    """

    kind: ClassVar[str] = "level"
    parameter_names = ("step_s", "weight", "memory")
    advance = _advance
    forecast = _forecast
    __slots__ = ()

    def __init__(self, width: int = 1, *, step_s: float = 1.0, weight: float = 0.3, memory: float = 100.0) -> None:
        super().__init__(width, step_s=step_s, weight=weight, memory=memory)

    @classmethod
    def columns(cls, width: int, **parameters: float) -> int:
        """Time, count, levels, variances."""
        return _FIRST + 2 * width

    @classmethod
    def check(cls, **parameters: float) -> None:
        """Refuse a step that is not greater than 0, a weight outside (0, 1] and a memory under 1."""
        super().check(**parameters)
        require(parameters["weight"] <= 1, cls.kind, "weight", "in (0, 1]", parameters["weight"])
        require(parameters["memory"] >= 1, cls.kind, "memory", "at least 1", parameters["memory"])
