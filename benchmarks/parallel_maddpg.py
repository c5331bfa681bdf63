"""MADDPG on any environment with PettingZoo's parallel interface whose agents see vectors and act in boxes.

The learner of `twinhop.learn.maddpg`, for comparisons with others on their environments.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from gymnasium.spaces import Box
from jax import Array
from numpy.typing import NDArray
from pettingzoo import ParallelEnv
from pydantic import Field

from twinhop.errors import InputError
from twinhop.learn.maddpg import LearnerState, MaddpgConfig, ReplayTransition, Shapes, act, actions, begin, update
from twinhop.learn.maddpg.config import Sight
from twinhop.learn.multilayer import Multilayer
from twinhop.learn.replay import Replay, empty, sampled, stored

Policy = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""(B, M, O) what agents see, or (B, S) a state where they see that, to (B, M, A) actions in their boxes"""
Watch = Callable[[int, Policy], None]
"""is called with how many steps are done, and the policy without noise"""


class ParallelConfig(MaddpgConfig):
    """MADDPG, and how long it lives through the environment between updates."""

    agents_see: Sight = Field("observations", description="whether each actor sees its own observation, or the state")
    critic_sees: Sight = Field("observations", description="what critics see beside all actions")
    bout: int = Field(100, ge=1, le=1_000_000, description="steps between bouts of updates")
    updates: int = Field(25, ge=1, le=1_000_000, description="updates in a bout")


class Ports(NamedTuple):
    """What connects agents with their environment."""

    names: tuple[str, ...]
    low: NDArray[np.float32]
    """(M, A)"""
    high: NDArray[np.float32]
    """(M, A)"""
    shapes: Shapes

    def boxed(self, joint_action: Array | NDArray[np.float32]) -> NDArray[np.float32]:
        """(..., M, A) from -1 to 1, to actions in the boxes."""
        return (self.low + (np.asarray(joint_action) + 1.0) / 2.0 * (self.high - self.low)).astype(np.float32)


class Trained(NamedTuple):
    """What has been learned, and on what."""

    learner: LearnerState
    replay: Replay
    policy: Policy
    """of the last actors, without noise"""
    returns: NDArray[np.float64]
    """(episodes that ended,) sum of rewards with noise, mean over agents"""


class _Sight(NamedTuple):
    """One moment, as far as somebody looks at it."""

    state: Any
    """(S,) float32, or None"""
    observation: Any
    """(M, O) float32, or None"""


