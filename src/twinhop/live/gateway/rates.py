"""How fast callers may send: a bucket of tokens for each."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from twinhop.live.gateway.problems import Problem

MOST_BUCKETS = 100_000


class Rates:
    """A bucket a caller, which fills at a rate and holds so much.

    Args:
        per_s: what flows in [1/s].
        burst: what a bucket holds.
        clock: seconds that only go on [s].

    >>> now = [0.0]
    >>> rates = Rates(10.0, 20.0, lambda: now[0])
    >>> rates.take("car", 20)
    >>> rates.take("car", 1)
    Traceback (most recent call last):
        ...
    twinhop.live.gateway.problems.Problem: more than 10 a second; try again in 0.10 s
    """

    def __init__(self, per_s: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s, self._burst, self._clock = per_s, burst, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str, count: float) -> None:
        """Take so much out of a caller's bucket.

        Raises:
            Problem: ``rate``, with when there will be enough; nothing was taken.
        """
        now_s = self._clock()
        level, then_s = self._buckets.pop(caller, (self._burst, now_s))
        level = min(self._burst, level + (now_s - then_s) * self._per_s)
        enough = min(count, self._burst)
        left = level - enough if level >= enough else level
        self._buckets[caller] = left, now_s
        if len(self._buckets) > MOST_BUCKETS:
            self._buckets.popitem(last=False)
        if level < enough:
            wait_s = (enough - level) / self._per_s
            raise Problem("rate", f"more than {self._per_s:g} a second; try again in {wait_s:.2f} s", wait_s)
