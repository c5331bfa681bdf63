"""Traffic that SUMO simulates: a network, vehicles that drive about in it, and where they were."""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from twinhop.errors import InputError
from twinhop.io.byte_blocks import head
from twinhop.scenario.fields import LARGEST_SEED
from twinhop.scenario.traces.fcd_xml import read_fcd_xml
from twinhop.scenario.traces.importing import ImportedTrace, ImportOptions, save_reading
from twinhop.scenario.traces.records import Reading, ReadOptions, Roster
from twinhop.scenario.traces.sumo_live import live_reading
from twinhop.scenario.traces.sumo_program import Sumo

GRID = "grid"
GRID_LENGTH_M, GRID_MARGIN_M = 200.0, 50.0
LEAST_GRID = 5
"""Junctions on each side of a generated grid, at least."""
VEHICLES_PER_JUNCTION = 4.0
ENTRY_SHARE = 0.1
"""Vehicles enter evenly over this share of the time."""
SECONDS_PER_STAGE = 30.0
"""A trip passes one further random place per this many seconds, so that it lasts to the end."""
MOST_VEHICLES, MOST_SECONDS = 100_000, 1_000_000
SUMO_SEEDS = 2**31 - 1
"""SUMO takes seeds below this."""
PROJECTED = re.compile(rb'projParameter="(?!!")[^"]')
FORMAT = "sumo"


@dataclass(frozen=True)
class Traffic:
    """What SUMO is to drive.

    Attributes:
        network: "grid", or a network file of SUMO (.net.xml).
        vehicles: how many.
        seconds: for how long [s].
        seed: the same seed gives the same trace, with the same version of SUMO.
    """

    network: str
    vehicles: int
    seconds: int
    seed: int = 0

    def check(self) -> None:
        """Refuse numbers that SUMO cannot take.

        Raises:
            InputError: a number is out of range, or the network file is missing.
        """
        for name, value, least, most in (
            ("vehicles", self.vehicles, 1, MOST_VEHICLES),
            ("seconds", self.seconds, 1, MOST_SECONDS),
            ("seed", self.seed, 0, LARGEST_SEED),
        ):
            if not least <= value <= most:
                raise InputError(f"--{name}: must be from {least} to {most} (got {value})")
        if self.network != GRID and b"<net" not in head(Path(self.network)):
            raise InputError(f"{self.network}: is not a network of SUMO (.net.xml); --generate takes one, or {GRID}")


def import_sumo(
    traffic: Traffic,
    out: str | Path,
    *,
    live: bool = False,
    options: ImportOptions = ImportOptions(),  # noqa: B008
    overwrite: bool = False,
    on_second: Callable[[int], None] = lambda _: None,
) -> ImportedTrace:
    """Let SUMO drive, headless and in a temporary folder, and import what it drove.

    Vehicles enter evenly over the first tenth of the time and drive from random place to random place until its end.

    Args:
        traffic: what it is to drive.
        out: the trace to write (Parquet).
        live: whether to step the simulation slot by slot over libsumo, in this process, rather than to read what the
            program recorded.
        options: what the simulation does not say.
        overwrite: whether an existing file may be replaced.
        on_second: called with the seconds simulated so far, where `live`.

    Raises:
        InputError: SUMO is missing (with how to install it) or fails (with its message), a number is out of range, or
            the trace cannot be written.
    """
    traffic.check()
    sumo = Sumo.find()
    with tempfile.TemporaryDirectory(prefix="twinhop-sumo-") as name:
        folder = Path(name)
        options = replace(options, attribution=(f"Driven by Eclipse SUMO {sumo.version(folder)}", *options.attribution))
        network = _network(sumo, traffic, folder)
        arguments = _simulation(sumo, traffic, network, folder)
        geographic = PROJECTED.search(head(network)) is not None
        source = Path(f"{network.name.partition('.')[0]}-{traffic.vehicles}-vehicles-seed-{traffic.seed}")
        roster, asked = Roster(str(source)), options.reading(None)
        if live:
            reading = live_reading(arguments, traffic.seconds, geographic, roster, on_second, asked.bad)
        else:
            reading = _recorded(sumo, arguments, geographic, roster, folder, asked)
        return save_reading(reading, roster, source, FORMAT, Path(out), options, overwrite=overwrite, bad=asked.bad)


def _network(sumo: Sumo, traffic: Traffic, folder: Path) -> Path:
    """The network file, made where a grid is asked for."""
    if traffic.network != GRID:
        return Path(traffic.network).resolve()
    junctions = max(LEAST_GRID, math.ceil(math.sqrt(traffic.vehicles / VEHICLES_PER_JUNCTION)))
    size = ["--grid.number", str(junctions), "--grid.length", f"{GRID_LENGTH_M:g}"]
    size += ["--offset.x", f"{GRID_MARGIN_M:g}", "--offset.y", f"{GRID_MARGIN_M:g}"]
    network = folder / "grid.net.xml"
    seed = str(traffic.seed % SUMO_SEEDS)
    sumo.run("netgenerate", ["--grid", *size, "--seed", seed, "--output-file", str(network)], folder)
    return network


def _simulation(sumo: Sumo, traffic: Traffic, network: Path, folder: Path) -> list[str]:
    """The arguments of the simulation, its trips made."""
    trips, seed = folder / "trips.xml", str(traffic.seed % SUMO_SEEDS)
    entry_s = max(1.0, ENTRY_SHARE * traffic.seconds)
    stages = math.ceil(traffic.seconds / SECONDS_PER_STAGE)
    trip_options = ["--net-file", str(network), "--output-trip-file", str(trips), "--seed", seed, "--no-validate"]
    times = ["--begin", "0", "--end", repr(entry_s), "--period", repr(entry_s / traffic.vehicles)]
    sumo.run("randomTrips.py", [*trip_options, *times, "--intermediate", str(stages), "--prefix", "veh"], folder)
    return [
        *("--net-file", str(network), "--route-files", str(trips), "--seed", seed),
        *("--begin", "0", "--end", str(traffic.seconds), "--step-length", "1"),
        *("--ignore-route-errors", "true", "--no-step-log", "true", "--no-warnings", "true"),
    ]


def _recorded(
    sumo: Sumo, arguments: list[str], geographic: bool, roster: Roster, folder: Path, asked: ReadOptions
) -> Reading:
    """What the program recorded while it drove."""
    recording = folder / "fcd.xml"
    output = ["--fcd-output", str(recording), "--fcd-output.geo", str(geographic).lower()]
    sumo.run("sumo", [*arguments, *output], folder)
    return replace(read_fcd_xml(recording, roster, asked), is_geographic=geographic)
