"""Branch and bound on the prices: on the number of stations opened, on single stations, on single arcs.

A branch is a part of all plans. Its relaxed value, raised by prices of its own, bounds every plan in it; branches split
into parts that cover them, the weakest first. The least value of all parts bounds every plan.
"""

import heapq
import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from twinhop.kernels.opening import opened_stations, switching_penalties
from twinhop.placement.association import Associations
from twinhop.placement.certificate import Certificate, Part, Prices, all_plans, certify_best, charges
from twinhop.placement.prices import ByStation, PriceState, ascend, make_price_state
from twinhop.placement.problem import BoolArray, FloatArray, IntArray
from twinhop.placement.search import Search

logger = logging.getLogger(__name__)

#: Price steps in a row, and at most so many rows for one branch.
STEPS = 12
ROWS = 8
#: A branch is split once a row closes less than this share of its gap.
LEAST_PROGRESS = 0.1
#: Values are lowered by this share of the magnitudes in them: float64 errs by 1e-16 in each of many operations.
VALUE_MARGIN = 1e-11
#: Gaps below this, relatively, count as closed.
CLOSED = 1e-9
#: Memory for the arcs of waiting branches [byte].
MOST_BYTES = 2**30
#: A walk through the associations of decided stations is so many times longer than the standard one at the start, and
#: at most, as more and more parts of them are looked at.
FIRST_WALK, LAST_WALK = 8, 1024
#: Parts are listed in a certificate where there are no more of them than this, by no more different prices than that.
MOST_PARTS, MOST_PRICES = 4096, 64


@dataclass(frozen=True, eq=False)
class Branch:
    """A part of all plans, and the best prices known for it.

    Attributes:
        fewest: fewest stations open.
        most: most stations open.
        forced: (M,) 1 for stations that are open, -1 for those that are shut, 0 for the others.
        arcs: (M, N) arcs that may be used, None for all.
        price: (N,) user prices [s].
        theta: (M,) congestion prices [s/sqrt(cycle)].
        nu: (M,) seat prices [s].
        mu: (M,) demand prices [s/unit].
        value: no plan of the branch costs less, scaled [s].
        associations: the parts of its associations where its stations are decided and they are branched on; else None.
    """

    fewest: int
    most: int
    forced: IntArray
    arcs: BoolArray | None
    price: FloatArray
    theta: FloatArray
    nu: FloatArray
    mu: FloatArray
    value: float
    associations: Associations | None = None

    @property
    def part(self) -> Part:
        """The part of the plans that its stations say."""
        opened, shut = np.flatnonzero(self.forced == 1), np.flatnonzero(self.forced == -1)
        return Part(self.fewest, self.most, tuple(opened.tolist()), tuple(shut.tolist()))


