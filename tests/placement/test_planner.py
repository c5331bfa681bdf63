"""The planner: bounds and plans after changes against brute force, what stays in force, what is refused."""

import math
import signal
from dataclasses import replace

import numpy as np
import pytest
from oracle import Oracle, all_hosts, random_tiny
from problem_makers import AGREEMENT, deadline_arrays, roomy_arrays

from twinhop.errors import InputError
from twinhop.placement import Delta, InfeasibleProblem, PlacementProblem, Planner, certify, solve
from twinhop.placement.carried_prices import carried, known_prices
from twinhop.placement.decision import Ending

OF_USERS = ("comm_s", "root_work", "energy_j", "update_comm_s", "update_work", "deadline_s")


def named(arrays, users=None):
    """A problem of some users of the arrays, with names."""
    n, m = np.shape(arrays["comm_s"])
    users = list(range(n)) if users is None else list(users)
    some = {name: np.asarray(value)[users] if name in OF_USERS else value for name, value in arrays.items()}
    ids = {"user_ids": tuple(f"u{i}" for i in users), "station_ids": tuple(f"b{k}" for k in range(m))}
    return PlacementProblem(**some, **ids)


def as_arrays(problem):
    """Back to what the oracle takes."""
    names = ("comm_s", "root_work", "cpu", "capacity", "opening_s", "alpha", "beta", *OF_USERS[2:])
    return {name: getattr(problem, name) for name in names if getattr(problem, name) is not None}


def with_moves(arrays, present, move_cost_s):
    """The arrays with S on every host but the present one, by plain loops."""
    comm = np.array(arrays["comm_s"], float)
    for i, host in enumerate(present):
        for k in range(comm.shape[1]):
            comm[i, k] += move_cost_s if host != -1 and k != host else 0.0
    return arrays | {"comm_s": comm}


def change_at_random(planner, pool, here, rng):
    """A changed problem or a delta, the users that are there after it, and the problem as it should be then."""
    n, m = np.shape(pool["comm_s"])
    gone = [i for i in here if rng.random() < 0.2][: len(here) - 1]
    came = [i for i in range(n) if i not in here and rng.random() < 0.5]
    now = dict(pool)
    moved = [i for i in here if i not in gone and rng.random() < 0.3]
    now["comm_s"] = np.array(pool["comm_s"], float)
    now["comm_s"][moved] *= rng.uniform(0.5, 1.5, (len(moved), m))
    now["root_work"] = np.array(pool["root_work"], float)
    now["root_work"][moved] *= rng.uniform(0.8, 1.2)
    after = [i for i in here if i not in gone] + sorted(came)
    if rng.random() < 0.5:
        order = rng.permutation(after).tolist()
        problem = named(now, order)
        return problem, order, problem, now
    down = set(planner.down)
    failed = [f"b{k}" for k in range(m) if f"b{k}" not in down and rng.random() < 0.15]
    returned = [name for name in down if rng.random() < 0.5]
    changed = rng.permutation(moved + came).tolist()
    users = named(now, changed) if changed else None
    capacity = np.array(pool["capacity"])
    capacity[[k for k in range(m) if f"b{k}" in (down | set(failed)) - set(returned)]] = 0
    delta = Delta(users, [f"u{i}" for i in gone], failed, returned)
    return delta, after, replace(named(now, after), capacity=capacity), now


@pytest.mark.parametrize("block", range(4))
def test_after_random_changes_bounds_hold_and_plans_are_feasible(block):
    for seed in range(25 * block, 25 * (block + 1)):
        rng = np.random.default_rng([seed, 26])
        pool = random_tiny(seed)
        here = [i for i in range(len(pool["root_work"])) if rng.random() < 0.7] or [0]
        planner = Planner(named(pool, here))
        for step in range(4):
            asked, after, now = None, here, planner.problem
            if step:
                asked, after, now, pool_now = change_at_random(planner, pool, here, rng)
            move_cost_s = float(rng.choice([0.0, 0.05]))
            known = dict(zip(planner.problem.user_ids, [] if planner.host is None else planner.host, strict=False))
            present = [int(known.get(name, -1)) for name in now.user_ids]
            arrays = with_moves(as_arrays(now), present, move_cost_s)
            optimum = Oracle(arrays).optimum()
            before = planner.plan
            gap = float(rng.choice([0.0, 0.05, 0.5]))
            try:
                plan = planner.replan(asked, move_cost_s=move_cost_s, gap=gap)
            except InfeasibleProblem:
                assert math.isinf(optimum)
                assert planner.plan is before
                continue
            assert np.array_equal(plan.problem.comm_s, now.comm_s)
            assert plan.problem.user_ids == now.user_ids
            assert plan.present.tolist() == present
            assert plan.certificate.lower_bound <= optimum * (1 + AGREEMENT)
            assert plan.is_in_force == plan.solution.evaluation.feasible == (planner.plan is plan)
            if not plan.is_in_force:
                assert math.isinf(optimum)
                continue
            assert plan.cost == pytest.approx(Oracle(arrays).cost(plan.host.tolist()), rel=AGREEMENT)
            assert plan.cost <= (1 + gap) * optimum * (1 + 4e-6)
            assert plan.moves.tolist() == [i for i, host in enumerate(present) if host not in (-1, plan.host[i])]
            here = after
            if step:
                pool = pool_now


