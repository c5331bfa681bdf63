"""What a policy asks for is kept wherever it can be; the rest is mended, counted, and named."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_dynamics import scenario

from twinhop.migration.outcome import outcome_of
from twinhop.migration.policy import policy_choice
from twinhop.migration.run import MigrationRun
from twinhop.migration.seating import seat
from twinhop.migration.simulate import outcomes


def situations(**sections):
    """Situations of a busy city, each with hosts left by the one before."""
    run = MigrationRun(scenario(**sections), slots=12)
    return [outcome.situation for outcome in outcomes(run, policy_choice("follow_nearest"))]


@functools.cache
def busy(deadlines):
    """The situations of that city, with deadlines or without."""
    return situations(objective={"deadlines": deadlines})


@settings(deadline=None, max_examples=200)
@given(st.booleans(), st.integers(0, 11), st.integers(0, 2**32 - 1))
def test_whatever_is_asked_for_nobody_is_left_without_room(deadlines, at, seed):
    situation = busy(deadlines)[at]
    wanted = np.random.default_rng(seed).integers(-1, 5, len(situation.users))
    seated = seat(situation, wanted)
    load = np.bincount(seated.host, minlength=5)
    assert (seated.host >= 0).all() and (load <= situation.capacity).all()
    assert (seated.changed == ((seated.host != wanted) & (wanted >= 0))).all()
    outcome = outcome_of(situation, seated.host)
    excused = np.zeros(len(wanted), bool)
    excused[situation.problem.unmeetable] = True
    if not seated.late.any():
        assert not (outcome.violation & ~excused).any()


@given(st.integers(0, 11))
def test_what_can_be_kept_is_kept(at):
    situation = busy(True)[at]
    feasible = seat(situation, np.full(len(situation.users), -1)).host
    again = seat(situation, feasible)
    assert (again.host == feasible).all() and not again.changed.any() and not again.late.any()


def test_hosts_that_are_too_full_lose_those_whom_leaving_costs_least():
    stations = {"generate": {"count": 5}, "capacity_users": 6}
    situation = situations(stations=stations, movement={}, objective={"deadlines": False})[0]
    station, room = 2, 6
    seated = seat(situation, np.full(len(situation.users), station))
    others = np.where(situation.problem.allowed, situation.comm_s, np.inf)
    others[:, station] = np.inf
    regret = others.min(axis=1) - situation.comm_s[:, station]
    kept = seated.host == station
    assert kept.sum() == room and regret[kept].min() >= regret[~kept].max()


@pytest.mark.parametrize("at", range(1, 12))
def test_who_has_no_host_takes_the_one_at_which_the_slot_costs_least(at):
    """Latency, its growth for the others, the move and opening: by pricing the slot with every host in turn."""
    sections = {"objective": {"deadlines": False, "beta": 0.7}, "migration": {"opening_s": 0.003, "move_s": 0.04}}
    situation = situations(**sections)[at]
    users, differ = len(situation.users), 0
    wanted = np.where(situation.before >= 0, situation.before, 0)
    wanted = np.where(situation.up[wanted], wanted, int(np.flatnonzero(situation.up)[0]))
    wanted = np.where(wanted == wanted[0], wanted[1:][wanted[1:] != wanted[0]][0], wanted)  # one host without a twin
    if (np.bincount(wanted, minlength=5) > situation.capacity).any():
        pytest.skip("the hosts of this slot have no room for the case")
    for user in range(users):
        costs = np.full(5, np.inf)
        for k in np.flatnonzero(situation.up):
            host = wanted.copy()
            host[user] = k
            if (np.bincount(host, minlength=5) <= situation.capacity).all():
                costs[k] = outcome_of(situation, host).cost.total
        asked = np.where(np.arange(users) == user, -1, wanted)
        seated = seat(situation, asked)
        assert seated.host[user] == costs.argmin() and not seated.changed.any()
        differ += seated.host[user] != situation.comm_s[user].argmin()
    assert differ > 0


def test_those_with_the_fewest_choices_are_seated_first():
    """Two hosts have a seat left each: one user may have the first of them alone, another one likes it better."""
    situation = situations(objective={"deadlines": False}, movement={})[0]
    users = len(situation.users)
    wanted = np.arange(users) % 3
    free, picky = 0, users - 1
    wanted[[free, picky]] = -1
    count = np.bincount(wanted[wanted >= 0], minlength=5)
    situation.__dict__["capacity"] = count + np.array([0, 0, 0, 1, 1])
    comm_s = situation.comm_s.copy()
    comm_s[free, 4] = comm_s[free].max() + 1.0
    comm_s[picky, [0, 1, 2, 4]] = np.inf
    situation.__dict__["problem"] = situation.problem_with(None, comm_s)
    seated = seat(situation, wanted)
    assert (seated.host[free], seated.host[picky]) == (4, 3)
    assert not seated.changed.any() and not seated.late.any()


@settings(deadline=None)
@given(st.integers(0, 11), st.integers(0, 2**32 - 1))
def test_floors_of_own_hosts_are_those_of_the_placement_problem(at, seed):
    situation = busy(True)[at]
    host = np.random.default_rng(seed).integers(0, 5, len(situation.users))
    floor = situation.floors(host, situation.own_comm_s(host))
    expected = situation.problem.floor[np.arange(len(host)), host]
    up = situation.up[host]  # a host that is down has no floor, it cannot be used at all
    fits = np.isfinite(expected) & up
    assert floor[fits] == pytest.approx(expected[fits], rel=1e-12)
