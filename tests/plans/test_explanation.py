"""Explanations against the evaluation of the moved placement, on problems where everything may bind."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Oracle
from problem_makers import deadline_arrays, facility_arrays, feasible_seeds, first_tiny, roomy_arrays, tiny, tiny_demand

import twinhop
from twinhop.output.plans.explanation import sentences
from twinhop.placement import Placement, PlacementProblem, evaluate
from twinhop.plans.planning import make_case
from twinhop.plans.result import Plan
from twinhop.plans.service_levels import service_levels


def moved(placement, user, station):
    """The placement with one twin moved; its old host shut where nobody stays."""
    host = placement.host.copy()
    before = host[user]
    host[user] = station
    opened = placement.open.copy()
    opened[station] = True
    opened[before] = (host == before).any()
    return Placement(host, opened)


def breaks(before, evaluation, problem, placement, user, station):
    """Whether a constraint of the new host is broken after the move that was not before."""
    members = np.flatnonzero(placement.host == station)
    floors = 0.0
    if problem.floor is not None:  # users whom a baseline put where they are late in any case ask for nothing
        floors = problem.floor[members, station]
        floors = floors[np.isfinite(floors) | (members == user)].sum()
    known = {(each.kind, each.user, each.station) for each in before.violations}
    return (
        any(each.station == station and (each.kind, each.user, station) not in known for each in evaluation.violations)
        or floors > problem.cpu[station] * (1 + 1e-9)
        or not problem.reachable[user, station]
    )


def check_against_evaluation(plan, users=None):
    problem, placement, before = plan.solution.problem, plan.solution.placement, plan.solution.evaluation
    for user in range(problem.users) if users is None else users:
        explanation = twinhop.explain(plan, user)
        assert len(explanation.alternatives) == problem.stations - 1
        for each in explanation.alternatives:
            after = moved(placement, user, each.station)
            evaluation = evaluate(problem, after)
            if not each.obstacles:
                assert not breaks(before, evaluation, problem, after, user, each.station)
                assert each.change.total == pytest.approx(evaluation.cost - before.cost, rel=1e-9, abs=1e-11)
            elif math.isfinite(evaluation.cost):
                assert breaks(before, evaluation, problem, after, user, each.station)
        totals = [each.change.total for each in explanation.possible]
        assert totals == sorted(totals)
        json.dumps(explanation.to_json(), allow_nan=False)


@settings(max_examples=100, deadline=None)
@given(feasible_seeds(80), st.sampled_from(["lagrangian", "nearest", "random"]))
def test_changes_are_those_of_the_evaluation(seed, policy):
    plan = twinhop.plan(PlacementProblem(**tiny(seed)[0]), policy)
    if math.isfinite(plan.cost):
        check_against_evaluation(plan)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 60))
def test_changes_under_demands(seed):
    arrays, optimum = tiny_demand(seed)
    if math.isfinite(optimum):
        check_against_evaluation(twinhop.plan(PlacementProblem(**arrays)))


@pytest.mark.parametrize("rule", ["optimal", "equal", "proportional"])
@pytest.mark.parametrize("policy", ["lagrangian", "nearest"])
def test_changes_under_every_cpu_rule(rule, policy):
    problem = PlacementProblem(**deadline_arrays(20, 5, seed=2), cpu_rule=rule)
    check_against_evaluation(twinhop.plan(problem, policy), range(0, 20, 5))


def test_changes_agree_with_the_oracle():
    """The oracle shares no code with the program."""
    for seed in first_tiny(25, feasible=True):
        arrays, oracle, _ = tiny(seed)
        plan = twinhop.plan(PlacementProblem(**arrays))
        host = plan.solution.placement.host.tolist()
        for each in twinhop.explain(plan, 0).alternatives:
            expected = oracle.cost([each.station, *host[1:]])
            assert math.isfinite(expected) == (not each.obstacles)
            if not each.obstacles:
                assert each.change.total == pytest.approx(expected - oracle.cost(host), rel=1e-7, abs=1e-9)


def remedied(plan, user, station, remedy):
    """The plan's problem with one thing changed as a remedy says."""
    problem = plan.solution.problem
    if remedy.what == "communication_ms":
        comm = problem.comm_s.copy()
        comm[user, station] -= remedy.by / 1e3
        return replace(problem, comm_s=np.maximum(comm, 0.0))
    if remedy.what == "deadline_ms":
        deadline = problem.deadline_s.copy()
        deadline[user] += remedy.by / 1e3
        return replace(problem, deadline_s=deadline)
    if remedy.what == "opening_s":
        opening = problem.opening_s.copy()
        opening[station] -= remedy.by
        return replace(problem, opening_s=np.maximum(opening, 0.0))
    name = {"cpu_gcycles_per_s": "cpu", "seats": "capacity", "demand_capacity": "demand_capacity"}[remedy.what]
    values = np.array(getattr(problem, name))
    values[station] += remedy.by * (1e9 if name == "cpu" else 1)
    return replace(problem, **{name: values})


def gain(problem, placement, user, station):
    return evaluate(problem, moved(placement, user, station)).cost - evaluate(problem, placement).cost


