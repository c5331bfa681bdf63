"""Deadlines: joint infeasibility proved, shares that keep them, CPU rules that leave the bound valid."""

import functools

import numpy as np
import pytest
from oracle import Oracle, random_tiny
from problem_makers import deadline_arrays, first_tiny, roomy_arrays, tiny

from twinhop.errors import InputError
from twinhop.placement import InfeasibleProblem, Placement, PlacementProblem, evaluate, save_problem, solve

DEADLINES = ("update_comm_s", "update_work", "deadline_s")


@functools.cache
def jointly_infeasible():
    """Seeds of tiny problems whose seats suffice but whose deadlines cannot be met together."""
    found = []
    for seed in range(1000):
        arrays = random_tiny(seed)
        if "deadline_s" not in arrays:
            continue
        try:
            plan = solve(PlacementProblem(**arrays), "nearest")
        except InfeasibleProblem:
            continue
        if not plan.evaluation.feasible and tiny(seed)[2] == np.inf:
            found.append(seed)
    return found


def only(arrays, users):
    """The problem of these users alone, the others taken out; weights aside."""
    rows = {"comm_s", "root_work", "energy_j", *DEADLINES}
    return {name: value[list(users)] if name in rows else value for name, value in arrays.items()}


def test_there_are_such_problems():
    assert len(jointly_infeasible()) >= 10


@pytest.mark.parametrize("policy", ["lagrangian", "exact", "greedy", "local_search"])
def test_jointly_unmeetable_deadlines_are_proved_by_users_who_alone_are_infeasible(policy):
    for seed in jointly_infeasible():
        arrays = tiny(seed)[0]
        with pytest.raises(InfeasibleProblem) as caught:
            solve(PlacementProblem(**arrays), policy)
        proof = caught.value.proof
        assert proof.kind == "deadlines", seed
        assert Oracle(only(arrays, proof.users)).optimum() == np.inf, seed
        assert not set(proof.users) & set(Oracle(arrays).unmeetable), seed
        assert "deadline" in str(caught.value)


def test_proof_is_minimal_where_there_is_time():
    """Without any one of the named users the rest fit (a deletion filter ran to its end)."""
    for seed in jointly_infeasible():
        arrays = tiny(seed)[0]
        with pytest.raises(InfeasibleProblem) as caught:
            solve(PlacementProblem(**arrays), "lagrangian")
        users = caught.value.proof.users
        for left_out in users:
            rest = [i for i in users if i != left_out]
            if rest:
                assert np.isfinite(Oracle(only(arrays, rest)).optimum()), (seed, users, left_out)


@pytest.mark.parametrize("seed", range(8))
def test_shares_keep_the_deadlines_and_the_capacity(seed):
    arrays = deadline_arrays(40, 6, seed, (0.1, 0.5))
    problem = PlacementProblem(**arrays)
    solution = solve(problem, "lagrangian")
    share, host = solution.evaluation.share, solution.placement.host
    assert solution.evaluation.feasible
    assert (np.bincount(host, share, minlength=6) <= arrays["cpu"] * (1 + 1e-9)).all()
    update = arrays["update_comm_s"][np.arange(40), host] + arrays["update_work"] / share
    meetable = np.setdiff1d(np.arange(40), problem.unmeetable)
    assert (update[meetable] <= arrays["deadline_s"][meetable] * (1 + 1e-8)).all()
    assert solution.evaluation.update_latency_s == pytest.approx(update)


def test_deadlines_bind_in_these_problems_and_cost():
    arrays = deadline_arrays(40, 6, 1, (0.1, 0.3))
    free = {name: value for name, value in arrays.items() if name not in DEADLINES}
    with_deadlines, without = (solve(PlacementProblem(**a), "lagrangian") for a in (arrays, free))
    assert with_deadlines.cost > without.cost * (1 + 1e-6)
    assert with_deadlines.lower_bound >= without.lower_bound * (1 - 1e-3)


def test_slack_deadlines_change_nothing():
    arrays = deadline_arrays(40, 6, 1, (1e3, 1e4))
    free = {name: value for name, value in arrays.items() if name not in DEADLINES}
    one, two = (solve(PlacementProblem(**a), "lagrangian") for a in (arrays, free))
    assert one.cost == pytest.approx(two.cost, rel=1e-3)
    priced = evaluate(PlacementProblem(**arrays), two.placement)
    assert priced.cost == pytest.approx(two.cost, rel=1e-12)


