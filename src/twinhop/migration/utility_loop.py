"""Compiled: hosts chosen by utility (Eq. 20, Alg. 3), one user after the other, loads kept up to date."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from twinhop.jit import jit
from twinhop.migration.situation import Situation
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
def utility_at(choice: Choice, i: int, latency: float, energy_j: float) -> float:
    """Eq. 20 of user i."""
    timeliness = math.exp((choice.tau_s[i] - latency) / choice.utility_scale_s)
    return choice.utility_weight * timeliness - (1.0 - choice.utility_weight) * energy_j


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
        best, at, at_home = -np.inf, -1, -np.inf
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
            utility = utility_at(choice, i, latency + choice.move_s[i, k], choice.energy_j[i] + moved)
            if k == own:
                at_home = utility
            elif utility > best:
                best, at = utility, k
        if at_home > -np.inf and not best > at_home + margin:
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
        target, at_home = -1, -np.inf
        if choice.comm_s[i, own] < np.inf:
            target = own
            at_home = utility_at(choice, i, latency_s(choice, load, i, own), choice.energy_j[i])
        for k in range(len(load)):
            if count[k] == 0 or choice.comm_s[i, k] == np.inf:
                continue
            latency = latency_s(choice, load, i, k)
            if choice.has_floor and latency > choice.tau_s[i]:
                continue
            if utility_at(choice, i, latency, choice.energy_j[i]) >= at_home:
                target = k
        host[i] = target
        if target >= 0:
            load[target] += choice.weight[i]
    return host
