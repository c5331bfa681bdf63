"""The folder of a host: a lock, the journal, and the file of registry and checkpoints."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from twinhop.errors import InputError
from twinhop.extras import require_extra
from twinhop.io.folder_lock import locked
from twinhop.live.host import Engine

JOURNAL, STATE = "journal.db", "twins.db"


@dataclass(frozen=True)
class Folder:
    """A folder that is open.

    Attributes:
        engine: what a host needs.
        path: of the folder.
    """

    engine: Engine
    path: Path


@contextmanager
def open_folder(path: str | Path, vfs: str = "", pragmas: Mapping[str, str | int] | None = None) -> Iterator[Folder]:
    """Open the folder of a host, which is made where it is missing; inside, nobody else can.

    Args:
        path: the folder.
        vfs: name of the file system layer of SQLite; empty: that of the platform.
        pragmas: settings in place of `PRAGMAS`, for tests of what they are worth.

    Raises:
        InputError: another process has it, a file is damaged or of a newer version, or a setting does not hold.
        MissingExtra: the packages of the extra `serve` are not installed.
    """
    require_extra("serve", "twins that live")
    from twinhop.live.sqlite import journal, state
    from twinhop.live.sqlite.copying import SqliteCopy
    from twinhop.live.sqlite.database import PRAGMAS, Database

    folder = Path(path)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; a folder is needed")
    settings = PRAGMAS if pragmas is None else pragmas
    with locked(folder):
        opened: list[Database] = []
        try:
            for name, tables in ((JOURNAL, journal.TABLES), (STATE, state.TABLES)):
                opened.append(Database(folder / name, tables, vfs, settings))
            records, written = journal.SqliteJournal(opened[0]), state.SqliteState(opened[1])
            written.take(records)
            records.witness = lambda: written.revision
            _sync_names(folder)
            engine = Engine(
                records,
                state.SqliteRegistry(written, opened[1]),
                state.SqliteCheckpoints(written, opened[1]),
                written.secret,
                lambda: shutil.disk_usage(folder).free,
                lambda target: SqliteCopy(opened[1], target / STATE),
                lambda target: SqliteCopy(opened[0], target / JOURNAL),
            )
            yield Folder(engine, folder)
        finally:
            for each in opened:
                each.close()


def _sync_names(folder: Path) -> None:
    """Make the names of the folder and of those around it as durable as the files are."""
    for each in (folder.resolve(), *folder.resolve().parents):
        try:
            descriptor = os.open(each, os.O_RDONLY)
        except OSError:  # not ours to read, and so not made just now
            return
        try:
            os.fsync(descriptor)
        except OSError:  # a file system without
            pass
        finally:
            os.close(descriptor)
