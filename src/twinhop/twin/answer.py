"""What a twin answers to an update."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """What became of an update; the first three changed the twin."""

    APPLIED = "applied"
    """The next update of the sequence: state, history and models have it."""
    GAP = "gap"
    """Applied too, but the updates before it are missing."""
    LATE = "late"
    """It was missing: the history has it in its place, and the state where it knew nothing newer."""
    DUPLICATE = "duplicate"
    """The history has it already."""
    CONFLICT = "conflict"
    """The history has another update of that sequence number, which stays."""
    TOO_LATE = "too late"
    """It was missing, or is forgotten; its place in the history is sealed."""
    FUTURE = "future"
    """Observed further ahead of the twin's clock than allowed; it may be sent again later."""


_CHANGES = frozenset((Outcome.APPLIED, Outcome.GAP, Outcome.LATE))


class Applied(NamedTuple):
    """A twin's answer to an update.

    Attributes:
        outcome: what became of it.
        seq: the newest sequence number that the twin has after it.
        missing: first and last sequence number that this update skipped; None without a gap.
    """

    outcome: Outcome
    seq: int
    missing: tuple[int, int] | None = None

    @property
    def changed(self) -> bool:
        """Whether the twin is another than before.

        >>> Applied(Outcome.GAP, 7, (3, 6)).changed, Applied(Outcome.DUPLICATE, 7).changed
        (True, False)
        """
        return self.outcome in _CHANGES
