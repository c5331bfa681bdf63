"""Actors and critics of agents with vectors in and out, stacked: every array has the agents as its leading axis."""

from __future__ import annotations

import math
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from twinhop.learn.maddpg.config import MaddpgConfig
from twinhop.learn.multilayer import GAINS, Multilayer


class Shapes(NamedTuple):
    """Sizes of what agents see and do; static."""

    agents: int
    """M"""
    observation: int
    """O, of one agent's observation; unused where all see the state"""
    action: int
    """A, of one agent's action"""
    state: int
    """S, of the global state; unused where nobody sees it"""


class Critic(eqx.Module):
    """Q(s, a_1, ..., a_M): a multilayer perceptron whose first layer is told apart by what it reads.

    ``h = s W_s + sum_m a_m W_m + b``, so that the effect of one agent's other action costs one small product.
    """

    obs: Array
    """(S, H) W_s"""
    acted: Array
    """(M, A, H) W_m"""
    bias: Array
    """(H,)"""
    rest: Multilayer

    def __init__(self, obs: int, agents: int, action: int, hidden: tuple[int, ...], *, key: Array):
        """Draw normal weights as one layer of all inputs would have them."""
        first, second, third = jax.random.split(key, 3)
        scale = GAINS["relu"] / math.sqrt(obs + agents * action)
        self.obs = scale * jax.random.normal(first, (obs, hidden[0]), jnp.float32)
        self.acted = scale * jax.random.normal(second, (agents, action, hidden[0]), jnp.float32)
        self.bias = jnp.zeros(hidden[0], jnp.float32)
        self.rest = Multilayer((*hidden, 1), key=third)

    def first(self, obs: Array, actions: Array) -> Array:
        """The first layer before its activation.

        Args:
            obs: (B, S) what the critic sees.
            actions: (B, M, A) the joint action.

        Returns:
            (B, H).
        """
        batch, width = actions.shape[0], self.bias.shape[0]
        return obs @ self.obs + actions.reshape(batch, -1) @ self.acted.reshape(-1, width) + self.bias

    def value(self, first: Array) -> Array:
        """(..., H) the first layer to (...) values."""
        return self.rest(jax.nn.relu(first))[..., 0]

    def __call__(self, obs: Array, actions: Array) -> Array:
        """(B, S) and (B, M, A) to (B,) values."""
        return self.value(self.first(obs, actions))


class Networks(NamedTuple):
    """All that is learned."""

    actor: Multilayer
    """M of them, stacked"""
    critic: Critic
    """M of them, stacked, or one with a leading axis of 1"""


def critic_inputs(config: MaddpgConfig, shapes: Shapes) -> int:
    """How many numbers a critic sees beside the actions."""
    return shapes.state if config.critic_sees == "state" else shapes.agents * shapes.observation


def actor_inputs(config: MaddpgConfig, shapes: Shapes) -> int:
    """How many numbers an actor sees."""
    return shapes.state if config.agents_see == "state" else shapes.observation


def networks(config: MaddpgConfig, shapes: Shapes, key: Array) -> Networks:
    """Draw actors and critics, each agent's own.

    Args:
        config: sizes of the hidden layers, and whether critics are shared.
        shapes: of the environment.
        key: of the draw.
    """
    actor_key, critic_key = jax.random.split(key)
    sizes = (actor_inputs(config, shapes), *config.hidden, shapes.action)
    critics = shapes.agents if config.critics == "own" else 1
    actor = jax.vmap(lambda each: Multilayer(sizes, key=each, last_gain=0.1))(
        jax.random.split(actor_key, shapes.agents)
    )
    critic = jax.vmap(
        lambda each: Critic(critic_inputs(config, shapes), shapes.agents, shapes.action, config.hidden, key=each)
    )(jax.random.split(critic_key, critics))
    return Networks(actor, critic)


def outputs(actor: Multilayer, obs: Array) -> Array:
    """(M, B, A) what the agents' networks say, before tanh; the arguments are those of `actions`."""
    agents = actor.layers[0].bias.shape[0]
    each = jnp.broadcast_to(obs, (agents, *obs.shape)) if obs.ndim == 2 else jnp.swapaxes(obs, 0, 1)
    return jax.vmap(lambda one, own: one(own))(actor, each)


def actions(actor: Multilayer, obs: Array) -> Array:
    """What the agents do without noise.

    Args:
        actor: stacked, of M agents.
        obs: (B, S) a state that all see, or (B, M, O) what each sees.

    Returns:
        (M, B, A), from -1 to 1.
    """
    return jnp.tanh(outputs(actor, obs))
