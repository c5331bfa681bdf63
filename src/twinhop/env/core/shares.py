"""How the twins on each station share its CPU, with and without deadlines."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from twinhop import network
from twinhop.env.core.links import at_host
from twinhop.kernels.edge import cpu_room, floor_scale


def least_shares(member: Array, work: Array, tau_s: Array, comm_s: Array, cpu: Array, capacity: Array) -> Array:
    """The least CPU shares by which the deadlines of users hold where they are.

    Args:
        member: (M, N) bool, who is where.
        work: (N,) work of an update [cycle].
        tau_s: (N,) deadlines on the update latency [s].
        comm_s: (M, N) communication latency of an update [s].
        cpu: (M,) CPU capacities [cycle/s].
        capacity: (M,) twins that fit; 0: none may be there.

    Returns:
        (N,) shares, infinite where none suffices; 0 for users whose deadline no station could keep [cycle/s].
    """
    floor = network.minimum_share_cycles_per_s(work[None, :], tau_s[None, :], comm_s)
    is_possible = (floor <= cpu_room(cpu)[:, None]) & (capacity > 0)[:, None]
    return jnp.where(is_possible.any(axis=0), at_host(member, floor), 0.0)


def proportional_shares(member: Array, weight: Array, cpu: Array) -> Array:
    """CPU shares in proportion to weights.

    Formula: ``f_i = F_k weight_i / sum_{j on k} weight_j``.

    Args:
        member: (M, N) bool, who is where.
        weight: (N,) see `network.share_weights`.
        cpu: (M,) CPU capacities [cycle/s].

    Returns:
        (N,) shares; 0 for users that are nowhere [cycle/s].
    """
    total = jnp.sum(jnp.where(member, weight, 0.0), axis=1)
    return at_host(member, (cpu / jnp.where(total > 0, total, jnp.inf))[:, None]) * weight


def floored_shares(member: Array, weight: Array, floor: Array, cpu: Array) -> Array:
    """CPU shares in proportion to weights, but nobody below its floor on stations where all floors fit.

    Water-filling: users whose share falls below their floor get the floor and the others share what remains, until
    nobody falls below; see `network.water_fill_shares`. Where floors do not fit together nobody has one.

    Args:
        member: (M, N) bool, who is where.
        weight: (N,) see `network.share_weights`.
        floor: (N,) least shares [cycle/s].
        cpu: (M,) CPU capacities [cycle/s].

    Returns:
        (N,) shares; 0 for users that are nowhere [cycle/s].
    """
    floored = jnp.sum(jnp.where(member, floor, 0.0), axis=1)
    scale = at_host(member, floor_scale(floored, cpu)[:, None])
    bottom = jnp.where(scale > 0, floor, 0.0) * scale

    def levels(pinned: Array) -> Array:
        """(N,) what a unit of weight gets on each user's station, with these users at their floors."""
        free = cpu - jnp.sum(jnp.where(member & pinned, bottom, 0.0), axis=1)
        shared = jnp.sum(jnp.where(member & ~pinned, weight, 0.0), axis=1)
        return at_host(member, (jnp.maximum(free, 0.0) / jnp.where(shared > 0, shared, jnp.inf))[:, None])

    def more(state: tuple[Array, Array]) -> tuple[Array, Array]:
        pinned = state[0] | (bottom > levels(state[0]) * weight)
        return pinned, (pinned != state[0]).any()

    nobody = jnp.zeros(floor.shape, bool)
    pinned, _ = jax.lax.while_loop(lambda state: state[1], more, (nobody, jnp.asarray(True)))
    return jnp.where(pinned, bottom, levels(pinned) * weight)
