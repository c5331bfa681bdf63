"""The compiled steps behind the adapters: one call a step, whose results come back in as few arrays as possible."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from twinhop.env import core
from twinhop.env.actions import Actions
from twinhop.env.core import Action, Observation, Params, State, StepInfo, episode_key, step_key
from twinhop.env.core.view import agent_states, flat_state, graph, observe
from twinhop.env.hooks import ObservationHook, RewardHook, as_floats
from twinhop.errors import InputError

View = Literal["graph", "flat", "agents"] | ObservationHook | tuple[Literal["agents"], ObservationHook]
"""The last two: what a function makes of the state, for one agent or with a row for each of many."""
TERMS = (
    *("cost", "communication", "computing", "moves", "opening", "energy", "latency_s", "late"),
    *("opened", "moved", "moved_bits", "repaired", "unseated"),
)
"""Scalars of `StepInfo` that adapters report, in this order."""


class Episode(NamedTuple):
    """Where an environment is."""

    key: Array
    """(2,) uint32, of the seed"""
    number: Array
    """() int32, the episode of the seed"""
    state: State


class Result(NamedTuple):
    """What a step gives, besides where it ends."""

    obs: Any
    """the observation as the adapter shows it"""
    scalars: Array
    """(1 + len(TERMS),) float32: reward, and the terms"""
    host: Array
    """(N,) int32"""
    station_reward: Array
    """(M,) float32"""
    truncated: Array
    """() bool"""


def seed_words(seed: int | np.integer) -> NDArray[np.uint32]:
    """The two words of the key of a seed; of seeds below 2^32 those of `jax.random.key(seed)`.

    Raises:
        InputError: it is no whole number from 0 to 2^64 - 1.

    >>> seed_words(7).tolist()
    [0, 7]
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 1 << 64:
        raise InputError(f"seed: got {seed!r}; expected a whole number from 0 to 2^64 - 1")
    seed = int(seed)
    return np.array([(seed >> 32) & 0xFFFFFFFF, seed & 0xFFFFFFFF], np.uint32)


def shown(view: View, params: Params, obs: Observation) -> Any:
    """An observation as an adapter shows it: a graph, the flat state, or the flat state and every agent's own."""
    if isinstance(view, tuple):
        return flat_state(params, obs), as_floats(view[1](obs))
    if callable(view):
        return as_floats(view(obs))
    if view == "graph":
        return graph(params, obs)
    if view == "flat":
        return flat_state(params, obs)
    return flat_state(params, obs), agent_states(params, obs)


def may_host(state: State) -> NDArray[np.bool_]:
    """(..., M) which stations may host now, of one state or of a batch."""
    may = np.asarray(state.topology.capacity) > 0
    if state.slot.up is None:
        return may
    up = np.asarray(state.slot.up)
    clouds = np.ones((*up.shape[:-1], may.shape[-1] - up.shape[-1]), bool)
    return may & np.concatenate([up, clouds], axis=-1)


def core_action(actions: Actions, array: Array, stations: int) -> Action:
    """What agents ask for, from the array that the adapter was given."""
    if actions == "scores":
        return Action(array[:, 0], array[:, 1:])
    score = jax.nn.one_hot(array, stations, axis=0)
    return Action(jnp.ones(stations), score)


@jax.jit
def observed(params: Params, state: State) -> Observation:
    """What is seen of a state, in SI units."""
    return observe(params.rules, state)


@partial(jax.jit, static_argnames=("view",))
def reset(key: Array, number: Array, params: Params, view: View) -> tuple[Any, Episode]:
    """Begin an episode of a seed."""
    return _reset(key, number, params, view)


@partial(jax.jit, static_argnames=("view", "actions", "reward"), donate_argnames=("episode",))
def step(
    episode: Episode, array: Array, params: Params, view: View, actions: Actions, reward: RewardHook | None = None
) -> tuple[Result, Episode]:
    """One step of one environment."""
    return _step(episode, array, params, view, actions, reward)


@partial(jax.jit, static_argnames=("view",))
def reset_all(keys: Array, numbers: Array, params: Params, view: View) -> tuple[Any, Episode]:
    """Begin an episode of every seed."""
    return jax.vmap(lambda key, number: _reset(key, number, params, view))(keys, numbers)


@partial(jax.jit, static_argnames=("view", "actions", "reward"), donate_argnames=("episodes",))
def step_all(
    episodes: Episode, arrays: Array, params: Params, view: View, actions: Actions, reward: RewardHook | None = None
) -> tuple[Result, Episode]:
    """One step of many environments."""
    return jax.vmap(lambda episode, array: _step(episode, array, params, view, actions, reward))(episodes, arrays)


@jax.jit
def where_tree(mask: Array, new: Any, old: Any) -> Any:
    """The entries of new arrays where the mask (B,) says so, of old ones elsewhere."""
    return jax.tree.map(lambda a, b: jnp.where(mask.reshape(-1, *[1] * (a.ndim - 1)), a, b), new, old)


def _reset(key: Array, number: Array, params: Params, view: View) -> tuple[Any, Episode]:
    obs, state = core.reset(episode_key(key, number), params)
    return shown(view, params, obs), Episode(key, number, state)


def _step(
    episode: Episode, array: Array, params: Params, view: View, actions: Actions, hook: RewardHook | None
) -> tuple[Result, Episode]:
    key = step_key(episode_key(episode.key, episode.number), episode.state.slot_index)
    action = core_action(actions, array, params.rules.stations)
    obs, state, reward, _, truncated, info = core.step(key, episode.state, action, params)
    if hook is not None:
        own = as_floats(hook(observe(params.rules, episode.state), info, obs))
        reward, info = own.sum(), info._replace(station_reward=own) if own.ndim else info
    result = Result(shown(view, params, obs), _scalars(reward, info), info.host, info.station_reward, truncated)
    return result, Episode(episode.key, episode.number, state)


def _scalars(reward: Array, info: StepInfo) -> Array:
    return jnp.stack([reward, *(getattr(info, name) for name in TERMS)]).astype(jnp.float32)
