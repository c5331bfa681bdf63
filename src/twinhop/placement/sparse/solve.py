"""Solve a sparse problem: prices, bound and plan, by stages, until the gap is small enough."""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from twinhop.errors import InputError
from twinhop.placement.budget import Budget
from twinhop.placement.certificate import bound_below
from twinhop.placement.decision import Ending
from twinhop.placement.infeasibility import InfeasibilityProof, InfeasibleProblem
from twinhop.placement.problem import BoolArray, FloatArray
from twinhop.placement.solve import PROVED, check_limits
from twinhop.placement.sparse.ascent import Ascent, StationPrices
from twinhop.placement.sparse.certificate import lower_bound
from twinhop.placement.sparse.evaluation import unmeetable_users
from twinhop.placement.sparse.layout import Layout, pool_of
from twinhop.placement.sparse.memory import require_memory
from twinhop.placement.sparse.primal import Plans, Unseated
from twinhop.placement.sparse.problem import PAD, IntArray, RowArray, SparseProblem
from twinhop.result import Shown
from twinhop.text import counted, figure, in_a_line, in_percent

logger = logging.getLogger(__name__)

#: Without a gap asked for, the solve ends below this one, or when two stages close less than a tenth of what is left.
CLOSE, LITTLE = 1e-4, 0.1
#: Width of the first stage from given prices.
WARM_WIDTH = 0.005
#: Candidates are widened where the bound loses this share of the gap asked for to what omitted stations might take.
LOST = 0.25
#: Candidates are widened, too, where prices of this share of the users are held below what omitted stations might take,
#: and a stage closes less than this share of the gap that is left.
HELD, STALLED = 0.01, 0.5
#: Plans are swept to their end once the widths are below the first, and stations opened and shut below the second.
POLISHED, TOGGLED = 0.011, 0.006
#: Problems with so many arcs at most are solved as whole matrices where no plan is found.
DENSE_ARCS = 4_000_000


class SparsePrices(NamedTuple):
    """What a solve goes on from.

    Attributes:
        price: (N,) what hosting each user is worth at most [s]; NaN for users who came or moved: theirs are found.
        congestion: (M,) theta_k [s/sqrt(cycle)].
        seat_price: (M,) [s].
        opened: (M,) how far each station is open, from 0 to 1.
        host: (N,) hosts of the plan, -1 for users without one; None: no plan.
    """

    price: FloatArray
    congestion: FloatArray
    seat_price: FloatArray
    opened: FloatArray
    host: IntArray | RowArray | None = None


@dataclass(frozen=True, eq=False)
class SparseSolution(Shown):
    """A plan of a sparse problem, with its bound.

    Attributes:
        problem: what was solved, with the candidates that it ended with.
        host: (N,) int32, the host of each user.
        cost: the objective of P1.
        lower_bound: no feasible plan costs less, whichever stations it uses; never above the cost.
        ended: what ended the solve.
        seconds: of the solve, without compiling [s].
        parts_s: seconds of candidates (laying out and widening), prices (with the bound) and plans.
        steps: of prices.
        memory_bytes: foreseen for the solve, beside the problem.
        prices: to go on from.
        unmeetable: users whose deadline no station could keep even alone; they are planned without it.
    """

    problem: SparseProblem = field(repr=False)
    host: RowArray = field(repr=False)
    cost: float
    lower_bound: float
    ended: Ending
    seconds: float
    parts_s: dict[str, float]
    steps: int
    memory_bytes: int
    prices: SparsePrices = field(repr=False)
    unmeetable: IntArray = field(repr=False)

    @property
    def gap(self) -> float | None:
        """The share cost / bound - 1; None without a bound > 0."""
        return self.cost / self.lower_bound - 1 if self.lower_bound > 0 else None

    @property
    def open(self) -> BoolArray:
        """(M,) stations that host somebody."""
        opened = np.zeros(self.problem.stations, bool)
        opened[self.host] = True
        return opened

    def __repr__(self) -> str:
        size = f"{counted(self.problem.users, 'user')}, {counted(int(self.open.sum()), 'station')} open"
        return in_a_line(
            self, size, figure("cost", self.cost), figure("bound", self.lower_bound), in_percent("gap", self.gap)
        )


