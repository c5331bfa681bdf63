"""A copy of all that a host keeps, while it runs: twins first, then the journal, which must not be older than they are.

Records that are covered stay in the journal meanwhile, so that its mark is not above what the copied twins cover; what
the journal has beyond them is applied at the start of a host on the copy, as after a crash. So the copy has every entry
that was acknowledged before it began, and those that were until its end.
"""

from __future__ import annotations

import os
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from twinhop.errors import InputError
from twinhop.live.ports import Copy


class BackedUp(NamedTuple):
    """A backup that is whole and on disk.

    Attributes:
        folder: that it is in; a host starts on it as on any other.
        position: of the newest record in it.
    """

    folder: Path
    position: int


@dataclass(slots=True)
class Backup:
    """A backup that is being made."""

    folder: Path
    future: Future[BackedUp]
    copy: Copy | None = None
    """Of the twins, and then of the journal."""
    is_of_journal: bool = False
    """Whether the twins are copied, and the journal follows."""
    is_held: bool = False
    """Whether records wait to be removed until it has ended."""


def make_empty(folder: Path) -> None:
    """Make the folder of a backup.

    Raises:
        InputError: something is there, or it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_empty = not any(folder.iterdir())
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror}") from None
    if not is_empty:
        raise InputError(f"{folder}: is not empty; a backup needs a folder of its own")


def sync_folder(folder: Path) -> None:
    """Make the names of the files in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
