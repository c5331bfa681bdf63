"""Several policies on the same world, judged against one certified bound."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinhop.errors import InputError
from twinhop.failures import PolicyFailure, attempt, refuse_if_all_failed
from twinhop.own_code import policy_list
from twinhop.placement import PlacementProblem, policy_names
from twinhop.placement.policy import PlacementPolicy, PolicyLike, placement_policies
from twinhop.plans.ids import with_ids
from twinhop.plans.planning import Progress, make_case, plan_case
from twinhop.plans.result import Case, Plan
from twinhop.result import Result
from twinhop.scenario import Scenario
from twinhop.stats.gaps import gap_to_bound
from twinhop.text import counted, figure, in_a_line
from twinhop.units import cost_in_words

#: Policies compared where none are named: everything but the exact solver.
DEFAULT_POLICIES = ("nearest", "random", "random_association", "least_loaded", "greedy", "local_search", "lagrangian")
#: Gives the bound where no policy compared has one.
BOUNDING_POLICY = "lagrangian"


@dataclass(frozen=True)
class Comparison(Result):
    """Plans of one case by several policies.

    Attributes:
        case: what was planned.
        plans: one a policy, in the order asked for.
        lower_bound: the best certified bound; no feasible plan costs less. None where Ctrl-C came before any.
        bound_by: the policy that proved it, or None.
        interrupted: whether Ctrl-C ended it early; policies not reached are missing.
        failures: policies of the user's own that gave no plan, and why.
    """

    case: Case
    plans: tuple[Plan, ...]
    lower_bound: float | None
    bound_by: str | None
    interrupted: bool = False
    failures: tuple[PolicyFailure, ...] = ()

    def __repr__(self) -> str:
        return in_a_line(self, self.case.name, counted(len(self.plans), "plan"), figure("bound", self.lower_bound))

    def gap(self, plan: Plan) -> float | None:
        """Cost / bound - 1 of a plan, >= 0; None where it is infeasible or the bound is not > 0."""
        if not plan.feasible:
            return None
        return gap_to_bound(plan.cost, self.lower_bound)

    def bound_in_words(self, digits: int = 6) -> str:
        """The bound and who proved it, for titles."""
        if self.lower_bound is None:
            return "no bound yet"
        bound = cost_in_words(self.lower_bound, self.case.problem.money_unit, digits)
        return f"certified lower bound {bound} by {self.bound_by}; no feasible plan costs less"

    def rows(self) -> list[dict[str, Any]]:
        """One row a policy: cost, gap to the common bound, terms, opened servers, feasibility, time."""
        return [
            {
                "policy": plan.solution.policy,
                "cost": plan.cost,
                "gap": self.gap(plan),
                "latency_s": plan.solution.evaluation.latency_s,
                "opening_s": plan.solution.evaluation.opening_s,
                "energy_j": plan.solution.evaluation.energy_j,
                **self._rent(plan),
                **({} if plan.services is None else {"services_s": plan.services.latency_s}),
                "opened": int(plan.solution.placement.open.sum()),
                "feasible": plan.feasible,
                "violation_count": len(plan.solution.evaluation.violations),
                "seconds": plan.solution.seconds,
            }
            for plan in self.plans
        ]

    def _rent(self, plan: Plan) -> dict[str, float]:
        """What the opened servers cost a month; nothing where the cost is in seconds."""
        problem = self.case.problem
        return {"rent": problem.beta * plan.solution.evaluation.opening_s} if problem.currency else {}

    def to_json(self) -> dict[str, Any]:
        """The comparison as plain values, as `twinhop compare --json` prints it."""
        return {
            "source": self.case.name,
            "users": self.case.problem.users,
            "stations": self.case.problem.stations,
            "seed": self.case.seed,
            **self.case.problem.unit_to_json,
            "lower_bound": self.lower_bound,
            "bound_by": self.bound_by,
            "interrupted": self.interrupted,
            "policies": [
                row | with_ids({"open": plan.solution.placement.open.nonzero()[0].tolist()}, self.case.problem)
                for row, plan in zip(self.rows(), self.plans, strict=True)
            ],
            "failures": [each.to_json() for each in self.failures],
            "attribution": list(self.case.attribution),
            **({"notes": list(self.case.all_notes)} if self.case.all_notes else {}),
        }


def compare(
    source: Scenario | PlacementProblem | str | Path,
    policies: str | Sequence[PolicyLike] = DEFAULT_POLICIES,
    *,
    seed: int | None = None,
    time_limit_s: float = float("inf"),
    gap: float | None = None,
    on_progress: Progress | None = None,
    problem_format: str | None = None,
) -> Comparison:
    """Plan one scenario or problem by several policies.

    Args:
        source: a scenario, a problem, a path or the name of a preset.
        policies: names of policies, in one text parted by commas, and policies of your own as in `plan`; each sees the
            same world. Two of your own of one name are told apart by numbers.
        seed: replaces the root seed.
        time_limit_s: wall-clock limit of each solve [s]; a policy of your own then runs in a process that is ended
            where it goes on, if it can be sent to one.
        gap: certifying policies go on until this gap; None: until little more is gained.
        on_progress: told the best cost and bound so far while solving.
        problem_format: of a problem file, ``npz``, ``json``, ``sscflp`` or ``sscflp:LAYOUT``; None: by the file's name.

    Returns:
        The comparison. Where no policy gives a bound, `lagrangian` is run for it besides. A policy of your own that
        gives no plan is among `failures`; the others' plans are kept.

    Raises:
        PolicyFailed: no policy gave a plan.
        InfeasibleProblem: proved: no plan keeps the constraints.
        InputError: the source or an argument is wrong.
    """
    chosen = _chosen(policies)
    case = make_case(source, seed, problem_format=problem_format)
    for policy in chosen:
        policy.require(case.problem)
    plans: list[Plan] = []
    failures: list[PolicyFailure] = []

    def planned(policy: PlacementPolicy | str) -> Plan:
        return plan_case(case, policy, time_limit_s=time_limit_s, gap=gap, on_progress=on_progress)

    interrupted = False
    for policy in chosen:
        plan = attempt(lambda policy=policy: planned(policy), case.name, case.seed, policy.name)
        if isinstance(plan, PolicyFailure):
            failures.append(plan)
            continue
        plans.append(plan)
        interrupted = plan.solution.interrupted
        if interrupted:
            break
    refuse_if_all_failed(failures, len(plans))
    bounding = [plan for plan in plans if plan.lower_bound is not None]
    if not bounding and not interrupted:
        bounding = [planned(BOUNDING_POLICY)]
        interrupted = bounding[0].solution.interrupted
    best = max(bounding, key=lambda plan: plan.lower_bound or 0.0, default=None)
    bound, bound_by = (None, None) if best is None else (best.lower_bound, best.solution.policy)
    return Comparison(case, tuple(plans), bound, bound_by, interrupted, tuple(failures))


def _chosen(policies: str | Sequence[PolicyLike]) -> tuple[PlacementPolicy, ...]:
    policies = policy_list(policies)
    if not policies:
        raise InputError(f"policies: none given; accepted: {', '.join(policy_names())}")
    chosen = placement_policies(policies)
    names = [policy.name for policy in chosen]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise InputError(f"policies: {', '.join(sorted(twice))} given more than once")
    return chosen
