"""Seats: give every user a station it may use, within the twin capacities, or prove that nobody can."""

from collections import deque

import numpy as np

from twinhop.placement.infeasibility import InfeasibilityProof, InfeasibleProblem
from twinhop.placement.problem import IntArray, PlacementProblem
from twinhop.placement.station_load import NOBODY
from twinhop.text import counted_users


def seat_remaining(problem: PlacementProblem, host: IntArray, opened: np.ndarray | None = None) -> IntArray:
    """Seat the users without a host, moving others along augmenting paths where stations are full.

    Args:
        problem: the problem; forbidden arcs and capacities are respected, deadlines are not looked at.
        host: (N,) present hosts, NOBODY where missing; capacities hold.
        opened: (M,) stations that may be used; all by default.

    Returns:
        (N,) hosts of everyone.

    Raises:
        InfeasibleProblem: some users have more claimants than seats (Hall's condition fails).
    """
    host = host.copy()
    usable = problem.reachable if opened is None else problem.reachable & opened
    count = np.bincount(host[host != NOBODY], minlength=problem.stations)
    missing = np.flatnonzero(host == NOBODY)
    for i in missing[np.argsort(usable[missing].sum(axis=1), kind="stable")]:
        room = np.where(usable[i], problem.capacity - count, 0)
        k = int(np.argmax(room))
        if room[k] > 0:
            host[i] = k
            count[k] += 1
        else:
            _augment(problem, usable, host, count, int(i))
    return host


def _augment(problem: PlacementProblem, usable: np.ndarray, host: IntArray, count: IntArray, user: int) -> None:
    """Breadth-first search over stations for one with room; shift one user along each step of the path."""
    via: dict[int, tuple[int, int]] = {int(k): (user, int(NOBODY)) for k in np.flatnonzero(usable[user])}
    visited = usable[user].copy()
    queue = deque(via)
    while queue:
        k = queue.popleft()
        if count[k] < problem.capacity[k]:
            _shift(host, count, via, k)
            return
        members = np.flatnonzero(host == k)
        onward = usable[members]
        for station in np.flatnonzero(onward.any(axis=0) & ~visited).tolist():
            via[station] = (int(members[np.argmax(onward[:, station])]), k)
            visited[station] = True
            queue.append(station)
    stations = np.flatnonzero(visited)
    claimants = np.flatnonzero(np.isin(host, stations))
    raise InfeasibleProblem(_hall_proof(problem, np.sort(np.append(claimants, user)), stations))


def _shift(host: IntArray, count: IntArray, via: dict[int, tuple[int, int]], k: int) -> None:
    count[k] += 1
    while k != NOBODY:
        user, origin = via[k]
        host[user] = k
        k = origin


def _hall_proof(problem: PlacementProblem, users: IntArray, stations: IntArray) -> InfeasibilityProof:
    if stations.size == 0:
        return _unreachable(problem, users)
    seats = int(problem.capacity[stations].sum())
    noun = "seats" if problem.weight is None else "rows"
    message = (
        f"{problem.user_names(users)} can only be hosted on {problem.station_names(stations)}, "
        f"with {'room for ' if noun == 'rows' else ''}{seats} {noun} in all: {users.size - seats} short"
    )
    return InfeasibilityProof("capacity", message, tuple(users.tolist()), tuple(stations.tolist()))


def _unreachable(problem: PlacementProblem, users: IntArray) -> InfeasibilityProof:
    message = f"{problem.user_names(users)} can reach no station that may host a twin"
    return InfeasibilityProof("unreachable", message, tuple(users.tolist()), ())


def require_seats(problem: PlacementProblem) -> None:
    """Raise InfeasibleProblem unless everyone can be seated within the twin capacities, deadlines aside.

    Of demands only the plain cases are looked at: a user too large for every station, and too much in all.
    """
    stranded = np.flatnonzero(~problem.reachable.any(axis=1))
    if stranded.size:
        raise InfeasibleProblem(_unreachable(problem, stranded))
    if problem.weight is not None:
        _require_demand_capacity(problem)
    seats = int(np.minimum(problem.capacity, problem.users).sum())
    if seats < problem.users:
        hosts = tuple(np.flatnonzero(problem.capacity > 0).tolist())
        room, all_users = f"have {seats} seats in all", f"{problem.users} users"
        if problem.weight is not None:
            room, all_users = f"hold {seats} rows in all", f"{problem.users} rows"
        message = f"{problem.station_names(hosts)} that may host {room} for {all_users}: {problem.users - seats} short"
        raise InfeasibleProblem(InfeasibilityProof("capacity", message, tuple(range(problem.users)), hosts))
    _require_demand_capacity(problem)
    whole = problem.reachable[:, problem.capacity > 0].all()
    roomy = (problem.capacity[problem.capacity > 0] >= problem.users).all()
    if not whole and not roomy:
        seat_remaining(problem, np.full(problem.users, NOBODY, np.int64))


def _require_demand_capacity(problem: PlacementProblem) -> None:
    if problem.demand is None or problem.demand_capacity is None:
        return
    hosts = np.flatnonzero(problem.capacity > 0)
    fits = problem.reachable & (problem.demand[:, None] <= problem.demand_room)
    too_large = np.flatnonzero(~fits.any(axis=1))
    if too_large.size:
        stations = np.flatnonzero(problem.reachable[too_large].any(axis=0))
        largest, room = problem.demand[too_large].max(), problem.demand_capacity[stations].max()
        message = (
            f"{problem.user_names(too_large)} with demands up to {largest:g} fit on no station "
            f"they can reach; the largest has a demand capacity of {room:g}"
            if problem.weight is None
            else f"{problem.user_names(too_large)} of up to {counted_users(largest)} fit on no station "
            f"they can reach; the largest has {room:g} seats; users.split hosts rows in parts"
        )
        raise InfeasibleProblem(
            InfeasibilityProof("demand", message, tuple(too_large.tolist()), tuple(stations.tolist()))
        )
    total, capacity = float(problem.demand.sum()), float(problem.demand_capacity[hosts].sum())
    if total > float(problem.demand_room.sum()):
        all_demands, room = (
            (f"the demands of all {problem.users} users add up to {total:g}", "demand capacities")
            if problem.weight is None
            else (f"the {problem.users} rows stand for {counted_users(total)}", "seats")
        )
        message = (
            f"{all_demands}, the {room} of "
            f"{problem.station_names(hosts)} that may host {'to' if problem.weight is None else 'are'} {capacity:g}: "
            f"{total - capacity:g} short"
        )
        raise InfeasibleProblem(
            InfeasibilityProof("demand", message, tuple(range(problem.users)), tuple(hosts.tolist()))
        )