def solve_sparse(
    problem: SparseProblem,
    *,
    time_limit_s: float = math.inf,
    gap: float | None = None,
    threads: int | None = None,
    on_progress: Callable[[float, float], None] | None = None,
    start: IntArray | RowArray | SparsePrices | None = None,
    memory_limit_bytes: float | None = None,
) -> SparseSolution:
    """Place the twins of a sparse problem.

    The bound is the same to the last digit for any number of threads, where no time limit ends the solve.

    Args:
        problem: what to solve.
        time_limit_s: limit on `SparseSolution.seconds`; the best plan so far is returned.
        gap: go on until cost / bound - 1 is at most this; None: until little more is gained.
        threads: for the passes over users; None: as many as this process may use.
        on_progress: called with the cost of the best plan and the best bound so far (nan where there is none).
        start: prices of a solve of nearly the same problem, with NaN for users who came or moved, or hosts alone (-1
            for users without one).
        memory_limit_bytes: that the solve may take beside the problem; None: most of what is free.

    Returns:
        The solution. Ctrl-C returns the best so far.

    Raises:
        InfeasibleProblem: proved: no plan keeps the constraints.
        InputError: a limit is out of range, the memory is too small, or candidates hold no plan and no more are known.
    """
    check_limits(time_limit_s, gap)
    if threads is not None and threads < 1:
        raise InputError(f"threads: got {threads}; expected at least 1")
    _require_seats(problem)
    memory = require_memory(problem, memory_limit_bytes)
    budget = Budget(time_limit_s, gap, on_progress)
    with budget.catch_interrupt(), pool_of(threads or _threads()) as pool:
        return _Solve(problem, budget, pool, memory, _checked_start(problem, start)).run()


def _threads() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _checked_start(problem: SparseProblem, start: IntArray | RowArray | SparsePrices | None) -> SparsePrices | None:
    if start is None:
        return None
    n, m = problem.users, problem.stations
    if not isinstance(start, SparsePrices):
        start = SparsePrices(np.full(n, np.nan), np.zeros(0), np.zeros(0), np.zeros(0), start)
    for name, size in (("price", n), ("host", n)):
        array = getattr(start, name)
        if array is not None and np.shape(array) != (size,):
            raise InputError(f"start: {name} of shape {np.shape(array)}; expected ({size},)")
    for name in ("congestion", "seat_price", "opened"):
        array = np.asarray(getattr(start, name))
        if array.size and (array.shape != (m,) or not np.isfinite(array).all() or (array < 0).any()):
            raise InputError(f"start: {name} of shape {array.shape}; expected {m} finite numbers >= 0")
    if start.host is not None:
        host = np.asarray(start.host)
        if host.dtype.kind not in "iu" or (host.size and (host.min() < PAD or host.max() >= m)):
            raise InputError(f"start: expected hosts between -1 and {m - 1}")
    return start


def _require_seats(problem: SparseProblem) -> None:
    seats = int(np.minimum(problem.capacity, problem.users).sum())
    if seats < problem.users:
        over = problem.users - seats
        raise InfeasibleProblem(
            InfeasibilityProof(
                "capacity",
                f"{counted(problem.users, 'user')} and {counted(seats, 'seat')}: {over} more than there is room for",
                (),
                tuple(np.flatnonzero(problem.capacity > 0).tolist()),
            )
        )


