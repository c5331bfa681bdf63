"""A world that changes, slot by slot: positions, channel, access, CPU, failures; the same whatever is decided in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twinhop import network, streams
from twinhop.errors import InputError
from twinhop.scenario.dynamics.access import AccessState
from twinhop.scenario.dynamics.cpu import cpu_process
from twinhop.scenario.dynamics.epochs import epoch_world
from twinhop.scenario.dynamics.failures import StationsUp
from twinhop.scenario.dynamics.field_grid import FieldGrid
from twinhop.scenario.dynamics.mean_channel import BYTES_PER_MIB, MeanChannel, channel_map, mean_channel, thread_count
from twinhop.scenario.dynamics.moving_users import moving_users
from twinhop.scenario.dynamics.slot import Slot
from twinhop.scenario.mobility import Positions
from twinhop.scenario.mobility.positions import loads_of
from twinhop.scenario.schema.movement_section import EPISODE_SLOTS, Movement
from twinhop.scenario.schema.readings import ROW_LOGARITHM, ROW_REDRAWN
from twinhop.scenario.schema.scenario import Scenario
from twinhop.scenario.world.columns import has_weights
from twinhop.scenario.world.world import World
from twinhop.units import linear_to_db

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class WorldRun:
    """The slots of a scenario with movement.

    Every iteration begins at slot 0 and gives the same bytes. Each component draws from a stream of its own (mobility,
    presence, fading, CPU, failures, epochs), so that changing one leaves the others as they are.

    >>> from twinhop.scenario import load_scenario
    >>> run = WorldRun(load_scenario("lu2021-n80-m5"), slots=3)
    >>> [(slot.index, int(slot.active.sum())) for slot in run]
    [(0, 80), (1, 80), (2, 80)]
    """

    def __init__(
        self,
        scenario: Scenario,
        slots: int | None = None,
        positions: Positions | None = None,
        stations_up: Callable[[float], BoolArray] | None = None,
    ) -> None:
        """Read what the scenario names, and draw its world.

        Args:
            scenario: without a movement section users move by Gauss-Markov with its defaults, and nothing else changes.
            slots: how many, in place of the scenario's horizon.
            positions: what moves the users, in place of the scenario's model or trace.
            stations_up: which stations (M,) work at a time [s], in place of the scenario's failures.

        Raises:
            InputError: a file is missing or not usable, users are outside the area, the horizon is longer than the
                trace, or the world cannot be built.
        """
        self.movement: Movement = scenario.movement or Movement()
        """The movement section, with its defaults."""
        scenario = scenario if scenario.movement else scenario.model_copy(update={"movement": self.movement})
        self.slots: int = slots or self.movement.run_slots
        """Slots of the run."""
        if has_weights(scenario):
            raise InputError(
                f"{scenario.where}: users: rows that stand for many users (weight) are placed by plan, compare, price "
                "and the like; simulate, train and environments follow single users: leave weight out, and use "
                "load.scales users or sizes"
            )
        users = moving_users(scenario, self.slots, positions)
        self.scenario: Scenario = users.scenario
        """The scenario, its users those that move."""
        self.positions: Positions = users.positions
        """Where they are, slot by slot."""
        self.notes: tuple[str, ...] = users.notes
        """What was found in a trace: gaps that were bridged, points that were clipped."""
        self.world: World = users.world
        """The world of epoch 0, with every user, at the first known position."""
        self.stations_up = stations_up
        """Which stations work at a time, in place of the scenario's failures; None: those."""
        cpu_process(self.scenario, self.world)  # raises now where bounds or file are not usable

    @cached_property
    def channel_map(self) -> FieldGrid | None:
        """The map of the channel, filled where users come and kept from one iteration to the next; None without."""
        return channel_map(self.world, self.movement.channel_map_mib * BYTES_PER_MIB)

    @property
    def slot_s(self) -> float:
        """Length of a slot [s]."""
        return self.movement.slot_s

    @property
    def user_ids(self) -> tuple[str, ...]:
        """N ids, in the order of the rows of a slot."""
        return tuple(self.world.user_ids)

    @property
    def station_ids(self) -> tuple[str, ...]:
        """M ids."""
        return self.world.station_ids

    @property
    def moved_by(self) -> str:
        """What moves the users: `trace`, or the kind of the mobility model."""
        return "trace" if self.movement.trace else str(self.movement.mobility.model_dump()["kind"])

    @property
    def epoch_slots(self) -> int | None:
        """Slots of an epoch; None where stations stay (reading 25, sound)."""
        if not self.scenario.readings.is_literal(ROW_REDRAWN):
            return None
        return self.movement.redraw_every_slots or EPISODE_SLOTS

    def __iter__(self) -> Iterator[Slot]:
        """The slots, from slot 0."""
        with ThreadPoolExecutor(thread_count()) as threads:
            state = _State(self, threads)
            slots = zip(range(self.slots), self.positions, loads_of(self.positions), strict=False)
            for index, xy_m, load in slots:
                yield state.advance(index, xy_m, load)


