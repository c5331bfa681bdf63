"""What is recorded of a world, by the code that `simulate` runs on, as arrays that an episode reads slot by slot."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from twinhop.env.core.types import Record
from twinhop.errors import InputError
from twinhop.migration.run import MigrationRun
from twinhop.scenario import Scenario
from twinhop.scenario.dynamics import WorldRun
from twinhop.scenario.dynamics.cpu import cpu_process
from twinhop.scenario.dynamics.failures import StationsUp
from twinhop.scenario.mobility import ChurningPositions, Positions
from twinhop.scenario.schema.movement_section import Failures
from twinhop.scenario.schema.scenario import scenario_file

MOST_ENTRIES = 2**27
"""Positions of a record that are held in memory, 1 GiB of them in 32 bits."""


def recorded_run(scenario: Scenario, horizon: int) -> MigrationRun:
    """The run of a scenario: as long as it states; else that of `simulate`, or what its trace has.

    Args:
        scenario: with or without movement.
        horizon: slots of an episode.

    Raises:
        InputError: an episode is longer than the trace, or the run cannot be made.
    """
    movement = scenario.movement
    if movement is None or movement.trace is None:
        return MigrationRun(scenario)
    from twinhop.scenario.traces import TracePositions

    path = scenario_file(scenario, movement.trace.file, "movement.trace.file")
    most = max(movement.run_slots, horizon)
    positions = TracePositions.of_file(path, movement.slot_s, most, movement.trace.start_s, scenario.area)
    if positions.slots < horizon:
        raise InputError(
            f"{scenario.where}: movement.trace: has {positions.slots} slots of {movement.slot_s:g} s from "
            f"{movement.trace.start_s:g} s on, and an episode {horizon}; lower horizon"
        )
    stated = movement.slots is not None or movement.horizon_s is not None
    run = MigrationRun(scenario, movement.run_slots if stated else positions.slots, positions)
    entries = len(run.user_ids) * positions.slots
    if entries > MOST_ENTRIES:
        raise InputError(
            f"{scenario.where}: movement.trace: {positions.slots} slots of {len(run.user_ids)} users are {entries} "
            f"positions; at most {MOST_ENTRIES} are held: lower movement.slots, or take a longer slot_s"
        )
    return run


def record_of(run: WorldRun, horizon: int) -> Record | None:
    """What a trace, a file of CPUs and scheduled failures say of the slots of a run.

    Args:
        run: of the scenario.
        horizon: slots of an episode; where nothing but CPUs and failures is recorded, a record has at least so many.

    Returns:
        Arrays over the slots, those that are not recorded None; None where nothing is.
    """
    movement = run.movement
    xy_m: Any = None
    present: Any = None
    up: Any = None
    if movement.trace is not None:
        xy_m, present = _where(run.positions)
    slots = max(run.slots, horizon + 1) if xy_m is None else len(xy_m)
    times_s = [index * run.slot_s for index in range(slots)]
    cpu = None
    if movement.failures is not None and movement.failures.schedule:
        known = StationsUp(Failures(schedule=movement.failures.schedule), run.station_ids, run.slot_s, seed=0)
        up = np.stack([known.at(time_s) for time_s in times_s])
    if movement.cpu.kind == "trace":
        process = cpu_process(run.scenario, run.world)
        cpu = np.stack([process.at(time_s) for time_s in times_s])
    if xy_m is None and up is None and cpu is None:
        return None
    return Record(_floats(xy_m), present, up, _floats(cpu))


def recorded_slots(record: Record) -> int:
    """Slots of a record, the same of all its arrays."""
    return next(len(each) for each in record if each is not None)


def _where(positions: Positions) -> tuple[NDArray[np.float64], NDArray[np.bool_] | None]:
    """(T, N, 2) positions, those of the absent carried on or back, and (T, N) who is present; None: always everybody.

    Churn is left out: it draws anew in every episode.
    """
    if isinstance(positions, ChurningPositions):
        positions = positions.positions
    xy_m = np.stack(list(positions))
    present = np.isfinite(xy_m[..., 0])
    if present.all():
        return xy_m, None
    slots = np.arange(len(xy_m))[:, None]
    last = np.maximum.accumulate(np.where(present, slots, -1), axis=0)
    first = np.where(present.any(axis=0), present.argmax(axis=0), 0)
    carried = np.take_along_axis(xy_m, np.where(last >= 0, last, first)[..., None], axis=0)
    return np.nan_to_num(carried, nan=0.0), present


def _floats(values: NDArray[np.float64] | None) -> Any:
    """The numbers in the precision in which JAX counts."""
    return None if values is None else np.asarray(values, jax.dtypes.canonicalize_dtype(float))
