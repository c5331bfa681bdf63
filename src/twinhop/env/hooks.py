"""Rewards and observations of one's own: what such a function gets and gives, and what is said where it does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from twinhop.env import core
from twinhop.env.core import Action, Observation, Params, StepInfo
from twinhop.errors import InputError

RewardHook = Callable[[Observation, StepInfo, Observation], Any]
"""From what was seen before the step, what it cost, and what is seen after it, to the reward: a scalar, or (M,), each
station's own, where PettingZoo's `rewards` are `own`. It is compiled, for one environment; batches map it."""
ObservationHook = Callable[[Observation], Any]
"""From the state in SI units to an array of a fixed shape; for PettingZoo (M, F), a row for each agent. It is compiled,
for one environment; batches map it."""


def check_reward(hook: RewardHook, params: Params, shape: tuple[int, ...] = ()) -> None:
    """Refuse a reward that cannot be compiled, or has another shape.

    Args:
        hook: the function.
        params: of the environment.
        shape: as it must be.

    Raises:
        InputError: in one line, what it gives or how it fails.
    """
    if not callable(hook):
        raise InputError(f"reward: got {hook!r}; expected a function of (obs, info, next_obs), or None")
    obs, info = _shapes(params)
    given = _shape_of("reward", hook, obs, info, obs)
    if given != shape:
        expected = "a scalar" if shape == () else f"shape {shape}, each station's own"
        raise InputError(f"reward: {name_of(hook)} gives shape {given}; expected {expected}")


def check_observation(hook: ObservationHook, params: Params, rows: int | None = None) -> tuple[int, ...]:
    """The shape of an observation.

    Args:
        hook: the function.
        params: of the environment.
        rows: agents that each need a row; None: one agent sees all.

    Raises:
        InputError: it cannot be compiled, or has no row for each agent; in one line.
    """
    shape = _shape_of("observation", hook, _shapes(params)[0])
    if rows is not None and (len(shape) < 2 or shape[0] != rows):
        raise InputError(
            f"observation: {name_of(hook)} gives shape {shape}; expected ({rows}, ...): a row for each agent"
        )
    return shape


def as_floats(value: Any) -> Array:
    """What a hook gives, in 32 bits."""
    return jnp.asarray(value).astype(jnp.float32)


def check_finite(what: str, hook: Callable[..., Any], values: Any) -> None:
    """Refuse what a hook gave where a number of it is not finite.

    Args:
        what: `reward` or `observation`.
        hook: the function.
        values: what it gave, of one environment or of a batch.

    Raises:
        InputError: with the first such place.
    """
    array: NDArray[Any] = np.asarray(values)
    bad = ~np.isfinite(array)
    if bad.any():
        at = tuple(int(index) for index in np.argwhere(bad)[0])
        where = f" at {at}" if at else ""
        raise InputError(f"{what}: {name_of(hook)} gave {array[at]}{where}; expected finite numbers")


def name_of(hook: Callable[..., Any]) -> str:
    """What to call a function in messages."""
    return getattr(hook, "__name__", type(hook).__name__)


def _shapes(params: Params) -> tuple[Any, Any]:
    """The shapes of observation and step info."""
    key = jax.ShapeDtypeStruct((2,), jnp.uint32)
    obs, state = jax.eval_shape(core.reset, key, params)
    stations, users = params.rules.stations, params.rules.users
    action = Action(jnp.zeros(stations), jnp.zeros((stations, users)))
    return obs, jax.eval_shape(core.step, key, state, action, params)[5]


def _shape_of(what: str, hook: Callable[..., Any], *arguments: Any) -> tuple[int, ...]:
    try:
        given = jax.eval_shape(lambda *each: jnp.asarray(hook(*each)), *arguments)
    except Exception as error:
        first = str(error).strip().partition("\n")[0] or type(error).__name__
        raise InputError(
            f"{what}: {name_of(hook)} cannot be compiled by JAX, write it with jax.numpy: {first}"
        ) from None
    if given.dtype.kind not in "fiub":
        raise InputError(f"{what}: {name_of(hook)} gives {given.dtype}; expected real numbers")
    return tuple(given.shape)
