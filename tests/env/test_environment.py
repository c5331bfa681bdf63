"""What `reset` and `step` promise: shapes, one compilation, the horizon, rewards that add up, fresh topologies."""

import numpy as np
import pytest
from cities import FULL_RADIO, city

from twinhop.errors import InputError

jax = pytest.importorskip("jax")
jnp = jax.numpy

from twinhop.env.core import Action, episode_key, params_of, step_key  # noqa: E402
from twinhop.env.core import reset as core_reset  # noqa: E402
from twinhop.env.core import step as core_step  # noqa: E402

reset, step = jax.jit(core_reset), jax.jit(core_step)
KEY = episode_key(jax.random.key(11), 0)
TASKS = ("placement", "migration")


def near(obs, opening=1.0):
    """Everybody to the nearest station."""
    return Action(jnp.full(obs.distance_m.shape[0], opening), -obs.distance_m)


def run(params, slots, key=KEY, policy=near):
    """Observations, rewards and infos of an episode."""
    obs, state = reset(key, params)
    result = []
    for slot in range(slots):
        obs, state, reward, terminated, truncated, info = step(step_key(key, slot), state, policy(obs), params)
        result.append((obs, float(reward), bool(terminated), bool(truncated), info))
    return result


@pytest.mark.parametrize("task", TASKS)
def test_shapes_and_values(task):
    params = params_of(city(users=12, stations=4, radio=FULL_RADIO), task)
    obs, state = reset(KEY, params)
    users = {"history_bits", "update_bits", "root_work", "tau_s", "active", "access", "host"}
    links = {"distance_m", "rate_bps", "comm_s"}
    for name, value in obs._asdict().items():
        expected = (12,) if name in users else (4, 12) if name in links else () if name == "slot_index" else (4,)
        assert value.shape == expected, name
        assert np.isfinite(value).all(), name
    assert (obs.rate_bps > 0).all() and (obs.comm_s > 0).all()
    assert (obs.host == -1).all() and (obs.load == 0).all()
    assert jax.tree.structure(step(KEY, state, near(obs), params)[1]) == jax.tree.structure(state)


@pytest.mark.parametrize("task", TASKS)
def test_the_horizon_truncates_and_nothing_terminates(task):
    result = run(params_of(city(), task, horizon=4), 4)
    assert [truncated for _, _, _, truncated, _ in result] == [False, False, False, True]
    assert not any(terminated for _, _, terminated, _, _ in result)
    assert [int(obs.slot_index) for obs, *_ in result] == [1, 2, 3, 4]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("deadlines", ["true", "false"])
def test_rewards_add_up(task, deadlines):
    params = params_of(city(deadlines=deadlines), task, late_s=0.5)
    for _, reward, _, _, info in run(params, 5):
        terms = info.communication + info.computing + info.moves + info.opening + info.energy
        np.testing.assert_allclose(info.cost, terms, rtol=1e-6)
        np.testing.assert_allclose(info.station_reward.sum(), reward, rtol=1e-5)
        np.testing.assert_allclose(-reward, info.cost + 0.5 * info.late, rtol=1e-5)
        assert int(info.opened) == len(set(info.host.tolist()))


def test_the_literal_reward_counts_twins_and_no_lateness():
    scenario = city(deadlines="true", users=12)
    literal = run(params_of(scenario, reading="literal"), 1)[0]
    opening = float(params_of(scenario).topology.opening_s.mean())
    info = literal[4]
    np.testing.assert_allclose(-literal[1], info.cost - info.opening + 12 * opening, rtol=1e-5)


def test_migration_pays_for_moves_and_only_then():
    params = params_of(city(users=12, stations=4), "migration")

    def alternating(obs):
        at = int(obs.slot_index) // 2 % 2
        return Action(jnp.ones(4), jnp.zeros((4, 12)).at[at].set(1.0))

    result = [info for *_, info in run(params, 6, policy=alternating)]
    assert [int(info.moved) for info in result] == [0, 0, 12, 0, 12, 0]
    assert [float(info.moves) > 0 for info in result] == [False, False, True, False, True, False]
    bits, topology = float(result[2].moved_bits), params.topology
    assert bits == pytest.approx(float(topology.history_bits.sum()), rel=1e-6)
    way = topology.history_bits * topology.wire_s_per_bit[0, 1] + params.rules.cost.move_s
    assert float(result[2].moves) == pytest.approx(float(way.mean()), rel=1e-5)


