"""What an agent sees of a placement problem or of a slot of a run: the environment's observation, made from the world.

Features are those of `twinhop.env.core.view`, scaled by the same rules as in the environment of the same scenario.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinhop.env.actions import Actions
from twinhop.env.core.decode import decode
from twinhop.env.core.types import Observation
from twinhop.env.hooks import ObservationHook
from twinhop.env.stepping import core_action, shown
from twinhop.errors import InputError
from twinhop.formulation import link_rates_bps
from twinhop.formulation.formulate import RadioState, slot_radio
from twinhop.migration.run import MigrationRun
from twinhop.migration.situation import Situation
from twinhop.placement.problem import IntArray, PlacementProblem
from twinhop.scenario import World

AgentView = Literal["graph", "flat", "agents"] | ObservationHook


class _Sizes(NamedTuple):
    """What the scales of features are taken from, (N,) and (K,)."""

    history_bits: Any
    update_bits: Any
    cpu_cycles_per_s: Any


@dataclass(frozen=True)
class SlotView:
    """An observation and what it is scaled by.

    Attributes:
        where: name of the world.
        params: as much of `Params` as views look at.
        obs: in SI units.
        served: (n,) users whose hosts are asked for.
    """

    where: str
    params: Any
    obs: Observation
    served: IntArray

    def shown(self, view: AgentView) -> Any:
        """The observation as the environment shows it to an agent of this view."""
        if view == "agents":
            rows = np.asarray(shown("agents", self.params, self.obs)[1])
            rules = self.params.rules
            names = [*(f"station_{at}" for at in range(rules.radio_stations))]
            names += ["cloud"] * (rules.stations - rules.radio_stations)
            return dict(zip(names, rows, strict=True))
        return as_arrays(shown(view, self.params, self.obs))


def as_arrays(obs: Any) -> Any:
    """An observation as the adapters of the environment give it: an array, or a dictionary of arrays."""
    if hasattr(obs, "_asdict"):
        return {name: np.array(value) for name, value in obs._asdict().items()}
    return np.array(obs)


def observation_of(moment: PlacementProblem | Situation, hosts: IntArray | None, name: str) -> SlotView:
    """What an agent sees.

    Args:
        moment: a `PlacementProblem` that was formulated of a world, or a `Situation`.
        hosts: (N,) where twins are, as far as the agent remembers; of a situation.
        name: of the agent, for messages.

    Raises:
        InputError: the observation cannot be made; the message says why.
    """
    if isinstance(moment, PlacementProblem):
        return _of_problem(moment, name)
    return _of_situation(moment, np.full(len(moment.all_users.ids), -1) if hosts is None else hosts, name)


def _of_problem(problem: PlacementProblem, name: str) -> SlotView:
    """What is seen of a problem: twins are nowhere yet."""
    origin = problem.origin
    if origin is None:
        raise InputError(
            f"policy: {name}: an agent sees distances, rates and sizes, which this problem does not hold; expected a "
            "scenario, not a problem file"
        )
    world: World = origin.world
    if problem.weight is not None:
        raise InputError(
            f"policy: {name}: an agent sees single users, and rows here stand for many (weight); use lagrangian or "
            "another policy"
        )
    if (len(world.user_ids), len(world.host_ids)) != (problem.users, problem.stations) or world.tau_s is None:
        raise InputError(
            f"policy: {name}: the problem has {problem.size_in_words}, and the world that it was made of "
            f"{len(world.user_ids)} users and {len(world.host_ids)} hosts: an agent cannot see it"
        )
    users, stations = problem.users, problem.stations
    fields: dict[str, Any] = dict(
        history_bits=world.history_bits,
        update_bits=world.update_bits,
        root_work=problem.root_work,
        tau_s=world.tau_s,
        active=np.ones(users, bool),
        access=origin.radio.access,
        host=np.full(users, -1),
        cpu_cycles_per_s=problem.cpu,
        capacity=np.minimum(problem.capacity, users),
        opening_s=problem.opening_s,
        load=np.zeros(stations),
        comm_s=problem.comm_s.T,
        admissible=problem.capacity > 0,
        slot_index=np.int32(0),
        **_links(world, origin.radio, stations),
    )
    obs = Observation(**fields)
    sizes = _Sizes(world.history_bits, world.update_bits, world.host_cpu_cycles_per_s)
    return SlotView(world.name, _params(world, "placement", sizes, stations, users), _in_32_bits(obs), np.arange(users))


def _of_situation(situation: Situation, hosts: IntArray, name: str) -> SlotView:
    """What is seen of a slot: its users, and where twins are."""
    slot, all_users, served = situation.slot, situation.all_users, situation.users
    _refuse_fading(slot.stations, name)
    users, stations = len(all_users.ids), len(situation.hosts.ids)
    world, radio = slot.world(), slot_radio(slot)
    host = hosts.copy()
    host[served] = situation.before
    links = {key: _scattered(value, served, users) for key, value in _links(world, radio, stations).items()}
    before = situation.before[situation.before >= 0]
    fields: dict[str, Any] = dict(
        history_bits=all_users.twin_bits,
        update_bits=all_users.update_bits,
        root_work=all_users.root_work,
        tau_s=all_users.tau_s,
        active=slot.active,
        access=slot.access,
        host=host,
        cpu_cycles_per_s=situation.cpu,
        capacity=np.minimum(situation.capacity, users),
        opening_s=situation.hosts.opening_s,
        load=np.bincount(before, minlength=stations),
        comm_s=_scattered(situation.comm_s.T, served, users),
        admissible=situation.capacity > 0,
        slot_index=np.int32(slot.index),
        **links,
    )
    obs = Observation(**fields)
    sizes = _Sizes(all_users.twin_bits, all_users.update_bits, situation.hosts.cpu)
    return SlotView(world.name, _params(world, "migration", sizes, stations, users), _in_32_bits(obs), served)


def params_of_run(run: MigrationRun, name: str) -> Any:
    """As much of `Params` as views look at, of a run.

    Raises:
        InputError: what an agent sees cannot be made of it.
    """
    world = run.world_run.world
    _refuse_fading(world, name)
    sizes = _Sizes(run.users.twin_bits, run.users.update_bits, run.hosts.cpu)
    return _params(world, "migration", sizes, len(run.host_ids), len(run.user_ids))


def _refuse_fading(world: World, name: str) -> None:
    if world.radio.fading != "none":
        raise InputError(
            f"policy: {name}: {world.name}: radio.fading: {world.radio.fading}: a run draws the fading of access links "
            "alone, and an agent sees the rates of all; set it to none, or use `twinhop evaluate`"
        )


def hosts_by(view: SlotView, action: NDArray[Any], kind: Actions) -> IntArray:
    """The hosts (n,) of the served users that an action means, by the decoding of the environment."""
    obs, rules = view.obs, view.params.rules
    served = np.zeros(rules.users, bool)
    served[view.served] = True
    array: Any = action
    asked = core_action(kind, array, rules.stations)
    is_capacitated = bool((np.asarray(obs.capacity) < rules.users).any())
    active: Any = served
    decoded = decode(asked, obs.capacity, obs.comm_s, active, is_capacitated)
    return np.asarray(decoded.host, np.int64)[view.served]


def _links(world: World, radio: RadioState, stations: int) -> dict[str, Any]:
    """(K, n) distances and rates; a cloud is infinitely far."""
    clouds = stations - len(world.station_ids)
    distance_m = np.pad(radio.distance_m.T, ((0, clouds), (0, 0)), constant_values=np.inf)
    return {
        "distance_m": distance_m,
        "rate_bps": np.pad(link_rates_bps(world, radio).T, ((0, clouds), (0, 0))),
    }


def _scattered(values: NDArray[Any], served: IntArray, users: int) -> NDArray[Any]:
    """(K, N) from (K, n): 0 for who is not served."""
    full = np.zeros((len(values), users))
    full[:, served] = values
    return full


def _params(world: World, task: str, sizes: _Sizes, stations: int, users: int) -> Any:
    """As much of `Params` as views look at."""
    cost = SimpleNamespace(
        construction_cycles_per_bit=world.construction_cycles_per_bit,
        update_cycles_per_bit=world.update_cycles_per_bit,
        eta_s=world.eta_s,
        sync_period_s=world.sync_period_s,
    )
    rules = SimpleNamespace(
        task=task,
        users=users,
        stations=stations,
        radio_stations=len(world.station_ids),
        area=SimpleNamespace(width_m=world.width_m, height_m=world.height_m),
        radio=SimpleNamespace(bandwidth_hz=world.radio.bandwidth_hz),
        cost=cost,
    )
    return SimpleNamespace(topology=sizes, rules=rules)


def _in_32_bits(obs: Observation) -> Observation:
    """The arrays as JAX's."""
    import jax.numpy as jnp

    return Observation(*(jnp.asarray(each) for each in obs))
