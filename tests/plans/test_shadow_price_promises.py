"""What docs/operating.md promises of shadow prices, against the optimum of the changed problem by brute force."""

import collections
import functools
import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from oracle import Oracle, random_tiny
from problem_makers import deadline_arrays, tiny_demand_arrays

import twinhop
from twinhop.placement import Certificate, InfeasibleProblem, PlacementProblem, certify_parts, solve
from twinhop.placement.certificate import KNAPSACKS, PRICES
from twinhop.plans.shadow_prices import shadow_prices

#: Rounding in the optimum, relatively: it is summed and minimised by other operations than the bound.
ROUNDING = 1e-13
SEEDS = range(130, 2000)
GIGA = 1e9


# The optimum of a tiny problem: subsets of the users as rows, their least cost on each station, dynamic programming.


@functools.cache
def subsets(users):
    """(2^N, N) membership; and all pairs of a set and a part of it, with where each set's pairs begin."""
    member = np.array(list(itertools.product((False, True), repeat=users)))
    code = np.arange(2**users)
    whole, part = np.nonzero((code[:, None] & code) == code)
    return member, whole, part, np.searchsorted(whole, code)


def links(arrays):
    """(N, M) whether each user may be on each station, and the minimum CPU share there, by the problem's definition."""
    arc = np.isfinite(arrays["comm_s"]) & (np.asarray(arrays["capacity"]) > 0)
    if "demand" in arrays:
        arc &= arrays["demand"][:, None] <= arrays["demand_capacity"]
    floor = np.zeros(arc.shape)
    if "deadline_s" not in arrays:
        return arc, floor
    for i, k in np.argwhere(arc & np.isfinite(arrays["deadline_s"])[:, None]):
        left = arrays["deadline_s"][i] - arrays["update_comm_s"][i, k]
        floor[i, k] = arrays["update_work"][i] / left if left > 0 else math.inf
    meets = arc & (floor <= arrays["cpu"])
    excused = ~meets.any(axis=1)  # no station keeps the deadline even alone: planned without it
    return np.where(excused[:, None], arc, meets), np.where(excused[:, None], 0.0, floor)


def station_costs(arrays, arc, floor, k):
    """(2^N,) the least cost of every set of users on station k, inf where it does not fit."""
    member, *_ = subsets(arc.shape[0])
    cpu, size = float(arrays["cpu"][k]), member.sum(axis=1)
    s, least = np.where(member, arrays["root_work"], 0.0), np.where(member & arc[:, k], floor[:, k], 0.0)
    fits = (size <= arrays["capacity"][k]) & ~(member & ~arc[:, k]).any(axis=1) & (least.sum(axis=1) <= cpu)
    if "demand" in arrays:
        fits &= (member * arrays["demand"]).sum(axis=1) <= arrays["demand_capacity"][k]
    low = np.zeros(size.size)  # the level theta of the shares max(least, theta s), which fill the CPU
    high = cpu / np.where(s > 0, s, np.inf).min(axis=1)
    for _ in range(70 if least.any() else 0):
        middle = (low + high) / 2
        over = np.maximum(least, middle[:, None] * s).sum(axis=1) > cpu
        low, high = np.where(over, low, middle), np.where(over, middle, high)
    share = np.maximum(least, low[:, None] * s)
    with np.errstate(divide="ignore", invalid="ignore"):
        computing = np.where(s > 0, s * s / share, 0.0).sum(axis=1) if least.any() else s.sum(axis=1) ** 2 / cpu
    comm = np.where(member & arc[:, k], arrays["comm_s"][:, k], 0.0).sum(axis=1)
    cost = arrays["alpha"] / arc.shape[0] * (comm + computing) + arrays["beta"] * arrays["opening_s"][k]
    return np.where(size == 0, 0.0, np.where(fits, cost, np.inf))


def optimum(arrays, known=None, but=None):
    """The least cost of any plan, inf without one; of all stations but one the costs may be known. And all costs."""
    arc, floor = links(arrays)
    _, whole, part, begins = subsets(arc.shape[0])
    stations = range(arc.shape[1])
    costs = [known[k] if known and k != but else station_costs(arrays, arc, floor, k) for k in stations]
    best = np.full(2 ** arc.shape[0], np.inf)
    best[0] = 0.0
    for cost in costs:
        best = np.minimum.reduceat(best[whole - part] + cost[part], begins)
    energy = arrays["beta"] * np.sum(arrays.get("energy_j", 0.0)) / arc.shape[0]
    return best[-1] + energy, costs


def fewest_open(arrays):
    """The fewest stations whose seats, and whose demand capacities, hold everyone."""
    limits = [(arrays["capacity"], len(arrays["root_work"]))]
    if "demand" in arrays:
        able = np.where(np.asarray(arrays["capacity"]) > 0, arrays["demand_capacity"], 0)
        limits.append((able, np.sum(arrays["demand"])))
    return max(
        next(m for m in range(1, len(room) + 1) if np.sort(room)[::-1][:m].sum() >= total) for room, total in limits
    )


