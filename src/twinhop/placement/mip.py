"""A mixed-integer linear model solved by HiGHS, interruptible, built from arrays."""

import logging
import threading
import time
from enum import Enum
from typing import Any

import highspy
import numpy as np
from numpy.typing import ArrayLike

from twinhop.placement.budget import Budget
from twinhop.placement.problem import FloatArray, IntArray

logger = logging.getLogger(__name__)

#: How often a running solve looks at its budget [s].
POLL_S = 0.02
#: How long a solve that was asked to stop may take to hear of it before it is left behind [s]; deep in its cuts and
#: heuristics HiGHS does not listen for many seconds.
GRACE_S = 0.25
#: HiGHS drops matrix entries below this; its own default of 1e-9 could turn a weak tangent into a false one.
SMALLEST_COEFFICIENT = 1e-12


class _QuietHighs(highspy.Highs):
    """HiGHS without its banner, which it prints on the first call unless its output is off."""

    def enableCallbacks(self) -> None:  # noqa: N802 - called first by the constructor of highspy.Highs
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()


class MipStatus(Enum):
    """How a solve ended."""

    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    STOPPED = "stopped"


_SOLVING: set["Model"] = set()


def still_solving() -> bool:
    """Whether a solve that was asked to stop still runs in its thread."""
    return bool(_SOLVING)


class _Watch:
    """The orders to a running solve, and what it has reported so far; it does not refer to the solver.

    Attributes:
        stop: set to end the solve.
        bound: the best lower bound heard of.
        solution: the best solution heard of, or None.
    """

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.bound = -np.inf
        self.solution: FloatArray | None = None

    def follow(self, highs: highspy.Highs) -> None:
        """Listen to a solver's callbacks."""
        highs.cbSimplexInterrupt += self._interrupt
        highs.cbIpmInterrupt += self._interrupt
        highs.cbMipInterrupt += self._note_bound
        highs.cbMipImprovingSolution += self._note_solution

    def restart(self) -> None:
        """Forget the last solve."""
        self.stop.clear()
        self.bound, self.solution = -np.inf, None

    def _interrupt(self, event: Any) -> None:
        if self.stop.is_set():
            event.interrupt()

    def _note_bound(self, event: Any) -> None:
        self.bound = max(self.bound, float(event.data_out.mip_dual_bound))
        self._interrupt(event)

    def _note_solution(self, event: Any) -> None:
        self.solution = np.array(event.data_out.mip_solution, float)


