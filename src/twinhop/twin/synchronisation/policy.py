"""What a synchronisation policy is: what the device sends, what the twin makes of it; and a twin without a model."""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np

from twinhop.errors import InputError
from twinhop.twin.behaviour import Prediction
from twinhop.twin.behaviour.model import FloatArray, unknown

#: A number in an update is a float64; every update carries its sequence number and its time besides [bit]. The
#: incarnation is the same for all updates since the device was started, and told once a connection.
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
            time_s: when it was taken; best by a clock that is never set, as `time.monotonic` [s].
            value: (width,) finite.

        Returns:
            Whether it is sent; then the twin knows it when this returns. A sample whose time steps back is: the time
            counts as that of the sample before, and periods begin anew.

        Raises:
            InputError: the time is not finite, or the value is not usable.
        """
        ...

    def predict(self, time_s: float) -> Prediction:
        """What the twin takes the device to be at, from what has been sent.

        Args:
            time_s: not before the last update [s].
        """
        ...


class SampleClock:
    """The times of samples on an axis that never steps back, whatever the device's clock does.

    >>> clock = SampleClock()
    >>> [clock.read(each) for each in (10.0, 11.0, 3.0, 4.0)]
    [(10.0, False), (11.0, False), (11.0, True), (12.0, False)]
    """

    __slots__ = ("_before_s", "_shift_s")

    def __init__(self) -> None:
        self._before_s, self._shift_s = -np.inf, 0.0

    def read(self, time_s: float) -> tuple[float, bool]:
        """The time on that axis [s], and whether the clock has stepped back.

        Args:
            time_s: by the device's clock, finite [s].
        """
        shifted_s = time_s + self._shift_s
        stepped = shifted_s < self._before_s
        if stepped:
            self._shift_s, shifted_s = self._before_s - time_s, self._before_s
        self._before_s = shifted_s
        return shifted_s, stepped

    def axis_s(self, time_s: float) -> float:
        """A time of the device's clock on that axis; nothing is remembered of it [s]."""
        return time_s + self._shift_s


def check_sample(kind: str, time_s: float, value: FloatArray, width: int) -> None:
    """Refuse a sample that no policy can use.

    Raises:
        InputError: the time is not finite, or the value has the wrong width or is not finite.
    """
    if not -np.inf < time_s < np.inf:
        raise InputError(f"{kind}: time: must be finite (got {time_s:g} s)")
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
