"""Compiled: who is seated where, by the column of each user's row, and what it costs to move them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinhop.jit import jit
from twinhop.kernels.edge import SHARE_TOLERANCE
from twinhop.placement.problem import FloatArray
from twinhop.placement.sparse.passes import computing_charge, minimum_share_on
from twinhop.placement.sparse.problem import IntArray

#: The column of a user without a station.
NOWHERE = -1


class Seating(NamedTuple):
    """Where users are, and what the stations carry; changed in place by the functions here.

    Attributes:
        column: (N,) place of each user's station in its row, `NOWHERE` for none.
        pinned: (N,) whether the user has its minimum share; (1,) without deadlines.
        twins: (M,) users.
        free: (M,) root work of the users that share what others' minima leave.
        least: (M,) sum of minimum shares [cycle/s].
        held: (M,) of those of pinned users [cycle/s].
        waiting: (M,) computing latency of pinned users [s].
    """

    column: NDArray[np.int16]
    pinned: NDArray[np.bool_]
    twins: IntArray
    free: FloatArray
    least: FloatArray
    held: FloatArray
    waiting: FloatArray


class Stations(NamedTuple):
    """What plans need of stations.

    Attributes:
        cpu: (M,) [cycle/s].
        seats: (M,).
        opening: (M,) scaled opening cost [s].
    """

    cpu: FloatArray
    seats: IntArray
    opening: FloatArray


def make_seating(users: int, stations: int, *, limited: bool) -> Seating:
    """A seating in which nobody has a station."""
    return Seating(
        np.full(users, NOWHERE, np.int16),
        np.zeros(users if limited else 1, bool),
        np.zeros(stations, np.int64),
        np.zeros(stations),
        np.zeros(stations),
        np.zeros(stations),
        np.zeros(stations),
    )


@jit(inner=True)
def _shared_computing(free, held, waiting, cpu):
    """The computing latency on a station [s]."""
    if free <= 0.0:
        return waiting
    return waiting + free * free / (cpu - held) if held < cpu else np.inf


@jit(inner=True)
def _least_share(limits, table, i, r, q):
    if limits is None:
        return 0.0
    return minimum_share_on(limits, i, table.delay[r, q], table.slope[r, q])


@jit(inner=True)
def _pins(floor, s, free, held, cpu):
    """Whether a user that joins gets its minimum share, as its part of the rest would be less."""
    if floor <= 0.0:
        return s <= 0.0
    return s <= 0.0 or s * (cpu - held) < floor * (free + s)


@jit(inner=True)
def added_cost_of(users, table, limits, stations, seating, i, q):
    """What user i, who is nowhere, adds to the cost in column q [s]; inf: no room."""
    r = users.row[i]
    k, delay = table.station[r, q], table.delay[r, q]
    if delay > 1e29 or seating.twins[k] >= stations.seats[k]:
        return np.inf
    s, cpu = users.root_work[i], stations.cpu[k]
    comm = delay + users.scale[i] * table.slope[r, q]
    opening = stations.opening[k] if seating.twins[k] == 0 else 0.0
    if limits is None:
        return comm + opening + (2.0 * seating.free[k] + s) * s / cpu
    floor = _least_share(limits, table, i, r, q)
    if not seating.least[k] + floor <= cpu * (1.0 + 0.5 * SHARE_TOLERANCE):
        return np.inf
    free, held, waiting = seating.free[k], seating.held[k], seating.waiting[k]
    before = _shared_computing(free, held, waiting, cpu)
    if _pins(floor, s, free, held, cpu):
        after = _shared_computing(free, held + floor, waiting + (s * s / floor if s > 0.0 else 0.0), cpu)
    else:
        after = _shared_computing(free + s, held, waiting, cpu)
    return comm + opening + after - before


@jit(inner=True)
def put_user(users, table, limits, stations, seating, i, q):
    """Seat user i in column q."""
    r = users.row[i]
    k, s = table.station[r, q], users.root_work[i]
    seating.column[i] = q
    seating.twins[k] += 1
    if limits is None:
        seating.free[k] += s
        return
    floor = _least_share(limits, table, i, r, q)
    seating.least[k] += floor
    seating.pinned[i] = _pins(floor, s, seating.free[k], seating.held[k], stations.cpu[k])
    if seating.pinned[i]:
        seating.held[k] += floor
        seating.waiting[k] += s * s / floor if s > 0.0 else 0.0
    else:
        seating.free[k] += s


@jit(inner=True)
def take_user(users, table, limits, seating, i):
    """Unseat user i; returns its column."""
    r, q = users.row[i], seating.column[i]
    k, s = table.station[r, q], users.root_work[i]
    seating.column[i] = NOWHERE
    seating.twins[k] -= 1
    if limits is None:
        seating.free[k] -= s
    else:
        floor = _least_share(limits, table, i, r, q)
        seating.least[k] -= floor
        if seating.pinned[i]:
            seating.held[k] -= floor
            seating.waiting[k] -= s * s / floor if s > 0.0 else 0.0
        else:
            seating.free[k] -= s
    if seating.twins[k] == 0:
        seating.free[k] = seating.least[k] = seating.held[k] = seating.waiting[k] = 0.0
    return q


@jit()
def choose(users, table, limits, theta, seat_price, usable, begin, end, column):
    """Give each user of a block the cheapest of some stations at their prices; returns for how many there is none.

    Args:
        users: `Users`.
        table: `Table`.
        limits: `Limits`, or None.
        theta: (M,) congestion prices [s/sqrt(cycle)].
        seat_price: (M,) [s].
        usable: (M,) which stations are offered.
        begin: first user.
        end: last user, and one.
        column: (N,) receives the choices.
    """
    missing = 0
    for i in range(begin, end):
        r, best, where = users.row[i], 1e29, NOWHERE
        for q in range(table.station.shape[1]):
            k = table.station[r, q]
            if not usable[k]:
                continue
            delay, slope = table.delay[r, q], table.slope[r, q]
            room = 0.0 if limits is None else limits.room[k]
            charge, _, _ = computing_charge(limits, i, delay, slope, room, theta[k], users.root_work[i])
            cost = delay + users.scale[i] * slope + charge + seat_price[k]
            if cost < best:
                best, where = cost, q
        column[i] = where
        missing += where == NOWHERE
    return missing


@jit()
def tally(users, table, limits, stations, seating):
    """Sum up what the stations carry, with the shares that are the best for it; returns the scaled cost [s].

    Users whose part of what the others' minima leave is below their own minimum are pinned to it, again and again until
    nobody is added, as in `twinhop.kernels.shares.least_computing`.
    """
    m = stations.cpu.size
    seating.twins[:] = 0
    for each in (seating.free, seating.least, seating.held, seating.waiting):
        each[:] = 0.0
    cost = 0.0
    for i in range(seating.column.size):
        q = seating.column[i]
        if q == NOWHERE:
            continue
        r = users.row[i]
        k, s = table.station[r, q], users.root_work[i]
        cost += table.delay[r, q] + users.scale[i] * table.slope[r, q]
        seating.twins[k] += 1
        if limits is None:
            seating.free[k] += s
            continue
        floor = _least_share(limits, table, i, r, q)
        seating.least[k] += floor
        seating.pinned[i] = s <= 0.0
        if s <= 0.0:
            seating.held[k] += floor
        else:
            seating.free[k] += s
    added = limits is not None
    level = np.zeros(m)
    while added:
        added = False
        for k in range(m):
            left = stations.cpu[k] - seating.held[k]
            level[k] = left / seating.free[k] if seating.free[k] > 0.0 and left > 0.0 else 0.0
        for i in range(seating.column.size):
            q = seating.column[i]
            if q == NOWHERE or seating.pinned[i]:
                continue
            r = users.row[i]
            k, s = table.station[r, q], users.root_work[i]
            floor = _least_share(limits, table, i, r, q)
            if floor > level[k] * s:
                seating.pinned[i] = True
                seating.held[k] += floor
                seating.waiting[k] += s * s / floor
                seating.free[k] -= s
                added = True
    for k in range(m):
        if seating.twins[k] > 0:
            if limits is not None and seating.free[k] < 1e-9 * stations.cpu[k] ** 0.5:
                seating.free[k] = max(seating.free[k], 0.0)
            cost += stations.opening[k]
            cost += _shared_computing(seating.free[k], seating.held[k], seating.waiting[k], stations.cpu[k])
    return cost


@jit()
def overfull(stations, seating, limited):
    """(M,) the stations with more users than seats, or more minimum shares than CPU."""
    over = np.zeros(stations.cpu.size, np.bool_)
    for k in range(over.size):
        over[k] = seating.twins[k] > stations.seats[k]
        if limited:
            over[k] |= seating.least[k] > stations.cpu[k] * (1.0 + 0.5 * SHARE_TOLERANCE)
    return over


@jit()
def regrets(users, table, limits, stations, seating, over, usable, regret):
    """Write what it costs at least to move each user of an overfull station on; inf for others, and where none can."""
    for i in range(seating.column.size):
        regret[i] = np.inf
        q = seating.column[i]
        if q == NOWHERE:
            regret[i] = -1.0
            continue
        r = users.row[i]
        if not over[table.station[r, q]]:
            continue
        take_user(users, table, limits, seating, i)
        here, best = added_cost_of(users, table, limits, stations, seating, i, q), np.inf
        if here == np.inf:
            here = table.delay[r, q] + users.scale[i] * table.slope[r, q]
        for p in range(table.station.shape[1]):
            k = table.station[r, p]
            if p != q and usable[k] and not over[k]:
                best = min(best, added_cost_of(users, table, limits, stations, seating, i, p))
        put_user(users, table, limits, stations, seating, i, q)
        regret[i] = best - here


@jit()
def relieve(users, table, limits, stations, seating, over, usable, order):
    """Move users off overfull stations, in an order, until none is; returns how many stay without room."""
    left = 0
    for i in order:
        q, r = seating.column[i], users.row[i]
        if q != NOWHERE:
            k = table.station[r, q]
            full = seating.twins[k] > stations.seats[k]
            if limits is not None:
                full |= seating.least[k] > stations.cpu[k] * (1.0 + 0.5 * SHARE_TOLERANCE)
            if not full:
                continue
            take_user(users, table, limits, seating, i)
        best, where = np.inf, NOWHERE
        for p in range(table.station.shape[1]):
            if usable[table.station[r, p]] and p != q:
                cost = added_cost_of(users, table, limits, stations, seating, i, p)
                if cost < best:
                    best, where = cost, p
        if where != NOWHERE:
            put_user(users, table, limits, stations, seating, i, where)
        elif q != NOWHERE:
            put_user(users, table, limits, stations, seating, i, q)
            left += 1
        else:
            left += 1
    return left


@jit()
def sweep(users, table, limits, stations, seating, usable, least, begin, end):
    """Move each user of a range to its cheapest station; returns how many moved and what that saved [s]."""
    moved, saved = 0, 0.0
    for i in range(begin, end):
        q, r = seating.column[i], users.row[i]
        take_user(users, table, limits, seating, i)
        here = added_cost_of(users, table, limits, stations, seating, i, q)
        best, where = here - least, q
        for p in range(table.station.shape[1]):
            if p != q and usable[table.station[r, p]]:
                cost = added_cost_of(users, table, limits, stations, seating, i, p)
                if cost < best:
                    best, where = cost, p
        put_user(users, table, limits, stations, seating, i, where)
        if where != q:
            moved += 1
            saved += here - best
    return moved, saved


@jit(inner=True)
def _remember_column(i, seating, number, stamp, moved, old, count):
    """Remember where user i was before a trial."""
    if stamp[i] != number:
        stamp[i] = number
        moved[count], old[count] = i, seating.column[i]
        count += 1
    return count


@jit()
def trial(
    users,
    table,
    limits,
    stations,
    seating,
    first,
    near,
    near_first,
    opened,
    shut,
    usable,
    least,
    number,
    stamp,
    moved,
    old,
):
    """Open one station, shut another, or both, if that saves more than the least; everything stays as it is otherwise.

    Args:
        users: `Users`.
        table: `Table`.
        limits: `Limits`, or None.
        stations: `Stations`.
        seating: changed in place.
        first: (R + 1,) where the users of each row begin.
        near: rows in which each station is a candidate, station by station.
        near_first: (M + 1,) where those of each station begin.
        opened: station to open, or -1.
        shut: station to shut, or -1.
        usable: (M,) which stations are open; changed in place.
        least: saving that is worth it [s].
        number: of this trial, another one for each.
        stamp: (N,) numbers of trials.
        moved: (N,) scratch.
        old: (N,) scratch.

    Returns:
        What it saves [s], 0 where nothing was changed.
    """
    change, count, possible = 0.0, 0, True
    cost = 0.0
    if opened >= 0:
        usable[opened] = True
        cost, stations.opening[opened] = stations.opening[opened], 0.0
        change += cost
        for at in range(near_first[opened], near_first[opened + 1]):
            r, there = near[at], NOWHERE
            for q in range(table.station.shape[1]):
                if table.station[r, q] == opened and table.delay[r, q] < 1e29:
                    there = q
            for i in range(first[r], first[r + 1]):
                count = _remember_column(i, seating, number, stamp, moved, old, count)
                q = take_user(users, table, limits, seating, i)
                here = added_cost_of(users, table, limits, stations, seating, i, q)
                new = added_cost_of(users, table, limits, stations, seating, i, there)
                put_user(users, table, limits, stations, seating, i, there if new < here else q)
                if new < here:
                    change += new - here
    if shut >= 0:
        usable[shut] = False
        for at in range(near_first[shut], near_first[shut + 1]):
            r = near[at]
            for i in range(first[r], first[r + 1]):
                if possible and table.station[r, seating.column[i]] == shut:
                    count = _remember_column(i, seating, number, stamp, moved, old, count)
                    q = take_user(users, table, limits, seating, i)
                    here = added_cost_of(users, table, limits, stations, seating, i, q)
                    best, where = np.inf, NOWHERE
                    for p in range(table.station.shape[1]):
                        if usable[table.station[r, p]]:
                            new = added_cost_of(users, table, limits, stations, seating, i, p)
                            if new < best:
                                best, where = new, p
                    possible = where != NOWHERE
                    put_user(users, table, limits, stations, seating, i, where if possible else q)
                    if possible:
                        change += best - here
    for station in (opened, shut):
        if station < 0 or not possible:
            continue
        for at in range(near_first[station], near_first[station + 1]):
            r = near[at]
            for i in range(first[r], first[r + 1]):
                count = _remember_column(i, seating, number, stamp, moved, old, count)
                q = take_user(users, table, limits, seating, i)
                here = added_cost_of(users, table, limits, stations, seating, i, q)
                best, where = here, q
                for p in range(table.station.shape[1]):
                    if p != q and usable[table.station[r, p]]:
                        new = added_cost_of(users, table, limits, stations, seating, i, p)
                        if new < best:
                            best, where = new, p
                put_user(users, table, limits, stations, seating, i, where)
                if where != q:
                    change += best - here
    if opened >= 0:
        stations.opening[opened] = cost
    if possible and change < -least:
        return -change
    for at in range(count):
        take_user(users, table, limits, seating, moved[at])
    for at in range(count):
        put_user(users, table, limits, stations, seating, moved[at], old[at])
    if opened >= 0:
        usable[opened] = False
    if shut >= 0:
        usable[shut] = True
    return 0.0


@jit()
def augment(users, table, limits, seats, usable, column, count, user, members, begins):
    """Seat one more user by moving one user along each step of a shortest path of stations to a free seat.

    Args:
        users: `Users`.
        table: `Table`.
        limits: `Limits`, or None: forbidden arcs are not used, sums of minimum shares are not looked at.
        seats: (M,).
        usable: (M,).
        column: (N,) changed in place.
        count: (M,) users of each station; changed in place.
        user: the user.
        members: (N,) the users of each station, station by station.
        begins: (M + 1,) where those of each station begin.

    Returns:
        Whether there is such a path, and (M,) which stations were reached.
    """
    m = seats.size
    by_user, by_column = np.full(m, -1, np.int64), np.full(m, NOWHERE, np.int64)
    reached, queue, head, tail = np.zeros(m, np.bool_), np.empty(m, np.int64), 0, 0
    before = np.full(m, -1, np.int64)
    at, origin = user, -1
    position, end = 0, 1
    while True:
        for number in range(position, end):
            if origin >= 0:
                at = members[number]
            r = users.row[at]
            for q in range(table.station.shape[1]):
                k = table.station[r, q]
                if reached[k] or not usable[k] or table.delay[r, q] > 1e29:
                    continue
                if limits is not None and not _least_share(limits, table, at, r, q) <= limits.room[k]:
                    continue
                reached[k], by_user[k], by_column[k], before[k] = True, at, q, origin
                queue[tail] = k
                tail += 1
        if head == tail:
            return False, reached
        origin = queue[head]
        head += 1
        if count[origin] < seats[origin]:
            count[origin] += 1
            while origin >= 0:
                column[by_user[origin]] = by_column[origin]
                origin = before[origin]
            return True, reached
        position, end = begins[origin], begins[origin + 1]


@jit(inner=True)
def _sift_down(key, who, first, size, at):
    """Restore the order of a heap whose entry ``at`` may be larger than those below it."""
    while True:
        child = 2 * at + 1
        if child >= size:
            return
        if child + 1 < size and key[first + child + 1] < key[first + child]:
            child += 1
        if key[first + at] <= key[first + child]:
            return
        _swap_entries(key, who, first + at, first + child)
        at = child


@jit(inner=True)
def _sift_up(key, who, first, at):
    """Restore the order of a heap whose entry ``at`` may be smaller than those above it."""
    while at > 0:
        above = (at - 1) // 2
        if key[first + above] <= key[first + at]:
            return
        _swap_entries(key, who, first + at, first + above)
        at = above


@jit(inner=True)
def _swap_entries(key, who, a, b):
    key[a], key[b] = key[b], key[a]
    who[a], who[b] = who[b], who[a]


@jit()
def auction(users, table, limits, theta, seat_price, usable, seats, begins, increment, most, column):
    """Seat everybody by an auction for the seats of the stations that are scarce, at fixed congestion prices.

    A user without a seat takes the station of least cost and price, and bids for the seat there up to its second best,
    and the increment besides; where all seats are taken, the lowest bid gives way. At the end the sum of the linearised
    costs is within the increment a user of the least, as far as stations that began with a price are full.

    Args:
        users: `Users`.
        table: `Table`.
        limits: `Limits`, or None: arcs that deadlines forbid are not used, sums of minimum shares are not looked at.
        theta: (M,) congestion prices [s/sqrt(cycle)].
        seat_price: (M,) prices that the seats begin with [s].
        usable: (M,).
        seats: (M,).
        begins: (M + 1,) room for the bids at each station, as much as its seats; none where seats are not scarce.
        increment: the least a bid rises by [s].
        most: bids, after which it is given up.
        column: (N,) receives the columns, `NOWHERE` for those who were left when it was given up.

    Returns:
        How many users have no seat.

    Source:
        Bertsekas and Castanon, The auction algorithm for the transportation problem, Annals of OR 20 (1989) 67-96.
    """
    n, m = column.size, seats.size
    key, who = np.empty(begins[m]), np.empty(begins[m], np.int32)
    taken, price = np.zeros(m, np.int64), seat_price.copy()
    waiting, left = np.empty(n, np.int32), n
    for i in range(n):
        waiting[i] = n - 1 - i
        column[i] = NOWHERE
    made = 0
    while left > 0 and made < most:
        i = waiting[left - 1]
        left -= 1
        made += 1
        r = users.row[i]
        best, second, where = np.inf, np.inf, NOWHERE
        for q in range(table.station.shape[1]):
            k = table.station[r, q]
            delay, slope = table.delay[r, q], table.slope[r, q]
            if not usable[k] or delay > 1e29:
                continue
            room = 0.0 if limits is None else limits.room[k]
            charge, _, _ = computing_charge(limits, i, delay, slope, room, theta[k], users.root_work[i])
            cost = delay + users.scale[i] * slope + charge + price[k]
            if cost > 1e29:
                continue
            if cost < best:
                best, second, where = cost, best, q
            elif cost < second:
                second = cost
        if where == NOWHERE:
            continue
        k = table.station[r, where]
        column[i] = where
        first, room = begins[k], begins[k + 1] - begins[k]
        if room == 0:
            taken[k] += 1
            continue
        bid = price[k] + (second - best if second < np.inf else 1e6 * increment) + increment
        if taken[k] < room:
            at = taken[k]
            key[first + at], who[first + at] = bid, i
            taken[k] += 1
            _sift_up(key, who, first, at)
            if taken[k] == room:
                price[k] = max(price[k], key[first])
        else:
            out = who[first]
            column[out] = NOWHERE
            waiting[left] = out
            left += 1
            key[first], who[first] = bid, i
            _sift_down(key, who, first, room, 0)
            price[k] = max(price[k], key[first])
    missing = 0
    for i in range(n):
        missing += column[i] == NOWHERE
    return missing


@jit(inner=True)
def _is_better_elsewhere(users, table, stations, seating, i, q, p, j, there):
    """What is saved if user i goes from column q to p, where j is, and j to its column ``there``, where i is [s]."""
    r, o = users.row[i], users.row[j]
    k, other, back = table.station[r, q], table.station[r, p], seating.column[j]
    saved = table.delay[r, q] - table.delay[r, p] + users.scale[i] * (table.slope[r, q] - table.slope[r, p])
    saved += table.delay[o, back] - table.delay[o, there]
    saved += users.scale[j] * (table.slope[o, back] - table.slope[o, there])
    more = users.root_work[i] - users.root_work[j]
    saved += more * (2.0 * seating.free[k] - more) / stations.cpu[k]
    return saved - more * (2.0 * seating.free[other] + more) / stations.cpu[other]


@jit()
def swap_sweep(users, table, limits, stations, seating, usable, least, seed, begin, end, members, place, begins):
    """Let each user of a range exchange stations with a user of each other candidate, drawn at random, where it saves.

    Args:
        users: `Users`.
        table: `Table`.
        limits: `Limits`, or None.
        stations: `Stations`.
        seating: changed in place.
        usable: (M,) which stations are open.
        least: saving that is worth an exchange [s].
        seed: of the draws.
        begin: first user.
        end: last user, and one.
        members: (N,) the users of each station, station by station; kept up to date.
        place: (N,) where each user is among them; likewise.
        begins: (M + 1,) where those of each station begin.

    Returns:
        What was saved [s].
    """
    saved, draw = 0.0, np.uint64(seed)
    for i in range(begin, end):
        r = users.row[i]
        for p in range(table.station.shape[1]):
            q = seating.column[i]
            k, other = table.station[r, q], table.station[r, p]
            count = begins[other + 1] - begins[other]
            if p == q or not usable[other] or count == 0 or table.delay[r, p] > 1e29:
                continue
            draw = draw * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
            j = members[begins[other] + np.int64((draw >> np.uint64(33)) % np.uint64(count))]
            there = NOWHERE
            for c in range(table.station.shape[1]):
                if table.station[users.row[j], c] == k and table.delay[users.row[j], c] < 1e29:
                    there = c
                    break
            if there == NOWHERE or (
                limits is None and not _is_better_elsewhere(users, table, stations, seating, i, q, p, j, there) > least
            ):
                continue
            take_user(users, table, limits, seating, i)
            back = take_user(users, table, limits, seating, j)
            before = added_cost_of(users, table, limits, stations, seating, i, q)
            before += added_cost_of(users, table, limits, stations, seating, j, back)
            after = added_cost_of(users, table, limits, stations, seating, i, p)
            after += added_cost_of(users, table, limits, stations, seating, j, there)
            if after < before - least:
                put_user(users, table, limits, stations, seating, i, p)
                put_user(users, table, limits, stations, seating, j, there)
                place[i], place[j] = place[j], place[i]
                members[place[i]], members[place[j]] = i, j
                saved += before - after
            else:
                put_user(users, table, limits, stations, seating, i, q)
                put_user(users, table, limits, stations, seating, j, back)
    return saved
