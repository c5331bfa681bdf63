"""What `lagrangian` does where demands or deadlines bind: prices with whole users, neighbourhoods and kernels by HiGHS.

The prices say how much the bound rises, at least, where a user is hosted on a station (`arc_penalties`). Arcs whose
penalty reaches beyond the best plan are in no better one and are left out for good. What is left is searched by walks
on arcs of small penalty and sets of stations that the prices allow, by branch and cut in neighbourhoods of the best
plan, that is all users of a few stations at once, and at last as a whole, whose bound is then one on all plans.
"""

import logging
import math
from typing import NamedTuple

import numpy as np

from twinhop.kernels.opening import opened_stations, switching_penalties
from twinhop.placement.branching import CLOSED, VALUE_MARGIN
from twinhop.placement.budget import SubBudget
from twinhop.placement.certificate import (
    SOLVER_MARGIN,
    Certificate,
    Prices,
    charges,
    reduced_costs,
    whole_reduced_costs,
)
from twinhop.placement.knapsack_walk import walk
from twinhop.placement.mip import MipStatus
from twinhop.placement.price_ascent import PriceAscent
from twinhop.placement.problem import DEMAND_TOLERANCE, BoolArray, FloatArray, IntArray, PlacementProblem
from twinhop.placement.search import Search
from twinhop.placement.tangent_model import TangentModel

logger = logging.getLogger(__name__)

#: Models of more arcs than this are not given to branch and cut.
MOST_ARCS = 40_000
#: Arcs of a neighbourhood: at first, at least and at most; it grows and shrinks by this factor.
ARCS, LEAST_ARCS, LARGEST_ARCS, GROWTH = 250, 80, 1400, 1.35
#: A neighbourhood is searched for at most this share of the time that there is, and not longer [s].
SHARE, LONGEST_S = 0.03, 0.8
#: It is small enough to grow once it was searched in this share of that.
QUICK = 0.25
#: The relative gap at which branch and cut in a neighbourhood ends; rounds of it, with tangents, on the whole.
NEAR, ROUNDS = 1e-5, 8
#: Neighbourhoods in a row that bring nothing before all that is left is searched.
IDLE = 12
#: That is searched before where no more arcs than this are left, for this share of the time.
FEW_ARCS, FIRST_SHARE = 1200, 0.3
#: Before that, the prices are branched on for this share of the time, and not longer [s].
BRANCH_SHARE, BRANCH_S = 0.1, 3.0
#: And in any case after this share of the time: with up to so many arcs, and with more.
MANY_ARCS, EARLY, LATE = 4000, 0.3, 0.6
#: Walks in a row that bring nothing before stations are toggled, and walks after that and after each neighbourhood.
WALKS, WALKS_AGAIN = 12, 2
#: Steps of the first walk, a user; by how much longer the next is where one brought nothing; of the longest; time of a
#: step [s].
STEPS, LONGER, LONGEST, STEP_S = 1000, 1.25, 4_000_000, 5e-8
#: Stations toggled in a row that bring nothing before neighbourhoods are searched, and toggles after each of these.
TOGGLES, TOGGLES_AGAIN = 60, 8
#: The same of both where little is asked for: the first look at a problem.
FEW_WALKS, FEW_TOGGLES = 6, 15
#: Steps of a walk on toggled stations, a user; how many times as many follow where the plan is at most this share above
#: the best one; stations of each user on it.
TOGGLE_STEPS, LONGER_TOGGLE, PROMISING, TOGGLE_WAYS = 300, 6, 4e-3, 8
#: How fast the chance of a station to be toggled falls with its penalty.
TOGGLE_FALL = 3.0
#: Sets of stations that prices open, each after so many steps.
PRICED_SETS, PRICED_STEPS = 60, 2
#: Stations of each user on a walk; first temperatures and the last, in units of what separates a user's two best ones.
WAYS, HOT, COLD = (3, 4, 6, 6, 10), (0.5, 1.0, 2.0, 3.0), 0.03


class Knapsack(NamedTuple):
    """The one limit of every station, where there is no other and nobody has work.

    Attributes:
        weight: (N, M) what each user takes of it.
        room: (M,) how much there is.
        is_demand: whether it is the demand capacity; else it is the CPU, which minimum shares take.
    """

    weight: FloatArray
    room: FloatArray
    is_demand: bool

    def rate(self, prices: Prices) -> FloatArray:
        """(M,) what a unit of it is worth at some prices [s]."""
        paid = prices.demand_price if self.is_demand else prices.congestion**2 / 4
        paid = np.zeros(self.room.size) if paid is None else paid
        some = paid[paid > 0]
        return np.maximum(paid, some.mean() if some.size else 1e-3)


