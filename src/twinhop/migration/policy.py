"""What a migration policy is, and where policies are found by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Protocol

import numpy as np

from twinhop.errors import InputError
from twinhop.migration.own_policy import kind_maker, own_maker
from twinhop.migration.run import MigrationRun
from twinhop.migration.situation import Situation
from twinhop.names import MIGRATION_ENTRY_POINTS as ENTRY_POINTS
from twinhop.names import MIGRATION_POLICIES as POLICIES
from twinhop.names import migration_policy_names as policy_names
from twinhop.own_code import OwnCode, as_own, has_module, load_own, names_code, unique, unknown
from twinhop.placement.policy import Setting
from twinhop.placement.problem import IntArray


class MigrationPolicy(Protocol):
    """Decides in every slot which host each twin is on. One object serves one run: it may remember what it saw."""

    def decide(self, situation: Situation) -> IntArray:
        """The hosts (n,) of the served users of a slot; -1 leaves a user to the simulator, as do infeasible hosts."""
        ...


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


#: A setting that is given without its name, as in ``maddpg:out/run``.
PATH = "path"
#: The setting of policies that can end a decision early: after how many seconds, 0: never.
LIMIT = "limit_s"


def _registered(name: str) -> PolicyKind | None:
    if name in POLICIES:
        return import_module(POLICIES[name]).KIND
    for point in entry_points(group=ENTRY_POINTS, name=name):
        return point.load()
    return None


@dataclass(frozen=True)
class PolicyChoice:
    """A policy with its settings, as ``name`` or ``name:setting=value:setting=value`` asks for it.

    Attributes:
        text: as it was asked for; of the user's own code its name.
        kind: what it is.
        settings: the values, defaults included.
        own: the user's own code that it is of; None for a policy found by its name.
    """

    text: str
    kind: PolicyKind
    settings: Mapping[str, float | int | str]
    own: OwnCode | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return (_again, (self.text, self.own))

    def require(self, run: MigrationRun) -> None:
        """Refuse a run that the policy cannot serve, before anything runs: agents say so.

        Raises:
            InputError: with the reason.
        """
        if self.own is not None and hasattr(self.own.value, "require_fit"):
            self.own.value.require_fit(run)

    def for_run(self, run: MigrationRun, rng: np.random.Generator) -> MigrationPolicy:
        """A fresh policy for a run.

        Args:
            run: it may look at what holds throughout; only policies that say so look at the future.
            rng: its own random stream.
        """
        return self.kind.make(run, rng, **self.settings)

    def limited(self, time_limit_s: float) -> PolicyChoice:
        """The same, code of one's own told how long a decision may take [s]."""
        if self.own is None or isinstance(self.own.value, PolicyKind):
            return self
        return replace(self, settings={**self.settings, "time_limit_s": time_limit_s})


#: Wherever a migration policy is taken: its name, ``name:setting=value``, ``file.py:function``, ``module:function``; a
#: function of a `Situation`, an object with a method ``decide`` of it, the class of one, or a `PolicyKind`.
PolicyLike = str | PolicyChoice | PolicyKind | Callable[..., Any] | Any


def policy_choice(policy: PolicyLike) -> PolicyChoice:
    """Read a policy and its settings.

    Args:
        policy: a name with its settings; a text that names code of one's own, ``mine.py:follow`` or
            ``package.mine:follow``, where what is before the colon is no policy's name; or that code itself.

    Raises:
        InputError: there is no such policy or setting, a value is not accepted, or it cannot be called as a policy is.

    >>> dict(policy_choice("stay").settings)
    {}
    """
    if isinstance(policy, PolicyChoice):
        return policy
    if not isinstance(policy, str):
        return _of_code(as_own(None, policy))
    text = policy.strip()
    name, *rest = text.split(":")
    kind = _registered(name)
    if kind is None:
        if not names_code(text) or not has_module(text):
            raise unknown(text, policy_names(), "--policies")
        return _of_code(load_own(text))
    values = _defaults(kind)
    for each in rest:
        key, sign, value = each.partition("=")
        if not sign and PATH in kind.settings:
            key, value = PATH, each
        if key not in kind.settings:
            known = ", ".join(kind.settings) or "none"
            raise InputError(f"--policies: {name} has no setting '{key}'; accepted: {known}")
        values[key] = kind.settings[key].parse(value, f"--policies: {name}: {key}")
    return PolicyChoice(text, kind, values)


def policy_choices(policies: Sequence[PolicyLike]) -> tuple[PolicyChoice, ...]:
    """Several policies; code of one's own gets a name that is no other's.

    Raises:
        InputError: as of `policy_choice`.
    """
    choices: list[PolicyChoice] = []
    for each in map(policy_choice, policies):
        others = [*policy_names(), *(other.text for other in choices)]
        text = each.text if each.own is None else unique(each.own.name, others)
        choices.append(replace(each, text=text))
    return tuple(choices)


def _defaults(kind: PolicyKind) -> dict[str, float | int | str]:
    return {key: setting.default for key, setting in kind.settings.items()}


def _of_code(own: OwnCode) -> PolicyChoice:
    name = unique(own.name, policy_names())
    if isinstance(own.value, PolicyKind):
        return PolicyChoice(name, replace(own.value, make=kind_maker(own)), _defaults(own.value), own)
    return PolicyChoice(name, PolicyKind(own_maker(own), "a policy of your own", {}), {}, own)


def _again(text: str, own: OwnCode | None) -> PolicyChoice:
    """The policy as another process makes it."""
    return replace(policy_choice(text) if own is None else _of_code(own), text=text)
