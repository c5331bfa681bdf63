"""Intervals that hold what they promise: widened or narrowed by what forecasts missed before (split conformal)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.twin.behaviour import INTERVAL_SHARE, Arrays, Prediction
from twinhop.twin.behaviour.model import FloatArray


class Calibration(NamedTuple):
    """By how much the intervals of one kind of model are scaled, by how far ahead the forecast goes.

    Formula: with ratios ``r = |y - mean| / half width`` of n past forecasts over a horizon, the scale is the
    ``ceil((n + 1) 0.9)``-th smallest ratio; between two horizons it is interpolated over their logarithm, beyond the
    ends it is constant. If the next forecast is like the past ones, its interval holds the value in at least 90 % of
    the cases, whatever the distribution.

    Source: Papadopoulos, Proedrou, Vovk, Gammerman, Inductive confidence machines for regression, ECML 2002.
    """

    horizons_s: FloatArray
    """(K,) ascending, greater than 0 [s]."""
    scales: FloatArray
    """(K,) factor of the half width [1]."""

    @classmethod
    def learned(cls, horizons_s: Sequence[float], ratios: Sequence[FloatArray]) -> Self:
        """The calibration that past forecasts call for.

        Args:
            horizons_s: (K,) how far ahead forecasts were looked at [s].
            ratios: for each horizon, the errors of forecasts over their half widths, any shape, at least 9 of them.

        Raises:
            InputError: horizons do not ascend from above 0, or there are too few ratios, or they are not numbers.

        Example:
            >>> calibration = Calibration.learned([1.0, 4.0], [np.linspace(0.1, 2.0, 20), np.linspace(0.2, 4.0, 20)])
            >>> calibration.scales.round(2).tolist(), round(calibration.scale(2.0), 2)
            ([1.9, 3.8], 2.85)
        """
        ahead_s = np.asarray(horizons_s, dtype=np.float64)
        if ahead_s.size == 0 or not (np.diff(ahead_s, prepend=0.0) > 0).all():
            raise InputError(f"calibration: horizons_s: must ascend from above 0 (got {ahead_s})")
        scales = [_quantile(float(ahead), np.ravel(values)) for ahead, values in zip(ahead_s, ratios, strict=True)]
        return cls(ahead_s, np.array(scales))

    def scale(self, ahead_s: float) -> float:
        """The factor of the half width of a forecast so far ahead [1].

        Args:
            ahead_s: time from the last update to the predicted moment [s].
        """
        nearest = np.log(max(ahead_s, self.horizons_s[0]))
        return float(np.interp(nearest, np.log(self.horizons_s), self.scales))

    def applied(self, prediction: Prediction, ahead_s: float) -> Prediction:
        """The prediction with its interval scaled around the mean.

        Args:
            prediction: of a number.
            ahead_s: time from the last update to the predicted moment [s].
        """
        mean, scale = prediction.mean, self.scale(ahead_s)
        return Prediction(mean, mean - scale * (mean - prediction.low), mean + scale * (prediction.high - mean))

    def arrays(self) -> dict[str, NDArray]:
        """Horizons and scales, copies."""
        return {"horizons_s": self.horizons_s.copy(), "scales": self.scales.copy()}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The calibration that these are the arrays of.

        Raises:
            InputError: an array is missing, or of another shape or type.
        """
        horizons_s, scales = (np.asarray(arrays.get(name, np.empty(0))) for name in ("horizons_s", "scales"))
        if horizons_s.dtype != np.float64 or scales.dtype != np.float64 or horizons_s.shape != scales.shape:
            raise InputError("calibration: horizons_s, scales: must be float64 of one length")
        if horizons_s.ndim != 1 or horizons_s.size == 0 or not (np.diff(horizons_s, prepend=0.0) > 0).all():
            raise InputError("calibration: horizons_s: must ascend from above 0")
        return cls(horizons_s.copy(), scales.copy())


def _quantile(ahead_s: float, ratios: FloatArray) -> float:
    place = int(np.ceil((ratios.size + 1) * INTERVAL_SHARE))
    if place > ratios.size or not np.isfinite(ratios).all():
        raise InputError(f"calibration: {ahead_s:g} s: needs at least 9 finite ratios (got {ratios.size})")
    return float(np.partition(ratios, place - 1)[place - 1])
