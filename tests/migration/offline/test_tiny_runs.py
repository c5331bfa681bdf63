"""Two hundred tiny runs against brute force: bound <= optimum <= cost, and exact answers are optimal."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tiny_runs import BruteForce, some_slots, tiny_run

from twinhop.errors import InputError
from twinhop.migration.offline import RunPrices, certify_run, certify_slots, offline, price
from twinhop.migration.offline.certify import _running_sums
from twinhop.migration.offline.run_arrays import make_run_arrays
from twinhop.migration.offline.solve import search
from twinhop.placement.budget import Budget

BLOCK = 25
AGREEMENT = 1e-9


def random_prices(problem, rng):
    """Prices of the right order, some of them 0; nothing makes them good."""
    root = np.sqrt(problem.opening_s + 0.01) * rng.uniform(0.0, 1.5, problem.cpu.shape)
    visit = rng.exponential(0.05, problem.comm_s.shape) * (rng.random(problem.comm_s.shape) < 0.5)
    return RunPrices(
        root, visit, rng.exponential(0.02, problem.cpu.shape) * rng.integers(0, 2), np.zeros(problem.slots)
    )


@pytest.mark.parametrize("start", range(0, 200, BLOCK))
def test_tiny_runs_against_brute_force(start):
    solved = 0
    for seed in range(start, start + BLOCK):
        problem = tiny_run(seed)
        oracle = BruteForce(problem)
        optimum, rng = oracle.optimum(), np.random.default_rng(seed)
        try:
            answer = offline(problem)
        except InputError:
            assert math.isinf(optimum), f"seed {seed}: refused, but brute force finds {optimum}"
            continue
        for _ in range(20):
            assert certify_run(problem, random_prices(problem, rng)) <= optimum + AGREEMENT, f"seed {seed}"
        with ThreadPoolExecutor(1) as threads:
            host, prices = search(problem, make_run_arrays(problem), Budget(60.0), threads, 100, 0)
        bound = certify_run(problem, prices)
        assert bound <= optimum + AGREEMENT, f"seed {seed}: bound {bound}, optimum {optimum}"
        if math.isinf(optimum):
            assert math.isinf(answer.bound)
            assert math.isinf(answer.gap)
            assert answer.cost.violations > 0
            assert price(problem, host).violations > 0
            continue
        assert price(problem, host).violations > 0 or price(problem, host).cost >= optimum - AGREEMENT
        assert answer.exact
        assert answer.cost.violations == 0
        assert answer.cost.cost == pytest.approx(optimum, rel=AGREEMENT), f"seed {seed}"
        assert answer.cost.cost == pytest.approx(oracle.cost(tuple(answer.host)), rel=AGREEMENT), f"seed {seed}"
        assert answer.bound <= optimum
        assert 0 <= answer.gap <= AGREEMENT
        solved += 1
    assert solved > BLOCK // 2


def test_running_sums_are_those_of_their_terms_without_rounding_on_the_way():
    terms = np.random.default_rng(0).normal(size=300) * 10.0 ** np.tile([16, 0, -8], 100)
    terms = np.concatenate([terms, -terms[::-1]])
    exact = np.array([math.fsum(terms[: t + 1]) for t in range(len(terms))])
    np.testing.assert_allclose(_running_sums(terms), exact, rtol=1e-15, atol=1e-14)
    assert abs(np.cumsum(terms) - exact).max() > 1e-3


def test_bounds_on_the_first_slots_and_on_single_ones_against_brute_force():
    tight = 0
    for seed in range(0, 80, 2):
        problem = tiny_run(seed)
        try:
            run = make_run_arrays(problem)
        except InputError:
            continue
        with ThreadPoolExecutor(1) as threads:
            _, prices = search(problem, run, Budget(60.0), threads, 40, 0)
        bounds, at = certify_slots(problem, prices), seed % problem.slots
        assert bounds.so_far_s[-1] == pytest.approx(problem.slots * certify_run(problem, prices), rel=1e-9)
        first = some_slots(problem, range(at + 1))
        least = BruteForce(first).optimum() * first.slots if first.visits else first.energy * first.slots
        assert bounds.so_far_s[at] <= least + AGREEMENT, f"seed {seed}, slots 0 to {at}"
        alone = some_slots(problem, range(at, at + 1), apart=True)
        slot_least = BruteForce(alone).optimum() if alone.visits else alone.energy
        assert bounds.slot_s[at] <= slot_least + AGREEMENT, f"seed {seed}, slot {at}"
        tight += math.isfinite(least) and bounds.so_far_s[at] > 0.9 * least
    assert tight > 15
