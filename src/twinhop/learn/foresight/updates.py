"""Steps of Adam on both networks, from what was remembered of rollouts."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from twinhop.inference.foresight.features import COMPUTING, CONSTANT, FEATURES, GAIN_TO_GO, MOST
from twinhop.inference.foresight.network import CORRECTION, Weights, shapes

#: What moves are worth counts within these bounds, in units of their cost: beyond them nothing is left to decide.
CLIP = 6.0
_DECAY, _SECOND_DECAY, _EPSILON = 0.9, 0.999, 1e-8


class Memory(NamedTuple):
    """What was remembered, in rings of fixed size.

    Attributes:
        features: (S, F) of moves.
        worth: (S,).
        weight: (S,).
        known: (R, C) of forecasts.
        expected: (R, E, K).
        found: (R, K).
    """

    features: Any
    worth: Any
    weight: Any
    known: Any
    expected: Any
    found: Any


class State(NamedTuple):
    """Where training stands.

    Attributes:
        weights: of the networks.
        first: moments of Adam.
        second: likewise.
        steps: of Adam so far.
        memory: of rollouts.
        moves_seen: rows ever remembered of moves.
        forecasts_seen: of forecasts.
    """

    weights: Weights
    first: Weights
    second: Weights
    steps: Any
    memory: Memory
    moves_seen: Any
    forecasts_seen: Any


def first_weights(rng: np.random.Generator, width: int) -> Weights:
    """Small random weights; a move begins as worth what it gains by the values to go, less its cost.

    Args:
        rng: draws them.
        width: H.
    """
    drawn = [rng.normal(size=shape) / np.sqrt(max(shape[0], 1)) for shape in shapes(width)]
    weights = Weights(*(each.astype(np.float32) for each in drawn))
    skip = first_skip()
    zero = {name: np.zeros_like(getattr(weights, name)) for name in ("believe_skip", "worth_bias", "worth_mid_bias")}
    return weights._replace(
        **zero, worth_skip=skip, worth_out=0.1 * weights.worth_out, believe_out=0.1 * weights.believe_out
    )


def first_skip() -> NDArray[np.float32]:
    """(F,) the linear part: the gain by the values to go and by computing, less the cost of the move."""
    skip = np.zeros(FEATURES, np.float32)
    skip[GAIN_TO_GO], skip[CONSTANT], skip[COMPUTING] = 1.0, -1.0, 0.1
    return skip


def _worth(weights: Weights, features: Any) -> Any:
    hidden = jnp.tanh(jnp.clip(features, -MOST, MOST) @ weights.worth_in + weights.worth_bias)
    hidden = jnp.tanh(hidden @ weights.worth_mid + weights.worth_mid_bias)
    return features @ weights.worth_skip + CORRECTION * jnp.tanh(hidden @ weights.worth_out)


def _losses(weights: Weights, moves: Any, seen: Any, decay: float) -> tuple[Any, Any]:
    features, worth, weight = moves
    known, expected, found = seen
    worth_loss = (weight * (jnp.clip(_worth(weights, features), -CLIP, CLIP) - worth) ** 2).mean()
    logits = known @ weights.believe_skip + jnp.tanh(known @ weights.believe_in) @ weights.believe_out
    mixed = jnp.einsum("be,bek->bk", jax.nn.softmax(logits, axis=1), expected)
    forecast_loss = ((mixed - found) ** 2).mean()
    size = sum((each**2).sum() for each in weights)
    return worth_loss + forecast_loss + decay * size, (worth_loss, forecast_loss)


@partial(jax.jit, static_argnames=("batch", "updates"))
def updated(state: State, key: Any, rate: float, decay: float, *, batch: int, updates: int) -> tuple[State, Any]:
    """Some steps of Adam.

    Args:
        state: where training stands.
        key: draws what is looked at.
        rate: step length.
        decay: weight of the squares of weights.
        batch: rows a step.
        updates: steps.

    Returns:
        The state, and the mean losses of worth and forecast.
    """
    memory = state.memory
    moves = jnp.minimum(state.moves_seen, len(memory.worth))
    seen = jnp.minimum(state.forecasts_seen, len(memory.found))

    def step(carry: Any, key: Any) -> tuple[Any, Any]:
        weights, first, second, count = carry
        one, two = jax.random.split(key)
        at, to = jax.random.randint(one, (batch,), 0, moves), jax.random.randint(two, (batch,), 0, seen)
        rows = (memory.features[at], memory.worth[at], memory.weight[at])
        others = (memory.known[to], memory.expected[to], memory.found[to])
        (_, parts), slope = jax.value_and_grad(_losses, has_aux=True)(weights, rows, others, decay)
        slope = slope._replace(worth_skip=jnp.zeros_like(slope.worth_skip))
        count = count + 1
        first = jax.tree.map(lambda a, b: _DECAY * a + (1 - _DECAY) * b, first, slope)
        second = jax.tree.map(lambda a, b: _SECOND_DECAY * a + (1 - _SECOND_DECAY) * b * b, second, slope)
        scale = jnp.sqrt(1 - _SECOND_DECAY**count) / (1 - _DECAY**count)
        weights = jax.tree.map(lambda w, a, b: w - rate * scale * a / (jnp.sqrt(b) + _EPSILON), weights, first, second)
        return (weights, first, second, count), parts

    start = (state.weights, state.first, state.second, state.steps)
    (weights, first, second, count), parts = jax.lax.scan(step, start, jax.random.split(key, updates))
    means = jax.tree.map(jnp.mean, parts)
    return state._replace(weights=weights, first=first, second=second, steps=count), means
