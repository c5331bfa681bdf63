"""The most valuable whole users for one station: its subproblem at given user prices, without dividing anybody."""

import numpy as np

from twinhop.jit import jit
from twinhop.placement.station_response import station_response

#: Sets looked at before bounds have to do for the others.
MOST_SETS = 30_000


@jit()
def divided_addition(order, worth, s, cpu, first, load):
    """The most that users ``order[first:]`` add to a load where the last one may come in part.

    Args:
        order: users by falling worth for their root work.
        worth: (N,) what each is worth [s].
        s: (N,) root work, positive [sqrt(cycle)].
        cpu: F [cycle/s].
        first: where to begin in ``order``.
        load: of those who are there already [sqrt(cycle)].

    Returns:
        The value added, ``sum worth_i x_i - (load'^2 - load^2) / F`` with the load load' then [s].
    """
    value = 0.0
    for at in range(first, order.size):
        i = order[at]
        rate = worth[i] / s[i]
        room = 0.5 * rate * cpu - load
        if room <= 0.0:
            break
        if room < s[i]:
            value += rate * room - (2.0 * load + room) * room / cpu
            break
        value += worth[i] - (2.0 * load + s[i]) * s[i] / cpu
        load += s[i]
    return value


@jit()
def best_subset(worth, s, cpu, seats, slack, taken):
    """A set of at most ``seats`` users within ``slack`` of the best for ``sum worth_i - (sum s_i)^2 / F``.

    Depth first: take the user most worth for its work, or leave it. What may follow is bounded by `divided_addition`
    with a price nu on seats: at most ``nu`` a seat left, and what users are worth beyond it.

    Args:
        worth: (N,) what each user is worth [s]; those worth less than the computing of them alone are not taken.
        s: (N,) root work, positive [sqrt(cycle)].
        cpu: F [cycle/s].
        seats: most users in the set.
        slack: how far from the best the set may be, at least 0 [s].
        taken: (N,) bool, a set to begin with; receives the set found.

    Returns:
        A value that no set exceeds: that of the set found plus ``slack``, or more where there are too many sets to look
        at [s].
    """
    users, count, begun = np.empty(worth.size, np.int64), 0, 0
    for i in range(worth.size):
        pays = worth[i] > s[i] * s[i] / cpu
        taken[i] = taken[i] and pays
        begun += taken[i]
        if pays:
            users[count] = i
            count += 1
    best = _value(worth, s, cpu, taken)
    if best < 0.0 or begun > seats:
        taken[:] = False
        best = 0.0
    nu, net = 0.0, worth
    if count > seats:
        share, scratch, order = np.empty(worth.size), np.empty(worth.size), np.empty(worth.size, np.int64)
        nu = station_response(worth, s, cpu, seats, 0.0, share, scratch, order)[1]
        net = np.empty(worth.size)
        for i in range(worth.size):
            net[i] = worth[i] - nu
    rate = np.empty(count)
    for at in range(count):
        rate[at] = -net[users[at]] / s[users[at]]
    order = np.argsort(rate)
    for at in range(count):
        order[at] = users[order[at]]
    left = _look(order, net, s, cpu, seats, nu, slack, taken, best)
    return max(left, _value(worth, s, cpu, taken) + slack)


@jit()
def _look(order, net, s, cpu, seats, nu, slack, taken, best):
    """Go through the sets; returns a value that those not looked at do not exceed [s]."""
    depth, looked, count, size = 0, 0, 0, order.size
    tried = np.zeros(size + 1, np.int8)  # of the user at each depth: 0 nothing, 1 with it, 2 without it too
    value, load, now = np.zeros(size + 1), np.zeros(size + 1), np.zeros(net.size, np.bool_)
    while depth >= 0:
        if tried[depth] == 0:
            looked += 1
            if value[depth] + nu * count > best:
                best = value[depth] + nu * count
                taken[:] = now
            more = divided_addition(order, net, s, cpu, depth, load[depth]) + nu * seats
            if depth == size or count == seats or value[depth] + more <= best + slack:
                depth -= 1
                continue
            if looked > MOST_SETS:
                return _most_left(order, net, s, cpu, tried, value, load, depth) + nu * seats
            i = order[depth]
            now[i] = True
            count += 1
            value[depth + 1] = value[depth] + net[i] - (2.0 * load[depth] + s[i]) * s[i] / cpu
            load[depth + 1] = load[depth] + s[i]
        elif tried[depth] == 1:
            now[order[depth]] = False
            count -= 1
            value[depth + 1], load[depth + 1] = value[depth], load[depth]
        else:
            depth -= 1
            continue
        tried[depth] += 1
        depth += 1
        tried[depth] = 0
    return -np.inf


@jit(inner=True)
def _most_left(order, net, s, cpu, tried, value, load, depth):
    """The most that sets not looked at may be worth, net of their seats: below, and without a user of the way there."""
    most = value[depth] + divided_addition(order, net, s, cpu, depth, load[depth])
    for at in range(depth):
        if tried[at] == 1:
            most = max(most, value[at] + divided_addition(order, net, s, cpu, at + 1, load[at]))
    return most


@jit()
def _value(worth, s, cpu, taken):
    value, load = 0.0, 0.0
    for i in range(worth.size):
        if taken[i]:
            value += worth[i]
            load += s[i]
    return value - load * load / cpu
