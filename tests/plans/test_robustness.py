"""Loads that vary: what is drawn, what breaks, and how sure the share is."""

import json
import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from pictures import check_picture
from problem_makers import roomy

import twinhop
from twinhop.formulation import formulate
from twinhop.placement import evaluate
from twinhop.plans.planning import make_case, plan_case
from twinhop.plans.robustness import loaded, parse_load, sample_robustness
from twinhop.result import versioned
from twinhop.stats.intervals import wilson_interval
from twinhop.stats.quantiles import sample_summary
from twinhop.streams import stream

TIGHT = "family(60, 6, deadlines=on)"


@pytest.fixture(scope="module")
def broken():
    """A plan that breaks now and then."""
    result = twinhop.robustness(TIGHT, 0.5, samples=60)
    assert 0 < result.broken < 60
    return result


def test_every_sample_is_the_evaluation_of_the_world_with_other_sizes(broken):
    """Sizes are multiplied; rates, positions and the placement stay; the CPU is shared anew."""
    factors = stream(0, "robustness.load")
    case, placement = broken.plan.case, broken.plan.solution.placement
    planned = broken.plan.evaluation.update_latency_s <= case.problem.deadline_s * (1 + 1e-8)
    for at in range(5):
        factor = factors.uniform(0.5, 1.5, 60)
        problem = loaded(case, factor)
        assert np.allclose(problem.root_work, case.problem.root_work * np.sqrt(factor))
        assert np.allclose(problem.energy_j, case.problem.energy_j * factor)
        assert np.array_equal(problem.deadline_s, case.problem.deadline_s)
        assert np.array_equal(problem.capacity, case.problem.capacity)
        evaluation = evaluate(problem, placement)
        assert broken.cost[at] == evaluation.cost
        assert broken.latency_s[at] == evaluation.latency_s
        late = planned & (evaluation.update_latency_s > case.problem.deadline_s * (1 + 1e-8))
        assert broken.missed[at] == late.sum()


def test_counts_agree(broken):
    assert broken.broken == (broken.missed > 0).sum()
    assert broken.user_missed.sum() == broken.missed.sum()
    assert broken.user_missed.max() <= broken.station_broken.max() <= broken.broken
    value = broken.to_json()
    assert [entry["broken"] for entry in value["breaking_users"]] == sorted(
        (int(count) for count in broken.user_missed if count), reverse=True
    )
    hosts = {broken.plan.hosts[entry["user_id"]] for entry in value["breaking_users"]}
    assert {entry["station_id"] for entry in value["breaking_stations"]} == hosts
    low, high = value["broken_interval"]
    assert low < value["broken_share"] < high
    json.dumps(value, allow_nan=False)


def test_the_same_seed_gives_the_same_and_more_samples_go_on(broken):
    longer = twinhop.robustness(TIGHT, 0.5, samples=80)
    assert np.array_equal(longer.cost[:60], broken.cost)
    other = sample_robustness(broken.plan, 0.5, 60, seed=1)
    assert not np.array_equal(other.cost, broken.cost)
    assert twinhop.robustness(broken.plan, 0.5, 60).to_json() == broken.to_json()


def test_policies_see_the_same_loads():
    """Common random numbers: the energy term depends on the load alone."""
    plans = [twinhop.plan(TIGHT, policy) for policy in ("nearest", "lagrangian")]
    constant = []
    for plan in plans:
        result = twinhop.robustness(plan, 0.3, 4)
        terms = plan.case.problem.beta * plan.evaluation.opening_s
        constant.append(result.cost - plan.case.problem.alpha * result.latency_s - terms)
    assert np.allclose(*constant, rtol=1e-9)


def test_deadlines_missed_as_planned_do_not_count():
    plan = twinhop.plan("family(100, 10, deadlines=on)", "random", seed=1)
    late = {each.user for each in plan.evaluation.violations if each.kind == "deadline"}
    assert late
    result = twinhop.robustness(plan, 0.05, 20)
    assert all(result.user_missed[user] == 0 for user in late)


def test_a_user_whom_no_station_could_serve_counts_as_late():
    """A deadline met as planned, with loads under which sending alone takes longer everywhere."""
    plan = twinhop.plan(TIGHT)
    sending = plan.case.problem.update_comm_s.min(axis=1)
    deadline = np.where(np.arange(60) == 7, 1.3 * sending, 9.0)
    world = replace(plan.case.world, deadline_s=deadline)
    case = replace(plan.case, world=world, problem=formulate(world, plan.case.radio))
    tight = plan_case(case, "lagrangian")
    assert tight.feasible
    result = sample_robustness(tight, 1.0, 40)
    heavy = loaded(case, np.full(60, 2.0))
    assert 7 in heavy.unmeetable
    assert 5 < result.user_missed[7] == result.missed.sum() < 35


