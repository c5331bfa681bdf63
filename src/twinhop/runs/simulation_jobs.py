"""The runs of a simulation one after the other, or in parallel processes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from twinhop.failures import PolicyFailure, attempt
from twinhop.migration.policy import PolicyChoice
from twinhop.migration.run import MigrationRun
from twinhop.processes import Progress, in_processes
from twinhop.runs.simulation_offline import OfflineResult, offline_result, read_offline
from twinhop.runs.simulation_run import FinishedRun, read_run, run_of, run_policy
from twinhop.scenario import Scenario


@dataclass(frozen=True)
class Job:
    """One run, or the offline bound of one seed.

    Attributes:
        scenario: with the seed of the run.
        slots: of the run.
        policy: and its settings; None: the offline bound.
        path: where the run's files go, or the file of the bound; None: nothing is written.
        time_limit_s: of the bound, or of a decision of the user's own code [s].
    """

    scenario: Scenario
    slots: int
    policy: PolicyChoice | None
    path: Path | None
    time_limit_s: float = math.inf


Result = FinishedRun | OfflineResult | PolicyFailure


def read_result(job: Job) -> Result | None:
    """What came of a job that was done before; None where it was not, or where it is of code that may have changed.

    Raises:
        InputError: its files are damaged.
    """
    if job.path is None:
        return None
    if job.policy is None:
        return read_offline(job.path)
    return read_run(job.path) if job.policy.own is None else None


def do_job(job: Job, run: MigrationRun | None = None, on_progress: Callable[[int], None] | None = None) -> Result:
    """Do one job, in whatever process; the run of the job before is used again where it is the same.

    Returns:
        What came of it, or that a policy of the user's own failed.
    """
    run = run or run_of(job.scenario, job.slots)
    if job.policy is None:
        return offline_result(run, job.time_limit_s, job.path)
    policy, limit_s = job.policy, job.time_limit_s
    return attempt(
        lambda: run_policy(run, policy, job.path, on_progress, time_limit_s=limit_s),
        job.scenario.name,
        job.scenario.seed,
        policy.text,
    )


def do_jobs(jobs: Sequence[Job], processes: int, first: MigrationRun, on_progress: Progress | None) -> list[Result]:
    """Do all jobs.

    Args:
        jobs: in the order of the results.
        processes: how many at a time; 1: all in this one.
        first: the run of the first seed, already made.
        on_progress: told of the slots done.

    Returns:
        What came of each job.

    Raises:
        InputError: of the first job that cannot be done; jobs that are done keep their files.
        TwinhopError: a process was killed.
    """
    if processes > 1 and len(jobs) > 1:
        return in_processes(do_job, jobs, [job.slots for job in jobs], processes, on_progress)
    results: list[Result] = []
    run = first
    for job in jobs:
        if run.scenario.seed != job.scenario.seed:
            run = run_of(job.scenario, job.slots)
        results.append(do_job(job, run, _telling(jobs, len(results), on_progress)))
    return results


def _telling(jobs: Sequence[Job], at: int, on_progress: Progress | None) -> Callable[[int], None] | None:
    """What is told of the slots of one job, as told of those of all."""
    if on_progress is None:
        return None
    before, total = sum(job.slots for job in jobs[:at]), sum(job.slots for job in jobs)
    return lambda done: on_progress(before + done, total)
