"""Shadow prices against the certificate of the changed problem."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from oracle import Oracle
from problem_makers import deadline_arrays, facility_arrays, feasible_seeds, roomy_arrays, tiny

import twinhop
from twinhop.placement import PlacementProblem, certify, solve
from twinhop.placement.certificate import KNAPSACKS, charges
from twinhop.plans.shadow_prices import shadow_prices


def bound(problem, certificate):
    """The bound of a problem at the prices of another one's certificate, which is of one part."""
    assert len(certificate.parts) == 1
    return certify(problem, *certificate.parts[0].prices, method=certificate.method).lower_bound


def with_more(problem, name, station, by):
    values = np.array(getattr(problem, name))
    values[station] = values[station] + by
    return replace(problem, **{name: values})


def tight():
    """Seats, deadlines and CPU that bind."""
    arrays = deadline_arrays(40, 6, seed=4, deadline_s=(0.1, 0.2))
    return PlacementProblem(**arrays | {"capacity": np.full(6, 8), "cpu": arrays["cpu"] * 0.5})


def facility():
    return PlacementProblem(**facility_arrays(30, 6, seed=2, slack=1.15))


def plain():
    return PlacementProblem(**roomy_arrays(40, 6, seed=1) | {"capacity": np.full(6, 7)})


CASES = {"tight": tight, "facility": facility, "plain": plain}


@pytest.mark.parametrize("name", CASES)
def test_seats_are_exact(name):
    """The bound at the same prices falls by the price of a seat, times their number."""
    problem = CASES[name]()
    solution = solve(problem, patience_s=0)
    before = bound(problem, solution.certificate)
    seen = 0.0
    for worth in shadow_prices(solution):
        for seats in (1, 2):
            more = with_more(problem, "capacity", worth.station, seats)
            if more.least_open != problem.least_open:
                continue
            fall = before - bound(more, solution.certificate)
            if worth.exact:
                assert fall == pytest.approx(seats * worth.seat, abs=1e-10 * before)
            assert fall <= seats * worth.seat + 1e-10 * before
        scale = problem.alpha / problem.users
        assert worth.seat >= scale * solution.certificate.parts[0].prices.seat_price[worth.station] - 1e-15
        seen += worth.seat
    assert seen > 0 or name == "facility"


@pytest.mark.parametrize("name", CASES)
def test_cpu_and_demand_are_slopes_or_with_whole_users_what_a_unit_gives(name):
    problem = CASES[name]()
    solution = solve(problem, patience_s=0)
    before, parts = bound(problem, solution.certificate), 1 if solution.certificate.method == KNAPSACKS else 64
    for worth in shadow_prices(solution):
        for field, unit, value in (
            ("cpu", 1e9, worth.cpu_gcycle_per_s),
            ("demand_capacity", 1.0, worth.demand_unit),
        ):
            if value is None:
                continue
            more = with_more(problem, field, worth.station, unit / parts)
            if more.least_open != problem.least_open:
                continue
            fall = before - bound(more, solution.certificate)
            if worth.exact:
                assert parts * fall == pytest.approx(value, rel=1e-6, abs=1e-9 * before)
            assert parts * fall <= value + 1e-9 * before


def test_some_price_of_every_kind_is_positive():
    """Else the tests above say nothing."""
    assert max(worth.seat for worth in shadow_prices(solve(tight()))) > 0
    assert max(worth.cpu_gcycle_per_s for worth in shadow_prices(solve(tight()))) > 0
    assert max(worth.deadline_ms for worth in shadow_prices(solve(tight()))) > 0
    assert max(worth.demand_unit for worth in shadow_prices(solve(facility()))) > 0


@pytest.mark.parametrize("method", ["prices", KNAPSACKS])
@pytest.mark.parametrize("seed", range(4))
def test_deadlines_are_exact(seed, method):
    arrays = deadline_arrays(40, 6, seed=seed, deadline_s=(0.05, 0.2))
    problem = PlacementProblem(**arrays | {"cpu": arrays["cpu"] * 0.5})
    solution = solve(problem, patience_s=0)
    (part,) = solution.certificate.parts
    solution = replace(solution, certificate=certify(problem, *part.prices, method=method))
    before = bound(problem, solution.certificate)
    for worth in shadow_prices(solution):
        users = solution.placement.host == worth.station
        later = replace(problem, deadline_s=problem.deadline_s + 1e-3 * users)
        fall = before - bound(later, solution.certificate)
        assert worth.deadline_ms == pytest.approx(max(0.0, fall), rel=1e-6, abs=1e-10)


