"""Reading one station's entry for each user out of (M, N) arrays, without the gathers that are slow on CPUs."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array


def membership(station: Array, stations: int) -> Array:
    """Who is at which station.

    Args:
        station: (N,) int32, -1 for nowhere.
        stations: M.

    Returns:
        (M, N) bool.
    """
    return jnp.arange(stations, dtype=station.dtype)[:, None] == station[None, :]


def at_host(member: Array, values: Array) -> Array:
    """Each user's entry at its station.

    Args:
        member: (M, N) bool, at most one station a user.
        values: (M, N), or (M, 1) for values of the stations.

    Returns:
        (N,) values; 0 for users that are nowhere.
    """
    return jnp.sum(jnp.where(member, values, 0), axis=0)
