"""Means and shares of independent runs, and how well they are known."""

import math
from collections.abc import Sequence

#: Bisections that bring a quantile to the last digits of a float.
_BISECTIONS = 200
#: Two-sided 95 % quantile of the normal distribution.
Z_95 = 1.959963984540054


def student_quantile(degrees: int, confidence: float = 0.95) -> float:
    """The t beyond which, on both sides together, Student's distribution has `1 - confidence` of its mass.

    ``A(t | v) = confidence``, where with ``theta = atan(t / sqrt(v))`` A is a finite sum of powers of ``cos theta``.

    Args:
        degrees: v, of freedom, >= 1.
        confidence: in (0, 1).

    Returns:
        t [1].

    Source:
        Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4.

    >>> [round(student_quantile(degrees), 3) for degrees in (1, 2, 9, 30)]
    [12.706, 4.303, 2.262, 2.042]
    """
    low, high = 0.0, math.pi / 2
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if _mass_within(middle, degrees) < confidence else (low, middle)
    return math.sqrt(degrees) * math.tan((low + high) / 2)


def _mass_within(theta: float, degrees: int) -> float:
    """The mass of Student's distribution between -t and t."""
    cosine, odd = math.cos(theta), degrees % 2
    term = cosine if odd else 1.0
    total = term if degrees > 1 else 0.0
    for power in range(2 + odd, degrees - 1, 2):
        term *= cosine**2 * (power - 1) / power
        total += term
    if odd:
        return 2 / math.pi * (theta + math.sin(theta) * total)
    return math.sin(theta) * total


def mean(values: Sequence[float]) -> float:
    """The mean of at least one value."""
    return math.fsum(values) / len(values)


def mean_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """The 95 % confidence interval of a mean, ``mean +- t s / sqrt(n)``; None for fewer than two values.

    >>> [round(end, 3) for end in mean_interval([1.0, 2.0, 3.0])]
    [-0.484, 4.484]
    """
    count = len(values)
    if count < 2:
        return None
    middle = mean(values)
    deviation = math.sqrt(math.fsum((value - middle) ** 2 for value in values) / (count - 1))
    half = student_quantile(count - 1) * deviation / math.sqrt(count)
    return middle - half, middle + half


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
