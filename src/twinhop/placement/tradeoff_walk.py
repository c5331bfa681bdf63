"""The walk along the trade-off curve: plans and prices of one number of servers start those of the next."""

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from twinhop.placement.budget import Budget, SubBudget
from twinhop.placement.certificate import KNAPSACKS, PRICES, Certificate, Part, Prices, certify
from twinhop.placement.evaluation import evaluate
from twinhop.placement.knapsack_seating import seat_on
from twinhop.placement.mip import MipStatus
from twinhop.placement.price_ascent import PriceAscent
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
class _SizeState:
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
        self._states: dict[int, _SizeState] = {}
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
            if self._states and self._budget.exhausted():
                return
            self._reach(m)
            self._report()
        self._return()
        for m in sorted(self._states):
            self._lift(m)
        if self._budget.gap is not None:
            self._close_gaps()

    def points(self) -> tuple[TradeoffPoint, ...]:
        """The numbers of servers reached, in order."""
        return tuple(self._point(m) for m in sorted(self._states))

    def certificate(self) -> Certificate:
        """The least bound over all numbers of servers, also those that were not reached."""
        proved, certificates = False, []
        for m in range(self._fewest, self._last + 1):
            state = self._states.get(m)
            if state is None:
                certificates.append(self._root.certificate(_exactly(m)))
            elif state.impossible:
                proved = True
            else:
                certificates.append(state.certificate)
        certificates.append(self._root.certificate(Part(self._last + 1, self._problem.stations, (), ())))
        if proved or any(each.method not in (PRICES, KNAPSACKS) for each in certificates):
            return Certificate("branch-and-bound", searched=min(each.lower_bound for each in certificates))
        parts = tuple(part for each in certificates for part in each.parts if math.isfinite(part.lower_bound))
        return Certificate(KNAPSACKS if any(each.method == KNAPSACKS for each in certificates) else PRICES, parts)

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
        neighbour = self._states.get(m - 1) or self._states.get(m + 1)
        if self._whole.feasible:
            search.offer(self._whole.host)
        if neighbour is not None:
            _step(search, neighbour.search, neighbour.reduced)
        start = self._root if neighbour is None else neighbour
        ascent = PriceAscent(search, _exactly(m), (start.price, start.theta))
        ascent.run()
        impossible = "" if search.feasible else self._seat(search)
        self._local_moves(search, ascent.undecided_pairs()[:INTERCHANGES])
        ascent.last_steps()
        certificate = max(ascent.certificate(), self._root.certificate(_exactly(m)), key=lambda each: each.lower_bound)
        self._states[m] = _SizeState(search, ascent.price, ascent.theta, ascent.reduced, certificate, impossible)
        logger.info("%d servers: cost %.6g, bound %.6g", m, search.unscaled(search.cost), certificate.lower_bound)

    def _seat(self, search: SizedSearch) -> str:
        """Find any plan of the size by branch and cut, or return why there is none; empty where neither is known."""
        users = self._problem.users
        if search.size > users:
            return f"there are {users} users only"
        status, host = seat_on(self._problem, search.size, SubBudget(SEATING_S, whole=self._budget))
        if host is not None and not search.try_association(host):
            search.offer(host)
        if status is MipStatus.INFEASIBLE:
            return "no association keeps all constraints (by branch and cut)"
        return ""

    def _local_moves(self, search: SizedSearch, pairs: list[tuple[int, int]]) -> None:
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
        state, neighbour = self._states.get(m), self._states.get(other)
        if state is None or neighbour is None or state.impossible or self._budget.exhausted():
            return False
        before = state.search.cost
        _step(state.search, neighbour.search, state.reduced)
        if not state.search.cost < before:
            return False
        self._local_moves(state.search, [])
        self._report()
        return True

    def _lift(self, m: int) -> None:
        """Go on with the ascent of one number of servers where the prices of a neighbour prove more than its own."""
        state, part = self._states[m], _exactly(m)
        for other in (self._states.get(m - 1), self._states.get(m + 1)):
            if other is None or state.impossible or self._budget.exhausted():
                continue
            if len(other.certificate.parts) != 1:
                continue
            prices = other.certificate.parts[0].prices
            own = Prices(other.price, other.theta, prices.seat_price, prices.demand_price)
            certificate = certify(self._problem, *own, part, method=other.certificate.formula)
            if certificate.lower_bound > state.certificate.lower_bound:
                self._ascend_again(state, part, other)

    def _ascend_again(self, state: _SizeState, part: Part, other: _SizeState) -> None:
        ascent = PriceAscent(state.search, part, (other.price, other.theta))
        ascent.run()
        certificate = ascent.certificate()
        if certificate.lower_bound > state.certificate.lower_bound:
            state.price, state.theta, state.reduced = ascent.price, ascent.theta, ascent.reduced
            state.certificate = certificate

    def _close_gaps(self) -> None:
        """Branch and bound at each number of servers that has a plan, the weakest bound first."""
        remaining = [m for m, state in self._states.items() if state.search.feasible]
        remaining.sort(key=lambda m: self._states[m].certificate.lower_bound)
        for at, m in enumerate(remaining):
            if not self._budget.exhausted():
                time_limit_s = self._budget.remaining_s() / (len(remaining) - at)
                self._close(m, SubBudget(time_limit_s, self._budget.gap, whole=self._budget))
                self._report()

    def _close(self, m: int, budget: Budget) -> None:
        state = self._states[m]
        state.search.budget = budget
        ascent = PriceAscent(state.search, _exactly(m), (state.price, state.theta))
        ascent.last_steps()
        if ascent.closed() or budget.exhausted():
            return
        state.search.anneal_often(int(self._rng.integers(2**31)), ascent.closed)
        tree = ascent.branches()
        tree.run(deep=True)
        certificate = tree.certificate(ascent.certificate())
        state.certificate = max(state.certificate, certificate, key=lambda each: each.lower_bound)

    def _point(self, m: int) -> TradeoffPoint:
        state = self._states[m]
        if not state.search.feasible:
            return TradeoffPoint(m, state.certificate, impossible=state.impossible)
        placement = state.search.placement()
        return TradeoffPoint(m, state.certificate, placement, evaluate(self._problem, placement))

    def _report(self) -> None:
        cost = min((state.search.cost for state in self._states.values()), default=math.inf)
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
    for trial, k in enumerate(order.tolist()):
        if search.budget.exhausted() or (trial >= CANDIDATES and search.feasible):
            return
        usable = used.copy()
        usable[k] = opens
        search.try_set(usable, neighbour.host)
