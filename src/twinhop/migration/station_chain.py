"""How users go from access station to access station: a Markov chain learned from what was seen of them so far."""

from __future__ import annotations

import numpy as np

from twinhop.placement.problem import FloatArray, IntArray

#: A station never left so far counts as stayed at this often before anything was seen.
PRIOR_STAYS = 1.0


class StationChain:
    """Counts of transitions from slot to slot between states, of all users together and of each alone.

    A state is an access station and, with dwell times, for how long the user has been there: whoever has waited for an
    hour is likely to wait on. ``P_i[a, b] = (own_i[a, b] + strength P[a, b]) / (own_i[a] + strength)`` with the chain
    of all users ``P``: a Dirichlet prior, under which users with a long history go by it. An infinite strength takes
    all users as one.

    Args:
        users: N.
        stations: M.
        strength: visits that the chain of all users counts for in that of one; `inf`: everything.
        dwell_slots: ascending; a user is in state ``station B + b`` once it has been there for the b-th of these slots.

    >>> chain = StationChain(users=2, stations=2, strength=float("inf"))
    >>> chain.see(np.array([[0, 1], [0, 0], [1, 0]]))
    >>> chain.matrix(0).tolist()
    [[0.75, 0.25], [0.5, 0.5]]
    """

    def __init__(self, users: int, stations: int, strength: float, dwell_slots: tuple[int, ...] = ()) -> None:
        self._strength, self._dwell_slots = strength, np.array(dwell_slots, np.int64)
        states = stations * (len(dwell_slots) + 1)
        self._all = np.zeros((states, states))
        self._prior = PRIOR_STAYS * np.eye(states)
        self._own = np.zeros((users, states, states), np.float32) if np.isfinite(strength) else None
        self._station, self._waited = np.full(users, -1), np.zeros(users, np.int64)
        self.station_of: IntArray = np.repeat(np.arange(stations), len(dwell_slots) + 1)
        """(S,) the station of each state."""

    def state(self) -> IntArray:
        """(N,) the state of each user now; -1 where it is not served."""
        waited = np.searchsorted(self._dwell_slots, self._waited, side="right")
        return np.where(self._station >= 0, self._station * (len(self._dwell_slots) + 1) + waited, -1)

    def see(self, access: IntArray) -> None:
        """Count the transitions of some slots.

        Args:
            access: (S, N) access stations, -1 where a user is not served; the slots follow those seen before.
        """
        for now in access:
            before = self.state()
            self._waited = np.where(now == self._station, self._waited + 1, 0)
            self._station = np.array(now)
            after = self.state()
            went = np.flatnonzero((before >= 0) & (after >= 0))
            np.add.at(self._all, (before[went], after[went]), 1.0)
            if self._own is not None:
                self._own[went, before[went], after[went]] += 1.0

    @property
    def is_common(self) -> bool:
        """Whether all users go by one chain."""
        return self._own is None

    def matrix(self, user: int) -> FloatArray:
        """(S, S) chances of the next state of a user, by its present one."""
        counts = self._all + self._prior
        common = counts / counts.sum(axis=1, keepdims=True)
        if self._own is None:
            return common
        own = self._own[user].astype(np.float64)
        return (own + self._strength * common) / (own.sum(axis=1, keepdims=True) + self._strength)

    def mean_presence(self, user: int, slots: int) -> FloatArray:
        """(S, M) by the state of now, the expected share of time at each station over so many slots, this one included.

        ``(1/H) sum_{h < H} P^h``, by doubling.
        """
        presence = mean_of_powers(self.matrix(user), slots)
        return np.add.reduceat(presence, np.arange(0, len(presence), len(self._dwell_slots) + 1), axis=1)


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