def test_the_worth_of_a_deadline_is_about_the_slope_of_the_charges():
    """(theta^2/4 - w/f^2) df/dtau over the arcs in the bound whose minimum share binds; more where users waver."""
    problem = tight()
    solution = solve(problem, patience_s=0)
    prices = solution.certificate.parts[0].prices
    scale = problem.alpha / problem.users
    for worth in shadow_prices(solution):
        users = solution.placement.host == worth.station
        slope = 0.0
        for k in range(problem.stations):
            theta, floor = prices.congestion[k], np.where(problem.allowed[:, k], problem.floor[:, k], 0.0)
            binds = users & (theta * floor > 2 * problem.root_work)
            charge = charges(problem, np.array([k]), np.array([theta]))[:, 0]
            binds &= prices.price - problem.comm_s[:, k] - charge - prices.seat_price[k] > 0
            f, w = floor[binds], problem.root_work[binds] ** 2
            slope += (
                (theta**2 / 4 - w / f**2) * f / (problem.deadline_s[binds] - problem.update_comm_s[binds, k])
            ).sum()
        assert 0.98 * 1e-3 * scale * slope <= worth.deadline_ms <= 3e-3 * scale * slope + 1e-3


@settings(max_examples=60, deadline=None)
@given(feasible_seeds())
def test_no_problem_with_one_more_seat_is_cheaper_than_the_price_says(seed):
    """Against brute force: optimum with one more seat >= bound - price of that seat."""
    arrays, _, _ = tiny(seed)
    problem = PlacementProblem(**arrays)
    solution = solve(problem, patience_s=0)
    before = solution.certificate.lower_bound
    for worth in shadow_prices(solution):
        more = dict(arrays) | {"capacity": np.array(arrays["capacity"])}
        more["capacity"][worth.station] += 1
        optimum = Oracle(more).optimum()
        assert optimum >= before - worth.seat - 1e-9 * max(1.0, abs(before))


def test_where_one_more_seat_lets_fewer_stations_hold_everyone():
    """6 users on stations of 3, 2, 3 seats: three must open, with one more seat two may do."""
    arrays = roomy_arrays(6, 3, seed=5) | {"capacity": np.array([3, 2, 2]), "opening_s": np.full(3, 5.0)}
    problem = PlacementProblem(**arrays)
    solution = solve(problem, patience_s=0)
    before = solution.certificate.lower_bound
    worth = {each.station: each for each in shadow_prices(solution)}[0]
    assert with_more(problem, "capacity", 0, 1).least_open < problem.least_open
    after = bound(with_more(problem, "capacity", 0, 1), solution.certificate)
    assert before - after == pytest.approx(worth.seat, abs=1e-9 * before)
    cheaper = twinhop.plan(with_more(problem, "capacity", 0, 1))
    assert cheaper.cost >= before - worth.seat - 1e-9


def test_seats_that_nobody_needs_are_worth_nothing():
    for worth in shadow_prices(solve(PlacementProblem(**roomy_arrays(20, 4)))):
        assert worth.seat == 0.0


def test_only_prices_have_prices():
    problem = PlacementProblem(**roomy_arrays(30, 4))
    for policy, there in (("lagrangian", True), ("nearest", False)):
        plan = twinhop.plan(problem, policy)
        assert (plan.shadow_prices is not None) == there
        assert (plan.to_json()["shadow_prices"] is not None) == there
        assert ("## What more would be worth" in plan.report()) == there


def test_answer_lists_every_opened_station():
    plan = twinhop.plan("family(40, 6, capacity=9, deadlines=on)")
    listed = json.loads(json.dumps(plan.to_json()["shadow_prices"], allow_nan=False))
    assert sorted(entry["station"] for entry in listed) == plan.to_json()["open"]
    assert all(math.isfinite(entry["seat"]) and entry["demand_unit"] is None for entry in listed)
    assert [entry["seat"] for entry in listed] == [worth.seat for worth in plan.shadow_prices]
