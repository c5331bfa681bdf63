"""The planner on sparse problems: bounds and plans after changes against brute force, deltas, what is refused."""

import math
from dataclasses import replace

import numpy as np
import pytest
from oracle import Oracle, random_tiny
from problem_makers import AGREEMENT, roomy_arrays
from test_planner import OF_USERS, as_arrays, interrupting, named

from twinhop.errors import InputError
from twinhop.placement import Delta, InfeasibleProblem, Planner
from twinhop.placement.decision import Ending
from twinhop.placement.sparse import SparseProblem
from twinhop.placement.sparse.solve import solve_sparse


def sparse(arrays, users=None, candidates=3):
    """A sparse problem of some users of the arrays."""
    return SparseProblem.of_dense(named(arrays, users), candidates)


def shared(users, stations, rows, seed=0, ids=None):
    """A problem in which users share rows of candidates, as those of one access station do."""
    rng = np.random.default_rng(seed)
    arrays = roomy_arrays(users, stations, seed)
    delay = np.sort(rng.uniform(0.0, 1.0, (rows, stations)), axis=1)[:, :4]
    station = np.array([rng.permutation(stations)[:4] for _ in range(rows)])
    return SparseProblem(
        row=rng.integers(0, rows, users),
        up_s=rng.uniform(0.0, 0.1, users),
        scale=np.ones(users),
        station=station,
        delay_s=delay,
        slope=np.zeros_like(delay),
        omitted_delay_s=delay[:, -1],
        omitted_slope=np.zeros(rows),
        root_work=arrays["root_work"],
        cpu=100 * arrays["cpu"],
        capacity=arrays["capacity"],
        opening_s=0.1 * arrays["opening_s"],
        alpha=1.0,
        beta=1.0,
        user_ids=tuple(f"u{i}" for i in range(users)) if ids is None else ids,
        station_ids=tuple(f"b{k}" for k in range(stations)),
    )


def rows_of(problem, users, **changes):
    """Some users of a sparse problem."""
    columns = {name: np.asarray(getattr(problem, name))[users] for name in ("row", "up_s", "scale", "root_work")}
    ids = tuple(problem.user_ids[i] for i in users)
    return replace(problem, user_ids=ids, **columns | changes)


def test_after_random_changes_bounds_hold_for_all_stations():
    looked_at = 0
    for seed in range(25):
        rng = np.random.default_rng([seed, 28])
        arrays = random_tiny(seed)
        n, m = arrays["comm_s"].shape
        planner = None
        for step in range(4):
            here = [i for i in range(n) if rng.random() < 0.8] or [0]
            now = arrays | {"comm_s": arrays["comm_s"] * rng.uniform(0.8, 1.2, (n, m))}
            now["capacity"] = np.where(rng.random(m) < 0.2, 0, arrays["capacity"])
            dense = named(now, here)
            optimum = Oracle(as_arrays(dense)).optimum()
            problem = SparseProblem.of_dense(dense, int(rng.integers(1, m + 1)))
            before = None if planner is None else planner.plan
            try:
                planner = planner or Planner(problem)
                plan = planner.replan(problem if step else None, gap=float(rng.choice([0.01, 0.3])))
            except (InfeasibleProblem, InputError):
                assert planner.plan is before
                continue
            looked_at += 1
            assert plan.lower_bound <= optimum * (1 + AGREEMENT)
            assert plan.cost >= optimum * (1 - AGREEMENT)
            assert plan.cost == pytest.approx(Oracle(as_arrays(dense)).cost(plan.host.tolist()), rel=AGREEMENT)
            assert planner.plan is plan
    assert looked_at >= 40


