"""MADDPG as pure functions: what agents do, and one update of all actors and critics (Eq. 28 to 31)."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array

from twinhop.learn.maddpg.config import MaddpgConfig
from twinhop.learn.maddpg.networks import Critic, Networks, Shapes, actions, networks, outputs

SATURATED = 0.99
"""Actions beyond this magnitude count as saturated: tanh is flat there, and actors learn no more."""


class ReplayTransition(NamedTuple):
    """One joint transition, stored once for all agents; None where nobody sees it."""

    state: Array | None
    """(S,) float32"""
    observation: Array | None
    """(M, O) float32"""
    action: Array
    """(M, A) what was done, from -1 to 1"""
    reward: Array
    """() that all share, or (M,) each agent's own"""
    next_state: Array | None
    """(S,) the state that followed, also where the episode was cut off"""
    next_observation: Array | None
    """(M, O)"""
    terminated: Array
    """() float32, 1 where the episode ended by itself: nothing follows; 0 where it was cut off"""


class LearnerState(NamedTuple):
    """What changes while it learns."""

    networks: Networks
    targets: Networks
    actor_optimiser: Any
    critic_optimiser: Any


class Losses(NamedTuple):
    """Of one update, means over the batch and over agents."""

    critic: Array
    """() squared error of the critics"""
    actor: Array
    """() minus the value that critics give to the actors' actions, penalties left out"""
    penalty: Array
    """() mean square of what the actors' outputs before tanh have beyond the magnitude that is free"""
    saturation: Array
    """() share of the actors' actions beyond `SATURATED`"""


def begin(config: MaddpgConfig, shapes: Shapes, key: Array) -> LearnerState:
    """Draw networks; targets are the same ones.

    Args:
        config: the constants.
        shapes: of the environment.
        key: of the draw.
    """
    initial = networks(config, shapes, key)
    adam: Any = optax.scale_by_adam()
    return LearnerState(initial, initial, adam.init(initial.actor), adam.init(initial.critic))


def act(config: MaddpgConfig, learner: LearnerState, obs: Array, key: Array, scale: float | Array = 1.0) -> Array:
    """What the agents do while they explore, Eq. 29.

    Formula: ``a_i = clip(pi_i(o_i) + noise * n, -1, 1)`` with a standard normal n.

    Args:
        config: the noise.
        learner: the actors.
        obs: (S,) a state that all see, or (M, O).
        key: of the noise.
        scale: by which the noise is multiplied; 0 to exploit.

    Returns:
        (M, A).
    """
    joint_action = actions(learner.networks.actor, obs[None])[:, 0]
    return jnp.clip(joint_action + config.noise * scale * jax.random.normal(key, joint_action.shape), -1.0, 1.0)


def update(config: MaddpgConfig, learner: LearnerState, batch: ReplayTransition) -> tuple[LearnerState, Losses]:
    """One step of Adam for every critic and actor, and of their targets.

    Formula: critics descend ``(y_i - Q_i(s, a))^2`` with ``y_i = r_i + gamma (1 - terminated) Q'_i(s', pi'(s'))``
    (reading row 17); actor i ascends ``Q_i(s, a_1, ..., pi_i(o_i), ..., a_M)``, the others' actions from the replay;
    then ``target <- (1 - tau) target + tau network``. All gradients are of the networks before the update. Where the
    configuration says so, actor i descends besides ``w d^u mean(max(0, |z_i| - b)^2)`` of its outputs z before tanh (u
    updates so far), as the reference implementation of MADDPG does with w = 1e-3 against saturation, and gradients are
    cut to a norm, each network's by itself.

    Args:
        config: the constants.
        learner: networks, targets and moments.
        batch: transitions with a leading axis of B.

    Returns:
        The state after it, and the losses before it.

    Source:
        Lu et al., Eq. 28, 30 and 31; Lowe et al., Multi-agent actor-critic for mixed cooperative-competitive
        environments, NeurIPS 2017.
    """
    wanted = jax.lax.stop_gradient(target_values(config, learner.targets, batch))

    def loss(both: Networks) -> tuple[Array, Losses]:
        losses = Losses(*_losses(config, both, batch, wanted))
        of_actors = losses.actor
        if config.output_penalty > 0:
            so_far = learner.actor_optimiser.count.astype(jnp.float32)
            of_actors = of_actors + config.output_penalty * config.output_penalty_decay**so_far * losses.penalty
        return losses.critic * both.critic.bias.shape[0] + of_actors * both.actor.layers[0].bias.shape[0], losses

    slopes, losses = jax.grad(loss, has_aux=True)(learner.networks)
    actor, actor_optimiser = _adam_step(
        config.actor_rate, cut_to(config.actor_clip, slopes.actor), learner.networks.actor, learner.actor_optimiser
    )
    critic, critic_optimiser = _adam_step(
        config.critic_rate, cut_to(config.critic_clip, slopes.critic), learner.networks.critic, learner.critic_optimiser
    )
    after = Networks(actor, critic)
    targets = jax.tree.map(lambda slow, fast: (1.0 - config.tau) * slow + config.tau * fast, learner.targets, after)
    return LearnerState(after, targets, actor_optimiser, critic_optimiser), losses


