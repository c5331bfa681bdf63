"""A twin without a behaviour model: it stays at what was sent last."""

from __future__ import annotations

import numpy as np

from twinhop.twin.behaviour import Prediction
from twinhop.twin.behaviour.model import FloatArray, unknown


class HeldValue:
    """The last value sent, and when.

    Args:
        width: columns of the dimension.
    """

    __slots__ = ("time_s", "value", "width")

    def __init__(self, width: int) -> None:
        self.width = width
        self.time_s = -np.inf
        self.value: FloatArray = np.full(width, np.nan)

    def update(self, time_s: float, value: FloatArray) -> None:
        """Hold another value from now on."""
        self.time_s, self.value = time_s, value.copy()

    def predict(self) -> Prediction:
        """The value that is held; nothing is known of how far off it may be."""
        nothing = unknown(self.width)
        return Prediction(self.value, nothing.low, nothing.high)
