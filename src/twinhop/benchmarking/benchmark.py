"""Policies on the benchmark set: fixed scenarios, seeds kept for evaluation, certified gaps."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from twinhop._version import __version__
from twinhop.benchmarking.choice import (
    ALL,
    Chosen,
    PolicyLike,
    chosen_tasks,
    name_of,
    policies_by_kind,
    sees_observations,
)
from twinhop.benchmarking.unit import Unit, UnitResult, do_unit
from twinhop.errors import InputError
from twinhop.failures import PolicyFailure, refuse_if_all_failed
from twinhop.io.folders import as_folder, owned, require_writable
from twinhop.migration.run import MigrationRun
from twinhop.placement.policy import PlacementPolicy
from twinhop.placement.problem import FloatArray
from twinhop.plans.planning import make_case
from twinhop.processes import Progress, in_processes
from twinhop.result import Result
from twinhop.runs.process_count import process_count
from twinhop.runs.simulation_folder import SimulationFolder, identity_of
from twinhop.scenario import Scenario, load_scenario
from twinhop.scenario.presets.benchmark_set import EVALUATION_SEED, BenchmarkTask
from twinhop.scenario.presets.benchmark_set.tasks import TaskKind
from twinhop.stats.gaps import summarize
from twinhop.stats.intervals import mean
from twinhop.stats.paired import PAIR_FIELDS, paired
from twinhop.text import counted, in_a_line

DEFAULT_SEEDS = 5
QUICK_SEEDS = 1
TIME_LIMIT_S = 60.0
TASKS_FOLDER = "tasks"


@dataclass(frozen=True)
class Benchmark(Result):
    """What policies made of tasks.

    Attributes:
        root_seeds: of every task.
        policies: of each kind of task, in the order asked for.
        results: of each task one a seed, in the order of the set.
        skipped: why tasks were left out.
        attribution: sources and licences of the data.
        files: what was written.
    """

    root_seeds: tuple[int, ...]
    policies: dict[TaskKind, tuple[str, ...]]
    results: dict[BenchmarkTask, tuple[UnitResult, ...]] = field(repr=False)
    skipped: tuple[str, ...] = ()
    attribution: tuple[str, ...] = ()
    files: tuple[Path, ...] = field(default=(), repr=False)

    def __repr__(self) -> str:
        policies = len({policy for names in self.policies.values() for policy in names})
        worlds = f"seeds {self.root_seeds[0]} to {self.root_seeds[-1]}"
        return in_a_line(self, counted(len(self.results), "task"), f"{policies} policies", worlds)

    def tasks(self, kind: TaskKind) -> list[BenchmarkTask]:
        """The tasks of a kind."""
        return [task for task in self.results if task.kind == kind]

    @property
    def failures(self) -> tuple[PolicyFailure, ...]:
        """Where policies of the user's own gave no answer; each counts as a run that is not feasible."""
        outcomes = (each for results in self.results.values() for result in results for each in result.outcomes)
        return tuple(each.failure for each in outcomes if each.failure is not None)

    def gaps(self, kind: TaskKind, policy: int) -> FloatArray:
        """(tasks, seeds) gaps of a policy to the certified bounds, infinite where it broke a constraint.

        Args:
            kind: of the tasks.
            policy: index of the policy among those of the kind.
        """
        gaps = [[each.gap(each.outcomes[policy]) for each in self.results[task]] for task in self.tasks(kind)]
        return np.array([[np.inf if gap is None else gap for gap in row] for row in gaps])

    @cached_property
    def leaderboard(self) -> dict[TaskKind, list[dict[str, Any]]]:
        """Of each kind of task a row a policy, the least interquartile mean of gaps first; infinite gaps are None."""
        boards = {}
        for kind, policies in self.policies.items():
            rows = [self._overall(kind, at) for at in range(len(policies))]
            boards[kind] = sorted(rows, key=lambda row: (_or_infinite(row["gap_iqm"]), -row["feasible_share"]))
        return boards

    def _overall(self, kind: TaskKind, policy: int) -> dict[str, Any]:
        said = summarize(self.gaps(kind, policy)).to_json()
        outcomes = [each.outcomes[policy] for task in self.tasks(kind) for each in self.results[task]]
        times = [each.decision_ms for each in outcomes if each.decision_ms is not None]
        return {
            "policy": self.policies[kind][policy],
            "gap_iqm": said["iqm"],
            "gap_iqm_interval": said["interval"],
            "gap_mean": said["mean"],
            "gap_worst": said["worst"],
            "feasible_share": 1 - said["failures"] / said["runs"],
            "failed": sum(each.failure is not None for each in outcomes),
            **self._pairs(kind, policy),
            "decision_ms": float(np.median(times)) if times else None,
        }

    def against(self, kind: TaskKind) -> str:
        """The policy that the others are paired with, world by world: the first that was asked for."""
        return self.policies[kind][0]

    def _pairs(self, kind: TaskKind, policy: int) -> dict[str, Any]:
        """Differences of costs as shares of those of the first policy, on the same worlds; of itself all None."""
        if policy == 0:
            return dict.fromkeys(PAIR_FIELDS)
        return paired(self._costs(kind, policy), self._costs(kind, 0), relative=True).to_json()

    def _costs(self, kind: TaskKind, policy: int) -> FloatArray:
        """(tasks, seeds) costs, infinite where it broke a constraint or failed."""
        costs = [[each.outcomes[policy].counted_cost for each in self.results[task]] for task in self.tasks(kind)]
        return np.array(costs)

    def task_rows(self, task: BenchmarkTask) -> list[dict[str, Any]]:
        """A row a policy of one task: means over the seeds."""
        rows = []
        for at, policy in enumerate(self.policies[task.kind]):
            outcomes = [each.outcomes[at] for each in self.results[task]]
            gaps = self.gaps(task.kind, at)[self.tasks(task.kind).index(task)]
            rows.append(
                {
                    "policy": policy,
                    "cost": _mean_of([each.cost for each in outcomes]),
                    "gap_mean": _finite(float(gaps.mean())),
                    "gap_worst": _finite(float(gaps.max())),
                    "feasible_share": mean([float(each.feasible) for each in outcomes]),
                    "failed": sum(each.failure is not None for each in outcomes),
                    "decision_ms": _mean_of([each.decision_ms for each in outcomes]),
                }
            )
        return rows

    def run_rows(self) -> list[dict[str, Any]]:
        """A row a task, seed and policy, as in the table of all runs."""
        return [
            {
                "task": task.name,
                "kind": task.kind,
                "seed": each.unit.scenario.seed,
                "policy": outcome.policy,
                "cost": outcome.cost,
                "lower_bound": each.bound.bound,
                "gap": each.gap(outcome),
                "feasible": outcome.feasible,
                "failed": outcome.failure is not None,
                "decision_ms": outcome.decision_ms,
            }
            for task, results in self.results.items()
            for each in results
            for outcome in each.outcomes
        ]

    def to_json(self) -> dict[str, Any]:
        """The benchmark as plain values, as `twinhop benchmark --json` prints it."""
        return {
            "version": __version__,
            "seed": self.root_seeds[0],
            "seeds": len(self.root_seeds),
            "leaderboard": self.leaderboard,
            "tasks": [self._task(task) for task in self.results],
            "failures": [each.to_json() for each in self.failures],
            "skipped": list(self.skipped),
            "attribution": list(self.attribution),
        }

    def _task(self, task: BenchmarkTask) -> dict[str, Any]:
        bounds = [each.bound for each in self.results[task]]
        return {
            "task": task.name,
            "kind": task.kind,
            "users": bounds[0].users,
            "stations": bounds[0].stations,
            "slots": bounds[0].slots,
            "bounds": [
                {"seed": seed, "lower_bound": each.bound, "cost": each.plan, "seconds": each.seconds}
                for seed, each in zip(self.root_seeds, bounds, strict=True)
            ],
            "policies": self.task_rows(task),
        }


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _mean_of(values: Sequence[float | None]) -> float | None:
    """The mean of what is known of runs; None unless all of them are."""
    known = [value for value in values if value is not None]
    return mean(known) if len(known) == len(values) else None