class _State:
    """What one iteration of a run carries from slot to slot."""

    def __init__(self, run: WorldRun, threads: Executor) -> None:
        world, movement = run.world, run.movement
        self._run, self._threads = run, threads
        self._world, self._epoch = world, 0
        self._instant = world.radio.access == "strongest_instant" and world.radio.fading != "none"
        nearest = world.radio.access == "nearest"
        hysteresis, slots_to_trigger = (
            (0.0, 1) if nearest else (movement.access.hysteresis_db, movement.slots_to_trigger)
        )
        users, stations = len(world.user_ids), len(world.station_ids)
        self._access = AccessState(users, stations, hysteresis, slots_to_trigger, threads)
        self._loss_db = np.full((users, stations), np.inf, np.float32)
        self._channel = self._new_channel()
        self._cpu = cpu_process(run.scenario, world)
        failures = StationsUp(movement.failures, world.station_ids, run.slot_s, run.scenario.seed)
        self._stations_up = run.stations_up or failures.at
        self._fading = streams.stream(run.scenario.seed, streams.SLOT_FADING)

    def advance(self, index: int, xy_m: FloatArray, load: FloatArray | None) -> Slot:
        time_s = index * self._run.slot_s
        self._redraw(index)
        active = np.isfinite(xy_m[:, 0])
        up = self._stations_up(time_s)
        self._channel(xy_m, self._loss_db)
        uniform = self._fading_uniform(index)
        access = self._access.advance(self._score(xy_m, uniform), active, up)
        users = np.flatnonzero(access >= 0)
        served, uniform_at_access = access[users], self._of_access(uniform, users, access)
        rate_bps, distance_m = np.zeros(len(access)), np.full(len(access), np.nan)
        rate_bps[users] = self._rates(users, served, None if uniform_at_access is None else uniform_at_access[users])
        distance_m[users] = np.hypot(*(xy_m[users] - self._world.station_xy_m[served]).T)
        return Slot(
            index=index,
            time_s=time_s,
            epoch=self._epoch,
            xy_m=xy_m,
            active=active,
            access=access,
            distance_m=distance_m,
            rate_bps=rate_bps,
            cpu_cycles_per_s=self._cpu.at(time_s),
            up=up,
            _stations=self._world,
            _summed=self._run.scenario.is_summed,
            _fading_uniform=uniform_at_access,
            load=load,
        )

    def _redraw(self, index: int) -> None:
        epoch_slots = self._run.epoch_slots
        if epoch_slots is None or index == 0 or index % epoch_slots:
            return
        self._epoch = index // epoch_slots
        self._world = epoch_world(self._run.scenario, self._run.world, self._epoch)
        self._channel = self._new_channel()
        self._cpu.restart(self._world.cpu_cycles_per_s)
        self._access.restart()

    def _new_channel(self) -> MeanChannel:
        """The channel of the epoch. A map for a few slots would cost more than it brings: epochs go by the formulas."""
        grid = self._run.channel_map if self._run.epoch_slots is None else None
        return mean_channel(self._world, grid, self._threads)

    def _fading_uniform(self, index: int) -> FloatArray | None:
        """(N,) or, where access goes by it, (N, M) draws of this slot; those of slot 0 are those that a plan sees."""
        if self._world.radio.fading == "none":
            return None
        if index == 0:
            return self._run.world.fading_uniform
        return self._fading.random(self._loss_db.shape if self._instant else len(self._loss_db))

    def _score(self, xy_m: FloatArray, uniform: FloatArray | None) -> NDArray[np.float32]:
        """(N, M) by what stations are chosen: the less the better."""
        radio = self._world.radio
        if radio.access == "nearest":
            return network.distance_m(xy_m, self._world.station_xy_m).astype(np.float32)
        if self._instant:
            assert uniform is not None
            power = network.rayleigh_power(uniform, radio.fading_floor)
            return (self._loss_db - linear_to_db(power)).astype(np.float32)
        return self._loss_db

    @staticmethod
    def _of_access(uniform: FloatArray | None, users: IntArray, access: IntArray) -> FloatArray | None:
        """(N,) draws of the access links; 0 where there is none."""
        if uniform is None or uniform.ndim == 1:
            return uniform
        uniform_at_access = np.zeros(len(access))
        uniform_at_access[users] = uniform[users, access[users]]
        return uniform_at_access

    def _rates(self, users: IntArray, served: IntArray, uniform: FloatArray | None) -> FloatArray:
        """The rates of users to their access stations (n,) [bit/s]."""
        world, radio = self._world, self._world.radio
        power = 1.0 if uniform is None else network.rayleigh_power(uniform, radio.fading_floor)
        gain = network.channel_gain(self._loss_db[users, served].astype(np.float64), power)
        bandwidth = network.user_bandwidth_hz(radio.bandwidth_hz, served, len(world.station_ids), radio.bandwidth_rule)
        noise, tx_power_w = radio.noise_w_per_hz, world.tx_power_w[users]
        if radio.interference == "full_reuse":
            mean_gain = network.channel_gain(self._loss_db[users].astype(np.float64))
            noise = noise + network.uplink_interference_w_per_hz(tx_power_w, mean_gain, served, bandwidth)[served]
        logarithm = "ln" if world.readings.is_literal(ROW_LOGARITHM) else "log2"
        return network.rate_bps(bandwidth, tx_power_w, gain, noise, logarithm)
