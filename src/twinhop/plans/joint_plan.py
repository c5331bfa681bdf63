"""One plan for many cases of the same stations: the hours of a day, forecasts, or samples of the load."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from twinhop.errors import InputError
from twinhop.placement import PlacementProblem, Solution
from twinhop.placement.budget import WIDE
from twinhop.placement.problem import BoolArray, FloatArray
from twinhop.placement.two_stage import RiskMeasure, TwoStageProblem, TwoStageSolution, solve_two_stage
from twinhop.placement.two_stage.risk import RiskKind
from twinhop.plans.hours import cases_of_hours
from twinhop.plans.ids import with_ids
from twinhop.plans.planning import Progress, make_case
from twinhop.plans.result import Case, Plan, users_alone
from twinhop.plans.robustness import check_sampling, loaded
from twinhop.result import Result
from twinhop.scenario import Scenario
from twinhop.streams import LOAD_SAMPLES, stream
from twinhop.text import counted, figure, in_a_line, in_percent

#: What cases weigh in their mean: numbers above 0; ``users``, as many as there are in each; None: all alike.
Weights = Sequence[float] | Literal["users"] | None
#: The level of `cvar` unless another is given: the mean of the dearest fifth.
CVAR_LEVEL = 0.2
#: Samples of a joint plan at most: each is a problem of its own.
MOST_SAMPLES = 1000


@dataclass(frozen=True)
class JointPlan(Result):
    """The servers that are best for many cases together, and the association of each.

    Attributes:
        name: of the scenario.
        cases: the hours, forecasts or samples, of the same stations.
        labels: what each is called: ``hour 7``, ``sample 3``, the name of a forecast.
        noun: what one is: ``hour``, ``forecast`` or ``sample``.
        solution: servers, associations and certificate.
        hours: the hour of the day of each case; None where they are no hours.
        seed: of the walks.
        notes: what is worth knowing about how it came about.
    """

    name: str
    cases: tuple[Case, ...] = field(repr=False)
    labels: tuple[str, ...] = field(repr=False)
    noun: str
    solution: TwoStageSolution
    hours: tuple[int, ...] | None = field(default=None, repr=False)
    seed: int = 0
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        parts = (figure("cost", self.cost), figure("bound", self.lower_bound), in_percent("gap", self.gap))
        size = counted(len(self.cases), self.noun)
        return in_a_line(self, self.name, size, self.risk.kind, *parts, None if self.feasible else "infeasible")

    @property
    def risk(self) -> RiskMeasure:
        """What the costs of the cases count as together."""
        return self.solution.problem.risk

    @property
    def cost(self) -> float:
        """The risk of the costs of the cases; each pays for all servers opened."""
        return self.solution.cost

    @property
    def lower_bound(self) -> float:
        """No feasible plan with one set of servers for all cases has less."""
        return self.solution.lower_bound

    @property
    def gap(self) -> float | None:
        """Cost / bound - 1, or None."""
        return self.solution.gap

    @property
    def feasible(self) -> bool:
        """Whether every constraint holds in every case."""
        return self.solution.feasible

    @property
    def is_wide(self) -> bool:
        """Whether the gap is above 1 %, or there is none."""
        return self.gap is None or self.gap > WIDE

    @property
    def money_unit(self) -> str:
        """The unit of costs in money; empty where they are in seconds."""
        return self.cases[0].problem.money_unit

    @property
    def opened(self) -> BoolArray:
        """(M,) the servers opened."""
        return self.solution.opened

    @property
    def weight(self) -> FloatArray:
        """(S,) the share of each case in the mean."""
        return self.solution.problem.probability

    @property
    def dearest(self) -> int:
        """The index of the case that costs most."""
        return int(np.argmax(self.solution.costs))

    @property
    def own_mean(self) -> float:
        """The risk of the bounds of plans with servers of their own in each case: what no changing of servers beats."""
        return self.solution.problem.risk_of(self.solution.own_bound)

    def plan_of(self, at: int) -> Plan:
        """The plan of one case, with the servers of all; without a bound, as other servers may be better for it."""
        solution, case = self.solution, self.cases[at]
        alone = Solution(
            problem=case.problem,
            policy="lagrangian",
            placement=solution.placements[at],
            evaluation=solution.evaluations[at],
            certificate=None,
            seconds=solution.seconds,
            seed=solution.seed,
            interrupted=solution.interrupted,
            timed_out=solution.timed_out,
        )
        words = (
            f"the servers are those of one plan for {counted(len(self.cases), self.noun)}; this is {self.labels[at]}"
        )
        return Plan(case, alone, notes=(*case.notes, words))

    def rows(self) -> list[dict[str, Any]]:
        """One row a case: weight, users, cost and its terms, servers in use, the bound of a plan for it alone."""
        solution = self.solution
        rows = []
        for at, (case, evaluation) in enumerate(zip(self.cases, solution.evaluations, strict=True)):
            own, found = float(solution.own_bound[at]), float(solution.own_cost[at])
            rows.append(
                {
                    "case": self.labels[at],
                    **({} if self.hours is None else {"hour": self.hours[at]}),
                    "weight": float(self.weight[at]),
                    "users": _whole(case.problem.people),
                    "cost": _finite(evaluation.cost),
                    "latency_s": _finite(evaluation.latency_s),
                    "communication_s": _finite(evaluation.communication_s),
                    "computing_s": _finite(evaluation.computing_s),
                    "opening_s": evaluation.opening_s,
                    "energy_j": evaluation.energy_j,
                    "in_use": int((solution.placements[at].loads() > 0).sum()),
                    "own_lower_bound": _finite(own),
                    "own_cost": _finite(found),
                    "above_own": evaluation.cost / own - 1 if own > 0 and math.isfinite(evaluation.cost) else None,
                    "weight_in_bound": float(solution.certificate.weight[at]),
                    "violations": len(evaluation.violations),
                    "dearest": at == self.dearest,
                }
            )
        return rows

    def to_json(self) -> dict[str, Any]:
        """The plan as plain values, as `twinhop plan --hours ... --json` prints it; hosts by index, a list a case."""
        solution, problem = self.solution, self.cases[0].problem
        opened = np.flatnonzero(self.opened).tolist()
        return {
            "source": self.name,
            **problem.unit_to_json,
            "planned_together": self.noun,
            "robust": self.risk.kind,
            "cvar_level": self.risk.level if self.risk.kind == "cvar" else None,
            "cost": _finite(self.cost),
            "lower_bound": _finite(self.lower_bound),
            "gap": self.gap,
            "gap_is_wide": self.is_wide,
            "own_lower_bound": _finite(self.own_mean),
            **problem.unit_to_json,
            "feasible": self.feasible,
            "stations": problem.stations,
            "open": opened,
            "open_ids": [problem.station_name(k) for k in opened],
            "dearest": self.labels[self.dearest],
            "cases": [
                row | with_ids({"host": placement.host.tolist()}, problem)
                for row, placement in zip(self.rows(), solution.placements, strict=True)
            ],
            "seconds": solution.seconds,
            "seed": solution.seed,
            "interrupted": solution.interrupted,
            "timed_out": solution.timed_out,
            **({"notes": list(self.notes)} if self.notes else {}),
        }


def _whole(value: float) -> float | int:
    return int(value) if value.is_integer() else value


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def risk_measure(robust: str = "mean", cvar_level: float | None = None) -> RiskMeasure:
    """The risk measure that is meant.

    Raises:
        InputError: no such measure, a level out of range, or a level without ``cvar``.
    """
    kind: RiskKind = robust  # type: ignore[assignment]
    if robust != "cvar":
        if cvar_level is not None:
            RiskMeasure(kind)
            raise InputError(f"cvar_level: is of cvar alone, this is {robust}; leave it out, or use cvar")
        return RiskMeasure(kind)
    return RiskMeasure("cvar", CVAR_LEVEL if cvar_level is None else cvar_level)


def plan_hours(
    source: Scenario | str | Path,
    hours: Sequence[int] = tuple(range(24)),
    *,
    robust: str = "mean",
    cvar_level: float | None = None,
    weights: Weights = None,
    seed: int | None = None,
    time_limit_s: float = math.inf,
    gap: float | None = None,
    on_progress: Progress | None = None,
) -> JointPlan:
    """One plan for many hours of the day: servers are opened once, users are associated hour by hour.

    Args:
        source: a scenario with a section ``load``, its path, or the name of a preset.
        hours: from 0 to 23, none twice.
        robust: ``mean`` of the costs of the hours, ``worst`` hour, or ``cvar``, the mean of the dearest hours.
        cvar_level: share of the hours that ``cvar`` means, above 0 and at most 1; None: 0.2.
        weights: of the hours in the mean, above 0, divided by their sum; ``users``: as many as there are in each hour,
            so that every user of the day counts alike; None: all hours alike.
        seed: replaces the scenario's root seed.
        time_limit_s: wall-clock limit of the solve [s].
        gap: go on until cost / bound - 1 is at most this; None: until little more is gained.
        on_progress: told the best cost and bound so far.

    Returns:
        The plan. Ctrl-C ends the solve with the best so far.

    Raises:
        InfeasibleScenario: proved: one hour has no feasible plan, whichever servers are opened.
        InputError: the source or an argument is wrong.
    """
    hours = tuple(hours)
    if not hours:
        raise InputError("hours: there are none; expected some from 0 to 23")
    if len(set(hours)) < len(hours):
        raise InputError(
            f"hours: {next(each for each in hours if hours.count(each) > 1)} comes twice; expected each once"
        )
    cases = cases_of_hours(source, hours, seed)
    labels = tuple(f"hour {hour}" for hour in hours)
    risk = risk_measure(robust, cvar_level)
    limits: dict[str, Any] = {"time_limit_s": time_limit_s, "gap": gap, "on_progress": on_progress}
    return replace(plan_cases(cases, labels, "hour", risk, weights, **limits), hours=hours)


def plan_forecasts(
    sources: Sequence[Scenario | PlacementProblem | str | Path],
    *,
    robust: str = "mean",
    cvar_level: float | None = None,
    weights: Weights = None,
    seed: int | None = None,
    time_limit_s: float = math.inf,
    gap: float | None = None,
    on_progress: Progress | None = None,
    problem_format: str | None = None,
) -> JointPlan:
    """One plan for many scenarios or problems of the same stations, such as forecasts; see `plan_hours`.

    Args:
        sources: scenarios, problems, paths or names of presets; stations are the same, in the same order.
        robust: as of `plan_hours`.
        cvar_level: as there.
        weights: as there, one a source.
        seed: as there, of every scenario.
        time_limit_s: as there.
        gap: as there.
        on_progress: as there.
        problem_format: of problem files, as of `plan`.
    """
    if not sources:
        raise InputError("sources: there are none; expected at least one scenario or problem")
    cases = tuple(make_case(each, seed, problem_format=problem_format) for each in sources)
    limits: dict[str, Any] = {"time_limit_s": time_limit_s, "gap": gap, "on_progress": on_progress}
    return plan_cases(
        cases, _unlike([case.name for case in cases]), "forecast", risk_measure(robust, cvar_level), weights, **limits
    )


def plan_samples(
    source: Scenario | str | Path,
    samples: int,
    load: float,
    *,
    robust: str = "mean",
    cvar_level: float | None = None,
    seed: int | None = None,
    time_limit_s: float = math.inf,
    gap: float | None = None,
    on_progress: Progress | None = None,
) -> JointPlan:
    """One plan for many samples of the users' load; see `plan_hours`.

    Each sample multiplies the sizes of every user by a factor of its own, uniform in [1 - X, 1 + X], as `robustness`
    does; the draws are others (stream ``plan.load``), so that `robustness` tests the plan on loads that it was not made
    for.

    Args:
        source: a scenario, its path, or the name of a preset.
        samples: how many.
        load: X in (0, 1].
        robust: as of `plan_hours`.
        cvar_level: as there.
        seed: replaces the scenario's root seed, of the world as of the factors.
        time_limit_s: as there.
        gap: as there.
        on_progress: as there.
    """
    case = users_alone(make_case(source, seed), "a plan for many samples")
    check_sampling(case, load, samples)
    if samples > MOST_SAMPLES:
        raise InputError(f"samples: got {samples}; expected at most {MOST_SAMPLES}, as each is planned for")
    factors = stream(case.seed, LOAD_SAMPLES)
    users = case.problem.users
    cases = tuple(
        replace(case, problem=loaded(case, factors.uniform(1 - load, 1 + load, users))) for _ in range(samples)
    )
    limits: dict[str, Any] = {"time_limit_s": time_limit_s, "gap": gap, "on_progress": on_progress}
    labels = tuple(f"sample {at}" for at in range(1, samples + 1))
    return plan_cases(cases, labels, "sample", risk_measure(robust, cvar_level), None, **limits)


def plan_cases(
    cases: Sequence[Case],
    labels: Sequence[str],
    noun: str,
    risk: RiskMeasure,
    weights: Weights = None,
    *,
    time_limit_s: float = math.inf,
    gap: float | None = None,
    on_progress: Progress | None = None,
) -> JointPlan:
    """One plan for cases already made; see `plan_hours`."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cases = tuple(users_alone(case, "one plan for many cases") for case in cases)
    for text, category in dict.fromkeys((str(each.message), each.category) for each in caught):
        warnings.warn(text, category, stacklevel=2)
    if isinstance(weights, str):
        if weights != "users":
            raise InputError(f"weights: got {weights!r}; expected numbers above 0, or users")
        weights = [case.problem.people for case in cases]
    problem = TwoStageProblem(tuple(case.problem for case in cases), weights, risk, tuple(labels))
    seed = cases[0].seed
    solution = solve_two_stage(problem, seed=seed, time_limit_s=time_limit_s, gap=gap, on_progress=on_progress)
    notes = tuple(dict.fromkeys(note for case in cases for note in case.notes))
    return JointPlan(cases[0].name, cases, tuple(labels), noun, solution, seed=seed, notes=notes)


def _unlike(names: Sequence[str]) -> tuple[str, ...]:
    """The names, numbered where one comes twice."""
    return tuple(f"{name} ({at})" if names.count(name) > 1 else name for at, name in enumerate(names, 1))
