"""The certified lower bound: recomputed from the prices alone, in float64 without fast-math, and rounded down."""

import math
from dataclasses import dataclass

import numpy as np

from twinhop.placement.problem import FloatArray, PlacementProblem

#: The bound is lowered by this share of the sum of the magnitudes of all its terms. A float64 operation errs by
#: 1.1e-16 relatively and sums are exact (fsum), so the margin covers thousands of operations a term.
ROUNDING_MARGIN = 1e-12
#: What the exact solver's own bound is lowered by, as a share of the best plan's cost: its tolerances are 1e-9 a row.
SOLVER_MARGIN = 1e-6


@dataclass(frozen=True)
class Certificate:
    """A lower bound on the cost of every feasible plan, and the prices that prove it.

    Attributes:
        lower_bound: no feasible plan costs less.
        method: ``prices`` (checkable from the prices below) or ``branch-and-cut`` (from the exact solver).
        price: (N,) what hosting each user is worth at most [s]; None for ``branch-and-cut``.
        congestion: (M,) price of root work on each station [s/sqrt(cycle)].
        seat_price: (M,) price of one seat on each station [s].
        demand_price: (M,) price of one unit of demand on each station [s/unit]; None without demands.
    """

    lower_bound: float
    method: str
    price: FloatArray | None = None
    congestion: FloatArray | None = None
    seat_price: FloatArray | None = None
    demand_price: FloatArray | None = None


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
    with the `charges` of theta_k, because ``sum f <= F`` may be priced at ``theta^2 / 4`` and ``sum x <= N_k`` at nu.
    Where demands are given, ``sum d x <= C_k`` is priced likewise at any mu_k >= 0: ``C_k mu_k`` is added, and each
    user pays ``mu_k d_i`` besides; C_k is taken with the room for rounding that a feasible plan has. The reduced cost
    is the scaled opening cost minus that.

    Args:
        problem: the problem.
        price: (N,) [s].
        congestion: (M,) theta_k [s/sqrt(cycle)].
        seat_price: (M,) nu_k [s].
        demand_price: (M,) mu_k [s/unit of demand]; None is 0.

    Returns:
        (M,) reduced costs [s] and (M,) sums of magnitudes [s]; stations that may not host get ``inf`` and 0.
    """
    reduced = np.full(problem.stations, np.inf)
    magnitude = np.zeros(problem.stations)
    for k in np.flatnonzero(problem.capacity > 0).tolist():
        arcs = problem.allowed[:, k]
        margin = price[arcs] - problem.comm_s[arcs, k] - charges(problem, k, congestion[k])[arcs] - seat_price[k]
        demand_cost = 0.0
        if problem.demand is not None and demand_price is not None:
            margin = margin - demand_price[k] * problem.demand[arcs]
            demand_cost = float(problem.demand_room[k] * demand_price[k])
        seats = min(int(problem.capacity[k]), problem.users)
        parts = [
            congestion[k] ** 2 * problem.cpu[k] / 4,
            seats * seat_price[k],
            demand_cost,
            math.fsum(margin[margin > 0]),
        ]
        reduced[k] = problem.scaled_opening[k] - math.fsum(parts)
        terms = margin > 0
        inside = np.abs(price[arcs][terms]) + problem.comm_s[arcs, k][terms]
        magnitude[k] = problem.scaled_opening[k] + math.fsum(parts) + 2 * float(inside.sum())
    return reduced, magnitude


def charges(problem: PlacementProblem, k: int, theta: float) -> FloatArray:
    """What each user must pay for computing on station k at congestion price theta.

    ``min over f >= fmin of w / f + (theta^2 / 4) f``: ``theta s`` where ``f = 2 s / theta`` keeps the minimum share,
    else ``w / fmin + theta^2 fmin / 4``. Never below ``theta s``, so that deadlines only raise the bound.

    Args:
        problem: the problem.
        k: index of the station.
        theta: congestion price >= 0 [s/sqrt(cycle)].

    Returns:
        (N,) charges [s], 0 on forbidden arcs.
    """
    s = problem.root_work
    if problem.floor is None:
        return theta * s
    floor = np.where(np.isfinite(problem.floor[:, k]), problem.floor[:, k], 0.0)
    binds = theta * floor > 2 * s
    safe = np.where(binds, floor, 1.0)
    return np.where(binds, s * s / safe + theta * theta * floor / 4, theta * s)


def certify(
    problem: PlacementProblem,
    price: FloatArray,
    congestion: FloatArray,
    seat_price: FloatArray,
    demand_price: FloatArray | None = None,
) -> Certificate:
    """Turn any prices into a valid lower bound.

    ``bound = (alpha/N) [sum_i price_i + min over m >= m0 of the sum of the m smallest reduced costs] + constant``,
    where m0 is the fewest stations that can hold all users: any feasible plan opens at least m0.

    Args:
        problem: the problem.
        price: (N,) any prices [s].
        congestion: (M,) any theta_k >= 0 [s/sqrt(cycle)].
        seat_price: (M,) any nu_k >= 0 [s].
        demand_price: (M,) any mu_k >= 0 [s/unit of demand]; None is 0.

    Returns:
        The certificate, its bound rounded down by ``ROUNDING_MARGIN``.
    """
    reduced, magnitude = reduced_costs(problem, price, congestion, seat_price, demand_price)
    order = np.argsort(reduced, kind="stable")
    forced = order[: problem.least_open]
    chosen = np.concatenate([forced, order[problem.least_open :][reduced[order[problem.least_open :]] < 0]])
    total = math.fsum([*price, *reduced[chosen]])
    size = float(np.abs(price).sum() + magnitude[chosen].sum())
    scale = problem.alpha / problem.users
    bound = scale * (total - ROUNDING_MARGIN * size) + problem.constant_cost * (1 - ROUNDING_MARGIN)
    return Certificate(bound, "prices", price, congestion, seat_price, demand_price)
