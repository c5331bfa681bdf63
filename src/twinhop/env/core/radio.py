"""The radio links of a slot: loss, shadowing, fading, access and rates, by the formulas of `twinhop.network`."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from twinhop import network
from twinhop.env.core import random
from twinhop.env.core.links import at_host, membership
from twinhop.env.core.types import Channel, RadioRules, Topology
from twinhop.units import linear_to_db


class Radio(NamedTuple):
    """What users get of the radio in a slot."""

    rate_bps: Array
    """(M, N) uplink rate to each station [bit/s]"""
    access: Array
    """(N,) int32, access stations"""
    access_rate_bps: Array
    """(N,) rate to them [bit/s]"""
    better: Array | None
    """(M, N) int32, see `next_access`"""


def first_channel(key: Array, rules: RadioRules, links: tuple[int, int]) -> Channel:
    """Draw line of sight and shadowing of (M, N) links."""
    los_field = random.normal(key, "channel.los", links) if _draws_los(rules) else None
    shadowing = tuple(
        each.sigma_db * random.normal(key, f"channel.shadowing.{state}", links)
        for state, each in enumerate(rules.shadowing)
    )
    return Channel(los_field, shadowing)


def next_channel(key: Array, rules: RadioRules, channel: Channel, step_m: Array) -> Channel:
    """Line of sight and shadowing of every link after its user has moved.

    Each link's values are processes of order 1 along the user's way, see `network.next_shadowing_db`: of the same
    distribution and of the same correlation along the way as the fields over the plane that `simulate` reads, but who
    comes back to a place finds new values there.

    Args:
        key: (2,) uint32.
        rules: the radio link.
        channel: of the slot before.
        step_m: (N,) how far users moved [m].
    """
    los_field = channel.los_field
    if los_field is not None:
        normal = random.normal(key, "channel.los", los_field.shape)
        los_field = network.next_shadowing_db(los_field, normal, step_m, 1.0, network.LOS_DECORRELATION_M)
    shadowing = tuple(
        network.next_shadowing_db(
            before,
            random.normal(key, f"channel.shadowing.{state}", before.shape),
            step_m,
            each.sigma_db,
            each.decorrelation_m,
        )
        for state, (before, each) in enumerate(zip(channel.shadowing_db, rules.shadowing, strict=True))
    )
    return Channel(los_field, shadowing)


def mean_loss_db(rules: RadioRules, distance_m: Array, channel: Channel) -> Array:
    """Path loss and shadowing of links, without fading.

    Args:
        rules: the radio link.
        distance_m: (M, N) [m].
        channel: line of sight and shadowing.

    Returns:
        (M, N) losses [dB].
    """
    model, sight, state = network.PATH_LOSS[rules.path_loss], None, {}
    if model.los_probability is not None:
        if channel.los_field is not None:
            sight = network.line_of_sight(model.los_probability(distance_m), channel.los_field)
        else:
            sight = jnp.full(distance_m.shape, rules.line_of_sight == "always")
        state = {"line_of_sight": sight}
    loss = model.loss_db(distance_m, min_distance_m=rules.min_distance_m, **state, **dict(rules.path_loss_parameters))
    if not channel.shadowing_db:
        return loss
    return loss + (channel.shadowing_db[0] if sight is None else jnp.where(sight, *channel.shadowing_db))


def radio(
    rules: RadioRules,
    topology: Topology,
    distance_m: Array,
    loss_db: Array,
    fading: Array | float,
    held: Array,
    better: Array | None,
    active: Array | None = None,
    up: Array | None = None,
) -> Radio:
    """Access stations and rates of a slot.

    Args:
        rules: the radio link.
        topology: powers of the users.
        distance_m: (M, N) [m].
        loss_db: (M, N) mean losses [dB].
        fading: (M, N) power of the fading of each link, or 1 without [1].
        held: (N,) int32, access stations of the slot before; -1: none.
        better: (M, N) int32, see `next_access`.
        active: (N,) bool, who is present; None: everybody always is.
        up: (M,) bool, which stations work; None: all always do.
    """
    score = _score(rules, distance_m, loss_db, fading)
    access, better = next_access(score, held, better, rules.hysteresis_db, rules.slots_to_trigger, active, up)
    is_served = None if active is None and up is None else access >= 0
    attached = membership(access, distance_m.shape[0])
    width_hz = _width_hz(rules, attached)
    noise = rules.noise_w_per_hz
    if rules.interference == "full_reuse":
        own_width_hz = at_host(attached, width_hz)
        noise = noise + _interference_w_per_hz(topology, loss_db, access, own_width_hz, is_served)[:, None]
    gain = network.channel_gain(loss_db, fading)
    rate_bps = network.rate_bps(width_hz, topology.tx_power_w[None, :], gain, noise, rules.logarithm)
    if is_served is not None:
        rate_bps = jnp.where(is_served[None, :] & (True if up is None else up[:, None]), rate_bps, 0.0)
    rate_bps = jax.lax.optimization_barrier(rate_bps)
    return Radio(rate_bps, access, at_host(attached, rate_bps), better)


def fading_power(key: Array, rules: RadioRules, links: tuple[int, int]) -> Array | float:
    """(M, N) power of the fading in a slot, or 1 without."""
    if rules.fading == "none":
        return 1.0
    return network.rayleigh_power(random.uniform(key, "channel.fading", links), rules.fading_floor)


def _draws_los(rules: RadioRules) -> bool:
    return network.PATH_LOSS[rules.path_loss].los_probability is not None and rules.line_of_sight == "random"


def _score(rules: RadioRules, distance_m: Array, loss_db: Array, fading: Array | float) -> Array:
    """(M, N) by what access stations are chosen: the less the better."""
    if rules.access == "nearest":
        return distance_m
    if rules.access == "strongest_instant" and rules.fading != "none":
        return loss_db - linear_to_db(fading)
    return loss_db


def _width_hz(rules: RadioRules, attached: Array) -> Array:
    """(M, N) bandwidth that each user has, or would have if it came to the station too [Hz]."""
    if rules.bandwidth_rule == "full":
        return jnp.full((1, 1), rules.bandwidth_hz)
    count = attached.sum(axis=1, keepdims=True)
    return rules.bandwidth_hz / jnp.where(attached, count, count + 1)


def _interference_w_per_hz(
    topology: Topology, loss_db: Array, access: Array, width_hz: Array, is_served: Array | None
) -> Array:
    """(M,) who is not served is taken to be silent, at one station more [W/Hz]."""
    gain, power_w = network.channel_gain(loss_db).T, topology.tx_power_w
    if is_served is None:
        return network.uplink_interference_w_per_hz(power_w, gain, access, width_hz)
    stations = gain.shape[1]
    return network.uplink_interference_w_per_hz(
        jnp.where(is_served, power_w, 0.0),
        jnp.pad(gain, ((0, 0), (0, 1))),
        jnp.where(is_served, access, stations),
        jnp.where(is_served, width_hz, 1.0),
    )[:stations]


def next_access(
    score: Array,
    held: Array,
    better: Array | None,
    hysteresis: float,
    slots_to_trigger: int,
    active: Array | None = None,
    up: Array | None = None,
) -> tuple[Array, Array | None]:
    """Hand users over by event A3: to the best station that has been better for long enough.

    Formula: station j is *better* where ``score_j < score_b - hysteresis``; it takes the user over once it has been
    so in `slots_to_trigger` slots in a row, of several the best. Who has no station, or one that is down, takes the
    best of those that work at once.

    Args:
        score: (M, N) mean loss or distance; the less the better.
        held: (N,) int32, access stations of the slot before; -1: none.
        better: (M, N) int32, for how many slots stations have been better; None where one slot suffices.
        hysteresis: in the unit of the score.
        slots_to_trigger: at least 1.
        active: (N,) bool, who is present; None: everybody.
        up: (M,) bool, which stations work; None: all.

    Returns:
        (N,) int32 access stations, and the counts.

    Source:
        3GPP TS 38.331, 5.5.4.4, event A3 with all offsets 0; as `kernels.handover.hand_over`.

    Example:
        >>> score = jnp.array([[100.0, 100.0], [98.0, 90.0]])
        >>> next_access(score, jnp.array([0, 0]), None, 3.0, 1)[0].tolist()
        [0, 1]
    """
    stations = score.shape[0]
    if active is not None:
        held = jnp.where(active, held, -1)
    if up is not None:
        held = jnp.where((membership(held, stations) & up[:, None]).any(axis=0), held, -1)
        score = jnp.where(up[:, None], score, jnp.inf)
    limit = at_host(membership(held, stations), score) - hysteresis
    is_better = jnp.where(held[None, :] >= 0, score < limit[None, :], True)
    if up is not None:
        is_better = is_better & up[:, None]
    if better is None:
        ready, count = is_better, None
    else:
        count = jnp.where(is_better, better + 1, 0)
        ready = (count >= slots_to_trigger) | ((held < 0)[None, :] & is_better)
    best = jnp.argmin(jnp.where(ready, score, jnp.inf), axis=0).astype(held.dtype)
    hands_over = ready.any(axis=0)
    if active is not None:
        hands_over = hands_over & active
    if count is not None:
        starts_anew = hands_over if active is None else hands_over | ~active
        count = jnp.where(starts_anew[None, :], 0, count)
    return jnp.where(hands_over, best, held), count
