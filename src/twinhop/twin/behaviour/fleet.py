"""Many twins of one kind, moved in one call by the very function that moves one: the same numbers, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.jit import jit
from twinhop.twin.behaviour.model import Arrays, FloatArray, Prediction
from twinhop.twin.behaviour.row_model import PARAMETERS, STATE, RowModel

#: Rows of states in the arrays of a fleet.
STATES = "states"


@cache
def _loops(kind: type[RowModel]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Loops over the rows of a fleet around the functions of one kind."""
    advance, forecast = kind.advance, kind.forecast

    @jit()
    def advance_all(states: FloatArray, parameters: FloatArray, times_s: FloatArray, values: FloatArray) -> int:
        for row in range(len(states)):
            if not advance(states[row], parameters, times_s[row], values[row]):
                return row
        return -1

    @jit()
    def forecast_all(
        states: FloatArray, parameters: FloatArray, time_s: float, mean: FloatArray, half: FloatArray
    ) -> None:
        for row in range(len(states)):
            if states[row, 0] <= time_s:
                forecast(states[row], parameters, time_s, mean[row], half[row])

    return advance_all, forecast_all


class Fleet:
    """N twins that share a kind of model and its parameters; each has a row of state of its own.

    Args:
        model: gives kind and parameters; its state is where every twin starts.
        twins: N.

    Raises:
        InputError: N is under 1.

    Example:
        >>> from twinhop.twin.behaviour import ConstantVelocity
        >>> fleet = Fleet(ConstantVelocity(width=2), 3)
        >>> fleet.update(np.zeros(3), np.array([[0.0, 0.0], [5.0, 5.0], [9.0, 9.0]]))
        >>> fleet.predict(1.0).mean.tolist()
        [[0.0, 0.0], [5.0, 5.0], [9.0, 9.0]]
    """

    __slots__ = ("_kind", "parameters", "states")

    def __init__(self, model: RowModel, twins: int) -> None:
        if twins < 1:
            raise InputError(f"fleet: must have at least one twin (got {twins})")
        self._kind = type(model)
        self.parameters: FloatArray = model.parameters.copy()
        self.states: FloatArray = np.tile(model.state, (twins, 1))

    def __len__(self) -> int:
        return len(self.states)

    def update(self, times_s: FloatArray, values: FloatArray) -> None:
        """Learn one value of every twin.

        Args:
            times_s: (N,) when each was measured [s].
            values: (N, width) finite.

        Raises:
            InputError: shapes differ, or a value is not usable; the message names the twin's row, and the rows before
                it have been updated.
        """
        expected = (len(self), int(self.parameters[0]))
        if values.shape != expected or times_s.shape != expected[:1]:
            raise InputError(f"fleet: values: must be of shape {expected}, with a time each (got {values.shape})")
        row = _loops(self._kind)[0](self.states, self.parameters, times_s, values)
        if row >= 0:
            self._refuse(row, float(times_s[row]), values[row])

    def predict(self, time_s: float) -> Prediction:
        """What is expected of every twin at a time: (N, width) arrays, unknown where it is before a twin's last update.

        Args:
            time_s: [s].
        """
        shape = (len(self), int(self.parameters[0]))
        mean, half = np.full(shape, np.nan), np.full(shape, np.inf)
        _loops(self._kind)[1](self.states, self.parameters, time_s, mean, half)
        known = np.isfinite(half)
        low = np.where(known, mean - half, -np.inf)
        return Prediction(mean, low, np.where(known, mean + half, np.inf))

    def twin(self, row: int) -> RowModel:
        """The model of one twin, as if it had always been alone.

        Args:
            row: its place in the fleet.
        """
        return self._kind.from_arrays({PARAMETERS: self.parameters, STATE: self.states[row]})

    def arrays(self) -> dict[str, NDArray]:
        """Parameters, and the states row by row; copies."""
        return {PARAMETERS: self.parameters.copy(), STATES: self.states.copy()}

    @classmethod
    def from_arrays(cls, kind: type[RowModel], arrays: Arrays) -> Self:
        """The fleet that these are the arrays of.

        Args:
            kind: class of the models.
            arrays: of `arrays`.

        Raises:
            InputError: an array is missing, or of another shape or type.
        """
        states = arrays.get(STATES, np.empty(0))
        if states.ndim != 2 or len(states) == 0:
            raise InputError(f"fleet: {STATES}: must be rows of numbers (got shape {states.shape})")
        first = {STATE: states[0]}
        fleet = cls(kind.from_arrays({**arrays, **first}), len(states))
        fleet.states = states.copy()
        return fleet

    def _refuse(self, row: int, time_s: float, value: FloatArray) -> None:
        try:
            self.twin(row).update(time_s, value)
        except InputError as error:
            raise InputError(f"fleet: twin {row}: {error}") from None
