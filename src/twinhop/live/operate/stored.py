"""The files of a host's folder, opened to be read alone: nothing in the folder changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from twinhop.errors import InputError
from twinhop.live.sqlite.database import APPLICATION, VERSION, Database
from twinhop.live.sqlite.folder import JOURNAL, STATE

#: What reading a file makes beside it.
BESIDE = ("-shm", "-wal")


class StoredDatabase(Database):
    """A file that no process has open, and a connection that cannot write.

    Args:
        path: of the file.

    Raises:
        InputError: it is missing, in use, damaged, of something else or of a newer version.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise InputError(f"{path}: is missing; restore the folder from a backup")
        self.path = path
        beside = (path.with_name(path.name + each) for each in BESIDE)
        self._made = [each for each in beside if not each.exists()]
        with self.errors():
            self._connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            with self.errors():
                application, version = (
                    self.rows(f"pragma {each}")[0][0] for each in ("application_id", "user_version")
                )
            if application != APPLICATION:
                raise InputError(f"{path}: is not a file of `twinhop serve`")
            if version > VERSION:
                raise InputError(
                    f"{path}: is of version {version}; this program opens up to {VERSION}; use a newer twinhop"
                )
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file, and remove what reading its log made beside it."""
        super().close()
        for each in self._made:
            each.unlink(missing_ok=True)


@contextmanager
def stored_files(folder: Path) -> Iterator[tuple[StoredDatabase, StoredDatabase]]:
    """The journal and the checkpoints of a folder whose lock is held.

    Raises:
        InputError: as `StoredDatabase`.
    """
    opened: list[StoredDatabase] = []
    try:
        for name in (JOURNAL, STATE):
            opened.append(StoredDatabase(folder / name))
        yield opened[0], opened[1]
    finally:
        for each in opened:
            each.close()
