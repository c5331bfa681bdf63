"""The certified lower bound: recomputed from the prices alone, in float64 without fast-math, and rounded down."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twinhop.placement.problem import FloatArray, IntArray, PlacementProblem

#: The bound is lowered by this share of the sum of the magnitudes of all its terms. A float64 operation errs by
#: 1.1e-16 relatively, a (pairwise) sum of n terms by log2(n) times that, so the margin covers thousands of operations.
ROUNDING_MARGIN = 1e-12
#: Arcs are looked at so many at a time: their matrices stay within 32 MiB.
ARCS_AT_ONCE = 4_000_000
#: What the exact solver's own bound is lowered by, as a share of the best plan's cost: its tolerances are 1e-9 a row.
SOLVER_MARGIN = 1e-6


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


@dataclass(frozen=True)
class Certificate:
    """A lower bound on the cost of every feasible plan, and the prices that prove it.

    Attributes:
        lower_bound: no feasible plan costs less.
        method: ``prices`` (checkable from the prices below), ``branch-and-bound`` (from more parts than are listed; the
            prices below prove a lower bound only) or ``branch-and-cut`` (from the exact solver).
        price: (N,) what hosting each user is worth at most [s]; None for ``branch-and-cut``.
        congestion: (M,) price of root work on each station [s/sqrt(cycle)].
        seat_price: (M,) price of one seat on each station [s].
        demand_price: (M,) price of one unit of demand on each station [s/unit]; None without demands.
        parts: where the bound was raised by branching: parts that cover all plans, each with its own certificate; the
            bound is the least of theirs. The prices above are those of the whole.
    """

    lower_bound: float
    method: str
    price: FloatArray | None = None
    congestion: FloatArray | None = None
    seat_price: FloatArray | None = None
    demand_price: FloatArray | None = None
    parts: "tuple[tuple[Part, Certificate], ...]" = ()


def reduced_costs(
    problem: PlacementProblem,
    price: FloatArray,
    congestion: FloatArray,
    seat_price: FloatArray,
    demand_price: FloatArray | None = None,
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

    Returns:
        (M,) reduced costs [s] and (M,) sums of magnitudes [s]; stations that may not host get ``inf`` and 0.
    """
    reduced, magnitude = np.full(problem.stations, np.inf), np.zeros(problem.stations)
    hosts = np.flatnonzero(problem.capacity > 0)
    seats = np.minimum(problem.capacity, problem.users)
    fixed = congestion**2 * problem.cpu_room / 4 + seats * seat_price
    if problem.demand is not None and demand_price is not None:
        fixed = fixed + problem.demand_room * demand_price
    for at in range(0, hosts.size, max(1, ARCS_AT_ONCE // problem.users)):
        k = hosts[at : at + max(1, ARCS_AT_ONCE // problem.users)]
        asked = problem.comm_s[:, k] + charges(problem, k, congestion[k]) + seat_price[k]
        if problem.demand is not None and demand_price is not None:
            asked = asked + demand_price[k] * problem.demand[:, None]
        margin = np.where(problem.allowed[:, k], price[:, None] - asked, 0.0)
        gained = _pairwise_sums(np.maximum(margin, 0.0))
        inside = _pairwise_sums(np.where(margin > 0, np.abs(price)[:, None] + asked, 0.0))
        reduced[k] = problem.scaled_opening[k] - (fixed[k] + gained)
        magnitude[k] = problem.scaled_opening[k] + fixed[k] + gained + inside
    return reduced, magnitude


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


def certify(
    problem: PlacementProblem,
    price: FloatArray,
    congestion: FloatArray,
    seat_price: FloatArray,
    demand_price: FloatArray | None = None,
    part: Part | None = None,
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

    Returns:
        The certificate, its bound rounded down by ``ROUNDING_MARGIN``; infinite where the part holds no plan.
    """
    part = part or Part(problem.least_open, problem.stations, (), ())
    return certify_parts(problem, price, congestion, seat_price, demand_price, [part])[0]


def certify_parts(
    problem: PlacementProblem,
    price: FloatArray,
    congestion: FloatArray,
    seat_price: FloatArray,
    demand_price: FloatArray | None,
    parts: Sequence[Part],
) -> list[Certificate]:
    """`certify` for several parts of the plans by the same prices, which are looked at only once."""
    reduced, magnitude = reduced_costs(problem, price, congestion, seat_price, demand_price)
    scale = problem.alpha / problem.users
    found = []
    for part in parts:
        chosen, bound = _cheapest(reduced, part), math.inf
        if chosen is not None:
            total = float(price.sum() + reduced[chosen].sum())
            size = float(np.abs(price).sum() + magnitude[chosen].sum())
            bound = scale * (total - ROUNDING_MARGIN * size) + problem.constant_cost * (1 - ROUNDING_MARGIN)
        found.append(Certificate(bound, "prices", price, congestion, seat_price, demand_price))
    return found


def _cheapest(reduced: FloatArray, part: Part) -> IntArray | None:
    """The stations of least total reduced cost that a plan of the part may open; None where there are too few."""
    opened = np.array(part.opened, np.int64)
    undecided = np.isfinite(reduced)
    if not undecided[opened].all():
        return None
    undecided[opened] = False
    undecided[np.array(part.shut, np.int64)] = False
    free = np.flatnonzero(undecided)
    free = free[np.argsort(reduced[free], kind="stable")]
    asked, room = max(0, part.fewest - opened.size), part.most - opened.size
    if room < 0 or asked > free.size:
        return None
    taken = max(asked, min(room, int((reduced[free] < 0).sum())))
    return np.concatenate([opened, free[:taken]])
