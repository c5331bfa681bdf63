"""The formats of files that hold a placement problem, by name."""

from collections.abc import Callable
from dataclasses import dataclass
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
#: What may follow ``sscflp:`` or ``sscflp:LAYOUT:`` where costs are for a unit of demand.
UNIT = "unit"


@dataclass(frozen=True)
class ProblemFile:
    """A problem, and what was understood of its file.

    Attributes:
        problem: what the file holds.
        notes: the layout that was read, sizes and sums; none where the format leaves no choice.
    """

    problem: PlacementProblem
    notes: tuple[str, ...] = ()


def read_problem(path: str | Path, problem_format: str) -> PlacementProblem:
    """Read a problem file of a named format.

    Args:
        path: the file.
        problem_format: one of `FORMATS`; ``sscflp:LAYOUT`` states the layout of a facility location file, and a
            further ``:unit`` that its costs are for a unit of demand.

    Raises:
        InputError: there is no such format, or the file is not of it.
    """
    return read_problem_file(path, problem_format).problem


def read_problem_file(path: str | Path, problem_format: str) -> ProblemFile:
    """Read a problem file of a named format, and say what was understood; see `read_problem`."""
    name, *details = problem_format.split(":")
    if name not in FORMATS:
        hint = suggestion(name, FORMATS)
        raise InputError(f"format: no format named '{name[:40]}'; {hint}Accepted: {', '.join(FORMATS)}")
    if name == "sscflp":
        return _facility_file(path, details)
    if details:
        raise InputError(f"format: {name} takes nothing after its name (got {':'.join(details)[:40]!r})")
    module, function = FORMATS[name].split(":")
    reader: Callable[[str | Path], PlacementProblem] = getattr(import_module(module), function)
    return ProblemFile(reader(path))


def _facility_file(path: str | Path, details: list[str]) -> ProblemFile:
    from twinhop.placement.sscflp import read_sscflp

    layouts = [each for each in details if each != UNIT]
    if len(layouts) > 1 or len(details) - len(layouts) > 1:
        raise InputError(f"format: got sscflp:{':'.join(details)[:60]}; expected sscflp:LAYOUT or sscflp:LAYOUT:unit")
    file = read_sscflp(path, layouts[0] if layouts else None, unit_costs=UNIT in details)
    return ProblemFile(file.problem, file.notes)
