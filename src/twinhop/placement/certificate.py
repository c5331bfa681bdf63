"""The certified lower bound: recomputed from the prices alone, in float64 without fast-math, and rounded down."""

import logging
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from twinhop.kernels.knapsack import most_within
from twinhop.placement.problem import FloatArray, IntArray, PlacementProblem
from twinhop.text import counted, figure, in_a_line

logger = logging.getLogger(__name__)

#: The bound is lowered by this share of the sum of the magnitudes of all its terms. A float64 operation errs by
#: 1.1e-16 relatively, a (pairwise) sum of n terms by log2(n) times that, so the margin covers thousands of operations.
ROUNDING_MARGIN = 1e-12
#: Arcs are looked at so many at a time: their matrices stay within 32 MiB.
ARCS_AT_ONCE = 4_000_000
#: What the exact solver's own bound is lowered by, as a share of the best plan's cost: its tolerances are 1e-9 a row.
SOLVER_MARGIN = 1e-6
#: A bound may exceed the cost of a plan by this share of it: deadlines and demands count as kept within 1e-9.
BROKEN = 1e-8
#: The methods of certificates that follow from the list of parts: by prices alone, and with whole users in knapsacks.
PRICES, KNAPSACKS = "prices", "knapsacks"
#: The method of a certificate that holds for the plans of few moves only, whose bound follows from a price of moves.
MOVE_PRICE = "move-price"
#: That for the plans that change few servers only, and that for those with both limits.
SERVER_PRICE, MOVE_AND_SERVER_PRICE = "server-price", "move-and-server-price"
#: All methods whose certificates hold within limits only, by prices of what is limited.
OF_LIMITS = (MOVE_PRICE, SERVER_PRICE, MOVE_AND_SERVER_PRICE)


@dataclass(frozen=True)
class Part:
    """The plans that open from ``fewest`` to ``most`` stations, all of ``opened`` among them and none of ``shut``.

    Attributes:
        fewest: fewest stations open.
        most: most stations open.
        opened: indices of stations that are open.
        shut: indices of stations that are not.
    """

    fewest: int
    most: int
    opened: tuple[int, ...]
    shut: tuple[int, ...]


class Prices(NamedTuple):
    """Prices of the relaxation, in the order in which `certify` takes them; any are valid, good ones prove more.

    Attributes:
        price: (N,) what hosting each user is worth at most [s].
        congestion: (M,) theta_k >= 0, price of root work on each station [s/sqrt(cycle)].
        seat_price: (M,) nu_k >= 0, price of one seat on each station [s].
        demand_price: (M,) mu_k >= 0, price of one unit of demand on each station [s/unit]; None is 0.
    """

    price: FloatArray
    congestion: FloatArray
    seat_price: FloatArray
    demand_price: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class PricedPart:
    """A part of the plans, the prices that bound it, and the bound that follows from both; made by `certify`.

    Attributes:
        part: the plans.
        prices: theirs.
        lower_bound: no feasible plan of the part costs less; infinite where the part holds no plan.
    """

    part: Part
    prices: Prices
    lower_bound: float


@dataclass(frozen=True, eq=False)
class Certificate:
    """A lower bound on the cost of every feasible plan, and what it follows from.

    With the methods ``prices`` and ``knapsacks`` it follows from the list of parts alone: together they hold every
    feasible plan, and the least of their bounds is the bound, which ``knapsacks`` works out with users that are not
    divided (`whole_reduced_costs`). A solver that did not branch lists one part, all plans. The other methods state a
    bound that their search proved and no list does; what they list proves a lower bound only. Where the parts hold some
    plans only (`certify` with a part), the bound is on those.

    Attributes:
        method: ``prices``, ``knapsacks``, ``branch-and-bound`` (by more parts than are listed), ``branch-and-cut`` (by
            HiGHS), or ``move-price``, ``server-price``, ``move-and-server-price`` (of plans with few moves, few servers
            that change, or both, by the bounds of problems in which these cost more).
        parts: parts of the plans that hold every feasible one, with their prices; empty for those after the second.
        searched: the bound that the search of the other methods proved; None for ``prices`` and ``knapsacks``.

    Raises:
        ValueError: a searched bound is given for ``prices`` or ``knapsacks``, or none for another method.
    """

    method: str
    parts: tuple[PricedPart, ...] = ()
    searched: float | None = None

    def __post_init__(self) -> None:
        if (self.searched is None) != (self.method in (PRICES, KNAPSACKS)):
            raise ValueError(
                f"searched: got {self.searched} for the method {self.method}; expected it but for prices and knapsacks"
            )

    @property
    def lower_bound(self) -> float:
        """No feasible plan costs less; infinite where no part holds a plan."""
        if self.searched is not None:
            return self.searched
        return min((each.lower_bound for each in self.parts), default=math.inf)

    @property
    def formula(self) -> str:
        """By which the bounds of its parts are worked out: ``prices`` or ``knapsacks``."""
        return KNAPSACKS if self.method == KNAPSACKS else PRICES

    def __repr__(self) -> str:
        parts = counted(len(self.parts), "part") if self.parts else None
        return in_a_line(self, figure("lower bound", self.lower_bound), f"by {self.method}", parts)


