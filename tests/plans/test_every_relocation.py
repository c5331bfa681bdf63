"""All moves at once against those of one user, and against the evaluation of the moved placement."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problem_makers import deadline_arrays, facility_arrays, feasible_seeds, roomy_arrays, tight_deadline_arrays, tiny

import twinhop
from twinhop.placement import Placement, PlacementProblem, evaluate
from twinhop.placement.priced_deadlines import PricedDeadlines
from twinhop.plans.alternatives import Relocation, alternatives
from twinhop.plans.every_relocation import OBSTACLES, every_relocation, priced_shares


def change_alone(problem, placement, user):
    """What `explain` says of each other station, without what would have to change, which takes long to find."""
    relocation = Relocation(problem, placement, user)
    return {k: relocation.change(k) for k in range(problem.stations) if k != relocation.host}


def check(problem, placement, users=None, *, obstacles=True):
    """Every entry is what `explain` says, and what `evaluate` makes of the moved placement where that is feasible."""
    users = np.arange(problem.users) if users is None else users
    result = every_relocation(problem, placement, users)
    before = evaluate(problem, placement)
    for row, i in enumerate(users.tolist()):
        changes = change_alone(problem, placement, i)
        if obstacles:
            others = {each.station: each for each in alternatives(Relocation(problem, placement, i))}
        for at, k in enumerate(result.hosts.tolist()):
            change, obstacle = result.change[row, at], int(result.obstacle[row, at])
            if k == placement.host[i]:
                assert change == 0 and obstacle == 0
                continue
            if obstacles:
                assert bool(others[k].obstacles) == bool(obstacle), (i, k, others[k], OBSTACLES[obstacle])
            if changes[k] is None:
                assert np.isnan(change), (i, k, change)
            else:
                assert change == pytest.approx(changes[k].total, rel=1e-7, abs=1e-10 * max(1, abs(before.cost)))
            if not obstacle:
                host = placement.host.copy()
                host[i] = k
                opened = placement.open.copy()
                opened[k], opened[placement.host[i]] = True, (host == placement.host[i]).any()
                after = evaluate(problem, Placement(host, opened))
                assert change == pytest.approx(after.cost - before.cost, rel=1e-7, abs=1e-10 * max(1, abs(before.cost)))
    return result


@settings(max_examples=20, deadline=None)
@given(feasible_seeds(15), st.sampled_from(["lagrangian", "nearest", "random"]))
def test_tiny_problems(seed, policy):
    plan = twinhop.plan(PlacementProblem(**tiny(seed)[0]), policy)
    if math.isfinite(plan.cost):
        check(plan.solution.problem, plan.solution.placement, np.arange(min(3, plan.case.problem.users)))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("cpu", [1.0, 0.3, 0.12])
def test_deadlines_that_bind_more_and_more(seed, cpu):
    arrays = deadline_arrays(25, 6, seed, (0.05, 0.3))
    problem = PlacementProblem(**arrays | {"cpu": arrays["cpu"] * cpu, "capacity": np.full(6, 8)})
    rng = np.random.default_rng(seed)
    host = rng.integers(0, 6, 25)
    result = check(problem, Placement(host, np.bincount(host, minlength=6) > 0), obstacles=seed == 0 and cpu < 0.2)
    assert len(np.unique(result.obstacle)) > 1 or cpu == 1.0


@pytest.mark.parametrize("rule", ["equal", "proportional"])
def test_other_rules_of_sharing_and_users_without_work(rule):
    arrays = roomy_arrays(12, 4)
    arrays["root_work"][::3] = 0.0
    problem = PlacementProblem(**arrays, cpu_rule=rule)
    host = np.array([0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 0])
    check(problem, Placement(host, np.array([True, True, True, False])))


def test_tight_deadlines_demands_and_a_server_with_one_twin():
    problem = PlacementProblem(**tight_deadline_arrays())
    check(problem, twinhop.plan(problem).solution.placement, np.arange(0, 20, 5))
    facilities = PlacementProblem(**facility_arrays(8, 3))
    check(facilities, twinhop.plan(facilities).solution.placement)
    lonely = PlacementProblem(**roomy_arrays(3, 3))
    check(lonely, Placement(np.array([0, 1, 2]), np.ones(3, bool)))


@pytest.mark.parametrize("seed", range(8))
def test_deadlines_at_a_price(seed):
    arrays = roomy_arrays(14, 4, seed)
    rng = np.random.default_rng(seed)
    deadlines = PricedDeadlines(
        arrays["comm_s"] * 0.05, rng.uniform(1e9, 4e9, 14), rng.uniform(0.1, 0.9, 14), arrays["cpu"], 0.4
    )
    problem = PlacementProblem(
        **arrays | {"comm_s": arrays["comm_s"] + deadlines.surcharge_s}, priced_deadlines=deadlines
    )
    host = rng.integers(0, 3, 14)
    placement = Placement(host, np.bincount(host, minlength=4) > 0)
    assert 0 < evaluate(problem, placement).late.sum() < 14
    check(problem, placement)
    assert priced_shares(problem, placement, np.arange(14)) == 14 * (14 + 4)


def test_rows_that_stand_for_many():
    arrays = roomy_arrays(10, 3)
    weight = np.arange(1.0, 11.0)
    part = weight * 10 / weight.sum()
    arrays |= {"comm_s": arrays["comm_s"] * part[:, None], "root_work": arrays["root_work"] * np.sqrt(weight * part)}
    problem = PlacementProblem(**arrays, weight=weight, demand=weight, demand_capacity=np.array([30.0, 25.0, 22.0]))
    host = np.array([0, 0, 1, 1, 1, 1, 2, 2, 0, 0])
    result = check(problem, Placement(host, np.ones(3, bool)))
    assert (result.obstacle == OBSTACLES.index("its demand does not fit")).any()


def test_a_city_with_deadlines():
    plan = twinhop.plan("city-small")
    result = check(plan.case.problem, plan.solution.placement, np.arange(0, 150, 7), obstacles=False)
    assert np.isfinite(result.change).any() and result.change.shape == (22, 17)