def with_more(arrays, name, station, by):
    values = np.array(arrays[name], float)
    values[station] += by
    return arrays | {name: values}


def opens_a_link(arrays, more):
    return bool((links(more)[0] & ~links(arrays)[0]).any())


# The certificates.


@functools.cache
def solved(kind):
    """The tiny problems of a kind that can be solved, without those too small to branch: arrays and solution."""
    found = []
    for seed in SEEDS:
        arrays = tiny_demand_arrays(seed) if kind == "demand" else random_tiny(seed)
        if min(arrays["comm_s"].shape) < 3:
            continue
        try:
            solution = solve(PlacementProblem(**arrays), patience_s=0)  # with the proof of a tiny one no prices
        except InfeasibleProblem:
            continue
        if solution.evaluation.feasible and solution.certificate.method in (PRICES, KNAPSACKS):
            found.append((seed, arrays, solution))
    return found


def branched(kind):
    return [each for each in solved(kind) if len(each[2].certificate.parts) > 1]


def unbranched(kind):
    return [each for each in solved(kind) if len(each[2].certificate.parts) == 1][::4]


def holds(arrays, solution, price, more, known=None, but=None):
    """Whether the changed problem costs no less than the certificate less the price."""
    promised = solution.certificate.lower_bound - price
    return optimum(more, known, but)[0] >= promised - ROUNDING * max(1.0, abs(promised))


