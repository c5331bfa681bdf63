"""Gaps to certified bounds, and what is said of many of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinhop.stats.bootstrap import interquartile_mean, iqm_interval

FloatArray = NDArray[np.float64]
Interval = tuple[float, float]


def gap_to_bound(cost: float, bound: float | None) -> float | None:
    """How far a cost is above a certified lower bound, ``max(0, cost / bound - 1)``.

    No feasible plan costs less than the bound: what rounding leaves below it is 0.

    Args:
        cost: of a feasible plan, > 0; infinite where there is none.
        bound: certified lower bound, in the unit of the cost.

    Returns:
        The gap as a share of the bound; infinite for an infinite cost; None where there is no bound > 0.

    >>> gap_to_bound(1.1, 1.0), gap_to_bound(1.0 - 1e-15, 1.0), gap_to_bound(math.inf, 1.0), gap_to_bound(1.0, 0.0)
    (0.10000000000000009, 0.0, inf, None)
    """
    return max(0.0, cost / bound - 1.0) if bound is not None and bound > 0 else None


@dataclass(frozen=True)
class Summary:
    """What is said of one number of many runs, such as the gap on every world.

    Attributes:
        runs: how many.
        failures: how many of them are infinite.
        mean: of all; infinite with any failure.
        iqm: interquartile mean, infinite where failures reach the middle half.
        interval: 95 % interval of the interquartile mean, or None; see `iqm_interval`.
        worst: the greatest.
    """

    runs: int
    failures: int
    mean: float
    iqm: float
    interval: Interval | None
    worst: float

    def to_json(self) -> dict[str, Any]:
        """Plain values; what is infinite is None."""
        return {
            "runs": self.runs,
            "failures": self.failures,
            "mean": finite(self.mean),
            "iqm": finite(self.iqm),
            "interval": finite_ends(self.interval),
            "worst": finite(self.worst),
        }


def summarize(values: Sequence[float] | FloatArray, seed: int = 0) -> Summary:
    """Mean, interquartile mean with its interval, worst and failures of runs.

    Args:
        values: (runs,), or (tasks, runs), which the bootstrap then keeps apart; infinite where a run failed.
        seed: of the draws.

    Returns:
        The summary.

    Raises:
        ValueError: there are no values, or one is not a number.

    >>> summarize([0.0, 0.01, 0.02, 0.05, math.inf]).failures, summarize([1.0, 2.0, 6.0])
    (1, Summary(runs=3, failures=0, mean=3.0, iqm=3.0, interval=None, worst=6.0))
    """
    runs = np.asarray(values, float)
    if runs.size == 0 or np.isnan(runs).any():
        raise ValueError("expected at least one value, each a number or infinite")
    return Summary(
        runs=runs.size,
        failures=int(np.isposinf(runs).sum()),
        mean=float(runs.mean()),
        iqm=float(interquartile_mean(runs.ravel())),
        interval=iqm_interval(runs, seed),
        worst=float(runs.max()),
    )


def finite(value: float) -> float | None:
    """The value, or None where it is infinite or no number, as JSON knows neither.

    >>> finite(1.5), finite(math.inf)
    (1.5, None)
    """
    return value if math.isfinite(value) else None


def finite_ends(interval: Interval | None) -> tuple[float | None, float | None] | None:
    """The ends of an interval for JSON; see `finite`."""
    return None if interval is None else (finite(interval[0]), finite(interval[1]))
