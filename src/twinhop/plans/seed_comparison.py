"""Several policies on the worlds of several seeds: world by world the same for all, each with its certified bound."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import numpy as np

from twinhop.errors import InputError, PlanningWarning
from twinhop.failures import PolicyFailure, refuse_if_all_failed
from twinhop.own_code import policy_list
from twinhop.placement import InfeasibleProblem, PlacementProblem, policy_names
from twinhop.placement.policy import PlacementPolicy, PolicyLike, placement_policies
from twinhop.plans.comparison import BOUNDING_POLICY, DEFAULT_POLICIES, Comparison
from twinhop.plans.comparison import compare as compare_world
from twinhop.plans.planning import Progress, load
from twinhop.result import Result
from twinhop.scenario import Scenario
from twinhop.stats.bootstrap import mean_interval
from twinhop.stats.gaps import finite, finite_ends, gap_to_bound, summarize
from twinhop.stats.intervals import mean
from twinhop.stats.paired import PAIR_FIELDS, paired
from twinhop.stats.profile import Profile, performance_profile
from twinhop.text import counted, in_a_line, suggestion
from twinhop.units import cost_in_words, money_unit

MOST_SEEDS = 10_000
MS_PER_S = 1e3
#: Told how many worlds are done, and how many there are.
WorldsProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class PolicyOnWorld:
    """What one policy made of one world.

    Attributes:
        cost: J of its plan, in the unit of the objective [s]; None where it gave no plan.
        feasible: whether the plan keeps every constraint.
        seconds: how long it took [s]; None where it gave no plan.
    """

    cost: float | None
    feasible: bool
    seconds: float | None

    @property
    def counted_cost(self) -> float:
        """The cost, infinite where there is no feasible plan: a failure."""
        return self.cost if self.feasible and self.cost is not None else math.inf


NO_PLAN = PolicyOnWorld(None, False, None)


@dataclass(frozen=True)
class ComparedWorld:
    """All policies on the world of one seed.

    Attributes:
        seed: of the world.
        users: N.
        stations: M.
        lower_bound: certified; no feasible plan of this world costs less.
        bound_by: the policy that proved it.
        policies: one each, in the order asked for.
    """

    seed: int
    users: int
    stations: int
    lower_bound: float | None
    bound_by: str | None
    policies: tuple[PolicyOnWorld, ...]

    def gap(self, policy: int) -> float | None:
        """Gap of a policy to the bound of this world, infinite where it failed; None where there is no bound > 0."""
        return gap_to_bound(self.policies[policy].counted_cost, self.lower_bound)


@dataclass(frozen=True)
class SeedComparison(Result):
    """Policies on the worlds of several seeds, the same for all.

    Attributes:
        name: of the scenario.
        policies: their names, in the order asked for.
        against: the policy that the others are paired with.
        worlds: one a seed.
        infeasible_seeds: of worlds that are proved to have no feasible plan; they count for no policy.
        interrupted: whether Ctrl-C ended it early; the worlds before are whole.
        attribution: sources and licences of the data.
        notes: what is worth knowing of the scenario.
        failures: where policies of the user's own gave no plan, and why; they count as infinite costs.
        currency: of costs in money a month; empty where they are seconds.
    """

    name: str
    policies: tuple[str, ...]
    against: str
    worlds: tuple[ComparedWorld, ...]
    infeasible_seeds: tuple[int, ...] = ()
    interrupted: bool = False
    attribution: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    failures: tuple[PolicyFailure, ...] = ()
    currency: str = ""

    def __repr__(self) -> str:
        return in_a_line(self, self.name, f"{len(self.policies)} policies", counted(len(self.worlds), "world"))

    @property
    def money_unit(self) -> str:
        """The unit of costs in money, such as EUR/month; empty where they are seconds."""
        return money_unit(self.currency)

    def costs(self, policy: str) -> np.ndarray:
        """(worlds,) costs J of a policy, infinite where it has no feasible plan."""
        at = self.policies.index(policy)
        return np.array([world.policies[at].counted_cost for world in self.worlds])

    def gaps(self, policy: str) -> np.ndarray:
        """(worlds,) gaps to certified bounds, >= 0, infinite where it failed; without worlds that have no bound > 0."""
        at = self.policies.index(policy)
        gaps = [world.gap(at) for world in self.worlds]
        return np.array([gap for gap in gaps if gap is not None])

    def profile(self, policy: str, gaps: Sequence[float]) -> Profile:
        """The share of worlds where the policy is within each of these gaps; see `performance_profile`."""
        return performance_profile(self.gaps(policy), gaps)

    def rows(self) -> list[dict[str, Any]]:
        """One row a policy: cost, gap to the bounds, and how it does against the reference.

        Costs are means over all plans, gaps interquartile means, means and maxima, differences interquartile means of
        ``J / J_reference - 1`` world by world; what is infinite or unknown is None. See `twinhop.stats`.
        """
        return [self._row(policy) for policy in self.policies]

    def _row(self, policy: str) -> dict[str, Any]:
        at = self.policies.index(policy)
        results = [world.policies[at] for world in self.worlds]
        costs = [each.cost for each in results if each.cost is not None]
        whole = len(costs) == len(results)
        interval = mean_interval(costs) if whole else None
        gaps = self.gaps(policy)
        said = summarize(gaps).to_json() if gaps.size else dict.fromkeys(("mean", "iqm", "interval", "worst"))
        times = [each.seconds for each in results if each.seconds is not None]
        return {
            "policy": policy,
            "worlds": len(results),
            "cost": mean(costs) if whole else None,
            "cost_interval": finite_ends(interval),
            "gap_iqm": said["iqm"],
            "gap_iqm_interval": said["interval"],
            "gap_mean": said["mean"],
            "gap_worst": said["worst"],
            "feasible_share": mean([float(each.feasible) for each in results]),
            **self._pairs(policy),
            "decision_ms": MS_PER_S * float(np.median(times)) if times else None,
        }

    def _pairs(self, policy: str) -> dict[str, Any]:
        if policy == self.against:
            return dict.fromkeys(PAIR_FIELDS)
        return paired(self.costs(policy), self.costs(self.against), relative=True).to_json()

    @cached_property
    def lower_bound(self) -> float | None:
        """The mean of the certified bounds of the worlds; None where one has none."""
        bounds = [world.lower_bound for world in self.worlds if world.lower_bound is not None]
        return finite(mean(bounds)) if len(bounds) == len(self.worlds) else None

    @property
    def bound_by(self) -> str:
        """The policies that proved the bounds."""
        return ", ".join(dict.fromkeys(world.bound_by for world in self.worlds if world.bound_by is not None))

    def bound_in_words(self, digits: int = 6) -> str:
        """The bounds and who proved them, for titles."""
        if self.lower_bound is None:
            return "not every world has a bound"
        bound = cost_in_words(self.lower_bound, self.money_unit, digits)
        return f"certified bounds by {self.bound_by}, mean {bound}"

    def seeds_in_words(self) -> str:
        """The seeds, for titles."""
        seeds = [world.seed for world in self.worlds]
        return f"seed {seeds[0]}" if len(seeds) == 1 else f"{len(seeds)} seeds, {seeds[0]} to {seeds[-1]}"

    def world_rows(self) -> list[dict[str, Any]]:
        """One row a world and policy: seed, cost, bound, gap, feasibility, time."""
        return [
            {
                "seed": world.seed,
                "policy": policy,
                "cost": each.cost,
                "lower_bound": world.lower_bound,
                "gap": None if (gap := world.gap(at)) is None else finite(gap),
                "feasible": each.feasible,
                "seconds": each.seconds,
            }
            for world in self.worlds
            for at, (policy, each) in enumerate(zip(self.policies, world.policies, strict=True))
        ]

    def to_json(self) -> dict[str, Any]:
        """The comparison as plain values, as `twinhop compare --seeds 20 --json` prints it."""
        return {
            "source": self.name,
            "users": self.worlds[0].users,
            "stations": self.worlds[0].stations,
            "seed": self.worlds[0].seed,
            "seeds": len(self.worlds),
            **({"currency": self.currency, "cost_unit": self.money_unit} if self.currency else {}),
            "lower_bound": self.lower_bound,
            "bound_by": self.bound_by,
            "against": self.against,
            "interrupted": self.interrupted,
            "policies": self.rows(),
            "worlds": self.world_rows(),
            "failures": [each.to_json() for each in self.failures],
            "infeasible_seeds": list(self.infeasible_seeds),
            "attribution": list(self.attribution),
            **({"notes": list(self.notes)} if self.notes else {}),
        }


@overload
def compare(
    source: Scenario | PlacementProblem | str | Path,
    policies: str | Sequence[PolicyLike] = ...,
    *,
    seeds: None = None,
    against: str | None = None,
    seed: int | None = None,
    time_limit_s: float = ...,
    gap: float | None = None,
    on_progress: Progress | None = None,
    on_world: WorldsProgress | None = None,
    problem_format: str | None = None,
) -> Comparison: ...


@overload
def compare(
    source: Scenario | PlacementProblem | str | Path,
    policies: str | Sequence[PolicyLike] = ...,
    *,
    seeds: int,
    against: str | None = None,
    seed: int | None = None,
    time_limit_s: float = ...,
    gap: float | None = None,
    on_progress: Progress | None = None,
    on_world: WorldsProgress | None = None,
    problem_format: str | None = None,
) -> Comparison | SeedComparison: ...


def compare(
    source: Scenario | PlacementProblem | str | Path,
    policies: str | Sequence[PolicyLike] = DEFAULT_POLICIES,
    *,
    seeds: int | None = None,
    against: str | None = None,
    seed: int | None = None,
    time_limit_s: float = float("inf"),
    gap: float | None = None,
    on_progress: Progress | None = None,
    on_world: WorldsProgress | None = None,
    problem_format: str | None = None,
) -> Comparison | SeedComparison:
    """Plan one scenario or problem by several policies, on one world or on the worlds of several seeds.

    Args:
        source: a scenario, a problem, a path or the name of a preset.
        policies: names of policies, in one text parted by commas, and policies of your own as in `plan`; each sees the
            same worlds. Two of your own of one name are told apart by numbers.
        seeds: how many worlds, of seeds that follow one another; None or 1: one world, its plans in full.
        against: the policy that the others are paired with, world by world; None: the first. Of several worlds only.
        seed: of the first world; None: the scenario's.
        time_limit_s: wall-clock limit of each solve [s]; a policy of your own then runs in a process that is ended
            where it goes on, if it can be sent to one.
        gap: certifying policies go on until this gap; None: until little more is gained.
        on_progress: told the best cost and bound so far while solving.
        on_world: told how many worlds are done, and how many there are.
        problem_format: of a problem file, ``npz``, ``json``, ``sscflp`` or ``sscflp:LAYOUT``; None: by the file's name.

    Returns:
        Of one world the `Comparison`, of several the `SeedComparison`. Where no policy gives a bound, `lagrangian` is
        run for it besides. A policy of your own that gives no plan is among `failures`; the others' plans are kept.

    Raises:
        PolicyFailed: no policy gave a plan, in no world.
        InfeasibleProblem: proved: no plan keeps the constraints; of several worlds, those of no seed.
        InputError: the source or an argument is wrong.
        KeyboardInterrupt: Ctrl-C before the first of several worlds was done.
    """
    if seeds is not None and not 1 <= seeds <= MOST_SEEDS:
        raise InputError(f"seeds: got {seeds}; expected a whole number from 1 to {MOST_SEEDS}")
    options = {"time_limit_s": time_limit_s, "gap": gap, "on_progress": on_progress}
    if seeds is None or seeds == 1:
        if against is not None:
            raise InputError(f"against: got {against!r}; policies are paired on several worlds: give seeds, 5 or more")
        return compare_world(source, policies, seed=seed, problem_format=problem_format, **options)
    chosen = placement_policies(policy_list(policies))
    names = tuple(policy.name for policy in chosen)
    reference = _reference(names, against)
    scenario = _scenario(source, seed, problem_format)
    worlds = _Worlds(scenario, chosen, on_world, options)
    worlds.run(range(scenario.seed, scenario.seed + seeds))
    return SeedComparison(
        worlds.name,
        names,
        reference,
        tuple(worlds.done),
        tuple(worlds.infeasible),
        worlds.interrupted,
        tuple(worlds.attribution),
        tuple(worlds.notes),
        tuple(worlds.failures),
        "" if scenario.money is None else scenario.money.currency,
    )


def _reference(names: Sequence[str], against: str | None) -> str:
    if not names:
        raise InputError(f"policies: none given; accepted: {', '.join(policy_names())}")
    if against is None:
        return names[0]
    if against not in names:
        close = suggestion(against, names)
        raise InputError(f"against: got {against!r}, which is not compared; {close}accepted: {', '.join(names)}")
    return against


def _scenario(
    source: Scenario | PlacementProblem | str | Path, seed: int | None, problem_format: str | None
) -> Scenario:
    name = "the problem" if isinstance(source, PlacementProblem) else str(source)
    loaded = load(source, problem_format=problem_format) if isinstance(source, str | Path) else source
    if isinstance(loaded, PlacementProblem):
        raise InputError(f"{name}: is a placement problem, one world without a seed; expected seeds 1, or a scenario")
    if not isinstance(loaded, Scenario):
        raise InputError(f"expected a Scenario, a path or a preset name, got {type(loaded).__name__}")
    return loaded if seed is None else loaded.with_seed(seed)


class _Worlds:
    """Does one world after the other, and keeps what is done when Ctrl-C comes."""

    def __init__(
        self,
        scenario: Scenario,
        policies: tuple[PlacementPolicy, ...],
        on_world: WorldsProgress | None,
        options: dict[str, Any],
    ) -> None:
        self._scenario, self._policies, self._on_world, self._options = scenario, policies, on_world, options
        #: Where only policies of the user's own are compared, all may fail on a world, which has a bound all the same.
        self._run = (*policies, BOUNDING_POLICY) if all(policy.own is not None for policy in policies) else policies
        self.name = ""
        self.done: list[ComparedWorld] = []
        self.infeasible: list[int] = []
        self.interrupted = False
        self.attribution: dict[str, None] = {}
        self.notes: dict[str, None] = {}
        self.failures: list[PolicyFailure] = []

    def run(self, seeds: range) -> None:
        proof = None
        try:
            for at, seed in enumerate(seeds):
                try:
                    comparison = self._compare(seed)
                except InfeasibleProblem as error:
                    proof = error
                    self.infeasible.append(seed)
                else:
                    if comparison.interrupted:
                        raise KeyboardInterrupt
                    self._keep(comparison)
                if self._on_world is not None:
                    self._on_world(at + 1, len(seeds))
        except KeyboardInterrupt:
            if not self.done:
                raise
            self.interrupted = True
        if not self.done and proof is not None:
            raise proof
        plans = sum(each.cost is not None for world in self.done for each in world.policies)
        refuse_if_all_failed(self.failures, plans)

    def _compare(self, seed: int) -> Comparison:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PlanningWarning)  # one a world; it is among the notes
            comparison = compare_world(self._scenario, self._run, seed=seed, **self._options)
        self.failures.extend(comparison.failures)
        return comparison

    def _keep(self, comparison: Comparison) -> None:
        case = comparison.case
        plans = {plan.solution.policy: plan for plan in comparison.plans}
        results = [
            NO_PLAN
            if (plan := plans.get(policy.name)) is None
            else PolicyOnWorld(float(plan.cost), bool(plan.feasible), plan.solution.seconds)
            for policy in self._policies
        ]
        size = case.problem.users, case.problem.stations
        world = ComparedWorld(case.seed, *size, comparison.lower_bound, comparison.bound_by, tuple(results))
        self.name = case.name
        self.done.append(world)
        self.attribution |= dict.fromkeys(case.attribution)
        self.notes |= dict.fromkeys(case.notes)
        for each in case.warnings:
            self.notes[f"seed {case.seed}: {each.message}"] = None
