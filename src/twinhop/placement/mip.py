"""A mixed-integer linear model solved by HiGHS, interruptible, built from arrays."""

import logging
import threading
import time
import weakref
from collections.abc import Callable
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from twinhop.errors import TwinhopError
from twinhop.highs import GAVE_UP, INFEASIBLE, OPTIMAL, STOPPED, ModelArrays, Outcome, Watch, run_highs, run_highs_there
from twinhop.placement.budget import Budget, SubBudget
from twinhop.placement.problem import FloatArray, IntArray
from twinhop.processes import ProcessDied, Worker

logger = logging.getLogger(__name__)

#: How often a running solve looks at its budget [s].
POLL_S = 0.02
#: How long a solve that was asked to stop may take to hear of it before it is left behind or ended [s]; deep in its
#: cuts and heuristics HiGHS does not listen for many seconds.
GRACE_S = 0.25
#: HiGHS's own limit, in wall seconds, is so many times what is left of the budget, whose clock may be another.
OWN_LIMIT = 1.0
#: Models of more binaries than this are solved in a process of their own, which can be ended; starting one takes 0.3 s,
#: as long as smaller models take by themselves.
BINARIES_HERE = 1500
#: So are models without binaries of more columns than this: deep in its clean-up the simplex does not listen either.
COLUMNS_HERE = 3000
#: The objective that HiGHS states and that of its solution may differ by this, relatively; see `Model.solve`.
SAME_OBJECTIVE = 1e-6
#: Infeasibility is asked about a second time for so long at most, and at most so many times as long as at first [s].
CONFIRM_S, CONFIRM_TIMES = 10.0, 10.0


class MipStatus(Enum):
    """How a solve ended."""

    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    STOPPED = "stopped"


_SOLVING: set["Model"] = set()


def still_solving() -> bool:
    """Whether a solve that was asked to stop still runs in its thread."""
    return bool(_SOLVING)


