"""MADDPG: the split first layer, targets, gradients, and that it learns."""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from twinhop.learn.maddpg import MaddpgConfig, ReplayTransition, Shapes, act, actions, begin, update
from twinhop.learn.maddpg.learner import _losses, target_values

SHAPES = Shapes(agents=3, observation=4, action=2, state=5)
CONFIGS = [
    MaddpgConfig(hidden=(8, 6), critics=critics, critic_sees=critic_sees, agents_see=agents_see)
    for critics in ("own", "shared")
    for critic_sees, agents_see in (("state", "state"), ("observations", "observations"), ("state", "observations"))
]


def batch_of(config, seed=0, rows=7):
    rng = np.random.default_rng(seed)

    def draw(*shape):
        return jnp.asarray(rng.uniform(-1, 1, (rows, *shape)), jnp.float32)

    return ReplayTransition(
        state=draw(SHAPES.state),
        observation=draw(SHAPES.agents, SHAPES.observation),
        action=draw(SHAPES.agents, SHAPES.action),
        reward=draw() if config.critics == "shared" else draw(SHAPES.agents),
        next_state=draw(SHAPES.state),
        next_observation=draw(SHAPES.agents, SHAPES.observation),
        terminated=jnp.zeros(rows),
    )


def perceptron(layers, x):
    for at, (weight, bias) in enumerate(layers):
        x = x @ weight + bias
        if at < len(layers) - 1:
            x = np.maximum(x, 0)
    return x


def plain_actions(config, actor, state, observation):
    """(B, M, A) in plain NumPy."""
    return np.stack(
        [
            np.tanh(
                perceptron(
                    [(np.asarray(layer.weight)[m], np.asarray(layer.bias)[m]) for layer in actor.layers],
                    state if config.agents_see == "state" else observation[:, m],
                )
            )
            for m in range(SHAPES.agents)
        ],
        axis=1,
    )


def plain_values(config, critic, at, state, observation, action):
    """(B,) the values of critic `at`: one perceptron over everything, one input beside the other."""
    rows = len(action)
    obs = state if config.critic_sees == "state" else observation.reshape(rows, -1)
    acted = np.asarray(critic.acted)[at]
    first = np.concatenate([np.asarray(critic.obs)[at], acted.reshape(-1, acted.shape[-1])])
    layers = [(first, np.asarray(critic.bias)[at])]
    layers += [(np.asarray(layer.weight)[at], np.asarray(layer.bias)[at]) for layer in critic.rest.layers]
    return perceptron(layers, np.concatenate([obs, action.reshape(rows, -1)], axis=1))[:, 0]


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_losses_are_those_of_plain_networks(config):
    learner, batch = begin(config, SHAPES, jax.random.key(1)), batch_of(config)
    critics = SHAPES.agents if config.critics == "own" else 1
    wanted = jnp.asarray(np.random.default_rng(2).normal(size=(critics, 7)), jnp.float32)
    critic_loss, actor_loss, penalty, saturation = _losses(config, learner.networks, batch, wanted)
    state, obs, done = (np.asarray(each) for each in (batch.state, batch.observation, batch.action))
    critic = learner.networks.critic
    errors = [plain_values(config, critic, c, state, obs, done) - np.asarray(wanted)[c] for c in range(critics)]
    assert float(critic_loss) == pytest.approx(np.mean(np.square(errors)), rel=1e-4)
    mine = plain_actions(config, learner.networks.actor, state, obs)
    values = []
    for m in range(SHAPES.agents):
        joint = done.copy()
        joint[:, m] = mine[:, m]
        values.append(plain_values(config, critic, min(m, critics - 1), state, obs, joint))
    assert float(actor_loss) == pytest.approx(-np.mean(values), rel=1e-4, abs=1e-6)
    assert float(penalty) == pytest.approx(np.mean(np.arctanh(mine) ** 2), rel=1e-3)
    assert float(saturation) == 0


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_targets_go_on_where_an_episode_was_cut_off_and_stop_where_it_ended(config):
    learner, batch = begin(config, SHAPES, jax.random.key(1)), batch_of(config)
    reward = np.asarray(batch.reward)
    reward = reward[None] if reward.ndim == 1 else reward.T
    ended = target_values(config, learner.targets, batch._replace(terminated=jnp.ones(7)))
    assert np.allclose(ended, reward, atol=1e-6)
    cut = np.asarray(target_values(config, learner.targets, batch))
    state, obs = np.asarray(batch.next_state), np.asarray(batch.next_observation)
    then = plain_actions(config, learner.targets.actor, state, obs)
    for c in range(len(reward)):
        follows = plain_values(config, learner.targets.critic, c, state, obs, then)
        assert np.allclose(cut[c], reward[c] + config.gamma * follows, atol=1e-5)


