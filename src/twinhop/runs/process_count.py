"""How many processes run policies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from twinhop.errors import InputError
from twinhop.own_code import OwnCode


class Chosen(Protocol):
    """A policy that was chosen."""

    @property
    def own(self) -> OwnCode | None:
        """The user's own code that it is of."""
        ...


def process_count(policies: Sequence[Chosen], jobs: int | None, most: int) -> int:
    """How many processes run policies.

    Args:
        policies: that are run.
        jobs: as asked for, or None.
        most: where none are asked for.

    Returns:
        The number; 1 where none are asked for and a policy of the user's own cannot be sent to another process.

    Raises:
        InputError: several are asked for, and one cannot be sent.
    """
    for own in [policy.own for policy in policies if policy.own is not None]:
        reason = own.unsendable
        if reason is not None and jobs is not None and jobs > 1:
            raise InputError(
                f"jobs: got {jobs}, but policy {own.name} cannot be sent to another process: {reason}; expected 1, "
                "or a policy of an installed module or of file.py:function"
            )
        if reason is not None:
            return 1
    return most if jobs is None else jobs
