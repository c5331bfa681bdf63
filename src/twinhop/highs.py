"""One run of HiGHS on arrays, here or in a worker; it needs NumPy and HiGHS alone, so that a worker starts fast."""

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import highspy
import numpy as np
from numpy.typing import NDArray

from twinhop.processes.serving import send_note

FloatArray = NDArray[np.float64]

#: HiGHS drops matrix entries below this; its own default of 1e-9 could turn a weak tangent into a false one.
SMALLEST_COEFFICIENT = 1e-12
#: How a run ended.
OPTIMAL, INFEASIBLE, STOPPED, GAVE_UP = "optimal", "infeasible", "stopped", "gave up"

_ENDS = {
    highspy.HighsModelStatus.kOptimal: OPTIMAL,
    highspy.HighsModelStatus.kInfeasible: INFEASIBLE,
    highspy.HighsModelStatus.kUnboundedOrInfeasible: INFEASIBLE,
    highspy.HighsModelStatus.kTimeLimit: STOPPED,
    highspy.HighsModelStatus.kInterrupt: STOPPED,
}


class ModelArrays(NamedTuple):
    """``min cost x`` subject to ``lower <= A x <= upper`` and ``0 <= x <= most``, some x whole numbers.

    Attributes:
        cost: (n,) of the columns.
        most: (n,) upper limits of the columns.
        whole: (n,) whether a column is a whole number.
        starts: (m,) where each row of A begins in ``column`` and ``value``.
        column: (nonzeros,) column of each entry.
        value: (nonzeros,) the entries.
        lower: (m,) of the rows.
        upper: (m,) of the rows.
    """

    cost: FloatArray
    most: FloatArray
    whole: NDArray[np.bool_]
    starts: NDArray[np.int32]
    column: NDArray[np.int32]
    value: FloatArray
    lower: FloatArray
    upper: FloatArray


class Outcome(NamedTuple):
    """What a run of HiGHS says.

    Attributes:
        status: ``optimal``, ``infeasible``, ``stopped`` as asked, or ``gave up`` by itself.
        bound: no solution costs less; -inf where nothing is known.
        objective: of the solution by HiGHS's own account; nan without one.
        solution: (n,) the best solution; None without one.
        row_duals: (m,) of a model without whole numbers; None for others.
        words: how HiGHS calls its end.
    """

    status: str
    bound: float = -np.inf
    objective: float = np.nan
    solution: FloatArray | None = None
    row_duals: FloatArray | None = None
    words: str = ""


class Watch:
    """The order to a running solve, and what it has reported so far; it does not refer to the solver.

    Args:
        enough: the solve ends once its bound is this.
        tell: called with the bound, and with a solution or None, when there is news.

    Attributes:
        stop: set to end the solve.
        bound: the best lower bound reported.
        solution: the best solution reported, or None.
    """

    def __init__(self, enough: float = np.inf, tell: Callable[[float, FloatArray | None], None] | None = None) -> None:
        self.stop = threading.Event()
        self._enough = enough
        self.bound = -np.inf
        self.solution: FloatArray | None = None
        self._tell = tell

    def follow(self, highs: highspy.Highs) -> None:
        """Listen to a solver's callbacks."""
        highs.cbSimplexInterrupt += self._interrupt
        highs.cbIpmInterrupt += self._interrupt
        highs.cbMipInterrupt += self._note_bound
        highs.cbMipImprovingSolution += self._note_solution

    def _interrupt(self, event: Any) -> None:
        if self.stop.is_set():
            event.interrupt()

    def _note_bound(self, event: Any) -> None:
        bound = float(event.data_out.mip_dual_bound)
        if bound > self.bound:
            self.bound = bound
            if self._tell is not None:
                self._tell(bound, None)
            if bound >= self._enough:
                self.stop.set()
        self._interrupt(event)

    def _note_solution(self, event: Any) -> None:
        self.solution = np.array(event.data_out.mip_solution, float)
        if self._tell is not None:
            self._tell(self.bound, self.solution)


class _QuietHighs(highspy.Highs):
    """HiGHS without its banner, which it prints on the first call unless its output is off."""

    def enableCallbacks(self) -> None:  # noqa: N802 - called first by the constructor of highspy.Highs
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()


def run_highs(model: ModelArrays, options: dict[str, Any], watch: Watch) -> Outcome:
    """Solve a model.

    Args:
        model: its arrays.
        options: of HiGHS, by their names.
        watch: what is told while it runs, and what stops it.
    """
    highs = _QuietHighs()
    watch.follow(highs)
    for option, value in {"small_matrix_value": SMALLEST_COEFFICIENT, "threads": 1, **options}.items():
        highs.setOptionValue(option, value)
    columns, rows = model.cost.size, model.lower.size
    none = np.empty(0, np.int32)
    highs.addCols(columns, model.cost, np.zeros(columns), model.most, 0, np.zeros(columns, np.int32), none, np.empty(0))
    whole = np.flatnonzero(model.whole).astype(np.int32)
    if whole.size:
        kinds = np.full(whole.size, highspy.HighsVarType.kInteger.value, np.uint8)
        highs.changeColsIntegrality(whole.size, whole, kinds)
    highs.addRows(rows, model.lower, model.upper, model.column.size, model.starts, model.column, model.value)
    highs.run()
    highspy.Highs.resetThreadScheduler(False)
    return _outcome(highs, bool(whole.size))


def _outcome(highs: highspy.Highs, is_mixed: bool) -> Outcome:
    status, information, solution = highs.getModelStatus(), highs.getInfo(), highs.getSolution()
    end = _ENDS.get(status, GAVE_UP)
    bound = information.mip_dual_bound if is_mixed else information.objective_function_value
    words = highs.modelStatusToString(status)
    if not solution.value_valid:
        return Outcome(end, float(bound) if is_mixed and np.isfinite(bound) else -np.inf, words=words)
    return Outcome(
        end,
        float(bound) if np.isfinite(bound) and (is_mixed or end == OPTIMAL) else -np.inf,
        float(information.objective_function_value),
        np.array(solution.col_value),
        None if is_mixed else np.array(solution.row_dual),
        words,
    )


def run_highs_there(model: ModelArrays, options: dict[str, Any], enough: float) -> Outcome:
    """In a worker: `run_highs`, with the bound and each better solution sent as notes meanwhile."""
    return run_highs(model, options, Watch(enough, lambda bound, solution: send_note((bound, solution))))
