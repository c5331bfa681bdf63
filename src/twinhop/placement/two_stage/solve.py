"""Solve a two-stage problem: servers for many scenarios together, with a certified bound on their risk."""

import heapq
import itertools
import logging
import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np

from twinhop.compile_time import solving_clock_s
from twinhop.placement.branching import CLOSED
from twinhop.placement.budget import WIDE, Budget, SubBudget
from twinhop.placement.certificate import bound_below
from twinhop.placement.evaluation import Evaluation, evaluate
from twinhop.placement.infeasibility import InfeasibleProblem
from twinhop.placement.placement import Placement
from twinhop.placement.price_ascent import PriceAscent
from twinhop.placement.problem import BoolArray, FloatArray, IntArray
from twinhop.placement.search import Search
from twinhop.placement.seating import require_seats
from twinhop.placement.solve import check_limits, check_seed
from twinhop.placement.station_load import make_instance
from twinhop.placement.two_stage.ascent import JointAscent, Map, Node
from twinhop.placement.two_stage.certificate import TwoStageCertificate
from twinhop.placement.two_stage.problem import InfeasibleScenario, TwoStageProblem
from twinhop.placement.two_stage.search import TwoStageSearch
from twinhop.result import Shown
from twinhop.text import counted, figure, in_a_line, in_percent

logger = logging.getLogger(__name__)

#: Steps of all prices between two looks at the servers that they open.
STEPS = 20
#: Rounds of steps and search end once so many in a row closed less than this share of the gap.
IDLE_ROUNDS, LEAST_PROGRESS = 3, 0.03
#: Where a gap is asked for and not reached, prices start again with long steps so often before the solve ends.
RESTARTS = 4
#: Sets of servers one move away that are tried in a round, and while prices still close this share of the gap in each:
#: better prices pass over more of them.
LOOKS, FEW_LOOKS, RISING = 40, 3, 0.1
#: Below so many arcs in all, threads cost more than they bring.
THREADED_ARCS = 20_000
#: Share of the time limit in which the scenarios are planned alone.
ALONE_SHARE = 0.3
#: Price steps for each part where servers are branched on, and parts at most.
BRANCH_STEPS, MOST_PARTS = 40, 2000
#: Without a time limit the solve ends after so many rounds.
ROUNDS = 200


@dataclass(frozen=True)
class TwoStageSolution(Shown):
    """Servers opened for all scenarios, and where each scenario's users are hosted.

    Attributes:
        problem: what was solved.
        placements: (S,) one a scenario; all open the same servers.
        evaluations: (S,) theirs: costs, terms and violations; each pays for all servers opened.
        certificate: the bound on the risk.
        own_bound: (S,) no plan for the scenario alone, with servers of its own, costs less.
        own_cost: (S,) the cost of the best plan of each alone that was found on the way.
        seconds: time of the solve [s].
        seed: of the walks.
        interrupted: whether Ctrl-C ended it early.
        timed_out: whether the time limit did.
    """

    problem: TwoStageProblem = field(repr=False)
    placements: tuple[Placement, ...] = field(repr=False)
    evaluations: tuple[Evaluation, ...] = field(repr=False)
    certificate: TwoStageCertificate = field(repr=False)
    own_bound: FloatArray = field(repr=False)
    own_cost: FloatArray = field(repr=False)
    seconds: float
    seed: int
    interrupted: bool
    timed_out: bool

    def __repr__(self) -> str:
        parts = (figure("risk", self.cost), figure("bound", self.lower_bound), in_percent("gap", self.gap))
        opened = counted(int(self.opened.sum()), "server")
        return in_a_line(self, opened, *parts, None if self.feasible else "infeasible")

    @property
    def opened(self) -> BoolArray:
        """(M,) the servers opened."""
        return self.placements[0].open

    @property
    def costs(self) -> FloatArray:
        """(S,) the cost of each scenario."""
        return np.array([each.cost for each in self.evaluations])

    @property
    def cost(self) -> float:
        """The risk of these costs."""
        return self.problem.risk_of(self.costs)

    @property
    def feasible(self) -> bool:
        """Whether every constraint of every scenario holds."""
        return all(each.feasible for each in self.evaluations)

    @property
    def lower_bound(self) -> float:
        """No feasible plan has less risk; never above the cost of one, see `bound_below`."""
        bound = self.certificate.lower_bound
        return bound_below(self.cost, bound, "two-stage prices") if self.feasible else bound

    @property
    def gap(self) -> float | None:
        """The share cost / bound - 1; None without a bound > 0 or without a feasible plan."""
        if not self.feasible or self.lower_bound <= 0:
            return None
        return self.cost / self.lower_bound - 1


