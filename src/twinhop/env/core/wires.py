"""Wired latencies between stations: by distance, or by the fastest of the paths of a graph and to a cloud."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import jax.numpy as jnp
from jax import Array

from twinhop.env.core.links import membership
from twinhop.env.core.types import Topology


def onward_s(topology: Topology, access: Array) -> Callable[[Array], Array]:
    """The wired latency from every user's access station to every station, as a function of the size sent.

    Args:
        topology: its wires.
        access: (N,) int32; of users without an access station the latencies mean nothing.

    Returns:
        From bits (1, N) to latencies (M, N) [s].
    """
    if topology.wire_delay_s is None:
        attached = membership(access, topology.wire_s_per_bit.shape[0]).astype(topology.wire_s_per_bit.dtype)
        wire = topology.wire_s_per_bit @ attached  # (M, N) seconds a bit from the access station
        return lambda bits: bits * wire
    origin = jnp.maximum(access, 0)
    lines = [(delay_s[origin].T, s_per_bit[origin].T) for delay_s, s_per_bit in _paths(topology)]
    return lambda bits: reduce(jnp.minimum, (delay_s + bits * s_per_bit for delay_s, s_per_bit in lines))


def between_s(topology: Topology, origin: Array, target: Array, bits: Array) -> Array:
    """The wired latency of each user's data from one station to another.

    Args:
        topology: its wires.
        origin: (N,) int32, from where.
        target: (N,) int32, to where.
        bits: (N,) [bit].

    Returns:
        (N,) [s].
    """
    if topology.wire_delay_s is None:
        return bits * topology.wire_s_per_bit[origin, target]
    lines = _paths(topology)
    return reduce(
        jnp.minimum, (delay_s[origin, target] + bits * s_per_bit[origin, target] for delay_s, s_per_bit in lines)
    )


def _paths(topology: Topology) -> list[tuple[Array, Array]]:
    assert topology.wire_delay_s is not None
    return list(zip(topology.wire_delay_s, topology.wire_s_per_bit, strict=True))
