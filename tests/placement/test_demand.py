"""Demands and demand capacities: every solver against the oracle, bounds under any prices, proofs, loops."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Oracle, all_hosts
from problem_makers import AGREEMENT, deadline_arrays, facility_arrays, roomy_arrays, tiny_demand

from twinhop.errors import InputError
from twinhop.placement import (
    InfeasibleProblem,
    Placement,
    PlacementProblem,
    certify,
    evaluate,
    load_problem,
    policy_names,
    save_problem,
    solve,
)
from twinhop.placement.budget import Budget
from twinhop.placement.demand_response import knapsack_response
from twinhop.placement.descent import associate
from twinhop.placement.price_ascent import PriceAscent
from twinhop.placement.search import Search
from twinhop.placement.station_load import NOBODY, attach, detach, has_room, make_hosting, make_instance

SEEDS = range(60)
FEASIBLE = [seed for seed in SEEDS if math.isfinite(tiny_demand(seed)[1])]


def test_the_sample_has_every_kind():
    assert len(FEASIBLE) > 30 and len(FEASIBLE) < len(SEEDS)
    assert {"deadline_s" in tiny_demand(seed)[0] for seed in FEASIBLE} == {True, False}
    assert {bool(tiny_demand(seed)[0]["root_work"].any()) for seed in FEASIBLE} == {True, False}


@pytest.mark.parametrize("seed", SEEDS)
def test_exact_finds_the_optimum_of_the_oracle_or_proves_there_is_none(seed):
    arrays, optimum = tiny_demand(seed)
    problem = PlacementProblem(**arrays)
    if math.isinf(optimum):
        with pytest.raises(InfeasibleProblem):
            solve(problem, "exact")
        return
    solution = solve(problem, "exact")
    assert solution.evaluation.feasible
    assert solution.cost == pytest.approx(optimum, rel=1e-5)
    assert solution.certificate.lower_bound <= optimum * (1 + AGREEMENT)


@pytest.mark.parametrize("seed", FEASIBLE)
def test_lagrangian_is_feasible_and_bounded_by_the_optimum(seed):
    arrays, optimum = tiny_demand(seed)
    solution = solve(PlacementProblem(**arrays), "lagrangian")
    assert solution.evaluation.feasible
    assert solution.cost >= optimum * (1 - AGREEMENT)
    assert solution.certificate.lower_bound <= optimum * (1 + AGREEMENT)
    assert Oracle(arrays).cost(solution.placement.host) == pytest.approx(solution.cost)


@settings(max_examples=500)
@given(st.sampled_from(FEASIBLE), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 1e-3, 0.03, 0.3, 1.0]))
def test_no_demand_prices_lift_the_bound_above_the_optimum(seed, noise_seed, noise):
    """Prices that nearly close the gap, shaken, and arbitrary ones."""
    arrays, optimum = tiny_demand(seed)
    problem, best = best_prices(seed)
    rng = np.random.default_rng(noise_seed)

    def shaken(values):
        return np.abs(values * (1 + noise * rng.standard_normal(values.size)) + 0.1 * noise * rng.random(values.size))

    price = best.price * (1 + noise * rng.standard_normal(best.price.size))
    prices = (price, shaken(best.congestion), shaken(best.seat_price), shaken(best.demand_price))
    assert certify(problem, *prices).lower_bound <= optimum * (1 + AGREEMENT) + 1e-12


PRICED = {}


def best_prices(seed):
    if seed not in PRICED:
        problem = PlacementProblem(**tiny_demand(seed)[0])
        PRICED[seed] = problem, solve(problem, "lagrangian").certificate.parts[0].prices
    return PRICED[seed]


@pytest.mark.parametrize("kind", ["facility", "work", "seats", "deadlines"])
def test_ascent_and_certificate_agree(kind):
    """The compiled response and the certified bound differ by rounding (and the tolerance of bisection) alone."""
    arrays = facility_arrays(30, 6, seed=1, slack=1.2)
    if kind != "facility":
        arrays |= deadline_arrays(30, 6, seed=1) if kind == "deadlines" else roomy_arrays(30, 6, seed=1)
    if kind == "seats":
        arrays["capacity"] = np.full(6, 7)
    problem = PlacementProblem(**arrays)
    search = Search(problem, Budget())
    search.start()
    ascent = PriceAscent(search)
    ascent.run()
    certificate = ascent.certificate()
    scaled = problem.alpha / problem.users * ascent.bound + problem.constant_cost
    assert certificate.lower_bound == pytest.approx(scaled, rel=1e-8)
    prices = certificate.parts[0].prices
    assert (prices.demand_price > 0).any()
    assert certificate.lower_bound <= solve(problem, "lagrangian").cost
    dear = np.full(6, 1e9)  # whatever is charged for demand, the bound stays one
    assert certify(problem, *prices._replace(demand_price=dear)).lower_bound < scaled


@settings(max_examples=300)
@given(st.integers(0, 2**32 - 1))
def test_knapsack_response_is_the_linear_knapsack(seed):
    """Against a linear programme's optimality conditions: feasible, and its value equals its dual."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 30))
    worth = rng.normal(size=n)
    worth[rng.random(n) < 0.1] = -np.inf
    demand = rng.integers(0, 9, n).astype(float)
    room = float(rng.integers(0, 40))
    share = np.empty(n)
    mu, value = knapsack_response(worth, demand, room, share, np.empty(n, np.int64))
    assert ((share >= 0) & (share <= 1)).all() and share @ demand <= room + 1e-9 and mu >= 0
    taken = share > 0
    assert (worth[taken] * share[taken]).sum() == pytest.approx(value)
    assert value == pytest.approx(room * mu + np.maximum(worth - mu * demand, 0)[np.isfinite(worth)].sum())


