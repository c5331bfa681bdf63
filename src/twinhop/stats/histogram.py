"""Counts of values in fixed bins: mean, quantiles and shape of more values than memory holds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class Histogram:
    """Values counted in bins of equal width, or of equal ratio; those beyond the ends count in the outermost bins."""

    def __init__(self, low: float, high: float, bins: int, *, log: bool = False) -> None:
        """Begin empty.

        Args:
            low: lower end of the first bin; greater than 0 where bins are of equal ratio.
            high: upper end of the last bin.
            bins: how many.
            log: whether the bins are of equal ratio.
        """
        self.log = log
        self.edges: FloatArray = np.geomspace(low, high, bins + 1) if log else np.linspace(low, high, bins + 1)
        self.counts: NDArray[np.int64] = np.zeros(bins, np.int64)
        ends = np.log([low, high]) if log else np.array([low, high])
        self._low, self._width = float(ends[0]), float(ends[1] - ends[0]) / bins
        self._sum, self._max = 0.0, -np.inf

    @property
    def count(self) -> int:
        """Values counted."""
        return int(self.counts.sum())

    def add(self, values: FloatArray) -> None:
        """Count finite values, any shape."""
        if not values.size:
            return
        at = np.log(np.maximum(values, np.finfo(float).tiny)) if self.log else values
        place = np.clip((at - self._low) / self._width, 0, len(self.counts) - 1).astype(np.int64)
        self.counts += np.bincount(place.ravel(), minlength=len(self.counts))
        self._sum += float(values.sum())
        self._max = max(self._max, float(values.max()))

    def quantile(self, share: float) -> float:
        """The middle of the bin that holds the least value which at least this share of the values does not exceed."""
        at = int(np.searchsorted(np.cumsum(self.counts), max(1, np.ceil(share * self.count))))
        low, high = self.edges[at : at + 2]
        return min(self._max, float(np.sqrt(low * high) if self.log else (low + high) / 2))

    def summary(self) -> dict[str, Any]:
        """Mean and largest value, exact, and 5th, 50th and 95th percentile, to a bin; None of no values.

        >>> speeds = Histogram(0, 10, 1000)
        >>> speeds.add(np.array([1.0, 2.0, 6.0]))
        >>> {name: round(value, 2) for name, value in speeds.summary().items()}
        {'mean': 3.0, 'p5': 1.0, 'p50': 2.0, 'p95': 6.0, 'max': 6.0}
        """
        if self.count == 0:
            return dict.fromkeys(("mean", "p5", "p50", "p95", "max"))
        cuts = {name: self.quantile(share) for name, share in (("p5", 0.05), ("p50", 0.5), ("p95", 0.95))}
        return {"mean": self._sum / self.count, **cuts, "max": self._max}
