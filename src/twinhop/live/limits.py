"""The limits of a host: how long it waits, and how much it keeps."""

from __future__ import annotations

from dataclasses import dataclass, fields

from twinhop.errors import InputError


@dataclass(frozen=True)
class Limits:
    """Limits of a host.

    Attributes:
        hole_wait_s: how long updates after a hole are held back for those that are missing [s].
        held: how many of a twin are held back at most; beyond, the hole is given up at once.
        checkpoint_s: how often twins that have changed are checkpointed, spread over most of that time [s].
        checkpoints: how many in one write.
        uncovered: positions of the journal that no checkpoint covers, up to which updates that wait delay checkpoints.
        active: twins kept in memory; the least recently used ones beyond that go, once they are checkpointed.
        group: records in one commit of the journal.
        waiting: records that may wait to be written or applied; beyond, submissions are refused as busy.
        waiting_bytes: the same in bytes [byte].
        free_bytes: where the engine has less room than this, submissions are refused until it has more, so that there
            is room to checkpoint and to remove what is covered [byte].
        shown: set-aside updates kept for operators, of each twin and of all.

    Raises:
        InputError: a limit is not greater than 0.
    """

    hole_wait_s: float = 2.0
    held: int = 64
    checkpoint_s: float = 30.0
    checkpoints: int = 50
    uncovered: int = 1_000_000
    active: int = 20_000
    group: int = 400
    waiting: int = 50_000
    waiting_bytes: int = 2**26
    free_bytes: int = 2**27
    shown: int = 8

    def __post_init__(self) -> None:
        for each in fields(self):
            if not getattr(self, each.name) > 0:
                raise InputError(f"limits: {each.name}: must be greater than 0 (got {getattr(self, each.name)})")
