"""Compiled: the expected cost that a twin's host brings in the slots to come, while its user goes by a Markov chain."""

from __future__ import annotations

import numpy as np

from twinhop.jit import jit
from twinhop.placement.problem import FloatArray


@jit(fastmath=True)
def values_to_go(chain: FloatArray, cost_s: FloatArray, move_s: FloatArray, slots: int, value_s: FloatArray) -> None:
    """Take what is to be expected after a slot, by its station and the host kept, further back (M, K).

    ``W_0 = 0``, ``W_h+1[a, k] = sum_b P[a, b] min_q (move[k, q] + cost[b, q] + W_h[b, q])``: the twin may move in every
    slot, once the user's station is known.

    Args:
        chain: (M, M) chances of the next station.
        cost_s: (M, K) cost of a slot at each station and host.
        move_s: (K, K) cost of a move.
        slots: by how many slots.
        value_s: (M, K) W_h, 0 for h = 0; becomes that of so many slots more.
    """
    stations, hosts = cost_s.shape
    best = np.empty((stations, hosts))
    for _ in range(slots):
        for b in range(stations):
            for k in range(hosts):
                least = np.inf
                for q in range(hosts):
                    least = min(least, move_s[k, q] + cost_s[b, q] + value_s[b, q])
                best[b, k] = least
        for a in range(stations):
            for k in range(hosts):
                value_s[a, k] = 0.0
            for b in range(stations):
                if chain[a, b] > 0:
                    for k in range(hosts):
                        value_s[a, k] += chain[a, b] * best[b, k]
