"""Algorithm 1 as it is printed: MADDPG over the flat state of Eq. 22, one update an episode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from pydantic import Field

from twinhop.env.core import Action, Observation, Params, StepInfo, episode_key, reset, step, step_key
from twinhop.env.core import State as WorldState
from twinhop.env.core.view import flat_state
from twinhop.env.spaces import flat_size
from twinhop.learn.maddpg import (
    LearnerState,
    Losses,
    MaddpgConfig,
    Networks,
    ReplayTransition,
    Shapes,
    actions,
    begin,
    update,
)
from twinhop.learn.maddpg.config import Critics, Width
from twinhop.learn.multilayer import Affine, Multilayer
from twinhop.learn.replay import Replay, empty, sampled, stored
from twinhop.scenario.schema.movement_section import EPISODE_SLOTS

LEAST_DEVIATION = 1e-6
"""Numbers of a state that deviate less from their mean are not stretched."""


class LiteralConfig(MaddpgConfig):
    """Algorithm 1 and Table II; what neither gives is of docs/learning.md."""

    slots: int = Field(EPISODE_SLOTS, ge=1, le=10_000, description="slots of an episode")
    updates: int = Field(1, ge=1, le=10_000, description="updates after each episode")
    last_noise: float | None = Field(None, ge=0.0, le=10.0, description="noise in the end; null: as at first")
    noise_episodes: int = Field(300, ge=1, le=10_000_000, description="episodes in which the noise falls, linearly")
    standardise: int = Field(
        0, ge=0, le=10_000, description="random episodes that states and rewards are standardised by; 0: none"
    )


class FlatConfig(LiteralConfig):
    """MADDPG with flat networks as a practitioner runs it: what keeps it stable is on."""

    hidden: tuple[Width, ...] = Field((128, 64), min_length=1, max_length=8, description="units of the hidden layers")
    batch: int = Field(64, ge=1, le=65_536, description="transitions of an update")
    noise: float = Field(0.3, ge=0.0, le=10.0, description="standard deviation of the noise on actions, at first")
    last_noise: float | None = Field(0.1, ge=0.0, le=10.0, description="and in the end; null: as at first")
    critics: Critics = Field("shared", description="a critic for each agent, or one for a reward that all share")
    output_penalty: float = Field(
        1e-3, ge=0.0, le=1e3, description="weight of the mean square of actors' outputs before tanh, against saturation"
    )
    actor_clip: float | None = Field(1.0, gt=0.0, le=1e6, description="largest norm of an actor's gradient; null: any")
    critic_clip: float | None = Field(1.0, gt=0.0, le=1e6, description="largest norm of a critic's; null: any")
    warm_up: int = Field(
        1000, ge=0, le=10_000_000, description="transitions that the memory must hold before the first update"
    )
    standardise: int = Field(
        100,
        ge=0,
        le=10_000,
        description="random episodes that states and rewards are standardised by; 0: none",
    )
    updates: int = Field(25, ge=1, le=10_000, description="updates after each episode")


class Scale(NamedTuple):
    """What states and rewards are standardised by: means and deviations of random episodes."""

    mean: Array
    """(S,)"""
    deviation: Array
    """(S,), 1 for numbers that do not change"""
    reward_mean: Array
    """()"""
    reward_deviation: Array
    """()"""


class RunState(NamedTuple):
    """All that a run is, so that it can stop and go on anywhere between two episodes."""

    learner: LearnerState
    replay: Replay
    key: Array
    """(2,) uint32, the root of everything random"""
    iteration: Array
    """() int32, episodes lived through"""
    scale: Scale | None = None
    """None where states and rewards are taken as they are"""


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
        scale = None
        if self.config.standardise > 0:
            scale = _scale(source, jax.random.fold_in(_key(words), 2), self.config.standardise, self.config.slots)
        return RunState(learner, empty(row, self.config.replay), jnp.array(words), jnp.zeros((), jnp.int32), scale)

    def advance(self, state: RunState, source: Params, iterations: int) -> tuple[RunState, dict[str, Array]]:
        """Live through so many episodes, each with its update.

        Args:
            state: of `start` or of another `advance`.
            source: the environment.
            iterations: how many episodes; static.

        Returns:
            The state after them; and (iterations,) of each: `cost`, the sum over its slots ("cumulative system
            cost"), `latency_s`, the sum of mean latencies, `critic_loss`, `actor_loss` and `saturation`, the share of
            actions beyond 0.99, of the last update; 0 before the first one.
        """
        return jax.lax.scan(lambda now, _: self._iteration(now, source), state, length=iterations)

    def weights(self, state: RunState) -> Multilayer:
        """The actors, which are all that a policy needs: of states as they are, whatever they were trained on."""
        return _of_raw_states(state.learner.networks.actor, state.scale)

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

        def learned(learner: LearnerState) -> tuple[LearnerState, Losses]:
            keys = jax.random.split(jax.random.fold_in(chance, 1), self.config.updates)
            after, losses = jax.lax.scan(learn, learner, keys)
            return after, jax.tree.map(lambda each: each[-1], losses)

        def unchanged(learner: LearnerState) -> tuple[LearnerState, Losses]:
            return learner, Losses(*(jnp.zeros(()) for _ in Losses._fields))

        if self.config.warm_up > 0:
            learner, losses = jax.lax.cond(replay.total >= self.config.warm_up, learned, unchanged, now.learner)
        else:
            learner, losses = learned(now.learner)
        log = {
            "cost": infos.cost.sum(),
            "latency_s": infos.latency_s.sum(),
            "critic_loss": losses.critic,
            "actor_loss": losses.actor,
            "saturation": losses.saturation,
        }
        return RunState(learner, replay, now.key, now.iteration + 1, now.scale), log

    def _noise(self, iteration: Array) -> float | Array:
        config = self.config
        if config.last_noise is None:
            return config.noise
        return config.noise + (config.last_noise - config.noise) * jnp.minimum(1.0, iteration / config.noise_episodes)

    def _episode(self, now: RunState, source: Params, world: Array, chance: Array) -> tuple[Replay, StepInfo]:
        """Live through an episode with the actors as they are, and remember it.

        All weights of the first layer are read once: what no decision changes of the states of all slots goes through
        it together, before the first decision.
        """
        actor, slots, scale = _of_raw_states(now.learner.networks.actor, now.scale), self.config.slots, now.scale
        first_obs_state = reset(world, source)
        apart = _first_layers(actor, _undecided(source, world, first_obs_state, slots), source)
        noise = self._noise(now.iteration) * jax.random.normal(
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
                state=_standardised(flat_state(source, obs), scale),
                observation=None,
                action=joint_action,
                reward=reward if scale is None else (reward - scale.reward_mean) / scale.reward_deviation,
                next_state=_standardised(flat_state(source, after), scale),
                next_observation=None,
                terminated=terminated.astype(jnp.float32),
            )
            return ((after, state), stored(replay, row)), info

        carried, infos = jax.lax.scan(go, (first_obs_state, now.replay), (jnp.arange(slots), apart, noise))
        return carried[1], infos


def _standardised(state: Array, scale: Scale | None) -> Array:
    return state if scale is None else (state - scale.mean) / scale.deviation


def _of_raw_states(actor: Multilayer, scale: Scale | None) -> Multilayer:
    """The same actors for states that are not standardised: the first layer takes the scale in.

    ``(x - m) / d W + b = x (W / d) + (b - (m / d) W)``.
    """
    if scale is None:
        return actor
    first, *others = actor.layers
    weight = first.weight / scale.deviation[:, None]
    bias = first.bias - jnp.einsum("s,msh->mh", scale.mean / scale.deviation, first.weight)
    changed = eqx.tree_at(lambda layer: (layer.weight, layer.bias), first, (weight, bias))
    return eqx.tree_at(lambda network: network.layers, actor, (changed, *others))


def _scale(source: Params, key: Array, episodes: int, slots: int) -> Scale:
    """Means and deviations of states and rewards while agents do what they like, uniform from -1 to 1."""
    shapes = shapes_of(source)

    def episode(sums: Any, at: Array) -> tuple[Any, None]:
        world, chance = episode_key(jax.random.key_data(key), at), jax.random.fold_in(key, at)

        def go(carried: Any, slot: Array) -> tuple[Any, None]:
            state, sums = carried
            drawn = jax.random.uniform(
                jax.random.fold_in(chance, slot), (shapes.agents, shapes.action), minval=-1.0, maxval=1.0
            )
            obs, state, reward, _, _, _ = step(step_key(world, slot), state, action_of(drawn), source)
            row = jnp.append(flat_state(source, obs), reward)
            count, mean, squares = sums
            count = count + 1.0
            away = row - mean
            mean = mean + away / count  # Welford: no large squares are subtracted
            return (state, (count, mean, squares + away * (row - mean))), None

        carried = (reset(world, source)[1], sums)
        return jax.lax.scan(go, carried, jnp.arange(slots))[0][1], None

    nothing = jnp.zeros(shapes.state + 1)
    (count, mean, squares), _ = jax.lax.scan(episode, (jnp.zeros(()), nothing, nothing), jnp.arange(episodes))
    deviation = jnp.sqrt(squares / count)
    deviation = jnp.where(deviation > LEAST_DEVIATION, deviation, 1.0)
    return Scale(mean[:-1], deviation[:-1], mean[-1], deviation[-1])


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
