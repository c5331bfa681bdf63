"""Plans for a running system: close to the present placement, and without hosts that fail."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from twinhop.errors import InputError
from twinhop.placement import Placement, PlacementProblem, Solution
from twinhop.placement.move_costs import check_move_cost, with_move_costs
from twinhop.placement.policy import PlacementPolicy, PolicyLike, placement_policy
from twinhop.placement.problem import IntArray
from twinhop.plans.failed_hosts import FailureRules, asked_rules
from twinhop.plans.failure import stations_named, without_hosts
from twinhop.plans.limits import NO_TIME_S, Limits, check_limits, within_limits
from twinhop.plans.planning import Progress, load_source, make_case, plan_case, plan_services, solve_case
from twinhop.plans.replanning import better, moves_of, repaired
from twinhop.plans.result import Case, Failure, Plan, Present
from twinhop.plans.saved_placement import SavedPlacement, as_saved, present
from twinhop.plans.spare import plan_with_spare
from twinhop.plans.sparse.case import sparse_case
from twinhop.plans.sparse.plan import SparsePlan
from twinhop.plans.sparse.planning import plan_sparse, planned_on_candidates
from twinhop.scenario import Scenario


@dataclass(frozen=True)
class PlanRequest:
    """What is to be planned, from where, and without which hosts.

    Attributes:
        case: with all hosts.
        reduced: without those that fail; the same where none does.
        failed: indices of the stations that fail, or None.
        present: where the twins are now, or None.
        move_cost_s: what leaving the present host counts as [s].
        notes: what is worth saying.
        limits: how many twins may move, and how many servers change, at most.
        spare: how users go on after a failure that the plan is to survive, or None.
    """

    case: Case
    reduced: Case
    failed: IntArray | None
    present: Present | None
    move_cost_s: float
    notes: tuple[str, ...]
    limits: Limits = Limits()
    spare: FailureRules | None = None

    @property
    def problem(self) -> PlacementProblem:
        """The problem that is solved in the end."""
        return self.charged(self.reduced)

    def charged(self, case: Case) -> PlacementProblem:
        """The problem of a case with the costs of moves."""
        if self.present is None:
            return case.problem
        return with_move_costs(case.problem, self.present.host, self.move_cost_s)

    def starts(self, case: Case) -> tuple[Placement, ...]:
        """The present placement, where every user of the case has a host that it may still use."""
        problem = case.problem
        if self.present is None or not self.present.may_stay(problem.allowed).all():
            return ()
        host = self.present.host
        return (Placement(host, self.present.open & (problem.capacity > 0)),)


def plan_request(
    case: Case,
    without: Sequence[str] = (),
    start: "str | Path | SavedPlacement | Plan | None" = None,
    move_cost_s: float = 0.0,
    max_moves: int | None = None,
    max_server_changes: int | None = None,
    spare: FailureRules | None = None,
) -> PlanRequest:
    """Check what is asked for against a case, before anything is solved.

    Args:
        case: scenario or problem.
        without: names of stations that fail as hosts.
        start: the present placement: a placement.json, or a plan.
        move_cost_s: S >= 0 [s]; needs ``start``.
        max_moves: how many twins may move at most; needs ``start``.
        max_server_changes: how many servers may be opened or shut at most; needs ``start``.
        spare: how users go on after a failure that the plan is to survive.

    Raises:
        InputError: a name, a file or a number that cannot be used.
    """
    check_move_cost(move_cost_s)
    if start is None and move_cost_s > 0:
        raise InputError("move cost: from where do the twins move? Name the present placement with --from (`present`)")
    limits = Limits(max_moves, max_server_changes)
    if start is None and limits.given:
        raise InputError(
            f"{limits.name}: from where do the twins move? Name the present placement with --from (`present`)"
        )
    here = None if start is None else present(as_saved(start), case)
    notes = (*case.notes, *(() if here is None else here.notes))
    failed = stations_named(case, without) if without else None
    reduced, more = (case, ()) if failed is None else without_hosts(case, failed)
    if here is not None and limits.given:
        if case.world is not None and case.world.services:
            raise InputError(f"{limits.name}: '{case.name}' has services, which are placed anew; leave the limit out")
        check_limits(reduced.problem, here, limits)
    return PlanRequest(case, reduced, failed, here, move_cost_s, notes + more, limits, spare)


def spare_rules(
    policy: PlacementPolicy,
    spare: int | None,
    rules: FailureRules,
    *,
    others: bool,
) -> FailureRules | None:
    """How users go on after a failure that a plan is to survive; None where it need not survive any.

    Args:
        policy: that plans.
        spare: how many servers may fail; 1 is possible.
        rules: how they go on.
        others: whether a present placement, or servers that fail, are given as well.

    Raises:
        InputError: the number is another, or it does not go together with the rest.
    """
    if spare is None:
        return None
    if spare != 1:
        raise InputError(f"spare: got {spare}; expected 1: a plan that survives the failure of any one server")
    if policy.name != "lagrangian" or policy.own is not None:
        raise InputError(f"spare: policy {policy.name} does not look at failures; expected lagrangian")
    if others:
        raise InputError(
            "spare: goes neither with servers that fail (without, without any) nor with a present placement (from, "
            "move cost, max moves, max server changes); plan with spare alone"
        )
    return rules


def replan(
    request: PlanRequest,
    policy: PolicyLike,
    *,
    time_limit_s: float = float("inf"),
    gap: float | None = None,
    on_progress: Progress | None = None,
) -> Plan:
    """Plan a task; where hosts fail, plan it without that as well, by the same policy and under the same limits.

    Returns:
        The plan. After Ctrl-C it is the best so far; where that came before the plan without the hosts that fail was
        begun, it is the first that the policy finds.

    Raises:
        InfeasibleProblem: proved: no plan keeps the constraints.
    """
    if request.spare is not None:
        return plan_with_spare(request.case, request.spare, time_limit_s=time_limit_s, gap=gap, on_progress=on_progress)
    if request.failed is None and request.present is None:
        return plan_case(request.case, policy, time_limit_s=time_limit_s, gap=gap, on_progress=on_progress)

    def solved_at(case: Case, problem: PlacementProblem, limit_s: float) -> Solution:
        here = request.present
        solution = solve_case(case, policy, problem=problem, time_limit_s=limit_s, gap=gap, on_progress=on_progress)
        return solution if here is None or problem is case.problem else repaired(solution, here, limit_s)

    def solved(case: Case, limit_s: float) -> Solution:
        if request.present is None or not request.limits.given:
            return solved_at(case, request.charged(case), limit_s)
        return within_limits(
            case.problem,
            request.present,
            request.limits,
            request.move_cost_s,
            partial(solved_at, case),
            gap=gap,
            time_limit_s=limit_s,
        )

    def planned(case: Case, solution: Solution, *before: Placement) -> Plan:
        starts = [start for start in (*before, *request.starts(case)) if (case.problem.capacity[start.host] > 0).all()]
        plan = plan_services(case, solution, time_limit_s=time_limit_s, gap=gap, on_progress=on_progress, starts=starts)
        if request.present is not None:
            moves = moves_of(case.problem, plan.solution, request.present, request.move_cost_s)
            moves = replace(moves, most=request.limits.moves, most_servers=request.limits.servers)
            plan = replace(plan, moves=moves)
        return replace(plan, notes=request.notes)

    if request.failed is None:
        return planned(request.case, solved(request.case, time_limit_s))
    reference = planned(request.case, solved(request.case, time_limit_s))
    before = reference.solution.placement
    solution = solved(request.reduced, NO_TIME_S if reference.solution.interrupted else time_limit_s)
    if reference.solution.interrupted:
        solution = replace(solution, interrupted=True, timed_out=False)
    if solution.certificate is not None and reference.services is None and request.limits.servers is None:
        solution = better(solution, before)  # where no host in use fails nobody must move
    plan = planned(
        request.reduced, solution, replace(before, open=before.open & (request.reduced.problem.capacity > 0))
    )
    return replace(plan, failure=Failure(request.failed, reference))


def plan(
    source: Scenario | PlacementProblem | str | Path,
    policy: PolicyLike = "lagrangian",
    *,
    seed: int | None = None,
    time_limit_s: float = float("inf"),
    gap: float | None = None,
    on_progress: Progress | None = None,
    problem_format: str | None = None,
    without: Sequence[str] = (),
    present: str | Path | SavedPlacement | Plan | None = None,
    move_cost_s: float = 0.0,
    max_moves: int | None = None,
    max_server_changes: int | None = None,
    spare: int | None = None,
    failure_moves: str | None = None,
    failure_deadlines: str | None = None,
    candidates: int | None = None,
) -> Plan | SparsePlan:
    """Place the twins of a scenario or problem.

    A scenario of more than `twinhop.plans.sparse.WIDE_LINKS` links of users and stations is planned on the nearest
    stations of each user, with a bound that counts all stations; its result is a `SparsePlan`.

    Args:
        source: a scenario, a problem, a path or the name of a preset.
        policy: how to decide; ``lagrangian`` and ``exact`` give a certified lower bound. One of your own is a function
            of a `PlacementProblem` that returns N hosts or a `Placement`, or its name: ``mine.py:place``.
        seed: replaces the root seed of a scenario; seeds the policy's own draws for a problem.
        time_limit_s: wall-clock limit of the solve [s].
        gap: go on until cost / bound - 1 is at most this; 0 proves the optimum; None: until little more is gained.
        on_progress: told the best cost and bound so far while solving.
        problem_format: of a problem file, ``npz``, ``json``, ``sscflp`` or ``sscflp:LAYOUT``; None: by the file's name.
        without: names of stations that are assumed to fail as hosts; their radios still work. The plan is compared with
            the one without failure.
        present: where the twins are now: a saved placement.json, or a plan.
        move_cost_s: what each twin that leaves its present host costs, beside its latency [s].
        max_moves: how many twins may leave their present hosts at most; the bound is one on all such plans.
        max_server_changes: how many servers may be opened or shut at most; likewise.
        spare: 1: the plan still works when any one of its servers fails; the bound is one on all such plans.
        failure_moves: with ``spare``, after a failure: ``stay``, only users of the server that fails move, or ``free``.
        failure_deadlines: with ``spare``, after a failure: ``keep`` deadlines, or ``count`` who is late.
        candidates: plan on so many nearest stations of each user, whatever the size; None: by the size.

    Returns:
        The plan. Ctrl-C ends the solve with the best so far, ``plan.solution.interrupted``.

    Raises:
        InfeasibleProblem: proved: no plan keeps the constraints; its ``proof`` says which users and stations.
        InputError: the source or an argument is wrong.
    """
    loaded = load_source(source, seed, problem_format) if isinstance(source, str | Path) else source
    options = {"without": without, "present": present, "move_cost_s": move_cost_s, "max_moves": max_moves is not None}
    options |= {"max_server_changes": max_server_changes is not None, "spare": spare}
    scenario = planned_on_candidates(loaded, candidates, policy, options, seed)
    if scenario is not None:
        case = sparse_case(scenario, candidates)
        return plan_sparse(case, time_limit_s=time_limit_s, gap=gap, on_progress=on_progress)
    asked = asked_rules(failure_moves, failure_deadlines, asked=spare is not None)
    limited = move_cost_s > 0 or max_moves is not None or max_server_changes is not None
    others = bool(without) or present is not None or limited
    rules = spare_rules(placement_policy(policy), spare, asked, others=others)
    case = make_case(loaded, seed, Path(source).stem if isinstance(source, str | Path) else "")
    if rules is not None:
        return plan_with_spare(case, rules, time_limit_s=time_limit_s, gap=gap, on_progress=on_progress)
    if present is None and not without and move_cost_s == 0 and max_moves is None and max_server_changes is None:
        return plan_case(case, policy, time_limit_s=time_limit_s, gap=gap, on_progress=on_progress)
    request = plan_request(case, without, present, move_cost_s, max_moves, max_server_changes)
    return replan(request, policy, time_limit_s=time_limit_s, gap=gap, on_progress=on_progress)
