"""What a placement policy is, and where policies are found by name."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import entry_points

import numpy as np

from twinhop.errors import InputError
from twinhop.placement.budget import Budget
from twinhop.placement.certificate import Certificate
from twinhop.placement.placement import Placement
from twinhop.placement.problem import PlacementProblem


@dataclass(frozen=True)
class Decision:
    """What a policy returns: a placement, and a certificate where it has one."""

    placement: Placement
    certificate: Certificate | None = None


Policy = Callable[[PlacementProblem, np.random.Generator, Budget], Decision]

#: Built-in policies, imported when first asked for. Others come from the entry point group `twinhop.policies`.
POLICIES = {
    "nearest": "twinhop.placement.policies.nearest:nearest",
    "random": "twinhop.placement.policies.random:random",
    "random_association": "twinhop.placement.policies.random:random_association",
    "least_loaded": "twinhop.placement.policies.least_loaded:least_loaded",
    "greedy": "twinhop.placement.policies.greedy:greedy",
    "local_search": "twinhop.placement.policies.local_search:local_search",
    "lagrangian": "twinhop.placement.policies.lagrangian:lagrangian",
    "exact": "twinhop.placement.policies.exact:exact",
}
ENTRY_POINTS = "twinhop.policies"


def policy_names() -> list[str]:
    """The names of all policies, built-in ones first."""
    return [*POLICIES, *sorted(point.name for point in entry_points(group=ENTRY_POINTS) if point.name not in POLICIES)]


def find_policy(name: str) -> Policy:
    """The policy of that name.

    Raises:
        InputError: there is none; the message lists those there are.
    """
    if name in POLICIES:
        module, function = POLICIES[name].split(":")
        return getattr(import_module(module), function)
    for point in entry_points(group=ENTRY_POINTS, name=name):
        return point.load()
    close = get_close_matches(name, policy_names(), 1)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    raise InputError(f"policy: no policy named '{name}'{hint}; accepted: {', '.join(policy_names())}")
