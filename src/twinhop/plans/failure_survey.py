"""What if servers fail, one after the other or several at once: what each failure costs, and which is the worst."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from pathlib import Path

import numpy as np

from twinhop.errors import InputError
from twinhop.placement import InfeasibleProblem, PlacementProblem, evaluate
from twinhop.placement.certificate import bound_below
from twinhop.placement.policy import PlacementPolicy, PolicyLike, placement_policy
from twinhop.placement.warm_start import nearby
from twinhop.plans.failed_hosts import COUNT, STAY, FailureCase, FailureRules, problem_after
from twinhop.plans.planning import Progress, make_case, plan_case, solve_case
from twinhop.plans.result import Case, Plan, plan_of_users_alone, users_alone
from twinhop.plans.saved_placement import SavedPlacement, plan_of_saved
from twinhop.result import Result
from twinhop.scenario import Scenario
from twinhop.text import counted, figure, in_a_line

#: Failures that one survey looks at, at most.
MOST_FAILURES = 500
#: How long a solve after a failure goes on while its gap is wide [s].
PATIENCE_S = 2.0

#: The word that stands for every opened server in turn, where stations that fail are named.
EACH = "each"

#: Told how many failures are done.
Done = Callable[[int, int], None]


@dataclass(frozen=True)
class FailureSurvey(Result):
    """What the failure of each opened server, or of several at once, costs.

    Attributes:
        plan: before any failure.
        rules: who may move, and what becomes of deadlines.
        together: how many servers fail at once.
        planned: how many failures there are to look at.
        cases: those looked at, in the order of the stations.
        interrupted: whether Ctrl-C ended it before all were.
    """

    plan: Plan = field(repr=False)
    rules: FailureRules
    together: int
    planned: int
    cases: tuple[FailureCase, ...] = field(repr=False)
    interrupted: bool = False

    def __repr__(self) -> str:
        worst = None if self.worst is None else f"worst {self.names(self.worst)}"
        change = None if self.worst is None else figure("cost change", self.change(self.worst))
        return in_a_line(self, self.plan.case.name, counted(len(self.cases), "failure"), worst, change)

    @cached_property
    def ranked(self) -> tuple[FailureCase, ...]:
        """The worst first: those without a plan, by twins that lose their host; then by what is broken, and by cost."""
        count = self.plan.case.problem.twins_in

        def key(case: FailureCase) -> tuple[float, ...]:
            if case.cost is None:
                return (0, -count(case.displaced), 0)
            late = count([*case.late, *case.newly_unmeetable])
            return (1, -case.violations, -late, -case.cost)

        return tuple(sorted(self.cases, key=key))

    @property
    def worst(self) -> FailureCase | None:
        """The first of them, None where no failure was looked at."""
        return self.ranked[0] if self.cases else None

    def names(self, case: FailureCase) -> str:
        """The stations that fail, by name."""
        return ", ".join(self.plan.case.problem.station_name(k) for k in case.stations)

    def change(self, case: FailureCase) -> float | None:
        """The cost of the plan after the failure, less that of the plan before."""
        return None if case.cost is None else case.cost - self.plan.cost

    def change_interval(self, case: FailureCase) -> tuple[float | None, float | None]:
        """What the failure costs at least and at most; see `change_interval`."""
        return change_interval(self.plan, case)


def change_interval(plan: Plan, case: FailureCase) -> tuple[float | None, float | None]:
    """What a failure costs at least and at most, between the best plans before and after it.

    ``bound after - cost before <= best after - best before <= cost after - bound before``; and never less than 0 where
    all deadlines that hold before hold after, as the plan after it could have been used before. An end is None where
    the certificate for it is missing, or a plan breaks constraints.

    Args:
        plan: before the failure.
        case: the failure.
    """
    low = high = None
    if case.lower_bound is not None and plan.feasible and case.placement is not None:
        low = case.lower_bound - plan.cost
        low = low if case.newly_unmeetable or case.late else max(low, 0.0)
    if case.cost is not None and not case.violations and plan.lower_bound is not None:
        high = case.cost - plan.lower_bound
    return low, high


def failures_of(plan: Plan, together: int) -> tuple[tuple[int, ...], ...]:
    """The sets of opened servers that may fail at once.

    Raises:
        InputError: so many cannot, or there are too many sets.
    """
    opened, name = np.flatnonzero(plan.solution.placement.open).tolist(), plan.case.name
    check_together(plan.case, together)
    together = min(together, len(opened))
    ways = math.comb(len(opened), together)
    if ways > MOST_FAILURES:
        raise InputError(
            f"without any: {together} of the {len(opened)} opened servers of '{name}' fail together in {ways} ways; "
            f"accepted: at most {MOST_FAILURES}; look at single ones with --without A,B"
        )
    return tuple(combinations(opened, together))


def asked_together(case: Case, without: Sequence[str], without_any: int | None) -> int | None:
    """How many servers fail at once where every such failure is asked for; None where named stations fail, or none.

    Args:
        case: whose stations fail.
        without: names of stations, or `EACH`.
        without_any: how many.

    Raises:
        InputError: both are given, or a station has the name that stands for all.
    """
    if without_any is not None:
        if without:
            raise InputError("without any: stations that fail are named as well; give --without or --without-any")
        check_together(case, without_any)
        return without_any
    if EACH not in [word.strip() for name in without for word in name.split(",")]:
        return None
    problem = case.problem
    if EACH in [problem.station_name(k) for k in range(problem.stations)]:
        if list(without) != [EACH]:
            return None
        raise InputError(
            f"without: '{EACH}' is a station of '{case.name}' and stands for every server in turn too; "
            f"--without-any 1 means these, --without {EACH}, (with a comma) the station"
        )
    if list(without) != [EACH]:
        raise InputError(f"without: '{EACH}' stands for every server in turn; expected it alone, or names of stations")
    check_together(case, 1)
    return 1


def check_together(case: Case, together: int) -> None:
    """Refuse a number of servers that cannot fail at once.

    Raises:
        InputError: it is below 1, or no host would be left.
    """
    hosts = int((case.problem.capacity > 0).sum())
    if together < 1:
        raise InputError(f"without any: got {together}; expected a whole number >= 1")
    if together >= hosts:
        raise InputError(
            f"without any: {counted(together, 'failure')} at once, but '{case.name}' has {counted(hosts, 'station')} "
            "that may host, and one must be left"
        )


def survey(
    plan: Plan,
    together: int = 1,
    rules: FailureRules | None = None,
    policy: PolicyLike = "lagrangian",
    *,
    time_limit_s: float = float("inf"),
    gap: float | None = None,
    on_done: Done | None = None,
) -> FailureSurvey:
    """What if each opened server of a plan fails, or each set of several; see `survey_failures`."""
    rules = rules or FailureRules()
    plan = plan_of_users_alone(plan, "a survey of failures")
    chosen = _from_the_plan(plan, placement_policy(policy))
    sets = failures_of(plan, together)
    cases: list[FailureCase] = []
    interrupted = plan.solution.interrupted
    try:
        for at, stations in enumerate([] if interrupted else sets):
            case, interrupted = _look_at(plan, stations, rules, chosen, time_limit_s, gap)
            cases.append(case)
            if interrupted:
                interrupted = at + 1 < len(sets)
                break
            if on_done is not None:
                on_done(at + 1, len(sets))
    except KeyboardInterrupt:
        interrupted = True
    return FailureSurvey(plan, rules, together, len(sets), tuple(cases), interrupted)


def survey_failures(
    source: Plan | Scenario | PlacementProblem | str | Path,
    together: int = 1,
    *,
    failure_moves: str = "free",
    failure_deadlines: str = "keep",
    policy: PolicyLike = "lagrangian",
    placement: str | Path | SavedPlacement | Plan | None = None,
    seed: int | None = None,
    time_limit_s: float = float("inf"),
    gap: float | None = None,
    on_progress: Progress | None = None,
    problem_format: str | None = None,
) -> FailureSurvey:
    """What the failure of each opened server costs, or of several at once, and which is the worst.

    A server that fails hosts nothing; its radio still works. Servers that the plan leaves closed are not looked at: the
    plan goes on without them at the same cost.

    Args:
        source: a plan, or a scenario, a problem, a path or the name of a preset, which is planned first.
        together: how many servers fail at once; of every set of so many opened ones.
        failure_moves: ``stay``: only users of servers that fail move; ``free``: all may.
        failure_deadlines: ``keep``: deadlines hold after the failure too; ``count``: where they cannot be kept, who is
            late is counted.
        policy: plans before and after; `lagrangian` goes on from the plan before.
        placement: the placement before any failure: a placement.json, or a plan; None: it is planned.
        seed: replaces the root seed of a scenario.
        time_limit_s: wall-clock limit of each solve [s].
        gap: of each solve; see `plan`.
        on_progress: told the best cost and bound so far while the plan before is made.
        problem_format: of a problem file; see `plan`.

    Returns:
        The failures. Ctrl-C keeps those that were looked at, ``interrupted``.

    Raises:
        InfeasibleProblem: proved: no plan keeps the constraints even without a failure.
        InputError: the source or an argument is wrong, or there are too many sets.
    """
    rules = FailureRules(failure_moves, failure_deadlines)
    if isinstance(source, Plan):
        if placement is not None:
            raise InputError("placement: the plan given has one; give a scenario with a placement, or a plan alone")
        return survey(source, together, rules, policy, time_limit_s=time_limit_s, gap=gap)
    case = users_alone(make_case(source, seed, problem_format=problem_format), "a survey of failures")
    check_together(case, together)
    if placement is not None:
        plan = plan_of_saved(case, placement)
    else:
        plan = plan_case(case, policy, time_limit_s=time_limit_s, gap=gap, on_progress=on_progress)
    return survey(plan, together, rules, policy, time_limit_s=time_limit_s, gap=gap)


def _from_the_plan(plan: Plan, policy: PlacementPolicy) -> PlacementPolicy:
    """The policy; `lagrangian` as it goes on from the plan's hosts and prices."""
    if policy.name != "lagrangian" or policy.own is not None:
        return policy
    certificate = plan.solution.certificate
    parts = () if certificate is None else certificate.parts
    prices = min(parts, key=lambda each: each.lower_bound).prices if parts else None
    return nearby(plan.solution.placement.host, prices)


