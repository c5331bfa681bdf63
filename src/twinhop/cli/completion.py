"""What a shell offers where a value is expected: policies, presets, tasks, other words. It imports nothing heavy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from twinhop import names

MOBILITY = ("static", "random_waypoint", "gauss_markov", "manhattan", "hot_spots")
SHIFTS = ("users", "stations", "load", "outage", "radio", "hour", "dear", "wires", "both")
SETTINGS = ("n80-m5", "n80-m10", "n100-m5", "n100-m10")
ALGORITHMS = ("literal", "literal-penalty", "flat", "structured")
SYNC = ("fixed", "delta", "model")
BEHAVIOUR = (
    *("constant_velocity", "constant_acceleration", "reverting_velocity", "level", "trend", "seasonal"),
    *("markov_chain", "next_station"),
)
PROBLEM_FORMATS = ("npz", "json", "sscflp")
DECODE = ("calibrated", "argmax")
FIGURE_FORMATS, FIGURE_STYLES = ("png", "pdf", "svg"), ("screen", "paper")
FAILURE_MOVES, FAILURE_DEADLINES = ("stay", "free"), ("keep", "count")
#: What costs of many hours count as together.
ROBUST = ("mean", "worst", "cvar")
#: Presets that importers take constants from.
CONSTANTS = ("family", "lu2021")
#: Kinds of tasks, which stand for all tasks of them.
TASKS = ("placement", "migration", "all")


@dataclass(frozen=True)
class Completion:
    """What shells are offered; completion classes of Click and of Typer read these fields alone."""

    value: str
    help: str | None = None
    type: str = "plain"


@dataclass(frozen=True)
class Values:
    """The values of an option or argument.

    Attributes:
        words: lists them.
        is_list: whether several may be given, separated by commas.
    """

    words: Callable[[], Sequence[str]]
    is_list: bool = False

    def completions(self, incomplete: str) -> Iterator[Completion]:
        """Those that what was typed begins; of a list the last one is completed, and none is offered twice.

        >>> [each.value for each in Values(lambda: ("one", "two"), is_list=True).completions("one,")]
        ['one,two']
        """
        before, comma, last = incomplete.rpartition(",") if self.is_list else ("", "", incomplete)
        given = before.split(",")
        for word in self.words():
            if word.startswith(last) and word not in given:
                yield Completion(before + comma + word)


def _presets() -> tuple[str, ...]:
    return (*names.preset_files(), *names.benchmark_files())


def _both_kinds() -> list[str]:
    return list(dict.fromkeys([*names.placement_policy_names(), *names.migration_policy_names()]))


def _of(words: Sequence[str], *, is_list: bool = False) -> Values:
    return Values(lambda: words, is_list)


PRESETS = Values(_presets)
#: Values by the name of an option or argument, in whatever command it is.
VALUES = {
    "source": PRESETS,
    "sources": PRESETS,
    "target": PRESETS,
    "also": PRESETS,
    "robust": _of(ROBUST),
    "preset": _of(CONSTANTS),
    "policy": Values(names.placement_policy_names),
    "policies": Values(names.placement_policy_names, is_list=True),
    "tasks": Values(lambda: (*TASKS, *names.benchmark_names()), is_list=True),
    "config": Values(lambda: tuple(names.training_files())),
    "checkpoint": _of(("maddpg",)),
    "mobility": _of(MOBILITY),
    "decode": _of(DECODE),
    "settings": _of(SETTINGS, is_list=True),
    "algorithms": _of(ALGORITHMS, is_list=True),
    "shifts": _of(SHIFTS, is_list=True),
    "sync": _of(SYNC, is_list=True),
    "behaviour": _of(BEHAVIOUR),
    "problem_format": _of(PROBLEM_FORMATS),
    "figure_format": _of(FIGURE_FORMATS, is_list=True),
    "figure_style": _of(FIGURE_STYLES),
    "failure_moves": _of(FAILURE_MOVES),
    "failure_deadlines": _of(FAILURE_DEADLINES),
}
#: The same where a command means something else by the name; None: nothing is offered but files.
EXCEPTIONS: dict[tuple[str, str], Values | None] = {
    ("simulate", "policies"): Values(names.migration_policy_names, is_list=True),
    ("benchmark", "policies"): Values(_both_kinds, is_list=True),
    ("new", "preset"): PRESETS,
    ("sf-cells", "preset"): _of((*CONSTANTS, "sf-taxis-midday")),
    ("transfer", "sources"): None,
}


def complete_values(command: str, parameter: Any) -> None:
    """Let a shell complete the values of an option or argument, where it is known what they are.

    Args:
        command: of the program, by its own name.
        parameter: of the command, as Typer made it.
    """
    values = EXCEPTIONS.get((command, parameter.name), VALUES.get(parameter.name))
    if values is not None:
        parameter.shell_complete = lambda context, incomplete: list(values.completions(incomplete))