def _or_infinite(value: float | None) -> float:
    return np.inf if value is None else value


def benchmark(
    policies: str | Sequence[PolicyLike] | None = None,
    *,
    tasks: Sequence[str] = (ALL,),
    seeds: int | None = None,
    data: str | Path | None = None,
    quick: bool = False,
    out: str | Path | None = None,
    jobs: int | None = None,
    time_limit_s: float = TIME_LIMIT_S,
    on_progress: Progress | None = None,
) -> Benchmark:
    """Run policies on the tasks of the benchmark set that they fit, and judge them by certified bounds.

    Placement is judged by the bound of `lagrangian`, migration by the certified offline bound. Seeds of evaluation are
    `EVALUATION_SEED` and those after it; policies are to be trained and tuned on others.

    Args:
        policies: of placement and of migration, with settings as in ``name:setting=value``, in one text parted by
            commas, and policies of your own as in `plan` and `simulate`, whose first argument is named ``problem`` or
            ``situation``; those are run anew whatever `out` holds. None: all built-in ones but `exact`.
        tasks: kinds of tasks, ``all``, or names.
        seeds: how many worlds of every task; None: 5, or 1 with ``quick``.
        data: folder of the files of real cities; tasks without their files are skipped.
        quick: only small tasks, which take seconds.
        out: folder of the files; bounds and runs that are finished in it are not done again.
        jobs: processes; None: one a core, or this one alone where a policy of your own cannot be sent to another.
        time_limit_s: wall-clock limit of each placement and each bound, and of each decision of a migration policy of
            your own [s]; your own run in a process that is ended where they go on, if they can be sent to one.
        on_progress: told how many worlds are done, and how many there are.

    Returns:
        Costs and gaps of every policy; a policy of your own that gives no answer in a world is failed there, and the
        rest is kept.

    Raises:
        PolicyFailed: no policy gave an answer anywhere.
        InputError: an argument is wrong, a task named lacks its data, or the folder holds another benchmark.
    """
    seeds = (QUICK_SEEDS if quick else DEFAULT_SEEDS) if seeds is None else seeds
    _check(seeds, jobs, data)
    chosen, named = chosen_tasks(tasks, quick=quick)
    fitting = policies_by_kind(policies, chosen)
    chosen = [task for task in chosen if task.kind in fitting]
    every = [policy for fit in fitting.values() for policy in fit]
    process_count(every, jobs, 1)
    root = None if out is None else _writable(as_folder(out))
    with ExitStack() as stack:
        stack.enter_context(owned(root))
        place = root or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="twinhop-")))
        scenarios, skipped = _scenarios(chosen, named, None if data is None else Path(data), place)
        seed_range = tuple(range(EVALUATION_SEED, EVALUATION_SEED + seeds))
        for task, scenario in scenarios.items():
            _require_fitting(task.name, scenario.with_seed(seed_range[0]), fitting[task.kind])
        units = [
            Unit(task.name, task.kind, scenario.with_seed(seed), fitting[task.kind], folder, time_limit_s)
            for task, scenario in scenarios.items()
            for folder in (None if root is None else _begun(root, task, scenario),)
            for seed in seed_range
        ]
        done = _do_all(units, process_count(every, jobs, min(os.cpu_count() or 1, len(units))), on_progress)
    kinds = {task.kind for task in scenarios}
    result = Benchmark(
        seed_range,
        {kind: tuple(map(name_of, chosen)) for kind, chosen in fitting.items() if kind in kinds},
        {task: tuple(done[at * seeds : (at + 1) * seeds]) for at, task in enumerate(scenarios)},
        skipped,
        tuple(dict.fromkeys(line for scenario in scenarios.values() for line in scenario.attribution)),
    )
    refuse_if_all_failed(result.failures, sum(not row["failed"] for row in result.run_rows()))
    if root is None:
        return result
    return replace(result, files=tuple(result.save(root)))


