"""Backup and restore of a host's folder: of a running host by its own snapshot, of a stopped folder directly."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from twinhop.errors import InputError
from twinhop.extras import require_extra
from twinhop.io.folder_lock import LOCK, locked
from twinhop.live.backup import sync_folder
from twinhop.live.host import Host
from twinhop.live.operate.archive import Archive, Listed, is_plain, unpack
from twinhop.live.ports import NoRoom
from twinhop.live.sqlite.folder import JOURNAL, STATE

#: Of folders in which snapshots are made; one that a crash leaves behind is removed by the next start or backup.
SNAPSHOT_PREFIX = ".backup-"
#: In there, the folder of the databases until they are whole.
COPIED = ".databases"
#: Files of SQLite beside its own, whose content is in the snapshots.
_OF_SQLITE = ("-wal", "-shm", "-journal")


@contextmanager
def snapshot_of(
    folder: Path, snapshot: Callable[[Path], object], now_s: Callable[[], float] = time.time, spare_bytes: int = 0
) -> Iterator[Archive]:
    """The archive of a folder, whose files do not change while it is read.

    Args:
        folder: of the host.
        snapshot: writes copies of journal and checkpoints, of one moment, into a folder that it is given.
        now_s: the time, seconds since 1970 [s].
        spare_bytes: room that must be left on the disk [byte].

    Yields:
        The archive; its files are gone in the end.

    Raises:
        NoRoom: the disk has no room for the copies.
        InputError: the folder cannot be read or written.
    """
    remove_snapshots(folder)
    others = list(_others(folder))
    needed = sum(map(_size, (*folder.glob(f"{JOURNAL}*"), *folder.glob(f"{STATE}*"), *others)))
    free = shutil.disk_usage(folder).free
    if free < needed + spare_bytes:
        raise NoRoom(
            f"{folder}: a backup needs {(needed + spare_bytes) / 2**20:.1f} MiB of room beside it; "
            f"{free / 2**20:.1f} MiB are free"
        )
    try:
        aside = Path(tempfile.mkdtemp(prefix=SNAPSHOT_PREFIX, dir=folder))
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror})") from None
    try:
        for path in others:  # first: what is derived must not know of records that the snapshot lacks
            _copy(path, aside / path.relative_to(folder))
        snapshot(aside)
        yield Archive.of(aside, now_s())
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def copied_by(host: Host) -> Callable[[Path], None]:
    """What writes copies of a host's journal and checkpoints into a folder with other files, while the host runs."""

    def copy(target: Path) -> None:
        own = target / COPIED
        host.backup(own).result()
        for path in own.iterdir():
            path.rename(target / path.name)
        own.rmdir()

    return copy


@contextmanager
def backup_of_stopped(folder: Path) -> Iterator[Archive]:
    """The archive of a folder that no process serves; every checksum in it is compared first.

    Raises:
        InputError: it is no such folder, a process serves it, or something in it is damaged.
    """
    require_extra("serve", "backup")
    from twinhop.live.operate.content import require_whole
    from twinhop.live.operate.stored import stored_files
    from twinhop.live.sqlite.copying import SqliteCopy

    if not (folder / JOURNAL).is_file():
        raise InputError(f"{folder}: is no folder of `twinhop serve`: it has no {JOURNAL}")
    with locked(folder), stored_files(folder) as files:

        def copy(target: Path) -> None:
            require_whole(*files)
            for each in files:
                copied = SqliteCopy(each, target / each.path.name)
                while not copied.step():
                    pass

        with snapshot_of(folder, copy) as archive:
            yield archive


def write_archive(archive: Archive, out: Path) -> None:
    """Write an archive into a new file, readable by its owner alone; it is on disk when this returns, or is not there.

    Raises:
        InputError: the file is there already, or cannot be written.
    """
    with new_file(out) as path, path.open("wb") as stream:
        for piece in archive.chunks():
            stream.write(piece)
        stream.flush()
        os.fsync(stream.fileno())


@contextmanager
def new_file(out: Path) -> Iterator[Path]:
    """A file beside another one to be written, which takes its name in the end.

    Raises:
        InputError: there is something of that name, or it cannot be written.
    """
    if out.exists() or out.is_symlink():
        raise InputError(f"{out}: is there already; choose another name")
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{out.name}-", dir=out.parent)
        os.close(descriptor)
        try:
            yield Path(name)
            os.link(name, out)  # refuses a name that was taken meanwhile
        finally:
            os.unlink(name)
        sync_folder(out.parent)
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror})") from None


def restore(archive: Path, folder: Path) -> tuple[Listed, ...]:
    """Make a host's folder of an archive: whole and with every checksum compared, or not at all.

    Args:
        archive: a file that `twinhop backup` wrote.
        folder: that is not there yet, or empty.

    Returns:
        The files.

    Raises:
        InputError: the folder is not empty or cannot be written, or the archive is damaged or no archive.
    """
    require_extra("serve", "restore")
    from twinhop.live.operate.content import require_whole
    from twinhop.live.operate.stored import stored_files

    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise InputError(f"{folder}: is not an empty folder; choose one that is, or a new name")
    try:
        with archive.open("rb") as stream:
            folder.parent.mkdir(parents=True, exist_ok=True)
            aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
            try:
                files = unpack(stream, aside, str(archive))
                names = {each.name for each in files}
                if not {JOURNAL, STATE} <= names:
                    raise InputError(f"{archive}: has no {JOURNAL} and {STATE}: not a backup of `twinhop serve`")
                try:
                    with stored_files(aside) as stored:
                        require_whole(*stored)
                except InputError as error:
                    raise InputError(str(error).replace(str(aside), str(archive))) from None
                for each in (*(path for path in aside.rglob("*") if path.is_dir()), aside):
                    sync_folder(each)
                os.rename(aside, folder)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
            sync_folder(folder.parent)
    except OSError as error:
        raise InputError(f"{error.filename or folder}: {error.strerror}") from None
    return files


def remove_snapshots(folder: Path) -> None:
    """Remove what a crash during a backup has left; not while one is made."""
    for path in folder.glob(f"{SNAPSHOT_PREFIX}*"):
        shutil.rmtree(path, ignore_errors=True)


def _others(folder: Path) -> Iterator[Path]:
    """Files beside journal and checkpoints: tokens, what is derived, records of plans."""
    paths = (Path(where) / name for where, _, names in os.walk(folder) for name in names)
    for path in sorted(paths):
        name = path.relative_to(folder).as_posix()
        of_database = {name.removesuffix(each) for each in ("", *_OF_SQLITE)} & {JOURNAL, STATE}
        if not path.is_symlink() and path.is_file() and path.name != LOCK and is_plain(name) and not of_database:
            yield path


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # replaced or removed meanwhile
        return 0


def _copy(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(path, target)
    except FileNotFoundError:  # replaced or removed meanwhile
        target.unlink(missing_ok=True)
