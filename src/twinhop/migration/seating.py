"""Feasible hosts for a slot: newcomers get one, and what a policy asks is kept wherever it can be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twinhop.errors import InputError
from twinhop.migration.situation import Situation
from twinhop.migration.slot_loop import faults
from twinhop.placement import InfeasibleProblem, PlacementProblem
from twinhop.placement.problem import BoolArray, FloatArray, IntArray
from twinhop.placement.seating import seat_remaining
from twinhop.placement.station_load import NOBODY


@dataclass(frozen=True, eq=False)
class Seating:
    """Hosts that can be used.

    Attributes:
        host: (n,) one for every user, up, with room.
        changed: (n,) bool, who was asked for elsewhere.
        late: (n,) bool, whose deadline no feasible host was found for, though one could keep it alone.
    """

    host: IntArray
    changed: BoolArray
    late: BoolArray


def seat(situation: Situation, requested: IntArray) -> Seating:
    """Keep what a policy asks for wherever twin capacities and deadlines allow it, and find the others a host.

    On a host that is too full those leave first whom another host costs least more. Users without a host then take,
    the one with the fewest choices first, the host that costs least for them: latency, its growth for the others, the
    move, and opening. Where deadlines leave no host, they are given up for that user.

    Args:
        situation: the slot.
        requested: (n,) host of each user; -1 where the policy names none.

    Returns:
        The hosts.

    Raises:
        InputError: there are fewer seats than users; the slot and a user are named.
    """
    none = np.zeros(len(requested), bool)
    floor = (
        situation.floors(requested, situation.own_comm_s(requested))
        if (requested >= 0).all()
        else np.zeros(len(requested))
    )
    if not faults(requested, situation.capacity, situation.cpu, floor, situation.all_users.has_deadlines):
        return Seating(requested, none, none)
    problem = situation.problem
    host = _feasible_requests(problem, requested)
    load = _Load(problem, host)
    cost_s = problem.comm_s + situation.move_cost_s
    homeless = np.flatnonzero(host == NOBODY)
    for i in homeless[np.argsort(problem.allowed[homeless].sum(axis=1), kind="stable")].tolist():
        k = load.cheapest(i, cost_s[i])
        if k != NOBODY:
            host[i] = k
            load.add(i, k)
    late = host == NOBODY
    if late.any():
        host = _without_deadlines(situation, problem, host)
    return Seating(host, (host != requested) & (requested != NOBODY), late & (problem.floor is not None))


def _feasible_requests(problem: PlacementProblem, requested: IntArray) -> IntArray:
    """(n,) the requested hosts that can be kept; NOBODY where a host is not allowed or too full."""
    host = np.where(requested < 0, NOBODY, requested)
    named = np.flatnonzero(host != NOBODY)
    host[named[~problem.allowed[named, host[named]]]] = NOBODY
    for k in range(problem.stations):
        members = np.flatnonzero(host == k)
        floor = np.zeros(len(members)) if problem.floor is None else problem.floor[members, k]
        if len(members) <= problem.capacity[k] and floor.sum() <= problem.cpu_room[k]:
            continue
        others = np.where(problem.allowed[members], problem.comm_s[members], np.inf)
        others[:, k] = np.inf
        regret = others.min(axis=1) - problem.comm_s[members, k]
        order = np.argsort(-regret, kind="stable")  # those whom leaving costs most stay first
        fits = np.cumsum(floor[order]) <= problem.cpu_room[k]
        fits[problem.capacity[k] :] = False
        host[members[order[~fits]]] = NOBODY
    return host


class _Load:
    """Who is on the hosts of a problem, as far as the next user's choice depends on it."""

    def __init__(self, problem: PlacementProblem, host: IntArray) -> None:
        placed = np.flatnonzero(host != NOBODY)
        k, self._problem = host[placed], problem
        self._count = np.bincount(k, minlength=problem.stations)
        self._root_work = np.bincount(k, problem.root_work[placed], minlength=problem.stations)
        floor = np.zeros(len(placed)) if problem.floor is None else problem.floor[placed, k]
        self._floor = np.bincount(k, floor, minlength=problem.stations)

    def cheapest(self, i: int, cost_s: FloatArray) -> int:
        """The host with room at which the whole cost grows least, or NOBODY."""
        problem = self._problem
        room = problem.allowed[i] & (self._count < problem.capacity)
        if problem.floor is not None:
            room &= self._floor + np.where(room, problem.floor[i], 0.0) <= problem.cpu_room
        if not room.any():
            return int(NOBODY)
        own = problem.root_work[i]
        grown_s = own * (own + 2 * self._root_work) / np.where(problem.cpu > 0, problem.cpu, np.inf)
        opening_s = np.where(self._count == 0, problem.scaled_opening, 0.0)
        return int(np.argmin(np.where(room, cost_s + grown_s + opening_s, np.inf)))

    def add(self, i: int, k: int) -> None:
        """Put user i on host k."""
        self._count[k] += 1
        self._root_work[k] += self._problem.root_work[i]
        if self._problem.floor is not None:
            self._floor[k] += self._problem.floor[i, k]


def _without_deadlines(situation: Situation, problem: PlacementProblem, host: IntArray) -> IntArray:
    """Seat those who are left wherever there is a seat."""
    try:
        return seat_remaining(problem, host)
    except InfeasibleProblem as error:
        first = int(np.flatnonzero(host == NOBODY)[0])
        raise InputError(
            f"slot {situation.index} ({situation.slot.time_s:g} s): no host for user {problem.user_name(first)}: "
            f"{error.proof.message}; raise capacities, add hosts, or shorten the outages"
        ) from None
