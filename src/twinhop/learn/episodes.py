"""Episodes of evaluation: a policy without noise, in worlds that are the same for every policy."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from twinhop.env.core import Action, Observation, Params, State, StepInfo, episode_key, reset, step, step_key
from twinhop.env.core.decode import decode

#: What a policy does: weights, the environment and an observation, to an action.
Act = Callable[[Any, Params, Observation], Action]


class Episodes(NamedTuple):
    """Observations and what came of them; every array has leading axes (episodes, slots)."""

    obs: Observation
    info: StepInfo


@partial(jax.jit, static_argnames=("act", "episodes", "slots"))
def episodes_of(act: Act, weights: Any, params: Params, seed: Any, episodes: int, slots: int) -> Episodes:
    """Live through episodes of a policy.

    Args:
        act: the policy, a function that is the same object from call to call.
        weights: its weights.
        params: of the environment.
        seed: a whole number; the worlds depend on nothing else.
        episodes: how many.
        slots: of each.

    Returns:
        All slots.
    """

    def slot(own: Array, now: tuple[Observation, State], index: Array) -> tuple[Any, Episodes]:
        obs, state = now
        after, state, _, _, _, info = step(step_key(own, index), state, act(weights, params, obs), params)
        return (after, state), Episodes(obs, info)

    def episode(at: Array) -> Episodes:
        own = episode_key(jax.random.key(seed), at)
        return jax.lax.scan(partial(slot, own), reset(own, params), jnp.arange(slots))[1]

    return jax.vmap(episode)(jnp.arange(episodes))


def nearest_of_all(weights: Any, params: Params, obs: Observation) -> Action:
    """Open every station and put twins on the nearest: a policy that needs no weights."""
    return Action(jnp.ones(params.rules.stations), -obs.distance_m)


@partial(jax.jit, static_argnames=("policy",))
def act(policy: Act, weights: Any, params: Params, obs: Observation) -> Array:
    """(N,) int32, where a policy puts twins in one slot, by the decoding rule that all share."""
    action, rules = policy(weights, params, obs), params.rules
    return decode(action, obs.capacity, obs.comm_s, obs.active, rules.is_capacitated).host
