"""For how long twins answer nobody while they move, and what that does to the age of what they know."""

import math

import numpy as np
import pytest
from policy_runs import decisions
from test_dynamics import scenario

from twinhop.migration.run import MigrationRun

MOVE_S = 0.08


def moving(transfer):
    """The run of twins that follow their users, and its outcomes."""
    section = {"move_s": MOVE_S, "transfer": transfer}
    run = MigrationRun(scenario(objective={"deadlines": False}, migration=section), slots=30)
    return run, decisions(run, "follow_nearest")


@pytest.mark.parametrize("transfer", ["stop", "live"])
def test_twins_rest_for_all_their_data_or_for_the_last_update_alone(transfer):
    run, outcomes = moving(transfer)
    world, moved = run.world_run.world, 0
    bits = world.history_bits if transfer == "stop" else world.update_bits
    for outcome in outcomes:
        pause_s, users = outcome.pause_s, outcome.situation.users
        for at, (user, old, new) in enumerate(zip(users, outcome.situation.before, outcome.host, strict=True)):
            if old in (-1, new):
                assert pause_s[at] == 0.0
                continue
            away_m = math.dist(world.station_xy_m[old], world.station_xy_m[new])
            assert pause_s[at] == pytest.approx(MOVE_S + world.latency_s_per_bit_m * bits[user] * away_m, rel=1e-12)
            moved += 1
    assert moved > 5


def test_live_moves_cost_the_same_and_rest_for_less():
    stopped, live = (moving(transfer)[1] for transfer in ("stop", "live"))
    shorter = 0
    for one, other in zip(stopped, live, strict=True):
        assert one.cost == other.cost and np.array_equal(one.move_s, other.move_s)
        assert (other.pause_s[one.moved] < one.pause_s[one.moved]).all()
        shorter += int(one.moved.sum())
    assert shorter > 5


@pytest.mark.parametrize("transfer", ["stop", "live"])
def test_a_pause_ages_what_the_twin_knows(transfer):
    """While it rests for p, the age grows from T on to T + dt + p: what is above the sawtooth is p (p + dt) / 2."""
    run, outcomes = moving(transfer)
    period_s = run.users.sync_period_s
    for outcome in outcomes:
        pause_s = outcome.pause_s
        age_s = period_s / 2 + outcome.latency_s + pause_s * (pause_s + period_s) / 2 / run.slot_s
        np.testing.assert_allclose(outcome.mean_age_s, age_s, rtol=1e-12)
        np.testing.assert_allclose(outcome.peak_age_s, period_s + outcome.latency_s + pause_s, rtol=1e-12)
