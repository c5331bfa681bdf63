"""Bounds with whole users, penalties of arcs, walks between knapsacks and the search of kernels, against all plans."""

import itertools
import math

import numpy as np
import pytest
from oracle import Oracle
from problem_makers import AGREEMENT, facility_arrays, tiny, tiny_demand

from twinhop.placement import PlacementProblem, certify, solve
from twinhop.placement.budget import Budget
from twinhop.placement.certificate import KNAPSACKS, Certificate, PricedPart, all_plans, charges
from twinhop.placement.decision import Decision, Ending
from twinhop.placement.kernel_search import KernelSearch, arc_penalties, one_knapsack
from twinhop.placement.knapsack_walk import walk
from twinhop.placement.policies import lagrangian as policy
from twinhop.placement.price_ascent import PriceAscent
from twinhop.placement.search import Search


def sample():
    """Tiny feasible problems with demands, deadlines or both: arrays, optimum."""
    found = [tiny_demand(seed) for seed in range(24)]
    found += [tiny(seed)[::2] for seed in range(60) if "deadline_s" in tiny(seed)[0]]
    return [(arrays, best) for arrays, best in found if math.isfinite(best)]


def assignment(seed, users=24, stations=4):
    """Generalised assignment as minimum shares that depend on the arc; they fill most of every CPU."""
    rng = np.random.default_rng(seed)
    weight = rng.integers(5, 26, (users, stations)).astype(float)
    late = 2.0 / weight.min()
    return {
        "comm_s": rng.integers(10, 51, (users, stations)).astype(float),
        "root_work": np.zeros(users),
        "cpu": np.floor(0.85 * weight.sum(axis=0) / stations),
        "capacity": np.full(stations, users),
        "opening_s": np.zeros(stations),
        "alpha": float(users),
        "beta": 1.0,
        "update_comm_s": late - 1.0 / weight,
        "update_work": np.ones(users),
        "deadline_s": np.full(users, late),
    }


def ascended(problem):
    search = Search(problem, Budget(gap=0.0))
    search.start()
    ascent = PriceAscent(search)
    ascent.run()
    return search, ascent


def own_bound(problem, prices):
    """The bound with whole users by looking at all sets of users of every station."""
    sets = ((np.arange(2**problem.users)[:, None] >> np.arange(problem.users)) & 1).astype(float)
    reduced = []
    for k in np.flatnonzero(problem.capacity > 0):
        values = []
        mu = 0.0 if prices.demand_price is None else prices.demand_price[k]
        demand = np.zeros(problem.users) if problem.demand is None else problem.demand
        room = math.inf if problem.demand is None else problem.demand_room[k]
        floor = np.zeros(problem.users) if problem.floor is None else problem.floor[:, k]
        floor = np.where(problem.allowed[:, k], floor, 0.0)
        cpu = problem.cpu_room[k] if problem.has_deadlines else math.inf
        theta = prices.congestion[k]
        bare = theta if (problem.root_work > 0).any() else 0.0
        limits = [(theta, mu, None, None), (bare, 0.0, demand, room), (bare, 0.0, floor, cpu)]
        for at, price, weight, most in limits:
            if most == math.inf:
                continue
            charge = charges(problem, np.array([k]), np.array([at]))[:, 0]
            worth = prices.price - problem.comm_s[:, k] - charge - prices.seat_price[k] - price * demand
            worth = np.where(problem.allowed[:, k], worth, -1e9)
            value = sets @ np.maximum(worth, 0.0)
            if weight is not None:
                value[sets @ weight > most * (1 + 1e-12)] = -math.inf
            fixed = at**2 * problem.cpu_room[k] / 4 + min(problem.capacity[k], problem.users) * prices.seat_price[k]
            fixed += 0.0 if problem.demand is None else price * room
            values.append(fixed + value.max())
        reduced.append(problem.scaled_opening[k] - min(values))
    reduced = np.sort(reduced)
    sums = np.cumsum(reduced)[problem.least_open - 1 :]
    return problem.alpha / problem.users * (prices.price.sum() + sums.min()) + problem.constant_cost


def test_bounds_with_whole_users_are_never_above_the_optimum_and_can_be_recomputed():
    higher = 0
    for seed, (arrays, best) in enumerate(sample()[::2]):
        problem = PlacementProblem(**arrays)
        _, ascent = ascended(problem)
        rng = np.random.default_rng(seed)
        for noise in (0.0, 0.1, 0.3):
            prices = ascent.prices._replace(
                price=ascent.prices.price * (1 + noise * rng.standard_normal(problem.users))
            )
            whole = certify(problem, *prices, method=KNAPSACKS).lower_bound
            divided = certify(problem, *prices).lower_bound
            assert divided - 1e-9 * abs(divided) <= whole <= best * (1 + AGREEMENT) + 1e-12
            assert whole == pytest.approx(own_bound(problem, prices), rel=1e-8, abs=1e-9)
            higher += whole > divided + 1e-6 * abs(divided)
    assert higher > 4


