"""What functions do with arguments: refuse unknown choices, line up users with stations."""

from collections.abc import Iterable

from twinhop.units.arrays import Array


def require_choice(field: str, value: object, accepted: Iterable[object]) -> None:
    """Refuse a value that is not among the accepted ones.

    Args:
        field: what the value chooses, as the message should call it.
        value: the value given.
        accepted: every value that would do.

    Raises:
        ValueError: the value is not accepted; the message lists those that are.

    Example:
        >>> require_choice("CPU share rule", "fair", ["equal", "optimal"])
        Traceback (most recent call last):
        ...
        ValueError: unknown CPU share rule 'fair'; accepted: 'equal', 'optimal'
    """
    choices = list(accepted)
    if value not in choices:
        raise ValueError(f"unknown {field} {value!r}; accepted: {', '.join(map(repr, choices))}")


def per_user(values: Array, like: Array) -> Array:
    """Append axes of length 1, so that values of users meet the leading axis of a user x station array.

    Plain broadcasting would line a vector of N users up with the *stations*, silently where N = M.

    Args:
        values: (N,) or a scalar, or already of the rank of `like` [any unit].
        like: (N,) or (N, M), whose rank is to be reached.

    Returns:
        The values: a scalar unchanged, (N,) as (N, 1) where `like` is (N, M).

    Example:
        >>> import numpy as np
        >>> per_user(np.ones(2), np.zeros((2, 2))).shape
        (2, 1)
    """
    rank = getattr(values, "ndim", 0)
    if rank == 0:
        return values
    return values[(...,) + (None,) * (getattr(like, "ndim", 0) - rank)]
