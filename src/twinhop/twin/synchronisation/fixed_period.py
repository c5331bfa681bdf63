"""Updates at a fixed period, as the reference paper has them."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from twinhop.twin.behaviour import Prediction, RowModel
from twinhop.twin.behaviour.model import FloatArray
from twinhop.twin.synchronisation.policy import (
    HEADER_BITS,
    NUMBER_BITS,
    HeldValue,
    SampleClock,
    check_positive,
    check_sample,
)

#: Samples that come early by this share of a period are in time: sample times are sums of rounded numbers.
_EARLY = 1e-9


class FixedPeriod:
    """Sends the first sample of every period; the twin holds it, or lets a model go on from it.

    Args:
        width: columns of the dimension.
        period_s: greater than 0 [s].
        model: a model that has seen nothing yet, run by the twin on the values sent; None: the twin holds the last
            value.

    Raises:
        InputError: the period is not greater than 0.

    Example:
        >>> policy = FixedPeriod(width=1, period_s=2.0)
        >>> [policy.offer(float(second), np.array([0.0])) for second in range(5)]
        [True, False, True, False, True]
    """

    kind: ClassVar[str] = "fixed"

    def __init__(self, width: int, period_s: float, model: RowModel | None = None) -> None:
        self.period_s = check_positive(self.kind, "period_s", period_s)
        self._held, self._model = HeldValue(width), model
        self._clock, self._due_s = SampleClock(), -np.inf

    @property
    def update_bits(self) -> int:
        """Sequence number, time and value [bit]."""
        return HEADER_BITS + NUMBER_BITS * self._held.width

    @property
    def setup_bits(self) -> int:
        """Nothing but a model's parameters has to be agreed [bit]."""
        return 0 if self._model is None else NUMBER_BITS * self._model.parameters.size

    def offer(self, time_s: float, value: FloatArray) -> bool:
        """Show the device a sample; see `SyncPolicy`."""
        check_sample(self.kind, time_s, value, self._held.width)
        time_s, stepped = self._clock.read(time_s)
        if not stepped and time_s < self._due_s - _EARLY * self.period_s:
            return False
        begun = self._due_s if not stepped and time_s < self._due_s + self.period_s else time_s
        self._due_s = begun + self.period_s
        self._held.update(time_s, value)
        if self._model is not None:
            self._model.update(time_s, value)
        return True

    def predict(self, time_s: float) -> Prediction:
        """The last value sent, or what the model makes of those sent; see `SyncPolicy`."""
        return self._held.predict() if self._model is None else self._model.predict(self._clock.axis_s(time_s))
