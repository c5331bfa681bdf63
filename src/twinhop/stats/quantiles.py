"""One definition of quantiles for all reports and figures."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Sums of weights that differ by this share are one.
SUM_ROUNDING = 1e-12
QUANTILES = {"p5": 0.05, "p50": 0.5, "p95": 0.95}


def quantiles(
    values: NDArray[np.float64] | NDArray[np.int64], shares: Sequence[float], weight: NDArray[np.float64] | None = None
) -> list[float]:
    """The least values that at least these shares of all values do not exceed; a value of weight w counts w times.

    >>> quantiles(np.array([1.0, 2.0, 9.0, 3.0]), [0.5, 0.95])
    [2.0, 9.0]
    >>> quantiles(np.array([1.0, 2.0, 9.0]), [0.5, 0.95], np.array([1.0, 1.0, 40.0]))
    [9.0, 9.0]
    """
    if weight is not None:
        order = np.argsort(values, kind="stable")
        reached = np.cumsum(weight[order])
        at = np.searchsorted(reached, np.array(shares) * reached[-1] * (1 - SUM_ROUNDING))
        return [float(values[order[each]]) for each in at]
    return [float(cut) for cut in np.quantile(values, shares, method="inverted_cdf")]


def value_summary(values: NDArray[Any]) -> dict[str, float]:
    """Mean, extremes and quantiles of some values; quantiles as in reports.

    >>> value_summary(np.array([1.0, 3.0]))["p95"]
    3.0
    """
    numbers = {"mean": float(values.mean()), "min": float(values.min()), "max": float(values.max())}
    return numbers | dict(zip(QUANTILES, quantiles(values, list(QUANTILES.values())), strict=True))


def sample_summary(values: NDArray[Any]) -> dict[str, float | None]:
    """Mean, 5th, 50th and 95th percentile and the largest of some values, which is the worst; None where infinite."""
    p5, p50, p95 = quantiles(values, list(QUANTILES.values()))
    numbers = {"mean": values.mean(), "p5": p5, "p50": p50, "p95": p95, "worst": values.max()}
    return {name: float(value) if math.isfinite(value) else None for name, value in numbers.items()}
