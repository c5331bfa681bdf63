"""How often a plan breaks when every user's load varies: a sample of loads, the placement kept, CPU shared anew."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.formulation import formulate
from twinhop.placement import Evaluation, PlacementProblem, evaluate
from twinhop.placement.evaluation import DEADLINE_TOLERANCE
from twinhop.placement.policy import PolicyLike
from twinhop.plans.ids import with_ids
from twinhop.plans.planning import make_case, plan_case
from twinhop.plans.result import Case, Plan, plan_of_users_alone, users_alone
from twinhop.plans.saved_placement import SavedPlacement, plan_of_saved
from twinhop.result import Result
from twinhop.scenario import Scenario
from twinhop.stats.intervals import wilson_interval
from twinhop.stats.quantiles import sample_summary
from twinhop.streams import LOAD_FACTORS, stream
from twinhop.text import counted, in_a_line, in_percent

#: Users and stations named in reports.
NAMED = 10
MOST_SAMPLES = 1_000_000

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
#: Told how many samples are done, and of them broken.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Robustness(Result):
    """What became of a plan under S samples of load.

    A sample is broken where a deadline is missed that the plan meets.

    Attributes:
        plan: whose placement is kept.
        load: X, the largest relative deviation of a user's load [1].
        seed: root seed of the factors.
        cost: (S,) cost of the placement.
        latency_s: (S,) mean latency that the cost counts [s].
        missed: (S,) how many deadlines are missed that the plan meets; None without deadlines.
        user_missed: (N,) in how many samples each user's is; None without deadlines.
        station_broken: (M,) in how many samples some user on each station misses its own; None without deadlines.
    """

    plan: Plan = field(repr=False)
    load: float
    seed: int
    cost: FloatArray
    latency_s: FloatArray
    missed: NDArray[np.int64] | None
    user_missed: NDArray[np.int64] | None
    station_broken: NDArray[np.int64] | None

    def __repr__(self) -> str:
        load = f"load +-{100 * self.load:g} %"
        return in_a_line(
            self, self.plan.case.name, load, counted(self.samples, "sample"), in_percent("broken", self.broken_share)
        )

    @property
    def samples(self) -> int:
        """S, the number of samples."""
        return self.cost.size

    @property
    def broken(self) -> int | None:
        """How many samples are broken; None without deadlines."""
        return None if self.missed is None else int((self.missed > 0).sum())

    @property
    def broken_share(self) -> float | None:
        """The share of samples that are broken; None without deadlines."""
        return None if self.broken is None else self.broken / self.samples

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % confidence interval of that share (Wilson); None without deadlines."""
        return None if self.broken is None else wilson_interval(self.broken, self.samples)

    def most_broken(self, counts: NDArray[np.int64] | None) -> list[int]:
        """The indices of what breaks in most samples, first; those that never break are left out."""
        if counts is None:
            return []
        return [int(at) for at in np.argsort(-counts, kind="stable") if counts[at] > 0]

    def to_json(self) -> dict[str, Any]:
        """The result as plain values, as `twinhop robustness --json` prints it."""
        problem = self.plan.case.problem
        return {
            "source": self.plan.case.name,
            "policy": self.plan.solution.policy,
            "users": problem.users,
            "stations": problem.stations,
            **with_ids({"open": self.plan.solution.placement.open.nonzero()[0].tolist()}, problem),
            "load": self.load,
            "samples": self.samples,
            "seed": self.seed,
            **problem.unit_to_json,
            "planned_cost": self.plan.evaluation.cost,
            "planned_latency_s": self.plan.evaluation.latency_s,
            "planned_violations": len(self.plan.evaluation.violations),
            "broken": self.broken,
            "broken_share": self.broken_share,
            "broken_interval": None if self.interval is None else list(self.interval),
            "cost": sample_summary(self.cost),
            "latency_s": sample_summary(self.latency_s),
            "missed": None if self.missed is None else sample_summary(self.missed),
            "breaking_users": _counted("user", self.most_broken(self.user_missed), self.user_missed, problem.user_name),
            "breaking_stations": _counted(
                "station", self.most_broken(self.station_broken), self.station_broken, problem.station_name
            ),
            "notes": list(self.plan.notes),
        }


def _counted(
    noun: str, indices: list[int], counts: NDArray[np.int64] | None, name: Callable[[int], str]
) -> list[dict[str, Any]]:
    return [] if counts is None else [{noun: at, f"{noun}_id": name(at), "broken": int(counts[at])} for at in indices]


def parse_load(text: str) -> float:
    """The share that a load option means: ``20`` and ``20%`` are 0.2.

    Raises:
        InputError: no number, or not in (0, 100] per cent; without a per cent sign numbers below 1 are refused, lest
            0.2 be taken for 20 %.

    >>> parse_load("20"), parse_load("0.5%")
    (0.2, 0.005)
    """
    match = re.fullmatch(r"\s*(?:±|\+-|\+/-)?\s*([0-9]*\.?[0-9]+)\s*(%?)\s*", text)
    percent = float(match[1]) if match else math.nan
    if not match or not 0 < percent <= 100:
        raise InputError(f"load: got '{text}'; expected a percentage above 0 and at most 100, such as 20 for +-20 %")
    if not match[2] and percent < 1:
        raise InputError(
            f"load: got {text}, less than 1 per cent: write {percent:g}%, or {100 * percent:g} if meant so"
        )
    return percent / 100


