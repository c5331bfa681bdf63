"""What is made small: the critic's error, and the cost that the critic predicts of the actor."""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array

from twinhop.env.core import Action
from twinhop.env.core.decode import decode
from twinhop.inference.instance import ProblemArrays
from twinhop.learn.structured.actor import Actor
from twinhop.learn.structured.critic import Critic, cost_of_hosts
from twinhop.learn.structured.features import Features, features
from twinhop.learn.structured.gradients import OpeningGradient, actor_loss

CERTAIN = 0.99
"""Openings of a probability above this, or below the rest, count as saturated."""
HUBER_DELTA = 2.0
"""Errors beyond so many units count linearly."""


class SlotTransitions(NamedTuple):
    """One joint transition of every environment in a slot."""

    obs: ProblemArrays
    """what was decided on"""
    host: Array
    """(E, N) int16, where twins went"""
    cost: Array
    """(E,) what it cost [s]"""
    after: ProblemArrays | None
    """what followed; None where costs to come do not count"""
    source: Array
    """(E,) int8, whence it is: 0 where it was lived through in this run, others where replays are merged"""


def mean_actor_loss(actor: Actor, critics: Critic, obs: ProblemArrays, key: Array, opening: OpeningGradient) -> Array:
    """() the mean over a batch of instances."""
    keys = jax.random.split(key, obs.active.shape[0])
    losses = jax.vmap(lambda one, each: actor_loss(actor, critics, features(one), each, opening))(obs, keys)
    return losses.mean()


class OpeningLogits(NamedTuple):
    """How far the opening logits of a batch have gone, means over the stations present."""

    square: Array
    """() of what they have beyond the magnitude that is free"""
    saturation: Array
    """() share of stations that open, or stay shut, with a probability above `CERTAIN`: noise hardly turns them"""


def opening_logits(actor: Actor, obs: ProblemArrays, beyond: float) -> OpeningLogits:
    """How far a batch's opening logits have gone; ``mean(max(0, |o| - beyond)^2)``, which has a gradient.

    Args:
        actor: whose logits.
        obs: a batch of instances.
        beyond: the magnitude that is free.
    """

    def one(instance: ProblemArrays) -> tuple[Array, Array, Array]:
        shown = features(instance)
        logit = jnp.where(shown.present, actor(shown).opening, 0.0)
        is_certain = jnp.abs(logit) > math.log(CERTAIN / (1.0 - CERTAIN))
        far = jnp.maximum(jnp.abs(logit) - beyond, 0.0)
        return jnp.sum(far**2), jnp.sum(is_certain), jnp.sum(shown.present)

    square, certain, present = (each.sum() for each in jax.vmap(one)(obs))
    count = jnp.maximum(present, 1)
    return OpeningLogits(square / count, jax.lax.stop_gradient(certain / count))


def mean_critic_loss(critics: Critic, batch: SlotTransitions, target: Array) -> Array:
    """() the mean Huber loss of all critics.

    Args:
        critics: stacked on a leading axis.
        batch: flat, with a leading axis of B.
        target: (B,) what they should say [unit].
    """

    def one(instance: ProblemArrays, host: Array) -> Array:
        obs = features(instance)
        return jax.vmap(lambda critic: cost_of_hosts(critic, obs, host))(critics)

    predicted = jax.vmap(one)(batch.obs, batch.host)
    return optax.huber_loss(predicted, target[:, None], delta=HUBER_DELTA).mean()


def critic_targets(batch: SlotTransitions, actor: Actor | None, critics: Critic | None, gamma: float) -> Array:
    """(B,) ``(cost - base) / unit``, and with gamma > 0 what the target networks say of the slot that follows.

    The environment never ends by itself, so what follows always counts, even where an episode was broken off.

    Args:
        batch: flat, with a leading axis of B.
        actor: target actor; None where gamma is 0.
        critics: target critics, stacked; None where gamma is 0.
        gamma: the discount.
    """

    def now(instance: ProblemArrays, cost: Array) -> tuple[Array, Array]:
        obs = features(instance)
        return (cost - obs.base_s) / obs.unit_s, obs.unit_s

    target, unit_s = jax.vmap(now)(batch.obs, batch.cost)
    if actor is None or critics is None or batch.after is None:
        return target

    def then(instance: ProblemArrays) -> Array:
        obs = features(instance)
        host = actor_hosts(actor, obs, instance)
        return obs.unit_s * jax.vmap(lambda critic: cost_of_hosts(critic, obs, host))(critics).max()

    return target + gamma * jax.vmap(then)(batch.after) / unit_s


def actor_hosts(actor: Actor, obs: Features, instance: ProblemArrays) -> Array:
    """(N,) where the actor puts twins, by the rule that all policies share."""
    decision = actor(obs)
    action = Action(decision.opening, decision.score)
    return decode(action, instance.capacity, instance.comm_s, instance.active, False).host


def flat(batch: SlotTransitions) -> SlotTransitions:
    """A batch of slots and environments as one of transitions."""
    return jax.tree.map(lambda each: jnp.reshape(each, (-1, *each.shape[2:])), batch)
