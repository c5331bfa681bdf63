"""Prices of one problem, raised step by step, the bound that they prove and the plans that they suggest."""

import logging
import math

import numpy as np

from twinhop.kernels.opening import opened_stations, switching_penalties
from twinhop.placement.branching import CLOSED, BranchAndBound
from twinhop.placement.certificate import (
    Certificate,
    Part,
    Prices,
    all_plans,
    certify_best,
    charges,
)
from twinhop.placement.prices import STEP_RULE, PriceState, ascend, by_station, make_price_state
from twinhop.placement.problem import BoolArray, FloatArray, IntArray
from twinhop.placement.search import Search
from twinhop.placement.station_load import Instance

logger = logging.getLogger(__name__)

#: Price steps between two looks at the plan, and at most so many looks.
STEPS = 25
ROUNDS = 40
#: Under a time limit the clock is looked at after so many arcs, a millisecond; so many steps are made whatever it says.
ARCS_BETWEEN_LOOKS, LEAST_STEPS = 100_000, 25
#: The ascent ends once a round closes less than this share of the gap, twice in a row.
LEAST_PROGRESS = 0.03
#: Branches on the number of stations: of at most so many numbers, steps between two looks, and their first length.
NUMBERS, BRANCH_STEPS, BRANCH_LENGTH = 12, 4, 0.2
#: Pairs of stations tried at most for interchange.
INTERCHANGES = 300


