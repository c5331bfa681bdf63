"""Policies on a world in which users move, judged by what they cost and by what was possible."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from twinhop.errors import InputError
from twinhop.failures import PolicyFailure, refuse_if_all_failed
from twinhop.io.folders import as_folder, owned, require_writable
from twinhop.migration.policy import PolicyChoice, PolicyLike, policy_choices, policy_names
from twinhop.migration.run import MigrationRun
from twinhop.migration.run_problem import require_bounded
from twinhop.own_code import policy_list
from twinhop.processes import Progress
from twinhop.result import Result, save_result
from twinhop.runs.animation import Animation, require_writer
from twinhop.runs.process_count import process_count
from twinhop.runs.simulation_folder import SimulationFolder, identity_of
from twinhop.runs.simulation_jobs import Job, do_jobs, read_result
from twinhop.runs.simulation_offline import OfflineResult
from twinhop.runs.simulation_run import FinishedRun
from twinhop.runs.simulation_summary import TERMS, RunSummary
from twinhop.runs.world import moving
from twinhop.scenario import Scenario, load_scenario
from twinhop.stats.bootstrap import interval_above, mean_interval
from twinhop.stats.gaps import gap_to_bound
from twinhop.stats.intervals import mean
from twinhop.stats.paired import PAIR_FIELDS, paired
from twinhop.text import counted, in_a_line

DEFAULT_POLICIES = ("stay", "follow_nearest")
OFFLINE_TIME_LIMIT_S = 60.0
#: Figures of a policy that are means over seeds, with an interval where there are several.
MEASURES = (
    "cost",
    "latency_mean_s",
    "latency_p50_s",
    "latency_p95_s",
    "latency_p99_s",
    "violation_ratio",
    "broken_deadlines",
    "age_mean_s",
    "age_peak_s",
    "utilisation",
    "utility_sum",
    "below_utility_bound",
    "utility_jain",
    "migrations",
    "migrations_per_user_hour",
    "ping_pong",
    "bytes_moved",
    "pause_p50_s",
    "pause_p99_s",
    "energy_j",
    "opened",
    "fallbacks",
    "regret",
    "above_bound",
)
TIMES = ("decision_ms_p50", "decision_ms_p95")


@dataclass(frozen=True)
class Simulation(Result):
    """What several policies made of the same worlds.

    Attributes:
        name: of the scenario.
        root_seeds: of the worlds, one after the other.
        run: the world of the first seed.
        policies: as they were asked for.
        runs: one a policy and seed: `runs[policy][seed]`, in these orders.
        offline: what was possible, one a seed; empty where it was not asked for.
        files: what was written.
        failures: of policies of the user's own, one a world that one gave no answer in. Such a policy is neither in
            `policies` nor in `runs`: means over other worlds than those of the others compare with nothing.
        partial: what such policies made of the other worlds, by name.
        notes: what is to be known of the rows besides what the world and the policies say themselves.
    """

    name: str
    root_seeds: tuple[int, ...]
    run: MigrationRun = field(repr=False)
    policies: tuple[str, ...]
    runs: tuple[tuple[FinishedRun, ...], ...] = field(repr=False)
    offline: tuple[OfflineResult, ...] = ()
    files: tuple[Path, ...] = field(default=(), repr=False)
    failures: tuple[PolicyFailure, ...] = ()
    partial: dict[str, tuple[FinishedRun, ...]] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = field(default=(), repr=False)

    def measured(self, policy: int, at: int) -> dict[str, float | None]:
        """The figures of one policy under one seed, by name, regret included.

        Args:
            policy: index of the policy.
            at: index of the seed.
        """
        summary = self.runs[policy][at].summary
        offline = self.offline[at] if self.offline else None
        against = {
            "regret": None if offline is None else _above(summary.cost, offline.plan),
            "above_bound": None if offline is None else _above_bound(summary, offline.bound),
            "below_utility_bound": None if offline is None else _below(summary.utility_sum, offline.utility_bound),
        }
        return {name: against[name] if name in against else getattr(summary, name) for name in MEASURES}

    def _out_of_reach(self) -> list[str]:
        """Who is out of every station's reach, seed by seed; the policies of a seed see the same."""
        words = [(seed, run.summary.out_of_reach) for seed, run in zip(self.root_seeds, self.runs[0], strict=True)]
        where = "" if len(words) == 1 else "seed {}, "
        return [where.format(seed) + text for seed, text in words if text is not None]

    def _offline(self, name: str) -> float | None:
        """The mean over seeds; None unless every seed has one."""
        values = [getattr(each, name) for each in self.offline]
        return mean(values) if values and None not in values else None

    def __repr__(self) -> str:
        worlds = f"seeds {self.root_seeds[0]} to {self.root_seeds[-1]}"
        bound = "with the offline bound" if self.offline else None
        return in_a_line(
            self, self.name, f"{len(self.policies)} policies", counted(self.run.slots, "slot"), worlds, bound
        )

    def rows(self, *, times: bool = True) -> list[dict[str, Any]]:
        """One row a policy: means over the seeds, intervals, and the figures of every seed.

        Args:
            times: whether to include how long decisions took, which no two runs have in common.
        """
        return [self._row(policy, times) for policy in range(len(self.policies))]

    def _row(self, policy: int, times: bool) -> dict[str, Any]:
        runs = self.runs[policy]
        measured = [self.measured(policy, at) for at in range(len(self.root_seeds))]
        if times:
            measured = [{**each, **run.times.to_json()} for each, run in zip(measured, runs, strict=True)]
        names = (*MEASURES, *TIMES) if times else MEASURES
        known = {name: [value for each in measured if (value := each[name]) is not None] for name in names}
        terms = {term: mean([run.summary.terms[term] for run in runs]) for term in TERMS}
        return {
            "policy": self.policies[policy],
            "terms": terms,
            **{name: mean(values) if values else None for name, values in known.items()},
            "breaks_deadlines": any(run.summary.broken_deadlines for run in runs),
            "intervals": {name: _ends(values) for name, values in known.items()} | {"cost": self._cost_interval(runs)},
            **self._pairs(policy),
            "runs": [
                {"seed": seed, "terms": run.summary.terms, **each}
                for seed, run, each in zip(self.root_seeds, runs, measured, strict=True)
            ],
        }

    def _money(self) -> dict[str, str]:
        """The unit of costs where it is money a month; nothing where it is seconds."""
        money = self.run.scenario.money
        return {} if money is None else {"currency": money.currency, "cost_unit": money.unit}

    def _cost_interval(self, runs: Sequence[FinishedRun]) -> list[float] | None:
        """Of a mean cost; beside a bound of every world that of what is above it, and so never below."""
        costs, bounds = [run.summary.cost for run in runs], [each.bound for each in self.offline]
        known = [bound for bound in bounds if bound is not None]
        if not known or len(known) < len(costs):
            return _ends(costs)
        interval = interval_above(costs, known)
        return None if interval is None else list(interval)

    @property
    def against(self) -> str:
        """The policy that the others are paired with, seed by seed: the first."""
        return self.policies[0]

    def _pairs(self, policy: int) -> dict[str, Any]:
        """Differences of costs as shares of those of the first policy, seed by seed; None of itself and of one seed."""
        if policy == 0 or len(self.root_seeds) == 1:
            return dict.fromkeys(PAIR_FIELDS)
        return paired(self._counted_costs(policy), self._counted_costs(0), relative=True).to_json()

    def _counted_costs(self, policy: int) -> list[float]:
        """One a seed, infinite where the run broke a deadline that some host could keep."""
        summaries = [run.summary for run in self.runs[policy]]
        return [math.inf if summary.broken_deadlines else summary.cost for summary in summaries]

    def to_json(self, *, times: bool = True) -> dict[str, Any]:
        """The simulation as plain values, as `twinhop simulate --json` prints it.

        Args:
            times: whether to include how long decisions and bounds took.
        """
        run = self.run
        return {
            "source": self.name,
            "seed": self.root_seeds[0],
            "seeds": len(self.root_seeds),
            "slots": run.slots,
            "slot_s": run.slot_s,
            **self._money(),
            "users": len(run.user_ids),
            "stations": len(run.world_run.station_ids),
            "moved_by": run.world_run.moved_by,
            "against": self.against,
            "offline_plan": self._offline("plan"),
            "offline_bound": self._offline("bound"),
            "offline_gap": self._offline("gap"),
            "utility_bound": self._offline("utility_bound"),
            "offline": [each.to_json(times=times) for each in self.offline],
            "policies": self.rows(times=times),
            "failures": [each.to_json() for each in self.failures],
            "partial": {
                policy: [{"seed": run.summary.seed, "cost": run.summary.cost} for run in runs]
                for policy, runs in self.partial.items()
            },
            "notes": [*self.notes, *run.world_run.notes, *self._out_of_reach()],
            "attribution": list(run.world_run.world.attribution),
        }


