"""Hot spots: who is where follows the weights of the hour."""

import math

import numpy as np
import pytest
from mobility_cases import model, positions, track

from twinhop.scenario.mobility import Attraction
from twinhop.scenario.place_sections import Area

CITY = Area(width_m=2000.0, height_m=2000.0)
BY_DAY = (0.0,) * 8 + (3.0,) * 8 + (0.0,) * 8
BY_NIGHT = (3.0,) * 8 + (0.0,) * 8 + (3.0,) * 8
SPOTS = (
    Attraction(x_m=400.0, y_m=500.0, radius_m=100.0, weights=BY_DAY),
    Attraction(x_m=1500.0, y_m=1600.0, radius_m=200.0, weights=BY_NIGHT),
)
QUICK = {"spots": SPOTS, "elsewhere_weights": (1.0,) * 24, "stay_s": 600.0, "min_speed_mps": 5.0, "max_speed_mps": 15.0}


def share_within(xy_m, spot, sigmas=2.0):
    return (np.hypot(*(xy_m - (spot.x_m, spot.y_m)).T) <= sigmas * spot.radius_m / 2).mean()


@pytest.mark.parametrize(("begin_hour", "drawn", "left"), [(8.0, 0, 1), (16.0, 1, 0), (0.0, 1, 0)])
def test_users_gather_where_the_hour_draws_them(begin_hour, drawn, left):
    xy_m = track(model("hot_spots", **QUICK, begin_hour=begin_hour), 1500, 121, area=CITY, slot_s=60.0)[-1]
    expected = 0.75 * (1 - math.exp(-2))  # the others are on their way, elsewhere, or in the outskirts of the disc
    assert 0.7 * expected < share_within(xy_m, SPOTS[drawn]) < expected
    assert share_within(xy_m, SPOTS[left]) < 0.1


def test_the_hour_passes():
    city = positions(model("hot_spots", **QUICK, begin_hour=14.0), 1500, area=CITY, slot_s=300.0)
    shares = [share_within(xy_m, SPOTS[0]) for _, xy_m in zip(range(60), city, strict=False)]
    assert max(shares[:24]) > 0.4 and max(shares[-20:]) < 0.1  # 14 to 16 h, and from 17 h 20 on


def test_goals_are_spread_around_the_centre_as_stated():
    """Nobody goes elsewhere: whoever stays is at the hot spot, 86 % within the radius."""
    spot = Attraction(x_m=1000.0, y_m=1000.0, radius_m=120.0, weights=(1.0,) * 24)
    chosen = model("hot_spots", **{**QUICK, "spots": (spot,), "elsewhere_weights": (0.0,) * 24, "stay_s": 1e6})
    xy_m = track(chosen.model_copy(update={"stay_s": 1e-3}), 4000, 5, area=CITY, slot_s=1.0)[0]
    assert share_within(xy_m, spot) < 0.03
    arrived = track(chosen.model_copy(update={"stay_s": 900.0}), 4000, 30, area=CITY, slot_s=60.0)[-1]
    there = np.hypot(*(arrived - 1000.0).T) < 400.0
    assert there.mean() > 0.9
    assert share_within(arrived[there], spot) == pytest.approx(1 - math.exp(-2), abs=0.06)


def test_shares_follow_the_weights():
    shares = model("hot_spots", **QUICK).shares(CITY)
    assert shares.shape == (24, 3)
    np.testing.assert_allclose(shares[[3, 12, 20]], [[0, 0.75, 0.25], [0.75, 0, 0.25], [0, 0.75, 0.25]])


def test_without_hot_spots_users_go_anywhere():
    xy_m = track(model("hot_spots", **{**QUICK, "spots": ()}), 3000, 200, area=CITY, slot_s=60.0)[-1]
    east = (xy_m[:, 0] > 1000).mean()
    assert east == pytest.approx(0.5, abs=4 * 0.5 / math.sqrt(3000))


def test_a_corner_does_not_let_users_out():
    spot = Attraction(x_m=0.0, y_m=2000.0, radius_m=5000.0, weights=(1.0,) * 24)
    xy_m = track(model("hot_spots", **{**QUICK, "spots": (spot,)}), 500, 40, area=CITY, slot_s=60.0)
    assert (xy_m >= 0).all() and (xy_m <= 2000).all()


def test_the_defaults_suit_any_area():
    for area in (Area(width_m=30.0, height_m=9000.0), Area(width_m=3.0, height_m=4.0)):
        spots = model("hot_spots", stay_s=1800.0).spots_in(area)
        model("hot_spots", stay_s=1800.0, spots=spots).check(area, 1.0)
        assert len(spots) == 3
