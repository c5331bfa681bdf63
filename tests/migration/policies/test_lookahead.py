"""`lookahead`: a window of one slot is the slot, and knowing the future helps."""

import numpy as np
from policy_runs import decisions, hosts, run_at, run_of, total, walk

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