class BranchAndBound:
    """The branches of one problem, from the prices of its root on.

    Args:
        search: where plans are tried; it holds the best one.
        by_station: the arcs transposed.
        root: prices to begin with.
        part: the plans to bound, by the number of stations opened alone; None: all.
    """

    def __init__(self, search: Search, by_station: ByStation, root: PriceState, part: Part | None = None):
        self.search = search
        self._problem = search.problem
        self._instance = search.instance
        self._by_station = by_station
        self._waiting: list[tuple[float, int, Branch]] = []
        self._settled: list[Branch] = []
        self._least_done = np.inf
        self._count = 0
        self._visited: set[bytes] = set()
        self._split_by_number(root, part or all_plans(self._problem))

    def __len__(self) -> int:
        """The number of branches that wait."""
        return len(self._waiting)

    @property
    def bound(self) -> float:
        """No plan costs less, scaled [s]; never above the best plan, less what rounding may hide of a better one."""
        waiting = self._waiting[0][0] if self._waiting else np.inf
        return min(self._least_done, waiting, self.search.cost - self.search.least)

    def closed(self, value: float) -> bool:
        """Whether a branch of this value may hold no plan that is better by more than the gap asked for."""
        gap = max(self.search.budget.gap or 0.0, CLOSED)
        return self.search.cost - value <= gap * abs(value)

    def run(self, deep: bool, most: float = math.inf) -> None:
        """Raise and split the weakest branch until the gap is closed, the budget ends, or nothing more is gained.

        Args:
            deep: also split by arcs, so that the gap closes in the end; else stop where stations do not help.
            most: branches looked at in all; any number by default.
        """
        while self._waiting and not self.closed(self.bound) and not self.search.budget.exhausted() and most > 0:
            most -= 1
            branch = heapq.heappop(self._waiting)[2]
            if self.closed(branch.value):
                self._settle(branch)
                continue
            if branch.associations is not None:
                branch = self._associate(branch, branch.associations)
                (self._push if branch.associations else self._settle)(branch)
                self.search.report(self.bound)
                continue
            raised, state = self._raise(branch, deep)
            self._offer(state, raised, deep)
            children = [] if self.closed(raised.value) else self._children(raised, state, deep)
            if not children:
                self._settle(raised)
            for child in children:
                self._push(child)
            if not deep and not children and not self.closed(raised.value):
                return
            self.search.report(self.bound)

    def certificate(self, root: Certificate) -> Certificate:
        """The list of all parts where they are few and use all arcs, else their bound; the root's where no lower."""
        parts = [*self._settled, *(branch for _, _, branch in self._waiting)]
        priced = _by_prices(parts)
        few = len(parts) <= MOST_PARTS and len(priced) <= MOST_PRICES
        if few and all(branch.arcs is None and branch.associations is None for branch in parts):
            listed = certify_best(
                self._problem, [each for branches in priced for each in self._listed(branches)], self.search.least_gain
            )
            return listed if listed.parts and listed.lower_bound > root.lower_bound else root
        bound = self.search.unscaled(self.bound)
        return root if bound <= root.lower_bound else Certificate("branch-and-bound", root.parts, bound)

    def _listed(self, branches: list[Branch]) -> Iterator[tuple[Part, Prices]]:
        """The parts of branches with the same prices, and these as one object."""
        first = branches[0]
        prices = Prices(first.price, first.theta, first.nu, first.mu if self._problem.has_demand else None)
        return ((branch.part, prices) for branch in branches)

    def _split_by_number(self, root: PriceState, part: Part) -> None:
        """One branch for each number of stations that a better plan may open, and two for all fewer and all more."""
        problem = self._problem
        reduced = np.sort(root.best_reduced[problem.capacity > 0])
        value = root.best_price.sum() + np.concatenate([[0.0], np.cumsum(reduced)])
        value -= VALUE_MARGIN * (np.abs(root.best_price).sum() + np.concatenate([[0.0], np.cumsum(np.abs(reduced))]))
        numbers = np.arange(part.fewest, min(part.most, reduced.size) + 1)
        worth = [m for m in numbers.tolist() if not self.closed(value[m])]
        if not worth:
            least = float(value[numbers].min(initial=np.inf))
            self._settle(self._root_branch(root, part.fewest, part.most, least))
            return
        low, high = worth[0], worth[-1]
        if low > part.fewest:
            self._settle(self._root_branch(root, part.fewest, low - 1, float(value[low - 1])))
        if high < numbers[-1]:
            self._settle(self._root_branch(root, high + 1, part.most, float(value[high + 1])))
        for m in range(low, high + 1):
            self._push(self._root_branch(root, m, m, float(value[m])))

    def _root_branch(self, root: PriceState, fewest: int, most: int, value: float) -> Branch:
        forced = np.where(self._problem.capacity > 0, 0, -1)
        prices = root.best_price.copy(), root.best_theta.copy(), root.best_nu.copy(), root.best_mu.copy()
        return Branch(fewest, most, forced, None, *prices, value)

    def _push(self, branch: Branch) -> None:
        self._count += 1
        heapq.heappush(self._waiting, (branch.value, self._count, branch))

    def _settle(self, branch: Branch) -> None:
        self._least_done = min(self._least_done, branch.value)
        if len(self._settled) <= MOST_PARTS:
            self._settled.append(branch)

    def _raise(self, branch: Branch, deep: bool) -> tuple[Branch, PriceState]:
        """Price steps for one branch, as long as they close enough of its gap."""
        state = make_price_state(branch.price, branch.theta, averaged=deep)
        arcs = self._by_station
        if branch.arcs is not None:
            arcs = ByStation(np.where(branch.arcs, arcs.comm, np.inf), arcs.floor)
        value = branch.value
        for row in range(ROWS):
            target = self.search.cost
            before = value
            ascend(self._instance, arcs, state, branch.forced, branch.fewest, branch.most, target, STEPS)
            value = max(value, float(state.progress[0]))
            if self.closed(value) or (row > 0 and value - before < LEAST_PROGRESS * (target - value)):
                break
        if state.progress[0] < branch.value:
            return branch, state
        size = np.abs(state.best_price).sum() + self._problem.scaled_opening[state.chosen].sum() + abs(value)
        value = max(branch.value, value - VALUE_MARGIN * float(size))
        prices = state.best_price, state.best_theta, state.best_nu, state.best_mu
        price, theta, nu, mu = (each.copy() for each in prices)
        return replace(branch, price=price, theta=theta, nu=nu, mu=mu, value=value), state

    def _offer(self, state: PriceState, branch: Branch, deep: bool) -> None:
        """Try the stations that the branch's prices open, and the association that they lean to."""
        opened = state.chosen & (self._problem.capacity > 0)
        key = opened.tobytes()
        if opened.any() and key not in self._visited:
            self._visited.add(key)
            self.search.try_set(opened.copy())
        if deep and opened.any():
            leaning = np.where(opened[:, None], state.mean, -1.0).argmax(axis=0)
            self.search.try_association(leaning.astype(np.int64))

    def _children(self, branch: Branch, state: PriceState, deep: bool) -> list[Branch]:
        """Parts that cover the branch, less what its prices rule out, which is settled; none if it cannot be split."""
        decided, penalty = self._decide_stations(branch, state)
        children = list(self._split(decided, penalty, state, deep))
        if children:
            for ruled_out in _ruled_out(branch, decided, float(state.progress[0]) + penalty):
                self._settle(ruled_out)
        return children

    def _split(self, branch: Branch, penalty: FloatArray, state: PriceState, deep: bool) -> Iterator[Branch]:
        undecided = np.flatnonzero(branch.forced == 0)
        if undecided.size:
            k = int(undecided[np.argmin(penalty[undecided])])
            for way in (1, -1):
                forced = branch.forced.copy()
                forced[k] = way
                yield replace(branch, forced=forced)
        elif deep and self._is_separable(branch):
            yield replace(branch, associations=self._associations(branch))
        elif deep and self._room_for_arcs():
            yield from self._split_arcs(branch, state)

    def _decide_stations(self, branch: Branch, state: PriceState) -> tuple[Branch, FloatArray]:
        """Force the stations whose other state would cost too much; and (M,) what it would cost [s]."""
        reduced, fewest, most = state.best_reduced, branch.fewest, branch.most
        opened = opened_stations(reduced, branch.forced, fewest, most)
        penalty = switching_penalties(reduced, branch.forced, opened, fewest, most)
        room = self.search.cost - min(branch.value, float(state.progress[0]))  # that of the prices behind the penalties
        forced = branch.forced.copy()
        decided = np.flatnonzero((branch.forced == 0) & (penalty > room))
        forced[decided] = np.where(opened[decided], 1, -1)
        return replace(branch, forced=forced), penalty

    def _is_separable(self, branch: Branch) -> bool:
        """Whether nothing but computing and seats couples the users of the branch's stations."""
        instance, opened = self._instance, np.flatnonzero(branch.forced == 1)
        free = instance.floor is None and instance.demand is None and branch.arcs is None
        if (instance.seats[opened] >= self._problem.users).all():
            return free and instance.has_work
        return free and bool((instance.root_work > 0).all())

    def _associations(self, branch: Branch) -> Associations:
        """The associations on the branch's stations, none of which may cost much less than the best plan known."""
        instance, opened = self._instance, np.flatnonzero(branch.forced == 1)
        comm = instance.comm[:, opened]
        self._walk_on(opened, FIRST_WALK)
        room = max(self.search.budget.gap or 0.0, CLOSED) * self.search.cost
        stations = instance.cpu[opened], instance.seats[opened]
        return Associations(comm, instance.root_work, *stations, self._start_on(opened), branch.price, room)

    def _associate(self, branch: Branch, associations: Associations) -> Branch:
        """Branch on single users until another branch is weaker; the branch with its new value."""
        opened = np.flatnonzero(branch.forced == 1)
        fixed = float(self._instance.opening[opened].sum())
        weakest_other = self._waiting[0][0] if self._waiting else np.inf
        value = branch.value
        while len(associations) and not self.closed(value) and not self.search.budget.exhausted():
            if associations.looks and associations.looks.bit_count() == 1:
                self._walk_on(opened, min(LAST_WALK, FIRST_WALK * associations.looks))
            self.search.try_association(opened[associations.look(self.search.cost - fixed)])
            bound = min(fixed + associations.bound, self.search.cost)  # where nothing is left there is none better
            value = max(value, bound - VALUE_MARGIN * (fixed + abs(bound)))
            if value > weakest_other:
                break
        return replace(branch, value=value)

    def _walk_on(self, opened: IntArray, length: int) -> None:
        start = self._start_on(opened)
        if (np.bincount(start, minlength=opened.size) <= self._instance.seats[opened]).all():
            self._count += 1
            self.search.anneal(self._count, length, opened[start])

    def _start_on(self, opened: IntArray) -> IntArray:
        """The best plan by index into some stations where it uses only these, else the cheapest arcs."""
        comm = self._instance.comm[:, opened]
        index = np.searchsorted(opened, self.search.host).clip(max=opened.size - 1)
        return np.where(opened[index] == self.search.host, index, comm.argmin(axis=1))

    def _room_for_arcs(self) -> bool:
        return len(self._waiting) * self._problem.users * self._problem.stations <= MOST_BYTES

    def _split_arcs(self, branch: Branch, state: PriceState) -> Iterator[Branch]:
        """With all stations decided: give the most divided user to one station, or take that station from it."""
        problem = self._problem
        opened = np.flatnonzero(branch.forced == 1)
        arcs = problem.allowed.T if branch.arcs is None else branch.arcs
        penalty = self._arc_penalties(branch, opened)
        alive = np.zeros_like(arcs)
        alive[opened] = arcs[opened] & (penalty <= self.search.cost - branch.value)
        ways = alive.sum(axis=0)
        if (ways == 0).any():  # nobody has room below the best plan's cost: the branch holds no better one
            yield replace(branch, arcs=alive, value=self.search.cost)
            return
        if (ways == 1).all():
            yield from self._single_plan(branch, alive)
            return
        share = np.where(alive, state.mean, 0.0)
        divided = (share * (1 - share)).sum(axis=0) * problem.root_work**2 + 1e-12 * ways
        i = int(np.argmax(np.where(ways > 1, divided + 1e-300, -1.0)))
        k = int(np.argmax(np.where(alive[:, i], share[:, i] + 1e-9, -1.0)))
        assigned, excluded = alive.copy(), alive.copy()
        assigned[:, i] = False
        assigned[k, i] = True
        excluded[k, i] = False
        yield replace(branch, arcs=assigned)
        yield replace(branch, arcs=excluded)

    def _arc_penalties(self, branch: Branch, opened: IntArray) -> FloatArray:
        """(K, N) how much the value rises, at least, if a user is hosted on each of some stations [s].

        The value may be that of whole users: they pay nothing for demands and, where nobody has work, for their shares.
        """
        problem = self._problem
        theta = branch.theta[opened] if self._instance.has_work else np.zeros(opened.size)
        charge = problem.comm_s[:, opened] + charges(problem, opened, theta) + branch.nu[opened]
        return np.maximum(charge - branch.price[:, None], 0.0).T

    def _single_plan(self, branch: Branch, alive: BoolArray) -> Iterator[Branch]:
        """A branch with one arc a user: its plan is offered, so that none better is left in it."""
        self.search.offer(np.argmax(alive, axis=0).astype(np.int64))
        yield replace(branch, arcs=alive, value=self.search.cost)


def _by_prices(branches: list[Branch]) -> list[list[Branch]]:
    """Branches grouped by their prices, which those that were split off together share."""
    groups: dict[int, list[Branch]] = {}
    for branch in branches:
        groups.setdefault(id(branch.price), []).append(branch)
    return list(groups.values())


def _ruled_out(branch: Branch, decided: Branch, value: FloatArray) -> Iterator[Branch]:
    """What is left of a branch beside the part with further stations decided: disjoint parts of the given values."""
    forced = branch.forced.copy()
    for k in np.flatnonzero(decided.forced != branch.forced).tolist():
        other = forced.copy()
        other[k] = -decided.forced[k]
        yield replace(branch, forced=other, value=max(branch.value, float(value[k])))
        forced[k] = decided.forced[k]
