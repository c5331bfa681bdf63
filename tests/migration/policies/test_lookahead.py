"""`lookahead`: a window of one slot is the slot, knowing the future helps, and paths are plans of the window."""

from dataclasses import replace

import numpy as np
import pytest
from policy_runs import WORLDS, decisions, hosts, run_at, run_of, total, walk, with_hosts

from twinhop.migration.first_plan import first_plan
from twinhop.migration.forecast import present
from twinhop.migration.offline.solve import offline
from twinhop.migration.predictor import predictor_of
from twinhop.migration.run_problem import run_problem
from twinhop.migration.window_paths import window_hosts, window_problem

DEAR = {"extra": "objective: {deadlines: false}\nmigration: {opening_s: 0.0005, move_s: 0.02}"}


def test_a_window_of_one_slot_is_myopic():
    for world in ("plain", "tight", "come and go", "deadlines"):
        run = run_of(world)
        assert np.array_equal(hosts(run, "lookahead:horizon=1"), hosts(run, "myopic"))


def test_who_does_not_move_is_well_predicted_by_any():
    xy_m = np.repeat(walk(1, 15), 8, axis=0)
    run = run_at(xy_m, **DEAR)
    expected = hosts(run, "lookahead:predict=oracle:horizon=4")
    for predict in ("last", "kalman"):
        found = hosts(run, f"lookahead:predict={predict}:horizon=4")
        assert np.array_equal(found[:5], expected[:5])  # the oracle sees the end of the run


def test_the_future_is_worth_something():
    """Users who go to and fro: who knows it stays, who does not follows."""
    rng = np.random.default_rng(2)
    ends = rng.uniform([0, 0], [1200, 900], (2, 15, 2))
    xy_m = ends[(np.arange(40) // 4) % 2]
    far = DEAR["extra"] + "\nbackhaul: {latency_s_per_bit_m: 1.0e-10}"
    run = run_at(xy_m, stations="generate: {count: 9}", extra=far)
    known = total(decisions(run, "lookahead:predict=oracle:horizon=16"))
    last = total(decisions(run, "lookahead:predict=last:horizon=16"))
    assert known < 0.97 * last


def test_a_longer_window_moves_more_readily():
    run = run_at(walk(20, 20), **DEAR)
    moves = [sum(int(o.moved.sum()) for o in decisions(run, f"lookahead:horizon={h}")) for h in (1, 5, 40)]
    assert moves[0] <= moves[1] < moves[2]


@pytest.mark.parametrize("world", WORLDS)
def test_the_first_step_of_paths_can_be_used(world):
    run = run_of(world)
    predictor = predictor_of("oracle", run)
    for situation in run:
        forecasts = list(predictor.forecast(situation, 4))
        served = np.stack([each.served for each in forecasts], axis=1)
        problem = window_problem(situation, forecasts, served)
        assert problem.visits == served.sum() and problem.slots == len(forecasts)
        host = first_plan(with_hosts(situation, np.full(len(situation.users), -1)))
        found = window_hosts(situation, forecasts, host)
        assert situation.up[found].all()
        assert (np.bincount(found, minlength=len(situation.capacity)) <= situation.capacity).all()


def test_a_run_that_is_known_to_its_end_is_planned_nearly_as_well_as_it_can_be():
    """With the whole run in the window, the first decision is a step of a run that costs as much as the plan."""
    run = run_at(walk(5, 6, step_m=200.0), stations="generate: {count: 3}", **DEAR)
    best = offline(run_problem(run))
    assert best.exact
    costs = {m: total(decisions(run, f"lookahead:predict=oracle:horizon=5:method={m}")) for m in ("static", "paths")}
    assert best.bound <= costs["paths"] <= costs["static"] * (1 + 1e-9)
    assert costs["paths"] < 1.02 * best.cost.cost


def test_paths_wait_where_waiting_pays():
    """One slot from now its user comes back: a plan that moves now or never moves; a path that knows waits."""
    run = run_at(np.array([[[100.0, 100.0]], [[1100.0, 800.0]], [[100.0, 100.0]]]), **DEAR)
    assert (hosts(run, "lookahead:predict=oracle:horizon=3:method=paths") == hosts(run, "stay")).all()


def test_deadlines_forbid_in_every_slot_of_the_window_what_could_not_keep_them():
    situation, *_ = run_of("deadlines")
    forecasts = [present(situation)] * 3
    problem = window_problem(situation, forecasts, np.ones((24, 3), bool))
    assert problem.floor is not None and situation.problem.floor is not None
    expected = np.repeat(situation.problem.floor, 3, axis=0)
    assert np.array_equal(np.isinf(problem.floor), np.isinf(expected))
    np.testing.assert_allclose(problem.floor, expected)


@pytest.mark.parametrize("aggregation", ["mean", "sum"])
def test_a_window_weighs_its_slots_as_the_run_will(aggregation):
    """In a mean a user counts alpha over those served in the slot, in a sum alpha, whoever is away."""
    run = run_of("come and go", extra=f"objective: {{aggregation: {aggregation}, alpha: 1.5, deadlines: false}}")
    predictor, fewer = predictor_of("oracle", run), 0
    for situation in run:
        forecasts = list(predictor.forecast(situation, 4))
        served = np.stack([each.served for each in forecasts], axis=1)
        count = served.sum(axis=0)
        expected = 1.5 if aggregation == "sum" else 1.5 / np.maximum(count, 1)
        np.testing.assert_allclose(window_problem(situation, forecasts, served).weight, expected, rtol=1e-12)
        fewer += int((count < len(situation.users)).sum())
    assert fewer > 0


def test_deadlines_that_only_a_host_that_is_down_could_keep_bind_nobody():
    """In the second slot one host is up: its users have their least shares there, the others none anywhere."""
    situation = next(iter(run_of("deadlines")))
    now = present(situation)
    users, hosts = situation.comm_s.shape
    alone_s = situation.comm_s + situation.all_users.update_work[:, None] / situation.cpu
    tau_s = np.median(alone_s, axis=1) * (1 + 1e-6)  # about half of the hosts can keep it
    situation.all_users = replace(situation.all_users, tau_s=tau_s)
    left_s = situation.tau_s[:, None] - situation.comm_s
    share = np.where(left_s > 0, situation.all_users.update_work[:, None] / left_s, np.inf)
    can = share <= situation.cpu
    k = int(np.flatnonzero(~can.all(axis=0) & can.any(axis=0))[0])
    alone = replace(now, capacity=np.where(np.arange(hosts) == k, now.capacity, 0))
    floor = window_problem(situation, [now, alone], np.ones((users, 2), bool)).floor
    expected = np.where(can[:, [k]], np.where(np.arange(hosts) == k, share, np.inf), 0.0)
    np.testing.assert_allclose(floor[1::2], expected, rtol=1e-12)
