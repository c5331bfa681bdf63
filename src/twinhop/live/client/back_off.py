"""How long to wait before trying again."""

from __future__ import annotations

import random
from email.utils import parsedate_to_datetime


class BackOff:
    r"""Exponential back-off with full jitter: the k-th wait is uniform in $[0, \min(b \, 2^k, m)]$.

    Args:
        first_s: b, bound of the first wait [s].
        longest_s: m, bound of every wait [s].
        generator: of the jitter.

    Source: M. Brooker, Exponential Backoff and Jitter, AWS Architecture Blog, 2015.

    >>> waits = BackOff(1.0, 8.0, random.Random(1))
    >>> all(waits.next_s() <= bound for bound in (1.0, 2.0, 4.0, 8.0, 8.0))
    True
    """

    def __init__(self, first_s: float, longest_s: float, generator: random.Random) -> None:
        self._first_s, self._longest_s, self._generator = first_s, longest_s, generator
        self._failures = 0

    def next_s(self) -> float:
        """The next wait [s]."""
        bound_s = min(self._first_s * 2.0 ** min(self._failures, 60), self._longest_s)
        self._failures += 1
        return self._generator.uniform(0.0, bound_s)

    def reset(self) -> None:
        """Begin anew: something worked."""
        self._failures = 0


def retry_after_s(text: str | None, now_s: float) -> float:
    """The wait that a header ``Retry-After`` asks for; 0 where it asks for none, or is not understood [s].

    Args:
        text: seconds, or a date of HTTP.
        now_s: since 1970 [s].

    >>> retry_after_s("5", 0.0), retry_after_s("Thu, 01 Jan 1970 00:00:09 GMT", 2.0), retry_after_s("soon", 0.0)
    (5.0, 7.0, 0.0)
    """
    if not text:
        return 0.0
    try:
        wait_s = float(text)
    except ValueError:
        try:
            wait_s = parsedate_to_datetime(text).timestamp() - now_s
        except (ValueError, TypeError, OverflowError):
            return 0.0
    return wait_s if 0.0 < wait_s < float("inf") else 0.0
