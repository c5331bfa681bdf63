"""The cost of a slot from the model's own formulas, one user at a time: shares no code with the package."""

import math


def shares(work, floor, cpu, rule):
    """CPU shares of one host's twins by bisection on the water level."""
    n = len(work)
    weight = {"optimal": [math.sqrt(w) for w in work], "equal": [1.0] * n, "proportional": list(work)}[rule]
    if sum(floor) > cpu:
        floor = [0.0] * n
    low, high = 0.0, cpu / min(w for w in weight if w > 0)
    for _ in range(200):
        level = (low + high) / 2
        if sum(max(f, level * w) for f, w in zip(floor, weight, strict=True)) > cpu:
            high = level
        else:
            low = level
    return [max(f, low * w) for f, w in zip(floor, weight, strict=True)]


def slot_cost(slot, world, before, host, section, *, deadlines, rule="optimal"):
    """Terms of one slot's cost (communication, computing, moves, opening, energy) and the users' latencies."""
    users = [i for i in range(len(slot.access)) if slot.access[i] >= 0]
    phi = world.latency_s_per_bit_m

    def wire(a, b, bits):
        (xa, ya), (xb, yb) = world.station_xy_m[a], world.station_xy_m[b]
        return phi * bits * math.hypot(xa - xb, ya - yb)

    def comm(i, k):
        return world.update_bits[i] / slot.rate_bps[i] + wire(slot.access[i], k, world.update_bits[i])

    def least(i, k):
        work, left = world.update_cycles_per_bit * world.update_bits[i], world.deadline_s[i] - comm(i, k)
        return work / left if left > 0 else math.inf

    latency = {}
    for k in set(host):
        here = [i for i, h in zip(users, host, strict=True) if h == k]
        work = [world.update_cycles_per_bit * world.update_bits[i] for i in here]
        floor = [0.0] * len(here)
        if deadlines:
            hosts = [j for j in range(len(slot.up)) if slot.up[j] and world.capacity[j] > 0]
            alone = [any(least(i, j) <= slot.cpu_cycles_per_s[j] for j in hosts) for i in here]
            floor = [least(i, k) if can else 0.0 for i, can in zip(here, alone, strict=True)]
        for i, w, f in zip(here, work, shares(work, floor, slot.cpu_cycles_per_s[k], rule), strict=True):
            latency[i] = (comm(i, k), w / f)
    moves = sum(
        section.move_s + wire(before[i], k, world.history_bits[i])
        for i, k in zip(users, host, strict=True)
        if before[i] not in (-1, k)
    )
    weight = world.alpha / len(users)
    energy = sum(world.tx_power_w[i] * world.update_bits[i] / slot.rate_bps[i] for i in users) / len(users)
    terms = (
        weight * sum(c for c, _ in latency.values()),
        weight * sum(p for _, p in latency.values()),
        weight * moves,
        world.beta * section.opening_s * len(set(host)),
        world.beta * world.kappa_s_per_j * energy,
    )
    return terms, [sum(latency[i]) for i in users]
