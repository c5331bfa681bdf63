"""Algorithm 1 as it is printed: MADDPG over the flat state of Eq. 22, one update an episode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from pydantic import Field

from twinhop.env.core import Action, Observation, Params, StepInfo, episode_key, reset, step, step_key
from twinhop.env.core import State as WorldState
from twinhop.env.core.view import flat_state
from twinhop.env.spaces import flat_size
from twinhop.learn.maddpg import LearnerState, MaddpgConfig, Networks, ReplayTransition, Shapes, actions, begin, update
from twinhop.learn.multilayer import Affine, Multilayer
from twinhop.learn.replay import Replay, empty, sampled, stored
from twinhop.scenario.schema.movement_section import EPISODE_SLOTS


class LiteralConfig(MaddpgConfig):
    """Algorithm 1 and Table II; what neither gives is of docs/learning.md."""

    slots: int = Field(EPISODE_SLOTS, ge=1, le=10_000, description="slots of an episode")
    updates: int = Field(1, ge=1, le=10_000, description="updates after each episode")


class RunState(NamedTuple):
    """All that a run is, so that it can stop and go on anywhere between two episodes."""

    learner: LearnerState
    replay: Replay
    key: Array
    """(2,) uint32, the root of everything random"""
    iteration: Array
    """() int32, episodes lived through"""


class Played(NamedTuple):
    """An episode, slot by slot."""

    cost: Array
    """(T,) [s]"""
    latency_s: Array
    """(T,) mean latency, the paper's time cost [s]"""
    opened: Array
    """(T,) int32"""
    host: Array
    """(T, N) int32"""


@dataclass(frozen=True)
class Literal:
    """The learner of a flat state, which fits one N and one M; static where a run is compiled."""

    config: LiteralConfig

    def start(self, key: Array, source: Params) -> RunState:
        """A run before its first episode.

        Args:
            key: `jax.random.key(seed)`, or its two words.
            source: the environment.
        """
        words = jax.random.key_data(key) if jnp.issubdtype(key.dtype, jax.dtypes.prng_key) else key
        shapes = shapes_of(source)
        learner = begin(self.config, shapes, jax.random.fold_in(_key(words), 0))
        learner = learner._replace(targets=jax.tree.map(jnp.copy, learner.targets))
        row = ReplayTransition(
            state=jnp.zeros(shapes.state, jnp.float32),
            observation=None,
            action=jnp.zeros((shapes.agents, shapes.action), jnp.float32),
            reward=jnp.zeros((), jnp.float32),
            next_state=jnp.zeros(shapes.state, jnp.float32),
            next_observation=None,
            terminated=jnp.zeros((), jnp.float32),
        )
        return RunState(learner, empty(row, self.config.replay), jnp.array(words), jnp.zeros((), jnp.int32))

    def advance(self, state: RunState, source: Params, iterations: int) -> tuple[RunState, dict[str, Array]]:
        """Live through so many episodes, each with its update.

        Args:
            state: of `start` or of another `advance`.
            source: the environment.
            iterations: how many episodes; static.

        Returns:
            The state after them; and (iterations,) of each: `cost`, the sum over its slots ("cumulative system
            cost"), `latency_s`, the sum of mean latencies, `critic_loss` and `actor_loss`, both before the update.
        """
        return jax.lax.scan(lambda now, _: self._iteration(now, source), state, length=iterations)

    def weights(self, state: RunState) -> Multilayer:
        """The actors, which are all that a policy needs."""
        return state.learner.networks.actor

    def networks(self, state: RunState) -> Networks:
        """All that a run has learned."""
        return state.learner.networks

    def with_networks(self, state: RunState, networks: Networks, *, targets: bool = False) -> RunState:
        """The run with other networks.

        Args:
            state: of the run.
            networks: in place of its own.
            targets: whether what follows slowly begins from them too.
        """
        learner = state.learner._replace(networks=networks)
        if targets:
            learner = learner._replace(targets=jax.tree.map(jnp.copy, networks))
        return state._replace(learner=learner)

    def play(self, weights: Multilayer, source: Params, key: Array) -> Played:
        """An episode without noise.

        Args:
            weights: the actors.
            source: the environment.
            key: of the episode.
        """

        def go(now: tuple[Observation, WorldState], slot: Array) -> tuple[tuple[Observation, WorldState], Played]:
            joint_action = actions(weights, flat_state(source, now[0])[None])[:, 0]
            obs, after, _, _, _, info = step(step_key(words, slot), now[1], action_of(joint_action), source)
            return (obs, after), Played(info.cost, info.latency_s, info.opened, info.host)

        words = episode_key(key, jnp.int32(0))
        return jax.lax.scan(go, reset(words, source), jnp.arange(self.config.slots))[1]

    def _iteration(self, now: RunState, source: Params) -> tuple[RunState, dict[str, Array]]:
        world = episode_key(now.key, now.iteration)
        chance = jax.random.fold_in(jax.random.fold_in(_key(now.key), 1), now.iteration)
        replay, infos = self._episode(now, source, world, chance)

        def learn(learner: LearnerState, key: Array) -> tuple[LearnerState, Any]:
            return update(self.config, learner, sampled(replay, key, self.config.batch))

        keys = jax.random.split(jax.random.fold_in(chance, 1), self.config.updates)
        learner, losses = jax.lax.scan(learn, now.learner, keys)
        log = {
            "cost": infos.cost.sum(),
            "latency_s": infos.latency_s.sum(),
            "critic_loss": losses.critic[-1],
            "actor_loss": losses.actor[-1],
        }
        return RunState(learner, replay, now.key, now.iteration + 1), log

    def _episode(self, now: RunState, source: Params, world: Array, chance: Array) -> tuple[Replay, StepInfo]:
        """Live through an episode with the actors as they are, and remember it.

        All weights of the first layer are read once: what no decision changes of the states of all slots goes through
        it together, before the first decision.
        """
        actor, slots = now.learner.networks.actor, self.config.slots
        first_obs_state = reset(world, source)
        apart = _first_layers(actor, _undecided(source, world, first_obs_state, slots), source)
        noise = self.config.noise * jax.random.normal(
            jax.random.fold_in(chance, 0), (slots, source.rules.stations, source.rules.users + 1)
        )

        def go(carried: Any, at: Any) -> tuple[Any, StepInfo]:
            (obs, state), replay = carried
            slot, first, jitter = at
            joint_action = jnp.clip(_actor_outputs(actor, first, obs, source) + jitter, -1.0, 1.0)
            after, state, reward, terminated, _, info = step(
                step_key(world, slot), state, action_of(joint_action), source
            )
            row = ReplayTransition(
                state=flat_state(source, obs),
                observation=None,
                action=joint_action,
                reward=reward,
                next_state=flat_state(source, after),
                next_observation=None,
                terminated=terminated.astype(jnp.float32),
            )
            return ((after, state), stored(replay, row)), info

        carried, infos = jax.lax.scan(go, (first_obs_state, now.replay), (jnp.arange(slots), apart, noise))
        return carried[1], infos