def test_no_limit_on_moves_is_passed_and_bounds_hold_for_all_plans():
    found = tried = 0
    for seed in range(60):
        rng = np.random.default_rng([seed, 27])
        arrays = random_tiny(seed)
        n, m = arrays["comm_s"].shape
        optimum = Oracle(arrays).optimum()
        if math.isinf(optimum):
            continue
        present = rng.integers(-1, m, n)
        most = int(rng.integers(0, n + 1))
        limited = math.inf
        for hosts in all_hosts(n, m) if m**n <= 3000 else ():
            if sum(a not in (-1, b) for a, b in zip(present, hosts, strict=True)) <= most:
                limited = min(limited, Oracle(arrays).cost(hosts))
        planner = Planner(named(arrays), host=present)
        try:
            plan = planner.replan(max_moves=most)
        except InputError as error:
            assert "\n" not in str(error)
            assert planner.plan is None
            continue
        assert plan.solution.evaluation.feasible
        assert len(plan.moves) <= most
        assert plan.lower_bound <= optimum * (1 + AGREEMENT)
        assert plan.bound_of == "all plans, whatever the number of moves"
        if math.isfinite(limited):
            tried += 1
            found += plan.cost <= limited * (1 + 1e-6)
            assert plan.cost >= limited * (1 - AGREEMENT)
    assert tried >= 15
    assert found >= 0.8 * tried


def test_moves_that_save_least_are_undone_within_a_gap():
    arrays = roomy_arrays(100, 10)
    links_count = {"cpu": 100 * arrays["cpu"], "opening_s": 0.05 * arrays["opening_s"]}
    problem = named(arrays | links_count)
    comm_s = problem.comm_s.copy()
    comm_s[:30] = 0.5 * (comm_s[:30] + comm_s[:30, ::-1])
    changed = replace(problem, comm_s=comm_s)
    moves = []
    for gap in (0.0, 0.01, 0.03):
        planner = Planner(problem)
        planner.replan()
        plan = planner.replan(changed, gap=0.002, fewer_moves_within=gap)
        assert plan.is_in_force
        assert plan.gap <= max(0.002, gap) + 1e-9
        moves.append(len(plan.moves))
    assert moves[0] > moves[1] > moves[2] > 0


def test_a_limit_below_what_must_move_is_refused_with_the_number():
    problem = named(roomy_arrays(8, 3))
    planner = Planner(problem, host=np.array([0, 0, 0, 1, 1, 2, 2, -1]))
    with pytest.raises(InputError, match="max_moves: got 2, but 3 twins must move"):
        planner.replan(Delta(failed=["b0"]), max_moves=2)
    assert planner.down == ()
    plan = planner.replan(Delta(failed=["b0"]), max_moves=3)
    assert plan.moves.tolist() == [0, 1, 2]
    assert planner.down == ("b0",)


def test_moves_are_priced_as_one_number_or_by_user_and_host():
    problem = named(roomy_arrays(30, 5))
    planner = Planner(problem)
    first = planner.replan()
    other = named(roomy_arrays(30, 5, seed=1))
    extra = np.where(np.arange(5) == first.host[:, None], 0.0, 0.3)
    priced = planner.replan(other, host=first.host, move_cost_s=extra, gap=0.0)
    once = Planner(problem, host=first.host).replan(other, move_cost_s=0.3, gap=0.0)
    assert priced.bound_of == "all plans, moves at their prices"
    assert once.bound_of == "all plans, each move at 0.3 s"
    assert priced.cost == pytest.approx(once.cost, rel=1e-5)
    assert once.cost == pytest.approx(once.own.cost + 0.3 / 30 * len(once.moves))


def test_carried_prices_grow_with_the_users_who_share_an_open_station():
    """Everybody twice: congestion prices that had stayed as they were would prove less than half of the cost."""
    arrays = roomy_arrays(40, 6, seed=1)
    problem, user = PlacementProblem(**arrays), np.tile(np.arange(40), 2)
    solution = solve(problem)
    known = known_prices(problem, solution.placement, solution.certificate.parts[0].prices)
    of_users = {name: arrays[name][user] for name in ("comm_s", "root_work")}
    twice = PlacementProblem(**arrays | of_users | {"capacity": 2 * problem.capacity})
    prices = carried(known, twice, user, np.arange(6))
    assert prices.congestion == pytest.approx(np.sqrt(2) * known.congestion)
    assert certify(twice, *prices).lower_bound > 0.95 * solve(twice).cost


