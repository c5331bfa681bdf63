"""Files of derived state: arrays, with the position up to which they cover the journal; whole on disk, or not there."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.io.archive import read_arrays
from twinhop.live.backup import sync_folder
from twinhop.live.ports import NoRoom

VERSION = 1
"""Version of the files that this program writes; those of another one are made anew from the twins."""
_FULL = (errno.ENOSPC, errno.EDQUOT)


def save_arrays(path: Path, mark: int, arrays: Mapping[str, NDArray]) -> None:
    """Replace a file; when this returns it is on disk.

    Raises:
        NoRoom: the disk is full; the file is as before.
        InputError: it cannot be written.
    """
    buffer = BytesIO()
    np.savez(buffer, version=np.array(VERSION), mark=np.array(mark), **arrays)  # pyright: ignore[reportArgumentType]
    temporary = path.with_name(f".{path.name}")
    try:
        with temporary.open("wb") as stream:
            stream.write(buffer.getbuffer())
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        words = f"{path}: cannot be written: {error.strerror}"
        raise NoRoom(words) if error.errno in _FULL else InputError(words) from None


def load_arrays(path: Path, mark: int) -> dict[str, NDArray] | None:
    """What a file holds; empty where nothing has been covered yet.

    Args:
        path: of the file.
        mark: the low-water mark of the journal, up to which it must cover.

    Returns:
        The arrays; None: it is missing, damaged, of another version or too old, so that it must be made anew.
    """
    if not path.exists():
        return {} if not mark else None
    try:
        arrays = read_arrays(path, "a file of derived state", "it is made anew from the twins", lambda counts: None)
        is_right = int(arrays.pop("version")) == VERSION and int(arrays.pop("mark")) >= mark
    except (InputError, KeyError, TypeError, ValueError):
        return None
    return arrays if is_right else None