def shapes_of(source: Params) -> Shapes:
    """What agents see and do: 3 M N + N + 3 M numbers, all the same; an opening and N scores each."""
    stations, users = source.rules.stations, source.rules.users
    return Shapes(stations, 0, users + 1, flat_size(source))


def action_of(joint_action: Array) -> Action:
    """(M, 1 + N) what the agents' networks say: opening, then scores (Eq. 23)."""
    return Action(joint_action[:, 0], joint_action[:, 1:])


def _key(words: Array) -> Array:
    return jax.random.wrap_key_data(words)


def _undecided(source: Params, world: Array, first_obs_state: tuple[Observation, WorldState], slots: int) -> Array:
    """(T, S) the states of an episode, nought where they depend on decisions: openings, hosts and loads."""
    nothing = Action(jnp.ones(source.rules.stations), jnp.zeros((source.rules.stations, source.rules.users)))

    def go(now: tuple[Observation, WorldState], slot: Array) -> tuple[tuple[Observation, WorldState], Array]:
        obs, state = step(step_key(world, slot), now[1], nothing, source)[:2]
        return (obs, state), flat_state(source, now[0])

    states = jax.lax.scan(go, first_obs_state, jnp.arange(slots))[1]
    opening, host, load = _decision_slices(source)
    return states.at[:, opening].set(0.0).at[:, host].set(0.0).at[:, load].set(0.0)


def _decision_slices(source: Params) -> tuple[slice, slice, slice]:
    """Where `env.core.view.flat_state` has openings, hosts and loads."""
    stations, users = source.rules.stations, source.rules.users
    links = stations * users
    opening = slice(2 * links + users, 2 * links + users + stations)
    host = slice(opening.stop, opening.stop + links)
    return opening, host, slice(host.stop + stations, host.stop + 2 * stations)


def _first_layers(actor: Multilayer, states: Array, source: Params) -> Array:
    """(T, M, H) the first layers of all actors in all slots, before their activation."""
    first = actor.layers[0]
    every = jnp.broadcast_to(states, (source.rules.stations, *states.shape))
    return jnp.swapaxes(jax.vmap(lambda layer, own: layer(own))(first, every), 0, 1)


def _actor_outputs(actor: Multilayer, first: Array, obs: Observation, source: Params) -> Array:
    """(M, 1 + N) what actors do, from what their first layers make of the rest of the state (M, H)."""
    users = source.rules.users
    opening, host, load = _decision_slices(source)
    weight = actor.layers[0].weight  # (M, S, H)
    state = flat_state(source, obs)
    rows = host.start + jnp.maximum(obs.host, 0) * users + jnp.arange(users)
    placed = jnp.where((obs.host >= 0)[None, :, None], weight[:, rows, :], 0.0).sum(axis=1)
    of_openings_and_loads = jnp.einsum("s,msh->mh", state[opening], weight[:, opening]) + jnp.einsum(
        "s,msh->mh", state[load], weight[:, load]
    )
    hidden = jax.nn.relu(first + placed + of_openings_and_loads)
    return jnp.tanh(jax.vmap(_rest)(actor.layers[1:], hidden))


def _rest(layers: tuple[Affine, ...], hidden: Array) -> Array:
    """The layers after the first one, as `Multilayer` has them."""
    for layer in layers[:-1]:
        hidden = jax.nn.relu(layer(hidden))
    return layers[-1](hidden)
