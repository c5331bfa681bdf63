"""Updates when the value has moved on from what was sent last."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from twinhop.twin.behaviour import Prediction
from twinhop.twin.behaviour.model import FloatArray
from twinhop.twin.synchronisation.policy import (
    HEADER_BITS,
    NUMBER_BITS,
    HeldValue,
    SampleClock,
    check_positive,
    check_sample,
)


class SendOnDelta:
    """Sends a sample that is farther from the last one sent than the tolerance, or when the longest period is over.

    Args:
        width: columns of the dimension.
        tolerance: largest Euclidean distance that is not sent, greater than 0, in the unit of the dimension.
        longest_period_s: greater than 0 [s].

    Raises:
        InputError: a parameter is not greater than 0.

    Source: Miskowicz, Send-on-delta concept: an event-based data reporting strategy, Sensors 6 (2006).

    Example:
        >>> policy = SendOnDelta(width=1, tolerance=1.5)
        >>> [policy.offer(float(second), np.array([1.0 * second])) for second in range(5)]
        [True, False, True, False, True]
    """

    kind: ClassVar[str] = "delta"

    def __init__(self, width: int, tolerance: float, longest_period_s: float = math.inf) -> None:
        self.tolerance = check_positive(self.kind, "tolerance", tolerance)
        self.longest_period_s = check_positive(self.kind, "longest_period_s", longest_period_s)
        self._held, self._clock = HeldValue(width), SampleClock()

    @property
    def update_bits(self) -> int:
        """Sequence number, time and value [bit]."""
        return HEADER_BITS + NUMBER_BITS * self._held.width

    @property
    def setup_bits(self) -> int:
        """The twin needs to know nothing [bit]."""
        return 0

    def offer(self, time_s: float, value: FloatArray) -> bool:
        """Show the device a sample; see `SyncPolicy`."""
        check_sample(self.kind, time_s, value, self._held.width)
        time_s, stepped = self._clock.read(time_s)
        near = float(np.linalg.norm(value - self._held.value)) <= self.tolerance
        if near and not stepped and time_s - self._held.time_s < self.longest_period_s:
            return False
        self._held.update(time_s, value)
        return True

    def predict(self, time_s: float) -> Prediction:
        """The last value sent; see `SyncPolicy`."""
        return self._held.predict()
