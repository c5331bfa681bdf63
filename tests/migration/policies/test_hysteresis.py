"""`hysteresis` against its definition, and the ends of its settings."""

import numpy as np
from policy_runs import decisions, hosts, run_at, run_of, walk

from twinhop.migration.policies.hysteresis import nearest_by_wire

SEATS = "generate: {count: 7}, capacity_users: 40"


def oracle(run, margin_s, slots):
    """The policy from its definition, without seats: who has been too far in each of the last slots moves."""
    host = np.full(len(run.user_ids), -1)
    too_far = [[] for _ in run.user_ids]
    found = []
    for situation in run:
        comm_s = np.where(situation.up, situation.comm_s, np.inf)
        for row, user in enumerate(situation.users):
            nearest = int(np.argmin(comm_s[row]))
            if host[user] < 0:
                host[user] = nearest
                continue
            too_far[user].append(comm_s[row, host[user]] - comm_s[row, nearest] > margin_s)
            if len(too_far[user]) >= slots and all(too_far[user][-slots:]):
                host[user], too_far[user] = nearest, []
        found.append(host.copy())
    return np.array(found)


def test_against_the_definition():
    run = run_at(walk(25, 12, step_m=150.0), stations=SEATS)
    for margin_ms, slots in ((0.1, 1), (0.5, 3), (2.0, 2)):
        expected = oracle(run, margin_ms / 1000, slots)
        assert np.array_equal(hosts(run, f"hysteresis:margin_ms={margin_ms}:slots={slots}"), expected)
        assert (expected[1:] != expected[:-1]).any()


def test_a_wide_margin_stays_and_none_follows():
    run = run_at(walk(12, 10), stations=SEATS, radio="access: nearest")
    stays = hosts(run, "hysteresis:margin_ms=1000")
    assert (stays == stays[0]).all()
    follows = hosts(run, "hysteresis:margin_ms=0:slots=1")
    assert np.array_equal(follows, hosts(run, "follow_nearest"))


def test_nobody_is_sent_where_there_is_no_room():
    results = decisions(run_of("tight"), "hysteresis:margin_ms=0.01:slots=1")
    assert sum(outcome.fallbacks for outcome in results) == 0
    assert sum(int(outcome.moved.sum()) for outcome in results) > 0


def test_the_seat_that_one_leaves_is_free_for_the_next():
    comm_s = np.array([[0.0, 1.0], [1.0, 0.0], [0.5, np.inf]])
    before, leaves = np.array([1, 0, -1]), np.array([True, True, True])
    assert nearest_by_wire(comm_s, before, leaves, np.array([1, 2])).tolist() == [1, 1, 0]
    assert nearest_by_wire(comm_s, before, leaves, np.array([1, 1])).tolist() == [1, 0, -1]
