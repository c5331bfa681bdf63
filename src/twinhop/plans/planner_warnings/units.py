"""Sizes, rates, powers and times that look as if they were given in another unit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from twinhop.placement.problem import FloatArray
from twinhop.plans.planner_warnings.warning import PlannerWarning
from twinhop.scenario import World
from twinhop.units import BITS_PER_MBIT, CYCLES_PER_GCYCLE, HZ_PER_MHZ, S_PER_MS

UNITS = "units"


@dataclass(frozen=True)
class Range:
    """What is usual of a quantity, widely.

    Attributes:
        field: of the scenario.
        unit: that the field is in.
        least: [unit]
        most: [unit]
        below: what a smaller value may have been given in.
        above: what a larger one may have been given in.
    """

    field: str
    unit: str
    least: float
    most: float
    below: str
    above: str


#: From a microcontroller to a hall of servers.
CPU = Range("stations.cpu_gcycles_per_s", "Gcycle/s", 1e-3, 1e5, "Tcycle/s", "cycle/s or MHz")
#: From a sensor's readings to 125 GB.
HISTORY = Range("users.history_mbit", "Mbit", 1e-5, 1e6, "Gbit or GB", "bit or byte")
#: From a byte to 1.25 GB at once.
UPDATE = Range("users.update_mbit", "Mbit", 8e-6, 1e4, "Gbit or GB", "bit or byte")
#: From half a millisecond, below what any radio does, to ten minutes, above what any interaction waits.
DEADLINE = Range("users.deadline_ms", "ms", 0.5, 6e5, "s", "µs")
#: From a tag that harvests energy to a radio on a vehicle; 23 dBm, the usual class, is 0.2 W.
POWER = Range("users.tx_power_w", "W", 1e-6, 10.0, "kW", "mW or dBm")
#: From a narrow band of the internet of things to all of the millimetre waves.
BANDWIDTH = Range("radio.bandwidth_mhz", "MHz", 1e-2, 1e4, "GHz", "kHz or Hz")
#: From control loops to once a day.
PERIOD = Range("objective.sync_period_s", "s", 1e-4, 86_400.0, "min or h", "ms")


def unit_warnings(world: World) -> Iterator[PlannerWarning]:
    """One warning a quantity whose median is far from what is usual."""
    hosts = world.host_capacity > 0
    deadline_s = np.empty(0) if world.deadline_s is None else world.deadline_s
    for usual, values in (
        (CPU, world.host_cpu_cycles_per_s[hosts] / CYCLES_PER_GCYCLE),
        (HISTORY, world.history_bits / BITS_PER_MBIT),
        (UPDATE, world.update_bits / BITS_PER_MBIT),
        (DEADLINE, deadline_s / S_PER_MS),
        (POWER, world.tx_power_w),
        (BANDWIDTH, np.array([world.radio.bandwidth_hz / HZ_PER_MHZ])),
        (PERIOD, np.array([world.sync_period_s])),
    ):
        yield from _of(usual, values)


def _of(usual: Range, values: FloatArray) -> Iterator[PlannerWarning]:
    given = values[values > 0]
    if not given.size:
        return
    middle = float(np.median(given))
    if usual.least <= middle <= usual.most:
        return
    low = middle < usual.least
    yield PlannerWarning(
        UNITS,
        f"{usual.field} is {middle:.4g} {usual.unit} in the median, {'less' if low else 'more'} than "
        f"{usual.least if low else usual.most:.4g}: was it given in {usual.below if low else usual.above}? give it in "
        f"{usual.unit}",
    )
