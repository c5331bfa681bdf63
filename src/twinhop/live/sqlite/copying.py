"""A copy of a SQLite file while it is written, some pages at a time."""

from __future__ import annotations

from pathlib import Path

import apsw

from twinhop.errors import InputError
from twinhop.live.ports import NoRoom
from twinhop.live.sqlite.database import Database

#: Pages copied at once, between other events.
PAGES = 200


class SqliteCopy:
    """See `twinhop.live.ports.Copy`: what the file's only connection writes meanwhile is in the copy, too.

    Args:
        database: that is copied.
        path: of the copy, which must not be there.

    Raises:
        InputError: the copy cannot be made there.
    """

    def __init__(self, database: Database, path: Path) -> None:
        self._path = path
        try:
            self._target = apsw.Connection(str(path))
            self._backup = self._target.backup("main", database.connection, "main")
        except apsw.Error as error:
            raise InputError(f"{path}: cannot be written: {error}") from None

    def step(self) -> bool:
        """Copy some more; whether it is whole and on disk.

        Raises:
            InputError: it cannot be written.
        """
        try:
            self._backup.step(PAGES)
            if self._backup.done:
                self._backup.finish()
                self._target.close()
                return True
        except apsw.FullError:
            raise NoRoom(f"{self._path}: the disk is full") from None
        except apsw.Error as error:
            raise InputError(f"{self._path}: cannot be written: {error}") from None
        return False

    def close(self) -> None:
        """Give up what is not whole."""
        self._backup.close(True)
        self._target.close(True)
