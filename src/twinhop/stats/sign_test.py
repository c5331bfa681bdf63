"""The sign test: whether differences go one way more often than a coin would."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

#: A verdict needs a chance below this.
LEVEL = 0.05
Verdict = Literal["found", "not found", "contradictory"]


@dataclass(frozen=True)
class SignTest:
    """How many differences are as claimed, and how many the other way; ties count for neither.

    Attributes:
        wins: differences as claimed.
        losses: differences the other way.
    """

    wins: int
    losses: int

    @property
    def chance(self) -> float:
        """The chance of at least this many wins if both ways were as likely, ``sum_(w >= wins) C(n, w) / 2^n``.

        >>> SignTest(6, 0).chance, SignTest(0, 0).chance
        (0.015625, 1.0)
        """
        return _at_least(self.wins, self.wins + self.losses)

    @property
    def opposite_chance(self) -> float:
        """The chance of at least this many losses."""
        return _at_least(self.losses, self.wins + self.losses)

    @property
    def verdict(self) -> Verdict:
        """`found` or `contradictory` where the chance of what is seen is below `LEVEL`, else `not found`.

        >>> [SignTest(*counts).verdict for counts in ((6, 0), (3, 3), (0, 6), (4, 0))]
        ['found', 'not found', 'contradictory', 'not found']
        """
        if self.chance < LEVEL:
            return "found"
        return "contradictory" if self.opposite_chance < LEVEL else "not found"


def _at_least(wins: int, trials: int) -> float:
    return sum(math.comb(trials, count) for count in range(wins, trials + 1)) / 2**trials


def sign_test(differences: Sequence[float]) -> SignTest:
    """Count the signs of differences, each claimed to be greater than 0.

    Args:
        differences: one per pair, any unit.
    """
    return SignTest(sum(each > 0 for each in differences), sum(each < 0 for each in differences))


def joint_verdict(tests: Sequence[SignTest]) -> Verdict:
    """Of a claim in several parts: `found` if all parts are, `contradictory` if one is.

    >>> joint_verdict([SignTest(6, 0), SignTest(3, 3)])
    'not found'
    """
    verdicts = {test.verdict for test in tests}
    if "contradictory" in verdicts:
        return "contradictory"
    return "found" if verdicts == {"found"} else "not found"
