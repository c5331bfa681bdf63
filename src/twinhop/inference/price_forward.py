"""The prices of the primal-dual network without JAX: `twinhop.learn.primal_dual.network` up to rounding, compiled.

Users are the last axis, so that loops over users are vectorised. Nothing here is part of a certificate: whatever the
prices are, `twinhop.placement.certificate` proves what they are worth.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinhop.inference.price_input import NOUGHT, ONE, Floats, PricedArrays, price_input, soft
from twinhop.inference.price_sizes import (
    CONGESTION_STEPS,
    LARGEST_LOG,
    LARGEST_MARGIN,
    LARGEST_RATIO,
    SEAT_STEPS,
    STATION,
    STEEP,
    STEP,
    USER,
)
from twinhop.jit import jit

NEVER = np.float32(-1e9)
"""Worth of a user where it may not be."""
MOST_MARGIN, MORE, HALF, CHANGE = np.float32(LARGEST_MARGIN), np.float32(STEEP), np.float32(0.5), np.float32(STEP)
MOST_LOG = np.float32(LARGEST_LOG)
LEAST_WORK = np.float32(1e-6)
CHUNK = 512
"""Users at a time, so that what is added up for them stays in the cache."""


class BlockWeights(NamedTuple):
    """The weights of all blocks, (blocks, inputs, outputs) each, and their biases, (blocks, outputs)."""

    edge: Floats
    edge_bias: Floats
    of_user: Floats
    of_user_bias: Floats
    of_station: Floats
    of_station_bias: Floats
    user: Floats
    user_bias: Floats
    station: Floats
    station_bias: Floats
    change: Floats
    change_bias: Floats


def forward(blocks: BlockWeights, arrays: PricedArrays, known: NDArray[np.float64] | None = None) -> Floats:
    """Users' prices above their least communication latency [unit], (N,).

    Args:
        blocks: the network.
        arrays: the problem.
        known: (N,) prices to begin with, likewise [unit]; nan: nothing is known of that user; None: of any.
    """
    seen = price_input(arrays)
    stations, users = arrays.far.shape
    width = blocks.edge.shape[2]
    u, v = np.zeros((width + USER, users), np.float32), np.zeros((width + STATION, stations), np.float32)
    share, margin = np.empty_like(arrays.far), np.empty_like(arrays.far)
    _place(seen.users, seen.whole, u, width, 8)
    _place(seen.stations, seen.whole, v, width, 12)
    z = np.zeros(users, np.float32)
    if known is not None:
        begin = np.log(np.maximum(known / seen.unit, np.exp(-LARGEST_LOG)))
        z[:] = np.where(np.isfinite(begin), np.minimum(begin, LARGEST_LOG), 0.0)
    _all_blocks(blocks, arrays, seen, z, u, v, share, margin)
    return seen.unit * np.exp(z)


@jit()
def _place(static, whole, into, at, later):
    """Put the features that do not change where each block looks for them."""
    for f in range(static.shape[0]):
        for i in range(static.shape[1]):
            into[at + f, i] = static[f, i]
    for f in range(whole.size):
        for i in range(static.shape[1]):
            into[at + later + f, i] = whole[f]


@jit(fastmath=True, inner=True)
def _charged_margins(worth, work, floor, theta, has_floors, margin):
    """What users are worth after what they are charged for computing."""
    if not has_floors:
        for i in range(worth.size):
            margin[i] = worth[i] - theta * work[i]
        return
    quarter = np.float32(0.25) * theta * theta
    for i in range(worth.size):
        safe = max(floor[i], np.float32(1e-9))
        bound = work[i] * work[i] / safe + quarter * floor[i]
        plain = theta * work[i]
        margin[i] = worth[i] - (bound if theta * floor[i] > 2 * work[i] else plain)


@jit(fastmath=True, inner=True)
def _count_above(margin, price):
    count = NOUGHT
    for i in range(margin.size):
        count += ONE if margin[i] > price else NOUGHT
    return count


@jit(fastmath=True, inner=True)
def _bisected_seat_price(margin, seats):
    """The price that keeps all but so many out, by bisection."""
    if seats >= margin.size or _count_above(margin, NOUGHT) <= seats:
        return NOUGHT
    low, high = NOUGHT, NOUGHT
    for i in range(margin.size):
        high = max(high, margin[i])
    for _ in range(SEAT_STEPS):
        middle = HALF * (low + high)
        if _count_above(margin, middle) > seats:
            low = middle
        else:
            high = middle
    return high


@jit(fastmath=True, inner=True)
def _work_used(margin, work, floor, theta, nu, has_floors):
    total = NOUGHT
    if not has_floors:
        for i in range(margin.size):
            total += work[i] if margin[i] > nu else NOUGHT
        return total
    half = HALF * theta
    for i in range(margin.size):
        total += max(work[i], half * floor[i]) if margin[i] > nu else NOUGHT
    return total


@jit(fastmath=True, inner=True)
def _work_taken(worth, work, theta):
    """Root work of those who are worth their charge, where nothing else limits them."""
    total = NOUGHT
    for i in range(worth.size):
        total += work[i] if worth[i] - theta * work[i] > NOUGHT else NOUGHT
    return total


@jit(fastmath=True, inner=True)
def _station_answer(price, far, may, work, floor, cpu, opening, seats, has_floors, worth, other, share, margin):
    """The response of one station; fills its share and margin, returns its reduced cost, theta and nu."""
    users = price.size
    high, low = NOUGHT, NOUGHT
    for i in range(users):
        worth[i] = price[i] - far[i] if may[i] > 0 else NEVER
        high = max(high, worth[i] / max(work[i], LEAST_WORK))
    high += LEAST_WORK
    half_cpu = HALF * cpu
    for _ in range(CONGESTION_STEPS):
        theta = HALF * (low + high)
        if seats >= users and not has_floors:
            used = _work_taken(worth, work, theta)
        else:
            _charged_margins(worth, work, floor, theta, has_floors, margin)
            nu = _bisected_seat_price(margin, seats)
            used = _work_used(margin, work, floor, theta, nu, has_floors)
        if used > theta * half_cpu:
            low = theta
        else:
            high = theta
    _charged_margins(worth, work, floor, low, has_floors, other)
    nu_low = _bisected_seat_price(other, seats)
    used_low = _work_used(other, work, floor, low, nu_low, has_floors)
    _charged_margins(worth, work, floor, high, has_floors, margin)
    nu = _bisected_seat_price(margin, seats)
    used_high = _work_used(margin, work, floor, high, nu, has_floors)
    blend = (high * half_cpu - used_high) / max(used_low - used_high, np.float32(1e-9))
    blend = min(max(blend, NOUGHT), ONE)
    best = np.float32(0.25) * high * high * cpu + (nu * seats if nu > 0 else NOUGHT)
    for i in range(users):
        inside = ONE if margin[i] > nu else NOUGHT
        outside = ONE if other[i] > nu_low else NOUGHT
        share[i] = inside + blend * (outside - inside)
        margin[i] -= nu
        best += max(margin[i], NOUGHT)
    return opening - best / users, high, nu


@jit(fastmath=True, inner=True)
def _affine_rows(weight, bias, x, result):
    """``W^T x + b`` of columns (inputs, n) into (outputs, n)."""
    for h in range(result.shape[0]):
        row = result[h]
        for i in range(row.size):
            row[i] = bias[h]
    _add_affine_rows(weight, 0, x, result)


@jit(fastmath=True, inner=True)
def _add_affine_rows(weight, first, x, result):
    """Add the product of some rows of the weights, from ``first`` on; four at a time, as it waits for memory."""
    inputs, fours = x.shape[0], x.shape[0] // 4 * 4
    for h in range(result.shape[0]):
        row = result[h]
        for f in range(0, fours, 4):
            one, two = weight[first + f, h], weight[first + f + 1, h]
            three, four = weight[first + f + 2, h], weight[first + f + 3, h]
            a, b, c, d = x[f], x[f + 1], x[f + 2], x[f + 3]
            for i in range(row.size):
                row[i] += one * a[i] + two * b[i] + three * c[i] + four * d[i]
        for f in range(fours, inputs):
            factor, column = weight[first + f, h], x[f]
            for i in range(row.size):
                row[i] += factor * column[i]


@jit()
def _all_blocks(blocks, arrays, seen, z, u, v, share, margin):
    """One block after the other."""
    for turn in range(blocks.edge.shape[0]):
        _one_block(blocks, turn, arrays, seen, z, u, v, share, margin)


@jit(fastmath=True, inner=True)
def _one_block(blocks, turn, arrays, seen, z, u, v, share, margin):
    """One block: response, messages, a change of the log prices z; the states u and v in place."""
    stations, users = arrays.far.shape
    width = blocks.edge.shape[2]
    price, worth, other = np.empty(users, np.float32), np.empty(users, np.float32), np.empty(users, np.float32)
    for i in range(users):
        price[i] = seen.unit[i] * np.exp(z[i])
    reduced, likely = np.empty(stations, np.float32), np.empty(stations, np.float32)
    opened, mean_unit = np.float32(seen.opened), np.float32(seen.mean_unit)
    hosted, of_users = np.empty(stations, np.float32), np.float32(users)
    for k in range(stations):
        reduced[k], theta, nu = _station_answer(
            price,
            arrays.far[k],
            arrays.may[k],
            arrays.work,
            arrays.floor[k],
            arrays.cpu[k],
            arrays.opening[k],
            arrays.seats[k],
            arrays.has_floors,
            worth,
            other,
            share[k],
            margin[k],
        )
        told = reduced[k] * opened / mean_unit
        count, floors = NOUGHT, NOUGHT
        for i in range(users):
            count += share[k, i]
            floors += share[k, i] * arrays.floor[k, i]
        hosted[k] = count
        exponent = min(max(np.float32(8.0) * told, np.float32(-30.0)), np.float32(30.0))
        likely[k] = ONE / (ONE + np.exp(exponent)) if arrays.seats[k] > 0 else NOUGHT
        at = width + 5
        v[at, k] = soft(np.float32(3.0) * told)
        v[at + 1, k] = min(theta / mean_unit, np.float32(LARGEST_RATIO))
        v[at + 2, k] = np.log1p(count * opened / of_users)
        v[at + 3, k] = soft(np.float32(3.0) * nu / mean_unit)
        v[at + 4, k] = count / max(arrays.seats[k], ONE)
        v[at + 5, k] = min(floors / max(arrays.cpu[k], np.float32(1e-9)), np.float32(LARGEST_RATIO))
    _open_stations(reduced, arrays.seats, arrays.least_open, v[width + 11])
    covered, covered_now = u[width + 6], u[width + 7]
    covered[:] = NOUGHT
    covered_now[:] = NOUGHT
    for k in range(stations):
        now, soon, row = v[width + 11, k], likely[k], share[k]
        for i in range(users):
            covered[i] += row[i] * soon
            covered_now[i] += row[i] * now
    for i in range(users):
        u[width + 5, i] = z[i]
        covered[i] = soft(np.float32(2.0) * (covered[i] - ONE))
        covered_now[i] = soft(np.float32(2.0) * (covered_now[i] - ONE))
    from_user, from_station = np.empty((width, users), np.float32), np.empty((width, stations), np.float32)
    _affine_rows(blocks.of_user[turn], blocks.of_user_bias[turn], u, from_user)
    _affine_rows(blocks.of_station[turn], blocks.of_station_bias[turn], v, from_station)
    drawn, greatest = np.zeros((width, users), np.float32), np.zeros((width, users), np.float32)
    attracted, taken = np.zeros((width, stations), np.float32), np.zeros((width, stations), np.float32)
    for start in range(0, users, CHUNK):
        end = min(start + CHUNK, users)
        for k in range(stations):
            _link_messages(
                blocks.edge[turn],
                blocks.edge_bias[turn],
                from_station[:, k],
                k,
                start,
                end,
                arrays,
                seen,
                share[k],
                margin[k],
                from_user,
                drawn,
                greatest,
                attracted,
                taken,
            )
    for k in range(stations):
        by, per = ONE / (seen.attracted[k] + np.float32(1e-6)), ONE / (hosted[k] + np.float32(1e-6))
        for h in range(width):
            attracted[h, k] *= by
            taken[h, k] *= per
    _update_states(blocks.user[turn], blocks.user_bias[turn], u, drawn, greatest, from_user)
    _update_states(blocks.station[turn], blocks.station_bias[turn], v, attracted, taken, from_station)
    change = np.full((1, users), NOUGHT)
    _affine_rows(blocks.change[turn], blocks.change_bias[turn], u, change)
    for i in range(users):
        z[i] = min(max(z[i] + CHANGE * change[0, i], -MOST_LOG), MOST_LOG)


@jit(fastmath=True, inner=True)
def _update_states(weight, bias, state, first, second, result):
    """Add ``relu`` of the layer over state, both messages and features to the first rows of the state."""
    width = result.shape[0]
    _affine_rows(weight[:width], bias, state[:width], result)
    _add_affine_rows(weight, width, first, result)
    _add_affine_rows(weight, 2 * width, second, result)
    _add_affine_rows(weight, 3 * width, state[width:], result)
    for h in range(width):
        for i in range(result.shape[1]):
            state[h, i] += max(result[h, i], NOUGHT)


@jit(inner=True)
def _open_stations(reduced, seats, least_open, result):
    """1 for stations that pay, and for the cheapest others up to as many as hold everybody; else 0."""
    rank = 0
    for k in np.argsort(np.where(seats > 0, reduced, np.float32(1e6))):
        is_open = seats[k] > 0 and (reduced[k] < 0 or rank < least_open)
        result[k] = ONE if is_open else NOUGHT
        rank += 1


@jit(fastmath=True, inner=True)
def _link_messages(
    edge, bias, there, k, start, end, arrays, seen, share, margin, from_user, drawn, greatest, attracted, taken
):
    """The messages of the links between one station and some users, added up for both."""
    size, width = end - start, edge.shape[1]
    told, steep = np.empty(size, np.float32), np.empty(size, np.float32)
    may, near, nearer = arrays.may[k, start:end], seen.near[k, start:end], seen.nearer[k, start:end]
    weight, taker, unit = seen.by_user[k, start:end], share[start:end], seen.unit[start:end]
    margin = margin[start:end]
    fair = seen.fair[k, start:end] if arrays.has_floors else told
    for i in range(size):
        told[i] = min(max(margin[i] / unit[i], -MOST_MARGIN), MOST_MARGIN)
        steep[i] = soft(MORE * told[i])
    message = np.empty(size, np.float32)
    for h in range(width):
        one, two, three, four, five, six = edge[0, h], edge[1, h], edge[2, h], edge[3, h], edge[4, h], edge[5, h]
        if not arrays.has_floors:
            six = NOUGHT
        constant = there[h] + bias[h]
        sent, sums, most = from_user[h, start:end], drawn[h, start:end], greatest[h, start:end]
        for i in range(size):  # few arrays a loop: with more of them it would not be vectorised
            sum_here = constant + sent[i] + one * near[i] + two * nearer[i] + three * told[i]
            message[i] = max(sum_here + four * steep[i] + five * taker[i] + six * fair[i], NOUGHT)
        by_weight, by_share = NOUGHT, NOUGHT
        for i in range(size):
            by_weight += weight[i] * message[i]
            by_share += taker[i] * message[i]
        for i in range(size):
            sums[i] += weight[i] * message[i]
        for i in range(size):
            most[i] = max(most[i], message[i] * may[i])
        attracted[h, k] += by_weight
        taken[h, k] += by_share
