"""The trade-off curve against brute force for every number of servers; impossible numbers; limits and interruption."""

import functools
import math
import os
import signal

import numpy as np
import pytest
from oracle import Oracle
from problem_makers import AGREEMENT, deadline_arrays, facility_arrays, roomy, roomy_arrays, tiny, tiny_demand

from twinhop.errors import InputError
from twinhop.placement import InfeasibleProblem, PlacementProblem, certify, evaluate, solve
from twinhop.placement.budget import Budget
from twinhop.placement.search import Search
from twinhop.placement.sized_search import SizedSearch
from twinhop.placement.tradeoff import trade_off
from twinhop.placement.tradeoff_walk import TradeoffWalk

CASES = [("plain", seed) for seed in range(60)] + [("demand", seed) for seed in range(60)]


@functools.cache
def optima(kind, seed):
    """The arrays, and the least cost for each number of stations in use."""
    arrays = tiny_demand(seed)[0] if kind == "demand" else tiny(seed)[0]
    found = {}
    for used, cost in Oracle(arrays).optimum_by_set().items():
        found[len(used)] = min(cost, found.get(len(used), math.inf))
    return arrays, found


def check_curve(problem, arrays, best, curve):
    assert [point.servers for point in curve.points] == list(range(curve.fewest, curve.most + 1))
    for point in curve.points:
        optimum = best.get(point.servers, math.inf)
        assert point.certificate.lower_bound <= optimum * (1 + AGREEMENT) + 1e-12
        assert not (point.impossible and math.isfinite(optimum))
        if point.placement is None:
            assert point.cost == math.inf and point.gap is None
            continue
        assert int(point.placement.open.sum()) == point.servers == np.unique(point.placement.host).size
        assert point.evaluation.feasible and evaluate(problem, point.placement).cost == point.cost
        assert point.cost == pytest.approx(Oracle(arrays).cost(point.placement.host))
        assert optimum * (1 - AGREEMENT) - 1e-12 <= point.cost
    assert all(servers >= curve.fewest for servers in best)


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_every_point_encloses_its_optimum(kind, seed):
    arrays, best = optima(kind, seed)
    problem = PlacementProblem(**arrays)
    if not best:
        with pytest.raises(InfeasibleProblem):
            trade_off(problem)
        return
    curve = trade_off(problem)
    check_curve(problem, arrays, best, curve)
    assert {point.servers for point in curve.points if point.evaluation is not None} == set(best)
    assert {point.servers for point in curve.points if point.impossible} == {
        m for m in range(curve.fewest, curve.most + 1) if m not in best
    }, "tiny problems are decided by branch and cut"
    assert curve.certificate.lower_bound <= min(best.values()) * (1 + AGREEMENT) + 1e-12
    assert curve.best.cost <= solve(problem, patience_s=0).cost * (1 + AGREEMENT)


def test_points_are_mostly_optimal():
    found = [
        point.cost <= best[point.servers] * (1 + 1e-9) + 1e-12
        for kind, seed in CASES
        if (best := optima(kind, seed)[1])
        for point in trade_off(PlacementProblem(**optima(kind, seed)[0])).points
        if point.evaluation is not None
    ]
    assert len(found) > 150 and np.mean(found) > 0.95


@pytest.mark.parametrize(("kind", "seed"), CASES[::3])
def test_gap_zero_proves_the_best_of_all(kind, seed):
    arrays, best = optima(kind, seed)
    if not best:
        return
    problem = PlacementProblem(**arrays)
    curve = trade_off(problem, gap=0, time_limit_s=60)
    check_curve(problem, arrays, best, curve)
    assert not curve.timed_out
    assert curve.best.cost == pytest.approx(min(best.values()), rel=AGREEMENT, abs=1e-12)
    assert curve.best.cost == pytest.approx(solve(problem, gap=0).cost, rel=AGREEMENT, abs=1e-12)
    assert curve.lower_bound >= curve.best.cost * (1 - 1e-7) - 1e-12


@pytest.mark.parametrize("kind", ["plain", "deadlines", "facility"])
def test_bounds_follow_from_their_prices(kind):
    arrays = {
        "plain": roomy_arrays(40, 8, seed=3),
        "deadlines": deadline_arrays(40, 8, seed=3),
        "facility": facility_arrays(30, 8, seed=3, slack=2.5),
    }[kind]
    curve = trade_off(PlacementProblem(**arrays))
    problem = PlacementProblem(**arrays)
    for each in curve.certificate.parts:
        assert (
            certify(problem, *each.prices, each.part, method=curve.certificate.formula).lower_bound == each.lower_bound
        )
    assert curve.certificate.lower_bound == min(each.lower_bound for each in curve.certificate.parts)
    numbers = sorted(m for each in curve.certificate.parts for m in range(each.part.fewest, each.part.most + 1))
    assert numbers == list(range(problem.least_open, problem.stations + 1))
    assert curve.certificate.lower_bound <= curve.best.cost