def test_small_loads_do_not_break_a_roomy_plan():
    result = twinhop.robustness("city-small", 0.01, samples=20)
    assert result.broken == 0
    assert result.interval[0] == 0.0
    assert result.interval[1] == pytest.approx(0.161, abs=1e-3)
    assert abs(result.cost / result.plan.cost - 1).max() < 0.02


def test_without_deadlines_nothing_breaks():
    result = twinhop.robustness("family(20, 3)", 0.3, samples=10)
    value = result.to_json()
    assert (value["broken"], value["broken_share"], value["broken_interval"], value["missed"]) == (None,) * 4
    assert value["breaking_users"] == value["breaking_stations"] == []
    assert value["cost"]["p5"] <= value["cost"]["p50"] <= value["cost"]["worst"]


def test_hosts_that_fail_stay_failed():
    plan = twinhop.plan("city-small", without=["b6"])
    assert loaded(plan.case, np.ones(150)).capacity[6] == 0
    assert twinhop.robustness(plan, 0.2, 3).samples == 3


def test_a_saved_placement_is_sampled(tmp_path):
    twinhop.plan(TIGHT, "nearest").save(tmp_path)
    result = twinhop.robustness(TIGHT, 0.2, samples=3, placement=tmp_path / "placement.json")
    assert result.plan.solution.policy == "nearest"


@pytest.mark.parametrize("source", [TIGHT, "family(20, 3)"])
def test_exactly_three_files(source, tmp_path):
    result = twinhop.robustness(source, 0.5, samples=30)
    written = result.save(tmp_path / "out")
    assert [path.name for path in written] == [
        f"robustness.{suffix}" for suffix in ("csv", "json", "parquet", "png", "tex")
    ]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [path.name for path in written]
    check_picture(tmp_path / "out" / "robustness.png", 1200, 600)
    assert json.loads((tmp_path / "out" / "robustness.json").read_text()) == versioned(
        json.loads(json.dumps(result.to_json()))
    )
    rows = pl.read_parquet(tmp_path / "out" / "robustness.parquet")
    assert rows.height == 30
    assert rows["cost"].to_numpy().tolist() == result.cost.tolist()


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (1, 100, 0.0018, 0.0545), (1, 1, 0.2065, 1)],
)
def test_wilson(hits, trials, low, high):
    """Reference values of the score interval, by its closed form."""
    assert wilson_interval(hits, trials) == pytest.approx((low, high), abs=1e-4)


def test_spread_of_infinite_values_is_null():
    value = sample_summary(np.array([1.0, 2.0, math.inf]))
    assert (value["worst"], value["mean"], value["p50"]) == (None, None, 2.0)


@pytest.mark.parametrize(("text", "share"), [("20", 0.2), ("20%", 0.2), ("+-5 %", 0.05), ("0.5%", 0.005), ("100", 1)])
def test_loads_that_are_read(text, share):
    assert parse_load(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["0.2", "0", "-5", "101", "many", "", "nan", "1e2", "20%%"])
def test_loads_that_are_refused(text):
    with pytest.raises(twinhop.InputError, match="load: got"):
        parse_load(text)


def test_problem_files_are_refused():
    with pytest.raises(twinhop.InputError, match="robustness needs a scenario"):
        twinhop.robustness(roomy(5, 2), 0.2)
    with pytest.raises(twinhop.InputError, match="robustness needs a scenario"):
        twinhop.robustness(twinhop.plan(roomy(5, 2)), 0.2)


@pytest.mark.parametrize("arguments", [{"load": 0.0}, {"load": 1.5}, {"samples": 0}, {"samples": 10**9}, {"seed": -1}])
def test_arguments_out_of_range(arguments):
    plan = twinhop.plan("family(10, 2)")
    with pytest.raises(twinhop.InputError, match=next(iter(arguments))):
        twinhop.robustness(plan, **{"load": 0.2} | arguments)


def test_world_and_case_are_left_alone():
    case = make_case(TIGHT)
    before = case.world.history_bits.copy()
    loaded(case, np.full(60, 2.0))
    assert np.array_equal(case.world.history_bits, before)
