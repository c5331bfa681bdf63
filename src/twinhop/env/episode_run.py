"""An episode of the environment as a run: the same worlds for migration policies, solvers, bounds and agents.

What an episode's world does depends on no decision, so it is lived through once and then looked at from all sides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from twinhop import network
from twinhop.env.core import Action, Observation, Params, State, episode_key, reset, step, step_key
from twinhop.env.core.generator import host_params_of, on_device
from twinhop.env.core.pricing import is_served, link_costs
from twinhop.env.core.recording import recorded_run
from twinhop.env.core.types import Slot as CoreSlot
from twinhop.env.core.types import Task, Topology
from twinhop.env.problems import problem_of
from twinhop.env.stepping import seed_words
from twinhop.errors import InputError
from twinhop.migration.run import MigrationRun
from twinhop.migration.situation import Hosts, Situation, Users
from twinhop.migration.wire_table import LARGEST_TABLE, WireTable
from twinhop.placement.problem import IntArray, PlacementProblem
from twinhop.scenario import Scenario
from twinhop.scenario.dynamics import Slot


class _Life(NamedTuple):
    """An episode lived through; every array but those of the topology has a leading axis (T,)."""

    obs: Observation
    slot: CoreSlot
    served: Array
    xy_m: Array
    update_s: Array
    topology: Topology


@partial(jax.jit, static_argnames=("slots",))
def _live(key: Array, number: Array, params: Params, slots: int) -> _Life:
    """The world of an episode, with every twin on the nearest station."""
    own = episode_key(key, number)

    def slot(now: tuple[Observation, State], index: Array) -> tuple[Any, Any]:
        obs, state = now
        costs = link_costs(params.rules, state.topology, state.slot)
        served = is_served(state.topology, state.slot)
        action = Action(jnp.ones(params.rules.stations), -obs.distance_m)
        after, following, *_ = step(step_key(own, index), state, action, params)
        return (after, following), (obs, state.slot, served, state.mobility.xy_m, costs.update_s)

    obs, state = reset(own, params)
    _, each = jax.lax.scan(slot, (obs, state), jnp.arange(slots))
    return _Life(*each, topology=state.topology)


@dataclass(frozen=True, eq=False)
class EpisodeWorlds:
    """The episodes of a scenario: `worlds.episode(seed)` is that of `env.reset(seed=seed)`.

    Attributes:
        scenario: what they are made of.
        params: of the environment.
        base: a run of the scenario, for the constants.
        task: `placement` or `migration`.
        options: of `twinhop.env.core.params_of`, by name.
    """

    scenario: Scenario
    params: Params
    base: MigrationRun
    task: Task
    options: Mapping[str, Any]

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process makes them anew."""
        return _again, (self.scenario, self.task, int(self.params.horizon), dict(self.options))

    @classmethod
    def of(cls, scenario: Scenario, task: Task, horizon: int, **options: Any) -> EpisodeWorlds:
        """Those of an environment.

        Args:
            scenario: with its number of users and stations, and its fading.
            task: `placement` or `migration`.
            horizon: slots of an episode.
            **options: of `twinhop.env.core.params_of`.

        Raises:
            InputError: the environment cannot be made of the scenario.
        """
        params = on_device(host_params_of(scenario, task, horizon=horizon, **options))
        return cls(scenario, params, recorded_run(scenario, horizon), task, options)

    def episode(self, seed: int) -> Episode:
        """Live through the first episode of a seed."""
        life = _live(jnp.asarray(seed_words(seed)), jnp.int32(0), self.params, int(self.params.horizon))
        return Episode(seed, self, jax.tree.map(np.asarray, life))


#: The episodes that another process sent last, and what they are made of.
_last: list[tuple[Any, EpisodeWorlds]] = []


def _again(scenario: Scenario, task: Task, horizon: int, options: Mapping[str, Any]) -> EpisodeWorlds:
    """The same episodes in another process; those made last are used again."""
    key = (scenario, task, horizon, options)
    if not _last or _last[0][0] != key:
        _last[:] = [(key, EpisodeWorlds.of(scenario, task, horizon, **options))]
    return _last[0][1]


@dataclass(frozen=True, eq=False)
class Episode:
    """One episode.

    Attributes:
        seed: of its world.
        worlds: where it is from.
        life: its arrays.
    """

    seed: int
    worlds: EpisodeWorlds
    life: Any

    @property
    def slots(self) -> int:
        """T."""
        return len(self.life.served)

    def obs(self, slot: int) -> Observation:
        """What holds in a slot; hosts and loads in it mean nothing."""
        return Observation(*(array[slot] for array in self.life.obs))

    def problem(self, slot: int, *, deadlines: bool = False) -> PlacementProblem:
        """The placement problem of a slot; with deadlines where the scenario enforces them, or without.

        Raises:
            InputError: nobody is served in the slot.
        """
        update_s = self.life.update_s[slot] if deadlines else None
        params, topology = self.worlds.params, self.life.topology
        return problem_of(
            params, self.obs(slot), topology, update_comm_s=update_s, station_ids=self.worlds.base.host_ids
        )

    def run(self) -> EpisodeRun:
        """The episode for migration policies."""
        return EpisodeRun(self)


