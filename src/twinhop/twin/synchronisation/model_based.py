"""Updates when the twin's prediction is off: device and twin run the same model."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np

from twinhop.errors import InputError
from twinhop.twin.behaviour import Prediction, RowModel
from twinhop.twin.behaviour.model import FloatArray
from twinhop.twin.synchronisation.policy import HEADER_BITS, NUMBER_BITS, check_positive, check_sample


class ModelBased:
    """Sends when the prediction that the twin makes is farther from the sample than the tolerance.

    The device knows what the twin predicts, because it runs the same model on the same numbers. An update is sent when
    ``|value - prediction| > tolerance``, or when the longest period is over; so at every sampled moment the prediction
    is within the tolerance, or an update is sent.

    `sends="state"`: the device's own model learns from every sample, and an update is the row of its state, which the
    twin takes over: velocity and covariance of all samples so far, not of those sent. `sends="value"`: an update is the
    sample, from which the twin's model learns; updates are smaller and more of them are needed.

    Args:
        model: a model that has seen nothing yet; its parameters are those of device and twin.
        tolerance: largest Euclidean distance that is not sent, greater than 0, in the unit of the dimension.
        longest_period_s: greater than 0 [s].
        sends: what an update carries.

    Raises:
        InputError: a parameter is out of range, or the model has been updated.

    Source: dead reckoning of IEEE 1278.1 (distributed interactive simulation), with a Kalman filter as the model.

    Example:
        >>> from twinhop.twin.behaviour import ConstantVelocity
        >>> policy = ModelBased(ConstantVelocity(width=1), tolerance=2.0)
        >>> sum(policy.offer(float(second), np.array([10.0 * second])) for second in range(100))
        3
    """

    kind: ClassVar[str] = "model"

    def __init__(
        self,
        model: RowModel,
        tolerance: float,
        longest_period_s: float = math.inf,
        sends: Literal["state", "value"] = "state",
    ) -> None:
        if not math.isnan(model.time_s):
            raise InputError(f"{self.kind}: model: must not have been updated yet (it was at {model.time_s:g} s)")
        if sends not in ("state", "value"):
            raise InputError(f"{self.kind}: sends: unknown {str(sends)[:40]!r}; accepted: state, value")
        self.tolerance = check_positive(self.kind, "tolerance", tolerance)
        self.longest_period_s = check_positive(self.kind, "longest_period_s", longest_period_s)
        self.sends = sends
        self._device = type(model).from_arrays(model.arrays())
        self._twin = type(model).from_arrays(model.arrays())
        self._before_s = self._sent_s = -np.inf

    @property
    def update_bits(self) -> int:
        """Sequence number, time, and the rest of the state or the value [bit]."""
        numbers = self._twin.state.size - 1 if self.sends == "state" else self._twin.width
        return HEADER_BITS + NUMBER_BITS * numbers

    @property
    def setup_bits(self) -> int:
        """The parameters of the model [bit]."""
        return NUMBER_BITS * self._twin.parameters.size

    def offer(self, time_s: float, value: FloatArray) -> bool:
        """Show the device a sample; see `SyncPolicy`."""
        check_sample(self.kind, time_s, self._before_s, value, self._twin.width)
        self._before_s = time_s
        if self.sends == "state":
            self._device.update(time_s, value)
        if time_s - self._sent_s < self.longest_period_s:
            error = value - self._twin.predict(time_s).mean
            if math.sqrt(float(error @ error)) <= self.tolerance:
                return False
        if self.sends == "state":
            self._twin.state[:] = self._device.state
        else:
            self._twin.update(time_s, value)
        self._sent_s = time_s
        return True

    def predict(self, time_s: float) -> Prediction:
        """What the twin's model expects; see `SyncPolicy`."""
        return self._twin.predict(time_s)
