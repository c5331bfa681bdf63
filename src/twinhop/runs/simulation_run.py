"""One policy under one seed: run, measured, and written slot by slot."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from twinhop.errors import InputError
from twinhop.failures import PolicyFailed
from twinhop.io.json_text import json_text, read_json
from twinhop.migration.policy import PolicyChoice, PolicyLike, policy_choice
from twinhop.migration.run import MigrationRun
from twinhop.migration.simulate import outcomes
from twinhop.own_watch import call_policy, can_be_ended
from twinhop.processes.serving import send_note
from twinhop.runs.simulation_folder import TIMING, discard, unfinished
from twinhop.runs.simulation_summary import DecisionTimes, RunMeter, RunSummary
from twinhop.runs.simulation_tables import RunTables, constants
from twinhop.scenario import Scenario

SUMMARY = "summary.json"
#: Told how many slots are done.
Progress = Callable[[int], None]


@dataclass(frozen=True)
class FinishedRun:
    """A policy under a seed, from slot 0 to the last.

    Attributes:
        summary: what came of it.
        times: how long the policy took to decide.
        folder: where its files are; None where none were written.
    """

    summary: RunSummary
    times: DecisionTimes
    folder: Path | None = None


def run_policy(
    run: MigrationRun,
    policy: PolicyLike,
    folder: Path | None,
    on_progress: Progress | None = None,
    *,
    time_limit_s: float = math.inf,
) -> FinishedRun:
    """Let a policy run.

    Args:
        run: the world of a seed.
        policy: and its settings, or one of the user's own.
        folder: where the files go; None: none is written.
        on_progress: told of every slot done.
        time_limit_s: of a decision of a policy of the user's own [s]; the run is then made and done in a process that
            is ended where one takes longer, if the policy can be sent to one.

    Returns:
        What came of it.

    Raises:
        PolicyFailed: a policy of the user's own gave no answer; nothing of the run is left in the folder.
        InputError: no host for a user in some slot, or the files cannot be written. Where the disk is full the slots
            written so far remain.
    """
    choice = policy_choice(policy)
    told = on_progress or (lambda slots: None)
    try:
        if run.origin is None or not can_be_ended(choice.own, time_limit_s):
            return _run(run, choice.limited(time_limit_s), folder, on_progress)
        arguments = (run.origin, run.slots, choice, folder, time_limit_s)
        return call_policy(choice.text, _run_elsewhere, *arguments, limit_s=time_limit_s, on_note=told)
    except PolicyFailed as error:
        if folder is not None:
            discard(folder)
        raise error.with_world(run.scenario.name, run.scenario.seed, choice.text) from error.__cause__


def _run_elsewhere(
    scenario: Scenario, slots: int, choice: PolicyChoice, folder: Path | None, time_limit_s: float
) -> FinishedRun:
    """In a worker: make the run, and let a policy run."""
    run = run_of(scenario, slots)
    choice.require(run)  # what an agent needs is compiled before its time runs
    return _run(run, choice.limited(time_limit_s), folder, send_note)


#: The run that this process made last: its channel is mapped where users came.
_last: list[tuple[Scenario, int, MigrationRun]] = []


def run_of(scenario: Scenario, slots: int) -> MigrationRun:
    """The run of a scenario; that which this process made last is used again where it is the same."""
    if not _last or _last[0][:2] != (scenario, slots):
        _last[:] = [(scenario, slots, MigrationRun(scenario, slots))]
    return _last[0][2]


def _run(run: MigrationRun, choice: PolicyChoice, folder: Path | None, on_progress: Progress | None) -> FinishedRun:
    """Let a policy run in this process."""
    meter = RunMeter(run, choice.text)
    if folder is None:
        _drive(run, choice, meter, None, on_progress)
        return FinishedRun(meter.summary(), meter.times())
    with unfinished(folder) as aside:
        tables = RunTables(run, aside)
        try:
            _drive(run, choice, meter, tables, on_progress)
            tables.finish()
            facts = {
                SUMMARY: {**meter.summary().to_json(), "constants": constants(run)},
                TIMING: meter.times().to_json(),
            }
            for name, value in facts.items():
                (aside / name).write_text(json_text(value), encoding="utf-8")
        except OSError as error:
            raise OSError(error.errno, f"{error.strerror or error}; {_kept(aside, tables.slots_written)}") from None
    return FinishedRun(meter.summary(), meter.times(), folder)


def _kept(aside: Path, slots: int) -> str:
    if not slots:
        return "no slot was written yet"
    return f"slots 0 to {slots - 1} are there to read, in {aside}; run the same command again to go on"


def _drive(
    run: MigrationRun, choice: PolicyChoice, meter: RunMeter, tables: RunTables | None, on_progress: Progress | None
) -> None:
    for outcome in outcomes(run, choice):
        meter.add(outcome)
        if tables is not None:
            tables.add(outcome)
        if on_progress is not None:
            on_progress(outcome.situation.index + 1)


def read_run(folder: Path) -> FinishedRun | None:
    """A run that was finished before; None where there is none.

    Raises:
        InputError: its files are damaged.
    """
    if not folder.is_dir():
        return None
    summary, times = read_json(folder / SUMMARY), read_json(folder / TIMING)
    try:
        summary.pop("constants")
        return FinishedRun(RunSummary(**summary), DecisionTimes(**times), folder)
    except (TypeError, AttributeError, KeyError):
        raise InputError(f"{folder}: {SUMMARY} or {TIMING} is not what a finished run has; delete the folder") from None