class _Solve:
    """One solve."""

    def __init__(self, problem: SparseProblem, budget: Budget, pool, memory: int, start: SparsePrices | None):
        self.budget, self.pool, self.memory, self.start = budget, pool, memory, start
        self.seconds = {"candidates": 0.0, "prices": 0.0, "plans": 0.0}
        self.bound = -math.inf
        self.steps = 0
        self.lost = 0.0
        self.value = -math.inf
        self._lay_out(problem)

    def _timed(self, part: str, began: float) -> None:
        self.seconds[part] += time.perf_counter() - began

    def _lay_out(self, problem: SparseProblem) -> None:
        """Candidates that give every user a station, and whose deadlines are decided."""
        began = time.perf_counter()
        while True:
            self.problem, self.layout = problem, Layout(problem, self.pool)
            stranded = self._stranded()
            self.unmeetable, certain = unmeetable_users(self.layout)
            if stranded.size == 0 and certain:
                break
            wider = problem.widened(2 * problem.candidates)
            if wider is problem:
                self._refuse_stranded(stranded)
                raise InputError(
                    f"candidates: no candidate of {problem.user_names(self.unmeetable)} keeps the deadline, stations "
                    "outside might; expected more candidates"
                )
            problem = wider
        if self.layout.limits is not None and self.unmeetable.size:
            excused = np.zeros(problem.users, bool)
            excused[self.unmeetable] = True
            self.layout.limits.deadline[self.layout.ordered(excused)] = np.inf
        self.up = self.layout.ordered(problem.up_s)
        self._timed("candidates", began)

    def _stranded(self) -> IntArray:
        """Rows without any usable candidate, that users have."""
        empty = (self.layout.table.delay > 1e29).all(axis=1)
        occupied = np.diff(self.layout.first) > 0
        return np.flatnonzero(empty & occupied)

    def _refuse_stranded(self, rows: IntArray) -> None:
        if rows.size == 0:
            return
        problem = self.problem
        users = np.flatnonzero(np.isin(problem.row, rows))
        omitted = np.isfinite(problem.omitted_delay_s.reshape(problem.rows, -1)[rows]).any()
        if omitted:
            raise InputError(f"candidates: none for {problem.user_names(users)}; expected at least one a user")
        words = f"{problem.user_names(users)} without any station that may host"
        raise InfeasibleProblem(InfeasibilityProof("unreachable", words, tuple(users.tolist()), ()))

    def run(self) -> SparseSolution:
        """All stages."""
        ascent = self._first_ascent()
        plans = Plans(self.layout, self.unmeetable, self.budget)
        began = time.perf_counter()
        if self.start is not None and self.start.host is not None:
            try:
                plans.try_hosts(self.start.host, ascent.theta, ascent.seat_price)
            except Unseated:
                logger.info("the hosts to start from leave no room")
        self._timed("plans", began)
        idle = 0
        ended: Ending | None = None
        while ended is None:
            before = self._gap(plans)
            began = time.perf_counter()
            while not ascent.is_flat and not (ascent.steps > 0 and self.budget.exhausted()):
                ascent.step()
            self.steps += ascent.in_stage
            self._certify(ascent)
            self._timed("prices", began)
            self._report(plans)
            wider = self._plan(plans, ascent)
            if wider is not None or self._should_widen(plans, ascent, before):
                more = wider or self.problem.widened(2 * self.problem.candidates)
                plans, ascent = self._widen(more, plans, ascent)
                continue
            self._report(plans)
            now = self._gap(plans)
            logger.info("stage %.2g: cost %.8g bound %.8g gap %.3g", ascent.delta, plans.cost, self.bound, now)
            idle = idle + 1 if before - now < LITTLE * now else 0
            ended = self._ending(now, idle, ascent)
            if ended is None:
                ascent.sharpen()
        return self._solution(plans, ascent, ended)

    def _first_ascent(self) -> Ascent:
        start = self.start
        if start is None:
            return Ascent(self.layout)
        if start.congestion.size:
            stations = StationPrices(start.congestion, start.seat_price, start.opened)
        else:
            assert start.host is not None
            seated = start.host >= 0
            work = self.problem.root_work[seated]
            load = np.bincount(start.host[seated], work, minlength=self.problem.stations)
            cpu = np.where(self.problem.cpu > 0, self.problem.cpu, 1.0)
            used = np.bincount(start.host[seated], minlength=self.problem.stations) > 0
            paying = 2 * np.sqrt(self.problem.scaled_opening / cpu)
            stations = StationPrices(np.where(used, 2 * load / cpu, paying), np.zeros(used.size), used.astype(float))
        return Ascent(self.layout, stations, self.layout.ordered(start.price) - self.up, WARM_WIDTH)

    def _certify(self, ascent: Ascent) -> None:
        worth = ascent.best_worth.copy()
        bound, _ = lower_bound(self.layout, worth, self.up, ascent.best_theta, ascent.best_seat)
        value = self.problem.alpha / self.problem.users * ascent.best + self.problem.constant_cost
        self.lost = max(0.0, value - bound)
        self.bound = max(self.bound, bound)

    def _report(self, plans: Plans) -> None:
        cost = plans.cost if math.isfinite(plans.cost) else math.nan
        self.budget.report(cost, self.bound if math.isfinite(self.bound) else math.nan)

    def _gap(self, plans: Plans) -> float:
        if not math.isfinite(plans.cost) or not self.bound > 0:
            return math.inf
        return plans.cost / self.bound - 1

    def _plan(self, plans: Plans, ascent: Ascent) -> SparseProblem | None:
        """Plans at the present prices; returns the problem with more candidates where these hold none."""
        began = time.perf_counter()
        try:
            plans.try_prices(ascent.opened, ascent.theta, ascent.seat_price, ascent.reduced)
            if not self._is_enough(self._gap(plans)) and ascent.delta < POLISHED and not self.budget.exhausted():
                plans.polish()
                scale = self.problem.users / self.problem.alpha
                if not self._is_enough(self._gap(plans)) and ascent.delta < TOGGLED:
                    plans.open_and_shut(ascent.best_reduced, scale * (plans.cost - self.bound))
        except Unseated as error:
            if math.isfinite(plans.cost):
                return None
            wider = self.problem.widened(2 * self.problem.candidates)
            if wider is self.problem:
                self._refuse_unseated(error)
            return wider
        finally:
            self._timed("plans", began)
        return None

    def _refuse_unseated(self, error: Unseated) -> None:
        problem = self.problem
        order = self.layout.order
        users = error.users if order is None else np.sort(order[error.users])
        if not problem.is_complete:
            raise InputError(
                f"candidates: they leave no room for {problem.user_names(users)}; expected more candidates a user"
            )
        if error.reached is not None and not problem.has_deadlines:
            stations = np.flatnonzero(error.reached)
            seats = int(np.minimum(problem.capacity, problem.users)[stations].sum())
            words = (
                f"{problem.user_names(users)} may use {counted(stations.size, 'station')} with {counted(seats, 'seat')}"
            )
            raise InfeasibleProblem(
                InfeasibilityProof("capacity", words, tuple(users.tolist()), tuple(stations.tolist()))
            )
        if problem.users * problem.stations <= DENSE_ARCS:
            from twinhop.placement.limits import seat_within_limits

            seat_within_limits(problem.dense(), self.budget)
        raise InputError(
            f"deadlines, capacity: no plan was found that keeps them, for {problem.user_names(users)} no room is left; "
            "nor is it proved that there is none"
        )

    def _should_widen(self, plans: Plans, ascent: Ascent, before: float) -> bool:
        """Whether omitted stations stand in the way of the bound, in the certificate or already in its prices."""
        if self.problem.is_complete or self.problem.wider is None or self.budget.exhausted():
            return False
        gap, allowed = self._gap(plans), CLOSE if self.budget.gap is None else self.budget.gap
        if self._is_enough(gap):
            return False
        if self.lost > max(LOST * allowed, 0.1 * gap) * abs(self.bound):
            return True
        return ascent.delta < POLISHED and before - gap < STALLED * gap and ascent.held > HELD

    def _widen(self, wider: SparseProblem, plans: Plans, ascent: Ascent) -> tuple[Plans, Ascent]:
        logger.info("candidates: %d a row in place of %d", wider.candidates, self.problem.candidates)
        began = time.perf_counter()
        worth = self.layout.unordered(ascent.best_worth)
        self.memory = max(self.memory, require_memory(wider))
        self._timed("candidates", began)
        self._lay_out(wider)
        worth = self.layout.ordered(worth)
        return plans.copy_to(self.layout), Ascent(self.layout, ascent.station_prices(), worth, ascent.delta)

    def _is_enough(self, gap: float) -> bool:
        return gap <= (CLOSE if self.budget.gap is None else self.budget.gap)

    def _ending(self, gap: float, idle: int, ascent: Ascent) -> Ending | None:
        if gap <= PROVED:
            return Ending.PROVEN
        if self._is_enough(gap):
            return Ending.GAP
        if self.budget.interrupted:
            return Ending.INTERRUPTED
        if self.budget.exhausted():
            return Ending.TIME_LIMIT
        if ascent.is_last or (self.budget.gap is None and idle >= 2 and ascent.delta < TOGGLED):
            return Ending.EXHAUSTED
        return None

    def _solution(self, plans: Plans, ascent: Ascent, ended: Ending) -> SparseSolution:
        host = plans.host()
        price = self.problem.up_s + self.layout.unordered(ascent.best_worth)
        return SparseSolution(
            self.problem,
            host,
            plans.cost,
            bound_below(plans.cost, self.bound, "prices"),
            ended,
            self.budget.elapsed_s(),
            dict(self.seconds),
            self.steps,
            self.memory,
            SparsePrices(price, ascent.best_theta, ascent.best_seat, ascent.opened, host),
            self.unmeetable,
        )