def one_knapsack(search: Search) -> Knapsack | None:
    """The knapsack of every station; None where computing, seats or two limits tie its users."""
    problem, instance = search.problem, search.instance
    if instance.has_work or (instance.seats < problem.users)[problem.capacity > 0].any():
        return None
    if instance.demand is not None and instance.floor is None and instance.demand_room is not None:
        weight = np.repeat(instance.demand[:, None], problem.stations, axis=1)
        return Knapsack(weight, instance.demand_room * (1 - 0.5 * DEMAND_TOLERANCE), True)
    if instance.floor is not None and instance.demand is None:
        return Knapsack(np.where(problem.allowed, instance.floor, 0.0), instance.floor_room, False)
    return None


def arc_penalties(
    problem: PlacementProblem, prices: Prices, fewest: int, most: int
) -> tuple[float, FloatArray, FloatArray]:
    """The bound at some prices, scaled [s], and by how much it is higher, at least, with a user on a station.

    With whole users (`whole_reduced_costs`). A station that is shut is opened first, see `switching_penalties`. User i
    on station k then takes ``max(0, charges - price_i)`` from what divided users are worth there, which exceeds what
    whole ones are worth by a known amount.

    Args:
        problem: the problem.
        prices: any.
        fewest: fewest stations open in the plans.
        most: most stations open.

    Returns:
        The bound, (N, M) what the user adds and (M,) what the station adds where it is shut.
    """
    theta, seat, demand = prices.congestion, prices.seat_price, prices.demand_price
    divided, _ = reduced_costs(problem, *prices)
    whole, magnitude = whole_reduced_costs(problem, *prices)
    every = np.arange(problem.stations)
    charge = problem.comm_s + charges(problem, every, theta) + seat
    if problem.demand is not None and demand is not None:
        charge = charge + demand * problem.demand[:, None]
    free = np.zeros(problem.stations, np.int64)
    opened = opened_stations(whole, free, fewest, most)
    switched = np.where(opened, 0.0, switching_penalties(whole, free, opened, fewest, most))
    hosts = np.isfinite(whole)
    known = np.zeros(problem.stations)
    known[hosts] = whole[hosts] - divided[hosts]
    penalty = np.maximum(np.maximum(charge - prices.price[:, None], 0.0) - known, 0.0)
    size = float(np.abs(prices.price).sum() + magnitude.sum())
    bound = float(prices.price.sum() + whole[opened].sum()) - VALUE_MARGIN * size  # rounding in penalties, too
    return bound, np.where(problem.allowed, penalty, np.inf), switched


def binds(search: Search) -> bool:
    """Whether demands or minimum shares alone tie users together: one knapsack a station, and no work."""
    return one_knapsack(search) is not None


