"""`foresight`: what it sees, what it refuses, and that nothing it asks for is infeasible."""

import itertools

import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.inference.foresight.features import CONSTANT, FEATURES, GAIN_TO_GO, move_features
from twinhop.inference.foresight.network import Weights, beliefs, shapes, weights_of_arrays, worth
from twinhop.inference.foresight.policy import Foresight, weights_of
from twinhop.inference.foresight.to_go import MoveUnits, expected_to_go, values_by_horizon
from twinhop.inference.foresight.tracks import EXPERTS, Seen, Tracks
from twinhop.migration.policy import PolicyKind, policy_choice
from twinhop.migration.run import MigrationRun
from twinhop.migration.simulate import outcomes
from twinhop.scenario import Scenario

CITY = {
    "schema_version": 1,
    "name": "small",
    "stations": {"generate": {"count": 4}, "capacity_users": 7},
    "users": {"generate": {"count": 12}},
    "objective": {"deadlines": False},
    "movement": {"slot_s": 10, "slots": 12, "failures": {"random": {"mean_up_s": 300, "mean_down_s": 20}}},
    "migration": {"opening_s": 0.002, "move_s": 0.01},
}


def scenario(**movement):
    return Scenario.model_validate({**CITY, "movement": {**CITY["movement"], **movement}})


def seen_at(at, ahead=None):
    n = len(at)
    zero = np.zeros(n, np.float32)
    ahead = np.stack([at, at], axis=1) if ahead is None else ahead
    return Seen(at, at, ahead, np.zeros((n, 3, 3), np.float32), zero, np.zeros((n, 2), np.float32), zero, zero)


def test_values_to_go_of_two_slots_are_those_of_every_plan_tried():
    rng = np.random.default_rng(1)
    counts, unit = rng.integers(0, 9, (3, 3)).astype(float), rng.random((3, 2))
    way = np.array([[0.0, 0.7], [0.7, 0.0]])
    units = MoveUnits(update=0.5, move=0.7, fixed=0.2)
    table = values_by_horizon(counts, unit, np.zeros(2), way, units)
    chain = (counts + np.eye(3)) / (counts + np.eye(3)).sum(axis=1, keepdims=True)
    for a, k, price in itertools.product(range(3), range(2), (0, 3)):
        move = 2.0**price * units.update * (0.2 + 0.8 * way / 0.7) * (way > 0)
        later = sum(chain[a, b] * min(move[k, q] + unit[b, q] for q in range(2)) for b in range(3))
        assert table[1, price, a, k] == pytest.approx(unit[a, k] + later, rel=1e-5)


def test_values_between_the_grid_lie_between_those_on_it():
    table = np.arange(8 * 8 * 3 * 2, dtype=np.float32).reshape(8, 8, 3, 2)
    at = np.array([0, 2])
    values = expected_to_go(table, seen_at(at), np.array([2.0, 3.0]), np.array([4.0, 4.0], np.float32))
    assert values[0, 0] == pytest.approx(table[2, 1, 0])
    assert (values[1, 0] > table[2, 1, 2]).all() and (values[1, 0] < table[2, 2, 2]).all()


def test_to_stay_is_worth_nothing_and_units_do_not_matter():
    rng = np.random.default_rng(2)
    n, hosts = 5, 4
    numbers = {
        "expected": rng.random((n, len(EXPERTS), hosts), np.float32),
        "mixed": rng.random((n, 2, hosts), np.float32),
        "spread": rng.random((n, hosts), np.float32),
        "own": rng.integers(0, hosts, n),
        "scale": rng.random(n, np.float32),
        "computing": rng.random((n, hosts), np.float32),
        "move_s": 1 + rng.random((n, hosts), np.float32),
        "fixed_s": rng.random(n, np.float32),
        "left": np.full(n, 30, np.float32),
        "known": np.ones((n, 8), np.float32),
        "to_go": rng.random((n, 3, hosts), np.float32),
    }
    features = move_features(**numbers)
    assert features.shape == (n, hosts, FEATURES) and (features[..., CONSTANT] == 1).all()
    assert features[np.arange(n), numbers["own"], GAIN_TO_GO] == pytest.approx(0)
    doubled = {name: 2 * numbers[name] for name in ("scale", "computing", "move_s", "fixed_s")}
    assert move_features(**{**numbers, **doubled}) == pytest.approx(features, abs=1e-4)


