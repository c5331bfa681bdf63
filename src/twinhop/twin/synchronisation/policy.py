"""What a synchronisation policy is: what the device sends, what the twin makes of it; and a twin without a model."""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np

from twinhop.errors import InputError
from twinhop.twin.behaviour import Prediction
from twinhop.twin.behaviour.model import FloatArray, unknown

#: A number in an update is a float64; every update carries its sequence number and its time besides [bit].
NUMBER_BITS = 64
HEADER_BITS = 2 * NUMBER_BITS


class SyncPolicy(Protocol):
    """One device and its twin, joined by a link without loss or delay."""

    kind: ClassVar[str]
    """Its name in the registry."""

    @property
    def update_bits(self) -> int:
        """Size of one update [bit]."""
        ...

    @property
    def setup_bits(self) -> int:
        """Sent once before the first update: parameters that device and twin must share [bit]."""
        ...

    def offer(self, time_s: float, value: FloatArray) -> bool:
        """Show the device a sample.

        Args:
            time_s: when it was taken, not before the last one [s].
            value: (width,) finite.

        Returns:
            Whether it is sent; then the twin knows it when this returns.

        Raises:
            InputError: the time runs backwards, or the value is not usable.
        """
        ...

    def predict(self, time_s: float) -> Prediction:
        """What the twin takes the device to be at, from what has been sent.

        Args:
            time_s: not before the last update [s].
        """
        ...


def check_sample(kind: str, time_s: float, before_s: float, value: FloatArray, width: int) -> None:
    """Refuse a sample that no policy can use.

    Raises:
        InputError: the time runs backwards, or the value has the wrong width or is not finite.
    """
    if not before_s <= time_s < np.inf:
        raise InputError(f"{kind}: time runs backwards: {time_s:g} s after {before_s:g} s")
    if value.shape != (width,) or not np.isfinite(value).all():
        raise InputError(f"{kind}: value: must be {width} finite numbers (got {value})")


def check_positive(kind: str, name: str, value: float) -> float:
    """A parameter that must be greater than 0.

    Raises:
        InputError: it is not, or is NaN.
    """
    if not value > 0:
        raise InputError(f"{kind}: {name}: must be greater than 0 (got {value:g})")
    return float(value)


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
