"""A run slot by slot: costs against an oracle, the same world for every policy, nobody without a host."""

import numpy as np
import pytest
from slot_oracle import slot_cost

from twinhop.migration.policy import policy_choice
from twinhop.migration.run import MigrationRun
from twinhop.migration.simulate import outcomes
from twinhop.scenario import load_scenario
from twinhop.scenario.schema.scenario import Scenario


def scenario(**sections):
    """A small city in which much happens: users come and go, CPUs wander, stations fail."""
    return Scenario.model_validate(
        {
            "schema_version": 1,
            "name": "busy",
            "seed": 3,
            "area": {"width_m": 2000, "height_m": 2000},
            "stations": {"generate": {"count": 5}, "capacity_users": 16, "cpu_gcycles_per_s": {"uniform": [1, 3]}},
            "users": {"generate": {"count": 24}, "deadline_ms": {"uniform": [60, 200]}},
            "movement": {
                "churn": {"mean_present_s": 40.0, "mean_absent_s": 20.0},
                "cpu": {"kind": "ar1", "min_gcycles_per_s": 0.5, "max_gcycles_per_s": 4.0, "sigma_gcycles_per_s": 1.0},
                "failures": {"random": {"mean_up_s": 40.0, "mean_down_s": 8.0}},
            },
            **sections,
        }
    )


@pytest.mark.parametrize("policy", ["stay", "follow_nearest"])
@pytest.mark.parametrize("deadlines", [True, False])
@pytest.mark.parametrize("rule", ["optimal", "equal", "proportional"])
def test_costs_are_those_of_an_oracle(policy, deadlines, rule):
    city = scenario(objective={"deadlines": deadlines}, compute={"cpu_rule": rule})
    run = MigrationRun(city, slots=60)
    world, before, moved = run.world_run.world, np.full(24, -1), 0
    for outcome in outcomes(run, policy_choice(policy)):
        situation = outcome.situation
        terms, latency_s = slot_cost(
            situation.slot, world, before, outcome.host.tolist(), city.migration, deadlines=deadlines, rule=rule
        )
        cost = outcome.cost
        own = (cost.communication, cost.computing, cost.moves, cost.opening, cost.energy)
        assert own == pytest.approx(terms, rel=1e-9, abs=1e-15)
        assert outcome.latency_s == pytest.approx(latency_s, rel=1e-9)
        moved += int(((before[situation.users] >= 0) & (before[situation.users] != outcome.host)).sum())
        before[situation.users] = outcome.host
    assert moved > 0


@pytest.mark.parametrize("policy", ["stay", "follow_nearest"])
def test_everybody_has_a_host_that_works_and_has_room(policy):
    run = MigrationRun(scenario(), slots=100)
    down = 0
    for outcome in outcomes(run, policy_choice(policy)):
        assert len(outcome.host) == len(outcome.situation.users)
        assert (outcome.load <= outcome.situation.capacity).all()
        down += int((~outcome.situation.up).sum())
    assert down > 0


def test_the_world_is_the_same_whatever_is_decided():
    run = MigrationRun(scenario(), slots=40)
    for one, other in zip(
        outcomes(run, policy_choice("stay")), outcomes(run, policy_choice("follow_nearest")), strict=True
    ):
        a, b = one.situation, other.situation
        assert np.array_equal(a.users, b.users) and np.array_equal(a.access, b.access)
        assert np.array_equal(a.slot.rate_bps, b.slot.rate_bps) and np.array_equal(a.cpu, b.cpu)


def test_a_twin_rests_while_its_user_is_away_and_a_failed_host_is_left():
    run = MigrationRun(scenario(objective={"deadlines": False}), slots=100)
    host, reasons = np.full(24, -1), 0
    for outcome in outcomes(run, policy_choice("stay")):
        situation = outcome.situation
        was = host[situation.users]
        left = (was >= 0) & (outcome.host != was)
        full = outcome.load >= situation.capacity  # by users that came while this one was away
        assert (~situation.up[was[left]] | full[was[left]]).all()
        reasons += int(left.sum())
        host[situation.users] = outcome.host
    assert reasons > 0


def test_too_few_seats_are_named_with_slot_and_user():
    from twinhop.errors import InputError

    city = scenario(
        objective={"deadlines": False},
        movement={"failures": {"schedule": [{"station": f"b{k}", "down_s": 5.0} for k in range(4)]}},
    )
    with pytest.raises(InputError, match=r"slot 5 \(5 s\): no host for user u\d+: .* seats in all"):
        list(outcomes(MigrationRun(city, slots=10), policy_choice("stay")))


def test_stations_that_are_redrawn_begin_anew():
    city = load_scenario("lu2021-n80-m5")
    literal = city.model_copy(
        update={
            "readings": type(city.readings).model_validate({"rows": {25: "literal"}}),
            "movement": type(scenario().movement).model_validate({"redraw_every_slots": 4}),
        }
    )
    run = MigrationRun(literal, slots=9)
    for outcome in outcomes(run, policy_choice("follow_nearest")):
        new = outcome.situation.index % 4 == 0
        assert (outcome.situation.before < 0).all() == new