@pytest.mark.parametrize("arrays", [roomy_arrays(120, 12, seed=3), deadline_arrays(60, 8, seed=3)])
def test_carried_prices_prove_a_good_bound_at_once(arrays):
    problem = named(arrays)
    n = problem.users
    solution = solve(problem, patience_s=0)
    prices = min(solution.certificate.parts, key=lambda part: part.lower_bound).prices
    known = known_prices(problem, solution.placement, prices)
    comm = problem.comm_s.copy()
    comm[: n // 10] = comm[: n // 10, ::-1]
    origin = np.arange(n)
    origin[n // 10 : n // 5] = -1
    changed = replace(problem, comm_s=comm)
    bound = certify(changed, *carried(known, changed, origin, np.arange(problem.stations))).lower_bound
    best = solve(changed, gap=0.001).lower_bound
    naive = certify(changed, *prices).lower_bound
    assert bound <= best * (1 + AGREEMENT) * 1.001
    assert bound > 0.98 * best
    assert bound > naive


def interrupting():
    """A listener that presses Ctrl-C the first time that it is told something."""
    pressed = []

    def listen(cost, bound):
        if not pressed:
            pressed.append(cost)
            signal.raise_signal(signal.SIGINT)

    return listen


def failing(cost, bound):
    raise RuntimeError("no more progress")


@pytest.mark.parametrize("max_moves", [None, 5])
def test_an_interrupt_leaves_the_plan_before_in_force(max_moves):
    planner = Planner(named(roomy_arrays(60, 8)))
    first = planner.replan()
    other = named(roomy_arrays(60, 8, seed=5))
    plan = planner.replan(other, gap=0.0, max_moves=max_moves, on_progress=interrupting())
    assert plan.ended is Ending.INTERRUPTED
    assert not plan.is_in_force
    assert planner.plan is first
    assert planner.problem is first.problem
    again = planner.replan(other, gap=0.01)
    assert again.is_in_force
    assert again.present.tolist() == first.host.tolist()


def test_an_error_leaves_the_plan_before_in_force():
    planner = Planner(named(roomy_arrays(60, 8)))
    first = planner.replan()
    with pytest.raises(RuntimeError, match="no more progress"):
        planner.replan(Delta(left=["u3"], failed=["b1"]), on_progress=failing)
    assert planner.plan is first
    assert planner.down == ()
    assert planner.replan(Delta(left=["u3"], failed=["b1"])).problem.users == 59


def test_users_beyond_the_seats_are_counted():
    arrays = roomy_arrays(12, 3) | {"capacity": np.full(3, 5)}
    planner = Planner(named(arrays))
    first = planner.replan()
    with pytest.raises(InfeasibleProblem, match="have 10 seats in all for 12 users: 2 short"):
        planner.replan(Delta(failed=["b2"]))
    assert planner.plan is first
    assert planner.down == ()


def test_a_station_that_hosted_everybody_fails_and_returns():
    arrays = roomy_arrays(10, 3) | {"opening_s": np.array([0.0, 5.0, 6.0])}
    planner = Planner(named(arrays))
    assert set(planner.replan().host.tolist()) == {0}
    plan = planner.replan(Delta(failed=["b0"]))
    assert len(plan.moves) == 10
    assert set(plan.host.tolist()) == {1}
    assert ">10</td>" in plan._repr_html_()
    back = planner.replan(Delta(returned=["b0"]))
    assert set(back.host.tolist()) == {0}
    assert back.ended is Ending.PROVEN


def test_all_but_one_leave():
    planner = Planner(named(roomy_arrays(20, 4)))
    planner.replan()
    plan = planner.replan(Delta(left=[f"u{i}" for i in range(19)]))
    assert plan.problem.user_ids == ("u19",)
    assert plan.left == 19
    assert plan.cost == pytest.approx(Oracle(as_arrays(plan.problem)).optimum())
    with pytest.raises(InputError, match="left: all 1 users"):
        planner.replan(Delta(left=["u19"]))


def test_a_delta_is_the_same_in_any_order():
    pool = roomy_arrays(80, 8, seed=2)
    costs = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        planner = Planner(named(pool, range(60)))
        planner.replan()
        changed = rng.permutation(np.arange(50, 80)).tolist()
        left, failed = rng.permutation(["u1", "u2", "u3"]), rng.permutation(["b1", "b2"])
        plan = planner.replan(Delta(named(pool, changed), left.tolist(), failed.tolist()))
        costs.append((plan.cost, plan.lower_bound, plan.host.tolist(), plan.problem.user_ids))
    assert costs[0] == costs[1] == costs[2]


def test_plans_are_the_same_again():
    def again():
        planner = Planner(named(roomy_arrays(90, 9)))
        first = planner.replan()
        second = planner.replan(named(roomy_arrays(95, 9, seed=1)), move_cost_s=0.02)
        third = planner.replan(Delta(failed=["b3"]), max_moves=60)
        return [(plan.host.tolist(), plan.cost, plan.lower_bound) for plan in (first, second, third)]

    assert again() == again()


def test_users_are_matched_by_an_index_map():
    arrays = roomy_arrays(10, 3)
    planner = Planner(PlacementProblem(**arrays))
    first = planner.replan()
    fewer = PlacementProblem(**{name: value[2:] if name in OF_USERS else value for name, value in arrays.items()})
    with pytest.raises(InputError, match="10 users without names before and 8 users without names now"):
        planner.replan(fewer)
    plan = planner.replan(fewer, origin=np.arange(2, 10))
    assert plan.present.tolist() == first.host[2:].tolist()
    assert plan.left == 2


def test_a_station_that_is_no_more_counts_as_a_move():
    arrays = roomy_arrays(10, 3) | {"opening_s": np.zeros(3)}
    planner = Planner(named(arrays))
    first = planner.replan()
    less = {name: np.asarray(arrays[name])[..., 1:] for name in ("comm_s", "cpu", "capacity", "opening_s")}
    problem = PlacementProblem(**arrays | less, user_ids=first.problem.user_ids, station_ids=("b1", "b2"))
    plan = planner.replan(problem, move_cost_s=0.01)
    assert (plan.present == -2).sum() == (first.host == 0).sum() > 0
    assert plan.cost == pytest.approx(plan.own.cost + 0.01 / 10 * len(plan.moves))


TWO = named(roomy_arrays(2, 3, seed=8))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (Delta(left=["u9", "nobody"]), "left: 'nobody' is not there"),
        (Delta(left=["u1", "u1"]), "left: 'u1' twice"),
        (Delta(left="u1"), "left: got the text 'u1'; expected a list"),
        (Delta(failed=["b9"]), "failed: 'b9' is not there"),
        (Delta(failed=["b1", "b1"]), "failed: 'b1' twice"),
        (Delta(failed=["b0"]), "failed: b0 is down already"),
        (Delta(returned=["b1"]), "returned: b1 has not failed"),
        (Delta(TWO, left=["u1"]), "left: 'u1' is among the users who came or changed"),
        (Delta(replace(TWO, user_ids=("u1", "u1"))), "user_ids: 'u1' twice, at 0 and 1"),
        (Delta(replace(TWO, user_ids=())), "users: without names"),
        (Delta(replace(TWO, station_ids=("b0", "b2", "b1"))), "users: 3 stations that are not the 3"),
        (Delta(replace(TWO, energy_j=np.ones(2))), "users: the users have energy_j and the problem have not"),
        (replace(TWO, user_ids=("u1", "u1")), "user_ids: 'u1' twice"),
        (replace(TWO, station_ids=("b1", "b1", "b2")), "station_ids: 'b1' twice"),
        (replace(TWO, station_ids=()), "station_ids: 3 stations before and 3 stations without names now"),
        ("b0", "change: got str; expected a PlacementProblem, a Delta or None"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_line(change, message):
    planner = Planner(named(roomy_arrays(10, 3)))
    first = planner.replan(Delta(failed=["b0"]))
    with pytest.raises(InputError) as error:
        planner.replan(change)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)
    assert planner.plan is first


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_moves": -1}, "max_moves: got -1"),
        ({"max_moves": True}, "max_moves: got True"),
        ({"move_cost_s": math.nan}, "move cost: got nan"),
        ({"move_cost_s": np.ones((2, 3))}, "move_cost_s: got shape"),
        ({"fewer_moves_within": -1.0}, "fewer_moves_within: got -1"),
        ({"time_limit_s": 0}, "time_limit_s: got 0"),
        ({"gap": -0.1}, "gap: got -0.1"),
        ({"host": [0] * 9}, "host: got int64 of shape"),
        ({"host": [3] * 10}, "host: 3 of user u0; expected -1 to 2"),
        ({"origin": np.arange(10)}, "origin: goes with a changed problem"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    planner = Planner(named(roomy_arrays(10, 3)))
    with pytest.raises(InputError) as error:
        planner.replan(**options)
    assert str(error.value).startswith(message)
    assert planner.plan is None


@pytest.mark.parametrize("origin", [[0, 0], [0, 10], [0, -2], [0.0, 1.0], [0]])
def test_index_maps_that_do_not_fit_are_refused(origin):
    planner = Planner(named(roomy_arrays(10, 3)))
    planner.replan()
    with pytest.raises(InputError, match="origin: "):
        planner.replan(replace(TWO, user_ids=("x", "y")), origin=origin)