class EpisodeRun(MigrationRun):
    """An episode as a `MigrationRun`, so that migration policies and the offline bound take it for one.

    Nothing is known of what was before it: `past_access` is empty.
    """

    def __init__(self, episode: Episode) -> None:
        """Take the arrays of an episode, in float64."""
        base, life = episode.worlds.base, episode.life
        self.world_run = base.world_run
        self.scenario = base.scenario.with_seed(episode.seed)
        self.slots, self.slot_s, self.user_ids = episode.slots, base.slot_s, base.user_ids
        self.users = _users(base, life.topology, episode.worlds.params)
        self.hosts = _hosts(base, life.topology)
        self._life = life
        self._stations = replace(
            base.world_run.world, station_xy_m=np.asarray(life.topology.station_xy_m, float), seed=episode.seed
        )

    @property
    def is_redrawn(self) -> bool:
        """Stations stay for an episode."""
        return False

    def __iter__(self) -> Iterator[Situation]:
        """The situations, from slot 0, without hosts."""
        for index in range(self.slots):
            yield Situation(self._slot(index), self.users, self.hosts, self.slot_s)

    def past_access(self) -> IntArray:
        """(0, N): what was before an episode is not known."""
        return np.empty((0, len(self.user_ids)), np.int64)

    def _slot(self, index: int) -> Slot:
        slot, stations = self._life.slot, self.hosts.stations
        served, active = self._life.served[index], np.asarray(slot.active[index])
        access = np.where(served, slot.access[index], -1).astype(np.int64)
        distance_m = np.asarray(slot.distance_m[index], float)
        users = np.arange(len(access))
        return Slot(
            index=index,
            time_s=index * self.slot_s,
            epoch=0,
            xy_m=np.where(active[:, None], np.asarray(self._life.xy_m[index], float), np.nan),
            active=active,
            access=access,
            distance_m=np.where(served, distance_m[np.maximum(access, 0), users], np.nan),
            rate_bps=np.where(served, np.asarray(slot.access_rate_bps[index], float), 0.0),
            cpu_cycles_per_s=np.asarray(slot.cpu_cycles_per_s[index], float)[:stations],
            up=np.ones(stations, bool) if slot.up is None else np.asarray(slot.up[index]),
            _stations=self._stations,
            _summed=False,
            _fading_uniform=None,
        )


def _users(base: MigrationRun, topology: Topology, params: Params) -> Users:
    update_bits = np.asarray(topology.update_bits, float)
    work = params.rules.cost.update_cycles_per_bit * update_bits
    return replace(
        base.users,
        update_bits=update_bits,
        update_work=work,
        root_work=np.sqrt(work),
        share_weight=network.share_weights(work, base.hosts.cpu_rule),
        twin_bits=np.asarray(topology.history_bits, float),
        tau_s=np.asarray(topology.tau_s, float),
        tx_power_w=np.asarray(topology.tx_power_w, float),
    )


def _hosts(base: MigrationRun, topology: Topology) -> Hosts:
    hosts, capacity = base.hosts, np.asarray(topology.capacity, np.int64)
    xy_m = hosts.xy_m.copy()
    xy_m[: hosts.stations] = topology.station_xy_m
    updates = _wires(topology, topology.update_bits)
    return replace(
        hosts,
        xy_m=xy_m,
        may_host=capacity > 0,
        cpu=np.asarray(topology.cpu_cycles_per_s, float),
        capacity=capacity,
        opening_s=np.asarray(topology.opening_s, float),
        updates=updates,
        moves=_wires(topology, topology.history_bits),
        last_updates=None if hosts.last_updates is None else updates,
    )


def _wires(topology: Topology, bits: Any) -> WireTable:
    """The wires of an episode, for what each user sends."""
    bits = np.asarray(bits, float)
    s_per_bit = np.asarray(topology.wire_s_per_bit, float)
    if topology.wire_delay_s is None:
        return WireTable(s_per_bit[None], np.zeros(len(bits), np.int64), bits)
    hosts = s_per_bit.shape[-1]
    if len(bits) * hosts * hosts * 8 > LARGEST_TABLE:
        raise InputError(
            f"wires that depend on the size need a table for each of {len(bits)} users and {hosts} hosts; at most "
            f"{LARGEST_TABLE // (8 * hosts * hosts)} users are accepted with a backhaul graph or a cloud"
        )
    delay_s = np.asarray(topology.wire_delay_s, float)
    unit_s: NDArray[np.float64] = np.stack([(delay_s + size * s_per_bit).min(axis=0) for size in bits])
    return WireTable(unit_s, np.arange(len(bits)), np.ones(len(bits)))
