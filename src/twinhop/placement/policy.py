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
#: So much of a name that is none is repeated.
LONGEST_NAME = 60


def policy_names() -> list[str]:
    """The names of all policies, built-in ones first."""
    return [*POLICIES, *sorted(point.name for point in entry_points(group=ENTRY_POINTS) if point.name not in POLICIES)]


def find_policy(name: str) -> Policy:
    """The policy of that name, or of ``name:settings`` where the policy of that name has a method `configured`.

    Args:
        name: such as ``greedy`` or ``maddpg:out/run:polish=10``.

    Raises:
        InputError: there is none, or its settings are not accepted; the message lists what there is.
    """
    base, colon, settings = name.partition(":")
    found = _registered(base)
    if not colon:
        return found
    configured = getattr(found, "configured", None)
    if configured is None:
        raise InputError(f"policy: {base} places twins once and has no settings (got {name[:LONGEST_NAME]!r})")
    return configured(settings)


def _registered(name: str) -> Policy:
    if name in POLICIES:
        module, function = POLICIES[name].split(":")
        return getattr(import_module(module), function)
    for point in entry_points(group=ENTRY_POINTS, name=name):
        return point.load()
    close = get_close_matches(name, policy_names(), 1)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    raise InputError(f"policy: no policy named '{name[:LONGEST_NAME]}'{hint}; accepted: {', '.join(policy_names())}")