class PriceAscent:
    """Prices for one problem, raised step by step, and the plans they suggest to a `Search`.

    Args:
        search: where plans are tried.
        part: the plans to bound, by the number of stations opened alone; None: all.
        prices: (N,) user prices and (M,) congestion prices to start from; None: those of the search's plan.
    """

    def __init__(self, search: Search, part: Part | None = None, prices: tuple[FloatArray, FloatArray] | None = None):
        self.search = search
        self._problem = search.problem
        self._instance = search.instance
        self._by_station = by_station(self._instance)
        self._part = part or all_plans(self._problem)
        self._state = make_price_state(*(prices or _first_prices(search)))
        self._free = np.zeros(self._problem.stations, np.int64)  # no station is forced
        self._visited: set[bytes] = set()
        self._made = 0

    @property
    def bound(self) -> float:
        """The best relaxed value so far [s], not yet certified."""
        return float(self._state.progress[0])

    @property
    def price(self) -> FloatArray:
        """(N,) the best user prices [s]."""
        return self._state.best_price

    @property
    def theta(self) -> FloatArray:
        """(M,) the congestion prices that go with them [s/sqrt(cycle)]."""
        return self._state.best_theta

    @property
    def reduced(self) -> FloatArray:
        """(M,) the reduced costs that they lead to [s]."""
        return self._state.best_reduced

    def closed(self, gap: float = CLOSED) -> bool:
        """Whether the gap asked for is reached, or one that is close enough [1]."""
        room = max(self.search.budget.gap or 0.0, gap) * abs(self.bound)
        return bool(np.isfinite(self.bound)) and self.search.cost - self.bound <= room

    def run(self, enough: float = CLOSED) -> None:
        """Raise the prices and try the opened sets they suggest, until little is gained or a gap is reached."""
        idle = 0
        for _ in range(ROUNDS):
            before = self.bound
            self.steps(STEPS)
            self._try(self._state.chosen)
            self.try_open_set()
            self._report(before)
            if self.closed(enough) or self.search.budget.exhausted():
                return
            idle = idle + 1 if self.bound - before < LEAST_PROGRESS * (self.search.cost - self.bound) else 0
            if idle == 2:
                return

    def raise_prices(self) -> None:
        """Raise the prices towards the cost of the search, trying no plans, until little is gained."""
        for _ in range(ROUNDS):
            before = self.bound
            self.steps(STEPS)
            if self.bound - before < LEAST_PROGRESS * (self.search.cost - self.bound) or self.search.budget.exhausted():
                return

    def _report(self, before: float) -> None:
        search = self.search
        search.report(self.bound)
        cost, bound, gained = (search.unscaled(value) for value in (search.cost, self.bound, before))
        logger.info("prices: bound %.6g (before %.6g), best plan %.6g", bound, gained, cost)

    def last_steps(self) -> None:
        """A few more steps towards the better plan that local search found."""
        if not self.closed() and not self.search.budget.exhausted():
            self.steps(STEPS)

    def asked(self, instance: Instance) -> FloatArray:
        """(N, M) what the best prices ask of each user on each station: latency, CPU, a seat [s]; inf on no arc."""
        state = self._state
        computing = charges(self._problem, np.arange(self._problem.stations), state.best_theta)
        return instance.comm + computing + state.best_nu

    @property
    def prices(self) -> Prices:
        """The best prices, as `certify` takes them."""
        return self._prices(self._state)

    def bounds_by_number(self) -> FloatArray:
        """(usable stations,) relaxed values of plans that open 1, 2, ... stations, at the best prices [s]."""
        reduced = self._state.best_reduced
        return self._state.best_price.sum() + np.cumsum(np.sort(reduced[np.isfinite(reduced)]))

    def by_number(self, steps: int) -> Certificate:
        """A bound by branches on the number m of stations opened, each at prices of its own.

        ``min over m of max over prices of (alpha/N) [sum_i price_i + the m least reduced costs]``: what is lost where
        prices cannot decide between m and m + 1 stations is won back. A branch whose bound passes the plan's cost is
        left as it is, and all numbers beyond it share the prices of the root.

        Args:
            steps: price steps in each branch, at most.
        """
        state, part, search = self._state, self._part, self.search
        root = self.prices
        value = self.bounds_by_number()
        fewest, most = max(part.fewest, 1), min(part.most, value.size)
        enough = search.cost if search.feasible else np.inf
        open_ = [m for m in range(fewest, most + 1) if value[m - 1] < enough * (1 - CLOSED)]
        if not open_ or len(open_) > NUMBERS or self.closed():
            return self.certificate()
        parts = []
        if open_[0] > fewest:
            parts.append((Part(fewest, open_[0] - 1, (), ()), root))
        if open_[-1] < most:
            parts.append((Part(open_[-1] + 1, most, (), ()), root))
        for m in open_:
            branch = make_price_state(state.best_price, state.best_theta)
            branch.progress[1] = BRANCH_LENGTH
            target = enough if math.isfinite(enough) else self._guess()
            for _ in range(0, steps, BRANCH_STEPS):
                if (
                    ascend(self._instance, self._by_station, branch, self._free, m, m, target, BRANCH_STEPS) >= enough
                    or search.budget.exhausted()
                ):
                    break
            parts.append((Part(m, m, (), ()), self._prices(branch)))
        return certify_best(self._problem, parts, self.search.least_gain)

    def _prices(self, state: PriceState) -> Prices:
        demand = state.best_mu.copy() if self._problem.has_demand else None
        return Prices(state.best_price.copy(), state.best_theta.copy(), state.best_nu.copy(), demand)

    def branches(self) -> BranchAndBound:
        """Branch and bound from the best prices on."""
        return BranchAndBound(self.search, self._by_station, self._state, self._part)

    @property
    def penalties(self) -> FloatArray:
        """(M,) how much the relaxed value rises, at least, if a station is in the other state [s]."""
        return self._penalties()

    @property
    def opened(self) -> BoolArray:
        """(M,) the stations that the best prices open."""
        return self._open_set()

    def shake(self) -> None:
        """Let the next steps be long again."""
        self._state.progress[1:] = STEP_RULE.length / 4, 0.0

    def present(self) -> tuple[BoolArray, IntArray]:
        """(M,) the stations open at the present prices, and (N,) where they have users whole, at the nearest; or -1."""
        state = self._state
        opened = state.chosen & (self._problem.capacity > 0)
        taken = (state.shares > 1 - 1e-9) & opened[:, None]
        comm = np.where(taken, self._by_station.comm, np.inf)
        return opened, np.where(taken.any(axis=0), comm.argmin(axis=0), -1)

    def undecided(self) -> IntArray:
        """Stations that a better plan may have in the other state, those nearest zero reduced cost first.

        Where the bound with station k forced open (or shut) passes the cost of the plan known, no better plan has it
        so.
        """
        penalty = self._penalties()
        room = self.search.cost - self.bound
        state_differs = self._open_set() != self.search.used()
        worth = (penalty <= room) | state_differs
        order = np.argsort(penalty, kind="stable")
        return order[worth[order] & (self._problem.capacity[order] > 0)]

    def undecided_pairs(self) -> list[tuple[int, int]]:
        """Pairs of stations worth interchanging: those whose penalties together leave room below the plan's cost."""
        penalty, candidates = self._penalties(), self.undecided()
        room = self.search.cost - self.bound
        pairs = [(a, b) for at, a in enumerate(candidates) for b in candidates[:at] if penalty[a] + penalty[b] <= room]
        return sorted(pairs, key=lambda pair: penalty[pair[0]] + penalty[pair[1]])[:INTERCHANGES]

    @property
    def part(self) -> Part:
        """The plans that are bounded."""
        return self._part

    def certificate(self, part: Part | None = None) -> Certificate:
        """The lower bound, recomputed with rounding under control: on the plans of another part where one is given.

        Where demands or deadlines bind, with users that are not divided.
        """
        return certify_best(self._problem, [(part or self._part, self.prices)], self.search.least_gain)

    def steps(self, count: int) -> None:
        """Raise the prices by so many steps, towards the cost of the best plan known; by fewer if time runs out."""
        target = self.search.cost if self.search.feasible else self._guess()
        at_once = count
        if math.isfinite(self.search.budget.remaining_s()):
            at_once = max(1, ARCS_BETWEEN_LOOKS // self._problem.comm_s.size)
        while count > 0 and not (self._made >= LEAST_STEPS and self.search.budget.exhausted()):
            made = min(at_once, count)
            ascend(
                self._instance,
                self._by_station,
                self._state,
                self._free,
                self._part.fewest,
                self._part.most,
                target,
                made,
            )
            count, self._made = count - made, self._made + made

    def try_open_set(self) -> None:
        """Offer the stations that the best prices open to the search, once."""
        self._try(self._open_set())

    def _guess(self) -> float:
        return self.bound + 0.05 * abs(self.bound) if np.isfinite(self.bound) else float(self._state.price.sum())

    def _try(self, opened: BoolArray) -> None:
        key = opened.tobytes()
        if key in self._visited or not opened.any() or self.search.budget.exhausted():
            return
        self._visited.add(key)
        self.search.try_set(opened.copy())

    def _open_set(self) -> BoolArray:
        """(M,) the stations that the best prices open."""
        return opened_stations(self._state.best_reduced, self._free, self._part.fewest, self._part.most)

    def _penalties(self) -> FloatArray:
        """(M,) how much the relaxed value rises, at least, if station k is forced into the other state [s]."""
        part = self._part
        return switching_penalties(self._state.best_reduced, self._free, self._open_set(), part.fewest, part.most)


def _first_prices(search: Search) -> tuple[FloatArray, FloatArray]:
    """Prices at which the stations of the present plan just pay.

    ``price = comm + s max(2 load / F, load / F + opening / load)`` and ``theta = 2 load / F``.
    """
    instance, host = search.instance, search.host
    load = np.bincount(host, instance.root_work, minlength=instance.cpu.size)
    busy = load > 0
    congestion = np.where(busy, 2 * load / instance.cpu, 0.0)
    share = np.divide(instance.opening, load, out=np.zeros_like(load), where=busy)
    rate = np.maximum(congestion, load / instance.cpu + share)
    users = np.arange(host.size)
    comm = np.where(np.isfinite(instance.comm[users, host]), instance.comm[users, host], 0.0)
    price = comm + instance.root_work * rate[host]
    idle = ~busy[host]
    if idle.any():  # twins without work still share their station's opening
        users_on = np.bincount(host, minlength=instance.cpu.size)
        price = price + np.where(idle, instance.opening[host] / users_on[host], 0.0)
    return price, congestion