def test_tracks_know_where_users_go_on_to():
    tracks = Tracks(2, np.array([[0.0, 0.0], [100.0, 0.0], [200.0, 0.0]]))
    for slot in range(4):
        tracks.see(np.array([0, -1]), np.array([[10.0 * slot, 0.0], [np.nan, np.nan]]))
    tracks.see(np.array([1, 2]), np.array([[90.0, 0.0], [200.0, 0.0]]))
    seen = tracks.seen(np.arange(2))
    assert seen.before.tolist() == [0, 2] and seen.ahead[0, 1] == 2 and seen.ahead[1].tolist() == [2, 2]
    assert seen.own.sum(axis=2) == pytest.approx(np.ones((2, 3)))
    assert tracks.counts.sum() == 4 and tracks.counts[0, 1] == 1


def test_beliefs_sum_to_one():
    weights = weights_of("foresight")
    known = np.random.default_rng(0).normal(size=(7, 8)).astype(np.float32)
    assert beliefs(weights, known).sum(axis=1) == pytest.approx(np.ones(7), rel=1e-5)


@pytest.mark.parametrize("movement", [{}, {"churn": {"mean_present_s": 40, "mean_absent_s": 60}}, {"slots": 1}])
def test_nothing_it_asks_for_is_infeasible(movement):
    run = MigrationRun(scenario(**movement))
    found = list(outcomes(run, policy_choice("foresight")))
    assert len(found) == run.slots and all(each.fallbacks == 0 for each in found)


def test_it_serves_a_run_whose_stations_are_down_but_one():
    fields = {**CITY, "stations": {"generate": {"count": 4}, "capacity_users": "all"}}
    city = Scenario.model_validate(fields)
    run = MigrationRun(city, stations_up=lambda time_s: np.arange(4) == 3 if 20 <= time_s < 60 else np.ones(4, bool))
    found = list(outcomes(run, policy_choice("foresight")))
    assert all((each.host == 3).all() for each in found[2:6]) and sum(each.fallbacks for each in found) == 0


def test_weights_that_expect_no_number_are_refused_in_a_line():
    bad = weights_of("foresight")._replace(worth_skip=np.full(FEATURES, np.inf, np.float32))
    kind = PolicyKind(lambda run, rng: Foresight(run, bad, margin=0.0, reach=10.0, replan=0, correction=0.0), "bad", {})
    with pytest.raises(InputError, match="is no number"):
        list(outcomes(MigrationRun(scenario(failures=None)), policy_choice(kind)))


def test_other_weights_are_refused():
    with pytest.raises(InputError, match="algorithm, which places"):
        weights_of(_maddpg_folder())
    arrays = {f".{name}": np.zeros(shape, np.float32) for name, shape in zip(Weights._fields, shapes(8), strict=True)}
    weights_of_arrays(arrays, "a")
    with pytest.raises(InputError, match="trained with other features"):
        weights_of_arrays({**arrays, ".worth_skip": np.zeros(FEATURES + 1, np.float32)}, "a")
    with pytest.raises(InputError, match="not finite"):
        weights_of_arrays({**arrays, ".worth_skip": np.full(FEATURES, np.nan, np.float32)}, "a")
    with pytest.raises(InputError, match=r"\.worth_out is missing"):
        weights_of_arrays({name: each for name, each in arrays.items() if name != ".worth_out"}, "a")


def _maddpg_folder():
    from twinhop.inference.checkpoint import shipped

    return str(shipped())


def test_worth_is_the_same_row_by_row():
    weights, rng = weights_of("foresight"), np.random.default_rng(3)
    features = rng.normal(size=(4, 3, FEATURES)).astype(np.float32)
    assert worth(weights, features)[2] == pytest.approx(worth(weights, features[2]), rel=1e-4, abs=1e-4)
    assert worth(weights, features, 0.0) == pytest.approx(features @ weights.worth_skip, rel=1e-4, abs=1e-4)
