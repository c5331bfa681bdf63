"""Solve a sparse problem from the prices and hosts of one that differs in little."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable

import numpy as np

from twinhop.placement.budget import Budget
from twinhop.placement.decision import Ending
from twinhop.placement.solve import PROVED
from twinhop.placement.sparse.ascent import Ascent
from twinhop.placement.sparse.layout import pool_of
from twinhop.placement.sparse.memory import require_memory
from twinhop.placement.sparse.primal import Plans, Unseated
from twinhop.placement.sparse.problem import SparseProblem
from twinhop.placement.sparse.solve import SparsePrices, SparseSolution, _require_seats, _Solve, _threads

#: Steps of prices before the bound is looked at, one time after the other, and then so many stages of at most so many.
LOOKS = (1, 4, 10)
STAGES, STAGE_STEPS = 3, 40


def continue_sparse(
    problem: SparseProblem,
    start: SparsePrices,
    *,
    time_limit_s: float = math.inf,
    gap: float | None = None,
    on_progress: Callable[[float, float], None] | None = None,
) -> SparseSolution:
    """`solve_sparse` from prices that were carried over: it ends with the first bound that is good enough.

    Args:
        problem: what to solve.
        start: prices and hosts, see `carried_sparse`.
        time_limit_s: as of `solve_sparse`.
        gap: as of `solve_sparse`.
        on_progress: as of `solve_sparse`.

    Raises:
        InfeasibleProblem: proved: no plan keeps the constraints.
        InputError: as of `solve_sparse`.
    """
    _require_seats(problem)
    memory = require_memory(problem)
    budget = Budget(time_limit_s, gap, on_progress)
    with budget.catch_interrupt(), pool_of(_threads()) as pool:
        return _Continued(problem, budget, pool, memory, start).run()


class _Continued(_Solve):
    def run(self) -> SparseSolution:
        """Prices until the plan in force is good enough, and where they are not enough all stages of a solve."""
        ascent = self._first_ascent()
        plans = Plans(self.layout, self.unmeetable, self.budget)
        self._seat(plans, ascent)
        for steps in LOOKS:
            if self._looks_good(plans, ascent, steps):
                return self._found(plans, ascent)
        for _ in range(STAGES if math.isfinite(plans.cost) else 0):
            if self._looks_good(plans, ascent, STAGE_STEPS):
                return self._found(plans, ascent)
            ascent.sharpen()
        if math.isfinite(plans.cost):
            assert self.start is not None
            price = self.problem.up_s + self.layout.unordered(ascent.best_worth)
            self.start = self.start._replace(price=price, host=plans.host().astype(np.int64))
        return super().run()

    def _seat(self, plans: Plans, ascent: Ascent) -> None:
        began = time.perf_counter()
        assert self.start is not None and self.start.host is not None
        with contextlib.suppress(Unseated):  # the stages find room
            plans.try_hosts(self.start.host, ascent.theta, ascent.seat_price)
        self._timed("plans", began)

    def _looks_good(self, plans: Plans, ascent: Ascent, steps: int) -> bool:
        """Step the prices, at most so often, and say whether the gap is what is wanted."""
        began = time.perf_counter()
        made = 0
        while made < steps and not (made and (ascent.is_flat or self.budget.exhausted())):
            ascent.step()
            made += 1
        self.steps += made
        self._certify(ascent)
        self._timed("prices", began)
        self._report(plans)
        return self._is_enough(self._gap(plans))

    def _found(self, plans: Plans, ascent: Ascent) -> SparseSolution:
        return self._solution(plans, ascent, Ending.PROVEN if self._gap(plans) <= PROVED else Ending.GAP)
