"""What exponential smoothing of a level, a trend and a season share: steps of any length, and errors that fade.

The rows of state of all three begin with the time of the last update and the number of updates so far.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twinhop.jit import jit
from twinhop.twin.behaviour.row_model import require

#: Places in a row of state: time of the last update, updates so far, and the first number of the columns.
TIME, COUNT, FIRST = 0, 1, 2


@jit()
def gain_over(steps: float, weight: float) -> float:
    """The weight of a value that comes n steps after the last: ``1 - (1 - a)^n``.

    Args:
        steps: n, at least 0.
        weight: a, of one step.
    """
    return 1.0 - (1.0 - weight) ** steps


@jit()
def faded(variance: float, error: float, growth: float, known: float) -> float:
    """The mean square of errors one step ahead, with one more error in it.

    Args:
        variance: the mean until now.
        error: of a forecast.
        growth: variance of that forecast over the variance one step ahead.
        known: errors that the mean is over, the new one included.
    """
    return variance + (error * error / growth - variance) / known


def check_smoothing(kind: str, parameters: Mapping[str, float], weights: Sequence[str]) -> None:
    """Refuse weights above 1 and a memory under 1.

    Args:
        kind: of the model.
        parameters: of the model, greater than 0.
        weights: names of those that are weights.

    Raises:
        InputError: one is out of range.
    """
    for name in weights:
        require(parameters[name] <= 1, kind, name, "in (0, 1]", parameters[name])
    require(parameters["memory"] >= 1, kind, "memory", "at least 1", parameters["memory"])
