"""One run at a time in an output folder: a lock that ends with the process that holds it, however that one ends."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twinhop.errors import InputError

LOCK = ".twinhop.lock"
#: How long whoever only puts files in place waits for another one who does [s], and how often it looks.
PATIENCE_S, LOOK_S = 5.0, 0.05
#: What systems say of a file that another process has locked.
_HELD = (errno.EAGAIN, errno.EACCES)

_guard = threading.Lock()
#: How often this process holds the lock of a folder: a run writes its own files meanwhile.
_holds: dict[Path, int] = {}
_descriptors: dict[Path, int | None] = {}


@contextmanager
def locked(folder: Path, wait_s: float = 0.0) -> Iterator[None]:
    """Inside, no other process writes into a folder; this one may lock it again.

    Args:
        folder: that is there.
        wait_s: for so long another process may hold it [s].

    Raises:
        InputError: another process holds it; its number is named.
    """
    path = folder.resolve()
    with _guard:
        if _holds.get(path, 0) == 0:
            _descriptors[path] = _acquire(path, folder, wait_s)
        _holds[path] = _holds.get(path, 0) + 1
    try:
        yield
    finally:
        with _guard:
            _holds[path] -= 1
            if _holds[path] == 0:
                del _holds[path]
                _release(path, _descriptors.pop(path))


def _acquire(path: Path, folder: Path, wait_s: float) -> int | None:
    """The descriptor of the locked file; None where the file system knows no locks."""
    end = time.monotonic() + wait_s
    while True:
        try:
            path.mkdir(parents=True, exist_ok=True)  # whoever held it may have removed what it made
            return _try(path / LOCK)
        except BlockingIOError:
            if time.monotonic() < end:
                time.sleep(LOOK_S)
                continue
            holder = _holder(path / LOCK)
            raise InputError(
                f"{folder}: another run writes here (process {holder}); wait until it has ended, or choose another "
                "folder"
            ) from None
        except OSError as error:
            raise InputError(f"{folder}: cannot be written ({error.strerror})") from None


def _try(path: Path) -> int | None:
    """Lock a file now, or raise BlockingIOError; None where the file system knows no locks."""
    import fcntl

    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if error.errno in _HELD:
                raise BlockingIOError from None
            path.unlink(missing_ok=True)
            return None
        if _is_at(path, descriptor):
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
            return descriptor
        os.close(descriptor)  # whoever held it has deleted it meanwhile


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _release(path: Path, descriptor: int | None) -> None:
    if descriptor is not None:
        (path / LOCK).unlink(missing_ok=True)
        os.close(descriptor)


def _holder(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")[:20] or "unknown"
    except OSError:
        return "unknown"
