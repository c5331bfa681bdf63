"""Compiled passes over a block of users: what prices are worth to every station, and which way they should go.

The relaxation's value is concave in all prices but has kinks wherever a user is worth exactly what it costs, which at
the best prices is nearly everywhere. The passes therefore smooth it: ``max(0, z)`` becomes
``(z + h)^2 / (4 h)`` for ``|z| < h``, whose derivative, the share of the user that the station takes, rises from 0 to
1. What is kept as a bound is the value without smoothing, which the same pass sums up.
"""

import numpy as np

from twinhop.jit import jit

#: The sums of a pass for each station: what it gains without and with smoothing, its root work and users, and how fast
#: these two fall with the congestion price and the seat price.
GAIN, SMOOTH, LOAD, COUNT, LOAD_BEND, CROSS_BEND, COUNT_BEND, SUMS = 0, 1, 2, 3, 4, 5, 6, 7
#: A gain on arcs that deadlines forbid [s].
NEVER = -1e30


@jit(inner=True)
def minimum_share_on(limits, i, delay, slope):
    """The share with which user i keeps its deadline on an arc [cycle/s]; inf where none does."""
    if limits.deadline[i] == np.inf:
        return 0.0
    slack = limits.deadline[i] - (limits.up[i] + limits.factor * delay + limits.scale[i] * slope)
    return limits.work[i] / slack if slack > 0.0 else np.inf


@jit(inner=True)
def computing_charge(limits, i, delay, slope, room, theta, s):
    """What user i pays for computing, its derivative by theta, and the derivative of that; NEVER: forbidden."""
    if limits is None:
        return theta * s, s, 0.0
    floor = minimum_share_on(limits, i, delay, slope)
    if floor > room:
        return -NEVER, 0.0, 0.0
    if theta * floor > 2.0 * s:
        return s * s / floor + 0.25 * theta * theta * floor, 0.5 * theta * floor, 0.5 * floor
    return theta * s, s, 0.0


@jit(inner=True)
def _take_up(table, r, theta, seat_price, limits, local):
    """The row's candidates and the prices of their stations, side by side."""
    for q in range(table.station.shape[1]):
        k = table.station[r, q]
        local[0, q] = table.delay[r, q] + seat_price[k]
        local[1, q] = table.slope[r, q]
        local[2, q] = theta[k]
        local[3, q] = _room_left(limits, k)


@jit(inner=True)
def _room_left(limits, k):
    if limits is None:
        return 0.0
    return limits.room[k]


@jit(inner=True)
def _put_down(table, r, inner, sums):
    for q in range(table.station.shape[1]):
        k = table.station[r, q]
        for j in range(SUMS):
            sums[j, k] += inner[j, q]
            inner[j, q] = 0.0


@jit(fastmath=True)
def respond(users, table, limits, worth, width, delta, theta, seat_price, begin, end, sums):
    """Sum up what the users of a block are to every station at the present prices.

    Args:
        users: `Users`.
        table: `Table`.
        limits: `Limits`, or None.
        worth: (N,) prices of the users above what all their arcs cost [s].
        width: (N,) what h of each user is in proportion to [s].
        delta: by which factor [1].
        theta: (M,) congestion prices [s/sqrt(cycle)].
        seat_price: (M,) [s].
        begin: first user.
        end: last user, and one.
        sums: (7, M) receives the sums, added to what is there.

    Returns:
        The sum of the prices.
    """
    candidates = table.station.shape[1]
    local, inner = np.empty((4, candidates)), np.zeros((SUMS, candidates))
    total, r = 0.0, -1
    for i in range(begin, end):
        if users.row[i] != r:
            if r >= 0:
                _put_down(table, r, inner, sums)
            r = users.row[i]
            _take_up(table, r, theta, seat_price, limits, local)
        price, s, scale, h = worth[i], users.root_work[i], users.scale[i], delta * width[i]
        total += price
        steep = 0.5 / h
        for q in range(candidates):
            delay, slope = local[0, q], local[1, q]
            charge, rise, bend = computing_charge(limits, i, table.delay[r, q], slope, local[3, q], local[2, q], s)
            z = price - delay - scale * slope - charge
            share = min(max(0.5 + z * steep, 0.0), 1.0)
            turning = steep if (share > 0.0) & (share < 1.0) else 0.0
            inner[GAIN, q] += max(z, 0.0)
            inner[SMOOTH, q] += h * share * share + max(z - h, 0.0)
            inner[LOAD, q] += rise * share
            inner[COUNT, q] += share
            inner[LOAD_BEND, q] += rise * rise * turning + bend * share
            inner[CROSS_BEND, q] += rise * turning
            inner[COUNT_BEND, q] += turning
    if r >= 0:
        _put_down(table, r, inner, sums)
    return total


