"""Predictors against what they are told of, what will be, and what users do whose ways are known."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from policy_runs import WORLDS, run_at, run_of, walk

from twinhop.migration.forecast import attached_to, expected_comm_s, expected_onward_s, mean_forecast, present
from twinhop.migration.predictor import PREDICTORS, predictor_of
from twinhop.migration.wire_table import WireTable

ROW = "list: [" + ", ".join(f"{{id: s{x_m}, x_m: {x_m}, y_m: 450}}" for x_m in (100, 300, 500, 700)) + "]"
NEAREST = {"radio": "access: nearest", "stations": ROW, "extra": "objective: {deadlines: false}"}


def forecasts(run, name, slots):
    """The forecasts of every slot with served users, with its situation."""
    predictor = predictor_of(name, run)
    for situation in run:
        if len(situation.users):
            predictor.observe(situation)
            yield situation, list(predictor.forecast(situation, slots))


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("name", PREDICTORS)
def test_what_holds_of_every_predictor(name, world):
    run = run_of(world)
    for situation, found in forecasts(run, name, 4):
        assert len(found) == 4 or name == "oracle"
        assert np.array_equal(found[0].comm_s(situation), situation.comm_s)
        assert found[0].served.all() and np.array_equal(found[0].capacity, situation.capacity)
        for each in found:
            assert (each.access >= 0).all()
            np.testing.assert_allclose(each.access[each.served].sum(axis=1), 1.0, rtol=1e-12)
            assert np.isfinite(each.comm_s(situation)).all()


@pytest.mark.parametrize("world", ["plain", "come and go", "failures", "cloud"])
def test_the_oracle_knows_what_will_be(world):
    run = run_of(world)
    truth = {situation.index: situation for situation in run}
    for situation, found in forecasts(run, "oracle", 3):
        assert len(found) == min(3, run.slots - situation.index)
        for ahead, each in enumerate(found):
            coming = truth[situation.index + ahead]
            both = np.isin(situation.users, coming.users)
            assert np.array_equal(each.served, both)
            rows = np.searchsorted(coming.users, situation.users[both])
            np.testing.assert_allclose(each.comm_s(situation)[both], coming.comm_s[rows], rtol=1e-14)
            assert np.array_equal(each.capacity, coming.capacity) and np.array_equal(each.cpu, coming.cpu)


def test_the_oracle_ends_with_the_epoch():
    lengths = {situation.index: len(found) for situation, found in forecasts(run_of("redrawn"), "oracle", 5)}
    assert lengths == {0: 3, 1: 2, 2: 1, 3: 3, 4: 2, 5: 1, 6: 2, 7: 1}


def test_kalman_goes_on_as_users_go():
    x_m = 93.0 + 20.0 * np.arange(30)
    xy_m = np.stack([np.c_[x_m, np.full(30, 450.0)], np.full((30, 2), 450.0)], axis=1)
    run = run_at(xy_m, **NEAREST)
    truth = [situation.access for situation in run]
    for situation, found in islice(forecasts(run, "kalman", 9), 10, 20):
        for ahead in (5, 8):  # 100 to 160 m ahead
            assert np.array_equal(found[ahead].access.argmax(axis=1), truth[situation.index + ahead])


def test_kalman_keeps_those_attached_who_stay_whichever_station_that_is():
    """By the channel, not by distance: many are attached to a station that is not the nearest."""
    run, elsewhere = run_at(np.repeat(walk(1, 30), 6, axis=0), radio="shadowing: correlated"), 0
    for situation, found in forecasts(run, "kalman", 4):
        for each in found:
            assert np.array_equal(each.access.argmax(axis=1), situation.access)
        xy_m, station_xy_m = situation.slot.xy_m[situation.users], situation.slot.station_xy_m
        nearest = np.linalg.norm(xy_m[:, None] - station_xy_m, axis=2).argmin(axis=1)
        elsewhere += int((nearest != situation.access).sum())
    assert elsewhere > 10


def test_kalman_expects_nobody_at_a_station_that_is_down():
    x_m = 93.0 + 20.0 * np.arange(30)
    xy_m = np.stack([np.c_[x_m, np.full(30, 450.0)]], axis=1)
    failures = "failures: {schedule: [{station: s500, down_s: 0}]}"
    run = run_at(xy_m, **NEAREST, movement=f"slots: 30, slot_s: 1, {failures}")
    beyond = 0
    for situation, found in forecasts(run, "kalman", 9):
        assert not situation.slot.up[2]
        for each in found:
            assert (each.access[:, 2] == 0).all()
            beyond += int(each.access[0, 3])
    assert beyond > 20


def test_kalman_is_not_told_of_those_who_are_away():
    xy_m = walk(6, 2, step_m=10.0)
    gone, there = xy_m.copy(), xy_m.copy()
    gone[2:5, 0] = np.nan
    there[:, 0] = xy_m[:, 1]
    for (_, one), (_, two) in zip(
        forecasts(run_at(gone, **NEAREST), "kalman", 5), forecasts(run_at(there, **NEAREST), "kalman", 5), strict=True
    ):
        assert np.array_equal(one[4].access[-1], two[4].access[-1])


def test_next_station_learns_a_round():
    """Everybody goes a, b, c, d, a, ...: after a while the next station is nearly certain."""
    stops_m = np.array([100.0, 300.0, 500.0, 700.0])
    x_m = stops_m[(np.arange(60)[:, None] + np.arange(5)) % 4]
    run = run_at(np.stack([x_m, np.full_like(x_m, 450.0)], axis=2), **NEAREST)
    *_, (situation, found) = forecasts(run, "next_station", 3)
    after = np.eye(4)[(situation.access + 1) % 4]
    assert (found[1].access[after.astype(bool)] > 0.75).all()
    np.testing.assert_allclose(found[2].access, found[1].access @ learned_chain(run), rtol=1e-12)


def learned_chain(run):
    predictor = predictor_of("next_station", run)
    for situation in run:
        predictor.observe(situation)
    return predictor.transitions()


def test_next_station_counts_by_its_formula():
    xy_m = walk(20, 6, seed=4, step_m=200.0)
    run = run_at(xy_m, **NEAREST)
    access = np.array([situation.access for situation in run])
    left, seen, gone = np.zeros(4), np.zeros(4), np.zeros((4, 4))
    for before, after in zip(access, access[1:], strict=False):
        for m, j in zip(before, after, strict=True):
            seen[m] += 1
            left[m] += m != j
            gone[m, j] += m != j
    wire = np.abs(np.subtract.outer(np.arange(4), np.arange(4))).astype(float)
    rank = np.array([np.argsort(np.argsort(row, kind="stable")) for row in wire])
    law = np.zeros(4)
    for m in range(4):
        for j in range(4):
            law[rank[m, j]] += gone[m, j]
    law += 1e-3
    law[0] = 0
    law /= law.sum()
    chain = learned_chain(run)
    for m in range(4):
        leaves = (left[m] + 10 * left.sum() / seen.sum()) / (seen[m] + 10)
        for j in range(4):
            expected = leaves * (gone[m, j] + 8 * law[rank[m, j]]) / (left[m] + 8) if j != m else 1 - leaves
            assert chain[m, j] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("world", ["plain", "cloud"])
def test_expected_latency_is_the_mean_over_access_stations(world):
    situation = next(iter(run_of(world)))
    rng = np.random.default_rng(0)
    access = rng.dirichlet(np.ones(situation.hosts.stations), len(situation.users))
    by_hand = sum(
        access[:, m, None] * situation.hosts.updates.onward(situation.users, np.full(len(access), m))
        for m in range(access.shape[1])
    )
    found = expected_comm_s(situation, access, situation.upload_s)
    np.testing.assert_allclose(found, by_hand + situation.upload_s[:, None], rtol=1e-12)


def test_the_mean_counts_the_slots_in_which_a_user_is_served():
    xy_m = walk(3, 4)
    xy_m[1, 0] = np.nan
    run = run_at(xy_m, **NEAREST)
    slots = list(run)
    situation, found = next(forecasts(run, "oracle", 3))
    mean = mean_forecast(situation, found)
    assert mean.slots.tolist() == [2, 3, 3, 3]
    np.testing.assert_allclose(mean.comm_s[0], (slots[0].comm_s[0] + slots[2].comm_s[0]) / 2, rtol=1e-12)
    np.testing.assert_allclose(mean.comm_s[1], np.mean([slots[0].comm_s[1], slots[1].comm_s[0], slots[2].comm_s[1]], 0))


def test_a_mean_leaves_out_what_is_said_of_slots_in_which_a_user_is_away():
    situation = next(iter(run_of()))
    now = present(situation)
    away = replace(now, served=np.arange(24) >= 3, upload_s=now.upload_s + 7.0)
    mean = mean_forecast(situation, [now, away])
    assert mean.slots.tolist() == [1] * 3 + [2] * 21
    np.testing.assert_allclose(mean.comm_s[:3], situation.comm_s[:3], rtol=1e-12)
    np.testing.assert_allclose(mean.comm_s[3:], situation.comm_s[3:] + 3.5, rtol=1e-12)


def test_data_go_from_where_users_are_to_their_hosts():
    """By wires that are not the same both ways, of two users who send twice and three times as much."""
    unit_s = np.array([[0.0, 1.0, 5.0], [2.0, 0.0, 7.0], [3.0, 4.0, 0.0]])
    origin = np.array([[0.5, 0.5], [0.0, 1.0]])  # two stations, and a third host that is none
    expected = [[2.0, 1.0, 12.0], [6.0, 0.0, 21.0]]
    for tables, group in ((unit_s[None], [0, 0]), (np.stack([unit_s, unit_s]), [0, 1])):
        wires = WireTable(tables, np.array(group), np.array([2.0, 3.0]))
        assert expected_onward_s(wires, np.arange(2), origin).tolist() == expected


def test_attached_to_nobody():
    assert attached_to(np.array([], np.int64), 3).shape == (0, 3)