@settings(max_examples=120, deadline=None)
@given(feasible_seeds(80))
def test_remedies_do_what_they_say(seed):
    plan = twinhop.plan(PlacementProblem(**tiny(seed)[0]))
    placement = plan.solution.placement
    for user in range(plan.case.problem.users):
        for each in twinhop.explain(plan, user).alternatives:
            for remedy in each.remedies:
                problem = remedied(plan, user, each.station, remedy)
                after = evaluate(problem, moved(placement, user, each.station))
                assert not after.violations, remedy
                change = gain(problem, placement, user, each.station)
                if not each.obstacles:
                    assert change == pytest.approx(0.0, abs=1e-6 * plan.cost), remedy
                elif remedy.wins:
                    assert change < 1e-9, remedy


def test_demand_remedy():
    arrays = facility_arrays(12, 4, seed=1, slack=1.3)
    plan = twinhop.plan(PlacementProblem(**arrays))
    found = [
        (user, each.station, each.remedies[0])
        for user in range(12)
        for each in twinhop.explain(plan, user).alternatives
        if each.obstacles and each.remedies
    ]
    assert found
    for user, station, remedy in found:
        assert remedy.what == "demand_capacity"
        after = evaluate(remedied(plan, user, station, remedy), moved(plan.solution.placement, user, station))
        assert after.feasible


def test_every_obstacle_is_told():
    arrays = roomy_arrays(3, 5) | {
        "comm_s": np.array([[0.1, 0.2, np.inf, 0.2, 0.2], [0.1, 0.2, 0.2, 0.2, 0.2], [0.9, 0.1, 0.9, 0.9, 0.9]]),
        "capacity": np.array([3, 1, 3, 0, 3]),
        "cpu": np.array([9e9, 9e9, 9e9, 9e9, 1e8]),
        "update_comm_s": np.full((3, 5), 0.01),
        "update_work": np.full(3, 2e7),
        "deadline_s": np.full(3, 0.1),
    }
    problem = PlacementProblem(**arrays, station_ids=tuple("abcde"), user_ids=("ada", "bob", "cem"))
    case = make_case(problem)
    plan = Plan(case, twinhop.placement.solve(problem))
    plan = Plan(case, replace(plan.solution, placement=Placement.of_hosts(np.array([0, 0, 1]), 5)))
    plan = Plan(case, replace(plan.solution, evaluation=evaluate(problem, plan.solution.placement)))
    told = {problem.station_name(each.station): each.obstacles for each in twinhop.explain(plan, "ada").alternatives}
    assert told["b"] == ("no seat: 1 twin on 1 seat",)
    assert told["c"] == ("no link: the arc is forbidden",)
    assert told["d"] == ("not a host",)
    assert told["e"] == ("deadline 100 ms: needs 0.2222 Gcycle/s of its 0.1",)
    words = " ".join(sentences(twinhop.explain(plan, "ada")))
    assert "No other host may take the twin of ada as the plan is." in words
    both = replace(problem, update_comm_s=np.where(np.arange(5) == 1, 0.2, 0.01) + np.zeros((3, 5)))
    late = Plan(case, replace(plan.solution, problem=both, evaluation=evaluate(both, plan.solution.placement)))
    obstacles = {each.station: each.obstacles for each in twinhop.explain(late, "ada").alternatives}[1]
    assert obstacles[1] == "deadline 100 ms: sending one update there takes 200 ms before any computing"
    assert twinhop.explain(late, "cem").violations == ("deadline",)


@pytest.mark.parametrize(("source", "every"), [("family(30, 6, deadlines=on)", 1), ("city-small", 10)])
def test_terms_are_those_of_the_plan(source, every):
    plan = twinhop.plan(source)
    levels = service_levels(plan)
    problem = plan.case.problem
    parts = 0.0
    for user in range(0, problem.users, every):
        explanation = twinhop.explain(plan, user)
        latency = explanation.radio_s + explanation.wired_s + explanation.computing_s
        assert latency == pytest.approx(levels.placement_latency_s[user], rel=1e-9)
        assert explanation.wired_s >= -1e-12
        assert explanation.update_s == levels.update_s[user]
        parts += explanation.cost_share
        if explanation.access == explanation.host:
            assert explanation.wired_s == pytest.approx(0.0, abs=1e-12)
    if every == 1:
        assert parts + problem.constant_cost == pytest.approx(plan.cost, rel=1e-9)


def test_a_user_that_does_not_exist():
    plan = twinhop.plan("family(20, 4)")
    with pytest.raises(twinhop.InputError, match=r"no user 'u21'; did you mean 'u2' .* It has 20 users: u0, ..., u19"):
        twinhop.explain(plan, "u21")
    with pytest.raises(twinhop.InputError, match="no index 20 in .*; accepted: 0 to 19"):
        twinhop.explain(plan, 20)
    unnamed = twinhop.plan(PlacementProblem(**roomy_arrays(4, 2)))
    assert (
        twinhop.explain(unnamed, "3").user
        == twinhop.explain(unnamed, "#3").user
        == twinhop.explain(unnamed, 3).user
        == 3
    )


def test_one_station_has_no_alternative():
    explanation = twinhop.explain(twinhop.plan(PlacementProblem(**roomy_arrays(3, 1))), 0)
    assert (explanation.alternatives, explanation.next_best) == ((), None)
    assert explanation.to_json()["next_best"] is None


def test_oracle_and_problem_agree_on_the_plan():
    """Guards the test above: the oracle prices the plan as the program does."""
    arrays = tiny(first_tiny(1, feasible=True)[0])[0]
    plan = twinhop.plan(PlacementProblem(**arrays))
    assert Oracle(arrays).cost(plan.solution.placement.host.tolist()) == pytest.approx(plan.cost)
