"""Which samples are sent: synchronisation policies on values by dimension."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from twinhop.errors import InputError

Values = Mapping[str, Any] | Sequence[float]


class Judge(Protocol):
    """The part of a synchronisation policy that a device needs: of `twinhop.twin.synchronisation.SyncPolicy`."""

    def offer(self, time_s: float, value: Any) -> bool:
        """Whether a sample is sent."""
        ...


class Sampler:
    """Decides what of a sample is sent.

    Args:
        policy: of all numbers of a sample together; or policies by dimension: a dimension is sent where its policy says
            so, and one without a policy goes along with the others; None: all is sent.

    >>> from twinhop.twin.synchronisation import SendOnDelta
    >>> sampler = Sampler({"position": SendOnDelta(width=2, tolerance=5.0)})
    >>> [sampler.offer(at, {"position": [4.0 * at, 0.0], "load": 1.0}) is not None for at in (0.0, 1.0, 2.0)]
    [True, False, True]
    """

    def __init__(self, policy: Judge | Mapping[str, Judge] | None) -> None:
        self._policy = policy

    def offer(self, time_s: float, values: Values) -> Any | None:
        """What of a sample is sent, as values of JSON; None: nothing.

        Args:
            time_s: by a clock that is never set [s].
            values: by dimension, or the numbers of all dimensions in order.

        Raises:
            InputError: a value is none, or a policy's dimension is missing in a list of numbers.
        """
        plain = _plain(values)
        policy = self._policy
        if policy is None:
            return plain
        if not isinstance(policy, Mapping):
            return plain if policy.offer(time_s, _numbers(plain)) else None
        if not isinstance(plain, dict):
            raise InputError("values: policies by dimension need values by dimension")
        sent = {
            name: value
            for name, value in plain.items()
            if name in policy and policy[name].offer(time_s, _numbers(value))
        }
        if not sent and any(name in policy for name in plain):
            return None
        return {name: value for name, value in plain.items() if name in sent or name not in policy}


def _plain(values: Values) -> Any:
    if isinstance(values, Mapping):
        return {str(name): _plain_value(value) for name, value in values.items()}
    return [_plain_number(each) for each in values]


def _plain_value(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return {str(name): _plain_number(each) for name, each in value.items()}
    if isinstance(value, Sequence | np.ndarray) and np.ndim(value):  # pyright: ignore[reportArgumentType]
        return [_plain_number(each) for each in value]
    return _plain_number(value)


def _plain_number(value: Any) -> float | int:
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        raise InputError(f"values: got {value!r}; expected numbers, the name of a category, or coordinates"[:200])
    if not -np.inf < value < np.inf:
        raise InputError(f"values: must be finite (got {value})")
    return int(value) if isinstance(value, int | np.integer) else float(value)


def _numbers(value: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    numbers = [each for part in value.values() for each in np.ravel(part)] if isinstance(value, dict) else value
    try:
        return np.atleast_1d(np.asarray(numbers, np.float64))
    except (TypeError, ValueError):
        raise InputError(f"values: a policy judges numbers (got {value!r})"[:200]) from None


def policy_of(text: str, width: int, name: str = "--policy") -> Judge | None:
    """The policy in a text such as ``delta:10``; None for ``all``.

    Args:
        text: ``all``, ``fixed:SECONDS``, ``delta:TOLERANCE`` or ``model:TOLERANCE``; the last runs `constant_velocity`.
        width: numbers of a sample.
        name: of the option, for messages.

    Raises:
        InputError: it is none of these.

    >>> policy_of("delta:10", 2).kind, policy_of("all", 2)
    ('delta', None)
    """
    from twinhop.text import suggestion
    from twinhop.twin.behaviour import ConstantVelocity
    from twinhop.twin.synchronisation import SYNC_POLICIES, FixedPeriod, ModelBased, SendOnDelta

    kind, _, number = text.partition(":")
    if kind == "all" and not number:
        return None
    try:
        size = float(number)
    except ValueError:
        size = np.nan
    if kind not in SYNC_POLICIES or not 0 < size < np.inf:
        hint = "" if kind in SYNC_POLICIES else suggestion(kind, SYNC_POLICIES)
        raise InputError(
            f"{name}: got {text[:60]!r}; {hint}accepted: all, fixed:SECONDS, delta:TOLERANCE, model:TOLERANCE, "
            "each with a number greater than 0"
        )
    if kind == "fixed":
        return FixedPeriod(width, size)
    return SendOnDelta(width, size) if kind == "delta" else ModelBased(ConstantVelocity(width), size)
