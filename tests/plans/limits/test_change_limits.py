"""Limits on moves and on changes of servers: kept, and the bound never above the best plan within them."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from oracle import Oracle, all_hosts, random_tiny
from problem_makers import roomy_arrays, tiny_demand_arrays

import twinhop
from twinhop.placement import PlacementProblem
from twinhop.placement.decision import Ending
from twinhop.plans.limits import Limits, fewest_moves, fewest_server_changes
from twinhop.plans.limits.tightening import tightened
from twinhop.plans.planning import make_case
from twinhop.plans.saved_placement import SavedPlacement, present

#: Placements of one problem that are priced at most.
FEW = 1100


def of_hosts(problem, host, opened=()):
    """A saved placement of a problem, from nowhere, with more servers open than in use."""
    there = np.zeros(problem.stations, bool)
    there[[*host, *opened]] = True
    stations = tuple(map(problem.station_name, range(problem.stations)))
    users = tuple(map(problem.user_name, range(problem.users)))
    return SavedPlacement("now.json", stations, users, np.asarray(host, np.int64), there)


class BruteForce:
    """Costs of all placements and open sets of a tiny problem, by the oracle, each set of twins priced once."""

    def __init__(self, arrays):
        oracle = Oracle(arrays)
        self.arrays, self.users, self.stations = arrays, oracle.n, oracle.m
        self.hosts = np.array(list(all_hosts(oracle.n, oracle.m)))
        self.opening = arrays["beta"] * np.asarray(arrays["opening_s"])
        sets = [[i for i in range(oracle.n) if each >> i & 1] for each in range(1 << oracle.n)]
        self.cost = np.full(len(self.hosts), oracle.energy_cost())
        self.used = np.zeros((len(self.hosts), oracle.m), bool)
        for k in range(oracle.m):
            price = np.array([oracle.station_cost(each, k) - (self.opening[k] if each else 0.0) for each in sets])
            members = (self.hosts == k) @ (1 << np.arange(oracle.n))
            self.cost, self.used[:, k] = self.cost + price[members], members > 0

    def best(self, host, opened, moves, servers, move_cost_s):
        """The least cost within limits, where None is none; inf where there is no plan."""
        moved = (self.hosts != np.asarray(host)).sum(axis=1)
        cost = self.cost + self.arrays["alpha"] / self.users * move_cost_s * moved
        if moves is not None:
            cost = np.where(moved <= moves, cost, np.inf)
        best = np.inf
        for trial in itertools.product([False, True], repeat=self.stations):
            may_open = np.asarray(self.arrays["capacity"]) > 0
            changes = (np.array(trial) != opened).sum()
            if (np.array(trial) & ~may_open).any() or (servers is not None and changes > servers):
                continue
            fits = (self.used <= np.array(trial)).all(axis=1)
            best = min(best, np.where(fits, cost, np.inf).min() + self.opening[list(trial)].sum())
        return best


def tiny_arrays(seed):
    """A tiny problem in which everything may bind, demands too, with few placements."""
    for more in itertools.count():
        arrays = tiny_demand_arrays(seed + 1000 * more) if seed % 4 == 3 else random_tiny(seed + 1000 * more)
        users, stations = arrays["comm_s"].shape
        if stations**users <= FEW and users > 1:
            return arrays


def check_limits(seed, gap=None):
    """The plan of random limits from a random present against brute force; its gap above the best, None without."""
    arrays, rng = tiny_arrays(seed), np.random.default_rng([seed, 9])
    users, stations = arrays["comm_s"].shape
    problem, host = PlacementProblem(**arrays), rng.integers(0, stations, users)
    start = of_hosts(problem, host, np.flatnonzero(rng.random(stations) < 0.4))
    moves = None if seed % 3 == 0 else int(rng.integers(0, users + 1))
    servers = None if seed % 3 == 1 else int(rng.integers(0, stations))
    move_cost_s = float(rng.choice([0.0, 0.05]))
    best = BruteForce(arrays).best(host, start.open, moves, servers, move_cost_s)
    limits = {"max_moves": moves, "max_server_changes": servers}
    try:
        plan = twinhop.plan(problem, present=start, move_cost_s=move_cost_s, gap=gap, **limits)
    except twinhop.InfeasibleProblem:
        assert np.isinf(best), seed
        return None
    except twinhop.InputError as error:
        assert str(error).startswith("max "), seed
        assert np.isinf(best), (seed, str(error))
        return None
    opened = plan.solution.placement.open
    assert plan.feasible and np.isfinite(best), seed
    assert moves is None or plan.moves.users.size <= moves, seed
    assert servers is None or (opened != start.open).sum() <= servers, seed
    assert plan.moves.server_changes == (opened != start.open).sum(), seed
    assert plan.cost >= best * (1 - 1e-9) - 1e-12, seed
    assert plan.solution.certificate.lower_bound <= best * (1 + 1e-9) + 1e-12, seed
    return plan.cost / best - 1 if best > 0 else 0.0


def test_limits_are_kept_and_bounded_on_hundreds_of_tiny_problems():
    """On all of them the plan is the best one within the limits; the bound may lie lower, and the gap says so."""
    above = [each for each in map(check_limits, range(500)) if each is not None]
    assert len(above) > 250
    assert max(above) < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("block", range(4))
def test_limits_are_kept_and_bounded_on_two_thousand(block):
    above = [each for seed in range(500 + block, 2500, 4) if (each := check_limits(seed, 0.0)) is not None]
    assert len(above) > 200
    assert np.quantile(above, 0.99) < 0.01


@pytest.mark.parametrize("block", range(2))
def test_what_a_limit_on_moves_settles_does_not_change_the_best_plan(block):
    """Openings that must be paid are constant, and no host gets more seats than the limit lets it use."""
    changed = 0
    for seed in range(block, 160, 2):
        arrays, rng = tiny_arrays(seed), np.random.default_rng([seed, 3])
        users, stations = arrays["comm_s"].shape
        problem, host = PlacementProblem(**arrays), rng.integers(0, stations, users)
        saved, moves = of_hosts(problem, host), int(rng.integers(0, users))
        tight, settled = tightened(problem, present(saved, make_case(problem)), Limits(moves))
        changed += settled > 0 or (tight.capacity < problem.capacity).any()
        brute = BruteForce(arrays | {"opening_s": tight.opening_s, "capacity": tight.capacity})
        best = BruteForce(arrays).best(host, saved.open, moves, None, 0.0)
        assert brute.best(host, saved.open, moves, None, 0.0) + settled == pytest.approx(best, rel=1e-9)
    assert changed > 20


@pytest.mark.parametrize("policy", ["lagrangian", "nearest"])
def test_no_server_changes_with_a_limit_of_none(policy):
    now = twinhop.plan("lu2021-n80-m5", "greedy")
    plan = twinhop.plan("lu2021-n80-m5", policy, present=now, max_server_changes=0)
    assert plan.solution.placement.open.tolist() == now.solution.placement.open.tolist()
    assert plan.moves.server_changes == 0 and "No server changes. At most 0 may." in plan.report()
    assert plan.to_json()["max_server_changes"] == 0


def test_each_server_more_that_may_change_saves_less_or_nothing():
    source = "family(60, 8)"
    now = twinhop.plan(source, "least_loaded")
    plans = [twinhop.plan(source, present=now, max_server_changes=most) for most in (0, 1, 2)]
    assert [plan.moves.server_changes for plan in plans] == [0, 1, 2]
    costs = [plan.cost for plan in plans]
    assert costs == sorted(costs, reverse=True) and all(plan.gap < 2e-3 for plan in plans)
    assert plans[1].solution.certificate.method == "server-price" and plans[1].shadow_prices is None
    assert "and the limit on servers that change costs less" in plans[1].report()


def test_both_limits_are_kept_and_the_bound_is_one_on_plans_that_keep_both():
    now = twinhop.plan("lu2021-n80-m5", "nearest")
    plan = twinhop.plan("lu2021-n80-m5", present=now, max_moves=10, max_server_changes=1, time_limit_s=20)
    assert plan.moves.users.size <= 10 and plan.moves.server_changes <= 1
    alone = twinhop.plan("lu2021-n80-m5", present=now, max_moves=10)
    assert plan.cost >= alone.lower_bound and plan.gap < 0.01
    assert plan.solution.certificate.method in ("move-and-server-price", "move-price")


def test_a_limit_below_what_must_change_says_how_many_at_least():
    arrays = roomy_arrays(6, 4) | {"capacity": np.array([2, 2, 2, 6])}
    problem = PlacementProblem(**arrays)
    start = of_hosts(problem, [0, 0, 0, 1, 1, 1])
    message = "max server changes: got 0, but 1 server must change at least: 1 more must open to host everybody"
    with pytest.raises(twinhop.InputError, match=message):
        twinhop.plan(problem, present=start, max_server_changes=0)
    assert twinhop.plan(problem, present=start, max_server_changes=1).moves.server_changes == 1
    closed = replace(start, station_ids=("#0", "attic", "#2", "#3"))
    message = "but 2 servers must change at least: 1 open in now.json cannot stay, and 1 more must open .*: 2 and more"
    with pytest.raises(twinhop.InputError, match=message):
        twinhop.plan(problem, present=closed, max_server_changes=1)
    plan = twinhop.plan(problem, present=closed, max_server_changes=2)
    assert plan.moves.server_changes == 2 and "1 gone with its site (attic)" in plan.report()
    with pytest.raises(twinhop.InputError, match="max server changes: got -1; expected a whole number >= 0"):
        twinhop.plan(problem, present=start, max_server_changes=-1)
    for wrong in (1.5, True, "x"):
        with pytest.raises(twinhop.InputError, match=f"max moves: got {wrong}; expected a whole number >= 0"):
            twinhop.plan(problem, present=start, max_moves=wrong)
    with pytest.raises(twinhop.InputError, match="max server changes: from where do the twins move"):
        twinhop.plan(problem, max_server_changes=1)


def test_users_whom_no_open_server_may_host_make_servers_change():
    """Two users without a common host need two servers more, though seats are there."""
    arrays = roomy_arrays(3, 4)
    arrays["comm_s"][0, [0, 1, 3]] = np.inf
    arrays["comm_s"][1, [0, 1, 2]] = np.inf
    problem = PlacementProblem(**arrays)
    with pytest.raises(twinhop.InputError, match="got 1, but 2 servers must change at least"):
        twinhop.plan(problem, present=of_hosts(problem, [0, 0, 0]), max_server_changes=1)


def test_who_must_move_because_demands_or_deadlines_do_not_fit_any_more_is_counted():
    arrays = roomy_arrays(4, 2) | {"demand": np.array([2.0, 2.0, 1.0, 1.0]), "demand_capacity": np.array([2.5, 9.0])}
    problem = PlacementProblem(**arrays)
    with pytest.raises(twinhop.InputError, match="max moves: got 0, but 2 twins must move: .* cannot hold all"):
        twinhop.plan(problem, present=of_hosts(problem, [0, 0, 0, 1]), max_moves=0)
    assert twinhop.plan(problem, present=of_hosts(problem, [0, 0, 0, 1]), max_moves=2).moves.users.size == 2
    counted = 0
    for seed in range(60):
        arrays, rng = tiny_arrays(seed), np.random.default_rng([seed, 4])
        users, stations = arrays["comm_s"].shape
        problem, host = PlacementProblem(**arrays), rng.integers(0, stations, users)
        brute, start = BruteForce(arrays), of_hosts(problem, host)
        least = fewest_moves(problem, present(start, make_case(problem)))
        counted += least > 0
        assert np.isinf(brute.best(host, start.open, least - 1, None, 0.0))
        servers = fewest_server_changes(problem, present(start, make_case(problem)))
        assert np.isinf(brute.best(host, start.open, None, servers - 1, 0.0))
    assert counted > 20


def test_a_limit_that_no_plan_keeps_is_refused():
    """Nobody must move alone, but the new user has no seat unless somebody does."""
    arrays = roomy_arrays(3, 2) | {"capacity": np.array([2, 1])}
    arrays["comm_s"][2, 1] = np.inf
    problem = PlacementProblem(**arrays)
    start = of_hosts(problem, [0, 0, 0])
    start = replace(start, user_ids=start.user_ids[:2], host=start.host[:2])
    with pytest.raises(
        twinhop.InputError, match="^max moves: no plan was found in which at most 0 twins move; allow more"
    ):
        twinhop.plan(problem, present=start, max_moves=0)
    assert twinhop.plan(problem, present=start, max_moves=1).moves.users.size == 1


def test_servers_without_twins_stay_open_where_shutting_them_is_beyond_the_limit():
    problem = PlacementProblem(**roomy_arrays(4, 4) | {"opening_s": np.array([0.1, 0.2, 0.3, 0.4])})
    start = of_hosts(problem, [0, 0, 0, 0], opened=[1, 2, 3])
    plan = twinhop.plan(problem, present=start, max_server_changes=1, max_moves=0)
    assert plan.solution.placement.open.tolist() == [True, True, True, False]
    assert plan.evaluation.opening_s == pytest.approx(0.6)


def test_with_failing_hosts_the_limit_holds_for_both_plans():
    now = twinhop.plan("lu2021-n80-m5", "greedy")
    failed = next(iter(now.hosts.values()))
    plan = twinhop.plan("lu2021-n80-m5", present=now, without=[failed], max_server_changes=1)
    assert plan.moves.server_changes == 1 and plan.failure.reference.moves.server_changes <= 1
    with pytest.raises(twinhop.InputError, match="got 0, but 1 server must change at least: 1 open in .* cannot stay"):
        twinhop.plan("lu2021-n80-m5", present=now, without=[failed], max_server_changes=0)


def test_what_is_proved_is_the_plan_within_the_limits():
    ended = []
    for seed in range(120, 160):
        arrays, rng = tiny_arrays(seed), np.random.default_rng([seed, 5])
        problem = PlacementProblem(**arrays)
        start = of_hosts(problem, rng.integers(0, problem.stations, problem.users))
        try:
            plan = twinhop.plan(problem, present=start, max_server_changes=1, gap=0.0)
        except (twinhop.InputError, twinhop.InfeasibleProblem):
            continue
        ended.append((plan.solution.ended, plan.gap))
    assert len(ended) > 10 and all(gap < 1e-8 for each, gap in ended if each is Ending.PROVEN)
