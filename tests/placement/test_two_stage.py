"""Servers for many scenarios together: against brute force, bounds that hold, and what is refused."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from oracle import Oracle
from problem_makers import roomy, roomy_arrays

from twinhop.errors import InputError
from twinhop.placement import PlacementProblem, solve
from twinhop.placement.certificate import Prices
from twinhop.placement.certificate_check import holds_all_plans
from twinhop.placement.two_stage import (
    InfeasibleScenario,
    RiskMeasure,
    TwoStageProblem,
    certify_two_stage,
    solve_two_stage,
)
from twinhop.placement.two_stage.risk import onto_weights

RISKS = (RiskMeasure("mean"), RiskMeasure("worst"), RiskMeasure("cvar", 0.3), RiskMeasure("cvar", 0.7))
KINDS = ("roomy", "seats", "deadlines", "demand")


def tiny_scenarios(seed, kind):
    """The arrays of two or three scenarios on the same few stations, and their weights."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    stations = int(rng.integers(2, 4))
    cpu, opening = rng.uniform(8e9, 24e9, stations), rng.uniform(0.02, 0.5, stations)
    scenarios = []
    for _ in range(int(rng.integers(2, 4))):
        users = int(rng.integers(1, 5))
        arrays = roomy_arrays(users, stations, int(rng.integers(10**6)))
        arrays |= {"cpu": cpu, "opening_s": opening, "energy_j": rng.uniform(0, 0.1, users)}
        if kind == "seats":
            arrays["capacity"] = rng.integers(1, 4, stations)
        if kind == "deadlines":
            arrays |= {
                "update_comm_s": arrays["comm_s"] * 0.05,
                "update_work": rng.uniform(1e8, 9e8, users),
                "deadline_s": rng.uniform(0.08, 0.4, users),
            }
        if kind == "demand":
            arrays["demand"] = rng.integers(1, 9, users).astype(float)
            arrays["demand_capacity"] = np.ceil(arrays["demand"].sum() * rng.uniform(0.5, 1.2, stations))
        scenarios.append(arrays)
    return scenarios, rng.uniform(0.5, 2.0, len(scenarios))


def risk_by_hand(risk, costs, probability):
    """The risk from its primal definition: mean, largest, or min over t of t + E(c - t)+ / level."""
    if math.inf in costs:
        return math.inf
    if risk.kind == "mean":
        return math.fsum(c * p for c, p in zip(costs, probability, strict=True))
    if risk.kind == "worst":
        return max(costs)
    return min(
        t + math.fsum(p * max(c - t, 0.0) for c, p in zip(costs, probability, strict=True)) / risk.level for t in costs
    )


def costs_by_servers(scenarios):
    """The cost of each scenario with exactly the given stations open, by brute force; infeasible sets are left out."""
    stations = len(scenarios[0]["cpu"])
    by_use = [Oracle(arrays).optimum_by_set() for arrays in scenarios]
    costs = {}
    for count in range(1, stations + 1):
        for opened in itertools.combinations(range(stations), count):
            costs[opened] = [
                min(
                    (
                        cost + arrays["beta"] * sum(arrays["opening_s"][k] for k in opened if k not in used)
                        for used, cost in table.items()
                        if used <= set(opened)
                    ),
                    default=math.inf,
                )
                for arrays, table in zip(scenarios, by_use, strict=True)
            ]
    return costs