def solve_two_stage(
    problem: TwoStageProblem,
    *,
    seed: int = 0,
    time_limit_s: float = float("inf"),
    gap: float | None = None,
    on_progress: Callable[[float, float], None] | None = None,
    starts: Sequence[BoolArray] = (),
) -> TwoStageSolution:
    """Open servers for all scenarios together and associate the users of each.

    Each scenario is planned alone first, and its prices start the joint ones (`JointAscent`). Then price steps, with
    the servers that they open, take turns with local search among sets of servers one toggle or one interchange away,
    in the order of their bounds; a set whose bound is above the best risk is passed over.

    Args:
        problem: the problem.
        seed: of the walks through associations; the same seed gives the same plan where no time limit ends the solve.
        time_limit_s: wall-clock limit [s]; the best plan so far is returned, and none is cut short before it is valid.
        gap: go on until cost / bound - 1 is at most this; None: until little more is gained.
        on_progress: called with the best risk and bound so far.
        starts: (M,) sets of servers worth trying.

    Returns:
        The solution. Ctrl-C returns the best so far, marked ``interrupted``.

    Raises:
        InfeasibleScenario: proved: one scenario has no feasible plan, whichever servers are opened.
        InputError: a limit out of range.
    """
    check_limits(time_limit_s, gap)
    check_seed(seed)
    budget = Budget(time_limit_s, gap, on_progress)
    workers = usable_cpus()
    with budget.catch_interrupt(), ThreadPoolExecutor(workers) as threads:
        alone_s = ALONE_SHARE * time_limit_s * min(workers / len(problem.scenarios), 1.0)
        mapped = threads.map if problem.users * problem.stations >= THREADED_ARCS else map
        solve = _Solve(problem, seed, budget, alone_s, mapped)
        solve.run(starts)
        placements = solve.placements()
        seconds = budget.elapsed_s()
    return TwoStageSolution(
        problem=problem,
        placements=placements,
        evaluations=tuple(evaluate(each, at) for each, at in zip(problem.scenarios, placements, strict=True)),
        certificate=solve.certificate,
        own_bound=solve.own_bound,
        own_cost=solve.own_cost,
        seconds=seconds,
        seed=seed,
        interrupted=budget.interrupted,
        timed_out=not budget.interrupted and seconds >= time_limit_s,
    )


