"""Local search within limits on moves and on changes of servers: relocate, exchange, and undo a move for another."""

from collections.abc import Callable, Iterator

import numpy as np

from twinhop.placement import Placement, PlacementProblem, evaluate
from twinhop.placement.problem import BoolArray, FloatArray, IntArray
from twinhop.plans.limits.changed_servers import least_changed
from twinhop.plans.limits.limits import ROUNDING, Limits, moved_twins
from twinhop.plans.result import NOBODY, Present

#: Changes that look best by a rule of three are priced exactly: so many of each kind in each step.
PRICED = 12
#: Hosts with the fewest twins that are tried without any, and how many twins a host may have for that.
EMPTIED, LARGEST_BLOCK = 8, 30
#: Pairs of users, and hosts without any, are looked at up to so many users.
PAIRS_OF = 400
#: Savings below this share of the cost are not worth a change.
LEAST_SAVING = 1e-10


class LimitedDescent:
    """Steps from a plan within the limits to better ones within them."""

    def __init__(self, problem: PlacementProblem, present: Present, limits: Limits, is_late: Callable[[], bool]):
        """Begin.

        Args:
            problem: with the cost of moves that is not a limit's.
            present: where the twins are.
            limits: how much may change.
            is_late: whether time is up.
        """
        self._problem, self._present, self._limits, self._is_late = problem, present, limits, is_late
        self._placed = present.host != NOBODY
        self._twins = np.ones(problem.users) if problem.weight is None else problem.weight
        self._at_rest: set[bytes] = set()
        self._comm = np.where(problem.allowed, problem.comm_s, np.inf)

    def beyond(self, host: IntArray) -> float:
        """How many twins more than the limit allows these hosts (N,) move; negative: how many more may."""
        if self._limits.moves is None:
            return -np.inf
        return moved_twins(self._problem, self._present, host) - self._limits.moves * (1 + ROUNDING)

    def placement(self, host: IntArray) -> Placement | None:
        """The cheapest placement with these hosts within the limits, or None."""
        if self.beyond(host) > 0:
            return None
        used = np.zeros(self._problem.stations, bool)
        used[host] = True
        opened = least_changed(self._problem, self._present, used, self._limits.servers)
        return None if opened is None else Placement(np.ascontiguousarray(host, np.int64), opened)

    def cost(self, host: IntArray) -> float:
        """What hosts cost; infinite where a constraint or a limit breaks."""
        placement = self.placement(host)
        if placement is None:
            return np.inf
        evaluation = evaluate(self._problem, placement)
        return evaluation.cost if evaluation.feasible else np.inf

    def improved(self, host: IntArray, steps: int) -> tuple[IntArray, float]:
        """The hosts after at most so many steps, each the first of those that look best that saves, and their cost."""
        cost = self.cost(host)
        for _ in range(steps):
            if host.tobytes() in self._at_rest:
                break
            least = cost - LEAST_SAVING * abs(cost)
            for trial in self._neighbours(host):
                if self._is_late():
                    return host, cost
                priced = self.cost(trial)
                if priced < least:
                    host, cost = trial, priced
                    break
            else:
                self._at_rest.add(host.tobytes())
        return host, cost

    def with_fewer_moves(self, host: IntArray) -> IntArray | None:
        """Hosts after moves were undone that save least, until few enough are left; None where they cannot be."""
        if self._limits.moves is None:
            return host
        host = host.copy()
        while (over := self.beyond(host)) > 0 and not self._is_late():
            change = self._changes(host)
            home = np.flatnonzero(self._placed & (host != self._present.host) & (self._present.host >= 0))
            back = change[home, self._present.host[home]]
            order = np.argsort(back, kind="stable")
            order = order[np.isfinite(back[order])]
            part = np.searchsorted(np.cumsum(self._twins[home[order]]), np.ceil(over) / 4, side="right")
            order = order[: max(1, int(part))]
            if not order.size:
                return None
            room = self._problem.capacity - np.bincount(host, minlength=self._problem.stations)
            for i in home[order]:
                if room[self._present.host[i]] > 0:
                    room[self._present.host[i]] -= 1
                    host[i] = self._present.host[i]
        return host if over <= 0 else None

    def _changes(self, host: IntArray, *, full: bool = False) -> FloatArray:
        """(N, M) about how much it changes the scaled cost to put each twin on each station [s].

        The CPU is counted as without deadlines; infinite where no seat or too little demand capacity is free, which is
        not looked at where ``full``.
        """
        problem, users = self._problem, np.arange(self._problem.users)
        work = problem.root_work
        load = np.bincount(host, work, minlength=problem.stations)
        twins = np.bincount(host, minlength=problem.stations)
        cpu = np.maximum(problem.cpu, np.finfo(float).tiny)
        joins = (2 * load * work[:, None] + (work**2)[:, None]) / cpu
        leaves = (work**2 - 2 * load[host] * work) / cpu[host] - self._comm[users, host]
        leaves = leaves - np.where(twins[host] == 1, problem.scaled_opening[host], 0.0)
        opens = np.where((twins == 0) & ~self._stays_open(twins > 0), problem.scaled_opening, 0.0)
        change = self._comm + joins + leaves[:, None] + opens
        if not full:
            change = np.where(twins < problem.capacity, change, np.inf)
            if problem.demand is not None:
                taken = np.bincount(host, problem.demand, minlength=problem.stations)
                change = np.where(taken + problem.demand[:, None] <= problem.demand_room, change, np.inf)
        change[users, host] = np.inf
        return change

    def _stays_open(self, used: BoolArray) -> BoolArray:
        """(M,) stations that are open with a plan on these stations (M,) anyway."""
        opened = least_changed(self._problem, self._present, used, self._limits.servers)
        return used if opened is None else opened

    def _neighbours(self, host: IntArray) -> Iterator[IntArray]:
        """Hosts a step away that look best."""
        change = self._changes(host)
        left = -self.beyond(host)
        at_home = self._placed & (host == self._present.host)
        stays = np.where((at_home & (self._twins > left))[:, None], np.inf, change)
        for i, k in _least(stays):
            yield _with(host, (i, k))
        if left < self._twins.max():
            yield from self._instead(host, change, at_home)
        if self._problem.users <= PAIRS_OF:
            yield from self._exchanges(host, left)
        if self._problem.users <= PAIRS_OF:
            yield from self._emptied(host, left)
        yield from self._moved_to(host, change, at_home, left)

    def _emptied(self, host: IntArray, left: float) -> Iterator[IntArray]:
        """The hosts with few twins without any, each twin on the station in use that looks best."""
        twins = np.bincount(host, minlength=self._problem.stations)
        used = np.flatnonzero(twins)
        for k in used[np.argsort(twins[used], kind="stable")][:EMPTIED]:
            leaving = np.flatnonzero(host == k)
            moving = self._twins[leaving][self._placed[leaving] & (self._present.host[leaving] == k)].sum()
            if moving > left or leaving.size > LARGEST_BLOCK:
                continue
            trial = host.copy()
            for i in leaving:
                change = self._changes(trial)[i]
                change[twins == 0] = np.inf
                change[k] = np.inf
                if not np.isfinite(change).any():
                    break
                trial[i] = np.argmin(change)
            if not (trial == k).any():
                yield trial

    def _moved_to(self, host: IntArray, change: FloatArray, at_home: BoolArray, left: float) -> Iterator[IntArray]:
        """A station without twins with those that gain most by it: a few, as many as gain, and what is between."""
        problem = self._problem
        twins = np.bincount(host, minlength=problem.stations)
        for k in np.flatnonzero((twins == 0) & (problem.capacity > 0)):
            gain = change[:, k]
            order = np.argsort(gain, kind="stable")
            order = order[np.isfinite(gain[order])][: problem.capacity[k]]
            moved = np.cumsum(at_home[order] * self._twins[order])
            order = order[: int(np.searchsorted(moved, left, side="right"))]
            trial, best = host.copy(), np.inf
            load, taken = 0.0, 0.0
            for count, i in enumerate(order.tolist(), 1):
                taken += gain[i] - (problem.scaled_opening[k] if count > 1 else 0.0)
                taken += 2 * load * problem.root_work[i] / problem.cpu[k]
                load += problem.root_work[i]
                if taken > best and count > 1:
                    break
                best = taken
                trial[i] = k
            if order.size:
                yield trial

    def _instead(self, host: IntArray, change: FloatArray, at_home: BoolArray) -> Iterator[IntArray]:
        """A move undone, and another made instead, also one to the seat that is free then."""
        target = np.maximum(self._present.host, 0)
        back = np.where(at_home | (self._present.host < 0), np.inf, change[np.arange(len(host)), target])
        undone = np.argsort(back, kind="stable")[:PRICED]
        anywhere = self._changes(host, full=True)
        anywhere[~at_home] = np.inf
        free = change.copy()
        free[~at_home] = np.inf
        pairs = []
        for j in undone[np.isfinite(back[undone])]:
            for values, only in ((free, None), (anywhere, host[j])):
                column = values if only is None else values[:, [only]]
                for i, k in _least(column, PRICED):
                    station = k if only is None else only
                    pairs.append((back[j] + column[i, k], int(j), int(i), int(station)))
        for _, j, i, k in sorted(pairs)[: 2 * PRICED]:
            yield _with(host, (j, int(self._present.host[j])), (i, k))

    def _exchanges(self, host: IntArray, left: float) -> Iterator[IntArray]:
        """Two twins on each other's hosts."""
        problem, users = self._problem, np.arange(len(host))
        work, cpu = problem.root_work, np.maximum(problem.cpu, np.finfo(float).tiny)
        load = np.bincount(host, work, minlength=problem.stations)
        there = self._comm[:, host] - self._comm[users, host][:, None]
        more = work[None, :] - work[:, None]
        grows = (2 * load[host][:, None] * more + more**2) / cpu[host][:, None]
        change = there + there.T + grows + grows.T
        now = self._placed & (host != self._present.host)
        then = self._placed[:, None] & (host[None, :] != self._present.host[:, None])
        moves = (then.astype(float) - now[:, None]) * self._twins[:, None]
        change[moves + moves.T > left] = np.inf
        change[host[:, None] == host[None, :]] = np.inf
        change[np.tril_indices(len(host))] = np.inf
        for i, j in _least(change):
            yield _with(host, (i, int(host[j])), (j, int(host[i])))


def _least(change: FloatArray, most: int = PRICED) -> list[tuple[int, int]]:
    """Where the least finite entries of a matrix are, in order."""
    flat = change.ravel()
    at = np.argpartition(flat, most)[:most] if flat.size > most else np.arange(flat.size)
    at = at[np.isfinite(flat[at])]
    at = at[np.lexsort((at, flat[at]))]
    return [(int(i), int(k)) for i, k in zip(*np.unravel_index(at, change.shape), strict=True)]


def _with(host: IntArray, *changes: tuple[int, int]) -> IntArray:
    trial = host.copy()
    for i, k in changes:
        trial[i] = k
    return trial
