"""Problem files: a PlacementProblem as a NumPy ``.npz`` archive, never unpickled."""

import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from twinhop.errors import InputError
from twinhop.files import replacing
from twinhop.placement.problem import PlacementProblem

REQUIRED = ("comm_s", "root_work", "cpu", "capacity", "opening_s", "alpha", "beta")
OPTIONAL = ("energy_j", "update_comm_s", "update_work", "deadline_s")
#: A problem file larger than this once unpacked is refused.
MAX_BYTES = 4 * 2**30
#: Arrays of so few numbers are unpacked whatever comm_s says, so that the message can name the array at fault.
HARMLESS = 1_000_000
#: What damaged archives make zipfile and NumPy raise, a header that promises petabytes included.
DAMAGED = (zipfile.BadZipFile, zlib.error, ValueError, EOFError, OSError, RuntimeError, KeyError, MemoryError)


def load_problem(path: str | Path) -> PlacementProblem:
    """Read a problem file.

    Args:
        path: an ``.npz`` archive with ``comm_s`` (N, M) [s], ``root_work`` (N,) [sqrt(cycle)], ``cpu`` (M,) [cycle/s],
            ``capacity`` (M,) [users], ``opening_s`` (M,) [s], scalars ``alpha`` > 0 and ``beta``; optional
            ``energy_j`` (N,); and together or not at all ``update_comm_s`` (N, M) [s], ``update_work`` (N,) [cycle],
            ``deadline_s`` (N,) [s].

    Returns:
        The problem.

    Raises:
        InputError: the file is missing, is not such an archive, holds Python objects, or has wrong shapes or values.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > MAX_BYTES:
            raise InputError(f"{path}: {size} bytes unpacked; at most {MAX_BYTES} are read")
        with np.load(path, allow_pickle=False) as archive:
            _check_names(path, archive.files)
            _check_sizes(path, archive)
            content = {name: _entry(path, archive, name) for name in archive.files}
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder; expected an .npz problem file") from None
    except PermissionError:
        raise InputError(f"{path}: may not be read") from None
    except DAMAGED:
        raise InputError(f"{path}: not an .npz archive; make one with numpy.savez or --dump-problem") from None
    return _problem(path, content)


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


def _check_names(path: Path, names: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise InputError(f"{path}: missing {', '.join(missing)}; expected {', '.join(REQUIRED)}")
    unknown = sorted(set(names) - set(REQUIRED) - set(OPTIONAL))
    if unknown:
        raise InputError(f"{path}: unknown {', '.join(unknown)}; accepted: {', '.join(REQUIRED + OPTIONAL)}")


def _check_sizes(path: Path, archive: Any) -> None:
    """Refuse, before it is unpacked, an array larger than comm_s: compressed zeros cost nothing to send."""
    most = max(_count(archive, "comm_s"), HARMLESS)
    for name in archive.files:
        if _count(archive, name) > most:
            raise InputError(f"{path}: {name}: {_count(archive, name)} numbers; expected no more than comm_s has")


def _count(archive: Any, name: str) -> int:
    """The number of entries that an array's header announces."""
    with archive.zip.open(f"{name}.npy") as stream:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        return math.prod(read(stream)[0])


def _problem(path: Path, content: dict[str, np.ndarray]) -> PlacementProblem:
    values: dict[str, Any] = {}
    for name, array in content.items():
        if array.dtype.kind not in "iufb":
            raise InputError(f"{path}: {name}: holds {array.dtype}; expected numbers")
        if name in ("alpha", "beta") and array.size != 1:
            raise InputError(f"{path}: {name}: shape {array.shape} does not fit; expected a scalar")
        values[name] = array.item() if name in ("alpha", "beta") else array
    try:
        return PlacementProblem(**values)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def save_problem(problem: PlacementProblem, path: str | Path) -> None:
    """Write a problem file (to a temporary name, then renamed).

    Args:
        problem: what to write; its CPU rule must be the optimal one.
        path: where to write; an existing file is replaced.

    Raises:
        InputError: the CPU rule is not the optimal one, or the file cannot be written.
    """
    arrays = problem.arrays()
    with replacing(path, overwrite=True) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **arrays)