KINDS = ["plain", "demand"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_optimum_is_that_of_the_other_oracle(kind):
    assert len(unbranched(kind)) > 100 and len(branched(kind)) > 110
    for _, arrays, _ in solved(kind)[::100]:
        assert optimum(arrays)[0] == pytest.approx(Oracle(arrays).optimum(), rel=1e-12)


def changes(arrays, solution, worth):
    """Each price with the problem of one unit more, where the promise holds: no link appears but by a deadline."""
    k = worth.station
    yield "seat", worth.seat, with_more(arrays, "capacity", k, 1)
    yield "cpu", worth.cpu_gcycle_per_s, with_more(arrays, "cpu", k, GIGA)
    if worth.demand_unit is not None:
        yield "demand", worth.demand_unit, with_more(arrays, "demand_capacity", k, 1)
    if worth.deadline_ms is not None:
        yield "deadline", worth.deadline_ms, with_more(arrays, "deadline_s", solution.placement.host == k, 1e-3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("certificates", [branched, unbranched])
def test_no_plan_with_a_unit_more_costs_less_than_the_bound_minus_its_price(certificates, kind):
    checked, positive = collections.Counter(), collections.Counter()
    for seed, arrays, solution in certificates(kind):
        costs = optimum(arrays)[1]
        for worth in shadow_prices(solution):
            for name, price, more in changes(arrays, solution, worth):
                if name in ("cpu", "demand") and opens_a_link(arrays, more):
                    continue
                known = None if name == "deadline" else costs
                assert holds(arrays, solution, price, more, known, worth.station), (seed, name, worth)
                checked[name] += 1
                positive[name] += price > 0
    assert min(checked.values()) > 60 and len(checked) == 3 + (kind == "demand")
    assert min(positive.values()) > 5 and len(positive) == len(checked)


@pytest.mark.parametrize("kind", KINDS)
def test_n_units_are_worth_n_times_where_one_part_is_listed_and_as_many_stations_must_open(kind):
    checked = collections.Counter()
    for seed, arrays, solution in unbranched(kind):
        listed = [(each.part, each.prices) for each in solution.certificate.parts]
        solution = replace(solution, certificate=certify_parts(solution.problem, listed))
        costs = optimum(arrays)[1]
        for worth in shadow_prices(solution):
            units = [("capacity", 1, worth.seat), ("cpu", GIGA, worth.cpu_gcycle_per_s)]
            units += [("demand_capacity", 1, worth.demand_unit)] if kind == "demand" else []
            for (name, unit, price), n in itertools.product(units, (2, 3)):
                more = with_more(arrays, name, worth.station, n * unit)
                if fewest_open(more) < fewest_open(arrays) or (name != "capacity" and opens_a_link(arrays, more)):
                    continue
                assert holds(arrays, solution, n * price, more, costs, worth.station), (seed, name, n, worth)
                checked[name] += price > 0
    assert min(checked.values()) > 5 and len(checked) == 2 + (kind == "demand")


def test_a_city_whose_bound_branching_raised():
    """Where the prices of the whole alone promised 3.79146, and a plan costs 3.78869."""
    plan = twinhop.plan("family(30, 6)", seed=1016)
    problem, certificate = plan.case.problem, plan.solution.certificate
    assert certificate.method == "prices" and len(certificate.parts) > 1
    for worth in plan.shadow_prices:
        more = replace(problem, cpu=problem.cpu + GIGA * (np.arange(6) == worth.station))
        promised = certificate.lower_bound - worth.cpu_gcycle_per_s
        bound = certify_parts(more, [(each.part, each.prices) for each in certificate.parts]).lower_bound
        assert bound >= promised * (1 - 1e-12)
        assert bound == pytest.approx(promised, abs=1e-12) or not worth.exact
        if worth.station == 1:
            assert 3.78 < promised <= solve(more, gap=1e-3).cost < 3.789


def test_a_millisecond_is_worth_what_the_bounds_of_all_parts_fall():
    plan = twinhop.plan("city-small")
    problem, certificate = plan.solution.problem, plan.solution.certificate
    assert len(certificate.parts) > 1 and max(worth.deadline_ms for worth in plan.shadow_prices) > 0
    for worth in plan.shadow_prices:
        users = plan.solution.placement.host == worth.station
        later = replace(problem, deadline_s=problem.deadline_s + 1e-3 * users)
        bound = certify_parts(later, [(each.part, each.prices) for each in certificate.parts]).lower_bound
        assert worth.deadline_ms == pytest.approx(max(0.0, certificate.lower_bound - bound), abs=1e-11)


def test_a_millisecond_is_worth_the_most_of_what_several_parts_say():
    """The part that is looked at last does not fall most here, though it might."""
    arrays = deadline_arrays(12, 4, 19, (0.05, 0.2))
    solution = solve(PlacementProblem(**arrays | {"cpu": arrays["cpu"] * 0.4}), patience_s=0)
    problem, certificate = solution.problem, solution.certificate
    assert certificate.method == "prices" and len(certificate.parts) > 1
    for worth in shadow_prices(solution):
        users = solution.placement.host == worth.station
        later = replace(problem, deadline_s=problem.deadline_s + 1e-3 * users)
        bound = certify_parts(later, [(each.part, each.prices) for each in certificate.parts]).lower_bound
        assert worth.deadline_ms == pytest.approx(max(0.0, certificate.lower_bound - bound), abs=1e-11)


def test_where_a_unit_of_demand_capacity_lets_fewer_stations_hold_everyone():
    """Demands of 6 on capacities of 4, 1 and 1: all three must open, with one more unit on the first two are enough."""
    arrays = {
        **{"comm_s": np.full((6, 3), 0.1), "root_work": np.zeros(6), "cpu": np.ones(3), "capacity": np.full(3, 6)},
        **{"opening_s": np.array([1.0, 2.0, 3.0]), "alpha": 1.0, "beta": 1.0},
        **{"demand": np.ones(6), "demand_capacity": np.array([4.0, 1.0, 1.0])},
    }
    solution = solve(PlacementProblem(**arrays), patience_s=0)
    worth = {each.station: each for each in shadow_prices(solution)}[0]
    more = with_more(arrays, "demand_capacity", 0, 1)
    assert (fewest_open(arrays), fewest_open(more)) == (3, 2)
    assert holds(arrays, solution, worth.demand_unit, more) and optimum(more)[0] == pytest.approx(3.1)


@pytest.mark.parametrize("kind", KINDS)
def test_of_tiny_problems_that_were_searched_whole_the_price_is_what_the_optimum_falls_by(kind):
    checked = collections.Counter()
    for seed, arrays, _ in solved(kind)[::12]:
        solution = solve(PlacementProblem(**arrays))
        if solution.certificate.method in (PRICES, KNAPSACKS):
            continue
        before, costs = optimum(arrays)
        for worth in shadow_prices(solution):
            for name, price, more in changes(arrays, solution, worth):
                known = None if name == "deadline" else costs
                after = optimum(more)[0] if opens_a_link(arrays, more) else optimum(more, known, worth.station)[0]
                assert price == pytest.approx(max(0.0, before - after), abs=1e-9 * before), (seed, name, worth)
                checked[name] += price > 1e-9 * before
    assert min(checked["seat"], checked["cpu"]) > 3 and len(checked) == 3 + (kind == "demand")


def test_what_a_loose_bound_leaves_open_takes_nothing_off_the_price_in_a_tiny_problem():
    """The price was that of the bound, and 0 where `exact` ended at a wide gap."""
    arrays = {
        **{"comm_s": np.array([[0.1, 1.0, 2.0]] * 5), "root_work": np.full(5, 1e4), "cpu": np.full(3, 1e9)},
        **{"capacity": np.array([2, 2, 5]), "opening_s": np.zeros(3), "alpha": 1.0, "beta": 1.0},
    }
    sharp = solve(PlacementProblem(**arrays))
    loose = replace(sharp, certificate=Certificate("branch-and-cut", searched=0.5 * sharp.cost))
    for worth in shadow_prices(loose):
        more = arrays | {"capacity": arrays["capacity"] + (np.arange(3) == worth.station)}
        assert worth.seat == pytest.approx(optimum(arrays)[0] - optimum(more)[0], rel=1e-9)
        assert worth.cpu_gcycle_per_s > 0
    assert max(each.seat for each in shadow_prices(loose)) > 0