def test_every_cost_and_violation_of_a_small_problem():
    arrays = facility_arrays(5, 3, seed=3, slack=1.3)
    problem, oracle = PlacementProblem(**arrays), Oracle(arrays)
    feasible = 0
    for host in all_hosts(5, 3):
        found = evaluate(problem, Placement.of_hosts(np.array(host), 3))
        price = oracle.cost(host)
        assert found.feasible == math.isfinite(price)
        assert {violation.kind for violation in found.violations} <= {"demand"}
        for violation in found.violations:
            load = sum(arrays["demand"][i] for i in range(5) if host[i] == violation.station)
            assert violation.by == pytest.approx(load - arrays["demand_capacity"][violation.station])
            assert violation.user is None
        if found.feasible:
            feasible += 1
            assert found.cost == pytest.approx(price)
    assert 0 < feasible < 3**5


def test_bookkeeping_of_demands_and_room():
    problem = PlacementProblem(**facility_arrays(6, 2, seed=1))
    instance = make_instance(problem)
    hosting = make_hosting(instance, np.array([0, 0, 1, NOBODY, NOBODY, NOBODY]))
    demand, capacity = problem.demand, problem.demand_capacity
    for i, k in ((3, 0), (4, 1), (5, 1)):
        if has_room(instance, hosting, i, k, NOBODY):
            attach(instance, hosting, i, k)
    for k in range(2):
        assert hosting.demand_load[k] == demand[hosting.host == k].sum() <= capacity[k]
    for i in range(3, 6):
        for leaving in np.flatnonzero(hosting.host == 0):
            fits = demand[hosting.host == 0].sum() - demand[leaving] + demand[i] <= capacity[0]
            if hosting.host[i] != 0:
                assert has_room(instance, hosting, i, 0, int(leaving)) == fits
    for i in range(6):
        if hosting.host[i] != NOBODY:
            detach(instance, hosting, i)
    assert (hosting.demand_load == 0).all()


@pytest.mark.parametrize("policy", policy_names())
def test_every_policy_keeps_roomy_demand_capacities(policy):
    solution = solve(PlacementProblem(**facility_arrays(25, 5, seed=2, slack=4.0)), policy, seed=1)
    assert {violation.kind for violation in solution.evaluation.violations} <= {"demand"}
    if policy in ("greedy", "local_search", "lagrangian", "exact"):
        assert solution.evaluation.feasible


@pytest.mark.parametrize("policy", ["greedy", "local_search", "lagrangian", "exact"])
@pytest.mark.parametrize("seed", range(6))
def test_tight_knapsacks_are_packed(policy, seed):
    """Capacities all but used up: greedy seats do not fit, branch and bound finds how."""
    arrays = facility_arrays(12, 4, seed=seed)
    host = np.random.default_rng(seed).integers(0, 4, 12)
    arrays["demand_capacity"] = np.bincount(host, arrays["demand"], minlength=4) + 1
    assert solve(PlacementProblem(**arrays), policy).evaluation.feasible


