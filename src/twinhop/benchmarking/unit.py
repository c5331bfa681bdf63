"""One task under one seed: the bound, and what each policy makes of it; kept in a folder, so that it is done once."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from twinhop.benchmarking.choice import Chosen, name_of
from twinhop.errors import InputError
from twinhop.failures import PolicyFailure, attempt
from twinhop.io.json_text import read_json, write_json
from twinhop.migration.policy import PolicyChoice
from twinhop.migration.run import MigrationRun
from twinhop.placement import InfeasibleProblem
from twinhop.placement.policy import PlacementPolicy
from twinhop.plans.comparison import BOUNDING_POLICY
from twinhop.plans.planning import make_case, plan_case
from twinhop.plans.result import Plan
from twinhop.runs.simulation_folder import SimulationFolder
from twinhop.runs.simulation_offline import offline_result
from twinhop.runs.simulation_run import run_policy
from twinhop.scenario import Scenario
from twinhop.scenario.presets.benchmark_set.tasks import TaskKind
from twinhop.stats.gaps import gap_to_bound

BOUND_FILE, POLICIES = "bound.json", "policies"
MS_PER_S = 1e3


@dataclass(frozen=True)
class Bound:
    """What no feasible decisions can do better than, and the size of the world.

    Attributes:
        bound: certified lower bound [s]; None where it is proved that there are no feasible decisions.
        plan: cost of the best decisions found with it [s], or None.
        seconds: how long that took [s].
        users: of the world.
        stations: of the world.
        slots: of the run; 1 where twins are placed once.
    """

    bound: float | None
    plan: float | None
    seconds: float
    users: int
    stations: int
    slots: int


@dataclass(frozen=True)
class Outcome:
    """What a policy made of a task under a seed.

    Attributes:
        policy: as it was asked for.
        cost: objective of P1 or P2 [s]; None where the policy failed.
        feasible: whether it gave an answer, and kept every constraint that could be kept.
        decision_ms: how long it took to decide: once, or the median over slots [ms]; None where the policy failed.
        failure: of a policy of the user's own that gave no answer; None of all others.
    """

    policy: str
    cost: float | None
    feasible: bool
    decision_ms: float | None
    failure: PolicyFailure | None = None

    @property
    def counted_cost(self) -> float:
        """The cost, infinite where it broke a constraint or failed."""
        return self.cost if self.feasible and self.cost is not None else math.inf


@dataclass(frozen=True)
class Unit:
    """One task under one seed, to be done in whatever process.

    Attributes:
        task: name of the task.
        kind: of the task.
        scenario: with the seed.
        policies: that run; their names are what is kept.
        folder: of the task; None: nothing is kept.
        time_limit_s: of each solve, of the bound, and of each decision of the user's own code in a run [s].
    """

    task: str
    kind: TaskKind
    scenario: Scenario
    policies: tuple[Chosen, ...]
    folder: SimulationFolder | None
    time_limit_s: float

    def path(self, policy: str | None) -> Path | None:
        """The file that keeps what a policy made of it, or for None the bound."""
        if self.folder is None:
            return None
        seed = self.scenario.seed
        if policy is None:
            return self.folder.offline(seed).with_name(BOUND_FILE)
        run = self.folder.run(policy, seed)
        return run.parent / POLICIES / f"{run.name}.json"


@dataclass(frozen=True)
class UnitResult:
    """What came of a unit.

    Attributes:
        unit: what was done.
        bound: of it.
        outcomes: one a policy, in their order.
    """

    unit: Unit
    bound: Bound
    outcomes: tuple[Outcome, ...]

    def gap(self, outcome: Outcome) -> float | None:
        """Cost / bound - 1, >= 0; None where the outcome is infeasible or there is no bound > 0."""
        if outcome.cost is None or not outcome.feasible:
            return None
        return gap_to_bound(outcome.cost, self.bound.bound)


def do_unit(unit: Unit) -> UnitResult:
    """Do what is not kept yet of a unit.

    Raises:
        InputError: the world has no feasible plan, or a file cannot be read or written.
        KeyboardInterrupt: Ctrl-C; what was done before is kept.
    """
    world = _Placing(unit) if unit.kind == "placement" else _Moving(unit)
    try:
        bound = _kept(unit.path(None), Bound, world.bound)
        outcomes = tuple(
            _kept(
                unit.path(name_of(policy)), Outcome, lambda policy=policy: _outcome(world, policy), policy.own is None
            )
            for policy in unit.policies
        )
    except InfeasibleProblem as error:
        raise InputError(f"{unit.task}, seed {unit.scenario.seed}: {error}") from None
    return UnitResult(unit, bound, outcomes)


Record = TypeVar("Record", Bound, Outcome)


def _kept(path: Path | None, kind: type[Record], make: Callable[[], Record], reuse: bool = True) -> Record:
    """What a file keeps; where there is none, or it is of code that may have changed, it is made and kept."""
    if path is None:
        return make()
    if reuse and path.exists():
        try:
            return kind(**read_json(path))
        except TypeError:
            raise InputError(f"{path}: is not what a benchmark keeps; delete it") from None
    made = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, asdict(made))
    return made


def _outcome(world: _Placing | _Moving, policy: Chosen) -> Outcome:
    """What a policy makes of a world, or that it failed there."""
    scenario, name = world.unit.scenario, name_of(policy)
    outcome = attempt(lambda: world.outcome(policy), world.unit.task, scenario.seed, name)
    return Outcome(name, None, False, None, outcome) if isinstance(outcome, PolicyFailure) else outcome


class _Placing:
    """Twins are placed once; the world is made when it is first needed."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self._case = None

    def _plan(self, policy: str | PlacementPolicy) -> Plan:
        self._case = self._case or make_case(self.unit.scenario)
        plan = plan_case(self._case, policy, time_limit_s=self.unit.time_limit_s)
        if plan.solution.interrupted:
            raise KeyboardInterrupt
        return plan

    def bound(self) -> Bound:
        plan = self._plan(BOUNDING_POLICY)
        problem = plan.case.problem
        cost = plan.cost if plan.feasible else None
        return Bound(plan.lower_bound, cost, plan.solution.seconds, problem.users, problem.stations, 1)

    def outcome(self, policy: Chosen) -> Outcome:
        assert isinstance(policy, PlacementPolicy)
        plan = self._plan(policy)
        return Outcome(policy.name, float(plan.cost), bool(plan.feasible), MS_PER_S * plan.solution.seconds)


class _Moving:
    """Twins move slot by slot; the world is made when it is first needed."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self._made = None

    def _run(self) -> MigrationRun:
        self._made = self._made or MigrationRun(self.unit.scenario)
        return self._made

    def bound(self) -> Bound:
        run = self._run()
        result = offline_result(run, self.unit.time_limit_s, None, utility=False)
        stations = len(run.world_run.station_ids)
        return Bound(result.bound, result.plan, result.seconds, len(run.user_ids), stations, run.slots)

    def outcome(self, policy: Chosen) -> Outcome:
        assert isinstance(policy, PolicyChoice)
        done = run_policy(self._run(), policy, None, time_limit_s=self.unit.time_limit_s)
        return Outcome(policy.text, done.summary.cost, done.summary.broken_deadlines == 0, done.times.decision_ms_p50)
