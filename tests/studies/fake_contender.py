"""An algorithm that learns nothing in no time: a number walks about, and so do the openings that hang on it."""

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from twinhop.env.core import Action
from twinhop.learn.learners import ActingPolicy, DecidingPolicy, Learner


class State(NamedTuple):
    """Of a run."""

    level: Any
    key: Any
    iteration: Any


@dataclass(frozen=True)
class Walk:
    """A random walk.

    Attributes:
        breaks_at: iteration from which its losses are no numbers.
    """

    breaks_at: int = 10**6

    def start(self, key, source):
        """At nought."""
        return State(jnp.zeros(()), jax.random.key_data(key), jnp.zeros((), jnp.int32))

    def advance(self, state, source, iterations):
        """A step an iteration."""

        def step(now, _):
            keys = jax.random.split(jax.random.wrap_key_data(now.key))
            level = now.level + 0.3 * jax.random.normal(keys[0])
            loss = jnp.where(now.iteration >= self.breaks_at, jnp.nan, jnp.abs(level))
            after = State(level, jax.random.key_data(keys[1]), now.iteration + 1)
            return after, {"cost": level, "critic_loss": loss, "actor_loss": level}

        return jax.lax.scan(step, state, length=iterations)

    def weights(self, state):
        """The number."""
        return state.level


def act(weights, params, seen):
    """The first station opens where the number is negative, the others where it is not; twins go to the nearest."""
    sign = jnp.where(jnp.arange(params.rules.stations) == 0, -1.0, 1.0)
    return Action(sign * (weights + 0.01), -seen.distance_m)


def made(params, iterations):
    """The learner."""
    return Learner(Walk(), params, ActingPolicy(act), {"iterations": iterations})


def breaking(params, iterations):
    """One whose losses break in its 15th iteration."""
    return Learner(Walk(15), params, ActingPolicy(act), {"iterations": iterations})


def to_the_nearest(weights, distance_m):
    """Whatever was learned."""
    return np.argmin(distance_m, axis=0)


def deciding(params, iterations):
    """One that decides slot by slot, in two ways that are the same."""
    policy = DecidingPolicy(
        lambda params, seen: np.asarray(seen.distance_m),
        lambda weights: partial(to_the_nearest, weights),
        lambda weights: {name: partial(to_the_nearest, weights) for name in ("structured", "structured, 10 moves")},
    )
    return Learner(Walk(), params, policy, {"iterations": iterations})
