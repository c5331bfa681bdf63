"""Deadlines that may be missed at a price: what a plan pays for them, and how a server shares its CPU under them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.kernels.edge import cpu_room
from twinhop.kernels.shares import host_shares
from twinhop.network import computing_latency_s, minimum_share_cycles_per_s

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: A deadline counts as missed only when the CPU share falls short by more than this, relatively: rounding.
SHORT = 1e-8


@dataclass(frozen=True)
class PricedDeadlines:
    """Deadlines on the update latency, each of which may be missed at a price.

    A user on a station whose whole CPU would not keep its deadline misses it *for certain*, whoever else is there;
    the problem's ``comm_s`` counts the price on these arcs. Others miss it where the CPU is shared so that they do.

    Attributes:
        update_comm_s: (N, M) communication latency of one update [s].
        update_work: (N,) work of one update [cycle].
        deadline_s: (N,) on the update latency, ``inf`` for none [s].
        cpu: (M,) CPU capacity [cycle/s].
        price_s: what a missed deadline costs, as latency of its user [s].
    """

    update_comm_s: FloatArray
    update_work: FloatArray
    deadline_s: FloatArray
    cpu: FloatArray
    price_s: float

    def __post_init__(self) -> None:
        if not 0 < self.price_s < np.inf:
            raise InputError(f"price_s: got {self.price_s:g}; expected a finite number > 0")

    @cached_property
    def floor(self) -> FloatArray:
        """(N, M) CPU share that keeps the deadline of a user on a station; inf where its whole CPU does not [cycle/s].

        ``update_work_i / (deadline_i - update_comm_ik)``
        """
        floor = minimum_share_cycles_per_s(self.update_work[:, None], self.deadline_s[:, None], self.update_comm_s)
        return np.where(floor <= cpu_room(self.cpu), floor, np.inf)

    @cached_property
    def certain(self) -> BoolArray:
        """(N, M) arcs on which the deadline is missed for certain."""
        return np.isinf(self.floor)

    @cached_property
    def surcharge_s(self) -> FloatArray:
        """(N, M) what ``comm_s`` counts for misses that are certain [s]."""
        return np.where(self.certain, self.price_s, 0.0)

    def where_meetable(self) -> dict[str, FloatArray]:
        """Deadlines that hold wherever the host alone could keep them, as arrays of a problem.

        Where it could not, an update is taken to need no communication: its minimum share is then at its least, which
        is near to none.
        """
        return {
            "update_comm_s": np.where(self.certain, 0.0, self.update_comm_s),
            "update_work": self.update_work,
            "deadline_s": self.deadline_s,
        }

    def late(self, host: IntArray, share: FloatArray) -> BoolArray:
        """(N,) whether each user misses its deadline with these CPU shares (N,) on these hosts (N,)."""
        return share * (1 + SHORT) < self.floor[np.arange(len(host)), host]

    def shares(self, host: IntArray, weight: FloatArray, work: FloatArray) -> FloatArray:
        """CPU shares on every station by the cheaper of two rules.

        The first shares by weight, as if there were no deadlines. The second keeps as many deadlines as fit, those of
        the smallest minimum shares first, and shares what is left by weight. Per station the one is taken of which
        ``sum_i work_i / f_i`` plus the price of the missed deadlines is less.

        Args:
            host: (N,) hosts.
            weight: (N,) weights of the CPU rule.
            work: (N,) works whose computing latency the cost counts [cycle].

        Returns:
            (N,) shares [cycle/s].
        """
        floor = self.floor[np.arange(len(host)), host]
        by_weight = _shares(host, weight, np.zeros(len(host)), self.cpu)
        if not (self.late(host, by_weight) & np.isfinite(floor)).any():
            return by_weight
        keeping = _shares(host, weight, np.where(self._fitting(host, floor), floor, 0.0), self.cpu)
        costs = [
            np.bincount(
                host,
                computing_latency_s(work, share) + self.price_s * self.late(host, share),
                minlength=len(self.cpu),
            )
            for share in (by_weight, keeping)
        ]
        return np.where((costs[1] < costs[0])[host], keeping, by_weight)

    def _fitting(self, host: IntArray, floor: FloatArray) -> BoolArray:
        """(N,) users whose minimum shares, taken in rising order on each station, fit together."""
        fitting = np.zeros(len(host), bool)
        for k in np.unique(host):
            members = np.flatnonzero(host == k)
            ordered = members[np.argsort(floor[members], kind="stable")]
            fitting[ordered[np.cumsum(floor[ordered]) <= self.cpu[k]]] = True
        return fitting


def _shares(host: IntArray, weight: FloatArray, floor: FloatArray, cpu: FloatArray) -> FloatArray:
    share = np.empty(len(host))
    host_shares(np.array(host), np.array(weight), floor, True, np.array(cpu), share)
    return share