class KernelSearch:
    """Pieces of one problem searched by walks and by branch and cut.

    Args:
        search: with a feasible plan.
        ascent: prices of the problem.
        certificate: the best bound so far.
        gap: the relative gap to reach.
        seed: of the walks and neighbourhoods.
        looks: some walks are made even where the gap is reached before.
    """

    def __init__(
        self,
        search: Search,
        ascent: PriceAscent,
        certificate: Certificate,
        gap: float,
        seed: int = 0,
        *,
        looks: bool = False,
    ):
        self._search, self._ascent, self._gap = search, ascent, gap
        self.certificate = certificate
        self._problem = search.problem
        self._random = np.random.default_rng(seed)
        self._span_s = search.budget.remaining_s()
        self._size = float(ARCS)
        self._looks = looks
        self._steps = float(STEPS * search.problem.users)
        self._at = math.inf
        self._bound = -math.inf
        self._penalty: FloatArray = np.empty(0)
        self._arc_penalty: FloatArray = np.empty(0)
        self._knapsack = one_knapsack(search)
        self.is_searched = False

    def run(self) -> None:
        """Search until the gap is reached, the time is spent or everything has been searched."""
        may_toggle = self._knapsack is not None and bool((self._search.instance.opening > 0).any())
        self._looks &= self._knapsack is not None
        if may_toggle and self._goes_on():
            self._priced(self._price())
        idle = walked = 0
        toggled = 0 if may_toggle else TOGGLES
        tried_at, branched = math.inf, False
        while self._goes_on():
            alive = self._price()
            left = int(alive.sum()) - self._problem.users
            if left <= 0:
                self._all_searched()
                return
            if walked < (FEW_WALKS if self._looks else WALKS) and self._knapsack is not None:
                walked = 0 if self._walk(alive) else walked + 1
            elif toggled < (FEW_TOGGLES if self._looks else TOGGLES) and may_toggle:
                is_better = self._toggle(alive)
                toggled = 0 if is_better else toggled + 1
                walked = min(walked, WALKS - WALKS_AGAIN) if is_better else walked
            elif self._looks:
                self._looks = False
            elif not branched:
                branched = True
                self._branch()
            elif left <= FEW_ARCS and self._search.cost < tried_at and idle >= left // ARCS:
                tried_at = self._search.cost
                if self._whole(alive, FIRST_SHARE * self._remaining_s()):
                    return
            elif idle >= IDLE or (left <= MOST_ARCS and self._spent() > (EARLY if left <= MANY_ARCS else LATE)):
                if left > MOST_ARCS or self._whole(alive, math.inf) or not math.isfinite(self._span_s):
                    return
                idle = 0
            elif self._neighbourhood(alive):
                idle = walked = toggled = 0
            else:
                idle, walked, toggled = idle + 1, max(walked - WALKS_AGAIN, 0), max(toggled - TOGGLES_AGAIN, 0)

    def _goes_on(self) -> bool:
        return not self._search.budget.exhausted() and (self._looks or not self._is_reached())

    def _is_reached(self) -> bool:
        search = self._search
        cost, bound = search.unscaled(search.cost), self.certificate.lower_bound
        return cost - bound <= max(self._gap, CLOSED) * abs(bound)

    def _remaining_s(self) -> float:
        return self._search.budget.remaining_s()

    def _spent(self) -> float:
        """The share of the time that is over; of unlimited time it is that of neighbourhoods that pay which ends."""
        if not math.isfinite(self._span_s):
            return 0.0
        return 1 - self._remaining_s() / max(self._span_s, 1e-9)

    def _price(self) -> BoolArray:
        """(N, M) arcs that a better plan may use; prices are raised where the best plan has become better."""
        search, ascent = self._search, self._ascent
        if search.cost < self._at:
            ascent.shake()
            ascent.raise_prices()
            self._at = search.cost
            self.certificate = max(self.certificate, ascent.certificate(), key=_bound)
            part = ascent.part
            self._bound, self._arc_penalty, switched = arc_penalties(
                self._problem, ascent.prices, part.fewest, part.most
            )
            self._penalty = self._arc_penalty + switched
            search.report(max(self._bound, search.bound) if np.isfinite(search.bound) else self._bound)
        alive = self._penalty < search.cost * (1 - CLOSED) - self._bound
        alive[np.arange(self._problem.users), search.host] = True
        return alive

    def _all_searched(self) -> None:
        """No better plan is left: the best one is optimal but for rounding in the penalties."""
        self.is_searched = True
        search = self._search
        proved = search.unscaled(search.cost) * (1 - 10 * CLOSED)
        self._take(Certificate("branch-and-bound", self.certificate.parts, proved))

    def _take(self, certificate: Certificate) -> None:
        self.certificate = max(self.certificate, certificate, key=_bound)
        scale = self._problem.alpha / self._problem.users
        self._search.report((self.certificate.lower_bound - self._problem.constant_cost) / scale)

    def _branch(self) -> None:
        """Branches of the prices for a while: with whole users a few hundred of them prove many a plan."""
        search = self._search
        clock = search.budget
        limit_s = min(BRANCH_SHARE * self._remaining_s(), BRANCH_S)
        search.budget = SubBudget(limit_s, self._gap, clock.on_progress, whole=clock)
        tree = self._ascent.branches()
        tree.run(True)
        certificate = tree.certificate(self.certificate)
        search.budget = clock
        self._take(certificate)

    def _whole(self, alive: BoolArray, limit_s: float) -> bool:
        """Branch and cut on all arcs that are left, in rounds where tangents are added; whether it went through."""
        gap = 0.3 * max(self._gap, SOLVER_MARGIN)
        model = self._model(alive, gap)
        for _ in range(ROUNDS if self._search.instance.has_work else 1):
            status = self._solve(model, limit_s, bounds=True)
            logger.info("kernel search: %d arcs left, %s", int(alive.sum()), status.value)
            if status is not MipStatus.INFEASIBLE:  # else no better plan is left, if that can be believed
                self._take(model.certificate())
            self.is_searched = status is MipStatus.OPTIMAL
            if not self.is_searched or self._is_reached():
                break
        return self.is_searched

    def _model(self, arcs: BoolArray, gap: float) -> TangentModel:
        model = TangentModel(self._problem, self._search.cost, gap, arcs=arcs)
        model.add_tangents(self._search.placement())
        return model

    def _solve(self, model: TangentModel, limit_s: float, *, bounds: bool) -> MipStatus:
        search = self._search
        clock = search.budget
        search.budget = SubBudget(limit_s, clock.gap, clock.on_progress, whole=clock)
        try:
            return model.solve(search, is_part=True, tell_bounds=bounds)
        finally:
            search.budget = clock

    def _neighbourhood(self, alive: BoolArray) -> bool:
        """Branch and cut on all users of a few stations; whether a better plan was found."""
        search, before = self._search, self._search.cost
        arcs, is_all = self._around(alive)
        span = min(self._span_s, 60.0)
        limit_s = min(LONGEST_S, max(SHARE * span, 0.05))
        began = search.budget.elapsed_s()
        status = self._solve(self._model(arcs, NEAR), limit_s, bounds=False)
        took = search.budget.elapsed_s() - began
        if status is MipStatus.STOPPED:
            self._size = max(LEAST_ARCS, self._size / GROWTH)
        elif took < QUICK * limit_s or is_all:
            self._size = min(LARGEST_ARCS, self._size * GROWTH)
        return search.cost < before

    def _walk(self, alive: BoolArray) -> bool:
        """A walk on a few stations of each user, those of least penalty; whether a better plan was found."""
        before = self._search.cost
        ways = self._few_ways(alive, int(self._random.choice(WAYS)))
        ways[np.arange(self._problem.users), self._search.host] = True
        self._step(ways, self._search.host, self._search.instance.opening, float(self._random.choice(HOT)), self._steps)
        better = self._search.cost < before
        self._steps = min(self._steps * (1.0 if better else LONGER), LONGEST)
        return better

    def _priced(self, alive: BoolArray) -> None:
        """Sets of stations that prices open on their way, and walks on them."""
        ascent, visited = self._ascent, set()
        ascent.shake()
        for _ in range(FEW_TOGGLES if self._looks else PRICED_SETS):
            if not self._goes_on():
                return
            ascent.steps(PRICED_STEPS)
            usable, host = ascent.present()
            key = usable.tobytes()
            if key not in visited and usable.any():
                visited.add(key)
                self._on(self._roomy(usable), alive, host)

    def _roomy(self, usable: BoolArray) -> BoolArray:
        """The stations, and further ones where they cannot hold all demands, those that cost least first."""
        problem = self._problem
        if problem.demand is None:
            return usable
        usable, total = usable.copy(), float(problem.demand.sum())
        order = np.argsort(np.where(usable, np.inf, self._ascent.reduced), kind="stable")
        for k in order.tolist():
            if problem.demand_room[usable].sum() >= total or usable[k]:
                break
            usable[k] = True
        return usable

    def _toggle(self, alive: BoolArray) -> bool:
        """Open a station, shut one, or both, where penalties allow it, and walk; whether a better plan was found."""
        before, usable = self._search.cost, self._toggled()
        if usable is not None:
            self._on(usable, alive, self._search.host)
        return self._search.cost < before

    def _on(self, usable: BoolArray, alive: BoolArray, start: IntArray) -> None:
        """Walk on some stations from hosts, those elsewhere put on their stations of least penalty."""
        search, problem, before = self._search, self._problem, self._search.cost
        ways = alive & usable
        none = ~ways.any(axis=1)
        if none.any():
            ways[none] = problem.allowed[none] & usable
            if not ways.any(axis=1).all():
                return
        penalty = np.where(ways, self._arc_penalty, np.inf)
        users = np.arange(problem.users)
        host = np.where((start >= 0) & ways[users, start], start, penalty.argmin(axis=1))
        ways = self._few_ways(ways, TOGGLE_WAYS)
        ways[users, host] = True
        paid = np.zeros(problem.stations)
        for steps in (TOGGLE_STEPS * problem.users, LONGER_TOGGLE * TOGGLE_STEPS * problem.users):
            cost, host = self._step(ways, host, paid, 1.0, steps)
            cost += float(search.instance.opening[np.unique(host)].sum())
            if cost > before * (1 + PROMISING):
                break

    def _toggled(self) -> BoolArray | None:
        """(M,) the stations in use but for one or two, drawn by how far penalties allow it; None where none do."""
        search, room = self._search, max(self._search.cost - self._bound, 0.0)
        used = search.used()
        penalty = np.where(used == self._ascent.opened, self._ascent.penalties, 0.0)
        chance = np.where(penalty <= room, np.exp(-TOGGLE_FALL * penalty / max(room, 1e-300)), 0.0)
        usable = used.copy()
        which = self._random.random()  # a quarter of them open one, a quarter shut one
        for is_used, wanted in ((True, which > 0.25), (False, which < 0.75)):
            weight = np.where(used == is_used, chance, 0.0)
            if wanted and weight.sum() > 0:
                usable[int(self._random.choice(weight.size, p=weight / weight.sum()))] = not is_used
        problem = self._problem
        if (usable == used).all() or not usable.any():
            return None
        if problem.demand is not None and problem.demand_room[usable].sum() < problem.demand.sum():
            return None
        return usable

    def _few_ways(self, alive: BoolArray, few: int) -> BoolArray:
        """(N, M) so many arcs of each user, those of least penalty, the opening of stations aside."""
        penalty = np.where(alive, self._arc_penalty, np.inf)
        rank = np.argsort(np.argsort(penalty, axis=1, kind="stable"), axis=1)
        return alive & (rank < few)

    def _step(
        self, ways: BoolArray, host: IntArray, opening: FloatArray, hot: float, steps: float
    ) -> tuple[float, IntArray]:
        """One walk; what it finds is offered. Its least cost, and (N,) the hosts."""
        assert self._knapsack is not None
        search, problem, knapsack = self._search, self._problem, self._knapsack
        least = np.sort(np.where(ways, self._arc_penalty, np.inf), axis=1)[:, :2]
        apart = least[:, -1] - least[:, 0]
        apart = apart[np.isfinite(apart)]
        unit = max(float(apart.mean()) if apart.size else 0.0, 1e-6 * search.cost / problem.users)
        best = np.empty(problem.users, np.int64)
        cost = walk(
            search.instance.comm,
            knapsack.weight,
            knapsack.room,
            opening,
            np.concatenate([[0], np.cumsum(ways.sum(axis=1))]),
            np.nonzero(ways)[1],
            ways,
            host.copy(),
            knapsack.rate(self._ascent.prices),
            hot * unit,
            COLD * unit,
            int(min(steps, max(self._remaining_s(), 1e-3) / STEP_S)),
            int(self._random.integers(1, 2**62)),
            best,
        )
        if math.isfinite(cost) and search.offer(best):
            search.try_association(best)
        return float(cost), best

    def _around(self, alive: BoolArray) -> tuple[BoolArray, bool]:
        """(N, M) arcs of the neighbourhood of a station drawn at random; whether it is everything."""
        problem, host = self._problem, self._search.host
        users, used = np.arange(problem.users), np.flatnonzero(self._search.used())
        kept = np.zeros_like(alive)
        kept[users, host] = True
        near = self._nearness(alive)
        first = int(self._random.choice(used))
        order = [first]
        score = near[first] * self._random.uniform(0.5, 1.0, problem.stations)
        free = host == first
        chosen = np.zeros(problem.stations, bool)
        chosen[first] = True
        while True:
            score[order[-1]] = -1.0
            k = int(np.argmax(score))
            if score[k] <= 0:
                break
            grown_free, grown = free | (host == k), chosen.copy()
            grown[k] = True
            if alive[np.ix_(grown_free, grown)].sum() > self._size and len(order) > 1:
                break
            free, chosen = grown_free, grown
            order.append(k)
            score += near[k] * self._random.uniform(0.5, 1.0, problem.stations)
            score[order] = -1.0
        kept |= alive & free[:, None] & chosen[None, :]
        return kept, bool(free.all())

    def _nearness(self, alive: BoolArray) -> FloatArray:
        """(M, M) how many users of one station may be hosted on another, those of small penalty counting most."""
        room = max(self._search.cost - self._bound, 1e-12)
        weight = np.where(alive, np.exp(-4 * np.minimum(self._penalty, 50 * room) / room), 0.0)
        near = np.zeros((self._problem.stations, self._problem.stations))
        np.add.at(near, self._search.host, weight)
        return near + near.T + 1e-9 * self._random.random(near.shape)


def _bound(certificate: Certificate) -> float:
    return certificate.lower_bound
