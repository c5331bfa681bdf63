"""Limits of a solve: time, gap and Ctrl-C."""

import os
import signal
import threading
import time

import numpy as np
import pytest
from problem_makers import deadline_arrays, is_hosted_properly, roomy

from twinhop.placement import PlacementProblem, policy_names, solve
from twinhop.placement.budget import Budget


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


def test_first_interrupt_is_noted_and_the_second_raises():
    before = signal.getsignal(signal.SIGINT)
    budget = Budget()
    with pytest.raises(KeyboardInterrupt), budget.catch_interrupt():
        assert not budget.exhausted()
        interrupt()
        assert budget.interrupted
        assert budget.exhausted()
        interrupt()
    assert signal.getsignal(signal.SIGINT) is before


def test_handler_is_put_back_after_errors_and_after_an_interrupt():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(RuntimeError), Budget().catch_interrupt():
        assert signal.getsignal(signal.SIGINT) is not before
        raise RuntimeError
    assert signal.getsignal(signal.SIGINT) is before
    with Budget().catch_interrupt():
        interrupt()
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(KeyboardInterrupt):
        interrupt()


def test_other_threads_plan_without_touching_signals():
    before, found = signal.getsignal(signal.SIGINT), []
    thread = threading.Thread(target=lambda: found.append(solve(roomy(8, 3), "lagrangian").cost))
    thread.start()
    thread.join()
    assert found == [solve(roomy(8, 3), "lagrangian").cost]
    assert signal.getsignal(signal.SIGINT) is before


def test_remaining_time_never_goes_below_zero():
    budget = Budget(time_limit_s=1e-9)
    time.sleep(1e-3)
    assert budget.remaining_s() == 0
    assert budget.exhausted()
    assert Budget().remaining_s() == float("inf")


@pytest.mark.parametrize("policy", policy_names())
def test_hardly_any_time_still_gives_a_plan(policy):
    """A limit that is over at once: a plan within the capacities, and a bound below it."""
    problem = roomy(60, 10, seed=1)
    solution = solve(problem, policy, time_limit_s=1e-9)
    assert is_hosted_properly(problem, solution)
    assert solution.evaluation.feasible
    assert not solution.interrupted
    if solution.certificate is not None:
        assert np.isfinite(solution.lower_bound)
        assert solution.certificate.lower_bound <= solution.cost * (1 + 1e-9)


def hard_problem():
    return PlacementProblem(**deadline_arrays(80, 12, 3, (0.1, 0.5)))


def test_time_limit_ends_a_long_solve():
    """The exact solver needs minutes here; a second is not exceeded by much (an order of magnitude is allowed)."""
    started = time.perf_counter()
    solution = solve(hard_problem(), "exact", time_limit_s=1.0)
    assert time.perf_counter() - started < 20
    assert solution.evaluation.feasible
    assert solution.lower_bound <= solution.cost


def test_interrupt_ends_a_long_solve_with_the_best_so_far():
    solve(roomy(4, 2), "exact")  # loops compiled
    seen = []

    def once(cost, bound):
        seen.append((cost, bound))
        if len(seen) == 3:
            interrupt()

    solution = solve(hard_problem(), "lagrangian", on_progress=once)
    assert solution.interrupted
    assert solution.evaluation.feasible
    assert solution.lower_bound <= solution.cost


def test_interrupt_reaches_branch_and_cut():
    solve(roomy(4, 2), "exact")
    timer = threading.Timer(1.5, interrupt)
    timer.start()
    try:
        solution = solve(hard_problem(), "exact", time_limit_s=120)
    finally:
        timer.cancel()
        timer.join()
    assert solution.interrupted
    assert solution.seconds < 60
    assert solution.evaluation.feasible


def test_progress_tells_costs_that_fall_and_bounds_that_hold():
    told = []
    solution = solve(roomy(60, 10, seed=2), "lagrangian", on_progress=lambda *now: told.append(now))
    costs = [cost for cost, _ in told if np.isfinite(cost)]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] == pytest.approx(solution.cost, rel=1e-9)
    bounds = [bound for _, bound in told if not np.isnan(bound)]
    assert bounds
    assert max(bounds) <= solution.cost * (1 + 1e-9)
