"""The cheapest plan found that goes on when any one of its servers fails, and a bound on all such plans."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, field, replace

import numpy as np

from twinhop.placement import Certificate, InfeasibleProblem, Part, Placement, PlacementProblem, Prices, evaluate
from twinhop.placement.branching import CLOSED
from twinhop.placement.budget import Budget
from twinhop.placement.certificate import certify_parts, cheapest_stations, reduced_costs
from twinhop.placement.price_ascent import PriceAscent
from twinhop.placement.problem import BoolArray, FloatArray, IntArray
from twinhop.placement.search import Search
from twinhop.placement.station_load import NOBODY
from twinhop.plans.failed_hosts import STAY
from twinhop.plans.spare_model import model_plan
from twinhop.plans.survival import Survival

#: Parts of the plans looked at, and servers on which plans are made, at most.
MOST_PARTS, MOST_PLANS = 400, 40
#: Where only their own users move and a plan does not survive, servers are filled to these shares of their limits.
FILLED = (0.95, 0.9, 0.85, 0.8, 0.7, 0.6)
#: Up to so many links it is settled whether a plan survives, where no hosts after a failure are found quickly.
PROVED_ARCS = 2_000
#: Up to so many links times stations the mixed-integer program is asked in any case, else where no plan was found.
MODELLED = 300
#: Savings below this share of the cost are none.
LEAST_SAVING = 1e-9
#: With more users exchanges of two are left out.
SWAP_USERS = 400


@dataclass(order=True)
class _Node:
    """A part of the plans by the value of its bound."""

    value: float
    number: int
    opened: frozenset[int] = field(compare=False)
    shut: frozenset[int] = field(compare=False)


class SpareSearch:
    """Branches on which servers are opened, and makes plans on those that the bound opens.

    Where servers Y do not survive a failure, by proof, no plan on Y or on some of it does: every plan of the part opens
    one more server, and the part is divided by the first of these.

    Args:
        survival: of the problem.
        budget: time allowed.
        prices: of the plan without the demand to survive.
        start: that plan.
    """

    def __init__(self, survival: Survival, budget: Budget, prices: Prices | None, start: Placement):
        self.survival, self.budget, self.problem = survival, budget, survival.problem
        self.cost, self.placement = np.inf, None
        self._start, self._made, self._count = start, set(), itertools.count()
        self._least = survival.least_open()
        self._always = frozenset(survival.always_open().tolist())
        self._price(self._first_prices(prices))

    def _price(self, prices: Prices) -> None:
        self._prices, self._reduced = prices, reduced_costs(self.problem, *prices)[0]

    def run(self) -> Certificate:
        """Look for a plan; the bound on all that survive: at first prices, and at those raised towards its cost."""
        certificate = self._children()
        if self.placement is None:
            self._make(self.problem.capacity > 0)
        if self.placement is None or self._is_small():
            self._take(model_plan(self.survival, self._charge(), self.budget))
        self._improve()
        if self.placement is not None and self.cost > certificate.lower_bound * (1 + CLOSED):
            self._price(self._raised(self.placement))
            certificate = max(certificate, self._children(), key=lambda each: each.lower_bound)
        return certificate

    def _children(self) -> Certificate:
        """Divide the plans into parts, the one of least bound first, and make plans; the bound of all parts."""
        settled: list[_Node] = []
        waiting: list[_Node] = []
        self._push(waiting, self._always, frozenset())
        looked = 0
        while waiting and looked < MOST_PARTS and not self.budget.exhausted():
            node = heapq.heappop(waiting)
            looked += 1
            if node.value >= self.cost * (1 - LEAST_SAVING):
                settled.append(node)
                break
            if not self._branch(waiting, node):
                settled.append(node)
            self.budget.report(self.cost, node.value)
        return certify_parts(self.problem, [(self._part(each), self._prices) for each in [*settled, *waiting]])

    def _branch(self, waiting: list[_Node], node: _Node) -> bool:
        """Divide a part; False where it is not to be divided."""
        chosen = self._chosen(node)
        assert chosen is not None
        opened = np.zeros(self.problem.stations, bool)
        opened[chosen] = True
        if self.survival.may_survive(opened) is False:
            rest = [k for k in self.survival.hosts.tolist() if not opened[k] and k not in node.shut]
            rest.sort(key=lambda k: self._reduced[k])
            for at, k in enumerate(rest):
                self._push(waiting, node.opened | {k}, node.shut | frozenset(rest[:at]))
            return True
        self._make(opened)
        free = [k for k in self.survival.hosts.tolist() if k not in node.opened and k not in node.shut]
        if not free or len(self._made) >= MOST_PLANS:
            return False
        k = min(free, key=lambda k: abs(self._reduced[k]))
        self._push(waiting, node.opened | {k}, node.shut)
        self._push(waiting, node.opened, node.shut | {k})
        return True

    def _push(self, waiting: list[_Node], opened: frozenset[int], shut: frozenset[int]) -> None:
        node = _Node(0.0, next(self._count), opened, shut)
        chosen = self._chosen(node)
        if chosen is None or opened & shut:  # the part holds no plan
            return
        scaled = float(self._prices.price.sum() + self._reduced[chosen].sum())
        node.value = self.problem.alpha / self.problem.users * scaled + self.problem.constant_cost
        heapq.heappush(waiting, node)

    def _part(self, node: _Node) -> Part:
        return Part(self._least, self.problem.stations, tuple(sorted(node.opened)), tuple(sorted(node.shut)))

    def _chosen(self, node: _Node) -> IntArray | None:
        return cheapest_stations(self._reduced, self._part(node))

    def _raised(self, placement: Placement) -> Prices:
        """Prices raised towards the cost of a plan that survives."""
        search = Search(self.problem, self.budget)
        search.host = placement.host
        search.cost = (self.cost - self.problem.constant_cost) * self.problem.users / self.problem.alpha
        part = Part(self._least, self.problem.stations, (), ())
        ascent = PriceAscent(search, part, (self._prices.price, self._prices.congestion))
        ascent.raise_prices()
        return ascent.certificate().parts[0].prices

    def _first_prices(self, prices: Prices | None) -> Prices:
        """Prices for plans that open so many servers, from those of the plan without the demand to survive."""
        problem = self.problem
        search = Search(problem, self.budget)
        if not search.try_association(self._start.host):
            search.try_set(problem.capacity > 0)
        part = Part(self._least, problem.stations, (), ())
        begin = None if prices is None else (prices.price, prices.congestion)
        if begin is None and not search.feasible:
            begin = (np.where(np.isfinite(problem.comm_s), problem.comm_s, 0.0).max(axis=1), np.zeros(problem.stations))
        ascent = PriceAscent(search, part, begin)
        ascent.run()
        certificate = ascent.certificate()
        return certificate.parts[0].prices

    def _charge(self) -> FloatArray:
        """(N, M) what each link costs at the congestion prices [s]."""
        return self.problem.comm_s + self._prices.congestion * self.problem.root_work[:, None]

    def _is_small(self) -> bool:
        return self.problem.allowed.sum() * self.problem.stations <= MODELLED

    def _make(self, opened: BoolArray) -> None:
        """Make a plan on these servers, and, where it does not survive, one that fills them less."""
        key = opened.tobytes()
        if key in self._made:
            return
        self._made.add(key)
        host = self._associated(opened, 1.0)
        if host is None or self._offer(host, opened) is not False or self.survival.rules.moves != STAY:
            return
        for share in FILLED:
            host = self._associated(opened, share)
            if host is not None and self._offer(host, opened):
                return

    def _associated(self, opened: BoolArray, share: float) -> IntArray | None:
        """(N,) hosts on these servers at the least cost that is found, each filled to a share of its limits."""
        problem = _within(self.problem, opened, share)
        search = Search(problem, self.budget)
        stays = problem.allowed[np.arange(problem.users), self._start.host]
        nobody = np.full(problem.users, NOBODY, np.int64)
        search.try_set(problem.capacity > 0, np.where(stays, self._start.host, nobody))
        if not search.feasible or problem.users <= SWAP_USERS:
            search.try_set(problem.capacity > 0, nobody)
        if not search.feasible and share == 1.0:
            try:
                search.start()
            except InfeasibleProblem:
                return None
        if not search.feasible:
            return None
        if problem.users <= SWAP_USERS:
            search.move()
            search.swap()
            search.anneal(0)
        return search.host

    def _offer(self, host: IntArray, opened: BoolArray) -> bool | None:
        """Take a plan that is better and survives; False where it does not survive, None where it is no better."""
        placement = Placement(np.ascontiguousarray(host, np.int64), opened | np.isin(np.arange(opened.size), host))
        evaluation = evaluate(self.problem, placement)
        if not evaluation.feasible or evaluation.cost >= self.cost * (1 - LEAST_SAVING):
            return None
        if not self.survival.survives(placement.open, host, prove=self.problem.allowed.sum() <= PROVED_ARCS):
            return False
        self.cost, self.placement = evaluation.cost, placement
        return True

    def _take(self, placement: Placement | None) -> None:
        if placement is not None:
            self._offer(placement.host, placement.open)

    def _improve(self) -> None:
        """Close servers, and exchange one for another, while that saves and the plan survives."""
        while self.placement is not None and not self.budget.exhausted() and len(self._made) < 4 * MOST_PLANS:
            before = self.cost
            for opened in self._neighbours(self.placement.open):
                if self.budget.exhausted():
                    break
                self._make(opened)
                if self.cost < before:
                    break
            if self.cost >= before:
                return

    def _neighbours(self, opened: BoolArray) -> list[BoolArray]:
        """Servers with one closed, with one more opened, and with one in place of another, likely ones first."""
        inside = sorted(np.flatnonzero(opened).tolist(), key=lambda k: -self._reduced[k])
        outside = sorted(np.flatnonzero((self.problem.capacity > 0) & ~opened).tolist(), key=lambda k: self._reduced[k])
        changes = [(a,) for a in inside] + [(b,) for b in outside]
        changes += sorted(
            itertools.product(inside, outside), key=lambda pair: self._reduced[pair[1]] - self._reduced[pair[0]]
        )[:MOST_PLANS]
        neighbours = []
        for change in changes:
            other = opened.copy()
            other[list(change)] ^= True
            neighbours.append(other)
        return neighbours


def _within(problem: PlacementProblem, opened: BoolArray, share: float) -> PlacementProblem:
    """The problem on some servers, their opening paid, with a share of their seats and demand capacity."""
    capacity = np.where(opened, np.ceil(share * np.minimum(problem.capacity, problem.users)), 0).astype(np.int64)
    changes: dict = {"capacity": capacity, "opening_s": np.zeros(problem.stations)}
    if problem.demand_capacity is not None:
        changes["demand_capacity"] = share * problem.demand_capacity
    return replace(problem, **changes)
