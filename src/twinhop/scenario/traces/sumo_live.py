"""SUMO stepped slot by slot in this process, over libsumo."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from twinhop.errors import InputError
from twinhop.scenario.traces.bad_records import BadRecords
from twinhop.scenario.traces.records import VEHICLE, Batch, Reading, Roster, placed_records
from twinhop.scenario.traces.sumo_program import HOW_TO_INSTALL


def live_reading(
    arguments: Sequence[str],
    seconds: int,
    geographic: bool,
    roster: Roster,
    on_second: Callable[[int], None],
    bad: BadRecords,
) -> Reading:
    """A simulation that runs as its records are taken, a second at a time.

    Args:
        arguments: of the program `sumo`.
        seconds: for how long [s].
        geographic: whether positions are wanted as longitude and latitude.
        roster: numbers the vehicles.
        on_second: called with the seconds simulated so far.
        bad: counts vehicles that stand nowhere, which are left out.

    Raises:
        InputError: libsumo is missing, or, while the batches are taken, the simulation fails; with its message.
    """
    try:
        libsumo = import_module("libsumo")
    except ImportError as error:
        raise InputError(f"--live: libsumo cannot be imported ({error}); {HOW_TO_INSTALL}") from None
    batches = _batches(libsumo, arguments, seconds, geographic, roster, on_second, bad)
    return Reading(batches, is_geographic=geographic, has_empty_steps=True)


def _batches(
    libsumo: Any,
    arguments: Sequence[str],
    seconds: int,
    geographic: bool,
    roster: Roster,
    on_second: Callable[[int], None],
    bad: BadRecords,
) -> Iterator[Batch]:
    codes = roster.codes(VEHICLE)
    try:
        libsumo.start(["sumo", *arguments])
        for second in range(seconds):
            libsumo.simulationStep()
            names = libsumo.vehicle.getIDList()
            at = [libsumo.vehicle.getPosition(name) for name in names]
            east, north = np.array(at, dtype=np.float64).reshape(-1, 2).T
            code = np.array([codes[name] for name in names], np.int32)
            time_s = np.full(len(names), float(second))
            batch = placed_records(Batch(code, time_s, east, north, float(second), float(second)), bad)
            if geographic:
                at = [libsumo.simulation.convertGeo(*each) for each in zip(batch.east, batch.north, strict=True)]
                east, north = np.array(at, dtype=np.float64).reshape(-1, 2).T
                batch = batch._replace(east=east, north=north)
            yield batch
            on_second(second + 1)
    except (libsumo.TraCIException, libsumo.FatalTraCIError, RuntimeError) as error:
        raise InputError(f"SUMO: the simulation failed: {error}") from None
    finally:
        libsumo.close()
