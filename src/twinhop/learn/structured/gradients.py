"""How the actor learns from the critic: scores through the masked softmax, openings in one of three ways."""

from __future__ import annotations

from typing import Literal

import jax
import jax.numpy as jnp
from jax import Array

from twinhop.learn.structured.actor import Actor, Decision
from twinhop.learn.structured.critic import Critic, cost_of_shares
from twinhop.learn.structured.features import Features

OpeningGradient = Literal["counterfactual", "straight_through", "soft"]
DEEPEST = -30.0
"""Scores are told apart down to so much below a user's best: their exponentials stay above nought in float32."""
LAST_OPEN = -5.0
"""What the last open station is worth against none at all [unit]."""


def actor_loss(actor: Actor, critics: Critic, obs: Features, key: Array, opening: OpeningGradient) -> Array:
    """() what the critics say of the actor's soft association, the dearer of them, for one instance.

    Args:
        actor: whose gradient is taken.
        critics: stacked on a leading axis.
        obs: the instance.
        key: of the openings that are drawn.
        opening: how openings get their gradient: `counterfactual`, by what flipping one of them changes;
            `straight_through`, drawn with the gradient of their probabilities; `soft`, the probabilities themselves.
    """
    decision = actor(obs)
    edges = edges_of(critics, obs)
    if opening == "soft":
        return dearest(critics, obs, edges, decision, jax.nn.sigmoid(decision.opening))
    if opening == "straight_through":
        return dearest(critics, obs, edges, decision, _straight_through(decision, obs, key))
    probability = jax.nn.sigmoid(decision.opening)
    opened = some_open(jax.random.uniform(key, probability.shape) < probability, decision, obs)
    change = jax.lax.stop_gradient(opening_changes(critics, obs, edges, decision, opened))
    cost = dearest(critics, obs, edges, decision, opened.astype(jnp.float32))
    return cost + jnp.sum(jnp.where(obs.present, change * probability, 0.0))


def edges_of(critics: Critic, obs: Features) -> Array:
    """(C, M, N, 1 + POOLED) what the critics make of every edge."""
    work = jnp.broadcast_to(obs.work, obs.extra.shape)
    return jax.vmap(lambda critic: critic.of_edges(obs.extra, work))(critics)


def some_open(opened: Array, decision: Decision, obs: Features) -> Array:
    """(M,) bool: those present that shall open; where none shall, the one with the largest logit."""
    opened = opened & obs.present
    best = jnp.arange(len(opened)) == jnp.argmax(decision.opening)
    return opened | (~opened.any() & best)


def exponentials(decision: Decision, obs: Features) -> Array:
    """(M, N) exponentials of the scores, each user's largest one; 0 where a twin may not be."""
    largest = jax.lax.stop_gradient(jnp.max(decision.score, axis=0))
    return jnp.where(obs.allowed, jnp.exp(jnp.maximum(decision.score - largest, DEEPEST)), 0.0)


def shares(decision: Decision, obs: Features, opened: Array) -> Array:
    """(M, N) softmax of the scores over what is opened.

    Args:
        decision: the scores.
        obs: the instance.
        opened: (M,) from 0 to 1.
    """
    weight = opened[:, None] * exponentials(decision, obs)
    total = weight.sum(axis=0)
    return weight / jnp.where(total > 0, total, 1.0)


def dearest(critics: Critic, obs: Features, edges: Array, decision: Decision, opened: Array) -> Array:
    """() the highest cost that a critic predicts; `opened` (M,) from 0 to 1."""
    soft = shares(decision, obs, opened)
    return jax.vmap(lambda critic, own: cost_of_shares(critic, obs, own, soft, opened))(critics, edges).max()


def _straight_through(decision: Decision, obs: Features, key: Array) -> Array:
    noise = jax.random.logistic(key, decision.opening.shape)
    soft = jax.nn.sigmoid(decision.opening + noise)
    hard = some_open(decision.opening + noise > 0, decision, obs).astype(jnp.float32)
    return hard + soft - jax.lax.stop_gradient(soft)


def opening_changes(critics: Critic, obs: Features, edges: Array, decision: Decision, opened: Array) -> Array:
    """What opening each station changes, the others being as they are: ``Q(y_j = 1) - Q(y_j = 0)``.

    Flipping station j changes a user's softmax in its denominator only, so that what the stations pool after each of
    the M flips is one product of matrices, ``(1 / Z)_(j, i) (e psi)_(i, k c)``.

    Args:
        critics: stacked on a leading axis.
        obs: the instance.
        edges: (C, M, N, 1 + POOLED) of `edges_of`.
        decision: the scores.
        opened: (M,) bool, Y, at least one of them.

    Returns:
        (M,) changes [unit]; `LAST_OPEN` where the station is the only one.
    """
    flipped = opened[None, :] ^ jnp.eye(len(opened), dtype=bool)
    y = flipped.astype(jnp.float32)
    weight = exponentials(decision, obs)
    total = y @ weight
    inverse = jnp.where((total > 0) & obs.active, 1.0 / jnp.where(total > 0, total, 1.0), 0.0)
    after = jax.vmap(lambda critic, own: _flipped_costs(critic, obs, own, weight, inverse, y))(critics, edges).max(0)
    now = dearest(critics, obs, edges, decision, opened.astype(jnp.float32))
    change = jnp.where(opened, now - after, after - now)
    return jnp.where(flipped.any(axis=1), change, LAST_OPEN)


def _flipped_costs(critic: Critic, obs: Features, edges: Array, weight: Array, inverse: Array, y: Array) -> Array:
    """(M,) predicted costs after each flip."""
    stations, users, channels = edges.shape
    weighted = (weight[..., None] * edges).transpose(1, 0, 2).reshape(users, stations * channels)
    pooled = y[:, :, None] * (inverse @ weighted).reshape(stations, stations, channels)
    count = jnp.maximum(obs.active.sum(), 1)
    alone = pooled[:, :, 0].sum(axis=1) / count
    shared = obs.present.sum() / count * pooled[:, :, 1:]
    return alone + jax.vmap(lambda own, opened: critic.of_stations(obs, own, opened))(shared, y)
