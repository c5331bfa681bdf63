"""Output folders: everything is written aside and then put in place, so that nothing is ever half-written."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from twinhop.errors import InputError
from twinhop.io.files import replacing
from twinhop.io.folder_lock import PATIENCE_S, locked


@contextmanager
def staging(folder: str | Path) -> Iterator[Path]:
    """A folder to write into; what is there in the end replaces the files of the same names in ``folder``.

    Args:
        folder: made if missing, with its parents.

    Yields:
        An empty folder beside the files to come.

    Raises:
        InputError: the folder cannot be made or written. Then, and after any other error, nothing is left behind.
    """
    target = as_folder(folder)
    made = _make(target)
    try:
        with locked(target, PATIENCE_S), _aside(target) as aside:
            yield aside
            _refuse_folders(target / path.name for path in aside.iterdir())
            for path in sorted(aside.iterdir()):
                _put(path, target / path.name)
            made = []
    except OSError as error:
        raise InputError(f"{target}: cannot be written ({error.strerror})") from None
    finally:
        _remove(made)


@contextmanager
def _aside(target: Path) -> Iterator[Path]:
    """A folder inside another one, which is gone in the end."""
    aside = Path(tempfile.mkdtemp(prefix=".twinhop-", dir=target))
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _put(path: Path, target: Path) -> None:
    """Give a file its name; a link is kept, and what it leads to is replaced; so is the mode of a file."""
    if target.is_symlink():
        with replacing(target, overwrite=True) as temporary:
            shutil.copyfile(path, temporary)
        return
    if target.exists():
        path.chmod(stat.S_IMODE(target.stat().st_mode))
    os.replace(path, target)


def as_folder(folder: str | Path) -> Path:
    """The path of an output folder.

    Raises:
        InputError: the text is empty, which would mean the working folder.
    """
    if folder == "":
        raise InputError("the output folder: is empty; expected a path, as ./name")
    return Path(folder)


@contextmanager
def owned(folder: str | Path | None) -> Iterator[None]:
    """Inside, no other process writes into an output folder, which is made if missing, and removed if it stays empty.

    Args:
        folder: None: nothing is written.

    Raises:
        InputError: another process writes there, or it cannot be made.
    """
    if folder is None:
        yield
        return
    target = as_folder(folder)
    made = _make(target)
    try:
        with locked(target):
            yield
    finally:
        _remove(made)


def _refuse_folders(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_dir():
            raise InputError(f"{path}: cannot be written: a folder is in the way")


def require_writable(folder: str | Path) -> None:
    """Raise InputError now rather than after a long solve if the folder cannot be written; leaves nothing behind."""
    made = _make(as_folder(folder))
    try:
        with staging(folder) as aside:
            (aside / ".probe").touch()
            (aside / ".probe").unlink()
    finally:
        _remove(made)


def _make(target: Path) -> list[Path]:
    """Make the folder and its parents; returns those that were missing, deepest first."""
    missing = [path for path in (target, *target.parents) if not path.exists()]
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _remove(missing)
        raise InputError(f"{target}: cannot be made ({error.strerror})") from None
    return missing


def _remove(folders: list[Path]) -> None:
    for path in folders:
        try:
            path.rmdir()
        except OSError:
            return