def test_infinite_deadlines_are_no_deadlines():
    arrays = deadline_arrays(20, 4, 1) | {"deadline_s": np.full(20, np.inf)}
    problem = PlacementProblem(**arrays)
    assert problem.unmeetable.size == 0
    assert (problem.floor == 0).all()
    assert solve(problem, "lagrangian").evaluation.feasible


def test_unmeetable_users_are_listed_and_planned_without_their_deadline():
    arrays = deadline_arrays(20, 4, 1, (0.5, 0.9))
    arrays["deadline_s"][[3, 7]] = 1e-6
    problem = PlacementProblem(**arrays)
    assert problem.unmeetable.tolist() == [3, 7]
    for policy in ("lagrangian", "exact", "nearest"):
        solution = solve(problem, policy)
        assert solution.evaluation.feasible
        assert not solution.evaluation.violations


def test_an_exact_fit_is_feasible():
    """Minimum shares that add up to the CPU, up to rounding, are kept with nothing to spare."""
    users = 7
    arrays = roomy_arrays(users, 1) | {
        "cpu": np.array([1e9]),
        "update_comm_s": np.full((users, 1), 0.1),
        "update_work": np.full(users, 0.1 * 1e9 / users),
        "deadline_s": np.full(users, 0.2),
    }
    for policy in ("lagrangian", "exact", "greedy", "local_search"):
        solution = solve(PlacementProblem(**arrays), policy)
        assert solution.evaluation.feasible, policy
        assert solution.evaluation.share.sum() <= 1e9 * (1 + 1e-9)
    arrays["update_work"] = arrays["update_work"] * (1 + 1e-6)
    with pytest.raises(InfeasibleProblem):
        solve(PlacementProblem(**arrays), "lagrangian")


@pytest.mark.parametrize("rule", ["equal", "proportional"])
@pytest.mark.parametrize("deadlines", [False, True])
def test_other_rules_price_above_the_optimal_one_and_the_bound_holds(rule, deadlines):
    arrays = deadline_arrays(25, 5, 2, (0.3, 0.6)) if deadlines else roomy_arrays(25, 5, 2)
    optimal, other = PlacementProblem(**arrays), PlacementProblem(**arrays, cpu_rule=rule)
    for policy in ("lagrangian", "nearest", "exact"):
        solution = solve(other, policy)
        again = evaluate(optimal, solution.placement)
        assert solution.cost > again.cost
        if solution.lower_bound is not None:
            assert solution.lower_bound <= solve(optimal, policy).cost
            assert solution.gap > 0
    if not deadlines:
        host = solution.placement.host
        members = np.bincount(host, minlength=5)
        works = np.bincount(host, arrays["root_work"] ** 2, minlength=5)
        assert solution.evaluation.computing_s * 25 == pytest.approx((members * works / arrays["cpu"]).sum())


def test_bound_under_another_rule_is_below_every_plan_under_it():
    """Tiny problems priced equally over all plans: the bound of lagrangian stays below the cheapest."""
    for seed in first_tiny(25, feasible=True, deadlines=False):
        arrays = tiny(seed)[0]
        users, stations = arrays["comm_s"].shape
        if stations**users > 300:
            continue
        problem = PlacementProblem(**arrays, cpu_rule="equal")
        costs = []
        for number in range(stations**users):
            host = np.array([number // stations**i % stations for i in range(users)])
            found = evaluate(problem, Placement.of_hosts(host, stations))
            costs += [found.cost] if found.feasible else []
        assert solve(problem, "lagrangian").lower_bound <= min(costs) * (1 + 1e-9), seed


@pytest.mark.parametrize("rule", ["equal", "proportional"])
def test_problem_file_refuses_other_rules(rule, tmp_path):
    with pytest.raises(InputError, match=f"cpu_rule.*optimal.*{rule}"):
        save_problem(PlacementProblem(**roomy_arrays(4, 2), cpu_rule=rule), tmp_path / "p.npz")
    assert list(tmp_path.iterdir()) == []
