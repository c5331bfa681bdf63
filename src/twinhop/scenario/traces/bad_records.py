"""Records that cannot be used: the first refuses the file, or all are left out and counted."""

from __future__ import annotations

from twinhop.errors import InputError
from twinhop.text import counted

SHOWN = 5
"""So many of the records that are left out are shown."""


class BadRecords:
    """Counts what readers and checks leave out.

    Attributes:
        skip: whether bad records are left out rather than refused.
        count: how many were left out.
        first: what is wrong with the first five, each with its place.
        unplaced: vehicles that SUMO had not placed, left out whatever `skip` says.
    """

    def __init__(self, skip: bool = False) -> None:
        self.skip = skip
        self.count = self.unplaced = 0
        self.first: list[str] = []

    def add(self, what: str, hint: str = "", records: int = 1) -> None:
        """Leave records out.

        Args:
            what: what is wrong, with file and line.
            hint: what else would mend it.
            records: how many are as bad.

        Raises:
            InputError: bad records are not to be left out.
        """
        if not self.skip:
            raise InputError(f"{what}{hint}; --skip-bad leaves such records out")
        self.count += records
        if len(self.first) < SHOWN:
            self.first.append(what)

    def notes(self) -> list[str]:
        """What was left out."""
        notes = []
        if self.unplaced:
            verb = "was" if self.unplaced == 1 else "were"
            notes.append(
                f"{counted(self.unplaced, 'record')} of vehicles that SUMO had not placed (-1073741824) {verb} left out"
            )
        if self.count:
            more = "" if self.count <= len(self.first) else f"; the first {len(self.first)} of them:"
            verb = "was" if self.count == 1 else "were"
            notes.append(f"{counted(self.count, 'bad record')} {verb} left out (--skip-bad){more}")
            notes += [f"left out: {what}" for what in self.first]
        return notes
