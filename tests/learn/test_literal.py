"""Algorithm 1 on the twin environment: exact by seed, resumed bit for bit, and the same as acted plainly."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from twinhop.env.core import episode_key, params_of, reset, step, step_key
from twinhop.env.core.view import flat_state
from twinhop.learn.literal import Literal, LiteralConfig, action_of, shapes_of
from twinhop.learn.maddpg import actions
from twinhop.scenario import parse_scenario

CITY = """
schema_version: 1
name: tiny
area: {width_m: 800, height_m: 800}
radio: {fading: rayleigh}
stations: {generate: {count: 3}, capacity_users: all, opening_s: 0.05}
users: {generate: {count: 7}}
objective: {deadlines: false}
"""
CONFIG = LiteralConfig(hidden=(16, 8), slots=5, replay=12, batch=8)
LEARNER = Literal(CONFIG)
begin, begin_episode, next_slot = jax.jit(LEARNER.start), jax.jit(reset), jax.jit(step)


@pytest.fixture(scope="module")
def source():
    return params_of(parse_scenario(CITY))


@pytest.fixture(scope="module")
def advance(source):
    traces = []

    def count(state, iterations):
        traces.append(iterations)
        return LEARNER.advance(state, source, iterations)

    jitted = jax.jit(count, static_argnums=1)
    jitted.traces = traces
    return jitted


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True))


def test_a_run_in_parts_is_the_run_at_once_bit_for_bit_and_compiles_once(source, advance):
    start = begin(jax.random.key(4), source)
    at_once, log = advance(start, 6)
    half, first = advance(start, 3)
    end, second = advance(half, 3)
    assert same(at_once, end)
    assert np.array_equal(log["cost"], np.concatenate([first["cost"], second["cost"]]))
    assert advance.traces == [6, 3]


@pytest.mark.slow
def test_seeds_differ_and_runs_side_by_side_are_those_alone(source, advance):
    keys = jax.random.key_data(jax.random.split(jax.random.key(0), 2))
    alone = [advance(begin(key, source), 3)[1]["cost"] for key in keys]
    assert not np.array_equal(alone[0], alone[1])
    starts = jax.jit(jax.vmap(lambda key: LEARNER.start(key, source)))(keys)
    beside = jax.jit(jax.vmap(lambda state: LEARNER.advance(state, source, 3)))(starts)[1]["cost"]
    assert np.allclose(np.stack(alone), beside, rtol=1e-4)


def test_what_is_remembered_was_acted_by_the_whole_state(source):
    """Reading the first layer once for all slots changes nothing: noise off, actions are those of plain networks."""
    quiet = Literal(CONFIG.model_copy(update={"noise": 0.0, "replay": 5}))
    start = jax.jit(quiet.start)(jax.random.key(1), source)
    after = jax.jit(lambda state: quiet.advance(state, source, 1)[0])(start)
    rows, words = after.replay.entries, episode_key(start.key, jnp.int32(0))
    obs, state = begin_episode(words, source)
    for slot in range(CONFIG.slots):
        flat = flat_state(source, obs)
        chosen = actions(start.learner.networks.actor, flat[None])[:, 0]
        assert np.allclose(rows.state[slot], flat)
        assert np.allclose(rows.action[slot], chosen, atol=1e-5)
        obs, state, reward, *_ = next_slot(step_key(words, jnp.int32(slot)), state, action_of(chosen), source)
        assert float(rows.reward[slot]) == pytest.approx(float(reward), rel=1e-5)
        assert np.allclose(rows.next_state[slot], flat_state(source, obs))


def test_an_episode_without_noise_repeats_and_keeps_seats(source):
    start = begin(jax.random.key(1), source)
    play = jax.jit(lambda weights, key: LEARNER.play(weights, source, key))
    one = play(LEARNER.weights(start), jax.random.key(9))
    assert same(one, play(LEARNER.weights(start), jax.random.key(9)))
    assert one.cost.shape == (CONFIG.slots,) and one.host.shape == (CONFIG.slots, 7)
    assert np.all((np.asarray(one.host) >= 0) & (np.asarray(one.host) < 3))
    assert np.all(np.asarray(one.cost) >= np.asarray(one.latency_s))


def test_shapes_are_those_of_the_flat_state(source):
    obs, _ = begin_episode(episode_key(jnp.zeros(2, jnp.uint32), jnp.int32(0)), source)
    assert flat_state(source, obs).shape == (shapes_of(source).state,)
    assert shapes_of(source).action == 8


def test_loud_actions_are_remembered_as_they_were_done_inside_the_box(source):
    loud = Literal(CONFIG.model_copy(update={"noise": 5.0, "slots": 3, "replay": 3}))
    start = jax.jit(loud.start)(jax.random.key(1), source)
    done = np.asarray(jax.jit(lambda state: loud.advance(state, source, 1)[0])(start).replay.entries.action)
    assert np.abs(done).max() == 1.0 and (np.abs(done) < 1.0).any()
    assert not np.array_equal(done[0], done[1])