def _require_fitting(task: str, scenario: Scenario, policies: Sequence[Chosen]) -> None:
    """Refuse agents that were trained for other sizes than those of a task, before anything runs.

    Raises:
        InputError: one was; the message names task and sizes.
    """
    for policy in policies:
        if not sees_observations(policy.own):
            continue
        try:
            if isinstance(policy, PlacementPolicy):
                policy.require(make_case(scenario).problem)
            else:
                policy.require(MigrationRun(scenario))
        except InputError as error:
            raise InputError(f"{error}; leave {task} out by --tasks") from None


def _check(seeds: int, jobs: int | None, data: str | Path | None) -> None:
    if seeds < 1:
        raise InputError(f"--seeds: got {seeds}; expected a whole number >= 1")
    if jobs is not None and jobs < 1:
        raise InputError(f"--jobs: got {jobs}; expected a whole number >= 1")
    if data is not None and not Path(data).is_dir():
        raise InputError(f"--data: {data}: no such folder")


def _writable(root: Path) -> Path:
    require_writable(root)
    return root


def _scenarios(
    tasks: Sequence[BenchmarkTask], named: frozenset[str], data: Path | None, place: Path
) -> tuple[dict[BenchmarkTask, Scenario], tuple[str, ...]]:
    """The scenarios of the tasks that can be made, and why the others cannot."""
    scenarios, skipped = {}, []
    for task in tasks:
        if task.city is None:
            scenarios[task] = load_scenario(task.name)
            continue
        from twinhop.scenario.presets.benchmark_set.cities import city_files, city_scenario

        files = city_files(task, data)
        if files is not None:
            scenarios[task] = city_scenario(task, files, place / TASKS_FOLDER / task.name)
            continue
        where = "give their folder by --data" if data is None else f"not in {data} or {data / task.city.folder}"
        text = f"{task.name}: needs {' and '.join(task.city.files)}; {where}"
        if task.name in named:
            raise InputError(text)
        skipped.append(text)
    if not scenarios:
        raise InputError(f"--tasks: none is left: {'; '.join(skipped)}")
    return scenarios, tuple(skipped)


def _begun(root: Path, task: BenchmarkTask, scenario: Scenario) -> SimulationFolder:
    """The folder of a task, which holds nothing of another version or scenario."""
    folder = SimulationFolder(root / TASKS_FOLDER / task.name)
    folder.begin(identity_of(scenario, 0 if scenario.movement is None else scenario.movement.run_slots))
    return folder


def _do_all(units: Sequence[Unit], processes: int, on_progress: Progress | None) -> list[UnitResult]:
    if processes > 1 and len(units) > 1:
        return in_processes(do_unit, units, [1] * len(units), processes, on_progress)
    results = []
    for unit in units:
        results.append(do_unit(unit))
        if on_progress is not None:
            on_progress(len(results), len(units))
    return results
