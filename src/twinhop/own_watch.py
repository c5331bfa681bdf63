"""Policies of the user's own under a time limit: in a process that is ended where they go on."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from twinhop.failures import PolicyFailed
from twinhop.own_code import OwnCode
from twinhop.processes import NoAnswer, ProcessDied, can_start, died_of, watched

#: Below this a limit asks for an answer at once, as after Ctrl-C, and nobody is ended [s].
LEAST_LIMIT_S = 1e-3


def can_be_ended(own: OwnCode | None, limit_s: float) -> bool:
    """Whether a policy runs in a process of its own: it is of the user's own, there is a limit, and it can be sent."""
    return own is not None and LEAST_LIMIT_S <= limit_s < math.inf and can_start() and own.unsendable is None


def call_policy(
    policy: str,
    function: Callable[..., Any],
    *arguments: Any,
    limit_s: float,
    is_interrupted: Callable[[], bool] = lambda: False,
    on_note: Callable[[Any], None] = lambda note: None,
) -> Any:
    """Let a policy decide in a process that is ended at the limit of a decision and a small grace; see `watched`.

    Args:
        policy: its name.
        function: lets it decide, inside `deciding`.
        *arguments: of the function.
        limit_s: of a decision [s].
        is_interrupted: whether Ctrl-C was pressed.
        on_note: told what the function sends.

    Raises:
        PolicyFailed: it did not answer in time, or ended its process. Besides, what the function raises.
    """
    try:
        return watched(function, *arguments, limit_s=limit_s, is_interrupted=is_interrupted, on_note=on_note)
    except NoAnswer as error:
        raise PolicyFailed(policy, str(error), slot=error.at) from error
    except ProcessDied as error:
        raise PolicyFailed(policy, f"ended its process: it {died_of(error.code)}", slot=error.at) from error
