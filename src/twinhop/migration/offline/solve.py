"""The best plan of a whole run with full knowledge of the future, and a bound that no plan can beat."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from twinhop.migration.offline.bound import RunPriceAscent
from twinhop.migration.offline.certify import ROUNDING_MARGIN, SlotBounds, certify_run, certify_slots
from twinhop.migration.offline.evaluation import RunCost, price
from twinhop.migration.offline.exact import best_run, is_small
from twinhop.migration.offline.plan import SHARED, Planner
from twinhop.migration.offline.plan_state import make_state
from twinhop.migration.offline.prices import RunPrices
from twinhop.migration.offline.run_arrays import RunArrays, make_run_arrays
from twinhop.migration.problem import MigrationProblem
from twinhop.placement.budget import Budget
from twinhop.placement.problem import IntArray
from twinhop.scenario.dynamics.mean_channel import thread_count

#: Iterations of the ascent on the prices.
ITERATIONS = 800
#: A plan is made from the paths every so many iterations, from half of them on.
PLAN_EVERY = 100
#: Share of the time limit by which the ascent ends, however many iterations are left.
ASCENT_SHARE = 0.6
#: Rounds of kicks, at most, and the share of the cost that one must save for the next.
ROUNDS, LEAST_SAVING = 8, 2e-6


@dataclass(frozen=True)
class OfflineAnswer:
    """The best plan found and what is proved about all others.

    Attributes:
        host: (P,) host of each visit.
        cost: what the plan costs, and what it violates (nothing, where a plan that keeps the constraints was found).
        bound: no run that keeps the constraints costs less; infinite where none does.
        gap: ``cost / bound - 1``; infinite for a plan that violates a constraint.
        seconds: time taken [s].
        exact: whether all joint hosts were looked at: the plan is the best, or none keeps the constraints.
        slot_bounds: what is proved of the first slots and of single ones; None of exact answers, which have no prices.
    """

    host: IntArray
    cost: RunCost
    bound: float
    gap: float
    seconds: float
    exact: bool
    slot_bounds: SlotBounds | None = None


def offline(
    problem: MigrationProblem,
    time_limit_s: float = 60.0,
    seed: int = 0,
    on_progress: Callable[[float, float], None] | None = None,
) -> OfflineAnswer:
    """Plan a whole run with full knowledge of the future, and prove how good the plan is.

    Few users on few hosts are solved by dynamic programming. Otherwise prices rise by a proximal ascent (see
    `RunPriceAscent`), plans are made from the shortest paths at the prices (see `descend`), and the bound is recomputed
    from the best prices (see `certify_run`).

    Args:
        problem: the run.
        time_limit_s: wall-clock limit [s]. Where it does not cut in, the same seed gives the same answer.
        seed: of the search for plans.
        on_progress: called with the cost of the best plan and the best bound so far (nan where there is none).

    Returns:
        The answer.

    Raises:
        InputError: a user has no possible host in a slot, or a slot has too few places.
    """
    run = make_run_arrays(problem)
    is_exact = is_small(run)
    budget = Budget(time_limit_s, on_progress=on_progress)
    host, slot_bounds = best_run(run) if is_exact else None, None
    if host is not None:
        bound = price(problem, host).cost * (1 - ROUNDING_MARGIN)
    else:
        with ThreadPoolExecutor(thread_count()) as threads:
            host, prices = search(problem, run, budget, threads, ITERATIONS, seed)
        bound = math.inf if is_exact else certify_run(problem, prices, run)
        slot_bounds = None if is_exact else certify_slots(problem, prices, run)
    cost = price(problem, host)
    return OfflineAnswer(host, cost, bound, _gap(cost, bound), budget.elapsed_s(), is_exact, slot_bounds)


#: Iterations of the ascent where only the bound is asked for: it is then below that of `offline` by some hundredths of
#: a percent, in a fraction of the time.
BOUND_ITERATIONS = 240


def offline_bound(problem: MigrationProblem, iterations: int = BOUND_ITERATIONS) -> float:
    """A certified lower bound on the cost of every run that keeps the constraints, without a plan.

    Args:
        problem: the run.
        iterations: of the ascent on the prices.

    Returns:
        The bound, of `certify_run`; of few users on few hosts the optimum, rounded down.

    Raises:
        InputError: a user has no possible host in a slot, or a slot has too few places.
    """
    run = make_run_arrays(problem)
    host = best_run(run) if is_small(run) else None
    if host is not None:
        return price(problem, host).cost * (1 - ROUNDING_MARGIN)
    with ThreadPoolExecutor(thread_count()) as threads:
        ascent = RunPriceAscent(run, threads)
        for done in range(1, iterations + 1):
            ascent.step(done / iterations)
    return certify_run(problem, ascent.best, run)


def _gap(cost: RunCost, bound: float) -> float:
    if cost.violations or (bound <= 0 and cost.cost > bound):
        return math.inf
    return cost.cost / bound - 1 if cost.cost > bound else 0.0


def search(
    problem: MigrationProblem, run: RunArrays, budget: Budget, threads: Executor, iterations: int, seed: int
) -> tuple[IntArray, RunPrices]:
    """Prices and plans in turn, then kicks on the best plan.

    Args:
        problem: the run.
        run: its arrays.
        budget: ends the search early.
        threads: that share the work on the prices.
        iterations: of the ascent.
        seed: of the search for plans.

    Returns:
        The best plan (P,) and the best prices, which bounds are certified from.
    """
    ascent, planner = RunPriceAscent(run, threads), Planner(run, seed)
    best = _Best(problem, budget)
    for done in range(1, iterations + 1):
        progress = max(done / iterations, min(1.0, budget.elapsed_s() / (ASCENT_SHARE * budget.time_limit_s)))
        ascent.step(progress)
        is_last = progress >= 1 or budget.exhausted()
        if is_last or (done % PLAN_EVERY == 0 and 2 * done >= iterations):
            for shared in SHARED:
                best.offer(planner.start(ascent.host, ascent.best, shared).host, ascent.value)
        if is_last:
            break
    state = make_state(run, best.host)
    for _ in range(ROUNDS):
        if budget.exhausted() or planner.kick_round(state, budget) <= LEAST_SAVING * best.cost * problem.slots:
            break
        best.offer(state.host, ascent.value)
    return best.host, ascent.best


class _Best:
    """The best plan so far: one that violates least, and of those the cheapest."""

    def __init__(self, problem: MigrationProblem, budget: Budget) -> None:
        self._problem, self._budget = problem, budget
        self._violations = problem.visits + 1
        self.cost, self.host = math.inf, np.zeros(problem.visits, np.int64)

    def offer(self, host: IntArray, bound_sum_s: float) -> None:
        """Take a plan (P,) if it is better, and report it beside the bound, as a sum over slots."""
        cost = price(self._problem, host)
        if (cost.violations, cost.cost) < (self._violations, self.cost):
            self._violations, self.cost, self.host = cost.violations, cost.cost, host.copy()
        self._budget.report(self.cost, bound_sum_s / self._problem.slots + self._problem.energy)