def usable_cpus() -> int:
    """How many CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Solve:
    """The steps of one solve.

    Args:
        problem: the problem.
        seed: of the walks.
        budget: when to stop.
        alone_s: time for the plan of each scenario alone [s].
        mapped: `map`, or that of threads which share the scenarios.
    """

    def __init__(self, problem: TwoStageProblem, seed: int, budget: Budget, alone_s: float, mapped: Map):
        self._problem, self._seed, self._budget, self._map = problem, seed, budget, mapped
        self._alone_s = alone_s
        self.certificate = TwoStageCertificate(())
        self._tried: set[bytes] = set()

    def run(self, starts: Sequence[BoolArray]) -> None:
        """Plan each scenario alone, then all together."""
        problem, mapped = self._problem, self._map
        searches = [self._begun(s) for s in range(len(problem.scenarios))]
        alone = list(mapped(lambda s: _raised(searches[s]), range(len(searches))))
        self.own_bound = np.array([ascent.certificate().lower_bound for ascent in alone])
        self.own_cost = np.array([_own_cost(ascent.search) for ascent in alone])
        instances = tuple(make_instance(each) for each in problem.associations)
        weight = problem.weights_of(self.own_bound)  # so that the joint bound begins at the risk of these
        prices = [(ascent.price, ascent.theta) for ascent in alone]
        self.ascent = JointAscent(problem, instances, prices, weight, mapped)
        hosts = [search.placement().host for search in searches]
        self._begun_hosts = hosts
        self.search = TwoStageSearch(problem, instances, hosts, self._budget, mapped)
        self._try(problem.may_host)
        self.search.try_servers(self._used(hosts))  # however short the time is
        for opened in starts:
            self._try(opened)
        self._rounds()
        self.certificate = self.ascent.certificate()
        self._polish()
        self._branch()
        self._report()

    def placements(self) -> tuple[Placement, ...]:
        """One a scenario, on the servers opened; where no feasible plan was found, on those that the hosts need."""
        is_found = np.isfinite(self.search.cost)
        hosts = self.search.hosts if is_found else self._begun_hosts
        opened = self.search.opened if is_found else self._used(hosts)
        return tuple(Placement(np.ascontiguousarray(host, np.int64), opened.copy()) for host in hosts)

    def _used(self, hosts: Sequence[IntArray]) -> BoolArray:
        used = np.zeros(self._problem.stations, bool)
        for host in hosts:
            used[host] = True
        return used

    def _begun(self, s: int) -> Search:
        """A first plan of one scenario alone; one after the other, as HiGHS may be asked."""
        scenario = self._problem.scenarios[s]
        search = Search(scenario, SubBudget(self._alone_s, self._budget.gap, whole=self._budget))
        try:
            require_seats(scenario)
            search.start()
        except InfeasibleProblem as error:
            raise InfeasibleScenario(s, self._problem.names[s], error.proof) from error
        return search

    def _rounds(self) -> None:
        idle, restarts, ascent, search = 0, 0, self.ascent, self.search
        for _ in range(ROUNDS):
            before, bound = search.cost - ascent.bound, ascent.bound
            ascent.rise(self._target(), STEPS)
            self._try(ascent.chosen)
            self._try(ascent.opened())
            if np.isfinite(search.cost):
                is_rising = ascent.bound - bound > RISING * (search.cost - ascent.bound)
                search.interchange(self._moves(), ascent.bounds_with, FEW_LOOKS if is_rising else LOOKS)
            self._report()
            if self._closed() or self._budget.exhausted():
                return
            closed = before - (search.cost - ascent.bound)
            idle = idle + 1 if not closed > LEAST_PROGRESS * before else 0
            if idle >= IDLE_ROUNDS:
                if self._budget.gap is None or restarts == RESTARTS:
                    return
                ascent.restart()
                idle, restarts = 0, restarts + 1

    def _polish(self) -> None:
        if np.isfinite(self.search.cost):
            self.search.close_unused()
            self.search.polish(self._seed)
            self.search.close_unused()

    def _branch(self) -> None:
        """Branch on servers, the weakest part first, while the gap is wider than asked for, or wide."""
        whole, search, ascent = self._budget, self.search, self.ascent
        goal = WIDE if whole.gap is None else whole.gap
        clock = whole if whole.gap is not None else SubBudget(whole.patience_s, whole=whole)
        numbers = itertools.count()
        waiting, done = [(ascent.bound, next(numbers), ascent.node())], []
        best = search.cost
        while waiting and search.cost > (1 + goal) * waiting[0][0] and np.isfinite(search.cost):
            if clock.exhausted() or len(waiting) + len(done) >= MOST_PARTS:
                break
            parent = heapq.heappop(waiting)[2]
            ascent.take_up(parent)
            ascent.rise(self._target(), STEPS)
            parent = ascent.node() if ascent.bound > parent.bound else parent
            station = ascent.undecided()
            for node in [parent] if station is None else [parent.child(station, 1), parent.child(station, -1)]:
                ascent.take_up(node)
                ascent.rise(self._target(), BRANCH_STEPS)
                self._try(ascent.opened())
                better = ascent.node() if ascent.bound > node.bound else node
                if station is None:
                    done.append(better)
                else:
                    heapq.heappush(waiting, (better.bound, next(numbers), better))
            self._budget.report(search.cost, waiting[0][0] if waiting else search.cost)
        if search.cost < best:
            self._polish()
        self._certify([*done, *(each[2] for each in waiting)])

    def _certify(self, nodes: Sequence[Node]) -> None:
        """Take the bound of the parts where it is better than that of all choices in one."""
        if len(nodes) < 2:
            return
        parts = TwoStageCertificate(tuple(part for node in nodes for part in node.certificate(self._problem).parts))
        logger.info("two-stage: %d parts, bound %.6g (before %.6g)", len(nodes), parts.lower_bound, self.bound)
        self.certificate = max(self.certificate, parts, key=lambda each: each.lower_bound)

    @property
    def bound(self) -> float:
        """The best bound so far."""
        return self.certificate.lower_bound

    def _target(self) -> float:
        bound = self.ascent.bound
        if np.isfinite(self.search.cost):
            return self.search.cost
        return 1.05 * bound if np.isfinite(bound) else 2 * float(self.own_bound.max())

    def _closed(self) -> bool:
        room = max(self._budget.gap or 0.0, CLOSED) * abs(self.ascent.bound)
        return self.search.cost - self.ascent.bound <= room

    def _try(self, opened: BoolArray) -> None:
        key = opened.tobytes()
        if key in self._tried or not opened.any():
            return
        if self._budget.exhausted() and np.isfinite(self.search.cost):
            return
        self._tried.add(key)
        floors = self.ascent.bounds_with(opened) if np.isfinite(self.ascent.bound) else None
        self.search.try_servers(opened, floors)

    def _moves(self) -> Iterator[tuple[int, ...]]:
        """Toggles and interchanges whose servers may be better, those of the least bound first, none twice."""
        ascent, search = self.ascent, self.search
        opened = search.opened
        reduced = np.where(opened, -1.0, 1.0) * ascent.reduced
        stations = np.flatnonzero(self._problem.may_host)
        present = self._linear(opened)
        moves = [((int(k),), present + reduced[k]) for k in stations]
        pairs = itertools.product(stations[opened[stations]], stations[~opened[stations]])
        moves += [((int(a), int(b)), present + reduced[a] + reduced[b]) for a, b in pairs]
        for move, bound in sorted(moves, key=lambda each: each[1]):
            if bound >= search.cost:
                return
            other = opened.copy()
            other[list(move)] ^= True
            if other.any() and other.tobytes() not in self._tried:
                self._tried.add(other.tobytes())
                yield move

    def _linear(self, opened: BoolArray) -> float:
        """The bound on plans that open exactly these servers, at the best prices and weights."""
        return float(self.ascent.weight @ self.ascent.bounds_with(opened))

    def _report(self) -> None:
        cost, bound = self.search.cost, self.certificate.lower_bound if self.certificate.parts else self.ascent.bound
        self._budget.report(cost, bound)
        logger.info(
            "two-stage, %.1f s: bound %.6g, best plan %.6g, gap %.4g %%, %d servers",
            self._budget.elapsed_s(),
            bound,
            cost,
            100 * (cost / bound - 1) if bound > 0 else math.nan,
            self.search.opened.sum(),
        )


def _raised(search: Search) -> PriceAscent:
    """The prices of one scenario alone, and better plans of it."""
    search.budget = replace(search.budget, started=solving_clock_s())
    ascent = PriceAscent(search)
    ascent.run()
    return ascent


def _own_cost(search: Search) -> float:
    """What the best plan of a scenario alone costs; inf where none was found."""
    return evaluate(search.problem, search.placement()).cost if search.feasible else math.inf
