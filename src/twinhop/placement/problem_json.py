"""Problem files of other tools: the fields of an ``.npz`` problem file as JSON."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from twinhop.errors import InputError
from twinhop.io.file_kind import describe_file, read_content
from twinhop.io.json_text import parse_json
from twinhop.placement.problem import PlacementProblem
from twinhop.placement.problem_file import check_names, problem_of_arrays

#: A file larger than this is refused.
MAX_BYTES = 1024 * 2**20
#: Fields in which null stands for infinity: a forbidden arc, no deadline.
NULLABLE = ("comm_s", "update_comm_s", "deadline_s")


def load_problem_json(path: str | Path) -> PlacementProblem:
    """Read a problem from JSON: one object with the fields of a problem file, arrays as (nested) lists.

    Args:
        path: the file. ``null`` in ``comm_s`` and ``update_comm_s`` forbids the arc, in ``deadline_s`` it is none.

    Returns:
        The problem.

    Raises:
        InputError: the file is no such object; the message names the field and the entry.
    """
    path = Path(path)
    text = _text(path)
    if not text.lstrip().startswith(("{", "[")):
        raise InputError(f"{path}: is not a JSON problem file: found {describe_file(path)}")
    value = parse_json(text, str(path))
    if not isinstance(value, dict):
        raise InputError(f"{path}: expected an object with comm_s, root_work, ...; found {_kind(value)}")
    kind = value.get("type")
    if isinstance(kind, str):
        raise InputError(f"{path}: expected an object with comm_s, root_work, ...; found an object of type {kind!r}")
    check_names(path, list(value))
    return problem_of_arrays(path, {name: _array(path, name, entry) for name, entry in value.items()})


def _text(path: Path) -> str:
    try:
        return read_content(path, "a JSON problem file", MAX_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(
            f"{path}: is not UTF-8 text; found {describe_file(path)}; expected a JSON problem file"
        ) from None


def _array(path: Path, name: str, value: Any) -> np.ndarray:
    if name == "currency" and isinstance(value, str):
        return np.array(value)
    plain = _numbers(path, name, value, ())
    try:
        return np.array(plain, dtype=np.float64)
    except ValueError:
        raise InputError(f"{path}: {name}: rows of different lengths; expected a table") from None


def _numbers(path: Path, name: str, value: Any, at: tuple[int, ...]) -> Any:
    if isinstance(value, list) and len(at) < 2:
        return [_numbers(path, name, each, (*at, index)) for index, each in enumerate(value)]
    if value is None and at and name in NULLABLE:
        return math.inf
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return math.inf if name in NULLABLE else math.nan
    where = "".join(f"[{index}]" for index in at)
    hint = " or null" if name in NULLABLE and at else ""
    raise InputError(f"{path}: {name}{where}: expected a number{hint}, found {_kind(value)}")


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")
