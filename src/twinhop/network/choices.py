"""Checks of arguments that name one of a few choices."""

from collections.abc import Iterable


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