class Model:
    """Minimise ``cost x`` subject to ``lower <= A x <= upper``, ``0 <= x``, some x binary.

    A small model is solved in a thread. Where that is to stop and does not hear of it, it is left behind: what it has
    reported is what is known. A larger one is solved in a process, which is ended then.

    No start is ever offered: presolved, with tolerances of 1e-9 and a start HiGHS 1.16 ignores its own time limit on
    some models, and on others returns a solution that costs more than it says.
    """

    def __init__(self, feasibility_tolerance: float = 1e-7, relative_gap: float = 0.0):
        self._options: dict[str, Any] = {
            "mip_feasibility_tolerance": feasibility_tolerance,
            "primal_feasibility_tolerance": feasibility_tolerance,
            "dual_feasibility_tolerance": feasibility_tolerance,
            "mip_rel_gap": relative_gap,
            "mip_abs_gap": 0.0,
        }
        self._columns: list[tuple[FloatArray, FloatArray, bool]] = []
        self._rows: list[tuple[IntArray, IntArray, FloatArray, FloatArray, FloatArray]] = []
        self._width = self._entries = 0
        self._worker: Worker | None = None
        self._news: list[tuple[float, FloatArray | None]] = []
        self._outcome = Outcome(STOPPED)
        self._enough = np.inf
        self._heard: Callable[[float, FloatArray | None], None] | None = None

    def add_columns(self, cost: ArrayLike, upper: ArrayLike) -> IntArray:
        """Add continuous variables between 0 and ``upper``; returns their indices."""
        return self._add(np.atleast_1d(np.asarray(cost, float)), upper, False)

    def add_binaries(self, count: int, cost: ArrayLike = 0.0) -> IntArray:
        """Add variables in {0, 1}; returns their indices."""
        return self._add(np.broadcast_to(np.asarray(cost, float), (count,)), 1.0, True)

    def _add(self, cost: FloatArray, upper: ArrayLike, whole: bool) -> IntArray:
        self._columns.append((cost, np.broadcast_to(np.asarray(upper, float), cost.shape), whole))
        first, self._width = self._width, self._width + cost.size
        return np.arange(first, self._width)

    def add_rows(
        self, row: IntArray, column: IntArray, value: FloatArray, lower: ArrayLike, upper: ArrayLike, rows: int
    ) -> None:
        """Add ``rows`` constraints given by coordinates (row, column, value); rows count from 0."""
        order = np.argsort(row, kind="stable")
        starts = self._entries + np.searchsorted(row[order], np.arange(rows))
        low, high = (np.broadcast_to(np.asarray(limit, float), (rows,)) for limit in (lower, upper))
        self._rows.append((starts, column[order], np.asarray(value, float)[order], low, high))
        self._entries += row.size

    def solve(
        self,
        budget: Budget,
        *,
        known: float = np.inf,
        enough: float = np.inf,
        confirmed: bool = False,
        relaxed: bool = False,
        heard: Callable[[float, FloatArray | None], None] | None = None,
    ) -> MipStatus:
        """Solve within the budget; where HiGHS gives up by itself, it counts as stopped.

        A solution that does not cost what HiGHS says it does, and a known one that is said not to be, are faults of its
        presolve: then it is solved once more without.

        Args:
            budget: time allowed.
            known: what some solution costs.
            enough: end once the bound is this.
            confirmed: ask a second time, without presolve, where there is said to be no solution; what is not confirmed
                counts as stopped.
            relaxed: without asking for whole numbers.
            heard: called with the bound, and with a solution or None, when there is news while it runs.
        """
        self._enough, self._heard = enough, heard
        begin = time.perf_counter()
        outcome = self._run(budget, {}, relaxed)
        if not self._is_consistent(outcome, known):
            logger.warning("HiGHS errs (%s, objective %.9g): again without presolve", outcome.words, outcome.objective)
            outcome = self._run(budget, {"presolve": "off"}, relaxed)
            if not self._is_consistent(outcome, known):
                outcome = Outcome(GAVE_UP, words="what it says is not consistent")
        if outcome.status == INFEASIBLE and confirmed:
            limit = max(CONFIRM_S, CONFIRM_TIMES * (time.perf_counter() - begin))
            outcome = self._run(SubBudget(limit, whole=budget), {"presolve": "off"})
        if outcome.status == GAVE_UP:
            logger.warning("HiGHS gave up: %s", outcome.words)
            outcome = outcome._replace(status=STOPPED)
        self._outcome = outcome
        return MipStatus(outcome.status)

    def values(self) -> FloatArray | None:
        """The best solution found, or None."""
        return self._outcome.solution

    def row_duals(self) -> FloatArray:
        """How the optimum of a model without binaries rises with each row's bound, row by row as added."""
        assert self._outcome.row_duals is not None
        return self._outcome.row_duals

    def lower_bound(self) -> float:
        """HiGHS's bound on the optimum, -inf where it has none."""
        return self._outcome.bound

    def _is_consistent(self, outcome: Outcome, known: float) -> bool:
        """Whether HiGHS's objective is that of its solution, and it has not lost the known one."""
        if known < np.inf and (outcome.status == INFEASIBLE or outcome.bound > known + SAME_OBJECTIVE * abs(known)):
            return False
        if outcome.status != OPTIMAL or outcome.solution is None:
            return True
        costs = np.concatenate([cost for cost, _, _ in self._columns])
        size = max(1.0, float(np.abs(costs) @ np.abs(outcome.solution)))
        return abs(float(costs @ outcome.solution) - outcome.objective) <= SAME_OBJECTIVE * size

    def _arrays(self) -> ModelArrays:
        def joined(parts: list[Any], kind: Any) -> Any:
            return np.concatenate(parts).astype(kind) if parts else np.empty(0, kind)

        starts, column, value, low, high = (
            list(each) for each in (zip(*self._rows, strict=True) if self._rows else [()] * 5)
        )
        return ModelArrays(
            joined([cost for cost, _, _ in self._columns], float),
            joined([upper for _, upper, _ in self._columns], float),
            joined([np.full(cost.size, whole) for cost, _, whole in self._columns], bool),
            joined(starts, np.int32),
            joined(column, np.int32),
            joined(value, float),
            joined(low, float),
            joined(high, float),
        )

    def _run(self, budget: Budget, options: dict[str, Any], relaxed: bool = False) -> Outcome:
        """One run of HiGHS within the budget."""
        arrays, options = self._arrays(), {**self._options, **options}
        if relaxed:
            arrays = arrays._replace(whole=np.zeros(arrays.whole.size, bool))
        if np.isfinite(budget.remaining_s()):
            options["time_limit"] = max(OWN_LIMIT * budget.remaining_s(), 1e-3)
        if _is_large(arrays):
            worker = self._ready_worker()
            if worker is not None:
                return self._run_there(worker, arrays, options, budget)
        return self._run_here(arrays, options, budget)

    def _ready_worker(self) -> Worker | None:
        if self._worker is None:
            try:
                self._worker = Worker(self._news.append)
            except TwinhopError as error:
                logger.warning("HiGHS runs in a thread: %s", error)
                return None
            self._end_worker = weakref.finalize(self, self._worker.end)
        return self._worker

    def _run_there(self, worker: Worker, arrays: ModelArrays, options: dict[str, Any], budget: Budget) -> Outcome:
        """Run HiGHS in a process, which is ended where HiGHS does not stop."""
        news, last = Outcome(STOPPED), np.inf
        self._news.clear()
        worker.start(run_highs_there, arrays, options, self._enough)
        try:
            while time.perf_counter() <= last:
                done = worker.wait(POLL_S)
                while self._news:
                    bound, solution = self._news.pop(0)
                    self._hear(bound, solution)
                    news = _completed(Outcome(STOPPED, bound, solution=solution), news)
                if done:
                    return _completed(worker.result(), news)
                if last == np.inf and budget.exhausted():
                    last = time.perf_counter() + GRACE_S
            logger.info("HiGHS did not stop in time: its process is ended")
        except ProcessDied as error:
            news = news._replace(status=GAVE_UP, words=str(error))
        except BaseException:
            self._drop_worker()
            raise
        self._drop_worker()
        return news

    def _drop_worker(self) -> None:
        self._end_worker()
        self._worker = None

    def _run_here(self, arrays: ModelArrays, options: dict[str, Any], budget: Budget) -> Outcome:
        """Run HiGHS in a thread until it is done or has stopped, or leave it behind."""
        watch, outcomes = Watch(self._enough), []
        thread = threading.Thread(target=self._work, args=(arrays, options, watch, outcomes))
        _SOLVING.add(self)
        thread.start()  # no daemon: Python ends in order only once it is through
        last, told = np.inf, (-np.inf, None)
        try:
            while thread.is_alive() and time.perf_counter() <= last:
                thread.join(POLL_S)
                if watch.solution is not told[1] or watch.bound > told[0]:
                    told = watch.bound, watch.solution
                    self._hear(*told)
                if budget.exhausted() and not watch.stop.is_set():
                    watch.stop.set()
                    last = time.perf_counter() + GRACE_S
        except BaseException:
            watch.stop.set()
            raise
        if not outcomes:
            logger.info("HiGHS did not hear in time that it was to stop")
            return Outcome(STOPPED, watch.bound, solution=watch.solution)
        if isinstance(outcomes[0], BaseException):
            raise outcomes[0]
        return outcomes[0]

    def _hear(self, bound: float, solution: FloatArray | None) -> None:
        if self._heard is not None:
            self._heard(bound, solution)

    def _work(self, arrays: ModelArrays, options: dict[str, Any], watch: Watch, outcomes: list[Any]) -> None:
        try:
            outcomes.append(run_highs(arrays, options, watch))
        except Exception as error:  # noqa: BLE001 - raised where the outcome is waited for
            outcomes.append(error)
        finally:
            _SOLVING.discard(self)


def _is_large(arrays: ModelArrays) -> bool:
    """Whether a process of its own is worth its start."""
    binaries = int(arrays.whole.sum())
    return binaries > BINARIES_HERE if binaries else arrays.cost.size > COLUMNS_HERE


def _completed(outcome: Outcome, before: Outcome) -> Outcome:
    """An outcome with what was reported before it where it says less."""
    solution = before.solution if outcome.solution is None else outcome.solution
    return outcome._replace(bound=max(outcome.bound, before.bound), solution=solution)
