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
from twinhop.env.core.types import Channel, Record, Rules, Slot, Topology
from twinhop.scenario.mobility import next_presence
from twinhop.scenario.mobility.model import State as MobilityState
from twinhop.scenario.schema.movement_section import CpuDynamics
from twinhop.units import CYCLES_PER_GCYCLE


class Moment(NamedTuple):
    """The world in a slot: what users see of it, and what it needs to go on."""

    mobility: MobilityState
    channel: Channel
    better: Array | None
    slot: Slot
    present: Array | None
    working: Array | None


class Tape(NamedTuple):
    """What is recorded of one slot; each None where it is not."""

    xy_m: Array | None = None
    present: Array | None = None
    up: Array | None = None
    cpu_cycles_per_s: Array | None = None


def tape_of(record: Record | None, slot: Any) -> Tape:
    """One slot of the record; beyond its end, the last one."""
    if record is None:
        return Tape()
    return Tape(*(None if each is None else each[jnp.minimum(slot, each.shape[0] - 1)] for each in record))


def first_moment(key: Array, rules: Rules, topology: Topology, tape: Tape) -> Moment:
    """The world in slot 0: users where the topology has them, or where the record does.

    Args:
        key: (2,) uint32.
        rules: how users move and what the radio is.
        topology: of the episode.
        tape: what is recorded of the slot.
    """
    draws = rules.mobility.draws(rules.area, rules.slot_s)
    mobility = rules.mobility.start(
        topology.user_xy_m,
        random.uniform(key, "mobility", (draws.start_uniform, rules.users)),
        random.normal(key, "mobility.normal", (draws.start_normal, rules.users)),
        rules.area,
    )
    mobility = _recorded(mobility, tape)
    channel = first_channel(key, rules.radio, (rules.radio_stations, rules.users))
    counts = rules.radio.slots_to_trigger > 1
    better = jnp.zeros((rules.radio_stations, rules.users), jnp.int32) if counts else None
    nowhere = jnp.full(rules.users, -1, jnp.int32)
    present = working = None
    if rules.churn is not None:
        present = random.uniform(key, "presence", (rules.users,)) < rules.churn.present_share
    if rules.failures is not None:
        working = jnp.ones(rules.radio_stations, bool)
    who = _Who(_both(present, tape.present), _both(working, tape.up))
    uplink = _radio(key, rules, topology, mobility, channel, nowhere, better, who)
    slot = _slot(rules, *uplink, _with_record(topology.cpu_cycles_per_s, tape), who)
    return Moment(mobility, channel, uplink[1].better, slot, present, working)


def next_moment(key: Array, rules: Rules, topology: Topology, now: Moment, time_s: Any, tape: Tape) -> Moment:
    """The world one slot later.

    Args:
        key: (2,) uint32.
        rules: how users move and what the radio is.
        topology: of the episode.
        now: the world as it is.
        time_s: when its slot began [s].
        tape: what is recorded of the slot to come.
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
    mobility = _recorded(mobility, tape)
    way_m = mobility.xy_m - now.mobility.xy_m
    step_m = jnp.sqrt(way_m[:, 0] * way_m[:, 0] + way_m[:, 1] * way_m[:, 1])
    channel = next_channel(key, rules.radio, now.channel, step_m)
    present, working = now.present, now.working
    if rules.churn is not None:
        uniform = random.uniform(key, "presence", (rules.users,))
        present = next_presence(present, uniform, rules.churn, rules.slot_s)
    if rules.failures is not None:
        uniform = random.uniform(key, "failures", (rules.radio_stations,))
        working = next_presence(working, uniform, rules.failures, rules.slot_s)
    who = _Who(_both(present, tape.present), _both(working, tape.up))
    uplink = _radio(key, rules, topology, mobility, channel, now.slot.access, now.better, who)
    cpu = _next_cpus(key, rules, topology, now.slot.cpu_cycles_per_s, tape)
    return Moment(mobility, channel, uplink[1].better, _slot(rules, *uplink, cpu, who), present, working)


class _Who(NamedTuple):
    """Who is present, and which radio stations work; None: all, always."""

    active: Array | None
    up: Array | None


def _both(one: Array | None, other: Array | None) -> Array | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _recorded(mobility: MobilityState, tape: Tape) -> MobilityState:
    return mobility if tape.xy_m is None else mobility._replace(xy_m=tape.xy_m)


def _with_record(cpu: Array, tape: Tape) -> Array:
    """(M,) CPUs, those of radio stations as recorded."""
    if tape.cpu_cycles_per_s is None:
        return cpu
    return cpu.at[: tape.cpu_cycles_per_s.shape[0]].set(tape.cpu_cycles_per_s)


def _next_cpus(key: Array, rules: Rules, topology: Topology, cpu: Array, tape: Tape) -> Array:
    """(M,) CPUs one slot later; that of a cloud stays."""
    if rules.cpu.kind != "ar1":
        return _with_record(cpu, tape)
    count, own = rules.radio_stations, topology.cpu_cycles_per_s
    normal = random.normal(key, "cpu", (count,))
    if count == rules.stations:
        return next_cpu(cpu, own, normal, rules.cpu, rules.slot_s)
    return cpu.at[:count].set(next_cpu(cpu[:count], own[:count], normal, rules.cpu, rules.slot_s))


def _radio(
    key: Array,
    rules: Rules,
    topology: Topology,
    mobility: MobilityState,
    channel: Channel,
    held: Array,
    better: Array | None,
    who: _Who,
) -> tuple[Array, Radio]:
    distance_m = network.distance_m(topology.station_xy_m, mobility.xy_m)
    # else compilers work out losses and rates anew for each of their readers
    loss_db = jax.lax.optimization_barrier(mean_loss_db(rules.radio, distance_m, channel))
    fading = fading_power(key, rules.radio, distance_m.shape)
    return distance_m, radio(rules.radio, topology, distance_m, loss_db, fading, held, better, who.active, who.up)


def _slot(rules: Rules, distance_m: Array, uplink: Radio, cpu_cycles_per_s: Array, who: _Who) -> Slot:
    active = jnp.ones(rules.users, bool) if who.active is None else who.active
    return Slot(distance_m, uplink.rate_bps, uplink.access, uplink.access_rate_bps, cpu_cycles_per_s, active, who.up)


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