def train_parallel(
    make_env: Callable[[], ParallelEnv], config: ParallelConfig, steps: int, seed: int = 0, watch: Watch | None = None
) -> Trained:
    """Learn in one environment: bouts of steps with noise, each followed by its updates.

    What agents do, and a bout of updates, are compiled once. A shared critic learns the mean of the agents' rewards;
    own critics learn each agent's. Where an episode is cut off, its last transition counts what would have followed;
    where all agents terminate, nothing follows.

    Args:
        make_env: makes the environment; all agents see vectors of one length, act in boxes of one length, and stay to
            the end of the episode.
        config: the constants.
        steps: of the environment; whole bouts.
        seed: of everything that is drawn here, and of the environment's first reset.
        watch: is called before the first step and after each bout.

    Returns:
        The learner, its replay memory, its policy and the returns.

    Raises:
        InputError: the environment is none that fits, or `steps` are no whole bouts.
    """
    if steps < 1 or steps % config.bout:
        raise InputError(f"steps: got {steps}; expected a multiple of bout ({config.bout}), above 0")
    world = _World(make_env(), config, seed)
    root = jax.random.key(seed)
    learner = jax.tree.map(jnp.array, begin(config, world.ports.shapes, jax.random.fold_in(root, 0)))
    replay = empty(world.blank(), config.replay)
    for bout in range(steps // config.bout):
        if watch is not None:
            watch(bout * config.bout, policy_of(world.ports, learner.networks.actor))
        rows = []
        for step in range(bout * config.bout, (bout + 1) * config.bout):
            rows.append(world.step(np.asarray(_explore(config, learner, world.looked(), root, step))))
        learner, replay = _learn(config, learner, replay, jax.tree.map(lambda *each: np.stack(each), *rows), root, bout)
    policy = policy_of(world.ports, learner.networks.actor)
    if watch is not None:
        watch(steps, policy)
    return Trained(learner, replay, policy, np.array(world.returns))


def policy_of(ports: Ports, actor: Multilayer) -> Policy:
    """What actors do without noise, in the boxes of their environment."""
    return lambda obs: ports.boxed(np.swapaxes(np.asarray(_exploit(actor, obs)), 0, 1))


def ports_of(env: ParallelEnv, config: ParallelConfig) -> Ports:
    """How agents are connected with an environment that has been reset.

    Args:
        env: the environment.
        config: says whether somebody sees the state.

    Raises:
        InputError: agents see or do what is no vector, or not of one length, or actions without bounds.
    """
    names = tuple(env.possible_agents)
    obs, said = _boxes(names, env.observation_space), _boxes(names, env.action_space)
    low, high = (np.stack([np.asarray(getattr(box, side), np.float32) for box in said]) for side in ("low", "high"))
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise InputError(f"environment: actions from {low.min()} to {high.max()}; expected boxes with finite bounds")
    state = len(env.state()) if "state" in (config.agents_see, config.critic_sees) else 0
    return Ports(names, low, high, Shapes(len(names), obs[0].shape[0], low.shape[1], state))


class _World:
    """The environment between two steps."""

    def __init__(self, env: ParallelEnv, config: ParallelConfig, seed: int) -> None:
        self.env, self.config = env, config
        observed, _ = env.reset(seed=seed)
        self.ports = ports_of(env, config)
        self.obs, self.total = self._sight(observed), 0.0
        self.returns: list[float] = []

    def looked(self) -> Any:
        """What actors see now."""
        return self.obs.state if self.config.agents_see == "state" else self.obs.observation

    def blank(self) -> ReplayTransition:
        """A transition with the shapes of all."""
        rewards = dict.fromkeys(self.ports.names, 0.0)
        return self._transition(np.zeros_like(self.ports.low), rewards, self.obs, False)

    def step(self, joint_action: NDArray[np.float32]) -> ReplayTransition:
        """Do what agents have chosen, from -1 to 1; where the episode ends, begin the next one."""
        by_agent = dict(zip(self.ports.names, self.ports.boxed(joint_action), strict=True))
        observed, rewards, terminations, _, _ = self.env.step(by_agent)
        left = len(self.ports.names) - len(self.env.agents)
        if self.env.agents and left:
            raise InputError(f"environment: {left} agents left before the episode ended; expected that all stay")
        row = self._transition(joint_action, rewards, self._sight(observed), all(terminations.values()))
        self.obs, self.total = self._sight(observed), self.total + float(np.mean(list(rewards.values())))
        if left:
            self.returns.append(self.total)
            self.obs, self.total = self._sight(self.env.reset()[0]), 0.0
        return row

    def _sight(self, observed: dict) -> _Sight:
        sights = (self.config.agents_see, self.config.critic_sees)
        state = np.asarray(self.env.state(), np.float32) if "state" in sights else None
        rows = np.stack([np.asarray(observed[name], np.float32) for name in self.ports.names])
        return _Sight(state, rows if "observations" in sights else None)

    def _transition(self, joint_action: Any, rewards: dict, after: _Sight, is_over: bool) -> ReplayTransition:
        each: Any = np.array([rewards[name] for name in self.ports.names], np.float32)
        ended: Any = np.float32(is_over)
        return ReplayTransition(
            state=self.obs.state,
            observation=self.obs.observation,
            action=joint_action,
            reward=each.mean() if self.config.critics == "shared" else each,
            next_state=after.state,
            next_observation=after.observation,
            terminated=ended,
        )


def _boxes(names: tuple[str, ...], space_of: Callable[[str], object]) -> list[Box]:
    spaces = [space_of(name) for name in names]
    boxes = [space for space in spaces if isinstance(space, Box) and len(space.shape) == 1]
    if not spaces or len(boxes) < len(spaces) or len({box.shape for box in boxes}) > 1:
        raise InputError(f"environment: {[*map(str, spaces)]}; expected agents with vectors (Box) of one length each")
    return boxes


@partial(jax.jit, static_argnums=0)
def _explore(config: ParallelConfig, learner: LearnerState, obs: Array, root: Array, step: Array) -> Array:
    return act(config, learner, obs, jax.random.fold_in(jax.random.fold_in(root, 1), step))


@jax.jit
def _exploit(actor: Multilayer, obs: Array) -> Array:
    return actions(actor, obs)


@partial(jax.jit, static_argnums=0, donate_argnums=(1, 2))
def _learn(
    config: ParallelConfig, learner: LearnerState, replay: Replay, rows: ReplayTransition, root: Array, bout: Array
) -> tuple[LearnerState, Replay]:
    """Remember a bout, then update."""
    replay, _ = jax.lax.scan(lambda now, row: (stored(now, row), None), replay, rows)
    keys = jax.random.split(jax.random.fold_in(jax.random.fold_in(root, 2), bout), config.updates)
    learner, _ = jax.lax.scan(lambda now, key: update(config, now, sampled(replay, key, config.batch)), learner, keys)
    return learner, replay