def target_values(config: MaddpgConfig, targets: Networks, batch: ReplayTransition) -> Array:
    """(C, B) what critics are fitted to; a transition that was cut off counts what follows it."""
    then = jnp.swapaxes(
        actions(targets.actor, _sight(config.agents_see, batch.next_state, batch.next_observation)), 0, 1
    )
    obs = _flat(_sight(config.critic_sees, batch.next_state, batch.next_observation))
    follows = jax.vmap(lambda one, own: one(own, then))(targets.critic, _repeated(obs, targets.critic))
    reward = batch.reward[None, :] if batch.reward.ndim == 1 else batch.reward.T
    return reward + config.gamma * (1.0 - batch.terminated)[None, :] * follows


def cut_to(norm: float | None, slopes: Any) -> Any:
    """Gradients of stacked networks, each network's cut to a norm by itself.

    Args:
        norm: the largest one, over all arrays of a network; None: they stay as they are.
        slopes: a tree of arrays with the networks as their leading axis.
    """
    if norm is None:
        return slopes
    squares = [jnp.sum(each**2, axis=tuple(range(1, each.ndim))) for each in jax.tree.leaves(slopes)]
    factor = jnp.minimum(1.0, norm / jnp.sqrt(jnp.maximum(sum(squares[1:], squares[0]), 1e-30)))
    return jax.tree.map(lambda each: each * factor.reshape(-1, *(1,) * (each.ndim - 1)), slopes)


def _losses(
    config: MaddpgConfig, both: Networks, batch: ReplayTransition, wanted: Array
) -> tuple[Array, Array, Array, Array]:
    """The `Losses`: means over batch and agents."""
    critic = both.critic
    obs = _flat(_sight(config.critic_sees, batch.state, batch.observation))
    first = jax.vmap(lambda one, own: one.first(own, batch.action))(critic, _repeated(obs, critic))  # (C, B, H)
    error = jax.vmap(lambda one, h: one.value(h))(critic, first) - wanted
    asked = outputs(both.actor, _sight(config.agents_see, batch.state, batch.observation))  # (M, B, A)
    mine = jnp.tanh(asked)
    fixed = jax.tree.map(jax.lax.stop_gradient, critic)
    other = mine - jnp.swapaxes(batch.action, 0, 1)
    agents = jnp.arange(mine.shape[0])
    is_shared = critic.bias.shape[0] == 1
    by_agent = fixed.acted[0] if is_shared else fixed.acted[agents, agents]  # (M, A, H)
    changed = jax.lax.stop_gradient(first) + jnp.einsum("mba,mah->mbh", other, by_agent)
    if is_shared:
        value = jax.tree.map(lambda leaf: leaf[0], fixed).value(changed)
    else:
        value = jax.vmap(lambda one, h: one.value(h))(fixed, changed)
    penalty = jnp.mean(jnp.maximum(jnp.abs(asked) - config.output_penalty_beyond, 0.0) ** 2)
    saturation = jax.lax.stop_gradient(jnp.mean(jnp.abs(mine) > SATURATED))
    return jnp.mean(error**2), -jnp.mean(value), penalty, saturation


def _adam_step(rate: float, slope: Any, weights: Any, moments: Any) -> tuple[Any, Any]:
    direction, moments = optax.scale_by_adam().update(slope, moments)
    return jax.tree.map(lambda each, way: each - rate * way, weights, direction), moments


def _sight(sight: str, state: Array | None, observation: Array | None) -> Array:
    obs = state if sight == "state" else observation
    if obs is None:
        raise ValueError(f"transitions hold no {sight}, which the configuration says is seen")
    return obs


def _flat(obs: Array) -> Array:
    return obs.reshape(obs.shape[0], -1)


def _repeated(obs: Array, critic: Critic) -> Array:
    """(C, B, S): a product of stacks reads each critic's weights once and copies none."""
    return jnp.broadcast_to(obs, (critic.bias.shape[0], *obs.shape))
