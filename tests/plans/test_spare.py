"""Plans that survive any one failure: against brute force, and what is refused."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from problem_makers import facility_arrays, roomy
from spare_oracle import SpareOracle, random_problem

import twinhop
from twinhop.placement import PlacementProblem, evaluate

MODES = [(moves, deadlines) for moves in ("free", "stay") for deadlines in ("keep", "count")]
CROWDED = "family(40, 6, capacity=9, deadlines=on)"


def check(seed):
    """One problem by one rule: None where no plan survives, else whether the cheapest plan was found."""
    arrays = random_problem(seed)
    moves, deadlines = MODES[seed % 4]
    optimum = SpareOracle(arrays).optimum(moves, deadlines)
    try:
        plan = twinhop.plan(PlacementProblem(**arrays), spare=1, failure_moves=moves, failure_deadlines=deadlines)
    except twinhop.InfeasibleProblem:
        assert math.isinf(optimum), (seed, optimum)
        return None
    assert plan.feasible
    bound = plan.solution.certificate.lower_bound  # that of the plan never exceeds its cost
    assert bound <= optimum * (1 + 1e-9), (seed, bound, optimum)
    assert plan.cost >= optimum * (1 - 1e-9), (seed, plan.cost, optimum)
    check_survival(plan)
    return plan.cost <= optimum * (1 + 1e-6)


def check_survival(plan):
    """The plans after each failure keep what they must, on the servers that are left."""
    problem, placement, rules = plan.case.problem, plan.solution.placement, plan.spare.rules
    assert [case.stations for case in plan.spare.cases] == [(k,) for k in np.flatnonzero(placement.open).tolist()]
    for case in plan.spare.cases:
        (k,), after = case.stations, case.placement
        assert not after.open[k] and not (after.open & ~placement.open).any()
        stays = placement.host != k
        if rules.moves == "stay":
            assert (after.host[stays] == placement.host[stays]).all()
        left = replace(problem, capacity=np.where(np.arange(problem.stations) == k, 0, problem.capacity))
        violations = evaluate(left, after).violations
        late = {each.user for each in violations if each.kind == "deadline"}
        assert {each.kind for each in violations} <= ({"deadline"} if rules.deadlines == "count" else set())
        assert late <= {*case.late, *case.newly_unmeetable} <= set(plan.spare.late.tolist())
        assert set(case.displaced) == set(np.flatnonzero(~stays).tolist())


@pytest.mark.parametrize("seed", range(40))
def test_spare_against_brute_force(seed):
    check(seed)


@pytest.mark.slow
def test_spare_against_brute_force_on_500_problems():
    outcomes = [check(seed) for seed in range(500)]
    found = [outcome for outcome in outcomes if outcome is not None]
    assert 100 < len(found) < 400, "plans and proofs that there are none must both be common"
    assert sum(found) >= 0.97 * len(found)


@pytest.mark.parametrize(("moves", "deadlines"), MODES)
def test_a_crowded_city_opens_more_to_survive(moves, deadlines):
    plan = twinhop.plan(CROWDED, spare=1, failure_moves=moves, failure_deadlines=deadlines)
    check_survival(plan)
    before = plan.spare.reference
    assert before.solution.placement.open.sum() == 5 and plan.solution.placement.open.sum() == 6
    assert plan.spare.least_open == 6
    assert before.lower_bound < before.cost < plan.lower_bound <= plan.cost
    assert plan.gap < 0.01
    assert plan.shadow_prices is None
    value = json.loads(json.dumps(plan.to_json(), allow_nan=False))["spare"]
    low, high = value["spare_cost_interval"]
    assert 0 < low <= value["spare_cost"] <= high
    assert {each["station_id"] for each in value["failures"]} == {"b0", "b1", "b2", "b3", "b4", "b5"}
    assert "## After any failure" in plan.report()


def test_a_plan_that_survives_anyway_costs_nothing_more():
    plan = twinhop.plan("family(40, 6)", spare=1)
    assert plan.cost == plan.spare.reference.cost
    assert plan.lower_bound == plan.spare.reference.lower_bound
    assert "costs no more than without that" in plan.report()


def test_a_server_may_be_opened_for_spare_alone():
    arrays = {
        "comm_s": np.array([[0.1, 5.0], [0.1, 5.0]]),
        "root_work": np.zeros(2),
        "cpu": np.ones(2),
        "capacity": np.full(2, 2),
        "opening_s": np.array([0.2, 0.3]),
        "alpha": 1.0,
        "beta": 1.0,
    }
    plan = twinhop.plan(PlacementProblem(**arrays), spare=1, failure_moves="stay")
    assert plan.solution.placement.loads().tolist() == [2, 0]
    assert plan.cost == pytest.approx(0.1 + 0.5)
    assert plan.to_json()["spare"]["empty"] == [1]
    assert "Opened for spare alone: 1 station (#1)." in plan.report()


def test_demands_are_kept_after_a_failure():
    plan = twinhop.plan(PlacementProblem(**facility_arrays(12, 5, seed=1, slack=2.0)), spare=1)
    check_survival(plan)
    assert plan.lower_bound <= plan.cost


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"spare": 0}, "expected 1"),
        ({"spare": 2}, "expected 1"),
        ({"spare": 1, "without": ["#0"]}, "plan with spare alone"),
        ({"spare": 1, "policy": "greedy"}, "expected lagrangian"),
        ({"spare": 1, "failure_moves": "some"}, "expected stay or free"),
        ({"spare": 1, "failure_deadlines": "forget"}, "expected keep or count"),
        ({"failure_moves": "stay"}, "expected with spare"),
    ],
)
def test_what_is_refused(changes, words):
    with pytest.raises(twinhop.InputError, match=words):
        twinhop.plan(roomy(4, 3), **changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"capacity": np.array([4, 0, 0])}, "only 1 station"),
        ({"capacity": np.array([4, 2, 1])}, "too few seats"),
    ],
)
def test_where_no_plan_survives_that_is_proved(changes, words):
    with pytest.raises(twinhop.InfeasibleProblem, match=words) as refusal:
        twinhop.plan(replace(roomy(4, 3), **changes), spare=1)
    assert refusal.value.proof.kind == "spare"


def test_a_user_with_a_single_station_cannot_be_spared():
    problem = roomy(4, 3)
    comm_s = problem.comm_s.copy()
    comm_s[2, 1:] = np.inf
    with pytest.raises(twinhop.InfeasibleProblem, match=r"1 user \(#2\) can be hosted on one station alone"):
        twinhop.plan(replace(problem, comm_s=comm_s), spare=1)
