"""Means and shares of independent runs, and how well they are known."""

import math
from collections.abc import Sequence

#: Two-sided 95 % quantile of the normal distribution.
Z_95 = 1.959963984540054


def mean(values: Sequence[float]) -> float:
    """The mean of at least one value."""
    return math.fsum(values) / len(values)


def wilson_interval(hits: int, trials: int) -> tuple[float, float]:
    """The 95 % confidence interval of a share, by Wilson's score.

    ``(p + z^2/2n +- z sqrt(p (1 - p)/n + z^2/4n^2)) / (1 + z^2/n)`` with ``p = hits / n`` and ``z = 1.96``.

    Args:
        hits: how often, from 0 to ``trials``.
        trials: n >= 1.

    Returns:
        Lower and upper end, within 0 and 1.

    Source:
        E. B. Wilson, Probable inference, the law of succession, and statistical inference (1927).

    >>> [round(end, 4) for end in wilson_interval(0, 100)]
    [0.0, 0.037]
    """
    share, scale = hits / trials, 1 + Z_95**2 / trials
    middle = (share + Z_95**2 / (2 * trials)) / scale
    half = Z_95 * math.sqrt(share * (1 - share) / trials + Z_95**2 / (4 * trials**2)) / scale
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    return low, 1.0 if hits == trials else min(1.0, middle + half)
