"""From what the agents ask for to one station for every twin: the decoding rule that all policies share."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from twinhop.env.core.links import at_host, membership
from twinhop.env.core.types import Action


class Decoded(NamedTuple):
    """A station for every twin."""

    host: Array
    """(N,) int32"""
    repaired: Array
    """() int32, users moved because the station that they were meant for was full"""


def decode(action: Action, capacity: Array, comm_s: Array, active: Array, is_capacitated: bool) -> Decoded:
    """Who goes where: to the opened station that gives a user its highest score.

    Stations open whose `opening` is greater than 0; where none does, the one with the largest. Ties go to the lowest
    index. Where a station gets more twins than fit, those leave it that lose least in communication latency, one
    after the other, each to the opened station with room that is best for it; where no opened station has room, to
    the best of the others, which opens.

    Args:
        action: openings and scores.
        capacity: (M,) int32, twins that fit; 0 where none may be.
        comm_s: (M, N) communication latency of each twin on each station [s].
        active: (N,) bool; absent users take no room.
        is_capacitated: whether some station may be full at all.

    Returns:
        The stations; those of absent users mean nothing.

    Source:
        Lu et al., Eq. 23 (reading rows 8 and 14).

    Example:
        >>> action = Action(jnp.array([1.0, -1.0]), jnp.array([[0.1, 0.2], [0.9, 0.9]]))
        >>> decode(action, jnp.array([2, 2]), jnp.zeros((2, 2)), jnp.ones(2, bool), False).host.tolist()
        [0, 0]
    """
    admissible = capacity > 0
    wanted = (action.opening > 0) & admissible
    best = jnp.argmax(jnp.where(admissible, action.opening, -jnp.inf))
    opened = wanted | (~wanted.any() & (jnp.arange(len(capacity)) == best))
    host = jnp.argmax(jnp.where(opened[:, None], action.score, -jnp.inf), axis=0).astype(jnp.int32)
    if not is_capacitated:
        return Decoded(host, jnp.zeros((), jnp.int32))
    return _repaired(host, opened, capacity, comm_s, active)


class _Repair(NamedTuple):
    host: Array
    opened: Array
    load: Array
    moved: Array


def _repaired(host: Array, opened: Array, capacity: Array, comm_s: Array, active: Array) -> Decoded:
    """Move surplus users, the cheapest first, until every station can hold its twins or no seat is left."""
    stations, users = comm_s.shape

    def is_unfinished(now: _Repair) -> Array:
        return (now.load > capacity).any() & (now.load < capacity).any()

    def move_one(now: _Repair) -> _Repair:
        member = membership(now.host, stations) & active
        has_room = now.load < capacity
        open_room = has_room & now.opened
        target = jnp.where(open_room.any(), open_room, has_room)
        leaves = (member & (now.load > capacity)[:, None]).any(axis=0)
        extra_s = jnp.where(target[:, None] & leaves[None, :], comm_s - at_host(member, comm_s), jnp.inf)
        at = jnp.argmin(extra_s)
        to, user = at // users, at % users
        change = jnp.zeros_like(now.load).at[to].add(1).at[now.host[user]].add(-1)
        return _Repair(
            now.host.at[user].set(to.astype(jnp.int32)), now.opened.at[to].set(True), now.load + change, now.moved + 1
        )

    load = jnp.sum(membership(host, stations) & active, axis=1, dtype=jnp.int32)
    start = _Repair(host, opened, load, jnp.zeros((), jnp.int32))
    end = jax.lax.while_loop(is_unfinished, move_one, start)
    return Decoded(end.host, end.moved)
