"""What a migration policy is, and where policies are found by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import entry_points
from typing import Protocol

import numpy as np

from twinhop.errors import InputError
from twinhop.migration.run import MigrationRun
from twinhop.migration.situation import Situation
from twinhop.placement.problem import IntArray


class MigrationPolicy(Protocol):
    """Decides in every slot which host each twin is on. One object serves one run: it may remember what it saw."""

    def decide(self, situation: Situation) -> IntArray:
        """The hosts (n,) of the served users of a slot; -1 leaves a user to the simulator, as do infeasible hosts."""
        ...


@dataclass(frozen=True)
class Setting:
    """One setting of a policy.

    Attributes:
        default: its value where none is given; its type is that of every value.
        description: what it is, with its unit.
        least: the least value accepted, of numbers.
        accepted: the values accepted, of words; empty: any.
    """

    default: float | int | str
    description: str
    least: float = 0.0
    accepted: tuple[str, ...] = ()

    def parse(self, text: str, where: str) -> float | int | str:
        """The value of a text.

        Raises:
            InputError: it is not of the type, or out of range.
        """
        if isinstance(self.default, str):
            if self.accepted and text not in self.accepted:
                raise InputError(f"{where}: got {text!r}; accepted: {', '.join(self.accepted)}")
            return text
        kind, noun = (int, "a whole number") if isinstance(self.default, int) else (float, "a number")
        try:
            value = kind(text)
        except ValueError:
            raise InputError(f"{where}: got {text!r}; expected {noun}") from None
        if not self.least <= value < np.inf:
            raise InputError(f"{where}: got {text}; expected {noun} >= {self.least:g}")
        return value


@dataclass(frozen=True)
class PolicyKind:
    """A policy as it is registered.

    Attributes:
        make: makes one for a run from its settings and a random stream of its own.
        settings: what can be set, by name.
        summary: what it does, in a line.
    """

    make: Callable[..., MigrationPolicy]
    summary: str
    settings: Mapping[str, Setting]


#: Built-in policies, imported when first asked for: modules with a `KIND`. Others come from the entry point group.
POLICIES = {
    name: f"twinhop.migration.policies.{name}"
    for name in (
        "stay",
        "follow_nearest",
        "expected",
        "hysteresis",
        "utility_literal",
        "utility",
        "replan",
        "myopic",
        "lookahead",
        "mdp_threshold",
    )
}
ENTRY_POINTS = "twinhop.migration_policies"
#: A setting that is given without its name, as in ``maddpg:out/run``.
PATH = "path"


def policy_names() -> list[str]:
    """The names of all policies, built-in ones first."""
    return [*POLICIES, *sorted(point.name for point in entry_points(group=ENTRY_POINTS) if point.name not in POLICIES)]


def find_kind(name: str) -> PolicyKind:
    """The kind of policy of that name.

    Raises:
        InputError: there is none; the message lists those there are.
    """
    if name in POLICIES:
        return import_module(POLICIES[name]).KIND
    for point in entry_points(group=ENTRY_POINTS, name=name):
        return point.load()
    close = get_close_matches(name, policy_names(), 1)
    hint = f" did you mean '{close[0]}'?" if close else ""
    raise InputError(f"--policies: no policy named '{name}';{hint} accepted: {', '.join(policy_names())}")


@dataclass(frozen=True)
class PolicyChoice:
    """A policy with its settings, as ``name`` or ``name:setting=value:setting=value`` asks for it.

    Attributes:
        text: as it was asked for.
        kind: what it is.
        settings: the values, defaults included.
    """

    text: str
    kind: PolicyKind
    settings: Mapping[str, float | int | str]

    def for_run(self, run: MigrationRun, rng: np.random.Generator) -> MigrationPolicy:
        """A fresh policy for a run.

        Args:
            run: it may look at what holds throughout; only policies that say so look at the future.
            rng: its own random stream.
        """
        return self.kind.make(run, rng, **self.settings)


def policy_choice(text: str) -> PolicyChoice:
    """Read a policy and its settings.

    Raises:
        InputError: there is no such policy or setting, or a value is not accepted.

    >>> dict(policy_choice("stay").settings)
    {}
    """
    name, *rest = text.strip().split(":")
    kind = find_kind(name)
    values = {key: setting.default for key, setting in kind.settings.items()}
    for each in rest:
        key, sign, value = each.partition("=")
        if not sign and PATH in kind.settings:
            key, value = PATH, each
        if key not in kind.settings:
            known = ", ".join(kind.settings) or "none"
            raise InputError(f"--policies: {name} has no setting '{key}'; accepted: {known}")
        values[key] = kind.settings[key].parse(value, f"--policies: {name}: {key}")
    return PolicyChoice(text.strip(), kind, values)
