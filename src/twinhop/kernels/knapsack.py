"""Compiled 0/1 knapsack: whom a station would take whole, exactly or bounded from above in bounded work."""

import numpy as np

from twinhop.jit import jit

#: Nodes of a search; after so many the bound of what is left counts.
NODES = 1000
#: Sums of weights err by rounding: the room is taken with this share more, so that no set that fits is left out.
ROOM_MARGIN = 1e-12


@jit(inner=True)
def _continuous(worth, weight, order, begin, count, value, left):
    """The value of the continuous knapsack of ``order[begin:count]``, best ratios first, and where it breaks."""
    at = begin
    while at < count and weight[order[at]] <= left:
        left -= weight[order[at]]
        value += worth[order[at]]
        at += 1
    if at < count:
        return value + worth[order[at]] * (left / weight[order[at]]), at
    return value, at


@jit(inner=True)
def _depth_first(worth, weight, order, count, value, room, best, chosen, taken):
    """Depth first over ``order[:count]``: an upper bound on sets better than ``best``, which fill ``taken``."""
    values, lefts = np.empty(count + 1), np.empty(count + 1)
    values[0], lefts[0] = value, room
    at, nodes = 0, 0
    while True:
        bound, stop = _continuous(worth, weight, order, at, count, values[at], lefts[at])
        if bound > best:
            nodes += 1
            if nodes > NODES:
                break
            last = min(stop + 1, count)
            for each in range(at, last):
                i = order[each]
                chosen[each] = each < stop
                values[each + 1] = values[each] + (worth[i] if each < stop else 0.0)
                lefts[each + 1] = lefts[each] - (weight[i] if each < stop else 0.0)
            at = last
            if values[at] > best:
                best = values[at]
                for each in range(count):
                    taken[order[each]] = 1.0 if each < at and chosen[each] else 0.0
            if at < count:
                continue
        at -= 1
        while at >= 0 and not chosen[at]:
            at -= 1
        if at < 0:
            return best
        chosen[at] = False
        values[at + 1], lefts[at + 1] = values[at], lefts[at]
        at += 1
    for each in range(at):  # the branches not taken yet
        if chosen[each]:
            without = _continuous(worth, weight, order, each + 1, count, values[each], lefts[each])[0]
            bound = max(bound, without)
    return max(bound, best)


@jit()
def most_within(worth, weight, room, taken):
    """The most that users add up to who fit together, or a bound on it from above, no weaker than the continuous one.

    Maximises ``sum worth_i x_i`` over ``x`` in {0, 1}, ``sum weight_i x_i <= room``. Users whose continuous penalty
    shows that they are in, or out, of any better set than a greedy one are set aside; the others are searched depth
    first (Horowitz and Sahni 1974), for `NODES` nodes at most.

    Args:
        worth: (N,) of each user; only positive ones are taken.
        weight: (N,) >= 0.
        room: for their weights.
        taken: (N,) receives the best set found, 0 and 1.

    Returns:
        The upper bound on the value, and the ratio at which the continuous knapsack breaks, 0 where all fit.
    """
    room = room * (1.0 + ROOM_MARGIN)
    order, count, load, value = np.empty(worth.size, np.int64), np.int64(0), 0.0, 0.0
    for i in range(worth.size):
        taken[i] = 0.0
        if worth[i] > 0.0 and weight[i] <= room:
            taken[i] = 1.0
            load += weight[i]
            value += worth[i]
            if weight[i] > 0.0:
                order[count] = i
                count += 1
    if load <= room:
        return value, 0.0
    ratio = np.empty(count)
    for at in range(count):
        ratio[at] = -worth[order[at]] / weight[order[at]]
    order = order[np.argsort(ratio)]
    free = 0.0
    for i in range(worth.size):
        if taken[i] == 1.0 and weight[i] == 0.0:
            free += worth[i]
    continuous, stop = _continuous(worth, weight, order, np.int64(0), count, free, room)
    best, left = free, room
    for at in range(count):
        i = order[at]
        if weight[i] <= left:
            left -= weight[i]
            best += worth[i]
        else:
            taken[i] = 0.0
    rate = worth[order[stop]] / weight[order[stop]]
    kept, core, base, left = np.empty(count, np.int64), np.int64(0), free, room
    for at in range(count):
        i = order[at]
        if continuous - abs(worth[i] - rate * weight[i]) > best:
            kept[core] = i
            core += 1
        elif at < stop:
            base += worth[i]
            left -= weight[i]
    inside = np.zeros(worth.size)
    chosen = np.zeros(core, np.bool_)
    for at in range(core):
        inside[kept[at]] = -1.0
    found = _depth_first(worth, weight, kept, core, base, left, best, chosen, inside)
    if core > 0 and inside[kept[0]] >= 0.0:
        for at in range(count):
            i = order[at]
            taken[i] = inside[i] if inside[i] >= 0.0 else 0.0
        for at in range(stop):
            taken[order[at]] = 1.0
        for at in range(core):
            taken[kept[at]] = inside[kept[at]]
    return min(found, continuous), rate