def check_tiny(seed, kind):
    """Whether the optimum was found; the bound holds, and cost and feasibility are the oracle's."""
    scenarios, weights = tiny_scenarios(seed, kind)
    costs, probability = costs_by_servers(scenarios), weights / weights.sum()
    risk = RISKS[seed % len(RISKS)]
    optimum = min(risk_by_hand(risk, each, probability) for each in costs.values())
    problem = TwoStageProblem([PlacementProblem(**arrays) for arrays in scenarios], weights, risk)
    if math.isinf(optimum):
        with pytest.raises(InfeasibleScenario) as caught:
            solve_two_stage(problem)
        assert not np.isfinite(Oracle(scenarios[caught.value.scenario]).optimum())
        return True
    solution = solve_two_stage(problem, gap=(None, 1e-3)[seed % 5 == 0])
    assert solution.feasible
    for arrays, placement, cost in zip(scenarios, solution.placements, solution.costs, strict=True):
        assert cost == pytest.approx(Oracle(arrays).cost(placement.host.tolist(), solution.opened), rel=1e-9)
        assert (placement.open == solution.opened).all()
    assert solution.cost == pytest.approx(risk_by_hand(risk, solution.costs, probability), rel=1e-12)
    assert solution.certificate.lower_bound <= optimum * (1 + 1e-12)
    assert solution.cost >= optimum * (1 - 1e-9)
    for own, arrays in zip(solution.own_bound, scenarios, strict=True):
        assert own <= Oracle(arrays).optimum() * (1 + 1e-12)
    return solution.cost <= optimum * (1 + 1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_bounds_hold_on_tiny_problems_and_most_are_solved(kind):
    assert np.mean([check_tiny(seed, kind) for seed in range(12)]) >= 0.9


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_bounds_hold_on_500_tiny_problems_and_most_are_solved(kind):
    assert np.mean([check_tiny(seed, kind) for seed in range(125)]) > 0.95


def test_one_scenario_is_the_plan_of_that_scenario():
    problem = roomy(40, 6, seed=4)
    alone, together = solve(problem), solve_two_stage(TwoStageProblem([problem]))
    assert together.cost == pytest.approx(alone.cost, rel=1e-3)
    assert together.lower_bound <= alone.cost


def test_the_same_scenario_many_times_is_that_scenario():
    problem = roomy(25, 5, seed=1)
    once = solve_two_stage(TwoStageProblem([problem]))
    for risk in RISKS:
        often = solve_two_stage(TwoStageProblem([problem] * 4, [1, 2, 3, 4], risk))
        assert often.cost == pytest.approx(once.cost, rel=1e-3)
        assert often.lower_bound == pytest.approx(once.lower_bound, rel=1e-2)


def unlike_hours(hours=6, users=60, stations=8):
    """Hours whose users are in other places, with deadlines nobody misses."""
    rng = np.random.default_rng(5)
    near = rng.uniform(0.5, 3.0, (hours, stations))
    problems = []
    for hour in range(hours):
        arrays = roomy_arrays(max(5, users - 5 * hour), stations, seed=hour)
        problems.append(
            PlacementProblem(
                **arrays
                | {
                    "comm_s": arrays["comm_s"] * near[hour],
                    "cpu": np.full(stations, 2e10),
                    "opening_s": np.full(stations, 0.05),
                }
            )
        )
    return problems


def test_one_plan_for_unlike_hours_costs_less_than_any_hours_own_servers():
    problem = TwoStageProblem(unlike_hours())
    solution = solve_two_stage(problem)
    assert solution.gap < 0.02
    assert problem.risk_of(solution.own_bound) <= solution.lower_bound
    for hour in problem.scenarios:
        opened = solve(hour).placement.open
        kept = [
            solve(replace(each, capacity=np.where(opened, each.capacity, 0), opening_s=0 * each.opening_s))
            for each in problem.scenarios
        ]
        assert solution.cost <= problem.risk_of(np.array([each.cost for each in kept])) + 0.05 * opened.sum()


def test_risks_are_ordered_from_mean_to_worst():
    hours = unlike_hours()
    mean, middle, worst = (
        solve_two_stage(TwoStageProblem(hours, risk=risk))
        for risk in (RiskMeasure("mean"), RiskMeasure("cvar", 0.5), RiskMeasure("worst"))
    )
    assert mean.cost <= middle.cost <= worst.cost
    assert mean.lower_bound <= middle.lower_bound * 1.02 and middle.lower_bound <= worst.lower_bound * 1.02
    assert worst.cost <= mean.costs.max() * (1 + 1e-9)


def test_same_seed_same_plan_and_any_weights_and_prices_bound_from_below():
    problem = TwoStageProblem(unlike_hours(4, 30, 5), risk=RiskMeasure("cvar", 0.4))
    first, second = solve_two_stage(problem), solve_two_stage(problem)
    assert first.cost == second.cost and first.lower_bound == second.lower_bound
    rng = np.random.default_rng(0)
    for _ in range(20):
        weight = onto_weights(rng.uniform(0, 1, 4), problem.cap)
        prices = [
            Prices(rng.uniform(0, 2, each.users), rng.uniform(0, 1e-5, 5), rng.uniform(0, 0.1, 5))
            for each in problem.scenarios
        ]
        assert certify_two_stage(problem, weight, prices).lower_bound <= first.cost


def bound_by_hand(scenarios, cap, part):
    """The bound of all choices of servers from weights and prices, by plain loops."""
    stations, least, total = len(scenarios[0]["cpu"]), 1, 0.0
    assert (
        all(0 <= q <= most + 1e-12 for q, most in zip(part.weight, cap, strict=True)) and sum(part.weight) <= 1 + 1e-12
    )
    reduced = [0.0] * stations
    for arrays, q, prices in zip(scenarios, part.weight, part.prices, strict=True):
        users = len(arrays["root_work"])
        seats = [min(int(each), users) for each in arrays["capacity"]]
        while sum(sorted(seats)[::-1][:least]) < users:
            least += 1
        unit = q * arrays["alpha"] / users
        total += unit * sum(prices.price) + q * arrays["beta"] * sum(arrays["energy_j"]) / users
        for k in range(stations):
            theta, nu = prices.congestion[k], prices.seat_price[k]
            worth = theta**2 * arrays["cpu"][k] / 4 + seats[k] * nu
            for i in range(users):
                pays = arrays["comm_s"][i][k] + theta * arrays["root_work"][i] + nu
                worth += max(0.0, prices.price[i] - pays)
            reduced[k] += q * arrays["beta"] * arrays["opening_s"][k] - unit * worth
    reduced.sort()
    return total + min(sum(reduced[:count]) for count in range(least, stations + 1))


@pytest.mark.parametrize("kind", ["roomy", "seats"])
def test_the_bound_is_what_its_weights_and_prices_prove(kind):
    looked = 0
    for seed in range(12):
        scenarios, weights = tiny_scenarios(seed, kind)
        problem = TwoStageProblem([PlacementProblem(**each) for each in scenarios], weights, RISKS[seed % len(RISKS)])
        try:
            certificate = solve_two_stage(problem).certificate
        except InfeasibleScenario:
            continue
        if len(certificate.parts) == 1:
            by_hand = bound_by_hand(scenarios, problem.cap, certificate.weakest)
            assert certificate.lower_bound == pytest.approx(by_hand, rel=1e-9) and certificate.lower_bound < by_hand
            looked += 1
    assert looked > 3


def test_scenarios_that_cost_nothing_are_planned():
    users, stations = 3, 2
    free = np.zeros(stations)
    problem = PlacementProblem(np.zeros((users, 2)), np.zeros(users), free + 1, np.full(2, users), free, 1.0, 1.0)
    solution = solve_two_stage(TwoStageProblem((problem, problem)))
    assert solution.cost == 0.0 and solution.lower_bound <= 0.0 and solution.gap is None


def test_threads_change_nothing(monkeypatch):
    problem = TwoStageProblem(unlike_hours(4, 30, 5))
    plain = solve_two_stage(problem)
    monkeypatch.setattr("twinhop.placement.two_stage.solve.THREADED_ARCS", 0)
    threaded = solve_two_stage(problem)
    assert (threaded.costs == plain.costs).all() and threaded.lower_bound == plain.lower_bound


def test_certificates_refuse_weights_that_the_risk_does_not_allow():
    problem = TwoStageProblem(unlike_hours(3, 10, 4), risk=RiskMeasure("cvar", 0.5))
    certificate = solve_two_stage(problem).certificate
    prices = certificate.weakest.prices
    again = certify_two_stage(problem, certificate.weight, prices, certificate.weakest.part)
    assert again.lower_bound == certificate.lower_bound
    for weight, words in (([1, 0, 0], "which the risk measure allows"), ([0.6, 0.6, 0.6], "add up to"), ([1], "shape")):
        with pytest.raises(InputError, match=words):
            certify_two_stage(problem, np.array(weight), prices)
    broken = list(prices)
    broken[1] = broken[1]._replace(congestion=-1 - broken[1].congestion)
    with pytest.raises(InputError, match="negative"):
        certify_two_stage(problem, certificate.weight, broken)


def test_unlike_scenarios_whose_worst_needs_branching_are_proved_by_parts_that_hold_all_choices():
    scenarios = []
    for near in range(3):
        comm = np.full((3, 3), 2.0)
        comm[:, near] = 0.1
        arrays = roomy_arrays(3, 3) | {"comm_s": comm, "root_work": np.full(3, 1e4), "cpu": np.full(3, 2e10)}
        scenarios.append(arrays | {"opening_s": np.full(3, 1.9)})
    optimum = min(max(each) for each in costs_by_servers(scenarios).values())
    problem = TwoStageProblem([PlacementProblem(**arrays) for arrays in scenarios], risk=RiskMeasure("worst"))
    solution = solve_two_stage(problem)
    assert solution.cost == pytest.approx(optimum) and solution.certificate.lower_bound <= optimum
    assert solution.gap < 0.01 and len(solution.certificate.parts) > 1
    parts = [each.part for each in solution.certificate.parts]
    assert holds_all_plans(problem.scenarios[0], parts)
    assert not holds_all_plans(problem.scenarios[0], parts[1:])
    for each in solution.certificate.parts:
        again = certify_two_stage(problem, each.weight, each.prices, each.part)
        assert again.lower_bound == each.lower_bound
    assert solve_two_stage(problem, gap=1e-3).gap < 1e-3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weights": [1, 0, 1]}, "weights: 0 for night"),
        ({"weights": [1, -2, 1]}, "weights: -2 for night"),
        ({"weights": [1, math.nan, 1]}, "weights: nan for night"),
        ({"weights": [1, 1]}, "2 for 3 scenarios"),
        ({"weights": ["a", 1, 1]}, "expected numbers"),
        ({"scenarios": []}, "there are none"),
        ({"scenarios": [roomy(4, 3), roomy(4, 2), roomy(4, 3)]}, "night: has 2 stations, day has 3"),
        (
            {"scenarios": [replace(roomy(4, 2), station_ids=ids) for ids in (("a", "b"), ("a", "c"), ("a", "b"))]},
            "night: station 1 is c, in day it is b",
        ),
    ],
)
def test_bad_scenarios_and_weights_are_refused_in_a_line(change, words):
    with pytest.raises(InputError, match=words) as caught:
        TwoStageProblem(**{"scenarios": [roomy(4, 3)] * 3, "names": ("day", "night", "dusk")} | change)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("level", [0, -0.1, 1.1, math.nan])
def test_cvar_levels_out_of_range_are_refused(level):
    with pytest.raises(InputError, match="above 0 and at most 1"):
        RiskMeasure("cvar", level)


def test_an_infeasible_scenario_is_named_with_its_proof():
    fine = roomy(4, 3)
    crowded = replace(fine, capacity=np.ones(3, np.int64))
    with pytest.raises(InfeasibleScenario, match=r"night: .* 3 seats in all for 4 users: 1 short") as caught:
        solve_two_stage(TwoStageProblem([fine, crowded], names=("day", "night")))
    assert (caught.value.scenario, caught.value.proof.kind) == (1, "capacity")


def test_the_time_limit_leaves_a_valid_plan():
    solution = solve_two_stage(TwoStageProblem(unlike_hours()), time_limit_s=1e-6)
    assert solution.timed_out and solution.feasible and solution.lower_bound <= solution.cost
