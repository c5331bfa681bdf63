"""The CPU capacity of the stations, slot by slot."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from twinhop import streams
from twinhop.errors import InputError
from twinhop.scenario.dynamics.cpu_trace import CpuTrace, read_cpu_trace
from twinhop.scenario.schema.movement_section import CpuDynamics
from twinhop.scenario.schema.scenario import Scenario, scenario_file
from twinhop.scenario.world.world import World
from twinhop.units import CYCLES_PER_GCYCLE

FloatArray = NDArray[np.float64]


class CpuProcess(Protocol):
    """What gives F_k(t); every iteration of a run has one of its own."""

    def at(self, time_s: float) -> FloatArray:
        """(M,) CPU capacities at the next slot, which begins then [cycle/s]."""
        ...

    def restart(self, cpu_cycles_per_s: FloatArray) -> None:
        """Begin anew from these capacities (M,), as stations are redrawn [cycle/s]."""
        ...


class ConstantCpu:
    """F_k(t) = F_k."""

    def __init__(self, cpu_cycles_per_s: FloatArray) -> None:
        """Take the capacities (M,) [cycle/s]."""
        self._own = cpu_cycles_per_s

    def at(self, time_s: float) -> FloatArray:
        """(M,) the same at all times [cycle/s]."""
        return self._own.copy()

    def restart(self, cpu_cycles_per_s: FloatArray) -> None:
        """Take other capacities (M,) [cycle/s]."""
        self._own = cpu_cycles_per_s


class Ar1Cpu:
    """An autoregressive process of order 1 about each station's own F, within bounds.

    Formula: ``F <- B(F_k + a (F - F_k) + sigma sqrt(1 - a^2) n)`` with ``a = exp(-slot / correlation_s)``; B mirrors
    at the bounds, or holds there. It begins at F_k.
    """

    def __init__(self, section: CpuDynamics, cpu_cycles_per_s: FloatArray, slot_s: float, seed: int) -> None:
        """Begin at the stations' own capacities.

        Args:
            section: parameters, `kind` ar1.
            cpu_cycles_per_s: (M,) F_k, within the bounds [cycle/s].
            slot_s: length of a slot [s].
            seed: the root seed.
        """
        self._low = section.min_gcycles_per_s * CYCLES_PER_GCYCLE
        self._high = section.max_gcycles_per_s * CYCLES_PER_GCYCLE
        self._reflects = section.bounds == "reflect"
        self._memory = math.exp(-slot_s / section.correlation_s)
        self._noise = section.sigma_gcycles_per_s * CYCLES_PER_GCYCLE * math.sqrt(1.0 - self._memory**2)
        self._generator = streams.stream(seed, streams.CPU)
        self.restart(cpu_cycles_per_s)

    def at(self, time_s: float) -> FloatArray:
        """(M,) the values of the next slot; those of the first are F_k [cycle/s]."""
        if self._begun:
            normal = self._generator.standard_normal(len(self._own))
            self._now = self._bounded(self._own + self._memory * (self._now - self._own) + self._noise * normal)
        self._begun = True
        return self._now.copy()

    def restart(self, cpu_cycles_per_s: FloatArray) -> None:
        """Wander about other capacities (M,), from there [cycle/s]."""
        self._own = self._now = cpu_cycles_per_s
        self._begun = False

    def _bounded(self, values: FloatArray) -> FloatArray:
        if self._reflects:
            span = self._high - self._low
            values = self._low + span - np.abs(span - np.mod(values - self._low, 2.0 * span))
        return np.clip(values, self._low, self._high)


class TracedCpu:
    """F_k(t) by a file: the last value recorded; before the first one the station's own F."""

    def __init__(self, trace: CpuTrace, cpu_cycles_per_s: FloatArray) -> None:
        """Take the records, and the capacities (M,) before them [cycle/s]."""
        self._trace = trace
        self._now = cpu_cycles_per_s.copy()
        self._next = 0

    def at(self, time_s: float) -> FloatArray:
        """(M,) what holds at the moment, no earlier than that of the call before [cycle/s]."""
        end = int(np.searchsorted(self._trace.time_s, time_s, side="right"))
        # in the order of time: of two records of one station the later one stays
        self._now[self._trace.station[self._next : end]] = self._trace.cpu_cycles_per_s[self._next : end]
        self._next = max(self._next, end)
        return self._now.copy()

    def restart(self, cpu_cycles_per_s: FloatArray) -> None:
        """Nothing to do: the schema refuses a trace where stations are redrawn."""


def cpu_process(scenario: Scenario, world: World) -> CpuProcess:
    """The CPU process of a scenario with movement, at its beginning.

    Raises:
        InputError: a station's own CPU lies outside the bounds, or the trace is not usable.
    """
    movement = scenario.movement
    assert movement is not None
    section, cpu_cycles_per_s = movement.cpu, world.cpu_cycles_per_s
    if section.kind == "constant":
        return ConstantCpu(cpu_cycles_per_s)
    if section.kind == "trace":
        assert section.file is not None
        path = scenario_file(scenario, section.file, "movement.cpu.file")
        return TracedCpu(read_cpu_trace(path, world.station_ids), cpu_cycles_per_s)
    _check_bounds(scenario, world, section)
    return Ar1Cpu(section, cpu_cycles_per_s, movement.slot_s, scenario.seed)


def _check_bounds(scenario: Scenario, world: World, section: CpuDynamics) -> None:
    gcycles_per_s = world.cpu_cycles_per_s / CYCLES_PER_GCYCLE
    low, high = section.min_gcycles_per_s, section.max_gcycles_per_s
    outside = np.flatnonzero((gcycles_per_s < low) | (gcycles_per_s > high))
    if outside.size:
        at = int(outside[0])
        name = world.station_ids[at]
        raise InputError(
            f"{scenario.where}: movement.cpu: station {name!r} has {gcycles_per_s[at]:g} Gcycle/s, outside the "
            f"bounds of {low:g} to {high:g}; set min_gcycles_per_s and max_gcycles_per_s around all stations"
        )
