"""MADDPG as pure functions: what agents do, and one update of all actors and critics (Eq. 28 to 31)."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array

from twinhop.learn.maddpg.config import MaddpgConfig
from twinhop.learn.maddpg.networks import Critic, Networks, Shapes, actions, networks


class Transition(NamedTuple):
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
    """() minus the value that critics give to the actors' actions"""


def begin(config: MaddpgConfig, shapes: Shapes, key: Array) -> LearnerState:
    """Draw networks; targets are the same ones.

    Args:
        config: the constants.
        shapes: of the environment.
        key: of the draw.
    """
    drawn = networks(config, shapes, key)
    adam: Any = optax.scale_by_adam()
    return LearnerState(drawn, drawn, adam.init(drawn.actor), adam.init(drawn.critic))


def act(config: MaddpgConfig, learner: LearnerState, seen: Array, key: Array, scale: float | Array = 1.0) -> Array:
    """What the agents do while they explore, Eq. 29.

    Formula: ``a_i = clip(pi_i(o_i) + noise * n, -1, 1)`` with a standard normal n.

    Args:
        config: the noise.
        learner: the actors.
        seen: (S,) a state that all see, or (M, O).
        key: of the noise.
        scale: by which the noise is multiplied; 0 to exploit.

    Returns:
        (M, A).
    """
    chosen = actions(learner.networks.actor, seen[None])[:, 0]
    return jnp.clip(chosen + config.noise * scale * jax.random.normal(key, chosen.shape), -1.0, 1.0)


def update(config: MaddpgConfig, learner: LearnerState, batch: Transition) -> tuple[LearnerState, Losses]:
    """One step of Adam for every critic and actor, and of their targets.

    Formula: critics descend ``(y_i - Q_i(s, a))^2`` with ``y_i = r_i + gamma (1 - terminated) Q'_i(s', pi'(s'))``
    (reading row 17); actor i ascends ``Q_i(s, a_1, ..., pi_i(o_i), ..., a_M)``, the others' actions from the replay;
    then ``target <- (1 - tau) target + tau network``. All gradients are of the networks before the update.

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
        return losses.critic * both.critic.bias.shape[0] + losses.actor * both.actor.layers[0].bias.shape[0], losses

    slopes, losses = jax.grad(loss, has_aux=True)(learner.networks)
    actor, actor_optimiser = _stepped(config.actor_rate, slopes.actor, learner.networks.actor, learner.actor_optimiser)
    critic, critic_optimiser = _stepped(
        config.critic_rate, slopes.critic, learner.networks.critic, learner.critic_optimiser
    )
    after = Networks(actor, critic)
    targets = jax.tree.map(lambda slow, fast: (1.0 - config.tau) * slow + config.tau * fast, learner.targets, after)
    return LearnerState(after, targets, actor_optimiser, critic_optimiser), losses


def target_values(config: MaddpgConfig, targets: Networks, batch: Transition) -> Array:
    """(C, B) what critics are fitted to; a transition that was cut off counts what follows it."""
    then = jnp.swapaxes(
        actions(targets.actor, _seen(config.agents_see, batch.next_state, batch.next_observation)), 0, 1
    )
    seen = _flat(_seen(config.critic_sees, batch.next_state, batch.next_observation))
    follows = jax.vmap(lambda one, own: one(own, then))(targets.critic, _repeated(seen, targets.critic))
    reward = batch.reward[None, :] if batch.reward.ndim == 1 else batch.reward.T
    return reward + config.gamma * (1.0 - batch.terminated)[None, :] * follows


def _losses(config: MaddpgConfig, both: Networks, batch: Transition, wanted: Array) -> tuple[Array, Array]:
    """Means over batch and agents: of the critics' squared errors, and of minus the values of the actors' actions."""
    critic = both.critic
    seen = _flat(_seen(config.critic_sees, batch.state, batch.observation))
    first = jax.vmap(lambda one, own: one.first(own, batch.action))(critic, _repeated(seen, critic))  # (C, B, H)
    error = jax.vmap(lambda one, h: one.value(h))(critic, first) - wanted
    mine = actions(both.actor, _seen(config.agents_see, batch.state, batch.observation))  # (M, B, A)
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
    return jnp.mean(error**2), -jnp.mean(value)


def _stepped(rate: float, slope: Any, weights: Any, moments: Any) -> tuple[Any, Any]:
    direction, moments = optax.scale_by_adam().update(slope, moments)
    return jax.tree.map(lambda each, way: each - rate * way, weights, direction), moments


def _seen(sight: str, state: Array | None, observation: Array | None) -> Array:
    seen = state if sight == "state" else observation
    if seen is None:
        raise ValueError(f"transitions hold no {sight}, which the configuration says is seen")
    return seen


def _flat(seen: Array) -> Array:
    return seen.reshape(seen.shape[0], -1)


def _repeated(seen: Array, critic: Critic) -> Array:
    """(C, B, S): a product of stacks reads each critic's weights once and copies none."""
    return jnp.broadcast_to(seen, (critic.bias.shape[0], *seen.shape))
