"""What a placement policy is, and where policies are found by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from twinhop.errors import InputError
from twinhop.names import PLACEMENT_ENTRY_POINTS as ENTRY_POINTS
from twinhop.names import PLACEMENT_POLICIES as POLICIES
from twinhop.names import placement_policy_names as policy_names
from twinhop.own_code import LONGEST_NAME, OwnCode, as_own, has_module, load_own, names_code, unique, unknown
from twinhop.placement.decision import Decision as Decision
from twinhop.placement.decision import Policy as Policy
from twinhop.placement.own_policy import own_policy
from twinhop.placement.problem import PlacementProblem

#: Digits of a number of steps among a policy's settings, and the most that they give.
LONGEST_COUNT = 6
MOST_STEPS = 10**LONGEST_COUNT - 1


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
        if not self.least <= value < math.inf:
            raise InputError(f"{where}: got {text}; expected {noun} >= {self.least:g}")
        return value


def step_count(policy: str, key: str, value: str) -> int:
    """A number of steps among a policy's settings.

    Raises:
        InputError: it is none, or too large.
    """
    if not (value.isascii() and value.isdecimal() and len(value) <= LONGEST_COUNT):
        raise InputError(f"policy: {policy}: {key}: got {value!r}; expected a whole number from 0 to {MOST_STEPS}")
    return int(value)


@dataclass(frozen=True)
class PlacementPolicy:
    """A policy that was chosen.

    Attributes:
        name: what tables and files call it.
        decide: what it does.
        own: the user's own code that it is of; None for a policy found by its name.
    """

    name: str
    decide: Policy
    own: OwnCode | None = None

    @property
    def is_built_in(self) -> bool:
        """Whether it comes with twinhop, settings aside: then its bounds need no second look."""
        return self.own is None and self.name.partition(":")[0] in POLICIES

    def require(self, problem: PlacementProblem) -> None:
        """Refuse a problem that the policy cannot serve, before anything runs: agents say so.

        Raises:
            InputError: with the reason.
        """
        if self.own is not None and hasattr(self.own.value, "require_fit"):
            self.own.value.require_fit(problem)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_again, (self.name, self.own))


#: Wherever a policy is taken: its name, ``name:settings``, ``file.py:function``, ``module:function``; a function of a
#: `PlacementProblem`, an object that can be called so or has such a method ``decide``, or the class of one.
PolicyLike = str | PlacementPolicy | Callable[..., Any] | Any


def placement_policy(policy: PolicyLike) -> PlacementPolicy:
    """The policy that is meant.

    Args:
        policy: a name, with settings where the policy has some, as in ``maddpg:out/run:polish=10``; a text that names
            code of one's own, ``mine.py:place`` or ``package.mine:place``, where what is before the colon is no
            policy's name; or that code itself.

    Raises:
        InputError: there is none, its settings are not accepted, or it cannot be called as a policy is.
    """
    if isinstance(policy, PlacementPolicy):
        return policy
    if not isinstance(policy, str):
        return _of_code(as_own(None, policy))
    policy = policy.strip()
    base, colon, settings = policy.partition(":")
    registered = _registered(base)
    if registered is None:
        if not names_code(policy) or not has_module(policy):
            raise unknown(policy, policy_names())
        return _of_code(load_own(policy))
    if not colon:
        return PlacementPolicy(policy, registered)
    configured = getattr(registered, "configured", None)
    if configured is None:
        raise InputError(f"policy: {base} places twins once and has no settings (got {policy[:LONGEST_NAME]!r})")
    return PlacementPolicy(policy, configured(settings))


def placement_policies(policies: Sequence[PolicyLike]) -> tuple[PlacementPolicy, ...]:
    """Several policies; code of one's own gets a name that is no other's.

    Raises:
        InputError: as of `placement_policy`.
    """
    result: list[PlacementPolicy] = []
    for each in map(placement_policy, policies):
        others = [*policy_names(), *(other.name for other in result)]
        name = each.name if each.own is None else unique(each.own.name, others)
        result.append(replace(each, name=name))
    return tuple(result)


def _of_code(own: OwnCode) -> PlacementPolicy:
    if own.name in policy_names() and _registered(own.name) is own.value:
        return PlacementPolicy(own.name, own.value)
    return PlacementPolicy(unique(own.name, policy_names()), own_policy(own), own)


def _again(name: str, own: OwnCode | None) -> PlacementPolicy:
    """The policy as another process makes it."""
    return placement_policy(name) if own is None else PlacementPolicy(name, own_policy(own), own)


def _registered(name: str) -> Policy | None:
    if name in POLICIES:
        module, function = POLICIES[name].split(":")
        return getattr(import_module(module), function)
    for point in entry_points(group=ENTRY_POINTS, name=name):
        return point.load()
    return None
