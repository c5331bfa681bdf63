"""What every registered policy must keep, and the corners that every one meets."""

import dataclasses
import functools

import numpy as np
import pytest
from problem_makers import deadline_arrays, is_hosted_properly, roomy, roomy_arrays

from twinhop.errors import InputError
from twinhop.placement import PlacementProblem, policy_names, solve
from twinhop.placement.policy import placement_policy

N, M = 12, 4

CORNERS = {
    "one user": roomy_arrays(1, 4),
    "one station": roomy_arrays(9, 1),
    "one user, one station": roomy_arrays(1, 1),
    "as many users as stations": roomy_arrays(5, 5),
    "ties everywhere": roomy_arrays(N, M)
    | {
        "comm_s": np.full((N, M), 0.5),
        "root_work": np.full(N, 3e4),
        "cpu": np.full(M, 1e10),
        "opening_s": np.full(M, 0.1),
    },
    "no work": roomy_arrays(N, M) | {"root_work": np.zeros(N)},
    "work of some only": roomy_arrays(N, M) | {"root_work": np.where(np.arange(N) % 3 == 0, 0.0, 3e4)},
    "free opening": roomy_arrays(N, M) | {"opening_s": np.zeros(M)},
    "opening dear": roomy_arrays(N, M) | {"opening_s": np.full(M, 1e6)},
    "nothing but latency": roomy_arrays(N, M) | {"beta": 0.0},
    "no latency": roomy_arrays(N, M) | {"comm_s": np.zeros((N, M))},
    "nothing costs anything": roomy_arrays(N, M)
    | {"comm_s": np.zeros((N, M)), "root_work": np.zeros(N), "opening_s": np.zeros(M)},
    "exactly N seats": roomy_arrays(N, M) | {"capacity": np.array([5, 4, 2, 1])},
    "exactly N seats, one station shut": roomy_arrays(N, M) | {"capacity": np.array([5, 0, 6, 1])},
    "one seat each": roomy_arrays(5, 5) | {"capacity": np.ones(5, int)},
    "shut station without CPU": roomy_arrays(N, M)
    | {"capacity": np.array([N, 0, N, N]), "cpu": np.array([1e10, 0.0, 1e10, 1e10])},
    "a forbidden arc for each": roomy_arrays(N, M)
    | {"comm_s": np.where(np.arange(N)[:, None] % M == np.arange(M), np.inf, 0.5)},
    "a user with one choice": roomy_arrays(N, M)
    | {"comm_s": np.where((np.arange(N)[:, None] == 0) & (np.arange(M) > 0), np.inf, 0.5)},
    "energy": roomy_arrays(N, M) | {"energy_j": np.linspace(0, 1, N)},
    "sum, not mean": roomy_arrays(N, M) | {"alpha": float(N)},
    "tiny weights": roomy_arrays(N, M) | {"alpha": 1e-9, "beta": 1e-9},
    "huge weights": roomy_arrays(N, M) | {"alpha": 1e9, "beta": 1e9},
    "slow CPUs": roomy_arrays(N, M) | {"cpu": np.full(M, 1e7)},
}


@pytest.fixture(params=policy_names())
def policy(request):
    return request.param


def test_same_seed_same_answer_and_problem_untouched(policy):
    problem = roomy(16, 4, seed=4)
    before = {name: np.copy(value) for name, value in problem.arrays().items()}
    first, second = solve(problem, policy, seed=9), solve(roomy(16, 4, seed=4), policy, seed=9)
    assert first.placement.host.tobytes() == second.placement.host.tobytes()
    assert first.placement.open.tobytes() == second.placement.open.tobytes()
    assert first.cost == second.cost
    assert first.lower_bound == second.lower_bound
    for name, value in problem.arrays().items():
        assert np.array_equal(before[name], value), name


def test_answer_does_not_depend_on_the_global_stream(policy):
    problem = roomy(16, 4, seed=4)
    first = solve(problem, policy, seed=9)
    state = np.random.get_state()  # noqa: NPY002
    second = solve(problem, policy, seed=9)
    assert first.cost == second.cost
    assert (np.random.get_state()[1] == state[1]).all()  # noqa: NPY002


@functools.cache
def best_known(corner):
    """The least cost that any of three policies finds."""
    problem = PlacementProblem(**CORNERS[corner])
    return min(solve(problem, name).cost for name in ("greedy", "local_search", "lagrangian"))


@pytest.mark.parametrize("corner", CORNERS)
def test_corner(policy, corner):
    problem = PlacementProblem(**CORNERS[corner])
    solution = solve(problem, policy, seed=1)
    evaluation = solution.evaluation
    assert evaluation.feasible, evaluation.violations
    assert is_hosted_properly(problem, solution)
    assert np.isfinite(solution.cost)
    assert np.isfinite(evaluation.share).all()
    assert solution.cost == pytest.approx(
        problem.alpha * evaluation.latency_s + problem.beta * (evaluation.opening_s + evaluation.energy_j)
    )
    if solution.certificate is not None:
        assert solution.certificate.lower_bound <= best_known(corner) * (1 + 1e-9)
        assert np.isfinite(solution.lower_bound)


