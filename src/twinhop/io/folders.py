"""Output folders: everything is written aside and then put in place, so that nothing is ever half-written."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from twinhop.errors import InputError


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
    target = Path(folder)
    made = _make(target)
    try:
        aside = Path(tempfile.mkdtemp(prefix=".twinhop-", dir=target))
    except OSError as error:
        _remove(made)
        raise InputError(f"{target}: cannot be written ({error.strerror})") from None
    try:
        yield aside
        _refuse_folders(target / path.name for path in aside.iterdir())
        for path in sorted(aside.iterdir()):
            os.replace(path, target / path.name)
        made = []
    except OSError as error:
        raise InputError(f"{target}: cannot be written ({error.strerror})") from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        _remove(made)


def _refuse_folders(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_dir():
            raise InputError(f"{path}: cannot be written: a folder is in the way")


def require_writable(folder: str | Path) -> None:
    """Raise InputError now rather than after a long solve if the folder cannot be written; leaves nothing behind."""
    made = _make(Path(folder))
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