def check_sampling(case: Case, load: float, samples: int, seed: int | None = None) -> None:
    """Raise InputError where a case cannot be sampled, or an argument is out of range."""
    if case.world is None:
        raise InputError(f"{case.name}: is a problem file, which holds no sizes to vary; robustness needs a scenario")
    if not 0 < load <= 1:
        raise InputError(f"load: got {load:g}; expected a share above 0 and at most 1 (0.2 is +-20 %)")
    if not 1 <= samples <= MOST_SAMPLES:
        raise InputError(f"samples: got {samples}; expected a whole number from 1 to {MOST_SAMPLES}")
    if seed is not None and seed < 0:
        raise InputError(f"seed: got {seed}; expected a whole number >= 0")


def sample_robustness(
    plan: Plan, load: float, samples: int, *, seed: int | None = None, on_progress: Progress | None = None
) -> Robustness:
    """Keep a plan's placement and let the load of its users vary.

    Each sample multiplies the history size and the update size of every user, and with them the work, by one factor,
    independent between users and uniform in [1 - X, 1 + X]. Positions, rates (Eq. 3) and deadlines stay what they are.
    The CPU is shared anew by the rule. More samples go on from fewer: the first ones are the same.

    Args:
        plan: of a scenario.
        load: X in (0, 1].
        samples: how many.
        seed: root seed of the factors (stream ``robustness.load``); the plan's own if None.
        on_progress: told how many samples are done, and of them broken.

    Raises:
        InputError: the plan is of a problem file, or an argument is out of range.
    """
    if plan.case.problem.weight is not None:
        raise InputError(
            f"{plan.case.name}: robustness lets the load of every user vary by itself, and rows here stand for many "
            "(weight); price shows a plan under another demand"
        )
    plan = plan_of_users_alone(plan, "robustness")
    case = plan.case
    check_sampling(case, load, samples, seed)
    seed = case.seed if seed is None else seed
    factors = stream(seed, LOAD_FACTORS)
    planned_late = _late(case.problem, plan.evaluation)
    met = None if planned_late is None else ~planned_late
    host = plan.solution.placement.host
    cost, latency_s = np.empty(samples), np.empty(samples)
    missed = np.zeros(samples, np.int64)
    by_user, by_station = np.zeros(case.problem.users, np.int64), np.zeros(case.problem.stations, np.int64)
    for at in range(samples):
        factor = factors.uniform(1 - load, 1 + load, case.problem.users)
        problem = loaded(case, factor)
        evaluation = evaluate(problem, plan.solution.placement)
        cost[at], latency_s[at] = evaluation.cost, evaluation.latency_s
        if met is not None:
            late = _late(problem, evaluation)
            assert late is not None
            broken = met & late
            missed[at] = broken.sum()
            by_user += broken
            by_station[np.unique(host[broken])] += 1
        if on_progress is not None:
            on_progress(at + 1, int((missed[: at + 1] > 0).sum()))
    counts = (None, None, None) if met is None else (missed, by_user, by_station)
    return Robustness(plan, load, seed, cost, latency_s, *counts)


def loaded(case: Case, factor: FloatArray) -> PlacementProblem:
    """The problem of a case in which each user's sizes are multiplied by a factor; rates and seats stay.

    Args:
        case: of a scenario.
        factor: (N,) [1].
    """
    assert case.world is not None
    sizes = {"history_bits": case.world.history_bits * factor, "update_bits": case.world.update_bits * factor}
    problem = formulate(replace(case.world, **sizes), case.radio)
    if np.array_equal(problem.capacity, case.problem.capacity):
        return problem
    return replace(problem, capacity=case.problem.capacity)  # hosts that are assumed to fail


def _late(problem: PlacementProblem, evaluation: Evaluation) -> BoolArray | None:
    """(N,) users whose update misses its deadline, those whom no station could serve included; None without any."""
    if evaluation.late is not None:
        return evaluation.late
    if problem.deadline_s is None:
        return None
    assert evaluation.update_latency_s is not None
    return evaluation.update_latency_s > problem.deadline_s * (1 + DEADLINE_TOLERANCE)


def robustness(
    source: Scenario | Plan | str | Path,
    load: float,
    samples: int = 200,
    *,
    policy: PolicyLike = "lagrangian",
    placement: str | Path | SavedPlacement | Plan | None = None,
    seed: int | None = None,
    time_limit_s: float = float("inf"),
    gap: float | None = None,
) -> Robustness:
    """How often the plan of a scenario breaks when every user's load varies; see `sample_robustness`.

    Args:
        source: a scenario, its path or the name of a preset; or a plan, whose placement is kept.
        load: X in (0, 1]: sizes are multiplied by factors uniform in [1 - X, 1 + X].
        samples: how many.
        policy: makes the plan where neither a plan nor a placement is given, as in `plan`.
        placement: the placement to keep: a placement.json, or a plan.
        seed: replaces the root seed, of the world as of the factors; of a plan given, of the factors alone.
        time_limit_s: wall-clock limit of the solve [s].
        gap: stop the solve once cost / bound - 1 is at most this.

    Returns:
        Costs, latencies and missed deadlines of every sample.

    Raises:
        InfeasibleProblem: proved: no plan keeps the constraints.
        InputError: the source or an argument is wrong.
    """
    if isinstance(source, Plan):
        if placement is not None:
            raise InputError("placement: the plan given has one; give a scenario with a placement, or a plan alone")
        return sample_robustness(source, load, samples, seed=seed)
    case = users_alone(make_case(source, seed), "robustness")
    check_sampling(case, load, samples)
    if placement is not None:
        return sample_robustness(plan_of_saved(case, placement), load, samples)
    return sample_robustness(plan_case(case, policy, time_limit_s=time_limit_s, gap=gap), load, samples)
