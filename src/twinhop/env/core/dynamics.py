"""How the world goes on from slot to slot; nothing here depends on a decision."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from twinhop import network
from twinhop.env.core import random
from twinhop.env.core.radio import Radio, fading_power, first_channel, mean_loss_db, next_channel, radio
from twinhop.env.core.types import Channel, Rules, Slot, Topology
from twinhop.scenario.mobility.model import State as MobilityState
from twinhop.scenario.schema.movement_section import CpuDynamics
from twinhop.units import CYCLES_PER_GCYCLE


class Moment(NamedTuple):
    """The world in a slot: what users see of it, and what it needs to go on."""

    mobility: MobilityState
    channel: Channel
    better: Array | None
    slot: Slot


def first_moment(key: Array, rules: Rules, topology: Topology) -> Moment:
    """The world in slot 0: users where the topology has them.

    Args:
        key: (2,) uint32.
        rules: how users move and what the radio is.
        topology: of the episode.
    """
    draws = rules.mobility.draws(rules.area, rules.slot_s)
    mobility = rules.mobility.start(
        topology.user_xy_m,
        random.uniform(key, "mobility", (draws.start_uniform, rules.users)),
        random.normal(key, "mobility.normal", (draws.start_normal, rules.users)),
        rules.area,
    )
    channel = first_channel(key, rules.radio, (rules.stations, rules.users))
    counts = rules.radio.slots_to_trigger > 1
    better = jnp.zeros((rules.stations, rules.users), jnp.int32) if counts else None
    nowhere = jnp.full(rules.users, -1, jnp.int32)
    uplink = _radio(key, rules, topology, mobility, channel, nowhere, better)
    return Moment(mobility, channel, uplink[1].better, _slot(rules, *uplink, topology.cpu_cycles_per_s))


def next_moment(key: Array, rules: Rules, topology: Topology, now: Moment, time_s: Any) -> Moment:
    """The world one slot later.

    Args:
        key: (2,) uint32.
        rules: how users move and what the radio is.
        topology: of the episode.
        now: the world as it is.
        time_s: when its slot began [s].
    """
    draws = rules.mobility.draws(rules.area, rules.slot_s)
    mobility = rules.mobility.step(
        now.mobility,
        random.uniform(key, "mobility", (draws.uniform, rules.users)),
        random.normal(key, "mobility.normal", (draws.normal, rules.users)),
        rules.area,
        rules.slot_s,
        time_s,
    )
    way_m = mobility.xy_m - now.mobility.xy_m
    step_m = jnp.sqrt(way_m[:, 0] * way_m[:, 0] + way_m[:, 1] * way_m[:, 1])
    channel = next_channel(key, rules.radio, now.channel, step_m)
    uplink = _radio(key, rules, topology, mobility, channel, now.slot.access, now.better)
    cpu = now.slot.cpu_cycles_per_s
    if rules.cpu.kind != "constant":
        normal = random.normal(key, "cpu", (rules.stations,))
        cpu = next_cpu(cpu, topology.cpu_cycles_per_s, normal, rules.cpu, rules.slot_s)
    return Moment(mobility, channel, uplink[1].better, _slot(rules, *uplink, cpu))


def _radio(
    key: Array,
    rules: Rules,
    topology: Topology,
    mobility: MobilityState,
    channel: Channel,
    held: Array,
    better: Array | None,
) -> tuple[Array, Radio]:
    distance_m = network.distance_m(topology.station_xy_m, mobility.xy_m)
    # else compilers work out losses and rates anew for each of their readers
    loss_db = jax.lax.optimization_barrier(mean_loss_db(rules.radio, distance_m, channel))
    fading = fading_power(key, rules.radio, distance_m.shape)
    return distance_m, radio(rules.radio, topology, distance_m, loss_db, fading, held, better)


def _slot(rules: Rules, distance_m: Array, uplink: Radio, cpu_cycles_per_s: Array) -> Slot:
    active = jnp.ones(rules.users, bool)
    return Slot(distance_m, uplink.rate_bps, uplink.access, uplink.access_rate_bps, cpu_cycles_per_s, active)


def next_cpu(cpu: Array, own: Array, normal: Array, section: CpuDynamics, slot_s: float) -> Array:
    """The capacities one slot later.

    Formula: ``F <- B(F_k + a (F - F_k) + sigma sqrt(1 - a^2) n)`` with ``a = exp(-slot / correlation_s)``; B mirrors
    at the bounds, or holds there. Constant CPUs stay as they are.

    Args:
        cpu: (M,) capacities F [cycle/s].
        own: (M,) about which they wander, F_k [cycle/s].
        normal: (M,) standard normal draws.
        section: kind constant or ar1, and its parameters.
        slot_s: length of a slot [s].

    Returns:
        (M,) capacities [cycle/s].

    Source:
        The process of `scenario.dynamics.cpu.Ar1Cpu`.
    """
    if section.kind == "constant":
        return cpu
    memory = math.exp(-slot_s / section.correlation_s)
    noise = section.sigma_gcycles_per_s * CYCLES_PER_GCYCLE * math.sqrt(1.0 - memory * memory)
    low = section.min_gcycles_per_s * CYCLES_PER_GCYCLE
    span = section.max_gcycles_per_s * CYCLES_PER_GCYCLE - low
    wandered = own + memory * (cpu - own) + noise * normal
    if section.bounds == "reflect":
        wandered = low + span - jnp.abs(span - jnp.mod(wandered - low, 2.0 * span))
    return jnp.clip(wandered, low, low + span)
