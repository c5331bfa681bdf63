"""The knee of a trade-off curve: the number of servers after which a further one brings much less than before."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from twinhop.placement.tradeoff_point import TradeoffPoint

#: What lies below the chord by less than this share of the costs is on it: rounding.
STRAIGHT = 1e-9


@dataclass(frozen=True)
class Knee:
    """Where a trade-off curve bends most.

    With the best costs ``J_a`` and ``J_b`` of the fewest and the most servers, a to b, it is the number m that lies
    farthest below the chord between them: ``d_m = J_a + (m - a) (J_b - J_a) / (b - a) - J_m`` is largest. What grows
    evenly with the number of servers, such as an equal opening cost, moves chord and curve alike and leaves the knee
    where it is.

    Attributes:
        servers: the knee by the costs of the plans found.
        may_be: every number that the certified bounds leave possible, in order; the knee of the best costs is one of
            them, if there is any.
        proved: whether the bounds leave no other, nor a curve without a knee.
        before: mean change of the cost by a further server up to the knee, in the unit of the cost.
        after: mean change of the cost by a further server beyond it, likewise.

    Source: Satopaa et al., Finding a "Kneedle" in a Haystack, ICDCS Workshops 2011, without smoothing.
    """

    servers: int
    may_be: tuple[int, ...]
    proved: bool
    before: float
    after: float

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {**vars(self), "may_be": list(self.may_be)}


def knee(points: Sequence[TradeoffPoint]) -> Knee | None:
    """The knee of the costs of plans found, and which others the bounds leave possible.

    Args:
        points: of a trade-off curve, by number of servers.

    Returns:
        The knee; None with plans for fewer than three numbers, or where none lies below the chord.
    """
    having = [point for point in points if point.evaluation is not None and math.isfinite(point.cost)]
    if len(having) < 3:
        return None
    first, last = having[0], having[-1]
    between = [p for p in points if first.servers < p.servers < last.servers and not p.impossible]
    chord = _Chord(first, last)
    at, depth = max(
        ((point, chord.depth(point)) for point in between if point.evaluation is not None), key=lambda pair: pair[1]
    )
    if depth <= STRAIGHT * chord.scale:
        return None
    may_be = tuple(
        point.servers
        for point in between
        if point is at
        or (chord.most(point) > 0 and all(chord.may_exceed(point, other) for other in between if other is not point))
    )
    before, after = (
        (right.cost - left.cost) / (right.servers - left.servers) for left, right in pairwise((first, at, last))
    )
    return Knee(at.servers, may_be, may_be == (at.servers,) and chord.least(at) > 0, before, after)


class _Chord:
    """The straight line between the costs of both ends, each between its bound and the cost of its plan."""

    def __init__(self, first: TradeoffPoint, last: TradeoffPoint) -> None:
        self._first, self._last = first, last
        self.scale = max(first.cost, last.cost)

    def _at(self, point: TradeoffPoint) -> float:
        return (point.servers - self._first.servers) / (self._last.servers - self._first.servers)

    def depth(self, point: TradeoffPoint) -> float:
        """How far the plan found lies below the chord of the plans found."""
        at = self._at(point)
        return (1 - at) * self._first.cost + at * self._last.cost - point.cost

    def most(self, point: TradeoffPoint) -> float:
        """How far the best cost lies below the chord of best costs, at most."""
        at = self._at(point)
        return (1 - at) * self._first.cost + at * self._last.cost - point.lower_bound

    def least(self, point: TradeoffPoint) -> float:
        """How far it does at least."""
        at = self._at(point)
        return (1 - at) * self._first.lower_bound + at * self._last.lower_bound - point.cost

    def may_exceed(self, point: TradeoffPoint, other: TradeoffPoint) -> bool:
        """Whether the best cost of one may lie as far below the chord as that of the other, or farther.

        ``d_m - d_n = (t_n - t_m) (J_a - J_b) - J_m + J_n`` with ``t`` from 0 to 1 along the chord.
        """
        right = self._at(other) - self._at(point)
        high, low = (self._first, self._last) if right > 0 else (self._last, self._first)
        most = abs(right) * (high.cost - low.lower_bound) - point.lower_bound + other.cost
        return most >= -STRAIGHT * self.scale
