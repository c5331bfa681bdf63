"""MADDPG through PettingZoo: it learns, repeats by seed, compiles once, and refuses what does not fit."""

import importlib.util
import sys
from functools import partial
from pathlib import Path

import jax
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete
from pettingzoo import ParallelEnv

from twinhop.env import TwinParallelEnv
from twinhop.errors import InputError

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "parallel_maddpg.py"


def program():
    """The module, which is no part of the package."""
    spec = importlib.util.spec_from_file_location(PROGRAM.stem, PROGRAM)
    module = sys.modules[PROGRAM.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


parallel_maddpg = program()
ParallelConfig, train_parallel = parallel_maddpg.ParallelConfig, parallel_maddpg.train_parallel
CONFIG = ParallelConfig(
    hidden=(16,), noise=0.5, actor_rate=1e-2, critic_rate=1e-2, gamma=0.0, bout=20, updates=20, replay=1000
)


class Echo(ParallelEnv):
    """Two agents, each paid for saying twice what it sees, in a box from -1 to 3; four steps an episode."""

    metadata = {"name": "echo"}

    def __init__(self, *, terminates=False, leaves=False, said=(1, 1), bound=3.0):
        self.possible_agents = ["first", "second"]
        self.terminates, self.leaves, self.said, self.bound = terminates, leaves, said, bound

    def observation_space(self, agent):
        return Box(0.0, 1.0, (1,))

    def action_space(self, agent):
        length = self.said[self.possible_agents.index(agent)]
        return Box(-1.0, self.bound, (length,)) if length else Discrete(3)

    def state(self):
        return np.concatenate([self.obs[name] for name in self.possible_agents])

    def reset(self, seed=None, options=None):
        if seed is not None:
            self.rng = np.random.default_rng(seed)
        self.agents, self.steps = self.possible_agents[:], 0
        self.obs = {name: self.rng.uniform(0, 1, 1).astype(np.float32) for name in self.agents}
        return self.obs, {name: {} for name in self.agents}

    def step(self, actions):
        assert all(self.action_space(name).contains(np.float32(actions[name])) for name in self.agents)
        rewards = {name: -float((actions[name][0] - 2 * self.obs[name][0]) ** 2) for name in self.agents}
        self.steps += 1
        is_over = self.steps == 4
        names = self.agents
        self.obs = {name: self.rng.uniform(0, 1, 1).astype(np.float32) for name in names}
        ends = dict.fromkeys(names, is_over)
        self.agents = [] if is_over else names[:1] if self.leaves else names
        nobody = dict.fromkeys(names, False)
        both = (ends, nobody) if self.terminates else (nobody, ends)
        return self.obs, rewards, *both, {name: {} for name in names}


@pytest.mark.parametrize(
    ("critics", "critic_sees"), [("own", "observations"), ("shared", "state")], ids=["own", "shared"]
)
def test_agents_learn_what_pays_and_everything_compiles_once(critics, critic_sees):
    config = CONFIG.model_copy(update={"critics": critics, "critic_sees": critic_sees})
    before = parallel_maddpg._learn._cache_size(), parallel_maddpg._explore._cache_size()
    watched = []
    run = train_parallel(Echo, config, 600, seed=1, watch=lambda steps, policy: watched.append(steps))
    assert (parallel_maddpg._learn._cache_size(), parallel_maddpg._explore._cache_size()) == (
        before[0] + 1,
        before[1] + 1,
    )
    assert watched == list(range(0, 601, 20))
    assert run.returns.shape == (150,)
    obs = np.array([[[0.2], [0.7]], [[0.9], [0.4]]], np.float32)
    assert np.abs(run.policy(obs) - 2 * obs).max() < 0.45


def test_a_run_repeats_by_seed():
    def weights(seed):
        return [np.asarray(leaf) for leaf in jax.tree.leaves(train_parallel(Echo, CONFIG, 40, seed).learner.networks)]

    assert all(np.array_equal(a, b) for a, b in zip(weights(3), weights(3), strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(weights(3), weights(4), strict=True))


@pytest.mark.parametrize("terminates", [False, True])
def test_only_an_episode_that_ends_by_itself_is_remembered_as_over(terminates):
    replay = train_parallel(partial(Echo, terminates=terminates), CONFIG, 40).replay
    wanted = np.tile([0, 0, 0, 1], 10) if terminates else np.zeros(40)
    assert np.array_equal(replay.entries.terminated[:40], wanted)
    obs, after = np.asarray(replay.entries.observation), np.asarray(replay.entries.next_observation)
    assert np.array_equal(after[:3], obs[1:4]) and not np.array_equal(after[3], obs[4])


@pytest.mark.parametrize(
    ("env", "steps", "says"),
    [
        (partial(Echo, said=(0, 0)), 20, "Discrete"),
        (partial(Echo, said=(1, 2)), 20, "of one length"),
        (partial(Echo, bound=np.inf), 20, "finite bounds"),
        (partial(Echo, leaves=True), 20, "1 agents left before the episode ended"),
        (Echo, 30, r"steps: got 30; expected a multiple of bout \(20\)"),
    ],
)
def test_what_does_not_fit_is_refused(env, steps, says):
    with pytest.raises(InputError, match=says):
        train_parallel(env, CONFIG, steps)


@pytest.mark.slow
def test_it_runs_on_the_environment_of_twins():
    config = CONFIG.model_copy(update={"agents_see": "state", "critic_sees": "state", "critics": "shared"})
    run = train_parallel(partial(TwinParallelEnv, "placement", "lu2021-n80-m5", horizon=10), config, 20)
    assert run.returns.shape == (2,) and np.all(run.returns < 0)