def _look_at(
    plan: Plan,
    stations: tuple[int, ...],
    rules: FailureRules,
    policy: PlacementPolicy,
    time_limit_s: float,
    gap: float | None,
) -> tuple[FailureCase, bool]:
    """One failure; and whether Ctrl-C ended its solve."""
    host = plan.solution.placement.host
    displaced = tuple(np.flatnonzero(np.isin(host, stations)).tolist())
    before = plan.case.problem
    problem = problem_after(before, stations, host if rules.moves == STAY else None)
    lost = np.setdiff1d(problem.unmeetable, before.unmeetable)
    if rules.moves == STAY:  # others are as late as before
        lost = np.intersect1d(lost, displaced)
    limits = {"time_limit_s": time_limit_s, "gap": gap, "patience_s": PATIENCE_S}
    relaxed = problem
    try:
        try:
            solution = solve_case(plan.case, policy, problem=problem, **limits)
        except InfeasibleProblem as error:
            if rules.deadlines != COUNT or not problem.has_deadlines:
                return FailureCase(stations, displaced, proof=error.proof), False
            relaxed = problem_after(before, stations, host if rules.moves == STAY else None, deadlines=False)
            solution = solve_case(plan.case, policy, problem=relaxed, **limits)
    except InfeasibleProblem as error:
        return FailureCase(stations, displaced, proof=error.proof), False
    evaluation = evaluate(problem, solution.placement)
    tardy = (each.user for each in evaluation.violations if each.kind in ("deadline", "cpu"))
    late = sorted({user for user in tardy if user is not None})
    counts = relaxed is not problem
    bound = None if solution.certificate is None else solution.certificate.lower_bound
    broken = [each for each in evaluation.violations if not counts or each.kind not in ("deadline", "cpu")]
    if bound is not None and not broken:
        bound = bound_below(evaluation.cost, bound, "after a failure")
    case = FailureCase(
        stations,
        displaced,
        solution.placement,
        evaluation.cost,
        bound,
        tuple(np.flatnonzero(solution.placement.host != host).tolist()),
        tuple(late) if counts else (),
        tuple(lost.tolist()),
        len(broken),
        seconds=solution.seconds,
    )
    return case, solution.interrupted
