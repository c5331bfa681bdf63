"""Users who want more than there is, read off one station or off prices, without branching."""

import numpy as np

from twinhop.kernels.edge import SHARE_TOLERANCE
from twinhop.placement.budget import Budget
from twinhop.placement.mip import MipStatus, Model
from twinhop.placement.problem import (
    DEMAND_TOLERANCE,
    BoolArray,
    FloatArray,
    IntArray,
    PlacementProblem,
)

#: Shares of a station that add up to more than this do not fit on it: what counts as fitting, and rounding in the sum.
FULL = 1 + 2 * max(SHARE_TOLERANCE, DEMAND_TOLERANCE)


def shares(problem: PlacementProblem) -> FloatArray:
    """What each user would take of each station, as shares of what the station has.

    Returns:
        (C, N, M) of its seats, of its CPU by deadlines, of its demand capacity, those that are limited; 0 on arcs that
        are not allowed.
    """
    allowed, capacity = problem.allowed, np.maximum(problem.capacity, 1)
    parts = [np.where(allowed, 1 / capacity, 0.0)]
    if problem.floor is not None:
        parts.append(np.divide(problem.floor, problem.cpu, out=np.zeros(allowed.shape), where=allowed))
    if problem.demand is not None and problem.demand_capacity is not None:
        room = np.where(problem.demand_capacity > 0, problem.demand_capacity, 1.0)
        parts.append(np.where(allowed, problem.demand[:, None] / room, 0.0))
    return np.stack(parts)


def copies(usage: FloatArray, allowed: BoolArray) -> FloatArray:
    """(N,) how many users just like each one the stations could hold together: few, where it is hard to serve."""
    largest = usage.max(axis=0)
    return np.where(allowed, np.floor(FULL / np.where(largest > 0, largest, 1.0)), 0.0).sum(axis=1)


def crowded_station(usage: FloatArray, allowed: BoolArray) -> IntArray | None:
    """The fewest users who can only be served by one and the same station and do not fit there.

    Args:
        usage: (C, N, M) shares.
        allowed: (N, M) arcs.

    Returns:
        Their indices, or None where no station is so crowded. Without any one of them the others fit there.
    """
    only = np.flatnonzero(allowed.sum(axis=1) == 1)
    where = allowed[only].argmax(axis=1)
    fewest: IntArray | None = None
    for k in np.unique(where):
        users = only[where == k]
        for share in usage[:, users, k]:
            order = np.argsort(-share, kind="stable")
            count = 1 + int(np.searchsorted(np.cumsum(share[order]), FULL, side="right"))
            if count <= users.size and (fewest is None or count < fewest.size):
                fewest = users[order[:count]]
    return fewest


def priced_shortage(usage: FloatArray, allowed: BoolArray, budget: Budget) -> IntArray | None:
    """Users who do not fit even if they may be divided, by prices that prove it.

    At prices ``p_ck >= 0`` of a whole station, user i pays at least ``v_i = min_k sum_c p_ck usage_cik`` anywhere.
    Users whose ``v_i`` add up to more than all prices do not fit: the dearest are taken until they do. The prices are
    the duals of the linear program that leaves out as little of the users as it can.

    Args:
        usage: (C, n, M) shares.
        allowed: (n, M) arcs.
        budget: time allowed.

    Returns:
        Indices of such users, the dearest first; None where there are none or the time ran out.
    """
    prices = _prices(usage, allowed, budget)
    if prices is None:
        return None
    payment = np.where(allowed, np.einsum("ck,cik->ik", prices, usage), np.inf).min(axis=1)
    order = np.argsort(-payment, kind="stable")
    count = 1 + int(np.searchsorted(np.cumsum(payment[order]), FULL * prices.sum(), side="right"))
    return order[:count] if count <= order.size else None


def _prices(usage: FloatArray, allowed: BoolArray, budget: Budget) -> FloatArray | None:
    """(C, M) prices of whole stations; None where the time ran out."""
    kinds, users, stations = usage.shape
    row, station = np.nonzero(allowed)
    model = Model(1e-9)
    arcs = model.add_columns(np.zeros(row.size), 1.0)
    left_out = model.add_columns(np.ones(users), 1.0)
    rows, columns = np.concatenate([row, np.arange(users)]), np.concatenate([arcs, left_out])
    model.add_rows(rows, columns, np.ones(rows.size), 1.0, np.inf, users)
    for share in usage:
        model.add_rows(station, arcs, share[row, station], -np.inf, 1.0, stations)
    if model.solve(budget) is not MipStatus.OPTIMAL:
        return None
    return np.maximum(-model.row_duals()[users:].reshape(kinds, stations), 0.0)
