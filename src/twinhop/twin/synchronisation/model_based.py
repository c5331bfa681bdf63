"""Updates when the twin's prediction is off: device and twin run the same model."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from twinhop.errors import InputError
from twinhop.twin.behaviour import Prediction, RowModel
from twinhop.twin.behaviour.model import FloatArray
from twinhop.twin.synchronisation.policy import HEADER_BITS, NUMBER_BITS, SampleClock, check_positive, check_sample


class ModelBased:
    """Sends when the prediction that the twin makes is farther from the sample than the tolerance.

    The device knows what the twin predicts, because it runs the same model on the same numbers. An update is sent when
    ``|value - prediction| > tolerance``, or when the longest period is over; so at every sampled moment the prediction
    is within the tolerance, or an update is sent.

    An update carries the sample and nothing else: the model learns from what is sent, on both sides alike.

    Args:
        model: a model that has seen nothing yet; its parameters are those of device and twin.
        tolerance: largest Euclidean distance that is not sent, greater than 0, in the unit of the dimension.
        longest_period_s: greater than 0 [s].

    Raises:
        InputError: a parameter is out of range, or the model has been updated.

    Source: dead reckoning of IEEE 1278.1 (distributed interactive simulation), with a Kalman filter as the model.

    Example:
        >>> from twinhop.twin.behaviour import ConstantVelocity
        >>> policy = ModelBased(ConstantVelocity(width=1), tolerance=2.0)
        >>> sum(policy.offer(float(second), np.array([10.0 * second])) for second in range(100))
        4
    """

    kind: ClassVar[str] = "model"

    def __init__(
        self,
        model: RowModel,
        tolerance: float,
        longest_period_s: float = math.inf,
    ) -> None:
        if not math.isnan(model.time_s):
            raise InputError(f"{self.kind}: model: must not have been updated yet (it was at {model.time_s:g} s)")
        self.tolerance = check_positive(self.kind, "tolerance", tolerance)
        self.longest_period_s = check_positive(self.kind, "longest_period_s", longest_period_s)
        self._model = type(model).from_arrays(model.arrays())
        self._clock, self._sent_s = SampleClock(), -np.inf

    @property
    def update_bits(self) -> int:
        """Sequence number, time and value [bit]."""
        return HEADER_BITS + NUMBER_BITS * self._model.width

    @property
    def setup_bits(self) -> int:
        """The parameters of the model [bit]."""
        return NUMBER_BITS * self._model.parameters.size

    def offer(self, time_s: float, value: FloatArray) -> bool:
        """Show the device a sample; see `SyncPolicy`."""
        check_sample(self.kind, time_s, value, self._model.width)
        time_s, stepped = self._clock.read(time_s)
        if not stepped and time_s - self._sent_s < self.longest_period_s:
            error = value - self._model.predict(time_s).mean
            if math.sqrt(float(error @ error)) <= self.tolerance:
                return False
        self._model.update(time_s, value)
        self._sent_s = time_s
        return True

    def predict(self, time_s: float) -> Prediction:
        """What the model of device and twin expects; see `SyncPolicy`."""
        return self._model.predict(self._clock.axis_s(time_s))
