"""Twins that take their models along: what each begins with, what is judged, the same by the same seed."""

import json

import matplotlib.image
import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.replay.tracks import Track
from twinhop.scenario.traces.sumo_program import Sumo
from twinhop.studies.twin_transfer import study as twin_transfer
from twinhop.studies.twin_transfer.motion import Constants, learned_moves, motion_forecasts
from twinhop.studies.twin_transfer.results import HEADER, MOVES
from twinhop.studies.twin_transfer.scores import ARMS, COLD, Forecasts, joined, scores
from twinhop.studies.twin_transfer.stations import cell_guesses, hits
from twinhop.studies.twin_transfer.study import save_study
from twinhop.twin.behaviour import ConstantVelocity

CONSTANTS = Constants(0.5, 0.5, 60.0)


def straight(users=4, seconds=80):
    """Users who go east at 10 m/s from one strip of 200 m to the next, measured without noise."""
    time_s = np.arange(seconds, dtype=float)
    tracks = []
    for user in range(users):
        xy_m = np.column_stack([10.0 * time_s + 20.0 * user, np.full(seconds, 5.0)])
        tracks.append(Track(f"u{user}", time_s, xy_m, xy_m))
    return tracks, [(track.truth_m[:, 0] // 200).astype(np.int64) for track in tracks]


def forecasts(constants=CONSTANTS):
    return motion_forecasts(learned_moves(*straight(), ConstantVelocity(2), 5), constants)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setattr(twin_transfer, "USERS", (4, 4))
    patch.setattr(twin_transfer, "SECONDS_MOVED", (240.0, 240.0))
    patch.setattr(twin_transfer, "SEEDS", (1, 1))
    patch.setattr(twin_transfer, "PERIODS_S", (5.0,))
    with patch.context():
        yield [twin_transfer.twin_transfer_study(True, seed, None) for seed in (3, 3, 4)]
    patch.undo()


def test_a_twin_that_brings_its_model_or_finds_the_regions_goes_on_at_once():
    result = forecasts()
    first = result.age_s == 0
    assert first.sum() == 5 and np.allclose(result.values["cold"][first], 50.0)
    for arm in ("region", "own", "blended", "decaying"):
        assert result.values[arm][first].max() < 1.0, arm
    literal = result.values["literal"][first]
    assert (literal > 20.0).all()  # half of the velocity comes on top of the region's
    assert set(result.values) == set(ARMS)


def test_rho_at_its_ends_is_the_region_or_the_twin():
    region, own = forecasts(Constants(0.0, 0.0, 60.0)).values, forecasts(Constants(1.0, 1.0, 1e12)).values
    assert np.allclose(own["blended"], own["own"]) and np.allclose(own["decaying"], own["own"])
    first = forecasts().age_s == 0
    assert np.allclose(region["decaying"][first], region["region"][first])


def test_only_the_second_half_is_judged_and_only_until_the_next_move():
    result = forecasts()
    assert result.age_s.max() < 20.0 and len(result.age_s) < 4 * 40
    nobody = learned_moves([straight()[0][0]], [np.zeros(80, np.int64)], ConstantVelocity(2), 5)
    assert motion_forecasts(nobody, CONSTANTS).age_s.size == 0


def test_means_and_intervals_are_of_users():
    user, age_s = np.array([0, 0, 0, 1]), np.array([0.0, 1.0, 7.0, 2.0])
    made = Forecasts(user, age_s, {COLD: np.array([2.0, 4.0, 9.0, 6.0]), "own": np.array([1.0, 2.0, 9.0, 3.0])})
    rows = scores("w", "m", made, [(0.0, 5.0), (5.0, 15.0), (15.0, 60.0)], 1)
    cold, own = rows[:2]
    assert (cold.mean, cold.forecasts, cold.users) == (4.0, 3, 2)
    assert (cold.low, cold.high) == (3.0, 6.0)  # both draws of one user alone
    assert own.below_cold == own.below_cold_low == own.below_cold_high == pytest.approx(0.5)
    assert [row.from_s for row in rows] == [0.0, 0.0, 5.0, 5.0]
    twice = joined([made, made])
    assert len(np.unique(twice.user)) == 4 and twice.values["own"].size == 8


def test_taxis_guess_what_they_or_the_others_did():
    round_trip, back = np.tile([0, 1, 2], 20), np.tile([0, 2, 1], 20)
    cells = np.column_stack([round_trip, round_trip, round_trip, back])
    guesses = cell_guesses(cells, 3, (45, 59))
    top = hits(guesses, Constants(0.5, 0.5, 600.0), 1)
    backwards = top.user == 3
    assert top.values["own"].all()
    assert top.values["region"][~backwards].all() and not top.values["region"][backwards].any()
    assert np.allclose(top.values["cold"], 0.5)  # one of two other cells
    assert hits(guesses, CONSTANTS, 2).values["cold"].all()


def test_the_same_by_the_same_seed(small):
    one, again, other = small
    assert one.to_json() == again.to_json() != other.to_json()
    assert "sf_cab_cells" in one.skipped[0] and "ifogsim2_melb" in one.skipped[1]


def test_literal_grows_and_sound_does_not(small):
    norms = small[0].norms
    assert norms["literal"][-1] > MOVES and max(norms["sound"]) <= 1.01


def test_files(small, tmp_path):
    study = small[0]
    assert [path.name for path in save_study(study, tmp_path / "out")] == [
        "twin-transfer.csv",
        "twin-transfer.json",
        "twin-transfer.md",
        "twin-transfer.png",
        "twin-transfer.tex",
    ]
    facts = json.loads((tmp_path / "out" / "twin-transfer.json").read_text())
    assert len(facts["scores"]) == len(study.rows()) > 0 and set(facts["constants"]) == {w.name for w in study.worlds}
    text = (tmp_path / "out" / "twin-transfer.md").read_text()
    assert "Skipped: no sf_cab_cells" in text and all(len(row) == len(HEADER) for row in study.rows())
    assert matplotlib.image.imread(tmp_path / "out" / "twin-transfer.png").std() > 0.01


def test_bad_input_is_refused(tmp_path):
    with pytest.raises(InputError, match="seed: must be at least 0"):
        twin_transfer.twin_transfer_study(True, -1, None)


def test_traffic_of_sumo_is_known_every_so_many_seconds():
    try:
        Sumo.find()
    except InputError:
        pytest.skip("SUMO is not installed; pip install eclipse-sumo libsumo")
    tracks = twin_transfer._traffic(5.0, True, 3)
    assert len(tracks) > 2
    for track in tracks:
        assert (np.diff(track.time_s) == 5.0).all() and np.ptp(track.truth_m, axis=0).max() > 100
        error_m = np.hypot(*(track.measured_m - track.truth_m).T)
        assert 0.8 < error_m.mean() < 1.8
    np.testing.assert_array_equal(twin_transfer._traffic(5.0, True, 3)[0].measured_m, tracks[0].measured_m)


def test_where_sumo_is_missing_the_study_says_so(monkeypatch):
    monkeypatch.setenv("SUMO_HOME", "")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(twin_transfer, "_generated", lambda: iter(()))
    values = twin_transfer.twin_transfer_study(True, 0, None)
    assert "SUMO is not installed" in values.skipped[-1] and values.scores == ()
