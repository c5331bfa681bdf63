"""twinhop.load, plan and compare from Python."""

import json
import math

import numpy as np
import pytest
from problem_makers import roomy, roomy_arrays, tight_deadline_arrays

import twinhop
from twinhop.placement import policy_names, save_problem
from twinhop.plans.planning import make_case

SMALL = "family(20, 4)"


def test_public_names_are_there():
    for name in dir(twinhop):
        assert getattr(twinhop, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'plann'"):
        twinhop.plann  # noqa: B018


def test_load_tells_scenarios_from_problems(tmp_path):
    save_problem(roomy(5, 3), tmp_path / "p.npz")
    save_problem(roomy(5, 3), tmp_path / "q.NPZ")
    assert isinstance(twinhop.load(tmp_path / "p.npz"), twinhop.PlacementProblem)
    assert isinstance(twinhop.load(str(tmp_path / "q.NPZ")), twinhop.PlacementProblem)
    assert isinstance(twinhop.load(SMALL), twinhop.Scenario)
    assert twinhop.load(SMALL, seed=7).seed == 7


def test_all_kinds_of_sources_give_the_same_plan(tmp_path):
    scenario = twinhop.load(SMALL)
    path = tmp_path / "city.yaml"
    twinhop.scenario.save_scenario(scenario, path)
    plans = [twinhop.plan(source) for source in (SMALL, scenario, path, str(path))]
    assert len({plan.cost for plan in plans}) == 1
    problem = make_case(scenario).problem
    save_problem(problem, tmp_path / "p.npz")
    for source in (problem, tmp_path / "p.npz"):
        assert twinhop.plan(source).cost == plans[0].cost


@pytest.mark.parametrize("source", [None, 3, {"name": "a"}, np.ones((2, 2))])
def test_other_sources_are_refused(source):
    with pytest.raises(twinhop.InputError, match="expected a Scenario, a PlacementProblem, a path or a preset name"):
        twinhop.plan(source)


def test_plan_says_who_is_where():
    plan = twinhop.plan(SMALL)
    assert len(plan.hosts) == 20
    assert plan.feasible
    assert plan.lower_bound <= plan.cost
    assert plan.gap == pytest.approx(plan.cost / plan.lower_bound - 1)
    constant = plan.case.problem.unavoidable_cost
    assert plan.gap_net == pytest.approx((plan.cost - constant) / (plan.lower_bound - constant) - 1)
    assert plan.gap_net >= plan.gap


def test_gaps_are_null_without_a_positive_bound():
    free = twinhop.PlacementProblem(
        **roomy_arrays(5, 2) | {"comm_s": np.zeros((5, 2)), "root_work": np.zeros(5), "opening_s": np.zeros(2)}
    )
    plan = twinhop.plan(free)
    assert plan.cost == 0
    assert plan.lower_bound <= 0
    assert (plan.gap, plan.gap_net) == (None, None)
    baseline = twinhop.plan(SMALL, "nearest")
    assert (baseline.lower_bound, baseline.gap, baseline.gap_net) == (None, None, None)


def test_seed_changes_the_world_and_the_policy_does_not():
    """Common random numbers: every policy sees the same world, another seed another one."""
    worlds = {policy: twinhop.plan(SMALL, policy, seed=3).case.problem.comm_s for policy in policy_names()}
    first = next(iter(worlds.values()))
    for policy, comm in worlds.items():
        assert comm.tobytes() == first.tobytes(), policy
    assert twinhop.plan(SMALL, seed=4).case.problem.comm_s.tobytes() != first.tobytes()


def test_seed_of_a_problem_seeds_the_policy_alone():
    problem = roomy(20, 5)
    hosts = {twinhop.plan(problem, "random", seed=seed).solution.placement.host.tobytes() for seed in range(8)}
    assert len(hosts) > 4
    assert twinhop.plan(problem, "random", seed=2).cost == twinhop.plan(problem, "random", seed=2).cost


def test_negative_seed_is_refused():
    for source in (SMALL, roomy(3, 2)):
        with pytest.raises(twinhop.InputError, match="seed"):
            twinhop.plan(source, seed=-1)


def test_json_is_plain_and_has_every_field_of_the_interface():
    plan = twinhop.plan("family(20, 4, deadlines=on)")
    value = json.loads(json.dumps(plan.to_json(), allow_nan=False))
    fields = "policy cost terms lower_bound gap gap_net feasible violations unmeetable open host users"
    assert set(value) >= {*fields.split(), "cpu_share_cycles_per_s", "stations", "seconds", "seed"}
    assert len(value["cpu_share_cycles_per_s"]) == len(value["host"]) == value["users"] == 20
    assert twinhop.plan(SMALL).to_json()["cpu_share_cycles_per_s"] is None


def test_infinite_violations_are_valid_json():
    """A twin that gets no CPU share is late without end; JSON has no number for that."""
    arrays = roomy_arrays(2, 1) | {
        "cpu": np.array([1e9]),
        "root_work": np.zeros(2),
        "update_comm_s": np.array([[0.1], [0.1]]),
        "update_work": np.array([6e7, 6e7]),
        "deadline_s": np.array([0.2, 0.2]),
    }
    plan = twinhop.plan(twinhop.PlacementProblem(**arrays), "nearest")
    assert not plan.feasible
    json.dumps(plan.to_json(), allow_nan=False)
    assert "late" in plan.report()


def test_infeasible_problems_carry_their_proof():
    problem = twinhop.PlacementProblem(**roomy_arrays(6, 2) | {"capacity": np.array([2, 3])})
    for call in (twinhop.plan, twinhop.compare):
        with pytest.raises(twinhop.InfeasibleProblem) as caught:
            call(problem)
        assert caught.value.proof.kind == "capacity"
        assert isinstance(caught.value, twinhop.TwinhopError)


# Comparisons.


def test_comparison_shares_the_world_and_the_bound():
    comparison = twinhop.compare(SMALL, ["nearest", "greedy", "lagrangian"], seed=5)
    assert [plan.solution.policy for plan in comparison.plans] == ["nearest", "greedy", "lagrangian"]
    assert len({id(plan.case.problem) for plan in comparison.plans}) == 1
    assert comparison.bound_by == "lagrangian"
    for plan, row in zip(comparison.plans, comparison.rows(), strict=True):
        assert plan.cost == twinhop.plan(SMALL, plan.solution.policy, seed=5).cost
        assert row["gap"] == pytest.approx(plan.cost / comparison.lower_bound - 1)
        assert row["cost"] >= comparison.lower_bound
    json.dumps(comparison.to_json(), allow_nan=False)


def test_comparison_of_baselines_gets_its_bound_from_lagrangian():
    comparison = twinhop.compare(SMALL, ["nearest", "random"])
    assert len(comparison.plans) == 2
    assert comparison.bound_by == "lagrangian"
    assert 0 < comparison.lower_bound <= min(plan.cost for plan in comparison.plans)


def test_comparison_takes_the_better_bound():
    comparison = twinhop.compare(SMALL, ["lagrangian", "exact"])
    assert comparison.lower_bound == max(plan.lower_bound for plan in comparison.plans)


def test_infeasible_plans_in_a_comparison_have_no_gap():
    problem = twinhop.PlacementProblem(**tight_deadline_arrays())
    comparison = twinhop.compare(problem, ["random", "lagrangian"])
    assert not comparison.plans[0].feasible
    row = comparison.rows()[0]
    assert row["gap"] is None
    assert row["violation_count"] > 0
    assert math.isfinite(row["cost"])


@pytest.mark.parametrize(
    ("policies", "message"),
    [
        ([], "none given"),
        (["nearest", "best"], "no policy named 'best'"),
        (["nearest", "nearest"], "nearest given more than once"),
    ],
)
def test_lists_of_policies_that_are_refused(policies, message):
    with pytest.raises(twinhop.InputError, match=message):
        twinhop.compare(SMALL, policies)