def bound_below(cost: float, bound: float, source: str) -> float:
    """A lower bound on all plans, or the cost of a feasible one where that is lower, as rounding alone may make it.

    Logs an error where the bound lies above the cost by more than rounding: either of both is wrong.

    Args:
        cost: of a feasible plan.
        bound: a bound on the cost of every feasible plan.
        source: what the bound follows from, for the message.
    """
    if bound - cost > BROKEN * abs(cost):
        logger.error(
            "the lower bound %.12g (%s) exceeds the cost %.12g of a feasible plan: one of both is wrong; please report",
            bound,
            source,
            cost,
        )
    return min(bound, cost)


class Rooms(NamedTuple):
    """How much stations hold, with the room for rounding that a feasible plan has.

    Attributes:
        seats: (M,) of users, no more than there are.
        cpu: (M,) [cycles/s].
        demand: (M,); None without demands.
    """

    seats: IntArray
    cpu: FloatArray
    demand: FloatArray | None


def rooms(problem: PlacementProblem) -> Rooms:
    """How much the stations of a problem hold."""
    demand = None if problem.demand is None else problem.demand_room
    return Rooms(np.minimum(problem.capacity, problem.users), problem.cpu_room, demand)


def reduced_costs(
    problem: PlacementProblem,
    price: FloatArray,
    congestion: FloatArray,
    seat_price: FloatArray,
    demand_price: FloatArray | None = None,
    *,
    room: Rooms | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Lower bounds on the reduced cost of opening each station, and the magnitudes that went into each.

    For any theta_k, nu_k >= 0 the best value of station k's subproblem obeys
    ``V_k <= theta_k^2 F_k / 4 + N_k nu_k + sum_i max(0, price_i - comm_ik - charge_ik - nu_k)``
    with the `charges` of theta_k and F_k with the room for rounding that a feasible plan has, because ``sum f <= F``
    may be priced at ``theta^2 / 4`` and ``sum x <= N_k`` at nu. Where demands are given, ``sum d x <= C_k`` is priced
    likewise at any mu_k >= 0: ``C_k mu_k`` is added, and each user pays ``mu_k d_i`` besides; C_k has the same room.
    The reduced cost is the scaled opening cost minus that.

    Args:
        problem: the problem.
        price: (N,) [s].
        congestion: (M,) theta_k [s/sqrt(cycle)].
        seat_price: (M,) nu_k [s].
        demand_price: (M,) mu_k [s/unit of demand]; None is 0.
        room: how much stations hold; None: what they hold in the problem.

    Returns:
        (M,) reduced costs [s] and (M,) sums of magnitudes [s]; stations that may not host get ``inf`` and 0.
    """
    room = rooms(problem) if room is None else room
    reduced, magnitude = np.full(problem.stations, np.inf), np.zeros(problem.stations)
    hosts = np.flatnonzero(problem.capacity > 0)
    fixed = congestion**2 * room.cpu / 4 + room.seats * seat_price
    if room.demand is not None and demand_price is not None:
        fixed = fixed + room.demand * demand_price
    for at in range(0, hosts.size, max(1, ARCS_AT_ONCE // problem.users)):
        k = hosts[at : at + max(1, ARCS_AT_ONCE // problem.users)]
        charge = problem.comm_s[:, k] + charges(problem, k, congestion[k]) + seat_price[k]
        if problem.demand is not None and demand_price is not None:
            charge = charge + demand_price[k] * problem.demand[:, None]
        margin = np.where(problem.allowed[:, k], price[:, None] - charge, 0.0)
        gained = _pairwise_sums(np.maximum(margin, 0.0))
        inside = _pairwise_sums(np.where(margin > 0, np.abs(price)[:, None] + charge, 0.0))
        reduced[k] = problem.scaled_opening[k] - (fixed[k] + gained)
        magnitude[k] = problem.scaled_opening[k] + fixed[k] + gained + inside
    return reduced, magnitude


def whole_reduced_costs(
    problem: PlacementProblem,
    price: FloatArray,
    congestion: FloatArray,
    seat_price: FloatArray,
    demand_price: FloatArray | None = None,
    *,
    room: Rooms | None = None,
) -> tuple[FloatArray, FloatArray]:
    """`reduced_costs` with users that are not divided: where that is more, with a 0/1 knapsack in place of a price.

    Station k's users demand at most ``C_k`` together, and their minimum shares add up to at most ``F_k``. So its best
    value is also at most ``theta^2 F_k / 4 + N_k nu_k + max sum_i x_i (price_i - comm_ik - charge_ik - nu_k)`` over
    ``x`` in {0, 1} that keep the one limit or the other, at any theta >= 0 and without a price of demand: with theta_k,
    and where nobody has work with 0, at which minimum shares cost nothing. The knapsacks are those of
    `twinhop.kernels.knapsack.most_within`: exact or, after some work, bounded from above.

    Args:
        problem: the problem.
        price: (N,) [s].
        congestion: (M,) theta_k [s/sqrt(cycle)].
        seat_price: (M,) nu_k [s].
        demand_price: (M,) mu_k [s/unit of demand]; None is 0.
        room: how much stations hold; None: what they hold in the problem.

    Returns:
        (M,) reduced costs [s], none lower than those of `reduced_costs`, and (M,) sums of magnitudes [s].
    """
    room = rooms(problem) if room is None else room
    reduced, magnitude = reduced_costs(problem, price, congestion, seat_price, demand_price, room=room)
    if not (problem.has_demand or problem.has_deadlines):
        return reduced, magnitude
    theta = whole_congestion(problem, congestion)
    for k in np.flatnonzero(problem.capacity > 0).tolist():
        worth, floor, charge = whole_worth(problem, k, price, theta[k], seat_price[k])
        gained = most_gained(worth, problem.demand, None if room.demand is None else room.demand[k], floor, room.cpu[k])
        fixed = theta[k] ** 2 * room.cpu[k] / 4 + room.seats[k] * seat_price[k]
        found = problem.scaled_opening[k] - (fixed + gained)
        if found > reduced[k]:
            reduced[k] = found
            inside = np.where(worth > 0, np.abs(price) + charge, 0.0).sum()
            magnitude[k] = problem.scaled_opening[k] + fixed + gained + float(inside)
    return reduced, magnitude


def whole_congestion(problem: PlacementProblem, congestion: FloatArray) -> FloatArray:
    """(M,) the congestion prices at which whole users are charged: 0 where nobody has work."""
    return congestion if (problem.root_work > 0).any() else np.zeros(problem.stations)


def whole_worth(
    problem: PlacementProblem, k: int, price: FloatArray, theta: float, seat_price: float
) -> tuple[FloatArray, FloatArray | None, FloatArray]:
    """What station k earns by each whole user at some prices; its minimum share there; what it is charged.

    Returns:
        (N,) [s], negative on forbidden arcs; (N,) [cycles/s], None without deadlines; (N,) [s].
    """
    charge = problem.comm_s[:, k] + charges(problem, np.array([k]), np.array([theta]))[:, 0] + seat_price
    worth = np.where(problem.allowed[:, k], price - charge, -1.0)
    floor = None if problem.floor is None else np.where(problem.allowed[:, k], problem.floor[:, k], 0.0)
    return worth, floor, charge


def most_gained(
    worth: FloatArray,
    demand: FloatArray | None,
    demand_room: float | None,
    floor: FloatArray | None,
    cpu_room: float,
) -> float:
    """At most what the users of a station are worth together, who keep the one limit or the other [s]."""
    gained, taken = float(np.maximum(worth, 0.0).sum()), np.empty(worth.size)
    if demand is not None and demand_room is not None:
        gained = min(gained, most_within(worth, demand, demand_room, taken)[0])
    if floor is not None:
        gained = min(gained, most_within(worth, floor, cpu_room, taken)[0])
    return gained


def _pairwise_sums(terms: FloatArray) -> FloatArray:
    """The sums of the columns; NumPy sums pairwise along contiguous rows only, and errs by N operations otherwise."""
    return np.ascontiguousarray(terms.T).sum(axis=1)


def charges(problem: PlacementProblem, stations: IntArray, theta: FloatArray) -> FloatArray:
    """What each user must pay for computing on some stations at their congestion prices.

    ``min over f >= fmin of w / f + (theta^2 / 4) f``: ``theta s`` where ``f = 2 s / theta`` keeps the minimum share,
    else ``w / fmin + theta^2 fmin / 4``. Never below ``theta s``, so that deadlines only raise the bound.

    Args:
        problem: the problem.
        stations: (K,) indices of the stations.
        theta: (K,) congestion prices >= 0 [s/sqrt(cycle)].

    Returns:
        (N, K) charges [s]; of no meaning on forbidden arcs.
    """
    s = problem.root_work[:, None]
    if problem.floor is None:
        return theta * s
    floor = problem.floor[:, stations]
    floor = np.where(np.isfinite(floor), floor, 0.0)
    binds = theta * floor > 2 * s
    safe = np.where(binds, floor, 1.0)
    return np.where(binds, s * s / safe + theta * theta * floor / 4, theta * s)


def all_plans(problem: PlacementProblem) -> Part:
    """Every feasible plan: it opens at least m0 stations, the fewest that can hold all users."""
    return Part(problem.least_open, problem.stations, (), ())


def certify(
    problem: PlacementProblem,
    price: FloatArray,
    congestion: FloatArray,
    seat_price: FloatArray,
    demand_price: FloatArray | None = None,
    part: Part | None = None,
    *,
    method: str = PRICES,
) -> Certificate:
    """Turn any prices into a valid lower bound.

    ``bound = (alpha/N) [sum_i price_i + the least sum of reduced costs of a set of stations] + constant`` over the sets
    that the part of the plans allows; any feasible plan opens at least m0 stations, the fewest that can hold all users.

    Args:
        problem: the problem.
        price: (N,) any prices [s].
        congestion: (M,) any theta_k >= 0 [s/sqrt(cycle)].
        seat_price: (M,) any nu_k >= 0 [s].
        demand_price: (M,) any mu_k >= 0 [s/unit of demand]; None is 0.
        part: the plans to bound; None: all.
        method: ``prices``, or ``knapsacks`` for users that are not divided, which takes longer and proves no less.

    Returns:
        The certificate, its bound rounded down by ``ROUNDING_MARGIN``; infinite where the part holds no plan.
    """
    prices = Prices(price, congestion, seat_price, demand_price)
    return certify_parts(problem, [(part or all_plans(problem), prices)], method=method)


def certify_parts(
    problem: PlacementProblem, parts: Iterable[tuple[Part, Prices]], *, method: str = PRICES
) -> Certificate:
    """`certify` for several parts of the plans, each at its own prices.

    Args:
        problem: the problem.
        parts: parts that together hold every feasible plan that the bound is to hold for, and their prices. Prices that
            several parts share, as one object, are looked at only once.
        method: ``prices`` or ``knapsacks``, as for `certify`.

    Returns:
        The certificate: the list, and as its bound the least of those of the parts.
    """
    costs: dict[int, tuple[FloatArray, FloatArray]] = {}
    priced_parts = []
    for part, prices in parts:
        if id(prices) not in costs:
            costs[id(prices)] = (whole_reduced_costs if method == KNAPSACKS else reduced_costs)(problem, *prices)
        priced_parts.append(PricedPart(part, prices, _bound(problem, part, prices, *costs[id(prices)])))
    return Certificate(method, tuple(priced_parts))


def certify_best(problem: PlacementProblem, parts: Sequence[tuple[Part, Prices]], least_gain: float) -> Certificate:
    """`certify_parts` by prices, or with knapsacks where limits bind and that proves more by at least a share of it."""
    by_prices = certify_parts(problem, parts)
    if not (problem.has_demand or problem.has_deadlines):
        return by_prices
    whole = certify_parts(problem, parts, method=KNAPSACKS)
    return whole if whole.lower_bound - by_prices.lower_bound > least_gain * abs(by_prices.lower_bound) else by_prices


def _bound(problem: PlacementProblem, part: Part, prices: Prices, reduced: FloatArray, magnitude: FloatArray) -> float:
    """The bound of a part, rounded down, from the reduced costs at its prices and the magnitudes in them."""
    stations = cheapest_stations(reduced, part)
    if stations is None:
        return math.inf
    total = float(prices.price.sum() + reduced[stations].sum())
    size = float(np.abs(prices.price).sum() + magnitude[stations].sum())
    scaled = problem.alpha / problem.users * (total - ROUNDING_MARGIN * size)
    return scaled + problem.constant_cost * (1 - ROUNDING_MARGIN)


def cheapest_stations(reduced: FloatArray, part: Part) -> IntArray | None:
    """The stations of least total reduced cost that a plan of the part may open; None where there are too few.

    Args:
        reduced: (M,) reduced costs [s], ``inf`` for stations that may not host.
        part: the plans.

    Returns:
        Indices of the stations that the bound of the part has open.
    """
    opened = np.array(part.opened, np.int64)
    undecided = np.isfinite(reduced)
    if not undecided[opened].all():
        return None
    undecided[opened] = False
    undecided[np.array(part.shut, np.int64)] = False
    free = np.flatnonzero(undecided)
    free = free[np.argsort(reduced[free], kind="stable")]
    required, room = max(0, part.fewest - opened.size), part.most - opened.size
    if room < 0 or required > free.size:
        return None
    count = max(required, min(room, int((reduced[free] < 0).sum())))
    return np.concatenate([opened, free[:count]])
