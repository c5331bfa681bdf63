"""The bound of a sparse problem: from any prices, over all stations, those outside the candidates too."""

from __future__ import annotations

import math

import numpy as np

from twinhop.jit import jit
from twinhop.placement.certificate import ROUNDING_MARGIN, Part, cheapest_stations
from twinhop.placement.problem import LARGEST, BoolArray, FloatArray
from twinhop.placement.sparse.layout import Layout
from twinhop.placement.sparse.passes import computing_charge

#: Prices are capped by this share below what omitted stations cost, so that rounding lets none of them in.
CAP_MARGIN = 1e-13
#: Users are summed up in runs of at most so many, then the runs: few additions follow each other.
RUN = 512
#: What one addition of floating-point numbers errs by, relatively.
UNIT_ROUNDOFF = 2.0**-53


@jit()
def lowest_prices(station, group, groups, theta, seat_price, usable, begin, end, lowest_theta, lowest_seat):
    """The least prices of the usable stations outside each row, group by group; inf where there are none.

    Args:
        station: (R, K) the candidates.
        group: (M,) of each station.
        groups: their number.
        theta: (M,) congestion prices.
        seat_price: (M,).
        usable: (M,) whether the station may host.
        begin: first row.
        end: last row, and one.
        lowest_theta: (R, G) receives them.
        lowest_seat: (R, G) likewise.
    """
    inside = np.full(group.size, -1, np.int64)
    for r in range(begin, end):
        for g in range(groups):
            lowest_theta[r, g] = np.inf
            lowest_seat[r, g] = np.inf
        for q in range(station.shape[1]):
            if station[r, q] >= 0:
                inside[station[r, q]] = r
        for k in range(group.size):
            if usable[k] and inside[k] != r:
                g = group[k]
                lowest_theta[r, g] = min(lowest_theta[r, g], theta[k])
                lowest_seat[r, g] = min(lowest_seat[r, g], seat_price[k])


@jit()
def cap(users, first, delay, slope, lowest_theta, lowest_seat, begin, end, ceiling):
    """Write the least that an omitted station costs each user of some rows, above what all its arcs cost.

    ``min over g of delay_rg + nu_rg + scale_i slope_rg + theta_rg s_i``. Of a row's groups only those are looked at for
    each user that are not dearer than one of five others for the largest and the least scale and root work in the row.

    Args:
        users: `Users`.
        first: (R + 1,) where the users of each row begin.
        delay: (R, G) of omitted stations.
        slope: (R, G) likewise.
        lowest_theta: (R, G) of `lowest_prices`.
        lowest_seat: (R, G) likewise.
        begin: first row.
        end: last row, and one.
        ceiling: (N,) receives it; inf for users whose row omits nothing.
    """
    groups = delay.shape[1]
    a, b, t = np.empty(groups), np.empty(groups), np.empty(groups)
    corner, best = np.empty((5, 2)), np.empty(5, np.int64)
    for r in range(begin, end):
        if first[r] == first[r + 1]:
            continue
        least_x, most_x, least_s, most_s = np.inf, 0.0, np.inf, 0.0
        for i in range(first[r], first[r + 1]):
            least_x, most_x = min(least_x, users.scale[i]), max(most_x, users.scale[i])
            least_s, most_s = min(least_s, users.root_work[i]), max(most_s, users.root_work[i])
        count = 0
        for g in range(groups):
            if delay[r, g] < np.inf and lowest_theta[r, g] < np.inf:
                a[count], b[count], t[count] = delay[r, g] + lowest_seat[r, g], slope[r, g], lowest_theta[r, g]
                count += 1
        corner[0, 0], corner[0, 1] = least_x, least_s
        corner[1, 0], corner[1, 1] = least_x, most_s
        corner[2, 0], corner[2, 1] = most_x, least_s
        corner[3, 0], corner[3, 1] = most_x, most_s
        corner[4, 0], corner[4, 1] = 0.5 * (least_x + most_x), 0.5 * (least_s + most_s)
        for c in range(5):
            best[c] = 0
            for g in range(1, count):
                here = a[g] + b[g] * corner[c, 0] + t[g] * corner[c, 1]
                if here < a[best[c]] + b[best[c]] * corner[c, 0] + t[best[c]] * corner[c, 1]:
                    best[c] = g
        kept = 0
        for g in range(count):
            needed = True
            for c in range(5):
                o = best[c]
                if o == g:
                    needed = True
                    break
                above = True
                for v in range(4):
                    here = a[g] + b[g] * corner[v, 0] + t[g] * corner[v, 1]
                    above &= here >= a[o] + b[o] * corner[v, 0] + t[o] * corner[v, 1]
                needed &= not above
            if needed:
                # entries behind `kept` are still needed as others: put the kept ones in front by exchange
                a[kept], a[g] = a[g], a[kept]
                b[kept], b[g] = b[g], b[kept]
                t[kept], t[g] = t[g], t[kept]
                for c in range(5):
                    if best[c] == g:
                        best[c] = kept
                    elif best[c] == kept:
                        best[c] = g
                kept += 1
        for i in range(first[r], first[r + 1]):
            least = np.inf
            for g in range(kept):
                least = min(least, a[g] + b[g] * users.scale[i] + t[g] * users.root_work[i])
            ceiling[i] = least


