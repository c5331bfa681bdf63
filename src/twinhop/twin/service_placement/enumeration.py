"""The best servers of all services together, the users' twins being where they are: exact, by enumeration."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from twinhop.kernels.edge import cpu_room
from twinhop.kernels.shares import least_computing
from twinhop.network import minimum_share_cycles_per_s
from twinhop.placement import Placement
from twinhop.twin.service_placement.task import BoolArray, FloatArray, IntArray, ServiceTask

#: Partial choices looked at before the best found so far is taken as it is, and said not to be proved best.
MOST_CHOICES = 20_000
#: A choice must save more than this share of the cost to count as better: rounding.
ROUNDING = 1e-12


@dataclass(frozen=True)
class ServerChoice:
    """Servers of the services, for users' hosts that are given.

    Attributes:
        server: (Z,) index of each service's server.
        excused: (Z,) services whose deadline cannot be kept there, planned without it.
        proved: whether no choice keeps more deadlines, or as many at less cost.
    """

    server: IntArray
    excused: BoolArray
    proved: bool


def best_servers(task: ServiceTask, placement: Placement, *, opening_given: bool) -> ServerChoice:
    """The servers that keep most deadlines, and of those the ones that cost least.

    Every opened server and the cloud are candidates for every service. Services that share a server share its CPU with
    each other and with the users' twins, by the optimal rule, so all are chosen together: depth first, cheapest first,
    and what cannot become better than the best known is left out. What a service adds to a server only grows with what
    is there already, so the cheapest additions now bound those to come.

    Args:
        task: users and services.
        placement: of the users' twins.
        opening_given: whether all opened servers stay open, also those without a user's twin; else a service that is
            alone on a server pays for opening it.

    Returns:
        The choice.
    """
    search = _Search(task, placement, opening_given)
    search.descend(0)
    return ServerChoice(search.best_server, search.best_excused, search.looked <= MOST_CHOICES)


@dataclass
class _Station:
    """What runs on one server: root work, minimum shares, and the computing latency that follows."""

    cpu: float
    root_work: FloatArray
    floor: FloatArray
    added: list[tuple[float, float]] = field(default_factory=list)
    """root work and minimum share of each service"""

    def __post_init__(self) -> None:
        self.load = float(self.root_work.sum())
        self.floors = float(self.floor.sum())
        self.computing_s = self._computing_s()
        self._before: list[tuple[float, float, float]] = []
        self._known: dict[tuple[tuple[float, float], ...], float] = {}

    def add(self, root_work: float, floor: float) -> None:
        self._before.append((self.load, self.floors, self.computing_s))
        self.added.append((root_work, floor))
        self.load += root_work
        self.floors += floor
        key = tuple(self.added)
        if key not in self._known:
            self._known[key] = self._computing_s()
        self.computing_s = self._known[key]

    def remove(self) -> None:
        self.added.pop()
        self.load, self.floors, self.computing_s = self._before.pop()

    def fits(self, floor: float) -> bool:
        return self.floors + floor <= cpu_room(self.cpu)

    def _computing_s(self) -> float:
        """The least ``sum w / f`` of all that runs here; deadlines that cannot be kept jointly bind nobody."""
        if not self.floor.any() and not any(floor for _, floor in self.added):
            return self.load**2 / self.cpu
        weight = np.append(self.root_work, [root_work for root_work, _ in self.added])
        floor = np.append(self.floor, [floor for _, floor in self.added])
        if self.floors > cpu_room(self.cpu):
            return self.load**2 / self.cpu
        return least_computing(weight, floor, len(weight), self.load, self.floors, self.cpu)[0]


class _Search:
    """Depth first over the services, those of most work first."""

    def __init__(self, task: ServiceTask, placement: Placement, opening_given: bool) -> None:
        host = placement.host
        self.candidates = np.flatnonzero(task.candidates(placement))
        used = np.bincount(host, minlength=len(task.server_ids)) > 0
        entry_s = np.where(used | opening_given, 0.0, task.entry_s)
        self._cpu = task.cpu[self.candidates]
        self._root_work = task.root_work
        self._stations = [_station(task, host, int(k), float(entry_s[k])) for k in self.candidates]
        self._entry_s = entry_s[self.candidates]
        self._feed_s = (task.weight[:, None] * task.feed_s(host))[:, self.candidates]
        slowest_s = task.slowest_s(host)[:, self.candidates]
        self._floor = minimum_share_cycles_per_s(task.work_cycles[:, None], task.deadline_s[:, None], slowest_s)
        self._order = np.argsort(-task.root_work, kind="stable")
        self._server, self._excused = np.zeros(len(self._order), np.int64), np.zeros(len(self._order), np.bool_)
        self._base_s = math.fsum(each.computing_s for each in self._stations)
        self._late, self._fed_s = 0, 0.0
        self.best = (len(self._order) + 1, math.inf)
        self.best_server, self.best_excused = self._server.copy(), self._excused.copy()
        self.looked = 0

    def descend(self, depth: int) -> None:
        """Try every server for the next service, the cheapest first."""
        self.looked += 1
        if depth == len(self._order):
            self._keep()
            return
        z, left = int(self._order[depth]), self._order[depth + 1 :]
        least_s = self._cost_s() + (float(self._additions(left).min(axis=1).sum()) if left.size else 0.0)
        for late, adds_s, at in self._options(z):
            if self.looked > MOST_CHOICES and self.best[1] < math.inf:
                return
            if not self._beats_best(self._late + late, least_s + adds_s):
                continue
            self._put(z, at, late)
            if self._may_win(depth + 1):
                self.descend(depth + 1)
            self._take(z, at, late)

    def _options(self, z: int) -> list[tuple[bool, float, int]]:
        """Servers for a service with its deadline kept, then without it, each by what it adds now."""
        adds = self._additions(np.array([z]))[0] + self._opening_s()
        fits = [station.fits(floor) for station, floor in zip(self._stations, self._floor[z], strict=True)]
        kept = [(False, float(adds[at]), at) for at in range(len(adds)) if fits[at]]
        without = [(True, float(adds[at]), at) for at in range(len(adds))] if self._floor[z].any() else []
        return sorted(kept) + sorted(without)

    def _additions(self, services: IntArray) -> FloatArray:
        """(n, Q) the least that services add to the cost of each candidate, with what runs there now [s]."""
        load = np.array([station.load for station in self._stations])
        s = self._root_work[services][:, None]
        return self._feed_s[services] + s * (2 * load + s) / self._cpu

    def _opening_s(self) -> FloatArray:
        """(Q,) what opening each candidate costs the first service there [s]."""
        return np.where([bool(station.added) for station in self._stations], 0.0, self._entry_s)

    def _may_win(self, depth: int) -> bool:
        """Whether what is left could still make the present part better than the best known."""
        left = self._order[depth:]
        late, cost_s = self._late, self._cost_s()
        if left.size:
            cost_s += float(self._additions(left).min(axis=1).sum())
            room = np.array([cpu_room(station.cpu) - station.floors for station in self._stations])
            late += int((~(self._floor[left] <= room).any(axis=1)).sum())
        return self._beats_best(late, cost_s)

    def _beats_best(self, late: int, cost_s: float) -> bool:
        return self.best[1] == math.inf or (late, cost_s) < (self.best[0], self.best[1] * (1 - ROUNDING))

    def _cost_s(self) -> float:
        """Feeding, computing and opening as they are now [s]."""
        opened = sum(entry for entry, each in zip(self._entry_s, self._stations, strict=True) if each.added)
        return self._fed_s + float(opened) + math.fsum(each.computing_s for each in self._stations)

    def _put(self, z: int, at: int, late: bool) -> None:
        self._stations[at].add(float(self._root_work[z]), 0.0 if late else float(self._floor[z, at]))
        self._server[z], self._excused[z] = self.candidates[at], late
        self._late += late
        self._fed_s += float(self._feed_s[z, at])

    def _take(self, z: int, at: int, late: bool) -> None:
        self._stations[at].remove()
        self._late -= late
        self._fed_s -= float(self._feed_s[z, at])

    def _keep(self) -> None:
        self.best = (self._late, self._cost_s())
        self.best_server, self.best_excused = self._server.copy(), self._excused.copy()


def _station(task: ServiceTask, host: IntArray, k: int, entry_s: float) -> _Station:
    users = np.flatnonzero(host == k)
    problem = task.problem
    floor = np.zeros(users.size) if problem.floor is None or k >= problem.stations else problem.floor[users, k]
    floor = np.where(np.isfinite(floor), floor, 0.0)
    if floor.sum() > cpu_room(task.cpu[k]):
        floor = np.zeros(users.size)
    return _Station(float(task.cpu[k]), problem.root_work[users], floor)
