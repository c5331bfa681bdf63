"""Hosts that fail: who moves, what it costs, and what is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Oracle
from problem_makers import deadline_arrays, feasible_seeds, roomy_arrays, tiny

import twinhop
from twinhop.placement import PlacementProblem, evaluate
from twinhop.plans.failure import loss_bounds
from twinhop.plans.planning import make_case

SOURCE = "family(60, 8, deadlines=on)"


def test_nobody_is_left_on_a_host_that_fails():
    plain = twinhop.plan(SOURCE)
    gone = plain.to_json()["open"][:2]
    names = [plain.case.problem.station_name(k) for k in gone]
    plan = twinhop.plan(SOURCE, without=names)
    value = plan.to_json()
    assert value["without"] == gone
    assert not set(value["host"]) & set(gone)
    assert value["cost_without_failure"] == plain.cost
    assert value["lower_bound_without_failure"] == plain.lower_bound
    assert value["cost"] >= value["lower_bound_without_failure"]
    before = plain.to_json()["host"]
    assert {entry["user"] for entry in value["moved"]} == {
        i for i, (a, b) in enumerate(zip(before, value["host"], strict=True)) if a != b
    }
    for entry in value["moved"]:
        assert entry["host_gone"] == (before[entry["user"]] in gone)
        assert (entry["from"], entry["to"]) == (before[entry["user"]], value["host"][entry["user"]])
    assert sum(entry["host_gone"] for entry in value["moved"]) == sum(host in gone for host in before)
    json.dumps(value, allow_nan=False)
    assert "## What fails" in plan.report()


def test_radios_go_on_working():
    plan = twinhop.plan("city-small", without=["b6"])
    case = make_case("city-small")
    assert np.array_equal(plan.case.radio.access, case.radio.access)
    assert np.array_equal(plan.case.problem.comm_s, case.problem.comm_s)
    assert (plan.case.radio.access == 6).any()


def test_a_closed_host_that_fails_moves_nobody():
    plain = twinhop.plan(SOURCE)
    shut = [plain.case.problem.station_name(k) for k in range(8) if k not in plain.to_json()["open"]]
    assert shut
    plan = twinhop.plan(SOURCE, without=shut)
    assert plan.to_json()["moved"] == []
    assert plan.cost == plain.cost


@settings(max_examples=60, deadline=None)
@given(feasible_seeds(), st.integers(0, 2**32 - 1))
def test_bounds_and_losses_hold_against_brute_force(seed, pick):
    arrays = tiny(seed)[0]
    problem = PlacementProblem(**arrays)
    hosts = np.flatnonzero(problem.capacity > 0)
    failed = int(hosts[pick % hosts.size])
    reduced = arrays | {"capacity": np.where(np.arange(problem.stations) == failed, 0, arrays["capacity"])}
    optimum = Oracle(reduced).optimum()
    if hosts.size == 1:
        with pytest.raises(twinhop.InputError, match="at least one must be left"):
            twinhop.plan(problem, without=[f"#{failed}"])
        return
    if not np.isfinite(optimum):
        with pytest.raises(twinhop.InfeasibleProblem):
            twinhop.plan(problem, without=[f"#{failed}"])
        return
    plan = twinhop.plan(problem, without=[f"#{failed}"])
    assert plan.lower_bound <= optimum * (1 + 1e-9) + 1e-12
    assert plan.cost >= optimum - 1e-9 * max(1.0, optimum)
    low, high = loss_bounds(plan)
    loss = optimum - Oracle(arrays).optimum()
    assert low - 1e-9 <= loss <= high + 1e-9


def test_deadlines_that_nobody_can_keep_any_more_are_told():
    arrays = deadline_arrays(4, 3, seed=0, deadline_s=(0.5, 0.6))
    arrays["update_comm_s"] = np.array([[0.1, 0.9, 0.9]] + [[0.1, 0.1, 0.1]] * 3)
    plan = twinhop.plan(PlacementProblem(**arrays), without=["#0"])
    assert plan.to_json()["newly_unmeetable"] == [0]
    assert plan.feasible
    assert "No station can keep the deadlines of 1 user (#0) any more" in plan.report()


def test_failure_and_moves_together():
    """Twins whose host fails pay for their move wherever they go; others stay where moves are dear."""
    start = twinhop.plan(SOURCE)
    host = np.array(start.to_json()["host"])
    gone = int(host[0])
    plan = twinhop.plan(SOURCE, without=[start.case.problem.station_name(gone)], present=start, move_cost_s=100.0)
    value = plan.to_json()
    assert {move["user"] for move in value["moves"]} == set(np.flatnonzero(host == gone).tolist())
    assert all(move["host_gone"] for move in value["moves"])
    assert value["moved"] == value["moves"]
    assert value["cost_without_failure"] == pytest.approx(start.cost)
    problem = plan.case.problem
    own = evaluate(problem, plan.solution.placement).cost
    assert value["cost"] == pytest.approx(own + 100.0 * len(value["moves"]) * problem.alpha / problem.users)


def test_stations_with_commas_in_their_names():
    problem = replace(PlacementProblem(**roomy_arrays(4, 3)), station_ids=("a,b", "a", "b"))
    assert twinhop.plan(problem, without=["a,b"]).to_json()["without"] == [0]
    assert twinhop.plan(problem, without=["a, b"]).to_json()["without"] == [1, 2]
    assert twinhop.plan(problem, without=["b", "a,b"]).to_json()["without"] == [0, 2]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["b66"], r"'city-small' has no station 'b66'; did you mean 'b6'\? It has 20 stations: b0, b1"),
        (["zz"], r"'city-small' has no station 'zz'; it has 20 stations: b0, b1"),
        ([" , "], "no station named; expected names of stations, separated by commas"),
        ([",".join(f"b{k}" for k in range(20))], "all 17 stations of 'city-small' that may host would fail"),
    ],
)
def test_names_that_are_refused(names, message):
    with pytest.raises(twinhop.InputError, match=message):
        twinhop.plan("city-small", without=names)


def test_a_station_that_is_no_host_cannot_fail_as_one():
    plan = twinhop.plan("city-small", without=["b0"])
    assert plan.notes == ("1 station (b0) hosts nothing anyway: as a host it cannot fail",)
    assert plan.cost == plan.failure.reference.cost


def test_too_few_seats_left_is_proved():
    with pytest.raises(twinhop.InfeasibleProblem, match="short"):
        twinhop.plan("family(30, 4, capacity=9)", without=["b1"])