@jit()
def sum_gains(users, table, limits, worth, up, theta, seat_price, begin, end, run, gain, magnitude):
    """What each station gains from the users of a block, in float64, in short runs.

    Args:
        users: `Users`.
        table: `Table`.
        limits: `Limits`, or None.
        worth: (N,) prices above what all arcs cost [s].
        up: (N,) what all arcs cost [s].
        theta: (M,) congestion prices.
        seat_price: (M,).
        begin: first user.
        end: last user, and one.
        run: users in a run, at most.
        gain: (M,) receives the gains.
        magnitude: (M,) receives the magnitudes that went into them.

    Returns:
        The sum of the prices, and that of their magnitudes.
    """
    candidates = table.station.shape[1]
    inner, size = np.zeros(candidates), np.zeros(candidates)
    total, absolute, part, part_size = 0.0, 0.0, 0.0, 0.0
    i = begin
    while i < end:
        r, stop = users.row[i], min(end, i + run)
        while i < stop and users.row[i] == r:
            price = worth[i]
            part += price + up[i]
            part_size += abs(price) + up[i]
            for q in range(candidates):
                k = table.station[r, q]
                delay, slope = table.delay[r, q], table.slope[r, q]
                room = 0.0 if limits is None else limits.room[k]
                charge, _, _ = computing_charge(limits, i, delay, slope, room, theta[k], users.root_work[i])
                cost = delay + users.scale[i] * slope + charge + seat_price[k]
                if price > cost:
                    inner[q] += price - cost
                    size[q] += abs(price) + cost
            i += 1
        for q in range(candidates):
            k = table.station[r, q]
            gain[k] += inner[q]
            magnitude[k] += size[q]
            inner[q], size[q] = 0.0, 0.0
        total += part
        absolute += part_size
        part, part_size = 0.0, 0.0
    return total, absolute


def ceilings(layout: Layout, theta: FloatArray, seat_price: FloatArray) -> FloatArray | None:
    """(N,) above these prices an omitted station might take a user at these prices; None: no station is omitted."""
    problem = layout.problem
    if problem.is_complete:
        return None
    shape = (problem.rows, -1)
    delay, slope = problem.omitted_delay_s.reshape(shape), problem.omitted_slope.reshape(shape)
    slope = np.minimum(slope, LARGEST)
    group = np.zeros(problem.stations, np.int32) if problem.group is None else np.array(problem.group)
    lowest_theta, lowest_seat = np.empty(delay.shape), np.empty(delay.shape)
    usable, ceiling = problem.capacity > 0, np.empty(problem.users)
    station, groups = np.array(problem.station), delay.shape[1]
    edges = np.unique(np.append(layout.users.row[[begin for begin, _ in layout.bounds]], [0, problem.rows]))

    def of_rows(number: int, _begin: int, _end: int) -> None:
        if number + 1 < edges.size:
            rows = int(edges[number]), int(edges[number + 1])
            lowest_prices(station, group, groups, theta, seat_price, usable, *rows, lowest_theta, lowest_seat)
            cap(layout.users, layout.first, delay, slope, lowest_theta, lowest_seat, *rows, ceiling)

    layout.each(of_rows)
    if edges.size - 1 > len(layout.bounds):
        of_rows(edges.size - 2, 0, 0)
    return ceiling * (1 - CAP_MARGIN)


