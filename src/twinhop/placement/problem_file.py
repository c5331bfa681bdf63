"""Problem files: a PlacementProblem as a NumPy ``.npz`` archive, never unpickled."""

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
MAX_BYTES = 8 * 2**30
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


def _problem(path: Path, content: dict[str, np.ndarray]) -> PlacementProblem:
    missing = [name for name in REQUIRED if name not in content]
    if missing:
        raise InputError(f"{path}: missing {', '.join(missing)}; expected {', '.join(REQUIRED)}")
    unknown = sorted(set(content) - set(REQUIRED) - set(OPTIONAL))
    if unknown:
        raise InputError(f"{path}: unknown {', '.join(unknown)}; accepted: {', '.join(REQUIRED + OPTIONAL)}")
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
