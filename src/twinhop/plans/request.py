"""Plans for a running system: close to the present placement, and without hosts that fail."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from twinhop.errors import InputError
from twinhop.placement import Placement, PlacementProblem, Solution, solve
from twinhop.placement.problem import IntArray
from twinhop.plans.failure import Failure, stations_named, without_hosts
from twinhop.plans.planning import Case, Plan, Progress, plan_case, plan_services
from twinhop.plans.replanning import better, check_move_cost, mended, moves_of, with_move_costs
from twinhop.plans.saved_placement import Present, SavedPlacement, as_saved, present

#: A time limit after which a policy returns the first plan that it finds [s].
NO_TIME_S = 1e-9


@dataclass(frozen=True)
class Task:
    """What is to be planned, from where, and without which hosts.

    Attributes:
        case: with all hosts.
        reduced: without those that fail; the same where none does.
        failed: indices of the stations that fail, or None.
        present: where the twins are now, or None.
        move_cost_s: what leaving the present host counts as [s].
        notes: what is worth saying.
    """

    case: Case
    reduced: Case
    failed: IntArray | None
    present: Present | None
    move_cost_s: float
    notes: tuple[str, ...]

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
        if self.present is None or self.present.new_users.size:
            return ()
        problem, host = case.problem, self.present.host
        if not problem.allowed[np.arange(problem.users), host].all():
            return ()
        return (Placement(host, self.present.open & (problem.capacity > 0)),)


def set_task(
    case: Case,
    without: Sequence[str] = (),
    start: "str | Path | SavedPlacement | Plan | None" = None,
    move_cost_s: float = 0.0,
) -> Task:
    """Check what is asked for against a case, before anything is solved.

    Args:
        case: scenario or problem.
        without: names of stations that fail as hosts.
        start: the present placement: a placement.json, or a plan.
        move_cost_s: S >= 0 [s]; needs ``start``.

    Raises:
        InputError: a name, a file or a number that cannot be used.
    """
    check_move_cost(move_cost_s)
    if start is None and move_cost_s > 0:
        raise InputError("move cost: from where do the twins move? Name the present placement with --from (`present`)")
    here = None if start is None else present(as_saved(start), case)
    notes = () if here is None else here.notes
    if not without:
        return Task(case, case, None, here, move_cost_s, notes)
    failed = stations_named(case, without)
    reduced, more = without_hosts(case, failed)
    return Task(case, reduced, failed, here, move_cost_s, notes + more)


def operate(
    task: Task,
    policy: str,
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
    if task.failed is None and task.present is None:
        return plan_case(task.case, policy, time_limit_s=time_limit_s, gap=gap, on_progress=on_progress)

    def solved(case: Case, limit_s: float) -> Solution:
        solution = solve(
            task.charged(case), policy, seed=case.seed, time_limit_s=limit_s, gap=gap, on_progress=on_progress
        )
        if task.present is None or task.move_cost_s == 0:
            return solution
        return mended(solution, task.present, limit_s)

    def planned(case: Case, solution: Solution, *before: Placement) -> Plan:
        starts = [start for start in (*before, *task.starts(case)) if (case.problem.capacity[start.host] > 0).all()]
        plan = plan_services(case, solution, time_limit_s=time_limit_s, gap=gap, on_progress=on_progress, starts=starts)
        if task.present is not None:
            plan = replace(plan, moves=moves_of(case.problem, plan.solution, task.present, task.move_cost_s))
        return replace(plan, notes=task.notes)

    if task.failed is None:
        return planned(task.case, solved(task.case, time_limit_s))
    reference = planned(task.case, solved(task.case, time_limit_s))
    before = reference.solution.placement
    solution = solved(task.reduced, NO_TIME_S if reference.solution.interrupted else time_limit_s)
    if reference.solution.interrupted:
        solution = replace(solution, interrupted=True, timed_out=False)
    if solution.certificate is not None and reference.services is None:  # where no host in use fails nobody must move
        solution = better(solution, before)
    plan = planned(task.reduced, solution, replace(before, open=before.open & (task.reduced.problem.capacity > 0)))
    return replace(plan, failure=Failure(task.failed, reference))
