"""Eq. 33: what sources lived through, merged into one replay memory."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.learn.replay import empty, sampled, stored
from twinhop.learn.transfer.experience import Experience, merged_replay


class Row(NamedTuple):
    reward: Any
    source: Any


def memory(first, rows, capacity=8):
    replay = empty(Row(jnp.float32(0), jnp.int8(0)), capacity)
    for at in range(rows):
        replay = stored(replay, Row(jnp.float32(first + at), jnp.int8(0)))
    return replay


def kept(replay):
    count = min(int(replay.total), len(replay.entries.reward))
    return np.asarray(replay.entries.reward)[:count].tolist(), np.asarray(replay.entries.source)[:count].tolist()


def test_places_share_by_recency_the_latest_entries_fill_and_the_furthest_lies_first():
    merged = merged_replay([Experience(memory(100, 8), 0), Experience(memory(200, 8), 1)], 12, 0.5, 0.5)
    rewards, tags = kept(merged)
    assert rewards == [206.0, 207.0, 104.0, 105.0, 106.0, 107.0]
    assert tags == [2, 2, 1, 1, 1, 1]


def test_what_a_place_lacks_others_fill():
    merged = merged_replay([Experience(memory(100, 1), 0), Experience(memory(200, 8), 1)], 6, 1.0, 0.5)
    assert kept(merged)[0] == [203.0, 204.0, 205.0, 206.0, 207.0, 100.0]


def test_memories_that_have_wrapped_around_give_their_latest():
    merged = merged_replay([Experience(memory(0, 11), 0)], 4, 1.0, 1.0)
    assert kept(merged)[0] == [7.0, 8.0, 9.0, 10.0]


def test_a_full_memory_forgets_the_furthest_place_first_and_own_entries_have_no_tag():
    replay = merged_replay([Experience(memory(100, 8), 0), Experience(memory(200, 8), 1)], 4, 1.0, 0.5)
    for at in range(2):
        replay = stored(replay, Row(jnp.float32(at), jnp.int8(0)))
    assert 2 not in np.asarray(replay.entries.source)[:2].tolist()
    assert sorted(np.asarray(replay.entries.reward).tolist())[:2] == [0.0, 1.0]


def test_only_rows_that_are_there_are_sampled():
    replay = merged_replay([Experience(memory(100, 3), 0)], 50, 1.0, 1.0)
    drawn = sampled(replay, jax.random.key(0), 64)
    assert set(np.asarray(drawn.reward).tolist()) == {100.0, 101.0, 102.0}


@pytest.mark.parametrize(
    ("rows", "capacity", "share", "words"),
    [
        ((), 4, 0.5, "no source given"),
        ((0,), 4, 0.5, "source 1: the replay memory is empty"),
        ((2,), 4, 0.0, "share: got 0"),
        ((2,), 0, 0.5, "replay capacity: got 0"),
    ],
)
def test_what_cannot_be_merged_is_refused(rows, capacity, share, words):
    sources = [Experience(memory(0, each), 0) for each in rows]
    with pytest.raises(InputError, match=words):
        merged_replay(sources, capacity, share, 0.5)


def test_entries_of_another_size_are_refused():
    other = stored(empty(Row(jnp.zeros(2), jnp.int8(0)), 4), Row(jnp.zeros(2), jnp.int8(0)))
    with pytest.raises(InputError, match="source 2: entries of shapes"):
        merged_replay([Experience(memory(0, 2), 0), Experience(other, 1)], 4, 0.5, 0.5)


def test_every_row_that_is_there_may_be_sampled_and_none_of_a_full_memory_is_left_out():
    for rows, expected in (
        (1, {100.0}),
        (8, {100.0 + at for at in range(8)}),
        (11, {100.0 + at for at in range(3, 11)}),
    ):
        drawn = sampled(memory(100, rows), jax.random.key(1), 512)
        assert set(np.asarray(drawn.reward).tolist()) == expected


def test_the_oldest_row_makes_room():
    assert np.asarray(memory(100, 10).entries.reward).tolist() == [108.0, 109.0, *(100.0 + at for at in range(2, 8))]
