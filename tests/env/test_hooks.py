"""Rewards and observations of one's own, and what is said of those that are none."""

import numpy as np
import pytest
from cities import city

from twinhop.errors import InputError

jax = pytest.importorskip("jax")
jnp = jax.numpy
gymnasium = pytest.importorskip("gymnasium")
pytest.importorskip("pettingzoo")

from gymnasium.utils.env_checker import check_env  # noqa: E402

import twinhop.env  # noqa: E402

ID = "twinhop/Migration-v0"


def of_cost(obs, info, next_obs):
    return 2 * info.cost + obs.slot_index + 10 * next_obs.slot_index


def of_stations(obs):
    return jnp.stack([obs.cpu_cycles_per_s, obs.load], axis=-1)


def of_each(obs, info, next_obs):
    return jnp.arange(4) + info.station_reward


@pytest.mark.filterwarnings("ignore:.*infinity. This is probably too")  # nobody knows its bounds
def test_a_reward_and_an_observation_of_ones_own():
    env = gymnasium.make(ID, scenario=city(), reward=of_cost, observation=of_stations)
    check_env(env.unwrapped)
    assert env.observation_space.shape == (4, 2) and env.observation_space.dtype == np.float32
    batch = gymnasium.make_vec(ID, num_envs=3, scenario=city(), reward=of_cost, observation=of_stations)
    obs, _ = env.reset(seed=2)
    np.testing.assert_allclose(obs[:, 0], env.unwrapped.params.topology.cpu_cycles_per_s)
    assert np.array_equal(batch.reset(seed=1)[0][1], obs)
    for slot in range(3):
        action = env.action_space.sample()
        obs, reward, _, _, info = env.step(action)
        assert reward == pytest.approx(2 * info["cost"] + slot + 10 * (slot + 1), rel=1e-6)
        assert obs[:, 1].sum() == 12
        batched, rewards, *_ = batch.step(np.stack([action] * 3))
        assert rewards[1] == pytest.approx(reward, rel=1e-5) and np.array_equal(batched[1], obs)


def test_agents_have_a_reward_and_a_row_of_their_own():
    own = twinhop.env.TwinParallelEnv("migration", city(), rewards="own", reward=of_each, observation=of_stations)
    plain = twinhop.env.TwinParallelEnv("migration", city(), rewards="own")
    shared = twinhop.env.TwinParallelEnv("migration", city(), reward=of_cost)
    obs, _ = own.reset(seed=0)
    plain.reset(seed=0)
    shared.reset(seed=0)
    assert own.observation_space("station_1").contains(obs["station_1"]) and obs["station_1"].shape == (2,)
    actions = {name: own.action_space(name).sample() for name in own.agents}
    rewards, without, alike = (env.step(actions)[1] for env in (own, plain, shared))
    for at, name in enumerate(rewards):
        assert rewards[name] == pytest.approx(at + without[name], rel=1e-5)
    assert len(set(alike.values())) == 1 and own.state().shape == plain.state().shape


def nan(obs, info, next_obs):
    return jnp.where(next_obs.slot_index < 2, 0.0, jnp.nan)


def late_nan(obs):
    return jnp.where(obs.slot_index < 2, obs.cpu_cycles_per_s, jnp.inf)


def by_numpy(obs, info, next_obs):
    return float(np.asarray(info.cost))


def raising(obs, info, next_obs):
    raise KeyError("nothing")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reward": lambda obs, info, after: obs.load}, r"reward: <lambda> gives shape \(4,\); expected a scalar$"),
        (
            {"reward": by_numpy},
            "reward: by_numpy cannot be compiled by JAX, write it with jax.numpy: The numpy.ndarray",
        ),
        ({"reward": raising}, "reward: raising cannot be compiled by JAX, write it with jax.numpy: 'nothing'$"),
        ({"reward": lambda obs: 1.0}, "reward: <lambda> cannot be compiled .* takes 1 positional argument"),
        ({"reward": "cost"}, r"reward: got 'cost'; expected a function of \(obs, info, next_obs\), or None"),
        ({"observation": lambda obs: {"a": obs.load}}, "observation: <lambda> cannot be compiled"),
        ({"observation": lambda obs: obs.load * 1j}, "observation: <lambda> gives complex64; expected real numbers"),
    ],
)
@pytest.mark.parametrize("make", [gymnasium.make, lambda *a, **k: gymnasium.make_vec(*a, num_envs=2, **k)])
def test_what_is_no_hook_is_refused_in_a_line(make, options, message):
    with pytest.raises(InputError, match=message) as error:
        make(ID, scenario=city(), **options)
    assert "\n" not in str(error.value)


def test_agents_need_a_row_each():
    for options, message in (
        (
            {"observation": lambda obs: obs.history_bits},
            r"gives shape \(12,\); expected \(4, ...\): a row for each agent",
        ),
        ({"reward": of_cost, "rewards": "own"}, r"of_cost gives shape \(\); expected shape \(4,\), each station's own"),
        ({"reward": of_each}, r"of_each gives shape \(4,\); expected a scalar"),
    ):
        with pytest.raises(InputError, match=message):
            twinhop.env.TwinParallelEnv("migration", city(), **options)


def test_what_is_not_finite_is_refused_when_it_comes():
    for hook, message in (
        ({"reward": nan}, "reward: nan gave nan.*; expected finite numbers"),
        ({"observation": late_nan}, r"observation: late_nan gave inf at \(.*0.*\); expected finite numbers"),
    ):
        for env in (
            gymnasium.make(ID, scenario=city(), **hook).unwrapped,
            gymnasium.make_vec(ID, num_envs=2, scenario=city(), **hook),
        ):
            env.reset(seed=0)
            env.step(env.action_space.sample())
            with pytest.raises(InputError, match=message):
                env.step(env.action_space.sample())
