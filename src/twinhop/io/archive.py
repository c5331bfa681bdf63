"""Reading an ``.npz`` archive that someone gave us: within bounds, and never unpickled."""

import math
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from twinhop.errors import InputError
from twinhop.io.file_kind import describe_file, require_regular

#: An archive larger than this once unpacked is refused.
MAX_BYTES = 4 * 2**30
#: What damaged archives make zipfile and NumPy raise, a header that promises petabytes included.
DAMAGED = (zipfile.BadZipFile, zlib.error, ValueError, EOFError, OSError, RuntimeError, KeyError, MemoryError)


def read_arrays(path: Path, what: str, hint: str, check: Callable[[dict[str, int]], None]) -> dict[str, np.ndarray]:
    """The arrays of an ``.npz`` archive by name.

    Args:
        path: the archive.
        what: what the file should be, such as "an .npz problem file".
        hint: how to make one.
        check: raises where the names, or how many numbers each announces, will not do; called before anything is
            unpacked.

    Returns:
        Every entry.

    Raises:
        InputError: the file is missing, is not such an archive, is too large or holds Python objects.
    """
    try:
        require_regular(path)
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > MAX_BYTES:
            raise InputError(f"{path}: {size} bytes unpacked; at most {MAX_BYTES} are read")
        with np.load(path, allow_pickle=False) as archive:
            check({name: _count(archive, name) for name in archive.files})
            return {name: _entry(path, archive, name) for name in archive.files}
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder; expected {what}") from None
    except PermissionError:
        raise InputError(f"{path}: may not be read") from None
    except DAMAGED:
        raise InputError(f"{path}: not an .npz archive; found {describe_file(path)}; {hint}") from None


def _count(archive: Any, name: str) -> int:
    """The number of entries that an array's header announces; 0 where it is no array, which `_entry` says better."""
    with archive.zip.open(name if name in archive.zip.namelist() else f"{name}.npy") as stream:
        try:
            version = np.lib.format.read_magic(stream)
        except ValueError:
            return 0
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        return math.prod(read(stream)[0])


def _entry(path: Path, archive: Any, name: str) -> np.ndarray:
    try:
        array = archive[name]
    except ValueError as error:
        if "pickle" in str(error) or "Object arrays" in str(error):
            raise InputError(f"{path}: {name}: holds Python objects; expected an array of numbers") from None
        raise InputError(f"{path}: {name}: damaged array") from None
    if not isinstance(array, np.ndarray):  # NumPy hands out entries without its magic bytes as they are
        raise InputError(f"{path}: {name}: not an array; expected the content of an .npy file")
    return array