@jit(fastmath=True)
def turn(
    users, table, limits, worth, last, width, delta, theta, seat_price, opened, step, momentum, ceiling, begin, end
):
    """Move the prices of a block along the smoothed slope, with momentum, below a ceiling.

    Args:
        users: `Users`.
        table: `Table`.
        limits: `Limits`, or None.
        worth: (N,) where the slope is taken; receives where to take the next one.
        last: (N,) prices of the step before; receives those of this one.
        width: as in `respond`.
        delta: as in `respond`.
        theta: as in `respond`.
        seat_price: as in `respond`.
        opened: (M,) how far each station is open, from 0 to 1.
        step: of a user's price, as a share of its h.
        momentum: how much of the last move is made again.
        ceiling: (N,) highest prices, or None.
        begin: first user.
        end: last user, and one.

    Returns:
        The sum of squares of the slope, and the sum of slope times move: below 0 the momentum leads astray.
    """
    candidates = table.station.shape[1]
    local, opening = np.empty((4, candidates)), np.empty(candidates)
    squares, along, r = 0.0, 0.0, -1
    for i in range(begin, end):
        if users.row[i] != r:
            r = users.row[i]
            _take_up(table, r, theta, seat_price, limits, local)
            for q in range(candidates):
                opening[q] = opened[table.station[r, q]]
        price, s, scale, h = worth[i], users.root_work[i], users.scale[i], delta * width[i]
        covered, steep = 0.0, 0.5 / h
        for q in range(candidates):
            delay, slope = local[0, q], local[1, q]
            charge, _, _ = computing_charge(limits, i, table.delay[r, q], slope, local[3, q], local[2, q], s)
            z = price - delay - scale * slope - charge
            covered += opening[q] * min(max(0.5 + z * steep, 0.0), 1.0)
        free = price + step * h * (1.0 - covered)
        new = _under_ceiling(ceiling, i, free)
        if new == free:
            squares += (1.0 - covered) ** 2
        along += (1.0 - covered) * (new - last[i])
        worth[i] = _under_ceiling(ceiling, i, new + momentum * (new - last[i]))
        last[i] = new
    return squares, along


@jit(inner=True)
def _under_ceiling(ceiling, i, price):
    if ceiling is None:
        return price
    return min(price, ceiling[i])


@jit()
def price_users(users, table, limits, width, delta, theta, seat_price, opened, chosen, begin, end, worth):
    """Prices at which the stations, open as far as they are, take every user once: the slope is 0 there.

    Args:
        users: `Users`.
        table: `Table`.
        limits: `Limits`, or None.
        width: as in `respond`.
        delta: as in `respond`.
        theta: as in `respond`.
        seat_price: as in `respond`.
        opened: (M,) how far each station is open.
        chosen: (N,) whose prices are wanted.
        begin: first user.
        end: last user, and one.
        worth: (N,) receives the prices.
    """
    candidates = table.station.shape[1]
    cost = np.empty(candidates)
    for i in range(begin, end):
        if not chosen[i]:
            continue
        r, h = users.row[i], delta * width[i]
        low, high = np.inf, -np.inf
        for q in range(candidates):
            k = table.station[r, q]
            delay, slope = table.delay[r, q], table.slope[r, q]
            room = _room_left(limits, k)
            charge, _, _ = computing_charge(limits, i, delay, slope, room, theta[k], users.root_work[i])
            cost[q] = delay + users.scale[i] * slope + charge + seat_price[k]
            if cost[q] < 1e29:
                low = min(low, cost[q] - h)
                if opened[k] > 0.0:
                    high = max(high, cost[q] + h)
        if high == -np.inf:
            worth[i] = low + h if low < np.inf else 0.0
            continue
        for _ in range(40):
            middle = 0.5 * (low + high)
            covered = 0.0
            for q in range(candidates):
                share = min(max(0.5 + 0.5 * (middle - cost[q]) / h, 0.0), 1.0)
                covered += opened[table.station[r, q]] * share
            if covered < 1.0:
                low = middle
            else:
                high = middle
            if high - low < 1e-3 * h:
                break
        worth[i] = 0.5 * (low + high)
