"""Every failure in turn: bounds against brute force, the worst, who moves, and what is refused."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Oracle
from problem_makers import deadline_arrays, feasible_seeds, roomy, tiny

import twinhop
from twinhop.placement import PlacementProblem
from twinhop.plans.failure_survey import MOST_FAILURES, asked_together
from twinhop.plans.planning import make_case

SOURCE = "family(60, 8, deadlines=on)"


@settings(max_examples=25, deadline=None)
@given(feasible_seeds(), st.sampled_from(["stay", "free"]))
def test_costs_and_bounds_of_each_failure_against_brute_force(seed, moves):
    arrays = tiny(seed)[0]
    problem = PlacementProblem(**arrays)
    if (problem.capacity > 0).sum() == 1:
        with pytest.raises(twinhop.InputError, match="one must be left"):
            twinhop.survey_failures(problem)
        return
    survey = twinhop.survey_failures(problem, failure_moves=moves)
    host = survey.plan.solution.placement.host
    assert [case.stations for case in survey.cases] == [(int(k),) for k in np.unique(host)]
    for case in survey.cases:
        (k,) = case.stations
        reduced = arrays | {"capacity": np.where(np.arange(problem.stations) == k, 0, arrays["capacity"])}
        if moves == "stay":
            stays = (host != k)[:, None] & (np.arange(problem.stations) != host[:, None])
            reduced["comm_s"] = np.where(stays, np.inf, arrays["comm_s"])
        optimum = Oracle(reduced).optimum()
        if case.proof is not None:
            assert np.isinf(optimum)
            continue
        assert case.lower_bound <= optimum * (1 + 1e-9)
        assert case.cost >= optimum * (1 - 1e-9)
        low, high = survey.change_interval(case)
        assert low <= optimum - tiny(seed)[2] + 1e-9 and optimum - tiny(seed)[2] <= high + 1e-9
        assert set(case.displaced) == set(np.flatnonzero(host == k).tolist())


def test_the_same_as_failures_one_by_one():
    survey = twinhop.survey_failures(SOURCE)
    assert survey.worst is survey.ranked[0]
    changes = [survey.change(case) for case in survey.ranked]
    assert changes == sorted(changes, reverse=True)
    for case in survey.cases:
        alone = twinhop.plan(SOURCE, without=[survey.names(case)])
        assert case.cost == pytest.approx(alone.cost, rel=2e-3)
        assert case.lower_bound <= alone.cost and alone.lower_bound <= case.cost
    value = json.loads(json.dumps(survey.to_json(), allow_nan=False))
    assert value["worst_failure"] == value["failures"][0] and value["looked_at"] == value["planned"] == len(
        survey.cases
    )


def test_those_who_stay_stay():
    survey = twinhop.survey_failures(SOURCE, failure_moves="stay")
    for case in survey.cases:
        assert case.moved == case.displaced


def test_two_at_once_cost_no_less_than_either():
    plan = twinhop.plan(SOURCE)
    one = {case.stations[0]: case for case in twinhop.survey_failures(plan).cases}
    both = twinhop.survey_failures(plan, 2)
    opened = int(plan.solution.placement.open.sum())
    assert len(both.cases) == opened * (opened - 1) // 2
    for case in both.cases:
        assert case.cost >= max(one[k].lower_bound for k in case.stations)


def test_deadlines_are_kept_or_counted():
    arrays = deadline_arrays(8, 3, seed=3, deadline_s=(0.1, 0.25))
    problem = PlacementProblem(**(arrays | {"cpu": arrays["cpu"] * 0.14}))
    kept = twinhop.survey_failures(problem)
    counted = twinhop.survey_failures(problem, failure_deadlines="count")
    lost = [case.stations for case in kept.cases if case.status == "impossible"]
    assert lost and all(case.proof.kind == "deadlines" for case in kept.cases if case.stations in lost)
    assert "no plan keeps the constraints" in kept.report()
    assert kept.worst.status == "impossible"
    for case in counted.cases:
        assert case.placement is not None
        assert bool(case.late) == (case.stations in lost)
        assert case.lower_bound <= case.cost
    assert json.dumps(counted.to_json(), allow_nan=False)


def test_a_saved_placement_is_looked_at_as_it_is(tmp_path):
    twinhop.plan(SOURCE, "greedy").save(tmp_path)
    survey = twinhop.survey_failures(SOURCE, placement=tmp_path / "placement.json")
    assert survey.plan.solution.placement.host.tolist() == twinhop.plan(SOURCE, "greedy").to_json()["host"]
    low, high = survey.change_interval(survey.worst)
    assert low is not None and high is None


def test_policies_without_a_certificate_state_no_bound():
    survey = twinhop.survey_failures(SOURCE, policy="greedy")
    assert all(case.lower_bound is None and case.gap is None for case in survey.cases)
    assert all(survey.change_interval(case) == (None, None) for case in survey.cases)


def test_ctrl_c_keeps_what_was_looked_at():
    from twinhop.plans import failure_survey
    from twinhop.plans.failed_hosts import FailureRules

    def stop(done, _total):
        if done == 2:
            raise KeyboardInterrupt

    survey = failure_survey.survey(twinhop.plan(SOURCE), 1, FailureRules(), on_done=stop)
    assert survey.interrupted and len(survey.cases) == 2
    assert f"2 of {survey.planned} failures were looked at." in survey.report()


@pytest.mark.parametrize(
    ("together", "words"),
    [(0, "expected a whole number >= 1"), (3, "one must be left"), (40, "one must be left")],
)
def test_numbers_that_cannot_fail_are_refused(together, words):
    with pytest.raises(twinhop.InputError, match=words):
        twinhop.survey_failures(roomy(4, 3), together)


def test_too_many_ways_are_refused_with_their_number():
    problem = roomy(40, 26)
    everything = twinhop.Placement(np.arange(40) % 26, np.ones(26, bool))
    plan = twinhop.plan(problem, lambda problem: everything)
    with pytest.raises(twinhop.InputError, match=f"in 2600 ways; accepted: at most {MOST_FAILURES}"):
        twinhop.survey_failures(plan, 3)


def test_a_station_named_each_is_told_from_every_server():
    problem = PlacementProblem(**({**vars_of(roomy(4, 3)), "station_ids": ("each", "b", "c")}))
    case = make_case(problem)
    with pytest.raises(twinhop.InputError, match="is a station of"):
        asked_together(case, ["each"], None)
    assert asked_together(case, ["each,"], None) is None
    assert asked_together(case, [], 1) == 1
    assert twinhop.plan(problem, without=["each,"]).to_json()["without"] == [0]
    with pytest.raises(twinhop.InputError, match="expected it alone"):
        asked_together(make_case(roomy(4, 3)), ["each,#1"], None)


def vars_of(problem):
    return {
        name: getattr(problem, name)
        for name in ("comm_s", "root_work", "cpu", "capacity", "opening_s", "alpha", "beta")
    }


def test_moves_are_told_apart_from_what_a_failure_costs():
    now = twinhop.plan(SOURCE)
    gone = now.case.problem.station_name(now.to_json()["open"][0])
    dear = twinhop.plan(SOURCE, present=now, move_cost_s=100.0, without=[gone])
    own = dear.own_cost - now.cost
    assert 0 < own < 1 < dear.moves.cost
    words = dear.report()
    assert f"the cost changes by {own:+.6g}, and what moves cost by {dear.moves.cost:+.6g} besides" in words
    assert dear.to_json()["own_cost_without_failure"] == pytest.approx(now.cost)
