"""One SQLite file, opened by one connection with settings that are read back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from twinhop.errors import InputError
from twinhop.live.ports import NoRoom

APPLICATION = 0x74776E68
"""Written into the file, so that a file of something else is refused."""
VERSION = 1
"""Version of the tables that this program writes, and the newest it opens."""

#: What makes an acknowledgement mean "on disk", and an erasure an erasure; each is set, read back and compared.
PRAGMAS: Mapping[str, str | int] = {
    "locking_mode": "exclusive",
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: the log is synced by every commit
    "secure_delete": 1,
    "cell_size_check": 1,
    "fullfsync": 1,  # where fsync alone does not reach the disk, as on macOS
}
#: Pages of the log after which they are moved into the file.
CHECKPOINT_PAGES = 1_000


class DamagedFile(InputError):
    """A page of a file is not as SQLite wrote it."""


def restorable(path: Path, what: str) -> str:
    """What is wrong in a file, and what helps.

    >>> restorable(Path("journal.db"), "record 9 is missing")
    'journal.db: record 9 is missing; restore the folder from a backup'
    """
    return f"{path}: {what}; restore the folder from a backup"


class Database:
    """A file and its only connection.

    Args:
        path: of the file; it is made where it is missing.
        tables: statements that make the tables.
        vfs: name of the file system layer of SQLite; empty: that of the platform.
        pragmas: settings; other ones than `PRAGMAS` are for tests of what they are worth.

    Raises:
        InputError: the file is in use, damaged, of something else or of a newer version, or a setting does not hold.
    """

    def __init__(self, path: Path, tables: str, vfs: str = "", pragmas: Mapping[str, str | int] = PRAGMAS) -> None:
        self.path = path
        with self.errors():
            self._connection = apsw.Connection(str(path), vfs=vfs or None)
        try:
            with self.errors():
                self._set(pragmas)
                self._prepare(tables)
        except BaseException:
            self._connection.close(force=True)
            raise

    @property
    def connection(self) -> apsw.Connection:
        """The only connection."""
        return self._connection

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Errors of SQLite as one line that names the file."""
        try:
            yield
        except (apsw.CorruptError, apsw.NotADBError, UnicodeDecodeError) as error:
            raise DamagedFile(f"{self.path}: damaged: {error}; restore it from a backup") from None
        except apsw.BusyError:
            raise InputError(f"{self.path}: another process uses it; stop that one, or choose another folder") from None
        except apsw.FullError:
            raise NoRoom(f"{self.path}: the disk is full; nothing is acknowledged until there is room") from None
        except apsw.Error as error:
            raise InputError(f"{self.path}: {type(error).__name__}: {error}") from None

    def rows(self, statement: str, values: tuple = ()) -> list[tuple[Any, ...]]:
        """Run a statement, to its end."""
        return list(self._connection.execute(statement, values))

    @contextmanager
    def transaction(self) -> Iterator[apsw.Connection]:
        """One commit: all of it is on disk at the end, or none of it."""
        with self.errors():
            self._connection.execute("begin immediate")
            try:
                yield self._connection
                self._connection.execute("commit")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("rollback")
                raise

    def empty_log(self) -> None:
        """Move the log into the file and cut it to nothing, so that removed rows are in neither."""
        with self.errors():
            is_busy = self.rows("pragma wal_checkpoint(truncate)")[0][0]
        if is_busy:
            raise InputError(f"{self.path}: its log could not be emptied; another connection reads it")

    def close(self) -> None:
        """Close the file."""
        with self.errors():
            self._connection.close()

    def _set(self, pragmas: Mapping[str, str | int]) -> None:
        for name, value in pragmas.items():
            self.rows(f"pragma {name} = {value}")
        self.rows(f"pragma wal_autocheckpoint = {CHECKPOINT_PAGES}")
        for name, value in pragmas.items():
            actual = self.rows(f"pragma {name}")[0][0]
            if actual != value:
                raise InputError(f"{self.path}: {name} is {actual!r}; it must be {value!r}, and could not be set")

    def _prepare(self, tables: str) -> None:
        application, version = self.rows("pragma application_id")[0][0], self.rows("pragma user_version")[0][0]
        if application == 0 and not self.rows("select 1 from sqlite_schema limit 1"):
            with self.transaction() as connection:
                for statement in (tables, f"pragma application_id = {APPLICATION}", f"pragma user_version = {VERSION}"):
                    list(connection.execute(statement))
        elif application != APPLICATION:
            raise InputError(f"{self.path}: is a database of another program; choose another folder")
        elif version > VERSION:
            raise InputError(
                f"{self.path}: is of version {version}; this program opens up to {VERSION}; use a newer twinhop"
            )