def _above(cost: float, reference: float | None) -> float | None:
    return cost / reference - 1 if reference is not None and reference > 0 else None


def _below(utility: float | None, bound: float | None) -> float | None:
    return 1 - utility / bound if utility is not None and bound is not None and bound > 0 else None


def _above_bound(summary: RunSummary, bound: float | None) -> float | None:
    """The gap to the bound, >= 0 of a run that keeps deadlines; one that breaks them may cost less than the bound."""
    return _above(summary.cost, bound) if summary.broken_deadlines else gap_to_bound(summary.cost, bound)


def _ends(values: Sequence[float]) -> list[float] | None:
    interval = mean_interval(values)
    return None if interval is None else list(interval)


def simulate(
    source: Scenario | str | Path,
    policies: str | Sequence[PolicyLike] = DEFAULT_POLICIES,
    *,
    slots: int | None = None,
    seeds: int = 1,
    seed: int | None = None,
    mobility: str | None = None,
    bound: bool = False,
    time_limit_s: float | None = None,
    out: str | Path | None = None,
    jobs: int | None = None,
    animation: Animation = "gif",
    html: bool = True,
    on_progress: Progress | None = None,
    notes: Sequence[str] = (),
) -> Simulation:
    """Let the users move, apply migration policies slot by slot, and judge them.

    Every policy sees the same world; seed ``s`` of several is the root seed of the scenario plus s.

    Args:
        source: a scenario, its path or the name of a preset; without a movement section its users move by Gauss-Markov.
        policies: names, with settings as in ``name:setting=value``; in one text they are parted by commas. One of your
            own is a function of a `Situation` that returns the hosts of its users, an object with such a method
            ``decide``, its class, or its name, ``mine.py:follow``; its runs are done anew whatever `out` holds.
        slots: of a run, in place of the scenario's.
        seeds: how many worlds.
        seed: replaces the root seed.
        mobility: model of movement in place of the scenario's, with its defaults.
        bound: also find the best offline plan and the certified bounds of every seed, on cost and on the sum of
            utilities.
        time_limit_s: wall-clock limit of the bound, a seed, None: 60 s; and of each decision of a policy of your own,
            whose run is then done in a process that is ended where one takes longer, None: no limit [s].
        out: folder of the files; runs that are finished in it are not done again.
        jobs: processes; None: one a seed, at most one a core, or this one alone where a policy of your own cannot be
            sent to another.
        animation: how the animation among the files is written.
        html: whether the page `report.html` is among the files, besides its data.
        on_progress: told how many slots are done, and how many there are in all runs.
        notes: what is to be said with the results, besides what the world and the policies say themselves.

    Returns:
        Costs and figures of every policy. One of your own that gives no answer in a world is among `failures`; what
        the others made is kept.

    Raises:
        PolicyFailed: no policy gave an answer.
        InputError: an argument is wrong, the folder is of another simulation, some user has no host in a slot, or the
            disk is full; finished runs remain.
    """
    choices = _checked(policy_list(policies), seeds, jobs)
    texts = tuple(choice.text for choice in choices)
    scenario = source if isinstance(source, Scenario) else load_scenario(source)
    scenario = moving(scenario if seed is None else scenario.with_seed(seed), slots, None, mobility)
    worlds = [scenario.with_seed(scenario.seed + at) for at in range(seeds)]
    first = MigrationRun(worlds[0])
    for choice in choices:
        choice.require(first)
    if bound:
        require_bounded(first)
    with owned(out):
        folder = None if out is None else _begun(as_folder(out), scenario, first.slots, animation)
        bound_limit_s = OFFLINE_TIME_LIMIT_S if time_limit_s is None else time_limit_s
        decision_limit_s = math.inf if time_limit_s is None else time_limit_s
        work = _jobs(worlds, first.slots, choices, folder, bound_limit_s if bound else None, decision_limit_s)
        results = [read_result(job) for job in work]
        todo = [job for job, result in zip(work, results, strict=True) if result is None]
        processes = process_count(choices, jobs, min(seeds, os.cpu_count() or 1))
        done = iter(do_jobs(todo, processes, first, on_progress))
        results = [next(done) if result is None else result for result in results]
        offline = tuple(result for result in results if isinstance(result, OfflineResult))
        runs = [result for result in results if not isinstance(result, OfflineResult)]
        by_policy = {text: runs[at :: len(texts)] for at, text in enumerate(texts)}
        seeds_of_worlds = tuple(each.seed for each in worlds)
        result = replace(_simulation(scenario.name, seeds_of_worlds, first, by_policy, offline), notes=tuple(notes))
        if folder is None:
            return result
        return replace(result, files=tuple(_saved(result, folder, animation, html)))