def lifted(layout: Layout, reduced: FloatArray, theta: FloatArray, chosen: BoolArray) -> FloatArray:
    """Congestion prices of the stations that the bound has shut, as high as the bound allows.

    Where ``reduced_k >= 0`` at theta_k, it is not below 0 (or what the dearest chosen station has) at
    ``theta'_k = sqrt(theta_k^2 + 4 reduced_k / F_k)``: what the users bring there does not rise with theta. So the
    bound keeps its value, and omitted arcs cost more.
    """
    problem = layout.problem
    dearest = max(0.0, float(reduced[chosen].max(initial=0.0)))
    shut = ~chosen & np.isfinite(reduced) & (reduced > dearest)
    room = np.where(problem.cpu_room > 0, problem.cpu_room, 1.0)
    slack = np.where(shut, reduced - dearest, 0.0)
    return np.sqrt(theta**2 + 4 * slack * (1 - 1e-9) / room)


def reduced_costs(
    layout: Layout, worth: FloatArray, up: FloatArray, theta: FloatArray, seat_price: FloatArray
) -> tuple[FloatArray, FloatArray, float, float]:
    """`twinhop.placement.certificate.reduced_costs` over candidates, for prices below the `ceilings`.

    Returns:
        (M,) reduced costs, inf for stations that may not host, (M,) their magnitudes, the sum of all prices and that
        of their magnitudes [s].
    """
    problem, blocks = layout.problem, len(layout.bounds)
    gain, size = np.zeros((blocks, problem.stations)), np.zeros((blocks, problem.stations))

    def of_block(number: int, begin: int, end: int) -> tuple[float, float]:
        return sum_gains(
            layout.users,
            layout.table,
            layout.limits,
            worth,
            up,
            theta,
            seat_price,
            begin,
            end,
            RUN,
            gain[number],
            size[number],
        )

    sums = layout.each(of_block)
    total, absolute = math.fsum(each[0] for each in sums), math.fsum(each[1] for each in sums)
    usable = problem.capacity > 0
    seats = np.minimum(problem.capacity, problem.users)
    fixed = theta**2 * problem.cpu_room / 4 + seats * seat_price
    gained = gain.sum(axis=0)
    reduced = np.where(usable, problem.scaled_opening - (fixed + gained), np.inf)
    magnitude = np.where(usable, problem.scaled_opening + fixed + gained + size.sum(axis=0), 0.0)
    return reduced, magnitude, total, absolute


def margin(layout: Layout) -> float:
    """The share of all magnitudes that the bound is lowered by: as many additions as may follow each other."""
    longest = max(end - begin for begin, end in layout.bounds)
    runs = longest / RUN + min(longest, layout.problem.rows)
    return ROUNDING_MARGIN + 4 * UNIT_ROUNDOFF * (RUN + runs + len(layout.bounds))


def lower_bound(
    layout: Layout, worth: FloatArray, up: FloatArray, theta: FloatArray, seat_price: FloatArray
) -> tuple[float, FloatArray]:
    """A lower bound on the cost of every feasible plan, whichever stations it uses, from any prices.

    The prices are capped first, so that no omitted arc could gain: the terms that are left out are 0.

    Args:
        layout: the problem.
        worth: (N,) prices above what all arcs cost, in the order of the rows; capped in place [s].
        up: (N,) what all arcs cost, in that order [s].
        theta: (M,) congestion prices >= 0.
        seat_price: (M,) >= 0.

    Returns:
        The bound, rounded down, and the congestion prices with which it holds.
    """
    problem = layout.problem
    fewest = problem.least_open
    part = Part(fewest, problem.stations, (), ())
    reduced, magnitude, total, absolute = reduced_costs(layout, worth, up, theta, seat_price)
    if not problem.is_complete:
        stations = cheapest_stations(reduced, part)
        chosen = np.zeros(problem.stations, bool)
        if stations is not None:
            chosen[stations] = True
        theta = lifted(layout, reduced, theta, chosen)
        ceiling = ceilings(layout, theta, seat_price)
        assert ceiling is not None
        np.minimum(worth, ceiling, out=worth)
        reduced, magnitude, total, absolute = reduced_costs(layout, worth, up, theta, seat_price)
    stations = cheapest_stations(reduced, part)
    if stations is None:
        return math.inf, theta
    value = total + math.fsum(reduced[stations])
    size = absolute + math.fsum(magnitude[stations])
    scaled = problem.alpha / problem.users * (value - margin(layout) * size)
    return scaled + problem.constant_cost * (1 - ROUNDING_MARGIN), theta
