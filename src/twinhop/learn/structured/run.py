"""A run of structured MADDPG as a pure function: begin, then iterate, a slot everywhere and an update each time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array

from twinhop.env.core import Action
from twinhop.inference.instance import ProblemArrays
from twinhop.learn.multilayer import init_weights
from twinhop.learn.replay import Replay, empty, sampled, stored
from twinhop.learn.sources.source import Source, StepOutcome
from twinhop.learn.structured.actor import Actor
from twinhop.learn.structured.config import StructuredConfig
from twinhop.learn.structured.critic import Critic
from twinhop.learn.structured.features import features
from twinhop.learn.structured.losses import (
    SlotTransitions,
    critic_targets,
    flat,
    mean_actor_loss,
    mean_critic_loss,
    opening_logits,
)


class Networks(NamedTuple):
    """All that is learned."""

    actor: Actor
    critics: Critic


class RunState(NamedTuple):
    """All that a run is at an iteration."""

    actor: Actor
    critics: Critic
    """stacked on a leading axis"""
    targets: Networks | None
    """which follow slowly, where costs to come count"""
    actor_optimiser: Any
    critic_optimiser: Any
    replay: Replay
    source: Any
    """the states of the environments"""
    key: Array
    """(2,) uint32"""
    iteration: Array
    """() int32, iterations done"""


@dataclass(frozen=True)
class StructuredMaddpg:
    """The algorithm; hashable, so that it can be static where it is compiled.

    Attributes:
        config: its constants.
    """

    config: StructuredConfig = StructuredConfig()

    def start(self, key: Array, source: Source) -> RunState:
        """The state that a run begins with.

        Args:
            key: of `jax.random.key`.
            source: of training instances.
        """
        config, keys = self.config, jax.random.split(key, 4)
        actor = new_actor(config, keys[0])
        critics = jax.vmap(partial(_new_critic, config))(jax.random.split(keys[1], config.critics))
        env_state = source.reset(keys[2])
        obs = source.observe(env_state)
        entry = _transition(obs, _nothing(obs), config.gamma > 0)
        targets = jax.tree.map(jnp.copy, Networks(actor, critics)) if config.gamma > 0 else None
        return RunState(
            actor=actor,
            critics=critics,
            targets=targets,
            actor_optimiser=self._actor_optimiser().init(actor),
            critic_optimiser=self._critic_optimiser().init(critics),
            replay=empty(entry, config.replay_slots),
            source=env_state,
            key=jax.random.key_data(keys[3]),
            iteration=jnp.zeros((), jnp.int32),
        )

    def advance(self, state: RunState, source: Source, iterations: int) -> tuple[RunState, dict[str, Array]]:
        """Go on for so many iterations.

        Args:
            state: of `start`, or where the run is.
            source: of training instances.
            iterations: static.

        Returns:
            Where the run is then, and by iteration: `cost`, the mean over the environments [s]; `critic_loss` and
            `actor_loss`, in units of the instances; `opened`, stations in use; `saturation`, the share of openings
            that are as good as certain.
        """
        return jax.lax.scan(lambda now, _: self._iteration(now, source), state, None, length=iterations)

    def weights(self, state: RunState) -> Actor:
        """What a policy needs of a run."""
        return state.actor

    def networks(self, state: RunState) -> Networks:
        """All that a run has learned."""
        return Networks(state.actor, state.critics)

    def with_networks(self, state: RunState, networks: Networks, *, targets: bool = False) -> RunState:
        """The run with other networks.

        Args:
            state: of the run.
            networks: in place of its own.
            targets: whether what follows slowly begins from them too.
        """
        state = state._replace(actor=networks.actor, critics=networks.critics)
        if targets and state.targets is not None:
            state = state._replace(targets=jax.tree.map(jnp.copy, networks))
        return state

    def _iteration(self, state: RunState, source: Source) -> tuple[RunState, dict[str, Array]]:
        keys = jax.random.split(jax.random.wrap_key_data(state.key), 5)
        state, log = self._rollout(state, source, keys[0], keys[1])
        state, log["critic_loss"] = self._critic_updates(state, keys[2])
        state, (log["actor_loss"], log["saturation"]) = jax.lax.cond(
            state.iteration >= self.config.critic_only_iterations,
            self._actor_update,
            lambda now, key: (now, (jnp.zeros(()), jnp.zeros(()))),
            state,
            keys[3],
        )
        state = state._replace(
            targets=self._followed(state), key=jax.random.key_data(keys[4]), iteration=state.iteration + 1
        )
        return state, log

    def _rollout(self, state: RunState, source: Source, act: Array, go_on: Array) -> tuple[RunState, dict[str, Array]]:
        """Decide with noise in every environment, and store what came of it."""
        obs = source.observe(state.source)
        decision = jax.vmap(lambda one: state.actor(features(one)))(obs)
        keys = jax.random.split(act, 3)
        environments = decision.opening.shape[0]
        sigma = self._noise(state.iteration) * jax.random.uniform(keys[0], (environments, 1))
        opening = decision.opening + sigma * jax.random.normal(keys[1], decision.opening.shape)
        score = decision.score + sigma[..., None] * jax.random.normal(keys[2], decision.score.shape)
        env_state, outcome = source.step(go_on, state.source, Action(opening, score))
        entry = _transition(obs, outcome, self.config.gamma > 0)
        log = {"cost": outcome.cost.mean(), "opened": _stations_used(obs, outcome.host)}
        return state._replace(source=env_state, replay=stored(state.replay, entry)), log

    def _penalty(self, iteration: Array) -> Array:
        config = self.config
        left = 1.0 - (1.0 - config.opening_penalty_last_share) * iteration / config.iterations
        return config.opening_penalty * left

    def _noise(self, iteration: Array) -> Array:
        config = self.config
        left = 1.0 - iteration / (config.iterations * config.noise_iterations_share)
        return config.noise * jnp.maximum(left, config.least_noise_share)

    def _critic_updates(self, state: RunState, key: Array) -> tuple[RunState, Array]:
        def update(carry: tuple[Critic, Any], each: Array) -> tuple[tuple[Critic, Any], Array]:
            critics, optimiser = carry
            batch = flat(sampled(state.replay, each, self.config.critic_slots))
            target = critic_targets(batch, *(state.targets or (None, None)), self.config.gamma)
            loss, gradient = jax.value_and_grad(mean_critic_loss)(critics, batch, target)
            change, optimiser = self._critic_optimiser().update(gradient, optimiser)
            return (_moved(critics, change), optimiser), loss

        keys = jax.random.split(key, self.config.critic_updates)
        (critics, optimiser), losses = jax.lax.scan(update, (state.critics, state.critic_optimiser), keys)
        return state._replace(critics=critics, critic_optimiser=optimiser), losses.mean()

    def _actor_update(self, state: RunState, key: Array) -> tuple[RunState, tuple[Array, Array]]:
        config, keys = self.config, jax.random.split(key, 2)
        obs = flat(sampled(state.replay, keys[0], config.actor_slots)).obs

        def total(actor: Actor) -> tuple[Array, tuple[Array, Array]]:
            loss = mean_actor_loss(actor, state.critics, obs, keys[1], config.opening_gradient)
            logits = opening_logits(actor, obs, config.opening_penalty_beyond)
            penalty = self._penalty(state.iteration) * logits.square if config.opening_penalty > 0 else 0.0
            return loss + penalty, (loss, logits.saturation)

        (_, log), gradient = jax.value_and_grad(total, has_aux=True)(state.actor)
        change, optimiser = self._actor_optimiser().update(gradient, state.actor_optimiser)
        return state._replace(actor=_moved(state.actor, change), actor_optimiser=optimiser), log

    def _followed(self, state: RunState) -> Networks | None:
        if state.targets is None:
            return None
        rate = self.config.target_rate
        return jax.tree.map(
            lambda slow, fast: (1.0 - rate) * slow + rate * fast,
            state.targets,
            self.networks(state),
        )

    def _actor_optimiser(self) -> Any:
        config = self.config
        updates = max(1, config.iterations - config.critic_only_iterations)
        return _adam(config.actor_rate, updates, config.last_rate_share, config.actor_clip)

    def _critic_optimiser(self) -> Any:
        config = self.config
        updates = config.iterations * config.critic_updates
        return _adam(config.critic_rate, updates, config.last_rate_share, config.critic_clip)


def new_actor(config: StructuredConfig, key: Array) -> Actor:
    """An actor that has learned nothing: it opens every station and puts twins on the nearest."""
    return init_weights(Actor(node=config.node_width, width=config.edge_width, rounds=config.rounds), key)


def _new_critic(config: StructuredConfig, key: Array) -> Critic:
    deviations = Critic(
        edge_width=config.critic_edge_width,
        station_width=config.critic_station_width,
        sees_future=config.gamma > 0,
    )
    return init_weights(deviations, key)


def _adam(rate: float, updates: int, last_share: float, clip: float) -> Any:
    schedule = optax.cosine_decay_schedule(rate, updates, last_share)
    # as one vector: dozens of small arrays take minutes to compile
    return optax.flatten(optax.chain(optax.clip_by_global_norm(clip), optax.adam(schedule)))


def _moved(network: Any, change: Any) -> Any:
    return jax.tree.map(jnp.add, network, change)


def _nothing(obs: ProblemArrays) -> StepOutcome:
    """The shape of an outcome."""
    environments, users = obs.active.shape
    return StepOutcome(
        jnp.zeros(environments), jnp.zeros((environments, users), jnp.int32), jnp.zeros(environments, bool), obs
    )


def _transition(obs: ProblemArrays, outcome: StepOutcome, sees_future: bool) -> SlotTransitions:
    return SlotTransitions(
        obs=obs,
        host=outcome.host.astype(jnp.int16),
        cost=outcome.cost.astype(jnp.float32),
        after=outcome.after if sees_future else None,
        source=jnp.zeros(outcome.cost.shape, jnp.int8),
    )


def _stations_used(obs: ProblemArrays, host: Array) -> Array:
    """() mean number of stations in use."""
    stations = jnp.arange(obs.capacity.shape[1], dtype=host.dtype)
    used = ((host[:, None, :] == stations[None, :, None]) & obs.active[:, None, :]).any(axis=2)
    return used.sum(axis=1).mean()