def _simulation(
    name: str,
    seeds: tuple[int, ...],
    first: MigrationRun,
    by_policy: dict[str, list[FinishedRun | PolicyFailure]],
    offline: tuple[OfflineResult, ...],
) -> Simulation:
    """The result: policies that ran in every world, and those that failed in some.

    Raises:
        PolicyFailed: none ran in every world.
    """
    finished = {text: tuple(run for run in runs if isinstance(run, FinishedRun)) for text, runs in by_policy.items()}
    failures = tuple(run for runs in by_policy.values() for run in runs if isinstance(run, PolicyFailure))
    whole = [text for text, runs in finished.items() if len(runs) == len(seeds)]
    refuse_if_all_failed(failures, len(whole))
    partial = {text: runs for text, runs in finished.items() if text not in whole}
    runs = tuple(finished[text] for text in whole)
    return Simulation(name, seeds, first, tuple(whole), runs, offline, (), failures, partial)


def _saved(simulation: Simulation, folder: SimulationFolder, animation: Animation, html: bool) -> list[Path]:
    """The files written here, and the folders of the runs."""
    try:
        files = save_result(simulation, folder.root, animation=animation, html=html)
    except InputError as error:
        raise InputError(f"{error}; the files of all runs are there, in {folder.root}/seed-*") from None
    return [
        *files,
        *(run.folder for each in (*simulation.runs, *simulation.partial.values()) for run in each if run.folder),
    ]


