"""What sources lived through, merged into one replay memory (Eq. 33)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from twinhop.errors import InputError
from twinhop.learn.instance import padded
from twinhop.learn.replay import Replay, capacity_of


class Experience(NamedTuple):
    """The replay memory of a source, and how long ago the user was there."""

    replay: Replay
    age: int
    """how many places ago; 0: where the user comes from"""


def merged_replay(sources: Sequence[Experience], capacity: int, share: float, recency: float) -> Replay:
    """A replay memory that begins with the experience of sources.

    Formula: ``(A_t, S_t) = (A_{t-1}, S_{t-1}) + (A_s, S_s)``; of ``share * capacity`` rows in all, source j gets a part
    in proportion to ``recency^age_j``, and its latest entries fill it. What a source lacks others may fill.

    Rows lie oldest place first, so that new entries, once the memory is full, drive out the experience that is
    furthest away. Entries with a field `source` are tagged: it is 1 + the index of the source; what is lived through
    from now on has 0.

    Args:
        sources: what each place left; all entries of one shape.
        capacity: rows of the memory.
        share: of the memory that the sources fill, above 0 and up to 1: the cap of what is taken over [1].
        recency: weight of a place relative to the one after it, above 0 and up to 1 [1].

    Raises:
        InputError: there is no source, one has no entry, entries have different shapes, or a number is out of range.

    Source:
        Lu et al., Eq. 33.
    """
    _check(sources, capacity, share, recency)
    rows = _rows_of_sources(sources, max(1, int(share * capacity)), recency)
    order = sorted(range(len(sources)), key=lambda at: -sources[at].age)
    parts = [_latest(sources[at].replay, rows[at], at + 1) for at in order if rows[at]]
    filled = jax.tree.map(lambda *each: jnp.concatenate(each), *parts)
    count = int(sum(rows))
    entries = jax.tree.map(
        lambda leaf: jnp.concatenate([leaf, jnp.zeros((capacity - count, *leaf.shape[1:]), leaf.dtype)]), filled
    )
    return Replay(entries, jnp.asarray(count, jnp.int32))


def _rows_of_sources(sources: Sequence[Experience], room: int, recency: float) -> list[int]:
    """How many rows each source fills: by recency, no more than it has; the first places take what others lack."""
    held = np.array([_held(source.replay) for source in sources])
    weight = np.array([recency**source.age for source in sources])
    rows = np.zeros(len(sources), np.int64)
    while (left := min(room, int(held.sum())) - int(rows.sum())) > 0:
        open_to = rows < held
        part = np.floor(left * weight * open_to / (weight * open_to).sum()).astype(np.int64)
        if not part.any():
            part[np.flatnonzero(open_to)[np.argsort(-weight[open_to], kind="stable")][:left]] = 1
        rows = np.minimum(rows + part, held)
    return [int(row) for row in rows]


def _held(replay: Replay) -> int:
    return min(int(replay.total), capacity_of(replay))


def _at(replay: Replay, rows: int) -> Any:
    """Where the latest entries are, oldest first."""
    return (int(replay.total) - rows + np.arange(rows)) % capacity_of(replay)


def _latest(replay: Replay, rows: int, tag: int) -> Any:
    """The latest entries of a memory, oldest first, tagged."""
    at = _at(replay, rows)
    entries = jax.tree.map(lambda leaf: jnp.asarray(leaf)[at], replay.entries)
    return entries._replace(source=jnp.full_like(entries.source, tag)) if "source" in entries._fields else entries


def fitted(replay: Replay, environments: int, users: int, stations: int) -> Replay:
    """The memory of a structured learner in another shape, with the latest entries it holds, oldest first.

    Instances are padded with absent users and stations; the transitions of a slot are dealt out anew where the number
    of environments is another one, and those that fill no whole slot are left out.

    Args:
        replay: its entries are transitions of `learn.structured`.
        environments: E of the result.
        users: N of the result, at least as many as the entries have.
        stations: M of the result, likewise.
    """
    held = _held(replay)
    at = _at(replay, held)
    entries = jax.tree.map(lambda leaf: jnp.asarray(leaf)[at], replay.entries)
    before = entries.host.shape[1]
    rows = held * before // environments
    skipped = held * before - rows * environments

    def dealt(leaf: Any) -> Any:
        return leaf.reshape(held * before, *leaf.shape[2:])[skipped:].reshape(rows, environments, *leaf.shape[2:])

    def larger(instances: Any) -> Any:
        return jax.vmap(jax.vmap(partial(padded, users=users, stations=stations)))(instances)

    entries = jax.tree.map(dealt, entries)
    more = users - entries.host.shape[2]
    entries = entries._replace(
        obs=larger(entries.obs),
        host=jnp.pad(entries.host, ((0, 0), (0, 0), (0, more))),
        after=None if entries.after is None else larger(entries.after),
    )
    return Replay(entries, jnp.asarray(rows, jnp.int32))


def _check(sources: Sequence[Experience], capacity: int, share: float, recency: float) -> None:
    if not sources:
        raise InputError("experience: no source given; expected at least one")
    if capacity < 1:
        raise InputError(f"replay capacity: got {capacity}; expected at least 1")
    for name, number in (("share", share), ("recency", recency)):
        if not 0.0 < number <= 1.0:
            raise InputError(f"{name}: got {number:g}; expected a number above 0 and up to 1")
    shapes = [[leaf.shape[1:] for leaf in jax.tree.leaves(source.replay.entries)] for source in sources]
    for at, source in enumerate(sources):
        if not _held(source.replay):
            raise InputError(f"experience of source {at + 1}: the replay memory is empty; expected at least one entry")
        if shapes[at] != shapes[0]:
            raise InputError(
                f"experience of source {at + 1}: entries of shapes {shapes[at]}, those of source 1 {shapes[0]}; "
                "expected instances of one size"
            )
