"""What every behaviour model is, and what it says of a moment to come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Arrays = Mapping[str, NDArray]

#: The share of true values that the interval of a prediction is meant to hold.
INTERVAL_SHARE = 0.9
#: Standard deviations from its mean within which a normal variable lies with that probability.
INTERVAL_SIGMAS = 1.6448536269514722


class Prediction(NamedTuple):
    """What a model expects at a moment.

    Of a number (position, scalar, counter) each array has one entry per column of the dimension, in its unit. Of a
    category each has one entry per category: its probability, and the ends of the probability's own 90 % interval.
    """

    mean: FloatArray
    """Expected value; NaN before anything is known."""
    low: FloatArray
    """Lower end of the 90 % interval; minus infinity before anything is known."""
    high: FloatArray
    """Upper end of the 90 % interval; infinity before anything is known."""


class BehaviourModel(Protocol):
    """Learns how one dimension of a twin behaves, and predicts it.

    A model is deterministic, holds nothing but numbers, and gives the same bits after `from_arrays(arrays())`. A
    further model is one file with one class and one line in `registry.BEHAVIOUR_MODELS`.
    """

    kind: ClassVar[str]
    """Its name in the registry."""
    of_categories: ClassVar[bool]
    """Whether it predicts a category, and not numbers."""

    @property
    def entries(self) -> int:
        """Entries of a prediction: the columns of the dimension, or its categories."""
        ...

    def update(self, time_s: float, value: FloatArray) -> None:
        """Learn from a value.

        Args:
            time_s: when it was measured, not before the last one [s].
            value: (width,) finite; a category is one whole number from 0.

        Raises:
            InputError: the time runs backwards, or the value cannot be one of the dimension.
        """
        ...

    def predict(self, time_s: float) -> Prediction:
        """What is expected at a time.

        Args:
            time_s: not before the last update [s].

        Raises:
            InputError: the time is before the last update.
        """
        ...

    def arrays(self) -> dict[str, NDArray]:
        """The whole state and the parameters as arrays of numbers; copies, by name."""
        ...

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The model that these are the arrays of, bit for bit.

        Raises:
            InputError: an array is missing, or of another shape or type.
        """
        ...


def unknown(width: int) -> Prediction:
    """What is predicted before anything is known."""
    return Prediction(np.full(width, np.nan), np.full(width, -np.inf), np.full(width, np.inf))