def _checked(policies: Sequence[PolicyLike], seeds: int, jobs: int | None) -> tuple[PolicyChoice, ...]:
    """The policies, all of them known."""
    if not policies:
        raise InputError(f"--policies: none given; accepted: {', '.join(policy_names())}")
    choices = policy_choices(policies)
    texts = [choice.text for choice in choices]
    twice = sorted({text for text in texts if texts.count(text) > 1})
    if twice:
        raise InputError(f"--policies: {', '.join(twice)} given more than once")
    if seeds < 1:
        raise InputError(f"--seeds: got {seeds}; expected a whole number >= 1")
    if jobs is not None and jobs < 1:
        raise InputError(f"--jobs: got {jobs}; expected a whole number >= 1")
    process_count(choices, jobs, 1)
    return choices


def _begun(root: Path, scenario: Scenario, slots: int, animation: Animation) -> SimulationFolder:
    """The folder of the simulation, which can be written and holds nothing else."""
    require_writer(animation)
    require_writable(root)
    folder = SimulationFolder(root)
    folder.begin(identity_of(scenario, slots))
    return folder


def _jobs(
    worlds: Sequence[Scenario],
    slots: int,
    policies: Sequence[PolicyChoice],
    folder: SimulationFolder | None,
    bound_limit_s: float | None,
    decision_limit_s: float,
) -> list[Job]:
    """All runs, seed by seed; the bound of a seed before its policies, as it may be refused."""
    jobs = []
    for world in worlds:
        if bound_limit_s is not None:
            path = None if folder is None else folder.offline(world.seed)
            jobs.append(Job(world, slots, None, path, bound_limit_s))
        for policy in policies:
            path = None if folder is None else folder.run(policy.text, world.seed)
            jobs.append(Job(world, slots, policy, path, decision_limit_s))
    return jobs
