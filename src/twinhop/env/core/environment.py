"""The environment as two pure functions: `reset` and `step`. Everything else wraps them."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from twinhop.env.core import random
from twinhop.env.core.decode import decode
from twinhop.env.core.dynamics import Moment, first_moment, next_moment, tape_of
from twinhop.env.core.generator import topology_of_episode
from twinhop.env.core.pricing import Priced, is_served, link_costs, price, seats, station_rewards
from twinhop.env.core.types import Action, Observation, Params, Rules, State, StepInfo, Topology
from twinhop.env.core.view import observe


def reset(key: Array, params: Params) -> tuple[Observation, State]:
    """Begin an episode.

    Args:
        key: `jax.random.key(seed)`, or the two words of one.
        params: what `generator.params_of` makes of a scenario.

    Returns:
        What is seen in slot 0, and the state. Twins are nowhere yet; the first placement costs no move.
    """
    rules, key = params.rules, random.key_words(key)
    topology = topology_of_episode(key, params)
    start = _start(key, params)
    moment = first_moment(key, rules, topology, tape_of(params.record, start))
    nowhere = jnp.full(rules.users, -1, jnp.int32)
    load = jnp.zeros(rules.stations, jnp.int32)
    state = _state(topology, moment, jnp.zeros((), jnp.int32), nowhere, load, start)
    return observe(rules, state), state


def step(
    key: Array, state: State, action: Action, params: Params
) -> tuple[Observation, State, Array, Array, Array, StepInfo]:
    """Decide where twins are in a slot, pay for it, and go on to the next slot.

    Args:
        key: a key of this step alone.
        state: of `reset` or the step before.
        action: openings and scores, for the slot that was observed.
        params: as of `reset`.

    Returns:
        The next observation, the next state, the shared reward, whether the episode is over by itself (never), whether
        the horizon is reached, and what the decision cost.
    """
    rules, key = params.rules, random.key_words(key)
    topology, slot = state.topology, state.slot
    costs = link_costs(rules, topology, slot)
    served = is_served(topology, slot)
    decoded = decode(action, seats(topology, slot), costs.comm_s, served, rules.is_capacitated)
    host = jnp.where(served, decoded.host, state.host)
    priced = price(rules, topology, slot, costs, state.host, host)
    rewards = station_rewards(rules, topology, priced, host)
    now = Moment(state.mobility, state.channel, state.better, slot, state.present, state.working)
    at = state.slot_index if state.start is None else state.start + state.slot_index
    moment = next_moment(key, rules, topology, now, at * rules.slot_s, tape_of(params.record, at + 1))
    after = _state(topology, moment, state.slot_index + 1, host, priced.load, state.start)
    info = _info(rules, topology, priced, host, decoded.repaired, rewards)
    if params.record is not None or rules.churn is not None or rules.failures is not None:
        beyond = jnp.maximum(priced.load - seats(topology, slot), 0)
        info = info._replace(unseated=beyond.sum(dtype=jnp.int32))
    truncated = after.slot_index >= params.horizon
    return observe(rules, after), after, rewards.sum(), jnp.zeros((), bool), truncated, info


def _start(key: Array, params: Params) -> Array | None:
    """The slot of the record at which an episode begins."""
    if params.starts is None:
        return None
    first, last = params.starts
    return first + (random.uniform(key, "start", ()) * (last - first + 1)).astype(jnp.int32)


def _state(
    topology: Topology, moment: Moment, slot_index: Array, host: Array, load: Array, start: Array | None
) -> State:
    world = (moment.mobility, moment.channel, moment.better, moment.slot)
    return State(topology, *world, slot_index, host, load, start, moment.present, moment.working)


def _info(rules: Rules, topology: Topology, priced: Priced, host: Array, repaired: Array, rewards: Array) -> StepInfo:
    communication = priced.user_weight * priced.comm_s.sum()
    computing = priced.user_weight * priced.computing_s.sum()
    moves = priced.user_weight * priced.move_s.sum()
    opening = rules.cost.beta * jnp.sum(jnp.where(priced.load > 0, topology.opening_s, 0.0))
    energy = priced.energy_weight * priced.energy_j.sum()
    count = jnp.maximum(priced.load.sum(), 1)
    return StepInfo(
        cost=communication + computing + moves + opening + energy,
        communication=communication,
        computing=computing,
        moves=moves,
        opening=opening,
        energy=energy,
        latency_s=(priced.comm_s.sum() + priced.computing_s.sum()) / count,
        late=priced.late.sum() / count,
        opened=jnp.sum(priced.load > 0, dtype=jnp.int32),
        moved=jnp.sum(priced.moved, dtype=jnp.int32),
        moved_bits=jnp.sum(jnp.where(priced.moved, topology.history_bits, 0.0)),
        repaired=repaired,
        host=host,
        station_reward=rewards,
        unseated=jnp.zeros((), jnp.int32),
    )
