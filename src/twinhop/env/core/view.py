"""What agents see of a state: the graph of users and stations, its scaled features, and the flat state of Eq. 22."""

from __future__ import annotations

import math
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from twinhop.env.core.links import membership
from twinhop.env.core.pricing import is_served, link_costs, seats, work_cycles
from twinhop.env.core.types import Observation, Params, Rules, State

TIME_SCALE_S = {"placement": 1.0, "migration": 0.1}
"""Latencies are of this size in each task: a twin takes seconds to construct and tens of milliseconds to update."""
EFFICIENCY_SCALE = 10.0
"""Rates are given as bit/s/Hz over this."""
LARGEST_FEATURE = 10.0
"""Scaled features are clipped to [0, 10]."""
USER_FEATURES = ("history", "update", "root_work", "deadline", "active")
STATION_FEATURES = ("cpu", "capacity", "opening", "load", "open", "admissible")
EDGE_FEATURES = ("distance", "rate", "communication", "is_access", "is_host")


class Graph(NamedTuple):
    """Scaled features of the bipartite graph, each of order 1 and from 0 to 10, float32."""

    users: Array
    """(N, 5) in the order of `USER_FEATURES`"""
    stations: Array
    """(M, 6) in the order of `STATION_FEATURES`"""
    edges: Array
    """(M, N, 5) in the order of `EDGE_FEATURES`"""


def observe(rules: Rules, state: State) -> Observation:
    """The state as a bipartite graph, in SI units."""
    topology, slot = state.topology, state.slot
    distance_m, rate_bps, comm_s = slot.distance_m, slot.rate_bps, link_costs(rules, topology, slot).comm_s
    clouds = rules.stations - rules.radio_stations
    if clouds:
        distance_m = jnp.pad(distance_m, ((0, clouds), (0, 0)), constant_values=jnp.inf)
        rate_bps = jnp.pad(rate_bps, ((0, clouds), (0, 0)))
    if may_be_away(rules, state):
        distance_m = jnp.where(slot.active, distance_m, 0.0)
        comm_s = jnp.where(is_served(topology, slot), comm_s, 0.0)
    capacity = seats(topology, slot)
    return Observation(
        history_bits=topology.history_bits,
        update_bits=topology.update_bits,
        root_work=jnp.sqrt(work_cycles(rules, topology)),
        tau_s=topology.tau_s,
        active=slot.active,
        access=slot.access,
        host=state.host,
        cpu_cycles_per_s=slot.cpu_cycles_per_s,
        capacity=capacity,
        opening_s=topology.opening_s,
        load=state.load,
        distance_m=distance_m,
        rate_bps=rate_bps,
        comm_s=comm_s,
        admissible=capacity > 0,
        slot_index=state.slot_index,
    )


def may_be_away(rules: Rules, state: State) -> bool:
    """Whether users may be absent, or without an access station."""
    return rules.churn is not None or state.slot.up is not None or state.start is not None


def graph(params: Params, obs: Observation) -> Graph:
    """Features of users, stations and the edges between them, scaled.

    Sizes and CPUs are over the scenario's means, rates are bit/s/Hz over 10, distances are over the diagonal of the
    area, times are in seconds, or in tenths of one in migration, capacities and loads are shares of all users.

    Args:
        params: whose scenario gives the scales.
        obs: what `reset` or `step` returned.
    """
    users, stations = _user_columns(params, obs), _station_columns(params, obs)
    edges = _edge_columns(params, obs)
    return Graph(_stacked(users), _stacked(stations), _stacked(edges))


def flat_state(params: Params, obs: Observation) -> Array:
    """The state of Eq. 22 as a vector: d, r, D, pl and l, and after them F_k and load (reading row 13), scaled.

    Returns:
        (3 M N + N + 3 M,) float32.
    """
    columns = _edge_columns(params, obs)
    distance, rate, is_host = columns[0], columns[1], columns[4]
    stations = _station_columns(params, obs)
    history = _user_columns(params, obs)[0]
    parts = (distance.ravel(), rate.ravel(), history, stations[4], is_host.ravel(), stations[0], stations[3])
    return _clipped(jnp.concatenate([part.astype(jnp.float32) for part in parts]))


def agent_states(params: Params, obs: Observation) -> Array:
    """What each station's agent sees: itself, its links to all users, and the users.

    Returns:
        (M, 6 + 5 N + 5 N) float32: station features, each edge feature over the users, each user feature over them.
    """
    stations, users = params.rules.stations, params.rules.users
    own = _stacked(_station_columns(params, obs))
    edges = jnp.stack([each.astype(jnp.float32) for each in _edge_columns(params, obs)], axis=1)
    everybody = jnp.stack([each.astype(jnp.float32) for each in _user_columns(params, obs)])
    shared = jnp.broadcast_to(everybody.reshape(1, -1), (stations, len(USER_FEATURES) * users))
    return jnp.concatenate([own, _clipped(edges.reshape(stations, -1)), _clipped(shared)], axis=1)


def _user_columns(params: Params, obs: Observation) -> tuple[Array, ...]:
    topology, rules = params.topology, params.rules
    root_work = jnp.sqrt(work_cycles(rules, topology))
    return (
        obs.history_bits / _mean(topology.history_bits),
        obs.update_bits / _mean(topology.update_bits),
        obs.root_work / _mean(root_work),
        obs.tau_s / TIME_SCALE_S["migration"],
        obs.active,
    )


def _station_columns(params: Params, obs: Observation) -> tuple[Array, ...]:
    rules = params.rules
    return (
        obs.cpu_cycles_per_s / _mean(params.topology.cpu_cycles_per_s),
        obs.capacity / rules.users,
        obs.opening_s / TIME_SCALE_S[rules.task],
        obs.load / rules.users,
        obs.load > 0,
        obs.admissible,
    )


def _edge_columns(params: Params, obs: Observation) -> tuple[Array, ...]:
    rules = params.rules
    return (
        obs.distance_m / math.hypot(rules.area.width_m, rules.area.height_m),
        obs.rate_bps / (rules.radio.bandwidth_hz * EFFICIENCY_SCALE),
        obs.comm_s / TIME_SCALE_S[rules.task],
        membership(obs.access, rules.stations),
        membership(obs.host, rules.stations),
    )


def _mean(values: Array) -> Array:
    mean = jnp.mean(values)
    return jnp.where(mean > 0, mean, 1.0)


def _stacked(columns: tuple[Array, ...]) -> Array:
    return _clipped(jnp.stack([column.astype(jnp.float32) for column in columns], axis=-1))


def _clipped(values: Array) -> Array:
    return jnp.clip(values, 0.0, LARGEST_FEATURE)
