"""Any prices give a lower bound: the certificate against brute force under arbitrary prices."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problem_makers import AGREEMENT, deadline_arrays, feasible_seeds, roomy_arrays, tiny

from twinhop.placement import Certificate, Part, PlacementProblem, Prices, certify, certify_parts, solve
from twinhop.placement.budget import Budget
from twinhop.placement.certificate import ROUNDING_MARGIN, charges
from twinhop.placement.price_ascent import PriceAscent
from twinhop.placement.search import Search


def numbers(count, low, high):
    return st.lists(st.floats(low, high, allow_subnormal=False), min_size=count, max_size=count).map(np.array)


@st.composite
def priced(draw):
    """A tiny feasible problem and prices of any size: of the users, of congestion and of seats."""
    seed = draw(feasible_seeds())
    users, stations = tiny(seed)[0]["comm_s"].shape
    scale = draw(st.sampled_from([0.1, 1.0, 10.0]))
    theta_scale = draw(st.sampled_from([1e-6, 1e-5, 1e-4]))
    price = draw(numbers(users, -scale, 3 * scale))
    theta = draw(numbers(stations, 0, theta_scale))
    return seed, price, theta, draw(numbers(stations, 0, scale))


@settings(max_examples=400)
@given(priced())
def test_no_prices_lift_the_bound_above_the_optimum(case):
    seed, price, theta, nu = case
    arrays, _, optimum = tiny(seed)
    bound = certify(PlacementProblem(**arrays), price, theta, nu).lower_bound
    assert bound <= optimum * (1 + AGREEMENT)


@pytest.mark.slow
@settings(max_examples=20_000)
@given(priced())
def test_no_prices_lift_the_bound_above_the_optimum_many_more(case):
    seed, price, theta, nu = case
    arrays, _, optimum = tiny(seed)
    assert certify(PlacementProblem(**arrays), price, theta, nu).lower_bound <= optimum * (1 + AGREEMENT)


@settings(max_examples=400)
@given(
    feasible_seeds(),
    st.integers(0, 2**32 - 1),
    st.sampled_from([1e-3, 0.02, 0.2, 1.0]),
    st.sampled_from([0.0, 1e-3, 0.1]),
)
def test_prices_near_the_best_ones_stay_below_the_optimum(seed, noise_seed, noise, seat_noise):
    """The dangerous neighbourhood: prices that nearly close the gap, shaken."""
    arrays, _, optimum = tiny(seed)
    problem, best = best_prices(seed)
    rng = np.random.default_rng(noise_seed)
    price = best.price * (1 + noise * rng.standard_normal(best.price.size))
    theta = best.congestion * np.abs(1 + noise * rng.standard_normal(best.congestion.size))
    nu = best.seat_price + seat_noise * rng.random(best.seat_price.size)
    assert certify(problem, price, theta, nu).lower_bound <= optimum * (1 + AGREEMENT)
    assert certify(problem, price, theta, nu).lower_bound <= optimum + 1e-12


PRICED = {}


def best_prices(seed):
    if seed not in PRICED:
        problem = PlacementProblem(**tiny(seed)[0])
        PRICED[seed] = problem, solve(problem, "lagrangian").certificate.parts[0].prices
    return PRICED[seed]


@pytest.mark.parametrize("deadlines", [False, True])
def test_certificate_is_reproduced_from_its_own_prices(deadlines):
    arrays = deadline_arrays(40, 6, seed=1) if deadlines else roomy_arrays(40, 6, seed=1)
    problem = PlacementProblem(**arrays)
    found = solve(problem, "lagrangian").certificate
    again = [certify(PlacementProblem(**arrays), *each.prices, part=each.part) for each in found.parts]
    assert min(each.lower_bound for each in again) == found.lower_bound
    assert found.method == "prices"


@pytest.mark.parametrize("deadlines", [False, True])
@pytest.mark.parametrize("capacity", [None, 9])
def test_compiled_ascent_and_certificate_agree(deadlines, capacity):
    """The ascent's value (fast-math) and the certified one differ by rounding alone."""
    arrays = deadline_arrays(40, 6, seed=2) if deadlines else roomy_arrays(40, 6, seed=2)
    if capacity:
        arrays["capacity"] = np.full(6, capacity)
    problem = PlacementProblem(**arrays)
    search = Search(problem, Budget())
    search.start()
    ascent = PriceAscent(search)
    ascent.run()
    scaled = problem.alpha / problem.users * ascent.bound + problem.constant_cost
    assert ascent.certificate().lower_bound == pytest.approx(scaled, rel=1e-9)
    assert ascent.certificate().lower_bound <= scaled * (1 + 1e-11)


