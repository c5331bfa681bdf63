"""How users go from access station to access station: a Markov chain learned from what was seen of them so far."""

from __future__ import annotations

import numpy as np

from twinhop.placement.problem import FloatArray, IntArray

#: A station never left so far counts as stayed at this often before anything was seen.
PRIOR_STAYS = 1.0


class StationChain:
    """Counts of transitions between M access stations from slot to slot, of all users together and of each alone.

    ``P_i[a, b] = (own_i[a, b] + strength P[a, b]) / (own_i[a] + strength)`` with the chain of all users ``P``: a
    Dirichlet prior, under which users with a long history go by it. An infinite strength takes all users as one.

    Args:
        users: N.
        stations: M.
        strength: visits that the chain of all users counts for in that of one; `inf`: everything.

    >>> chain = StationChain(users=2, stations=2, strength=float("inf"))
    >>> chain.see(np.array([[0, 1], [0, 0], [1, 0]]))
    >>> chain.matrix(0).tolist()
    [[0.75, 0.25], [0.5, 0.5]]
    """

    def __init__(self, users: int, stations: int, strength: float) -> None:
        self._strength, self._stations = strength, stations
        self._all = PRIOR_STAYS * np.eye(stations)
        self._own = np.zeros((users, stations, stations), np.float32) if np.isfinite(strength) else None
        self._last = np.full(users, -1)

    def see(self, access: IntArray) -> None:
        """Count the transitions of some slots.

        Args:
            access: (S, N) access stations, -1 where a user is not served; the slots follow those seen before.
        """
        for now in access:
            went = np.flatnonzero((self._last >= 0) & (now >= 0))
            step = (self._last[went], now[went])
            np.add.at(self._all, step, 1.0)
            if self._own is not None:
                self._own[went, *step] += 1.0
            self._last = np.array(now)

    @property
    def is_common(self) -> bool:
        """Whether all users go by one chain."""
        return self._own is None

    def matrix(self, user: int) -> FloatArray:
        """(M, M) chances of the next access station of a user, by its present one."""
        common = self._all / self._all.sum(axis=1, keepdims=True)
        if self._own is None:
            return common
        own = self._own[user].astype(np.float64)
        return (own + self._strength * common) / (own.sum(axis=1, keepdims=True) + self._strength)

    def mean_presence(self, user: int, slots: int) -> FloatArray:
        """(M, M) by the station of now, the expected share of time at each over so many slots, this one included.

        ``(1/H) sum_{h < H} P^h``, by doubling.
        """
        return mean_of_powers(self.matrix(user), slots)


def mean_of_powers(matrix: FloatArray, count: int) -> FloatArray:
    """``(1/H) sum_{h < H} P^h`` by doubling: S(2h) = S(h) + P^h S(h), S(h + 1) = I + P S(h).

    >>> mean_of_powers(np.array([[0.0, 1.0], [1.0, 0.0]]), 3).round(6).tolist()
    [[0.666667, 0.333333], [0.333333, 0.666667]]
    """
    unit = np.eye(len(matrix))
    total, power = unit, matrix  # the sum of the first power, and P to the number of summands
    for bit in bin(count)[3:]:
        total, power = total + power @ total, power @ power
        if bit == "1":
            total, power = unit + matrix @ total, power @ matrix
    return total / count
