"""Polygons: which are simple, and which points they hold."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.path import Path

from twinhop.errors import InputError
from twinhop.scenario.schema.polygon import MOST_VERTICES, Polygon, polygon_error

CORNERS = st.tuples(st.integers(-4, 4), st.integers(-4, 4)).map(lambda point: (float(point[0]), float(point[1])))


@pytest.mark.parametrize(
    ("vertices", "message"),
    [
        ([(0, 0), (1, 1)], "at least 3 vertices (got 2)"),
        ([(0, 0), (1, 1), (1, 0), (0, 1)], "the edge from vertex 0 to 1 meets the edge from vertex 2 to 3"),
        ([(0, 0), (2, 0), (1, 0)], "crosses itself"),  # folded flat
        ([(0, 0), (4, 0), (4, 4), (2, 0), (0, 4)], "crosses itself"),  # a corner touches an edge
        ([(0, 0), (1, 0), (0, 0), (0, 1)], "crosses itself"),  # a corner twice
        ([(0, 0), (1, 0), (1, 0), (0, 1)], "crosses itself"),  # an edge without length
        ([(0, 0), (3, 0), (3, 2), (1, 2), (1, 0), (0, 2)], "crosses itself"),  # edges on one line
        ([(0, 0), (1, 0), (math.nan, 1)], "vertex 2 is not finite"),
        ([(0, 0, 0), (1, 1, 0), (1, 0, 0)], "pairs of numbers (x, y) (got shape (3, 3))"),
        ([(0, 0), (1, 1, 0), (1, 0)], "pairs of numbers (x, y)"),
        ([("east", 0), (1, 1), (1, 0)], "pairs of numbers (x, y)"),
        ([(0.0, float(at)) for at in range(MOST_VERTICES + 1)], "at most 1000 are accepted"),
    ],
)
def test_what_is_refused(vertices, message):
    assert message in polygon_error(vertices)
    with pytest.raises(InputError, match="polygon: "):
        Polygon(tuple(vertices))


def test_decided_exactly():
    """Two edges that floats cannot tell apart: one polygon just closes, the other just crosses."""
    tiny = 2.0**-52
    assert polygon_error([(0, 0), (3, 0), (3, 1), (1 + tiny, 1 / 3), (0, 1)]) is None
    apart = [(0.0, 0.0), (1.0, 1.0), (1.0, 2.0), (0.5, 0.5 + tiny)]
    assert polygon_error(apart) is None
    assert polygon_error([*apart[:3], (0.5, 0.5)]) is not None


@settings(max_examples=200, deadline=None, derandomize=True)
@given(angles=st.lists(st.integers(0, 359), min_size=3, max_size=30, unique=True), data=st.data())
def test_stars_are_simple_and_hold_what_matplotlib_says(angles, data):
    angles = np.radians(sorted(angles))
    gaps = np.diff(np.append(angles, angles[0] + 2 * np.pi))
    if gaps.max() >= np.pi - 1e-9:
        return  # the centre is not inside
    reach = np.array(data.draw(st.lists(st.floats(1, 9), min_size=len(angles), max_size=len(angles))))
    vertices = [(float(x), float(y)) for x, y in zip(reach * np.cos(angles), reach * np.sin(angles), strict=True)]
    polygon = Polygon(tuple(vertices))
    points = np.random.default_rng(len(angles)).uniform(-10, 10, (200, 2))
    expected = Path(vertices).contains_points(points)
    np.testing.assert_array_equal(polygon.holds(*points.T), expected)
    assert [bool(polygon.holds(*point)) for point in points.tolist()] == expected.tolist()
    assert bool(polygon.holds(0.0, 0.0))
    np.testing.assert_array_equal(Polygon(tuple(reversed(vertices))).holds(*points.T), expected)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(ring=st.lists(CORNERS, min_size=3, max_size=7), turn=st.integers(0, 6))
def test_start_and_direction_do_not_matter(ring, turn):
    turned = ring[turn % len(ring) :] + ring[: turn % len(ring)]
    simple = polygon_error(ring) is None
    assert (polygon_error(turned) is None) == simple
    assert (polygon_error(ring[::-1]) is None) == simple


def test_neighbours_share_no_point():
    left = Polygon(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    right = Polygon(((1.0, 0.0), (2.0, 0.0), (2.0, 1.0), (1.0, 1.0)))
    y_m = np.linspace(0, 0.99, 34)
    held = left.holds(np.ones(34), y_m).astype(int) + right.holds(np.ones(34), y_m)
    assert held.tolist() == [1] * 34


def test_nan_lies_nowhere():
    assert not Polygon(((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))).holds(math.nan, 0.1)
