"""Whether a value may enter a row of state: one compiled check for all models of numbers."""

from __future__ import annotations

import math

from twinhop.jit import jit
from twinhop.twin.behaviour.model import FloatArray


@jit()
def usable(state: FloatArray, parameters: FloatArray, time_s: float, value: FloatArray) -> bool:
    """Whether a value has the right width, is finite, and is not older than the last.

    Args:
        state: of a `RowModel`, its first number the time of the last update [s].
        parameters: of a `RowModel`, the first of them the width.
        time_s: of the value [s].
        value: (width,).
    """
    good = value.size == int(parameters[0]) and math.isfinite(time_s) and not time_s < state[0]
    for column in range(value.size):
        good = good and math.isfinite(value[column])
    return good
