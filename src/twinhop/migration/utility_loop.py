"""Compiled: hosts chosen by utility (Eq. 20, Alg. 3), one user after the other, loads kept up to date."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from twinhop.jit import jit
from twinhop.migration.situation import Situation
from twinhop.network.utility import LARGEST_EXPONENT
from twinhop.placement.problem import FloatArray, IntArray


class Choice(NamedTuple):
    """A slot as the loops take it, for n users and K hosts.

    Attributes:
        before: (n,) hosts, -1: none.
        comm_s: (n, K) latency of an update's way; infinite where the host is down or the deadline forbids it [s].
        work: (n,) work of an update [cycle].
        weight: (n,) by which a host shares its CPU.
        cpu: (K,) [cycle/s].
        capacity: (K,) seats.
        tau_s: (n,) deadline in the utility [s].
        energy_j: (n,) energy of an update [J].
        utility_weight: beta_u.
        utility_scale_s: tau_0 [s].
        floor: (n, K) least CPU shares; (1, 1) and unused without deadlines [cycle/s].
        cpu_room: (K,) what least shares may add up to [cycle/s].
        has_floor: whether deadlines are enforced.
        move_s: (n, K) what a move adds to the latency [s].
        move_j: (n,) energy of a move [J].
    """

    before: IntArray
    comm_s: FloatArray
    work: FloatArray
    weight: FloatArray
    cpu: FloatArray
    capacity: IntArray
    tau_s: FloatArray
    energy_j: FloatArray
    utility_weight: float
    utility_scale_s: float
    floor: FloatArray
    cpu_room: FloatArray
    has_floor: bool
    move_s: FloatArray
    move_j: FloatArray


def choice_of(situation: Situation, horizon: int) -> Choice:
    """The arrays of a slot; what a move costs is spread over so many slots."""
    users, problem, who = situation.all_users, situation.problem, situation.users
    return Choice(
        before=situation.before,
        comm_s=np.where(problem.allowed, problem.comm_s, np.inf),
        work=users.update_work[who],
        weight=users.share_weight[who],
        cpu=situation.cpu,
        capacity=situation.capacity,
        tau_s=users.tau_s[who],
        energy_j=situation.energy_j,
        utility_weight=users.utility_weight,
        utility_scale_s=users.utility_scale_s,
        floor=np.zeros((1, 1)) if problem.floor is None else problem.floor,
        cpu_room=problem.cpu_room,
        has_floor=problem.floor is not None,
        move_s=situation.move_s / horizon,
        move_j=situation.hosts.move_energy_j_per_bit * users.twin_bits[who] / horizon,
    )


@jit()
def latency_s(choice: Choice, load: FloatArray, i: int, k: int) -> float:
    """Latency of user i on host k, Eq. 11, by the share among others whose weights add up to load[k]."""
    if choice.work[i] == 0.0:
        return choice.comm_s[i, k]
    return choice.comm_s[i, k] + choice.work[i] * (load[k] + choice.weight[i]) / (choice.cpu[k] * choice.weight[i])


@jit()
def betters(
    choice: Choice, i: int, latency: float, energy_j: float, other_latency: float, other_energy_j: float, margin: float
) -> bool:
    """Whether Eq. 20 of user i is greater by more than a margin than with another latency and energy.

    ``beta e^x - (1 - beta) E > beta e^y - (1 - beta) E' + margin``; where e^x or e^y is more than a number holds, both
    sides are divided by it.
    """
    x = (choice.tau_s[i] - latency) / choice.utility_scale_s
    y = (choice.tau_s[i] - other_latency) / choice.utility_scale_s
    beta = choice.utility_weight
    if beta == 0.0:
        return -energy_j > -other_energy_j + margin
    shift = max(max(x, y) - LARGEST_EXPONENT, 0.0)
    scale = math.exp(-shift)
    here = beta * math.exp(x - shift) - (1.0 - beta) * energy_j * scale
    there = beta * math.exp(y - shift) - (1.0 - beta) * other_energy_j * scale
    return here > there + margin * scale


@jit()
def loads(choice: Choice) -> tuple[FloatArray, IntArray, FloatArray]:
    """Weights, twins and least shares on each host (K,) as the slot begins."""
    load, count, floored = np.zeros(len(choice.cpu)), np.zeros(len(choice.cpu), np.int64), np.zeros(len(choice.cpu))
    for i in range(len(choice.before)):
        k = choice.before[i]
        if k >= 0:
            load[k] += choice.weight[i]
            count[k] += 1
            if choice.has_floor and choice.floor[i, k] < np.inf:
                floored[k] += choice.floor[i, k]
    return load, count, floored


@jit()
def best_hosts(choice: Choice, margin: float) -> IntArray:
    """The feasible opened host of greatest utility for each user in order, where it betters its own by a margin.

    Opened are the hosts with a twin at that moment. Feasible are those with a seat and CPU for the least share; a
    deadline that is kept there bounds the latency.

    Args:
        choice: the slot.
        margin: of utility [1].

    Returns:
        (n,) hosts; -1 for users without one before, or whose host is not feasible any more while no other is.
    """
    load, count, floored = loads(choice)
    host = choice.before.copy()
    for i in range(len(host)):
        own = host[i]
        if own < 0:
            continue
        load[own] -= choice.weight[i]
        count[own] -= 1
        if choice.has_floor and choice.floor[i, own] < np.inf:
            floored[own] -= choice.floor[i, own]
        at, best_latency, best_energy, home_latency = -1, 0.0, 0.0, -1.0
        for k in range(len(load)):
            if (k != own and count[k] == 0) or count[k] >= choice.capacity[k] or choice.comm_s[i, k] == np.inf:
                continue
            latency = latency_s(choice, load, i, k)
            if choice.has_floor:
                if floored[k] + choice.floor[i, k] > choice.cpu_room[k]:
                    continue
                if choice.floor[i, k] > 0:
                    latency = min(latency, choice.tau_s[i])
            moved = 0.0 if k == own else choice.move_j[i]
            latency, energy_j = latency + choice.move_s[i, k], choice.energy_j[i] + moved
            if k == own:
                home_latency = latency
            elif at < 0 or betters(choice, i, latency, energy_j, best_latency, best_energy, 0.0):
                at, best_latency, best_energy = k, latency, energy_j
        if home_latency >= 0 and not (
            at >= 0 and betters(choice, i, best_latency, best_energy, home_latency, choice.energy_j[i], margin)
        ):
            at = own
        host[i] = at
        if at >= 0:
            load[at] += choice.weight[i]
            count[at] += 1
            if choice.has_floor:
                floored[at] += choice.floor[i, at]
    return host


@jit()
def last_acceptable_hosts(choice: Choice) -> IntArray:
    """Alg. 3 as printed: of the hosts opened as the slot begins, the last that is no worse than the user's own.

    Users go one after the other and see the loads that those before them left. A host is acceptable where it is up,
    keeps the deadline where deadlines are enforced, and ``U(k) >= U(own)``. Seats and the cost of moving do not count.

    Args:
        choice: the slot.

    Returns:
        (n,) hosts; -1 for users without one before, and where the own host is down and none is acceptable.
    """
    load, count, _ = loads(choice)
    host = choice.before.copy()
    for i in range(len(host)):
        own = host[i]
        if own < 0:
            continue
        load[own] -= choice.weight[i]
        target, home_latency = -1, -1.0
        if choice.comm_s[i, own] < np.inf:
            target, home_latency = own, latency_s(choice, load, i, own)
        for k in range(len(load)):
            if count[k] == 0 or choice.comm_s[i, k] == np.inf:
                continue
            latency = latency_s(choice, load, i, k)
            if choice.has_floor and latency > choice.tau_s[i]:
                continue
            energy_j = choice.energy_j[i]
            if home_latency < 0 or not betters(choice, i, home_latency, energy_j, latency, energy_j, 0.0):
                target = k
        host[i] = target
        if target >= 0:
            load[target] += choice.weight[i]
    return host
