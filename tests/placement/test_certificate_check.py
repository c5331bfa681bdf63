"""Certificates that a policy of one's own returns: recomputed, and refused where they do not hold."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problem_makers import roomy

from twinhop.errors import InputError, UnprovedBoundWarning
from twinhop.placement import Certificate, Decision, Part, certify, certify_parts, solve
from twinhop.placement.certificate import PricedPart
from twinhop.placement.certificate_check import holds_all_plans

PROBLEM = roomy(12, 4)
SOLUTION = solve(PROBLEM, "lagrangian")
PRICES = SOLUTION.certificate.parts[0].prices


def solved_with(certificate):
    return solve(PROBLEM, lambda problem: Decision(SOLUTION.placement, certificate))


def part(**changes):
    return Part(**{"fewest": PROBLEM.least_open, "most": PROBLEM.stations, "opened": (), "shut": ()} | changes)


def test_what_follows_from_its_prices_is_kept():
    solution = solved_with(certify(PROBLEM, *PRICES))
    assert solution.lower_bound == certify(PROBLEM, *PRICES).lower_bound
    assert solution.gap >= 0


def test_a_bound_above_what_the_prices_prove_is_refused():
    honest = certify(PROBLEM, *PRICES).parts[0]
    raised = dataclasses.replace(honest, lower_bound=honest.lower_bound * 1.001)
    with pytest.raises(InputError, match="part 0: its lower bound .* does not follow from its prices, which prove"):
        solved_with(Certificate("prices", (raised,)))


def test_no_part_and_parts_that_leave_plans_out_are_refused():
    with pytest.raises(InputError, match="parts do not hold every plan"):
        solved_with(Certificate("prices", ()))
    for left_out in (part(fewest=PROBLEM.least_open + 1), part(shut=(0,)), part(opened=(1,))):
        with pytest.raises(InputError, match="parts do not hold every plan"):
            solved_with(certify_parts(PROBLEM, [(left_out, PRICES)]))
    halves = [(part(opened=(2,)), PRICES), (part(shut=(2,)), PRICES)]
    assert solved_with(certify_parts(PROBLEM, halves)).lower_bound <= SOLUTION.cost


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"price": np.zeros(3)}, r"price of shape \(3,\)"),
        ({"price": np.full(12, np.nan)}, "expected finite numbers"),
        ({"congestion": -np.ones(4)}, "congestion is negative"),
        ({"seat_price": -np.ones(4)}, "seat_price is negative"),
    ],
)
def test_prices_that_are_none_are_refused(changes, words):
    wrong = PricedPart(part(), PRICES._replace(**changes), 1.0)
    with pytest.raises(InputError, match=words):
        solved_with(Certificate("prices", (wrong,)))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"shut": (-1,)}, "part 0: shut names -1; expected stations from 0 to 3"),
        ({"shut": (4,)}, "part 0: shut names 4"),
        ({"opened": (9,)}, "part 0: opened names 9"),
        ({"opened": (0, 0)}, "part 0: opened names a station twice"),
        ({"fewest": 0.5}, "part 0: fewest is 0.5; expected a whole number"),
    ],
)
def test_parts_that_name_no_stations_are_refused(changes, words):
    """Station -1 was taken for the last one by the bound, and for none by the look whether all plans are held."""
    with pytest.raises(InputError, match=words):
        solved_with(Certificate("prices", (PricedPart(part(**changes), PRICES, 0.0),)))


def test_prices_of_other_kinds_of_numbers_count_as_float64():
    lists = PRICES._replace(price=PRICES.price.tolist(), congestion=PRICES.congestion.tolist())
    halves = PRICES._replace(price=PRICES.price.astype(np.float32))
    for prices in (lists, halves):
        solution = solved_with(Certificate("prices", (PricedPart(part(), prices, 0.0),)))
        exact = PRICES._replace(price=np.asarray(prices.price, np.float64))
        assert solution.lower_bound == certify(PROBLEM, *exact).lower_bound
    with pytest.raises(InputError, match="price is no array"):
        solved_with(Certificate("prices", (PricedPart(part(), PRICES._replace(price=["a"] * 12), 0.0),)))


def test_a_bound_by_a_search_is_left_out_with_a_warning():
    with pytest.warns(UnprovedBoundWarning, match="by branch-and-cut, which cannot be recomputed; it is left out"):
        assert solved_with(Certificate("branch-and-cut", searched=SOLUTION.cost)).lower_bound is None
    listed = certify(PROBLEM, *PRICES).parts
    with pytest.warns(UnprovedBoundWarning, match="what its parts prove is taken"):
        solution = solved_with(Certificate("branch-and-bound", listed, SOLUTION.cost))
    assert solution.lower_bound == listed[0].lower_bound


def test_a_bound_by_a_search_is_held_against_the_optimum_of_a_tiny_problem():
    solutions = (solve(roomy(8, 3, seed)) for seed in range(50))
    solution = next(each for each in solutions if each.certificate.searched is not None)
    problem = solution.problem

    def solved_again(bound):
        certificate = dataclasses.replace(solution.certificate, searched=bound)
        return solve(problem, lambda _: Decision(solution.placement, certificate))

    for bound in (solution.lower_bound, 0.5 * solution.cost, solution.cost):
        assert solved_again(bound).lower_bound == pytest.approx(bound, rel=1e-9)
    for wrong in (1.001 * solution.cost, np.inf, np.nan):
        with pytest.raises(InputError, match="is above the optimum"):
            solved_again(wrong)


@pytest.mark.parametrize("seed", range(20))
def test_certificates_of_the_solver_pass(seed):
    problem = roomy(20, 6, seed)
    solution = solve(problem, "lagrangian", gap=1e-9)
    assert holds_all_plans(problem, [each.part for each in solution.certificate.parts])


def brute(problem, parts):
    hosts = np.flatnonzero(problem.capacity > 0).tolist()
    for count in range(problem.least_open, len(hosts) + 1):
        for opened in itertools.combinations(hosts, count):
            if not any(
                each.fewest <= count <= each.most
                and set(each.opened) <= set(opened)
                and not set(each.shut) & set(opened)
                for each in parts
            ):
                return False
    return True


@given(st.integers(0, 10**6))
@settings(max_examples=300, deadline=None)
def test_coverage_against_every_set(seed):
    rng = np.random.default_rng(seed)
    problem = dataclasses.replace(PROBLEM, capacity=rng.choice([0, 6, 12], 4, p=[0.2, 0.4, 0.4]))
    if problem.capacity.sum() < 12:
        return
    parts = []
    for _ in range(rng.integers(1, 7)):
        decided = rng.choice(3, 4, p=[0.6, 0.2, 0.2])
        opened, shut = (tuple(np.flatnonzero(decided == each).tolist()) for each in (1, 2))
        low = int(rng.integers(0, 3))
        parts.append(Part(low, int(rng.integers(low, 5)), opened, shut))
    assert holds_all_plans(problem, parts) == brute(problem, parts)