def test_one_compilation_serves_all_steps_and_seeds():
    traces = []

    @jax.jit
    def counted(key, state, action, params):
        traces.append(1)
        return core_step(key, state, action, params)

    for number in range(3):
        params = params_of(city().with_seed(number))  # other numbers, the same rules
        key = episode_key(jax.random.key(number), 0)
        obs, state = reset(key, params)
        for slot in range(30):
            obs, state, *_ = counted(step_key(key, slot), state, near(obs), params)
    assert len(traces) == 1


@pytest.mark.parametrize("task", TASKS)
def test_under_vmap_every_seed_is_as_alone(task):
    params = params_of(city(), task)
    keys = jnp.stack([episode_key(jax.random.key(seed), 0) for seed in range(3)])
    obs, states = jax.vmap(reset, (0, None))(keys, params)
    together, rewards = jax.jit(jax.vmap(core_step, (0, 0, 0, None))), []
    for slot in range(6):
        actions = jax.vmap(near)(obs)
        at = jax.vmap(step_key, (0, None))(keys, slot)
        obs, states, reward, *_ = together(at, states, actions, params)
        rewards.append(reward)
    for index, key in enumerate(keys):
        alone = run(params, 6, key)
        np.testing.assert_allclose([reward[index] for reward in rewards], [each[1] for each in alone], rtol=1e-5)
        np.testing.assert_allclose(states.slot.rate_bps[index], alone[-1][0].rate_bps, rtol=1e-4)


def test_the_world_is_the_same_whatever_is_decided():
    params = params_of(city(users=12, stations=4), "migration")
    far = run(params, 6, policy=lambda obs: Action(jnp.full(4, -1.0), obs.distance_m))
    for one, other in zip(run(params, 6), far, strict=True):
        assert np.array_equal(one[0].rate_bps, other[0].rate_bps)
        assert np.array_equal(one[0].access, other[0].access)


def test_without_redraws_every_episode_has_the_scenarios_topology():
    params = params_of(city())
    for seed in range(2):
        state = reset(jax.random.key(seed), params)[1]
        assert np.array_equal(state.topology.station_xy_m, params.topology.station_xy_m)


def test_redraws_give_every_episode_a_topology_of_its_kind():
    params = params_of(city(users=200, stations=40), redraws=True)
    one, other = (reset(jax.random.key(seed), params)[1].topology for seed in range(2))
    for name in ("station_xy_m", "cpu_cycles_per_s", "user_xy_m", "history_bits", "update_bits", "tau_s"):
        assert not np.array_equal(getattr(one, name), getattr(other, name)), name
    low, high = one.history_bits.min(), one.history_bits.max()
    assert 5e6 <= low and high <= 20e6 and abs(float(one.history_bits.mean()) - 12.5e6) < 1e6
    hop_m = np.linalg.norm(np.asarray(one.station_xy_m)[:, None] - np.asarray(one.station_xy_m)[None], axis=-1)
    np.testing.assert_allclose(one.wire_s_per_bit, 1e-11 * hop_m, rtol=1e-4, atol=1e-12)
    assert np.array_equal(one.station_xy_m, reset(jax.random.key(0), params)[1].topology.station_xy_m)


def test_literal_row_25_redraws():
    scenario = city().model_copy(update={"readings": city().readings.model_copy(update={"rows": {25: "literal"}})})
    assert params_of(scenario).rules.redraw is not None


def test_tight_stations_are_never_overfull():
    params = params_of(city(users=12, stations=4, capacity=3))
    for obs, *_, info in run(params, 5):
        assert (np.bincount(info.host, minlength=4) == 3).all() and (obs.load == 3).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": "plan"}, "task: got 'plan'; accepted: placement, migration"),
        ({"horizon": 0}, "horizon: got 0; expected a whole number of slots from 1"),
        ({"horizon": 2.5}, "horizon: got 2.5"),
        ({"reading": "loose"}, "reading: got 'loose'; accepted: sound, literal"),
    ],
)
def test_wrong_options_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        params_of(city(), **change)


def test_too_few_seats_are_refused():
    with pytest.raises(InputError, match="8 twins fit on all stations together, and there are 12 users"):
        params_of(city(users=12, stations=4, capacity=2))