def test_bound_is_rounded_down():
    """All terms are powers of two, whose sums are exact: what is missing of the bound is the margin on their sizes."""
    arrays = roomy_arrays(4, 2) | {"alpha": 4.0, "energy_j": np.full(4, 0.5), "opening_s": np.array([0.25, 8.0])}
    arrays["comm_s"] = np.array([[0.0625, 16.0], [16.0, 16.0], [16.0, 16.0], [16.0, 16.0]])
    problem = PlacementProblem(**arrays)
    bound = certify(problem, np.full(4, 0.125), np.zeros(2), np.zeros(2)).lower_bound
    exact = 4 * 0.125 + (0.25 - 0.0625) + 0.5  # prices, the first station less what its user gains, energy
    sizes = 4 * 0.125 + (0.25 + 0.0625 + 0.125 + 0.0625) + 0.5
    assert exact - bound == pytest.approx(ROUNDING_MARGIN * sizes, rel=1e-2, abs=0)


def test_zero_prices_give_the_openings_that_are_forced():
    """Nothing is paid, so the bound is the m0 cheapest openings and the constant."""
    arrays = roomy_arrays(10, 4) | {"capacity": np.full(4, 4), "energy_j": np.full(10, 0.5)}
    problem = PlacementProblem(**arrays)
    assert problem.least_open == 3
    found = certify(problem, np.zeros(10), np.zeros(4), np.zeros(4)).lower_bound
    assert found == pytest.approx(np.sort(arrays["opening_s"])[:3].sum() + 0.5)


def brute_charge(s, floor, theta):
    """Least w/f + theta^2 f / 4 over f >= floor, on a fine grid of f."""
    grid = np.geomspace(1e3, 1e14, 400_001)
    grid = np.append(grid[grid >= floor], floor) if floor > 0 else grid
    return float((s * s / grid + theta * theta * grid / 4).min())


@pytest.mark.parametrize("theta", [1e-6, 1e-5, 1e-4])
def test_charges_are_the_least_over_the_shares_allowed(theta):
    problem = PlacementProblem(**deadline_arrays(8, 2, seed=7))
    found = charges(problem, np.array([0]), np.array([theta]))[:, 0]
    for i in range(8):
        floor = problem.floor[i, 0]
        if np.isfinite(floor):
            assert found[i] == pytest.approx(brute_charge(problem.root_work[i], floor, theta), rel=1e-6)
            assert found[i] >= theta * problem.root_work[i] * (1 - 1e-12)


def test_a_bound_above_a_plan_is_reported_and_not_shown(caplog):
    solution = solve(PlacementProblem(**roomy_arrays(8, 3)))
    for excess, logged in ((1e-10, False), (1e-3, True)):
        certificate = Certificate("branch-and-cut", searched=solution.cost * (1 + excess))
        caplog.clear()
        assert dataclasses.replace(solution, certificate=certificate).lower_bound == solution.cost
        assert ("exceeds the cost" in caplog.text) == logged
    caplog.clear()
    assert solution.lower_bound == solution.certificate.lower_bound < solution.cost and not caplog.text


def test_the_bound_is_the_least_of_the_parts_or_what_a_search_proved():
    problem = PlacementProblem(**roomy_arrays(8, 3))
    price = Prices(np.full(8, 0.3), np.zeros(3), np.zeros(3))
    other = price._replace(price=np.full(8, 0.2))
    one, more = Part(1, 1, (), ()), Part(2, 3, (), ())
    listed = certify_parts(problem, [(one, price), (more, other)])
    alone = [certify(problem, *price, part=one).lower_bound, certify(problem, *other, part=more).lower_bound]
    assert [each.lower_bound for each in listed.parts] == alone
    assert listed.lower_bound == min(alone) and listed.method == "prices"
    assert Certificate("branch-and-bound", listed.parts, max(alone) + 1).lower_bound == max(alone) + 1
    for method, searched in (("prices", 1.0), ("branch-and-cut", None)):
        with pytest.raises(ValueError, match=method):
            Certificate(method, searched=searched)
