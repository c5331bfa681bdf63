"""Models whose whole state is one row of numbers, so that the rows of many twins make one matrix."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar, NoReturn, Self

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.jit import jit
from twinhop.twin.behaviour.model import Arrays, FloatArray, Prediction, unknown

PARAMETERS, STATE = "parameters", "state"
#: Most columns of a dimension.
MOST_COLUMNS = 4096


class RowModel:
    """A behaviour model of numbers: parameters and state are a row of float64 each.

    The first parameter is the width of the dimension; the first number of the state is the time of the last update, NaN
    before it. A subclass gives `advance` and `forecast`, compiled functions of rows that also move whole fleets.
    """

    kind: ClassVar[str]
    of_categories: ClassVar[bool] = False
    parameter_names: ClassVar[tuple[str, ...]]
    """What the row of parameters holds after the width, as the arguments of the constructor are called."""
    advance: ClassVar[Callable[[FloatArray, FloatArray, float, FloatArray], bool]]
    """(state, parameters, time, value): moves the state; False, and nothing is changed, if a value is not usable."""
    forecast: ClassVar[Callable[[FloatArray, FloatArray, float, FloatArray, FloatArray], None]]
    """(state, parameters, time, mean, half width): writes the last two."""

    __slots__ = ("parameters", "state")

    def __init__(self, width: int, **parameters: float) -> None:
        if not 1 <= width <= MOST_COLUMNS:
            raise InputError(f"{self.kind}: width: must be 1 to {MOST_COLUMNS} (got {width})")
        self.check(**parameters)
        self.parameters = np.array([width, *(parameters[name] for name in self.parameter_names)], dtype=np.float64)
        self.state = np.full(self.columns(width, **parameters), np.nan)

    @classmethod
    def columns(cls, width: int, **parameters: float) -> int:
        """Length of the row of state."""
        raise NotImplementedError

    @classmethod
    def check(cls, **parameters: float) -> None:
        """Refuse parameters that make no sense; by default those that are not greater than 0.

        Raises:
            InputError: a parameter is out of range; the message names it.
        """
        for name, value in parameters.items():
            require(0 < value < np.inf, cls.kind, name, "greater than 0", value)

    @property
    def width(self) -> int:
        """Columns of the dimension."""
        return int(self.parameters[0])

    @property
    def entries(self) -> int:
        """Entries of a prediction: the columns of the dimension; see `BehaviourModel`."""
        return self.width

    @property
    def time_s(self) -> float:
        """Time of the last update, NaN before it [s]."""
        return float(self.state[0])

    def update(self, time_s: float, value: FloatArray) -> None:
        """Learn from a value; see `BehaviourModel`."""
        if not type(self).advance(self.state, self.parameters, time_s, value):
            self._refuse(time_s, value)

    def predict(self, time_s: float) -> Prediction:
        """What is expected at a time; see `BehaviourModel`."""
        width = self.width
        if self.state[0] != self.state[0]:
            return unknown(width)
        if not time_s >= self.state[0]:
            raise InputError(f"{self.kind}: time {time_s:g} s is before the last update at {self.time_s:g} s")
        mean, half = np.empty(width), np.empty(width)
        type(self).forecast(self.state, self.parameters, time_s, mean, half)
        return Prediction(mean, mean - half, mean + half)

    def arrays(self) -> dict[str, NDArray]:
        """Parameters and state; see `BehaviourModel`."""
        return {PARAMETERS: self.parameters.copy(), STATE: self.state.copy()}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The model that these are the arrays of; see `BehaviourModel`."""
        names = ("width", *cls.parameter_names)
        parameters = float_row(cls.kind, arrays, PARAMETERS, len(names))
        if not (1 <= parameters[0] <= MOST_COLUMNS and parameters[0] == int(parameters[0])):
            raise InputError(f"{cls.kind}: width: must be 1 to {MOST_COLUMNS} (got {parameters[0]:g})")
        width = int(parameters[0])
        given = dict(zip(cls.parameter_names, parameters[1:].tolist(), strict=True))
        cls.check(**given)
        model = cls.__new__(cls)
        model.parameters = parameters
        model.state = float_row(cls.kind, arrays, STATE, cls.columns(width, **given))
        return model

    def _refuse(self, time_s: float, value: Any) -> NoReturn:
        if time_s < self.state[0]:
            text = f"time runs backwards: {time_s:g} s after {self.time_s:g} s"
        elif np.shape(value) != (self.width,):
            text = f"value: must have {self.width} columns (got {np.size(value)})"
        else:
            text = f"time and value: must be finite (got {time_s:g} s, {np.array2string(value, threshold=4)})"
        raise InputError(f"{self.kind}: {text}")


def require(holds: bool, kind: str, name: str, accepted: str, value: float) -> None:
    """Refuse a parameter.

    Raises:
        InputError: what is to hold does not.
    """
    if not holds:
        raise InputError(f"{kind}: {name}: must be {accepted} (got {value:g})")


def float_row(kind: str, arrays: Arrays, name: str, length: int) -> FloatArray:
    """A copy of one row of float64 among the arrays of a model.

    Raises:
        InputError: it is missing, or of another type or length.
    """
    row = arrays.get(name)
    if row is None:
        raise InputError(f"{kind}: {name}: is missing; found {', '.join(arrays) or 'nothing'}")
    if row.dtype != np.float64 or row.shape != (length,):
        raise InputError(f"{kind}: {name}: must be float64 of shape ({length},) (got {row.dtype} of {row.shape})")
    return row.copy()


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
