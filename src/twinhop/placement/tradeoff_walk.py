"""The walk along the trade-off curve: plans and prices of one number of servers start those of the next."""

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from twinhop.placement.budget import Budget, Slice
from twinhop.placement.certificate import Certificate, Part, certify
from twinhop.placement.evaluation import evaluate
from twinhop.placement.knapsack_seating import seat_on
from twinhop.placement.mip import Outcome
from twinhop.placement.policies.lagrangian import PriceAscent
from twinhop.placement.problem import FloatArray, PlacementProblem
from twinhop.placement.search import Search
from twinhop.placement.sized_search import SizedSearch
from twinhop.placement.tradeoff_point import TradeoffPoint

logger = logging.getLogger(__name__)

#: Stations opened or closed at most, the most promising first, to get from a neighbour's plan to one of another size.
CANDIDATES = 12
#: Pairs of stations tried at most for interchange, for each number of servers.
INTERCHANGES = 60
#: Walks back along the curve at most, while they find better plans.
RETURNS = 2
#: Time for one number of servers to find any plan by branch and cut, or to prove that there is none [s].
SEATING_S = 5.0


@dataclass
class _Known:
    """What is known of one number of servers.

    Attributes:
        search: its best plan.
        price: (N,) its best user prices [s].
        theta: (M,) its congestion prices [s/sqrt(cycle)].
        reduced: (M,) the reduced costs they lead to [s].
        certificate: its bound.
        impossible: why no plan has so many servers, where that is proved.
    """

    search: SizedSearch
    price: FloatArray
    theta: FloatArray
    reduced: FloatArray
    certificate: Certificate
    impossible: str = ""


