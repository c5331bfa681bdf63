"""Compiled: which access station each user has from slot to slot, by event A3."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twinhop.jit import jit

NO_STATION = -1
MOST_COUNTED = 65535


@jit()
def hand_over(
    score: NDArray[np.float32],
    active: NDArray[np.bool_],
    up: NDArray[np.bool_],
    hysteresis: float,
    slots_to_trigger: int,
    access: NDArray[np.int64],
    better: NDArray[np.uint16],
) -> None:
    """Update the access station of every user by event A3.

    A station is *better* where its score is less than that of the access station by more than the hysteresis; it takes
    the user over once it has been better in `slots_to_trigger` slots in a row, the best of them first. A user without
    access station, or whose station is down, takes the best that is up at once. With 1 slot to trigger this is
    `twinhop.network.access_by_signal`.

    Args:
        score: (N, M) mean loss or distance: the less the better.
        active: (N,) who is present.
        up: (M,) which stations work.
        hysteresis: in the unit of the score.
        slots_to_trigger: at least 1.
        access: (N,) access stations, changed in place; -1 where there is none.
        better: (N, M) for how many slots each station has been better, changed in place.

    Source:
        3GPP TS 38.331, 5.5.4.4, event A3 with all offsets 0.
    """
    stations = len(up)
    for user in range(len(active)):
        held = access[user]
        if not active[user]:
            if held != NO_STATION:
                access[user] = NO_STATION
                better[user] = 0
            continue
        if held == NO_STATION or not up[held]:
            access[user] = _best(score[user], up)
            better[user] = 0
            continue
        limit = score[user, held] - hysteresis
        chosen, least = NO_STATION, np.float32(np.inf)
        for j in range(stations):
            value = score[user, j]
            if value < limit and up[j]:
                slots = min(better[user, j] + 1, MOST_COUNTED)
                better[user, j] = slots
                if slots >= slots_to_trigger and value < least:
                    chosen, least = j, value
            else:
                better[user, j] = 0
        if chosen != NO_STATION:
            access[user] = chosen
            better[user] = 0


@jit()
def _best(score: NDArray[np.float32], up: NDArray[np.bool_]) -> int:
    chosen, least = NO_STATION, np.float32(np.inf)
    for j in range(len(up)):
        if up[j] and (chosen == NO_STATION or score[j] < least):
            chosen, least = j, score[j]
    return chosen
