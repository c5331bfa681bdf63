"""Plan a scenario on the nearest stations of each user."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twinhop.errors import InputError
from twinhop.placement.solve import check_limits
from twinhop.placement.sparse import solve_sparse
from twinhop.plans.sparse.case import SparseCase, takes_sparse_view
from twinhop.plans.sparse.plan import SparsePlan
from twinhop.scenario import Scenario
from twinhop.scenario.world.link_count import MOST_LINKS, link_count

#: The only policy that looks at candidates: it has prices for what they leave out.
POLICY = "lagrangian"


def scenario_for_candidates(source: object, seed: int | None = None) -> Scenario:
    """The scenario that is to be planned on candidate stations.

    Raises:
        InputError: the source is no scenario.
    """
    if not isinstance(source, Scenario):
        raise InputError(f"candidates: are found by the positions of a scenario; got {type(source).__name__}")
    return source if seed is None else source.with_seed(seed)


def planned_on_candidates(
    source: object, candidates: int | None, policy: object, asked: Mapping[str, object], seed: int | None = None
) -> Scenario | None:
    """The scenario that is planned on candidate stations; None where all links are looked at.

    It is where candidates are asked for, and beyond `WIDE_LINKS` links. Up to `MOST_LINKS` of them what needs every
    link is done with all.

    Args:
        source: what has been read.
        candidates: how many are asked for, None: the size decides.
        policy: that is asked for.
        asked: what else that needs every link, by its name, None where it is not.
        seed: replaces the scenario's.

    Raises:
        InputError: candidates are asked for beside what they cannot do, or there are too many links for that.
    """
    if candidates is None:
        if not isinstance(source, Scenario) or not takes_sparse_view(source):
            return None
        if (policy != POLICY or any(asked.values())) and link_count(source) <= MOST_LINKS:
            return None
    scenario = scenario_for_candidates(source, seed)
    refuse_on_candidates(scenario.where, policy, asked)
    return scenario


def refuse_on_candidates(name: str, policy: object, asked: Mapping[str, object]) -> None:
    """Refuse what a plan on candidate stations cannot do.

    Args:
        name: of the scenario.
        policy: that is asked for.
        asked: what else, by its name, None where it is not.

    Raises:
        InputError: the policy is another one, or something is asked for.
    """
    if policy != POLICY:
        raise InputError(
            f"{name}: policy: got {policy!r}; a plan on the nearest stations of each user is made by {POLICY} alone"
        )
    given = next((option for option, value in asked.items() if value), None)
    if given is not None:
        raise InputError(
            f"{name}: {given}: looks at every link of users and stations, and a plan on the nearest stations of each "
            "user has not got them; leave it out"
        )


def plan_sparse(
    case: SparseCase,
    *,
    time_limit_s: float = float("inf"),
    gap: float | None = None,
    on_progress: Callable[[float, float], None] | None = None,
) -> SparsePlan:
    """Place the twins of a case on candidate stations.

    Args:
        case: of a scenario.
        time_limit_s: wall-clock limit of the solve [s].
        gap: go on until cost / bound - 1 is at most this; None: until little more is gained.
        on_progress: told the best cost and bound so far.

    Raises:
        InfeasibleProblem: proved: no plan keeps the constraints.
        InputError: a limit is out of range.
    """
    check_limits(time_limit_s, gap)
    solution = solve_sparse(case.problem, time_limit_s=time_limit_s, gap=gap, on_progress=on_progress)
    return SparsePlan(case, solution)
