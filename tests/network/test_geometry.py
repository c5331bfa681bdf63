"""Distances against a plain loop."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinhop.network import distance_m

POINTS = st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)), max_size=6)


def as_points_m(points):
    return np.array(points, dtype=float).reshape(-1, 2)


@given(POINTS, POINTS)
def test_matches_a_plain_loop(a, b):
    found_m = distance_m(as_points_m(a), as_points_m(b))
    assert found_m.shape == (len(a), len(b))
    for i, (ax, ay) in enumerate(a):
        for j, (bx, by) in enumerate(b):
            assert found_m[i, j] == pytest.approx(math.hypot(ax - bx, ay - by), rel=1e-12, abs=1e-150)


@given(POINTS)
def test_is_symmetric_and_zero_to_itself(points):
    found_m = distance_m(as_points_m(points), as_points_m(points))
    assert np.array_equal(found_m, found_m.T)
    assert np.all(np.diag(found_m) == 0.0)
