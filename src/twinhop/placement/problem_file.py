"""Problem files: a PlacementProblem as a NumPy ``.npz`` archive, never unpickled."""

from pathlib import Path
from typing import Any

import numpy as np

from twinhop.errors import InputError
from twinhop.io.archive import read_arrays
from twinhop.io.files import replacing
from twinhop.placement.problem import PlacementProblem

REQUIRED = ("comm_s", "root_work", "cpu", "capacity", "opening_s", "alpha", "beta")
OPTIONAL = (
    "energy_j",
    "update_comm_s",
    "update_work",
    "deadline_s",
    "demand",
    "demand_capacity",
    "weight",
    "currency",
)
#: Fields that a saved answer has, and no problem.
ANSWER = frozenset(("policy", "source", "open", "host"))
#: As many unknown fields are listed, and as many characters of each.
MOST_NAMES, LONGEST_NAME = 10, 40
#: Arrays of so few numbers are unpacked whatever comm_s says, so that the message can name the array at fault.
HARMLESS = 1_000_000


def load_problem(path: str | Path) -> PlacementProblem:
    """Read a problem file.

    Args:
        path: an ``.npz`` archive with ``comm_s`` (N, M) [s], ``root_work`` (N,) [sqrt(cycle)], ``cpu`` (M,) [cycle/s],
            ``capacity`` (M,) [users], ``opening_s`` (M,) [s], scalars ``alpha`` > 0 and ``beta``; optional
            ``energy_j`` (N,); and together or not at all ``update_comm_s`` (N, M) [s], ``update_work`` (N,) [cycle],
            ``deadline_s`` (N,) [s]; and both or neither of ``demand`` (N,) and ``demand_capacity`` (M,), in one unit;
            and ``weight`` (N,), the users that each row stands for, whose latencies and work are in it already.

    Returns:
        The problem.

    Raises:
        InputError: the file is missing, is not such an archive, holds Python objects, or has wrong shapes or values.
    """
    path = Path(path)
    hint = "make one with numpy.savez or --dump-problem"
    content = read_arrays(path, "an .npz problem file", hint, lambda counts: _check_announced(path, counts))
    return problem_of_arrays(path, content)


def _check_announced(path: Path, counts: dict[str, int]) -> None:
    """Refuse, before anything is unpacked, wrong names and arrays larger than comm_s: zeros compress to nothing."""
    check_names(path, list(counts))
    most = max(counts["comm_s"], HARMLESS)
    for name, count in counts.items():
        if count > most:
            raise InputError(f"{path}: {name}: {count} numbers; expected no more than comm_s has")


def check_names(path: Path, names: list[str]) -> None:
    """Refuse a file that lacks fields or has others.

    Raises:
        InputError: the message says which, or that the file is an answer.
    """
    missing = [name for name in REQUIRED if name not in names]
    unknown = sorted(set(names) - set(REQUIRED) - set(OPTIONAL))
    if set(names) >= ANSWER:
        raise InputError(
            f"{path}: is an answer (a placement.json), not a problem; --from takes it beside the problem "
            f"(missing {', '.join(missing)}; unknown {_few(unknown)})"
        )
    if len(missing) == len(REQUIRED):
        raise InputError(f"{path}: has no field of a problem; expected {', '.join(REQUIRED)}; found {_few(names)}")
    if missing:
        besides = f"; unknown {_few(unknown)}" if unknown else ""
        raise InputError(f"{path}: missing {', '.join(missing)}{besides}; expected {', '.join(REQUIRED)}")
    if unknown:
        raise InputError(f"{path}: unknown {_few(unknown)}; accepted: {', '.join(REQUIRED + OPTIONAL)}")


def _few(names: list[str]) -> str:
    shown = ", ".join(name[:LONGEST_NAME] for name in names[:MOST_NAMES])
    return f"{shown} and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else shown or "nothing"


def problem_of_arrays(path: Path, content: dict[str, np.ndarray]) -> PlacementProblem:
    """The problem of the arrays of a file, by name.

    Args:
        path: of the file, for messages.
        content: arrays under the names of a problem file.

    Raises:
        InputError: an array is missing, unknown, of the wrong shape, or holds wrong values.
    """
    check_names(path, list(content))
    values: dict[str, Any] = {}
    for name, array in content.items():
        if name == "currency" and array.dtype.kind == "U" and array.size == 1:
            values[name] = str(array.item())
            continue
        if name == "currency":
            raise InputError(f"{path}: currency: holds {array.size} of {array.dtype}; expected one text such as EUR")
        if array.dtype.kind not in "iufb":
            raise InputError(f"{path}: {name}: holds {array.dtype}; expected numbers")
        if name in ("alpha", "beta") and array.size != 1:
            raise InputError(f"{path}: {name}: shape {array.shape} does not fit; expected a scalar")
        values[name] = array.item() if name in ("alpha", "beta") else array
    try:
        problem = PlacementProblem(**values)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    if problem.weight is not None and problem.demand is None:
        tight = (problem.capacity > 0) & (problem.capacity < max(problem.users, problem.people))
        if tight.any():  # seats are for users, and are counted by demands
            raise InputError(
                f"{path}: weight: station {int(np.flatnonzero(tight)[0])} does not hold all users; expected demand, "
                "the same numbers as weight, and demand_capacity"
            )
    return problem


def save_problem(problem: PlacementProblem, path: str | Path, *, overwrite: bool = True) -> None:
    """Write a problem file (to a temporary name, then renamed).

    Args:
        problem: what to write; its CPU rule must be the optimal one.
        path: where to write.
        overwrite: whether an existing file may be replaced.

    Raises:
        InputError: the CPU rule is not the optimal one, or the file exists or cannot be written.
    """
    arrays = problem.arrays()
    with replacing(path, overwrite=overwrite) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **arrays)
