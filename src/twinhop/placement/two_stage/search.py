"""Search for the servers of a two-stage problem: sets of them are tried, each scenario associated anew."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from twinhop.placement.budget import Budget
from twinhop.placement.descent import associate
from twinhop.placement.problem import BoolArray, FloatArray, IntArray, PlacementProblem
from twinhop.placement.search import RELATIVE_IMPROVEMENT, TRIAL_SWEEPS, Search
from twinhop.placement.station_load import NOBODY, Instance, fitting, make_hosting
from twinhop.placement.two_stage.ascent import Map
from twinhop.placement.two_stage.problem import TwoStageProblem

logger = logging.getLogger(__name__)

#: Scenarios associated between two looks at whether the servers tried can still be better.
AT_ONCE = 4

#: What each scenario costs at least on some servers.
Floors = Callable[[BoolArray], FloatArray]


class TwoStageSearch:
    """The best servers found so far, and the associations of the scenarios on them.

    Args:
        problem: the problem.
        instances: the associations of the scenarios, compiled, opening at no cost.
        hosts: of each scenario, to start from; those for whom there is no room are seated anew.
        budget: when to stop.
        mapped: `map`, or that of threads which share the scenarios.

    Attributes:
        opened: (M,) the best servers so far.
        hosts: (S,) the hosts of each scenario on them.
        costs: (S,) the cost of each scenario.
        cost: their risk, inf until servers are known on which every scenario is feasible.
    """

    def __init__(
        self,
        problem: TwoStageProblem,
        instances: Sequence[Instance],
        hosts: Sequence[IntArray],
        budget: Budget,
        mapped: Map,
    ):
        self.problem, self.budget = problem, budget
        self._instances, self._map = instances, mapped
        self._hostings = [make_hosting(each) for each in instances]
        self.opened: BoolArray = problem.may_host.copy()
        each_of = zip(instances, self._hostings, hosts, strict=True)
        self.hosts: list[IntArray] = [fitting(instance, hosting, host) for instance, hosting, host in each_of]
        self.costs: FloatArray = np.full(len(instances), np.inf)
        self.cost = np.inf

    def try_servers(self, opened: BoolArray, floors: FloatArray | None = None) -> bool:
        """Associate every scenario anew on these servers; keep them if the risk is lower; returns whether it was.

        Args:
            opened: (M,) servers to open.
            floors: (S,) what each scenario costs on them at least, to end early; None: nothing is known.
        """
        costs = np.zeros(len(self.hosts)) if floors is None else floors.copy()
        hosts: list[IntArray] = list(self.hosts)
        order = np.argsort(-self.problem.weights_of(costs), kind="stable")
        for at in range(0, order.size, AT_ONCE):
            some = order[at : at + AT_ONCE].tolist()
            for s, (cost, host) in zip(some, self._map(lambda s: self._associate(s, opened), some), strict=True):
                costs[s], hosts[s] = cost, host
            if not np.isfinite(costs[some]).all():
                return False
            if floors is not None and not self.problem.risk_of(costs) < self.cost * (1 - RELATIVE_IMPROVEMENT):
                return False
        return self._keep(opened, hosts, costs)

    def interchange(self, moves: Iterable[tuple[int, ...]], floors_of: Floors, looks: int) -> bool:
        """Toggle the stations of each move; returns at the first that saves.

        Args:
            moves: stations to toggle together, the most promising first.
            floors_of: what each scenario costs at least on some servers.
            looks: most moves tried.
        """
        for at, stations in enumerate(moves):
            if at >= looks or self.budget.exhausted():
                return False
            opened = self.opened.copy()
            opened[list(stations)] ^= True
            if self.try_servers(opened, floors_of(opened)):
                return True
        return False

    def close_unused(self) -> None:
        """Close the servers that no scenario uses."""
        used = np.zeros(self.problem.stations, bool)
        for host in self.hosts:
            used[host] = True
        if (used != self.opened).any():
            self.costs = self.costs - self.problem.opening[:, self.opened & ~used].sum(axis=1)
            self.opened = used
            self.cost = self.problem.risk_of(self.costs)

    def polish(self, seed: int) -> None:
        """Improve the association of each scenario on the best servers: moves, swaps, and walks through them."""
        order = np.argsort(-self.problem.weights_of(self.costs), kind="stable").tolist()
        polished = list(self._map(lambda s: self._polished(s, seed + s), order))
        hosts, costs = list(self.hosts), self.costs.copy()
        for s, (cost, host) in zip(order, polished, strict=True):
            if cost < costs[s]:
                costs[s], hosts[s] = cost, host
        self.hosts, self.costs, self.cost = hosts, costs, self.problem.risk_of(costs)

    def _keep(self, opened: BoolArray, hosts: list[IntArray], costs: FloatArray) -> bool:
        cost = self.problem.risk_of(costs)
        if not cost < self.cost * (1 - RELATIVE_IMPROVEMENT) and np.isfinite(self.cost):
            return False
        if not np.isfinite(cost):
            return False
        self.opened, self.hosts, self.costs, self.cost = opened.copy(), hosts, costs, cost
        return True

    def _associate(self, s: int, opened: BoolArray) -> tuple[float, IntArray]:
        """The cost of a scenario on these servers, inf where its users do not find seats, and its hosts."""
        instance, hosting = self._instances[s], self._hostings[s]
        least = RELATIVE_IMPROVEMENT * (self.costs[s] / self.problem.unit[s] if np.isfinite(self.costs[s]) else 1e-5)
        starts = [self.hosts[s]]
        if instance.demand is not None:  # tight knapsacks may need everybody seated anew
            starts.append(np.full(self.hosts[s].size, NOBODY, np.int64))
        best, host = np.inf, self.hosts[s]
        for start in starts:
            latency = associate(instance, hosting, start, opened, TRIAL_SWEEPS, least, np.inf)
            if latency < best:
                best, host = latency, hosting.host.copy()
        return self._cost(s, opened, best), host

    def _polished(self, s: int, seed: int) -> tuple[float, IntArray]:
        if self.budget.exhausted():
            return self.costs[s], self.hosts[s]
        problem = self.problem.associations[s]
        search = Search(restricted(problem, self.opened), self.budget, _within(self._instances[s], self.opened))
        if not search.offer(self.hosts[s]):
            return self.costs[s], self.hosts[s]
        search.improve((), with_swaps=problem.has_deadlines)
        search.anneal(seed)
        return self._cost(s, self.opened, search.cost), search.host

    def _cost(self, s: int, opened: BoolArray, latency: float) -> float:
        problem = self.problem
        return float(problem.opening[s, opened].sum() + problem.unit[s] * latency + problem.constant[s])


def restricted(problem: PlacementProblem, opened: BoolArray) -> PlacementProblem:
    """The problem in which the other stations host nothing."""
    return replace(problem, capacity=np.where(opened, problem.capacity, 0), origin=None)


def _within(instance: Instance, opened: BoolArray) -> Instance:
    """The instance of that problem."""
    comm = np.ascontiguousarray(np.where(opened, instance.comm, np.inf))
    return instance._replace(comm=comm, seats=np.where(opened, instance.seats, 0))
