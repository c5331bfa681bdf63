"""The access station of every user from slot to slot."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from twinhop.env.core.links import at_host, membership


def next_access(
    score: Array, held: Array, better: Array | None, hysteresis: float, slots_to_trigger: int
) -> tuple[Array, Array | None]:
    """Hand users over by event A3: to the best station that has been better for long enough.

    Formula: station j is *better* where ``score_j < score_b - hysteresis``; it takes the user over once it has been
    so in `slots_to_trigger` slots in a row, of several the best. Who has no station takes the best at once.

    Args:
        score: (M, N) mean loss or distance; the less the better.
        held: (N,) int32, access stations of the slot before; -1: none.
        better: (M, N) int32, for how many slots stations have been better; None where one slot suffices.
        hysteresis: in the unit of the score.
        slots_to_trigger: at least 1.

    Returns:
        (N,) int32 access stations, and the counts.

    Source:
        3GPP TS 38.331, 5.5.4.4, event A3 with all offsets 0; as `kernels.handover.hand_over`.

    Example:
        >>> score = jnp.array([[100.0, 100.0], [98.0, 90.0]])
        >>> next_access(score, jnp.array([0, 0]), None, 3.0, 1)[0].tolist()
        [0, 1]
    """
    stations = score.shape[0]
    limit = at_host(membership(held, stations), score) - hysteresis
    is_better = jnp.where(held[None, :] >= 0, score < limit[None, :], True)
    if better is None:
        ready, count = is_better, None
    else:
        count = jnp.where(is_better, better + 1, 0)
        ready = (count >= slots_to_trigger) | (held < 0)[None, :]
    best = jnp.argmin(jnp.where(ready, score, jnp.inf), axis=0).astype(held.dtype)
    hands_over = ready.any(axis=0)
    if count is not None:
        count = jnp.where(hands_over[None, :], 0, count)
    return jnp.where(hands_over, best, held), count
