"""The best plan of a whole run with full knowledge of the future, and a bound that no plan can beat."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from twinhop.migration.offline.bound import PriceAscent
from twinhop.migration.offline.certify import ROUNDING_MARGIN, certify
from twinhop.migration.offline.evaluation import RunCost, price
from twinhop.migration.offline.exact import best_run, is_small
from twinhop.migration.offline.instance import Instance, make_instance
from twinhop.migration.offline.plan import descend
from twinhop.migration.offline.plan_state import make_state
from twinhop.migration.problem import MigrationProblem
from twinhop.placement.budget import Budget
from twinhop.placement.problem import IntArray
from twinhop.scenario.dynamics.mean_channel import thread_count

#: Iterations of the ascent on the prices.
ITERATIONS = 800
#: A plan is made from the paths every so many iterations, from half of them on.
PLAN_EVERY = 100
#: Share of the time limit by which the ascent ends, however many iterations are left.
ASCENT_SHARE = 0.8


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
    """

    host: IntArray
    cost: RunCost
    bound: float
    gap: float
    seconds: float
    exact: bool


def offline(
    problem: MigrationProblem,
    time_limit_s: float = 60.0,
    seed: int = 0,
    on_progress: Callable[[float, float], None] | None = None,
) -> OfflineAnswer:
    """Plan a whole run with full knowledge of the future, and prove how good the plan is.

    Few users on few hosts are solved by dynamic programming. Otherwise prices rise by a proximal ascent (see
    `PriceAscent`), plans are made from the shortest paths at the prices (see `descend`), and the bound is recomputed
    from the best prices (see `certify`).

    Args:
        problem: the run.
        time_limit_s: wall-clock limit [s]. Where it does not cut in, the same seed gives the same answer.
        seed: of the search for plans.
        on_progress: told the cost of the best plan and the best bound so far (nan where there is none).

    Returns:
        The answer.

    Raises:
        InputError: a user has no possible host in a slot, or a slot has too few places.
    """
    budget = Budget(time_limit_s, on_progress=on_progress)
    instance = make_instance(problem)
    is_exact = is_small(instance)
    host = best_run(instance) if is_exact else None
    if host is not None:
        bound = price(problem, host).cost * (1 - ROUNDING_MARGIN)
    else:
        with ThreadPoolExecutor(thread_count()) as threads:
            host, bound = search(problem, instance, budget, threads, ITERATIONS)
        bound = math.inf if is_exact else bound
    cost = price(problem, host)
    return OfflineAnswer(host, cost, bound, _gap(cost, bound), budget.elapsed_s(), is_exact)


def _gap(cost: RunCost, bound: float) -> float:
    if cost.violations or (bound <= 0 and cost.cost > bound):
        return math.inf
    return cost.cost / bound - 1 if cost.cost > bound else 0.0


def search(
    problem: MigrationProblem, instance: Instance, budget: Budget, threads: Executor, iterations: int
) -> tuple[IntArray, float]:
    """Prices and plans in turn, for so many iterations or until the time is up; the best plan (P,) and the bound."""
    ascent = PriceAscent(instance, threads)
    best, host = (math.inf, math.inf), ascent.host
    for done in range(1, iterations + 1):
        progress = max(done / iterations, min(1.0, budget.elapsed_s() / (ASCENT_SHARE * budget.time_limit_s)))
        ascent.step(progress)
        last = progress >= 1 or budget.exhausted()
        if last or (done % PLAN_EVERY == 0 and 2 * done >= iterations):
            found = _plan(instance, ascent.host)
            cost = price(problem, found)
            if (cost.violations, cost.cost) < best:
                best, host = (cost.violations, cost.cost), found
            budget.report(best[1], ascent.value / problem.slots + problem.energy)
        if last:
            break
    return host, certify(problem, ascent.best)


def _plan(instance: Instance, host: IntArray) -> IntArray:
    """A plan from the users' paths: sweeps that share half of each opening, then sweeps at the true cost."""
    state = make_state(instance, host)
    surcharge = np.zeros(instance.cpu.shape)
    penalty = 1e3 * float(instance.weight.max(initial=1.0))
    descend(instance, state, 5, 0.5, surcharge, penalty)
    descend(instance, state, 20, 0.0, surcharge, penalty)
    return state.host