def test_larger_curves_are_tight():
    curve = trade_off(roomy(80, 10, seed=1))
    assert all(point.gap < 0.02 for point in curve.points)
    assert curve.gap < 0.005


def test_more_servers_than_users_are_impossible():
    curve = trade_off(roomy(3, 5))
    assert [bool(point.impossible) for point in curve.points] == [False, False, False, True, True]
    assert "3 users" in curve.points[-1].impossible


def test_a_station_that_nobody_reaches_is_never_in_use():
    arrays = roomy_arrays(12, 4)
    arrays["comm_s"][:, 2] = np.inf
    curve = trade_off(PlacementProblem(**arrays))
    assert [bool(point.impossible) for point in curve.points] == [False, False, False, True]


def test_few_servers_cannot_keep_the_deadlines():
    arrays = deadline_arrays(6, 3, seed=1) | {"cpu": np.full(3, 1e9), "update_work": np.full(6, 6e7)}
    arrays |= {"deadline_s": np.full(6, 0.25), "update_comm_s": np.full((6, 3), 0.05)}  # three users fill a station
    curve = trade_off(PlacementProblem(**arrays))
    assert curve.fewest == 1
    assert [bool(point.impossible) for point in curve.points] == [True, False, False]
    assert curve.certificate.lower_bound <= curve.best.cost


# Search among plans of one size.


def test_an_empty_station_is_filled_at_least_cost():
    """A far station that no association would use: exactly one user goes there, the cheapest one."""
    arrays = roomy_arrays(20, 3, seed=2)
    arrays["comm_s"][:, 2] += 50.0
    arrays["comm_s"][13, 2] = 20.0
    problem = PlacementProblem(**arrays)
    search = SizedSearch(problem, Budget(), 3)
    assert search.try_set(np.ones(3, bool))
    assert np.flatnonzero(search.host == 2).tolist() == [13]
    assert search.unscaled(search.cost) == pytest.approx(evaluate(problem, search.placement()).cost)
    search.improve((), [(0, 2), (1, 2)])
    search.anneal(1)
    assert np.unique(search.host).tolist() == [0, 1, 2]


def test_plans_of_other_sizes_are_refused_or_filled():
    problem = PlacementProblem(**roomy_arrays(20, 4, seed=2))
    whole = Search(problem, Budget())
    whole.start()
    search = SizedSearch(problem, Budget(), 2)
    assert not search.try_set(np.ones(4, bool))
    assert not search.offer(np.arange(20) % 4) and not search.feasible
    assert search.offer(np.zeros(20, np.int64)), "one user is moved onto a second station"
    assert np.unique(search.host).size == 2


# Limits, interruption, bad input.


def test_a_time_limit_leaves_points_out():
    problem = roomy(400, 30, seed=1)
    curve = trade_off(problem, time_limit_s=0.3)
    assert curve.timed_out and curve.missing
    assert len(curve.missing) + len(curve.points) == 30
    assert curve.certificate.lower_bound <= solve(problem).cost


def test_an_interruption_keeps_what_is_there(monkeypatch):
    problem, told = roomy(200, 20, seed=1), []

    def interrupt(walk):
        told.append(len(walk.points()))
        if len(told) == 3:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(TradeoffWalk, "_report", interrupt)
    curve = trade_off(problem)
    assert curve.interrupted and not curve.timed_out
    assert len(curve.points) == told[-1] == 3 and len(curve.missing) == 17
    assert curve.certificate.lower_bound <= solve(problem).cost * (1 + AGREEMENT)
    assert [point.cost < math.inf for point in curve.points] == [True] * 3


@pytest.mark.parametrize("most", [0, -1, 2, 6])
def test_most_out_of_range_is_refused(most):
    problem = PlacementProblem(**roomy_arrays(12, 5) | {"capacity": np.full(5, 5)})
    assert problem.least_open == 3
    with pytest.raises(InputError, match=f"got {most}; expected from 3 .* to 5"):
        trade_off(problem, most=most)


def test_most_limits_the_points_and_not_the_bound():
    problem = roomy(40, 8, seed=1)
    whole, short = trade_off(problem), trade_off(problem, most=2)
    assert [point.servers for point in short.points] == [1, 2]
    assert short.certificate.lower_bound <= whole.best.cost


def test_the_seed_fixes_the_curve():
    one, two = (trade_off(roomy(40, 8, seed=1), seed=3) for _ in range(2))
    assert [point.cost for point in one.points] == [point.cost for point in two.points]
    assert [point.lower_bound for point in one.points] == [point.lower_bound for point in two.points]


@pytest.mark.parametrize("limit", [{"gap": -1.0}, {"time_limit_s": 0.0}, {"seed": -1}])
def test_bad_limits_are_refused(limit):
    with pytest.raises(InputError, match="expected"):
        trade_off(roomy(5, 2), **limit)
