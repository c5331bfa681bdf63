"""Plans that still work when any one of their servers fails."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from twinhop.errors import InputError
from twinhop.placement import Certificate, InfeasibleProblem, Placement, PlacementProblem, Prices, Solution, evaluate
from twinhop.placement.branching import CLOSED
from twinhop.placement.budget import WIDE, Budget
from twinhop.placement.decision import Ending
from twinhop.placement.problem import IntArray
from twinhop.placement.search import Search
from twinhop.placement.seating import seat_remaining
from twinhop.placement.station_load import NOBODY
from twinhop.plans.failed_hosts import KEEP, STAY, FailureCase, FailureRules
from twinhop.plans.planning import Progress, plan_case
from twinhop.plans.result import Case, Plan, Spare, users_alone
from twinhop.plans.spare_search import SpareSearch
from twinhop.plans.survival import Survival

#: How long is looked for a plan that survives where no time limit is set [s].
PATIENCE_S = 20.0


def plan_with_spare(
    case: Case,
    rules: FailureRules,
    *,
    time_limit_s: float = float("inf"),
    gap: float | None = None,
    on_progress: Progress | None = None,
) -> Plan:
    """The cheapest plan found that goes on when any one of its opened servers fails, and a bound on all such plans.

    Its cost is that of the state without a failure, servers that are opened for spare alone included.

    Args:
        case: what is planned; services are left out.
        rules: who may move after a failure, and whether deadlines hold then.
        time_limit_s: for the plan without the demand to survive, and again for the one with it [s].
        gap: of the plan without that demand.
        on_progress: told the best cost and bound so far.

    Returns:
        The plan; `Plan.spare` has what becomes of it after each failure, and the plan without that demand.

    Raises:
        InfeasibleProblem: proved: no plan survives.
        InputError: none was found, and there is no proof that there is none.
    """
    case = users_alone(case, "a plan with a spare server")
    Survival(case.problem, rules, Budget(time_limit_s)).require_numbers()
    reference = plan_case(case, "lagrangian", time_limit_s=time_limit_s, gap=gap, on_progress=on_progress)
    budget = Budget(min(time_limit_s, PATIENCE_S), on_progress=on_progress)
    budget.interrupted = reference.solution.interrupted
    survival = Survival(case.problem, rules, budget)
    before, certificate = reference.solution.placement, reference.solution.certificate
    assert certificate is not None
    with budget.catch_interrupt():
        best = before if reference.feasible and survival.survives(before.open, before.host, prove=True) else None
        if best is None:
            survival.require_hosts()
            parts = certificate.parts
            prices: Prices | None = min(parts, key=lambda each: each.lower_bound).prices if parts else None
            search = SpareSearch(survival, budget, prices, before)
            certificate = max(certificate, search.run(), key=lambda each: each.lower_bound)
            best = search.placement
        if best is None:
            if np.isinf(certificate.lower_bound):
                raise InfeasibleProblem(survival.no_plan())
            raise InputError(
                f"spare: no plan of '{case.name}' was found that survives every failure, nor a proof that there is "
                f"none; {_way_out(rules)}"
            )
        cases = tuple(_after(survival, best, k) for k in np.flatnonzero(best.open).tolist())
    timed_out = reference.solution.timed_out or budget.elapsed_s() >= time_limit_s
    solution = _solution(reference.solution, best, certificate, budget, timed_out=timed_out)
    return Plan(case, solution, notes=case.notes, spare=Spare(rules, reference, cases, survival.least_open()))


def _way_out(rules: FailureRules) -> str:
    others = []
    if rules.moves == STAY:
        others.append("let all users move (--failure-moves free)")
    if rules.deadlines == KEEP:
        others.append("count who is late (--failure-deadlines count)")
    return " or ".join([*others, "allow more time"])


def _solution(
    before: Solution, placement: Placement, certificate: Certificate, budget: Budget, *, timed_out: bool
) -> Solution:
    solution = replace(
        before,
        placement=placement,
        evaluation=evaluate(before.problem, placement),
        certificate=certificate,
        seconds=before.seconds + budget.elapsed_s(),
        interrupted=before.interrupted or budget.interrupted,
        timed_out=timed_out and not (before.interrupted or budget.interrupted),
    )
    gap = solution.gap
    if gap is not None and gap <= WIDE:
        return replace(solution, ended=Ending.PROVEN if gap <= CLOSED else Ending.GAP)
    if solution.interrupted:
        return replace(solution, ended=Ending.INTERRUPTED)
    return replace(solution, ended=Ending.TIME_LIMIT if solution.timed_out else Ending.EXHAUSTED)


def _after(survival: Survival, plan: Placement, k: int) -> FailureCase:
    """A plan on the other opened servers once k has failed; deadlines are kept where that is found to be possible."""
    problem, host = survival.problem, plan.host
    stay = host if survival.rules.moves == STAY else None
    displaced = np.flatnonzero(host == k)
    others = np.arange(problem.stations) != k
    after = survival.after(k, plan.open, stay, deadlines=problem.has_deadlines)
    found = _hosts_after(survival, after, host)
    if found is None and problem.has_deadlines and not survival.keeps:
        found = _hosts_after(survival, survival.after(k, plan.open, stay, deadlines=False), host)
    if found is None:
        found = survival.seats_after(k, plan.open, stay, prove=True)[1]
    assert found is not None
    placement = Placement(found, plan.open & others)
    evaluation = evaluate(after, placement)
    late = sorted({each.user for each in evaluation.violations if each.user is not None and each.kind != "forbidden"})
    lost = np.setdiff1d(after.unmeetable, problem.unmeetable)
    opening_s = float(problem.opening_s[placement.open].sum())
    return FailureCase(
        (k,),
        tuple(displaced.tolist()),
        placement,
        evaluation.cost + problem.beta * opening_s,
        None,
        tuple(np.flatnonzero(found != host).tolist()),
        tuple(late),
        tuple(np.setdiff1d(lost, late).tolist()),
    )


def _hosts_after(survival: Survival, problem: PlacementProblem, host: IntArray) -> IntArray | None:
    """(N,) hosts that keep the limits of a problem after a failure, those before kept where they may be; or None."""
    search = Search(problem, survival.budget)
    nobody = np.full(problem.users, NOBODY, np.int64)
    begin = np.where(problem.allowed[np.arange(problem.users), host], host, nobody)
    for start in (begin, nobody):
        if search.try_set(problem.capacity > 0, start):
            return search.host
    try:
        if not problem.has_deadlines and not problem.has_demand:
            return seat_remaining(problem, begin)
    except InfeasibleProblem:
        pass
    return None