def test_certifying_policies_close_the_corners_that_are_easy(policy):
    for corner in ("one user", "one station", "nothing costs anything"):
        solution = solve(PlacementProblem(**CORNERS[corner]), policy)
        if solution.certificate is not None:
            assert solution.cost - solution.lower_bound <= 1e-5 * max(solution.cost, 1e-9)


def test_deadlines_leave_capacities_and_arcs_alone(policy):
    arrays = deadline_arrays(20, 5, seed=3)
    arrays["capacity"] = np.full(5, 5)
    problem = PlacementProblem(**arrays)
    solution = solve(problem, policy)
    assert is_hosted_properly(problem, solution)
    assert {violation.kind for violation in solution.evaluation.violations} <= {"deadline"}


def test_more_users_than_a_pass_can_look_at_in_one_go(policy, monkeypatch):
    """The clock is looked at between blocks of pairs; blocks of one user give the same as one block."""
    if policy not in ("local_search", "lagrangian", "greedy"):
        pytest.skip("has no swaps")
    whole = solve(roomy(25, 5, seed=2), policy)
    monkeypatch.setattr("twinhop.placement.search.SWAP_PAIRS", 25)
    assert solve(roomy(25, 5, seed=2), policy).cost == pytest.approx(whole.cost, rel=1e-9)


@pytest.mark.parametrize("c", [4.0, 0.0625, 1e3])
@pytest.mark.parametrize("deadlines", [False, True])
def test_cost_scales_with_time(policy, c, deadlines):
    """All times c-fold (works c-fold at the same CPUs): the same decision, c times the cost and the bound."""
    arrays = deadline_arrays(15, 4, seed=5) if deadlines else roomy_arrays(15, 4, seed=5)
    arrays["energy_j"] = np.linspace(0, 0.1, 15)
    powers = {
        "comm_s": c,
        "opening_s": c,
        "energy_j": c,
        "root_work": c**0.5,
        "update_comm_s": c,
        "update_work": c,
        "deadline_s": c,
    }
    scaled = {name: np.asarray(value) * powers.get(name, 1.0) for name, value in arrays.items()}
    one, many = solve(PlacementProblem(**arrays), policy), solve(PlacementProblem(**scaled), policy)
    assert many.cost == pytest.approx(c * one.cost, rel=1e-9 if policy != "exact" else 1e-4)
    if one.lower_bound is not None:
        assert many.lower_bound == pytest.approx(c * one.lower_bound, rel=1e-3)


def test_weights_scale_the_cost(policy):
    arrays = roomy_arrays(15, 4, seed=6)
    one = solve(PlacementProblem(**arrays), policy)
    many = solve(PlacementProblem(**arrays | {"alpha": 8.0, "beta": 8.0}), policy)
    assert many.cost == pytest.approx(8 * one.cost, rel=1e-9)


def test_names_are_found(policy):
    assert callable(placement_policy(policy).decide)


def test_unknown_name_is_refused_with_the_names_there_are():
    with pytest.raises(InputError, match=r"no policy named 'lagrangean'; did you mean 'lagrangian'\?.*greedy"):
        placement_policy("lagrangean")


@pytest.mark.parametrize(
    "wrong", [{"time_limit_s": 0}, {"time_limit_s": -1}, {"time_limit_s": float("nan")}, {"gap": -1e-9}]
)
def test_limits_out_of_range_are_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        solve(roomy(3, 2), "nearest", **wrong)


def test_gap_and_seed_out_of_range_are_refused():
    for gap in (float("nan"), float("inf")):
        with pytest.raises(InputError, match="gap"):
            solve(roomy(3, 2), "nearest", gap=gap)
    with pytest.raises(InputError, match="seed"):
        solve(roomy(3, 2), "nearest", seed=-1)


def test_asked_gap_is_reached_by_certifying_policies():
    for policy in ("lagrangian", "exact"):
        solution = solve(roomy(40, 8, seed=1), policy, gap=0.05)
        assert solution.gap <= 0.05


def test_solution_of_an_infeasible_rule_has_no_gap():
    """A plan that breaks a deadline has a cost but no gap."""
    arrays = deadline_arrays(20, 5, seed=3, deadline_s=(0.03, 0.08))
    late = solve(PlacementProblem(**arrays), "random", seed=0)
    assert not late.evaluation.feasible
    assert late.gap is None


def test_problem_is_not_changed_by_assignment():
    problem = roomy(3, 2)
    with pytest.raises(ValueError, match="read-only"):
        problem.comm_s[0, 0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        problem.alpha = 2.0
