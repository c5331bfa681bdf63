"""Values to go of a Markov decision process on grids: what a host brings while its user goes by the chain of all users.

A user's process depends on what a move costs it, in slots after which a move pays, and on the slots left. Both are
put on grids, in doublings, so that one table serves all users.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinhop.inference.foresight.tracks import Seen
from twinhop.migration.value_loop import values_to_go
from twinhop.placement.problem import IntArray

Numbers = NDArray[Any]

#: Horizons 1, 2, 4, ..., and slots after which a move pays 1, 2, 4, ...
HORIZONS, PRICES = 8, 8


class MoveUnits(NamedTuple):
    """What a move costs beside what it saves.

    Attributes:
        update: mean latency a unit of an update between hosts.
        move: of a twin.
        fixed: share of a mean move that does not depend on the way.
    """

    update: float
    move: float
    fixed: float


def move_units(unit: Numbers, way: Numbers, update_scale: Numbers, move_scale: Numbers, fixed_s: float) -> MoveUnits:
    """Units of users and hosts.

    Args:
        unit: (K, K) of updates.
        way: (K, K) of twins.
        update_scale: (n,).
        move_scale: (n,).
        fixed_s: [s].
    """
    apart = max(len(unit) * (len(unit) - 1), 1)
    update, move = max(float(unit.sum()) / apart, 1e-300), float(way.sum()) / apart
    mean_s = float(move_scale.mean()) * move
    return MoveUnits(update, move, fixed_s / max(fixed_s + mean_s, 1e-300))


def pays_after(units: MoveUnits, update_scale: Numbers, move_scale: Numbers, fixed_s: Numbers) -> Numbers:
    """(n,) slots after which a move over a mean way pays."""
    return (fixed_s + move_scale * units.move) / np.maximum(update_scale * units.update, 1e-300)


def mean_computing(load: Numbers, cpu: Numbers, root_work: Numbers, update_scale: Numbers) -> Numbers:
    """(K,) what users add to the computing of all on each host, ``2 L_k / F_k``, as latency a unit of the mean user.

    Args:
        load: (K,) sums of root works.
        cpu: (K,).
        root_work: (n,) of users.
        update_scale: (n,).
    """
    return 2.0 * load / cpu * (root_work.sum() / max(float(update_scale.sum()), 1e-300))


def values_by_horizon(
    counts: Numbers, unit: Numbers, computing: Numbers, way: Numbers, units: MoveUnits
) -> NDArray[np.float32]:
    """What is to be expected from a slot on, by horizon, price of moves, station of now and host kept.

    ``Q_h[a, k] = c[a, k] + sum_b P[a, b] V_h-1[b, k]`` with ``V_h[b, k] = min_q (move[k, q] + Q_h[b, q])`` and
    ``V_0 = 0``.

    Args:
        counts: (M, M) steps from station to station.
        unit: (M, K) latency a unit.
        computing: (K,) of `mean_computing`.
        way: (K, K) of twins between the hosts.
        units: of the run.

    Returns:
        (J, G, M, K), in the unit of ``unit``.
    """
    chain = counts + np.eye(len(counts))
    chain /= chain.sum(axis=1, keepdims=True)
    cost = np.asarray(unit + computing, np.float64)
    far = way / units.move if units.move > 0 else np.zeros_like(way)
    once = units.update * (units.fixed + (1.0 - units.fixed) * far)
    np.fill_diagonal(once, 0.0)
    result = np.empty((HORIZONS, PRICES, *cost.shape), np.float32)
    for price in range(PRICES):
        after, slots = np.zeros_like(cost), 0
        for horizon in range(HORIZONS):
            values_to_go(chain, cost, 2.0**price * once, 2**horizon - 1 - slots, after)
            slots = 2**horizon - 1
            result[horizon, price] = cost + after
    return result


def expected_to_go(
    to_go: NDArray[np.float32], seen: Seen, pays: Numbers, left: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(n, 3, K) values to go of users at their stations, and at those that they come to if they go on.

    Args:
        to_go: of `values_by_horizon`.
        seen: of n users.
        pays: (n,) of `pays_after`.
        left: (n,) slots to come, the present one included.
    """
    horizon, beyond = _between(left, HORIZONS)
    price, dearer = _between(pays, PRICES)
    stations = np.stack([seen.at, seen.ahead[:, 0], seen.ahead[:, 1]], axis=1)

    def at(j: IntArray, g: IntArray) -> NDArray[np.float32]:
        return to_go[j[:, None], g[:, None], stations]

    near = (1 - dearer) * at(horizon, price) + dearer * at(horizon, price + 1)
    far = (1 - dearer) * at(horizon + 1, price) + dearer * at(horizon + 1, price + 1)
    return ((1 - beyond) * near + beyond * far).astype(np.float32)


def _between(values: Numbers, count: int) -> tuple[IntArray, NDArray[np.float32]]:
    """Places on a grid of doublings, and how far (n, 1, 1) to the next."""
    place = np.clip(np.log2(np.maximum(values, 1e-9)), 0.0, count - 1.001)
    below = place.astype(np.int64)
    return below, (place - below).astype(np.float32)[:, None, None]
