"""What a twin answers to an update: applied, a duplicate, or set aside with a reason; never an exception."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """What became of an update; the first alone changed the twin."""

    APPLIED = "applied"
    """State, history and models have it; where it came late, the models have gone on without it."""
    DUPLICATE = "duplicate"
    """The history has it already."""
    SET_ASIDE = "set aside"
    """It is not in the twin and will not be; the answer says why."""


class Reason(StrEnum):
    """Why an update was set aside."""

    CONFLICT = "conflict"
    """The history has other values under its number, which stay."""
    SEALED = "sealed"
    """Its place in the history is sealed or forgotten: it came too late."""
    SUPERSEDED = "superseded"
    """It is of an incarnation that has ended, and beyond what was known of that one when the next began."""
    MALFORMED = "malformed"
    """It does not fit the schema, or has no usable number or time."""


class ClockState(StrEnum):
    """What the device's own clock was worth for one update."""

    TRUSTED = "trusted"
    """The observation has the device's time, less the offset in force."""
    ABSENT = "absent"
    """The device gave no time: the time of reception stands for it, as in all cases below."""
    AHEAD = "ahead"
    """The device's time lies further ahead of the reception than allowed."""
    BEHIND = "behind"
    """It lies further before the reception than allowed, or before the newest observation."""
    STEPPED_BACK = "stepped back"
    """It lies before the device's own time of an earlier update."""


class Applied(NamedTuple):
    """A twin's answer to an update.

    Attributes:
        outcome: what became of it.
        incarnation: the newest that the twin knows, after it.
        seq: the newest sequence number of that incarnation, after it; 0 before the first.
        missing: first and last sequence number that this update skipped; None without a hole.
        late: whether it was applied into a hole, after newer ones.
        clock: what the device's clock was worth; None where the update was not applied.
        reason: why it was set aside; None where it was not.
        detail: the same for an operator, in one line; empty where it was not set aside.
    """

    outcome: Outcome
    incarnation: int
    seq: int
    missing: tuple[int, int] | None = None
    late: bool = False
    clock: ClockState | None = None
    reason: Reason | None = None
    detail: str = ""

    @property
    def changed(self) -> bool:
        """Whether the twin is another than before.

        >>> Applied(Outcome.APPLIED, 1, 7, (3, 6)).changed, Applied(Outcome.DUPLICATE, 1, 7).changed
        (True, False)
        """
        return self.outcome is Outcome.APPLIED
