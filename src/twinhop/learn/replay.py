"""A ring of what was lived through, on the device: the oldest entry makes room for the newest."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array


class Replay(NamedTuple):
    """The ring."""

    entries: Any
    """a pytree of arrays with a leading axis of `capacity` rows"""
    total: Array
    """() int32, entries ever stored"""


def empty(entry_like: Any, capacity: int) -> Replay:
    """A ring of so many rows, shaped as the entry, that holds nothing yet."""
    entries = jax.tree.map(lambda each: jnp.zeros((capacity, *jnp.shape(each)), jnp.asarray(each).dtype), entry_like)
    return Replay(entries, jnp.zeros((), jnp.int32))


def capacity_of(replay: Replay) -> int:
    """Rows of the ring."""
    return jax.tree.leaves(replay.entries)[0].shape[0]


def stored(replay: Replay, entry: Any) -> Replay:
    """The ring with one entry more; where it is full, in place of the oldest."""
    at = replay.total % capacity_of(replay)
    entries = jax.tree.map(
        lambda rows, row: jax.lax.dynamic_update_index_in_dim(rows, row.astype(rows.dtype), at, 0),
        replay.entries,
        entry,
    )
    return Replay(entries, replay.total + 1)


def sampled(replay: Replay, key: Array, batch: int) -> Any:
    """Entries drawn uniformly, with replacement, of those stored; never an empty row, so at least one must be stored.

    Args:
        replay: the ring.
        key: of the draw.
        batch: how many.

    Returns:
        The entries, with a leading axis of `batch`.
    """
    filled = jnp.clip(replay.total, 1, capacity_of(replay))
    rows = jax.random.randint(key, (batch,), 0, filled)
    return jax.tree.map(lambda each: each[rows], replay.entries)
