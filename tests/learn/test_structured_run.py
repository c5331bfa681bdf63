from functools import partial

import numpy as np
import pytest

jax = pytest.importorskip("jax")

from small_instances import problem  # noqa: E402

from twinhop.inference.instance import instance_of_problem  # noqa: E402
from twinhop.learn.sources import BankSource  # noqa: E402
from twinhop.learn.structured import StructuredConfig, StructuredMaddpg  # noqa: E402

SMALL = {"node_width": 8, "edge_width": 4, "critic_edge_width": 4, "critic_station_width": 8, "rounds": 1}
BANK = jax.tree.map(lambda *each: np.stack(each), *[instance_of_problem(problem(s, 8, 3)) for s in range(32)])
SOURCE = BankSource(BANK, 8)
MADDPG = StructuredMaddpg(
    StructuredConfig(
        iterations=100, critic_only_iterations=20, actor_rate=1e-2, critic_rate=1e-2, replay_slots=64, **SMALL
    )
)
CHUNK = 25


@partial(jax.jit, static_argnames=("algorithm", "iterations"))
def advanced(algorithm, state, source, iterations):
    return algorithm.advance(state, source, iterations)


@partial(jax.jit, static_argnames="algorithm")
def started(algorithm, key, source):
    return algorithm.start(key, source)


def leaves_equal(a, b):
    return all(np.array_equal(x, y) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))


def test_a_run_in_parts_is_the_run_bit_for_bit_and_compiled_once_and_lowers_the_cost():
    begin = started(MADDPG, jax.random.key(0), SOURCE)
    whole, log = advanced(MADDPG, begin, SOURCE, 2 * CHUNK)
    part, first = advanced(MADDPG, begin, SOURCE, CHUNK)
    compiled = advanced._cache_size()
    part, _ = advanced(MADDPG, part, SOURCE, CHUNK)
    assert leaves_equal(part, whole)
    assert (log["actor_loss"][:20] == 0).all() and (log["actor_loss"][20:] != 0).all(), "critics learn first, alone"
    assert len(set(np.asarray(log["cost"]).tolist())) > 45 and not np.array_equal(part.key, begin.key)
    assert all(each.shape == (50,) and np.isfinite(np.asarray(each)).all() for each in log.values())
    assert all(isinstance(each, jax.Array) for each in jax.tree.leaves(whole))
    for _ in range(2):
        part, last = advanced(MADDPG, part, SOURCE, CHUNK)
    assert advanced._cache_size() == compiled
    assert np.mean(last["critic_loss"]) < 0.5 * np.mean(first["critic_loss"][:5])
    assert np.mean(last["cost"][-10:]) < 0.97 * np.mean(first["cost"][:20])


@pytest.mark.slow
def test_seeds_side_by_side_are_the_seeds_alone():
    keys = jax.random.split(jax.random.key(7), 2)
    alone = [advanced(MADDPG, started(MADDPG, key, SOURCE), SOURCE, CHUNK) for key in keys]
    together = jax.jit(jax.vmap(lambda key: MADDPG.advance(MADDPG.start(key, SOURCE), SOURCE, CHUNK)))(keys)
    for at, (state, log) in enumerate(alone):
        np.testing.assert_allclose(together[1]["cost"][at][:10], log["cost"][:10], rtol=1e-4)
        np.testing.assert_allclose(together[1]["critic_loss"][at][:10], log["critic_loss"][:10], rtol=1e-2)
        assert np.array_equal(together[0].key[at], state.key)
    assert not leaves_equal(alone[0][0].actor, alone[1][0].actor)


@pytest.mark.slow
def test_costs_to_come_and_twin_critics_train_too():
    config = StructuredConfig(iterations=9, critic_only_iterations=1, replay_slots=4, gamma=0.7, critics=2, **SMALL)
    algorithm = StructuredMaddpg(config)
    begin = started(algorithm, jax.random.key(0), SOURCE)
    state, log = advanced(algorithm, begin, SOURCE, 3)
    assert np.isfinite(np.asarray(log["critic_loss"])).all()
    assert not leaves_equal(state.actor, begin.actor)
    assert not leaves_equal(state.targets.critics, begin.targets.critics)
    pairs = zip(jax.tree.leaves(state.targets.actor), jax.tree.leaves(begin.actor), strict=True)
    assert 0 < max(np.abs(a - b).max() for a, b in pairs) < 0.05
