"""All policies that are installed, a line each: what lists of them print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Any, Literal

from twinhop.errors import TwinhopError
from twinhop.migration.policy import policy_choice
from twinhop.names import (
    CERTIFYING,
    MIGRATION_ENTRY_POINTS,
    MIGRATION_POLICIES,
    PLACEMENT_ENTRY_POINTS,
    PLACEMENT_POLICIES,
    migration_policy_names,
    placement_policy_names,
)
from twinhop.placement.policy import Setting, placement_policy

Kind = Literal["placement", "migration"]
#: Of each kind: its names, those of twinhop itself, and the entry point group of the others.
_KINDS: dict[Kind, tuple[Any, Mapping[str, str], str]] = {
    "placement": (placement_policy_names, PLACEMENT_POLICIES, PLACEMENT_ENTRY_POINTS),
    "migration": (migration_policy_names, MIGRATION_POLICIES, MIGRATION_ENTRY_POINTS),
}


@dataclass(frozen=True)
class PolicyLine:
    """A policy in a list.

    Attributes:
        kind: ``placement``: decides once (P1); ``migration``: decides in every slot (P2).
        name: by which commands and functions take it.
        line: what it does.
        settings: what can be set, as in ``name:setting=value``.
        certifies: whether its plans come with a certified bound of their own; None where only its plans tell.
        package: that it comes with; None where that is not known.
        problem: why it cannot be used; empty: it can.
    """

    kind: Kind
    name: str
    line: str
    settings: Mapping[str, Setting] = field(default_factory=dict)
    certifies: bool | None = False
    package: str | None = "twinhop"
    problem: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain values, for machines."""
        settings = {
            name: {"default": each.default, "description": each.description, "accepted": list(each.accepted)}
            for name, each in self.settings.items()
        }
        return {**vars(self), "settings": settings}


def policy_lines(kind: Kind) -> list[PolicyLine]:
    """The policies of a kind, those of twinhop first; one that cannot be loaded says why.

    >>> [each.name for each in policy_lines("placement") if each.certifies]
    ['lagrangian', 'exact']
    """
    names, built_in, group = _KINDS[kind]
    packages = {point.name: None if point.dist is None else point.dist.name for point in entry_points(group=group)}
    return [_line(kind, name, "twinhop" if name in built_in else packages[name]) for name in names()]


def _line(kind: Kind, name: str, package: str | None) -> PolicyLine:
    certifies = None if kind == "placement" and package != "twinhop" else name in CERTIFYING
    try:
        line, settings = _of_placement(name) if kind == "placement" else _of_migration(name)
    except TwinhopError as error:
        return PolicyLine(kind, name, "", {}, certifies, package, str(error))
    except Exception as error:  # of another package, whatever it may be
        problem = f"cannot be loaded: {type(error).__name__}: {' '.join(str(error).split())}"
        return PolicyLine(kind, name, "", {}, certifies, package, problem)
    return PolicyLine(kind, name, line, settings, certifies, package)


def _of_placement(name: str) -> tuple[str, Mapping[str, Setting]]:
    decide = placement_policy(name).decide
    return _first_line(decide), getattr(decide, "settings", {})


def _of_migration(name: str) -> tuple[str, Mapping[str, Setting]]:
    kind = policy_choice(name).kind
    return kind.summary[:1].upper() + kind.summary[1:], kind.settings


def _first_line(value: Any) -> str:
    """The first paragraph of a docstring."""
    text = (getattr(value, "__doc__", None) or "").strip().split("\n\n")[0]
    return " ".join(text.split()).replace("``", "`").removesuffix(".")
