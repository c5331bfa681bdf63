"""The two kinds of actions that the adapters take, and what is wrong with an array that is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError

if TYPE_CHECKING:
    from twinhop.env.core.types import Rules

Actions = Literal["scores", "hosts"]
"""`scores`: an opening and N scores a station, Eq. 23; `hosts`: the index of a station for every user."""


class ActionError(InputError, ValueError):
    """An action that is none: its shape, type or a value."""


def check_actions(actions: str) -> None:
    """Refuse an unknown kind of actions.

    Raises:
        InputError: it is none of `scores` and `hosts`.
    """
    if actions not in get_args(Actions):
        raise InputError(f"actions: got {actions!r}; accepted: {', '.join(get_args(Actions))}")


def checked_action(action: Any, kind: Actions, rules: Rules, *batch: int) -> NDArray[Any]:
    """The action of a central agent, or with leading axes those of a batch, checked: see `hosts_of`, `scores_of`."""
    if kind == "hosts":
        return hosts_of(action, (*batch, rules.users), rules.stations)
    return scores_of(action, (*batch, rules.stations, rules.users + 1))


def scores_of(action: Any, shape: tuple[int, ...], what: str = "action") -> NDArray[np.float32]:
    """An array of openings and scores, checked.

    Args:
        action: what a policy gave.
        shape: as it must be, (..., N + 1): the opening first, then a score for each user.
        what: it is called in errors.

    Returns:
        The same as float32.

    Raises:
        ActionError: shape or type is wrong, or a value is no number from -1 to 1.
    """
    array = np.asarray(action)
    if array.dtype.kind != "f":
        raise ActionError(f"{what}: got {array.dtype} values; expected floats from -1 to 1, of shape {shape}")
    if array.shape != shape:
        raise ActionError(f"{what}: got shape {array.shape}; expected {shape}: an opening, then a score for each user")
    if not (array.min() >= -1 and array.max() <= 1):  # false for NaN too
        wrong = np.argwhere(~(np.abs(array) <= 1))[0]
        at = tuple(int(index) for index in wrong)
        raise ActionError(f"{what}: got {array[at]} at {at}; expected numbers from -1 to 1")
    return array.astype(np.float32, copy=False)


def hosts_of(action: Any, shape: tuple[int, ...], stations: int, what: str = "action") -> NDArray[np.int32]:
    """An array of stations, checked.

    Args:
        action: what a policy gave.
        shape: as it must be, (..., N).
        stations: M.
        what: it is called in errors.

    Returns:
        The same as int32.

    Raises:
        ActionError: shape or type is wrong, or an index is no station.
    """
    array = np.asarray(action)
    if array.dtype.kind not in "iu":
        raise ActionError(f"{what}: got {array.dtype} values; expected whole numbers, of shape {shape}")
    if array.shape != shape:
        raise ActionError(f"{what}: got shape {array.shape}; expected {shape}: a station for each user")
    if not (array.min() >= 0 and array.max() < stations):
        at = tuple(int(index) for index in np.argwhere((array < 0) | (array >= stations))[0])
        raise ActionError(f"{what}: got {array[at]} at {at}; expected stations from 0 to {stations - 1}")
    return array.astype(np.int32, copy=False)