def test_a_delta_is_the_whole_changed_problem():
    whole = shared(400, 12, 9)
    planner = Planner(rows_of(whole, np.arange(300)))
    planner.replan(gap=0.01)
    newcomers = rows_of(whole, np.arange(299, 399)[::-1], up_s=np.linspace(0, 0.1, 100))
    plan = planner.replan(Delta(newcomers, left=["u5", "u7"], failed=["b0"]), gap=0.01)
    stays = [i for i in range(299) if i not in (5, 7)]
    came = sorted(range(300, 399), key=lambda i: f"u{i}")
    up = np.asarray(whole.up_s).copy()
    up[newcomers_at := np.arange(299, 399)[::-1]] = np.linspace(0, 0.1, 100)
    assert newcomers_at.size == 100
    expected = rows_of(whole, np.array([*stays, 299, *came]))
    capacity = np.array(whole.capacity)
    capacity[0] = 0
    expected = replace(expected, up_s=up[[*stays, 299, *came]], capacity=capacity)
    for name in ("row", "up_s", "scale", "root_work", "station", "delay_s", "capacity"):
        assert np.array_equal(getattr(plan.problem, name), getattr(expected, name)), name
    assert plan.problem.user_ids == expected.user_ids
    assert plan.left == 2
    assert not (plan.host == 0).any()
    anew = solve_sparse(expected, gap=0.01)
    assert plan.lower_bound <= anew.cost
    assert plan.cost <= 1.02 * anew.cost


def test_tables_of_their_own_are_joined_and_order_makes_no_difference():
    arrays = roomy_arrays(60, 6, seed=4)
    results = []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        planner = Planner(sparse(arrays, range(40)))
        planner.replan(gap=0.02)
        came = sparse(arrays, rng.permutation(np.arange(30, 60)).tolist())
        plan = planner.replan(Delta(came, left=["u1"]), gap=0.02)
        assert plan.problem.rows == plan.problem.users == 59
        whole = named(arrays, [int(name[1:]) for name in plan.problem.user_ids])
        there = np.isfinite(plan.problem.dense().comm_s)
        assert np.array_equal(plan.problem.dense().comm_s[there], whole.comm_s[there])
        results.append((plan.cost, plan.lower_bound, plan.host.tolist(), plan.problem.user_ids))
    assert results[0] == results[1]


def test_an_interrupt_leaves_the_plan_before_in_force():
    planner = Planner(shared(400, 12, 9))
    first = planner.replan(gap=0.01)
    plan = planner.replan(shared(400, 12, 9, seed=2), gap=0.0, on_progress=interrupting())
    assert plan.ended is Ending.INTERRUPTED
    assert planner.plan is first
    assert planner.replan(shared(400, 12, 9, seed=2), gap=0.01).is_in_force


def test_users_beyond_the_seats_are_counted():
    arrays = roomy_arrays(12, 3) | {"capacity": np.full(3, 5)}
    planner = Planner(sparse(arrays))
    first = planner.replan()
    with pytest.raises(InfeasibleProblem, match="2 more than there is room for"):
        planner.replan(Delta(failed=["b2"]))
    assert planner.plan is first
    assert planner.down == ()


def test_all_but_one_leave():
    planner = Planner(sparse(roomy_arrays(20, 4), candidates=4))
    planner.replan()
    plan = planner.replan(Delta(left=[f"u{i}" for i in range(19)]))
    arrays = {name: value[19:] if name in OF_USERS else value for name, value in roomy_arrays(20, 4).items()}
    assert plan.cost == pytest.approx(Oracle(arrays).optimum())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"move_cost_s": 0.1}, "move_cost_s: a SparseProblem is re-planned with free moves"),
        ({"max_moves": 3}, "max_moves: a SparseProblem"),
        ({"fewer_moves_within": 0.1}, "fewer_moves_within: a SparseProblem"),
        ({"change": named(roomy_arrays(4, 6))}, "change: got a PlacementProblem; expected a SparseProblem"),
        ({"change": Delta(named(roomy_arrays(4, 6)))}, "users: got a PlacementProblem; expected a SparseProblem"),
        ({"change": Delta(left=["u9", "u9"])}, "left: 'u9' twice"),
        ({"change": Delta(failed=["b9"])}, "failed: 'b9' is not there"),
        ({"time_limit_s": math.nan}, "time_limit_s: got nan"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_line(options, message):
    planner = Planner(sparse(roomy_arrays(10, 6)))
    first = planner.replan()
    with pytest.raises(InputError) as error:
        planner.replan(**options)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)
    assert planner.plan is first
