"""A thousand random tiny problems against brute force: bound <= optimum <= cost, infeasible exactly when it is."""

import math

import pytest
from problem_makers import AGREEMENT, is_hosted_properly, tiny

from twinhop.placement import InfeasibleProblem, PlacementProblem, policy_names, solve

BLOCK = 50
#: Relative distance of the exact solver from brute force.
EXACT_TOLERANCE = 1e-4
DEADLINE_ARRAYS = ("update_comm_s", "update_work", "deadline_s")
HEURISTICS = [name for name in policy_names() if name not in ("exact", "lagrangian")]


def answer(seed, policy):
    """The problem, its solution (None where proved infeasible), the oracle and its optimum."""
    arrays, oracle, optimum = tiny(seed)
    problem = PlacementProblem(**arrays)
    assert problem.unmeetable.tolist() == oracle.unmeetable, f"seed {seed}"
    try:
        solution = solve(problem, policy)
    except InfeasibleProblem as error:
        assert optimum == math.inf, f"seed {seed}: {policy} says {error}, brute force finds {optimum}"
        return problem, None, oracle, optimum
    return problem, solution, oracle, optimum


def check_certified(seed, policy):
    """The solution of a certifying policy, or None; it is feasible, rightly priced and rightly bounded."""
    _, solution, oracle, optimum = answer(seed, policy)
    if solution is None:
        return None
    where = f"seed {seed}: {policy}"
    assert math.isfinite(optimum), f"{where} plans what brute force finds infeasible"
    assert solution.evaluation.feasible, f"{where}: {solution.evaluation.violations}"
    priced = oracle.cost(solution.placement.host.tolist(), solution.placement.open.tolist())
    assert solution.cost == pytest.approx(priced, rel=AGREEMENT), where
    assert solution.cost >= optimum * (1 - AGREEMENT), where
    assert solution.certificate.lower_bound <= optimum * (1 + AGREEMENT), where
    assert solution.lower_bound <= solution.cost, where
    return solution


@pytest.mark.parametrize("start", range(0, 1000, BLOCK))
def test_lagrangian_brackets_the_optimum(start):
    solved = [check_certified(seed, "lagrangian") for seed in range(start, start + BLOCK)]
    assert any(solved)
    assert not all(solved)


@pytest.mark.parametrize(
    "start", [*range(0, 200, BLOCK), *(pytest.param(k, marks=pytest.mark.slow) for k in range(200, 1000, BLOCK))]
)
def test_exact_is_optimal(start):
    for seed in range(start, start + BLOCK):
        solution = check_certified(seed, "exact")
        if solution is not None:
            assert solution.cost <= tiny(seed)[2] * (1 + EXACT_TOLERANCE), f"seed {seed}"
            assert solution.gap is None or solution.gap <= EXACT_TOLERANCE, f"seed {seed}"


@pytest.mark.parametrize("policy", HEURISTICS)
def test_other_policies_never_beat_the_optimum(policy):
    for seed in range(150):
        problem, solution, oracle, optimum = answer(seed, policy)
        if solution is None:
            continue
        where = f"seed {seed}: {policy}"
        assert is_hosted_properly(problem, solution), where
        priced = oracle.cost(solution.placement.host.tolist(), solution.placement.open.tolist())
        assert math.isfinite(priced) == solution.evaluation.feasible, where
        if solution.evaluation.feasible:
            assert solution.cost == pytest.approx(priced, rel=AGREEMENT), where
            assert solution.cost >= optimum * (1 - AGREEMENT), where
        kinds = {violation.kind for violation in solution.evaluation.violations}
        assert kinds <= {"deadline"}, where


@pytest.mark.parametrize("policy", HEURISTICS)
def test_other_policies_refuse_what_no_capacity_can_hold(policy):
    """Baselines do not look at deadlines, but seats and reachability are proved by every policy."""
    refused = 0
    for seed in range(60):
        arrays = {name: value for name, value in tiny(seed)[0].items() if name not in DEADLINE_ARRAYS}
        problem = PlacementProblem(**arrays)
        try:
            solve(problem, policy)
        except InfeasibleProblem as error:
            refused += 1
            assert error.proof.kind in ("unreachable", "capacity")
            assert tiny(seed)[2] == math.inf
    assert refused > 5
