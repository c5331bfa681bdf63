"""The formats of files that hold a placement problem, by name."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from twinhop.errors import InputError
from twinhop.placement.problem import PlacementProblem
from twinhop.text import suggestion

#: Readers of problem files, imported when first asked for: a new format is one file and one line here.
FORMATS = {
    "npz": "twinhop.placement.problem_file:load_problem",
    "json": "twinhop.placement.problem_json:load_problem_json",
    "sscflp": "twinhop.placement.sscflp:load_sscflp",
}


def read_problem(path: str | Path, problem_format: str) -> PlacementProblem:
    """Read a problem file of a named format.

    Args:
        path: the file.
        problem_format: one of `FORMATS`.

    Raises:
        InputError: there is no such format, or the file is not of it.
    """
    if problem_format not in FORMATS:
        hint = suggestion(problem_format, FORMATS)
        raise InputError(f"format: no format named '{problem_format}'; {hint}Accepted: {', '.join(FORMATS)}")
    module, function = FORMATS[problem_format].split(":")
    reader: Callable[[str | Path], PlacementProblem] = getattr(import_module(module), function)
    return reader(path)