class Model:
    """Minimise ``cost x`` subject to ``lower <= A x <= upper``, some x binary.

    A solve runs in a thread of its own. Where it is to stop and does not hear of it, it is left behind there: what it
    has reported is what is known, and the model can be neither changed nor solved again.
    """

    def __init__(self, feasibility_tolerance: float = 1e-7, relative_gap: float = 0.0):
        self._highs = _QuietHighs()
        for option, value in (
            ("mip_feasibility_tolerance", feasibility_tolerance),
            ("primal_feasibility_tolerance", feasibility_tolerance),
            ("dual_feasibility_tolerance", feasibility_tolerance),
            ("small_matrix_value", SMALLEST_COEFFICIENT),
            ("mip_rel_gap", relative_gap),
            ("mip_abs_gap", 0.0),
            ("threads", 1),
        ):
            self._highs.setOptionValue(option, value)
        self._watch = _Watch()
        self._watch.follow(self._highs)
        self._abandoned = False

    def add_columns(self, cost: ArrayLike, upper: ArrayLike) -> IntArray:
        """Add continuous variables between 0 and ``upper``; returns their indices."""
        costs = np.atleast_1d(np.asarray(cost, float))
        uppers = np.ascontiguousarray(np.broadcast_to(np.asarray(upper, float), costs.shape))
        start = self._highs.getNumCol()
        none = np.empty(0, np.int32)
        self._highs.addCols(
            costs.size, costs, np.zeros(costs.size), uppers, 0, np.zeros(costs.size, np.int32), none, np.empty(0)
        )
        return np.arange(start, start + costs.size)

    def add_binaries(self, count: int, cost: ArrayLike = 0.0) -> IntArray:
        """Add variables in {0, 1}; returns their indices."""
        index = self.add_columns(np.ascontiguousarray(np.broadcast_to(np.asarray(cost, float), (count,))), 1.0)
        kinds = np.full(count, highspy.HighsVarType.kInteger.value, np.uint8)
        self._highs.changeColsIntegrality(count, index.astype(np.int32), kinds)
        return index

    def add_rows(
        self, row: IntArray, column: IntArray, value: FloatArray, lower: ArrayLike, upper: ArrayLike, rows: int
    ) -> None:
        """Add ``rows`` constraints given by coordinates (row, column, value); rows count from 0."""
        order = np.argsort(row, kind="stable")
        starts = np.searchsorted(row[order], np.arange(rows)).astype(np.int32)
        low = np.ascontiguousarray(np.broadcast_to(np.asarray(lower, float), (rows,)))
        high = np.ascontiguousarray(np.broadcast_to(np.asarray(upper, float), (rows,)))
        self._highs.addRows(
            rows, low, high, row.size, starts, column[order].astype(np.int32), np.ascontiguousarray(value[order], float)
        )

    def start_from(self, columns: IntArray, values: FloatArray) -> None:
        """Offer the values of some variables to begin with; HiGHS completes them to a solution."""
        self._highs.setSolution(columns.size, columns.astype(np.int32), np.ascontiguousarray(values, float))

    def solve(self, budget: Budget) -> MipStatus:
        """Solve within the budget; where HiGHS gives up by itself, it counts as stopped."""
        if np.isfinite(budget.time_limit_s):
            self._highs.setOptionValue("time_limit", self._highs.getRunTime() + max(budget.remaining_s(), 1e-3))
        if not self._run_to_the_end(budget):
            logger.info("HiGHS did not hear in time that it was to stop")
            return MipStatus.STOPPED
        status = self._highs.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            return MipStatus.OPTIMAL
        if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            return MipStatus.INFEASIBLE
        if status in (highspy.HighsModelStatus.kTimeLimit, highspy.HighsModelStatus.kInterrupt):
            return MipStatus.STOPPED
        logger.warning("HiGHS gave up: %s", self._highs.modelStatusToString(status))
        return MipStatus.STOPPED

    def _run_to_the_end(self, budget: Budget) -> bool:
        """Run HiGHS until it is done or has stopped; False where it was left behind."""
        assert not self._abandoned, "a solve of this model was left behind"
        self._watch.restart()
        thread = threading.Thread(target=self._run)  # no daemon: Python ends in order only once it is through
        _SOLVING.add(self)
        thread.start()
        last = np.inf
        try:
            while thread.is_alive() and not self._abandoned:
                thread.join(POLL_S)
                if budget.exhausted() and not self._watch.stop.is_set():
                    self._watch.stop.set()
                    last = time.perf_counter() + GRACE_S
                self._abandoned = time.perf_counter() > last and thread.is_alive()
        except BaseException:
            self._abandoned = True
            self._watch.stop.set()
            raise
        return not self._abandoned

    def _run(self) -> None:
        try:
            self._highs.run()
            highspy.Highs.resetThreadScheduler(False)
        finally:
            _SOLVING.discard(self)

    def values(self) -> FloatArray | None:
        """The best solution found, or None."""
        if self._abandoned:
            return self._watch.solution
        solution = self._highs.getSolution()
        return np.array(solution.col_value) if solution.value_valid else None

    def row_duals(self) -> FloatArray:
        """How the optimum of a model without binaries rises with each row's bound, row by row as added."""
        return np.array(self._highs.getSolution().row_dual)

    def lower_bound(self) -> float:
        """HiGHS's bound on the optimum, -inf where it has none."""
        bound = self._watch.bound if self._abandoned else self._highs.getInfo().mip_dual_bound
        return float(bound) if np.isfinite(bound) else -np.inf