def test_the_slope_of_an_actor_is_that_of_finite_differences():
    with jax.enable_x64(True):
        config = CONFIGS[0]
        learner, batch = jax.tree.map(
            lambda leaf: leaf.astype(jnp.float64), (begin(config, SHAPES, jax.random.key(3)), batch_of(config))
        )
        networks, wanted, step = learner.networks, jnp.zeros((SHAPES.agents, 7)), 1e-6

        @jax.jit
        def loss(bias):
            actor = eqx.tree_at(lambda one: one.layers[-1].bias, networks.actor, bias)
            return _losses(config, networks._replace(actor=actor), batch, wanted)[1]

        bias = networks.actor.layers[-1].bias
        slope = jax.grad(loss)(bias)
        for at in np.ndindex(bias.shape):
            difference = (loss(bias.at[at].add(step)) - loss(bias.at[at].add(-step))) / (2 * step)
            assert float(slope[at]) == pytest.approx(float(difference), rel=1e-4, abs=1e-7)


def leaves(tree):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(tree)]


def test_targets_go_the_share_tau_of_the_way_to_the_new_networks():
    config = MaddpgConfig(hidden=(8,), tau=0.25, actor_rate=0.1, critic_rate=0.2)
    before, updated = begin(config, SHAPES, jax.random.key(1)), jax.jit(partial(update, config))
    for seed in range(2):
        after, _ = updated(before, batch_of(config, seed))
        by_leaf = zip(leaves(before.targets), leaves(after.networks), leaves(after.targets), strict=True)
        for slow, fast, moved in by_leaf:
            np.testing.assert_allclose(moved, 0.75 * slow + 0.25 * fast, rtol=1e-5, atol=1e-6)
        before = after


@pytest.mark.parametrize("config", [CONFIGS[0], CONFIGS[-1]], ids=str)
def test_an_update_fits_critics_to_the_target_networks_and_leads_each_network_by_its_own_loss(config):
    """A first step of Adam goes by its rate against the sign of the slope, whatever its size."""
    config = config.model_copy(update={"actor_rate": 0.01, "critic_rate": 0.03})
    learner, batch = begin(config, SHAPES, jax.random.key(1)), batch_of(config)
    learner = learner._replace(targets=begin(config, SHAPES, jax.random.key(2)).networks)
    wanted = target_values(config, learner.targets, batch)
    after, losses = jax.jit(partial(update, config))(learner, batch)
    assert np.allclose(losses, _losses(config, learner.networks, batch, wanted), rtol=1e-5)
    for at, name, rate in ((0, "critic", 0.03), (1, "actor", 0.01)):
        slope = jax.jit(jax.grad(lambda both, at=at: _losses(config, both, batch, wanted)[at]))(learner.networks)
        steps = zip(*(leaves(getattr(each, name)) for each in (learner.networks, after.networks, slope)), strict=True)
        for old, new, way in steps:
            clear = np.abs(way) > 1e-4
            assert clear.any()
            np.testing.assert_allclose((new - old)[clear], -rate * np.sign(way[clear]), rtol=1e-2)


def test_agents_find_what_pays():
    """Each agent is paid for its own closeness to a target that it sees, and for that of the others."""
    config = MaddpgConfig(hidden=(32,), agents_see="observations", critics="shared", actor_rate=1e-2, critic_rate=1e-2)
    shapes = Shapes(agents=2, observation=1, action=1, state=2)

    @jax.jit
    def learn(learner, key):
        first, second = jax.random.split(key)
        obs = jax.random.uniform(first, (64, 2, 1), minval=-0.8, maxval=0.8)
        done = jax.random.uniform(second, (64, 2, 1), minval=-1.0, maxval=1.0)
        reward = -jnp.square(done - obs).sum((1, 2))
        rows = ReplayTransition(obs[..., 0], obs, done, reward, obs[..., 0], obs, jnp.ones(64))
        return update(config, learner, rows)[0]

    learner = begin(config, shapes, jax.random.key(0))
    for key in jax.random.split(jax.random.key(1), 400):
        learner = learn(learner, key)
    obs = jnp.array([[[-0.5], [0.5]], [[0.3], [-0.7]]])
    result = jnp.swapaxes(actions(learner.networks.actor, obs), 0, 1)
    assert np.allclose(result, obs, atol=0.15)


def test_noise_is_scaled_and_actions_stay_in_the_box():
    config = MaddpgConfig(hidden=(8,), noise=5.0)
    learner = begin(config, SHAPES, jax.random.key(1))
    state = jnp.ones(SHAPES.state)
    loud = act(config, learner, state, jax.random.key(2))
    assert float(jnp.abs(loud).max()) == 1.0
    still = act(config, learner, state, jax.random.key(2), 0.0)
    assert np.array_equal(still, act(config, learner, state, jax.random.key(3), 0.0))
    assert np.allclose(still, actions(learner.networks.actor, state[None])[:, 0])
