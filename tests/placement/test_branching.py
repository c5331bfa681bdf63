"""Branch and bound: its optimum and its bounds against brute force, what its parts cover, and interruption."""

import functools
import heapq
import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from oracle import Oracle
from problem_makers import AGREEMENT, roomy, tiny, tiny_demand

from twinhop.placement import PlacementProblem, certify, solve
from twinhop.placement.budget import Budget
from twinhop.placement.price_ascent import PriceAscent
from twinhop.placement.prices import ascend, make_price_state
from twinhop.placement.search import Search

#: `gap=0` closes relative gaps below 1e-9; rooms for rounding in limits, magnified by their prices, add to that.
PROVED = 1e-7
FAST = [("plain", seed) for seed in range(130)] + [("demand", seed) for seed in range(130)]
MANY = [(kind, seed) for kind in ("plain", "demand") for seed in range(1000, 1500)]


def arrays_and_optimum(kind, seed):
    return tiny_demand(seed) if kind == "demand" else (tiny(seed)[0], tiny(seed)[2])


def check_proof(kind, seed):
    """Whether there is a plan; `gap=0` finds the best one and proves it."""
    arrays, optimum = arrays_and_optimum(kind, seed)
    if math.isinf(optimum):
        return False
    solution = solve(PlacementProblem(**arrays), gap=0, time_limit_s=60)
    assert not solution.timed_out
    assert solution.evaluation.feasible
    assert solution.cost == pytest.approx(optimum, rel=AGREEMENT, abs=1e-12)
    assert solution.certificate.lower_bound <= optimum * (1 + AGREEMENT) + 1e-12
    assert solution.certificate.lower_bound >= optimum * (1 - PROVED) - 1e-12
    return True


def test_gap_zero_is_brute_force():
    assert sum(check_proof(kind, seed) for kind, seed in FAST) > 150


def test_the_sample_has_every_kind():
    arrays = [arrays_and_optimum(kind, seed)[0] for kind, seed in FAST]
    assert sum("deadline_s" in each for each in arrays) > 30
    assert sum((each["capacity"] < len(each["root_work"])).any() for each in arrays) > 30
    assert sum(not each["root_work"].any() for each in arrays) > 30


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
def test_gap_zero_is_brute_force_on_a_thousand(block):
    assert sum(check_proof(kind, seed) for kind, seed in MANY[block::10]) > 50


def test_larger_problems_are_closed_as_the_exact_solver_does():
    for seed in range(3):
        problem = roomy(14, 5, seed=seed)
        found, exact = solve(problem, gap=0, time_limit_s=60), solve(problem, "exact")
        assert found.gap <= 2e-9
        assert found.cost == pytest.approx(exact.cost, rel=1e-5) and found.cost <= exact.cost * (1 + 1e-9)


# What the parts of a certificate cover.


def covers(part, opened):
    inside = set(part.opened) <= opened and not opened & set(part.shut)
    return inside and part.fewest <= len(opened) <= part.most


@functools.cache
def solved(kind, seed, gap):
    arrays = arrays_and_optimum(kind, seed)[0]
    problem = PlacementProblem(**arrays)
    return problem, arrays, solve(problem, gap=gap, patience_s=0).certificate


@functools.cache
def closable():
    return [(kind, seed) for kind, seed in FAST if math.isfinite(arrays_and_optimum(kind, seed)[1])]


@pytest.mark.parametrize(("gap", "least"), [(None, 8), (0, 1)])
def test_parts_cover_every_set_of_stations_once(gap, least):
    split = 0
    for kind, seed in closable():
        problem, _, certificate = solved(kind, seed, gap)
        hosts = np.flatnonzero(problem.capacity > 0).tolist()
        split += len(certificate.parts) > 1
        for size in range(problem.least_open, len(hosts) + 1):
            for opened in itertools.combinations(hosts, size):
                assert sum(covers(each.part, set(opened)) for each in certificate.parts) == 1, (kind, seed, opened)
    assert split >= least


def test_parts_are_bounded_by_brute_force_and_reproduced_from_their_prices():
    checked = 0
    for kind, seed in closable()[::2]:
        problem, arrays, certificate = solved(kind, seed, None)
        if len(certificate.parts) == 1:
            continue
        optima = Oracle(arrays).optimum_by_set()
        for each in certificate.parts:
            assert certify(problem, *each.prices, each.part, method=certificate.formula).lower_bound == each.lower_bound
            for used, cost in optima.items():
                if covers(each.part, used):
                    assert each.lower_bound <= cost * (1 + AGREEMENT) + 1e-12, (kind, seed, each.part, used)
                    checked += 1
        assert certificate.lower_bound == min(each.lower_bound for each in certificate.parts)
    assert checked > 30


def test_parts_of_a_larger_problem_cover_random_sets_once():
    certificates = (solve(roomy(60, 12, seed=seed)).certificate for seed in range(20))
    certificate = next(each for each in certificates if len(each.parts) > 1)
    rng = np.random.default_rng(1)
    for _ in range(2000):
        opened = set(np.flatnonzero(rng.random(12) < rng.random()).tolist()) or {0}
        assert sum(covers(each.part, opened) for each in certificate.parts) == 1


@pytest.mark.parametrize("seed", range(6))
def test_no_station_is_decided_whose_other_state_may_hold_a_better_plan(seed):
    """Also where the branch is known to cost more than the prices at hand say: they are behind the penalties."""
    search = Search(roomy(40, 8, seed=seed), Budget(gap=0.0))
    search.start()
    ascent = PriceAscent(search)
    ascent.last_steps()
    tree = ascent.branches()
    while len(tree):
        branch = heapq.heappop(tree._waiting)[2]
        state = make_price_state(branch.price, branch.theta, averaged=False)
        ascend(search.instance, tree._by_station, state, branch.forced, branch.fewest, branch.most, search.cost, 2)
        value = float(state.progress[0])
        raised = replace(branch, value=value + 0.999 * (search.cost - value))
        decided, penalty = tree._decide_stations(raised, state)
        new = np.flatnonzero(decided.forced != branch.forced)
        assert (value + penalty[new] > search.cost).all()


# Bounds at every moment.


class StepBudget(Budget):
    """Is used up once it was asked so many times: an interruption at a chosen moment."""

    def __init__(self, steps, gap=0.0):
        super().__init__(gap=gap)
        self.left = steps

    def exhausted(self):
        self.left -= 1
        return self.left < 0


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 5, 9, 17, 40])
@pytest.mark.parametrize("at", range(3, 60, 8))
def test_interrupted_at_any_moment_the_bound_holds(at, steps):
    kind, seed = closable()[at]
    arrays, optimum = arrays_and_optimum(kind, seed)
    problem = PlacementProblem(**arrays)
    search = Search(problem, Budget(gap=0.0))
    search.start()
    ascent = PriceAscent(search)
    ascent.last_steps()
    search.budget = StepBudget(steps)
    tree = ascent.branches()
    tree.run(deep=True)
    certified = min(tree.certificate(ascent.certificate()).lower_bound, search.unscaled(search.cost))
    for bound in (search.unscaled(tree.bound), certified):
        assert min(bound, search.unscaled(search.cost)) <= optimum * (1 + AGREEMENT) + 1e-12
    assert search.unscaled(search.cost) >= optimum * (1 - AGREEMENT) - 1e-12


def test_a_time_limit_gives_a_valid_bound():
    problem = roomy(400, 20, seed=2)
    short = solve(problem, gap=0, time_limit_s=0.05)
    better = solve(problem)
    assert short.timed_out
    assert 0 < short.lower_bound <= min(short.cost, better.cost)