def test_fractional_demands_that_fill_a_station_exactly():
    arrays = facility_arrays(10, 2, seed=1) | {"demand": np.full(10, 0.1), "demand_capacity": np.array([0.7, 0.3])}
    for policy in ("lagrangian", "exact"):
        solution = solve(PlacementProblem(**arrays), policy)
        assert solution.evaluation.feasible
        assert np.bincount(solution.placement.host).tolist() == [7, 3]


class TestInfeasible:
    def proof(self, **changes):
        with pytest.raises(InfeasibleProblem) as caught:
            solve(PlacementProblem(**facility_arrays(8, 3, seed=1) | changes))
        return caught.value.proof

    def test_more_demand_than_capacity(self):
        proof = self.proof(demand_capacity=np.array([10.0, 20.0, 30.0]), demand=np.full(8, 9.0))
        assert (proof.kind, proof.users, proof.stations) == ("demand", tuple(range(8)), (0, 1, 2))
        assert "add up to 72" in proof.message and "12 short" in proof.message

    def test_a_station_that_hosts_nobody_has_no_capacity(self):
        proof = self.proof(capacity=np.array([8, 8, 0]), demand=np.full(8, 9.0), demand_capacity=np.full(3, 30.0))
        assert proof.kind == "demand" and proof.stations == (0, 1)

    def test_a_user_too_large_for_every_station(self):
        demand = np.ones(8)
        demand[5] = 31.0
        proof = self.proof(demand=demand, demand_capacity=np.array([10.0, 20.0, 30.0]))
        assert (proof.kind, proof.users) == ("demand", (5,))
        assert "#5" in proof.message and "capacity of 30" in proof.message

    def test_what_no_sharing_out_can_fit(self):
        proof = self.proof(demand=np.array([6.0] * 4 + [0.0] * 4), demand_capacity=np.array([11.0, 11.0, 5.0]))
        assert proof.kind == "demand"
        assert set(proof.users) <= {0, 1, 2, 3} and len(proof.users) == 3, "three of size 6 do not fit in two of 11"


def test_least_open_counts_demands():
    arrays = facility_arrays(8, 4) | {"demand": np.full(8, 10.0), "demand_capacity": np.array([30.0, 25.0, 20.0, 20.0])}
    assert PlacementProblem(**arrays).least_open == 4
    assert PlacementProblem(**arrays | {"demand_capacity": np.full(4, 80.0)}).least_open == 1


def test_zero_demands_and_zero_capacities():
    arrays = facility_arrays(8, 3) | {"demand": np.zeros(8), "demand_capacity": np.zeros(3)}
    plain = {name: value for name, value in arrays.items() if not name.startswith("demand")}
    for policy in policy_names():
        one, two = (solve(PlacementProblem(**each), policy, seed=1) for each in (arrays, plain))
        assert one.evaluation.feasible
        assert one.cost == pytest.approx(two.cost)


def test_problem_files_hold_demands(tmp_path):
    problem = PlacementProblem(**facility_arrays(8, 3))
    save_problem(problem, tmp_path / "p.npz")
    again = load_problem(tmp_path / "p.npz")
    assert again.demand.tobytes() == problem.demand.tobytes()
    assert again.demand_capacity.tobytes() == problem.demand_capacity.tobytes()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"demand": None}, "demand and demand_capacity: expected both, or none"),
        ({"demand_capacity": None}, "expected both, or none"),
        ({"demand": -np.ones(8)}, "demand: negative at index 0"),
        ({"demand_capacity": np.full(3, np.nan)}, "demand_capacity: NaN at index 0"),
        ({"demand": np.ones(3)}, r"demand: shape \(3,\) does not fit; expected \(8,\)"),
    ],
)
def test_bad_demands_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        PlacementProblem(**facility_arrays(8, 3) | changes)


def test_stations_without_room_for_everybody_are_given_up_at_once():
    """Looking for somebody to move on, for each of thousands that cannot all fit, would take minutes."""
    users, stations = 8000, 20
    instance = make_instance(PlacementProblem(**facility_arrays(users, stations, slack=1.5)))
    hosting, nobody = make_hosting(instance), np.full(users, NOBODY, np.int64)
    half = np.arange(stations) < stations // 2
    assert math.isfinite(associate(instance, hosting, nobody, np.ones(stations, bool), 1, 0.0, np.inf))
    assert math.isinf(associate(instance, hosting, nobody, half, 1, 0.0, np.inf))
