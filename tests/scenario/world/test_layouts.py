import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinhop.scenario.place_sections import HotSpot
from twinhop.scenario.world import layouts


@given(count=st.integers(1, 300), width_m=st.floats(10, 5000), height_m=st.floats(10, 5000))
@settings(max_examples=60, deadline=None)
def test_hexagonal_gives_exactly_count_distinct_sites_inside(count, width_m, height_m):
    sites = layouts.hexagonal(count, width_m, height_m)
    assert sites.shape == (count, 2)
    assert len(np.unique(sites, axis=0)) == count
    assert (sites > 0).all() and (sites < (width_m, height_m)).all()


@pytest.mark.parametrize("count", [7, 19, 20, 37, 61, 63, 100])
def test_hexagonal_sites_are_evenly_spaced(count):
    sites = layouts.hexagonal(count, 1000.0, 1000.0)
    distances = np.hypot(*(sites[:, None] - sites[None]).transpose(2, 0, 1)) + np.diag(np.full(count, np.inf))
    nearest = distances.min(axis=1)
    assert nearest.max() / nearest.min() < 1.25
    regular_m = np.sqrt(2 / np.sqrt(3) * 1000.0**2 / count)
    assert 0.75 * regular_m < nearest.min() <= 1.1 * regular_m


def test_twenty_sites_are_centred():
    sites = layouts.hexagonal(20, 2000.0, 1800.0)
    assert (sites.min(axis=0) + sites.max(axis=0)) / 2 == pytest.approx([1000.0, 900.0])
    assert len(np.unique(sites[:, 1])) == 5


def test_uniform_fills_the_area():
    points = layouts.uniform(20_000, 300.0, 50.0, np.random.default_rng(0))
    assert points.mean(axis=0) == pytest.approx([150, 25], rel=0.02)
    assert (points >= 0).all() and (points <= (300.0, 50.0)).all()


def test_hot_spots_hold_their_shares_and_stay_inside():
    spots = [HotSpot(x_m=50, y_m=60, radius_m=40, share=0.5), HotSpot(x_m=5000, y_m=5000, radius_m=100, share=0.25)]
    points = layouts.hot_spots(40_000, 10_000.0, 9_000.0, spots, np.random.default_rng(1))
    assert (points >= 0).all() and (points <= (10_000.0, 9_000.0)).all()
    for spot in spots:
        near = np.hypot(points[:, 0] - spot.x_m, points[:, 1] - spot.y_m) < spot.radius_m
        assert near.mean() == pytest.approx((1 - np.exp(-2)) * spot.share, rel=0.02)


def test_hot_spots_of_the_first_users_do_not_depend_on_the_count():
    spots = [HotSpot(x_m=50, y_m=60, radius_m=40, share=0.5)]
    few, many = (layouts.hot_spots(n, 100.0, 100.0, spots, np.random.default_rng(1)) for n in (10, 50))
    assert np.array_equal(few, many[:10])