def test_penalties_of_arcs_are_never_too_high():
    looked = 0
    for arrays, _ in sample()[:40]:
        problem = PlacementProblem(**arrays)
        oracle = Oracle(arrays)
        if problem.stations**problem.users > 800:
            continue
        _, ascent = ascended(problem)
        bound, arc, station = arc_penalties(problem, ascent.prices, problem.least_open, problem.stations)
        for host in itertools.product(range(problem.stations), repeat=problem.users):
            cost = oracle.cost(list(host))
            if not math.isfinite(cost):
                continue
            scaled = (cost - problem.constant_cost) * problem.users / problem.alpha
            users = np.arange(problem.users)
            least = bound + (arc[users, host] + station[list(host)]).max()
            assert scaled >= least - 1e-9 * (abs(least) + abs(scaled))
            looked += 1
    assert looked > 500


@pytest.mark.parametrize("kind", ["demands", "deadlines"])
def test_the_search_of_kernels_finds_the_optimum_of_tiny_problems(kind, monkeypatch):
    monkeypatch.setattr(policy, "is_tiny", lambda _: False)
    cases = [tiny_demand(seed) for seed in range(30)] if kind == "demands" else [tiny(seed)[::2] for seed in range(60)]
    looked = 0
    for seed, (arrays, best) in enumerate(cases):
        if not math.isfinite(best) or not {"demand", "deadline_s"} & set(arrays):
            continue
        solution = solve(PlacementProblem(**arrays), gap=1e-5)
        assert solution.evaluation.feasible, seed
        assert solution.lower_bound <= best * (1 + AGREEMENT), seed
        assert best * (1 - AGREEMENT) <= solution.cost <= best * (1 + 1.5e-5), seed
        assert Oracle(arrays).cost(solution.placement.host) == pytest.approx(solution.cost), seed
        looked += 1
    assert looked > 10


@pytest.mark.parametrize(
    "arrays", [facility_arrays(30, 6, 3, slack=1.15), assignment(2)], ids=["facility", "assignment"]
)
def test_tight_knapsacks_are_proved(arrays):
    problem = PlacementProblem(**arrays)
    solution = solve(problem, gap=1e-4)
    exact = solve(problem, "exact")
    assert solution.evaluation.feasible and solution.gap <= 1.01e-4 and solution.ended in (Ending.GAP, Ending.PROVEN)
    assert solution.cost <= exact.cost * (1 + 1.1e-4) and solution.lower_bound <= exact.cost


def test_walks_stay_on_their_arcs_and_end_inside():
    for arrays in (facility_arrays(40, 8, 5, slack=1.15), assignment(4)):
        problem = PlacementProblem(**arrays)
        search, ascent = ascended(problem)
        knapsack = one_knapsack(search)
        ways = np.argsort(np.argsort(problem.comm_s, axis=1), axis=1) < 5
        start = problem.comm_s.argmin(axis=1)
        first = np.concatenate([[0], np.cumsum(ways.sum(axis=1))])
        best = np.empty(problem.users, np.int64)
        opening, rate = np.zeros(problem.stations), knapsack.rate(ascent.prices)
        arguments = (first, np.nonzero(ways)[1], ways, start, rate, 3.0, 0.05, 100_000, 1, best)
        cost = walk(search.instance.comm, knapsack.weight, knapsack.room, opening, *arguments)
        users = np.arange(problem.users)
        assert math.isfinite(cost) and ways[users, best].all()
        assert cost == pytest.approx(problem.comm_s[users, best].sum())
        load = np.bincount(best, knapsack.weight[users, best], minlength=problem.stations)
        assert (load <= knapsack.room).all() and search.offer(best) in (True, False)


def test_where_all_arcs_are_left_out_the_plan_is_proved():
    problem = PlacementProblem(**facility_arrays(20, 4, 1, slack=3.0))
    search, ascent = ascended(problem)
    kernels = KernelSearch(search, ascent, ascent.certificate(), 0.0)
    kernels.run()
    scaled = problem.alpha / problem.users * search.cost + problem.constant_cost
    assert kernels.certificate.lower_bound <= scaled
    assert kernels.certificate.lower_bound == pytest.approx(scaled, rel=2e-6)


def test_a_certificate_by_knapsacks_is_worked_out_again():
    problem = PlacementProblem(**facility_arrays(30, 6, 2, slack=1.15))
    solution = solve(problem, gap=0.02)
    _, ascent = ascended(problem)
    whole = certify(problem, *ascent.prices, method=KNAPSACKS)
    assert whole.lower_bound > certify(problem, *ascent.prices).lower_bound

    def stating(certificate):
        return solve(problem, lambda _: Decision(solution.placement, certificate))

    assert stating(whole).lower_bound == whole.lower_bound
    part = whole.parts[0]
    high = Certificate(KNAPSACKS, (PricedPart(all_plans(problem), part.prices, part.lower_bound * 1.001),))
    with pytest.raises(Exception, match="does not follow from its prices"):
        stating(high)