class TradeoffWalk:
    """From the best plan of all outwards, one server more and one fewer at a time; then back; then to the gap.

    Args:
        problem: what is planned; its seats suffice.
        seed: of the annealing walks.
        budget: when to stop.
        last: the most servers looked at.
    """

    def __init__(self, problem: PlacementProblem, seed: int, budget: Budget, last: int):
        self._problem, self._budget = problem, budget
        self._fewest, self._last = problem.least_open, last
        self._rng = np.random.default_rng(seed)
        self._known: dict[int, _Known] = {}
        self._whole = Search(problem, budget)

    def run(self) -> None:
        """Reach every number of servers, improve each by its neighbours, and go on to the gap asked for.

        Raises:
            InfeasibleProblem: there is no plan at all.
        """
        self._whole.start()
        self._root = PriceAscent(self._whole)
        self._root.run()
        if not self._root.closed():
            self._whole.improve(self._root.undecided(), self._root.undecided_pairs())
            self._root.last_steps()
        for m in self._outwards():
            if self._known and self._budget.exhausted():
                return
            self._reach(m)
            self._tell()
        self._return()
        for m in sorted(self._known):
            self._lift(m)
        if self._budget.gap is not None:
            self._close_gaps()

    def points(self) -> tuple[TradeoffPoint, ...]:
        """The numbers of servers reached, in order."""
        return tuple(self._point(m) for m in sorted(self._known))

    def certificate(self) -> Certificate:
        """The least bound over all numbers of servers, also those that were not reached."""
        proved, certificates = False, []
        for m in range(self._fewest, self._last + 1):
            known = self._known.get(m)
            if known is None:
                certificates.append(self._root.certificate(_exactly(m)))
            elif known.impossible:
                proved = True
            else:
                certificates.append(known.certificate)
        certificates.append(self._root.certificate(Part(self._last + 1, self._problem.stations, (), ())))
        if proved or any(each.method != "prices" for each in certificates):
            return Certificate("branch-and-bound", searched=min(each.lower_bound for each in certificates))
        parts = (part for each in certificates for part in each.parts)
        return Certificate("prices", tuple(part for part in parts if math.isfinite(part.lower_bound)))

    def _outwards(self) -> Iterator[int]:
        """All numbers of servers, from that of the best plan outwards."""
        start = min(max(int(self._whole.used().sum()), self._fewest), self._last)
        for away in range(self._last - self._fewest + 1):
            for m in dict.fromkeys((start - away, start + away)):
                if self._fewest <= m <= self._last:
                    yield m

    def _reach(self, m: int) -> None:
        """Find a plan and prices for a number of servers, from those of a neighbour or of the best plan."""
        search = SizedSearch(self._problem, self._budget, m, self._whole.instance)
        neighbour = self._known.get(m - 1) or self._known.get(m + 1)
        if self._whole.feasible:
            search.offer(self._whole.host)
        if neighbour is not None:
            _step(search, neighbour.search, neighbour.reduced)
        start = self._root if neighbour is None else neighbour
        ascent = PriceAscent(search, _exactly(m), (start.price, start.theta))
        ascent.run()
        impossible = "" if search.feasible else self._seat(search)
        self._polish(search, ascent.undecided_pairs()[:INTERCHANGES])
        ascent.last_steps()
        certificate = max(ascent.certificate(), self._root.certificate(_exactly(m)), key=lambda each: each.lower_bound)
        self._known[m] = _Known(search, ascent.price, ascent.theta, ascent.reduced, certificate, impossible)
        logger.info("%d servers: cost %.6g, bound %.6g", m, search.unscaled(search.cost), certificate.lower_bound)

    def _seat(self, search: SizedSearch) -> str:
        """Find any plan of the size by branch and cut, or return why there is none; empty where neither is known."""
        users = self._problem.users
        if search.size > users:
            return f"there are {users} users only"
        outcome, host = seat_on(self._problem, search.size, Slice(SEATING_S, whole=self._budget))
        if host is not None and not search.try_association(host):
            search.offer(host)
        if outcome is Outcome.INFEASIBLE:
            return "no association keeps all constraints (by branch and cut)"
        return ""

    def _polish(self, search: SizedSearch, pairs: list[tuple[int, int]]) -> None:
        if search.feasible and not self._budget.exhausted():
            search.improve((), pairs)
            search.anneal(int(self._rng.integers(2**31)))

    def _return(self) -> None:
        """Walk up and down the curve, as long as neighbours' plans lead to better ones."""
        for _ in range(RETURNS):
            better = [self._follow(m, m - 1) for m in range(self._fewest + 1, self._last + 1)]
            better += [self._follow(m, m + 1) for m in range(self._last - 1, self._fewest - 1, -1)]
            if not any(better):
                return

    def _follow(self, m: int, other: int) -> bool:
        """Try the neighbour's plan with one station opened or closed; returns whether that gave a better one."""
        known, neighbour = self._known.get(m), self._known.get(other)
        if known is None or neighbour is None or known.impossible or self._budget.exhausted():
            return False
        before = known.search.cost
        _step(known.search, neighbour.search, known.reduced)
        if not known.search.cost < before:
            return False
        self._polish(known.search, [])
        self._tell()
        return True

    def _lift(self, m: int) -> None:
        """Go on with the ascent of one number of servers where the prices of a neighbour prove more than its own."""
        known, part = self._known[m], _exactly(m)
        for other in (self._known.get(m - 1), self._known.get(m + 1)):
            if other is None or known.impossible or self._budget.exhausted():
                continue
            if len(other.certificate.parts) != 1:
                continue
            prices = other.certificate.parts[0].prices
            found = certify(self._problem, other.price, other.theta, prices.seat_price, prices.demand_price, part)
            if found.lower_bound > known.certificate.lower_bound:
                self._ascend_again(known, part, other)

    def _ascend_again(self, known: _Known, part: Part, other: _Known) -> None:
        ascent = PriceAscent(known.search, part, (other.price, other.theta))
        ascent.run()
        found = ascent.certificate()
        if found.lower_bound > known.certificate.lower_bound:
            known.price, known.theta, known.reduced = ascent.price, ascent.theta, ascent.reduced
            known.certificate = found

    def _close_gaps(self) -> None:
        """Branch and bound at each number of servers that has a plan, the weakest bound first."""
        left = [m for m, known in self._known.items() if known.search.feasible]
        left.sort(key=lambda m: self._known[m].certificate.lower_bound)
        for at, m in enumerate(left):
            if not self._budget.exhausted():
                self._close(
                    m, Slice(self._budget.remaining_s() / (len(left) - at), self._budget.gap, whole=self._budget)
                )
                self._tell()

    def _close(self, m: int, budget: Budget) -> None:
        known = self._known[m]
        known.search.budget = budget
        ascent = PriceAscent(known.search, _exactly(m), (known.price, known.theta))
        ascent.last_steps()
        if ascent.closed() or budget.exhausted():
            return
        known.search.anneal_often(int(self._rng.integers(2**31)), ascent.closed)
        tree = ascent.branches()
        tree.run(deep=True)
        found = tree.certificate(ascent.certificate())
        known.certificate = max(known.certificate, found, key=lambda each: each.lower_bound)

    def _point(self, m: int) -> TradeoffPoint:
        known = self._known[m]
        if not known.search.feasible:
            return TradeoffPoint(m, known.certificate, impossible=known.impossible)
        placement = known.search.placement()
        return TradeoffPoint(m, known.certificate, placement, evaluate(self._problem, placement))

    def _tell(self) -> None:
        cost = min((known.search.cost for known in self._known.values()), default=math.inf)
        self._budget.report(self._whole.unscaled(cost), self.certificate().lower_bound)


def _exactly(m: int) -> Part:
    return Part(m, m, (), ())


def _step(search: SizedSearch, neighbour: SizedSearch, reduced: FloatArray) -> None:
    """Open or close one station of a neighbour's plan, the most promising ones first."""
    if not neighbour.feasible:
        return
    used = neighbour.used()
    opens = search.size > neighbour.size
    others = np.flatnonzero(~used & (search.problem.capacity > 0)) if opens else np.flatnonzero(used)
    order = others[np.argsort(reduced[others] if opens else -reduced[others], kind="stable")]
    for tried, k in enumerate(order.tolist()):
        if search.budget.exhausted() or (tried >= CANDIDATES and search.feasible):
            return
        usable = used.copy()
        usable[k] = opens
        search.try_set(usable, neighbour.host)
