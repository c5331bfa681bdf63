"""What if servers fail: the problem without some hosts, and what changes against the plan with all of them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from twinhop.errors import InputError
from twinhop.placement.problem import IntArray
from twinhop.plans.result import Case, Plan
from twinhop.text import counted, suggestion

#: Stations named in a message; the rest are counted.
NAMED = 8


def loss_bounds(plan: Plan) -> tuple[float, float] | None:
    """What the failure costs at least and at most between the best plans of both problems; None without certificates.

    With services it is None as well where the two plans give up deadlines of different services: their bounds are then
    on plans that keep different ones.

    ``bound - cost without failure <= best - best without failure <= cost - bound without failure``.
    """
    assert plan.failure is not None
    reference = plan.failure.reference
    if plan.lower_bound is None or reference.lower_bound is None or not (plan.feasible and reference.feasible):
        return None
    late = [{each.name for each in one.services.late} if one.services else set() for one in (plan, reference)]
    if late[0] != late[1]:
        return None
    return plan.lower_bound - reference.cost, plan.cost - reference.lower_bound


def stations_named(case: Case, names: Sequence[str]) -> IntArray:
    """The indices of stations given by name; an entry may hold several names, separated by commas.

    Raises:
        InputError: no name, or one that no station has; the message suggests one.
    """
    problem = case.problem
    at = {problem.station_name(k): k for k in range(problem.stations)}
    words = [word for name in names for word in ([name] if name in at else name.split(","))]
    words = [word.strip() for word in words if word.strip()]
    if not words:
        raise InputError("without: no station named; expected names of stations, separated by commas")
    unknown = [word for word in words if word not in at]
    if unknown:
        hint = suggestion(unknown[0], at)
        some = ", ".join(list(at)[:NAMED]) + (", ..." if len(at) > NAMED else "")
        raise InputError(
            f"without: '{case.name}' has no station '{unknown[0]}'; {hint}{'It' if hint else 'it'} has "
            f"{counted(len(at), 'station')}: {some}"
        )
    return np.unique(np.array([at[word] for word in words], np.int64))


def without_hosts(case: Case, stations: IntArray) -> tuple[Case, tuple[str, ...]]:
    """The case in which these stations host nothing, and what is to be said about them.

    Their seats are 0; their radios go on working, so that rates and access stations are what they were.

    Raises:
        InputError: no host would be left.
    """
    problem = case.problem
    hosts = np.flatnonzero(problem.capacity > 0)
    idle = np.setdiff1d(stations, hosts)
    left = np.setdiff1d(hosts, stations)
    if not left.size:
        raise InputError(
            f"without: all {hosts.size} stations of '{case.name}' that may host would fail; at least one must be left"
        )
    notes = ()
    if idle.size:
        notes = (f"{problem.station_names(idle.tolist())} hosts nothing anyway: as a host it cannot fail",)
    capacity = problem.capacity.copy()
    capacity[stations] = 0
    return replace(case, problem=replace(problem, capacity=capacity)), notes
