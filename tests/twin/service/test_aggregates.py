"""Aggregates changed one update at a time are, bit for bit, those made from nothing of what is known at the end."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinhop.errors import InputError
from twinhop.twin.service import Closeness, Count, Density, ExactSum, Flow, Grid, Mean, Quantiles

GRID = Grid(-50.0, -50.0, 25.0, 4, 4)
NUMBERS = st.one_of(
    st.floats(-60, 60).map(lambda value: round(value, 3)),
    st.sampled_from([0.0, -0.0, 1e-300, 1e16, -1e16, 25.0, math.nan]),
    st.integers(-2, 2).map(float),
)
EXTRACTS = st.one_of(st.none(), st.tuples(NUMBERS, NUMBERS, NUMBERS))
CHANGES = st.lists(st.tuples(st.integers(0, 7), EXTRACTS), max_size=40)
SUMMARIES = {
    "count": Count,
    "mean": lambda: Mean((0, 1, 2)),
    "quantiles": lambda: Quantiles(2, (0.0, 0.25, 0.5, 0.9, 1.0)),
    "density": lambda: Density(GRID, (0, 1)),
    "closeness": lambda: Closeness((0, 1), 10.0),
}


def fed(aggregate, changes):
    """The extracts after all changes, the aggregate having seen each."""
    known = {}
    for time_s, (member, extract) in enumerate(changes):
        aggregate.change(member, known.get(member), extract, float(time_s))
        known[member] = extract
    return {member: extract for member, extract in known.items() if extract is not None}


@pytest.mark.parametrize("name", SUMMARIES)
@settings(max_examples=150, deadline=None)
@given(changes=CHANGES)
def test_equals_recomputation_from_scratch(name, changes):
    incremental, scratch = SUMMARIES[name](), SUMMARIES[name]()
    for member, extract in sorted(fed(incremental, changes).items()):
        scratch.change(member, None, extract, 0.0)
    np.testing.assert_array_equal(incremental.value(), scratch.value())


@settings(max_examples=150, deadline=None)
@given(changes=CHANGES)
def test_against_independent_formulas(changes):
    made = {name: make() for name, make in SUMMARIES.items()}
    members = list([fed(aggregate, changes) for aggregate in made.values()][0].values())
    assert made["count"].value().tolist() == [len(members)]
    for column, mean in enumerate(made["mean"].value()):
        known = [Fraction(each[column]) for each in members if not math.isnan(each[column])]
        assert (math.isnan(mean) and not known) or mean == float(sum(known) / len(known))
    third = [each[2] for each in members if not math.isnan(each[2])]
    expected = np.quantile(third, (0.0, 0.25, 0.5, 0.9, 1.0)) if third else np.full(5, np.nan)
    np.testing.assert_allclose(
        made["quantiles"].value(), expected, rtol=1e-12, atol=1e-12 * max(map(abs, third or [0]))
    )
    edges = np.arange(-50, 51, 25.0)
    points = np.array([each[:2] for each in members if not np.isnan(each[:2]).any()]).reshape(-1, 2)
    inside = points[((points >= -50) & (points < 50)).all(axis=1)]  # the last edge is outside here, inside in NumPy
    counted = np.histogram2d(inside[:, 1], inside[:, 0], bins=(edges, edges))[0].ravel()
    assert made["density"].value().tolist() == [*counted.tolist(), len(members) - len(inside)]
    distance_m = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    close = np.triu(distance_m <= 10.0, 1)
    assert made["closeness"].value().tolist() == [close.sum(), (close | close.T).any(axis=1).sum()]


@settings(max_examples=200, deadline=None)
@given(terms=st.lists(st.floats(allow_nan=False, allow_infinity=False, width=64), max_size=30), data=st.data())
def test_exact_sum(terms, data):
    taken = data.draw(st.lists(st.sampled_from(range(len(terms))), unique=True)) if terms else []
    total = ExactSum()
    for term in terms:
        total.add(term)
    for at in taken:
        total.take(terms[at])
    left = sum(Fraction(term) for at, term in enumerate(terms) if at not in taken)
    try:
        expected = float(left)
    except OverflowError:
        with pytest.raises(OverflowError):
            total.value()
    else:
        assert total.value() == expected


def flow_from_scratch(changes, window_s):
    known, latest_s, moves = {}, -math.inf, []
    for time_s, member, extract in changes:
        latest_s = max(latest_s, time_s)
        start, end = (None if each is None else GRID.cell(*each[:2]) for each in (known.get(member), extract))
        if start is not None and end is not None and start != end:
            moves.append((latest_s, start, end))
        known[member] = extract
    matrix = np.zeros((GRID.cells, GRID.cells))
    for time_s, start, end in moves:
        matrix[start, end] += time_s > latest_s - window_s
    return matrix


@settings(max_examples=150, deadline=None)
@given(
    changes=st.lists(st.tuples(st.floats(0, 100), st.integers(0, 5), EXTRACTS), max_size=40),
    window_s=st.floats(0.5, 60),
)
def test_flow_counts_the_moves_of_its_window(changes, window_s):
    flow, known = Flow(GRID, (0, 1), window_s), {}
    for time_s, member, extract in changes:
        flow.change(member, known.get(member), extract, time_s)
        known[member] = extract
    np.testing.assert_array_equal(flow.value(), flow_from_scratch(changes, window_s))
    again = Flow(GRID, (0, 1), window_s)
    again.restore(flow.arrays())
    np.testing.assert_array_equal(again.value(), flow.value())


def test_who_is_close():
    closeness = Closeness((0, 1), 5.0)
    for member, point in enumerate([(0.0, 0.0), (3.0, 4.0), (100.0, 0.0)]):
        closeness.change(member, None, point, 0.0)
    assert closeness.near(0) == {1: 5.0}
    assert closeness.near(2) == {}
    closeness.change(1, (3.0, 4.0), (99.0, 0.0), 1.0)
    assert (closeness.near(0), closeness.near(2)) == ({}, {1: 1.0})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Quantiles(0, ()), "levels must lie in"),
        (lambda: Quantiles(0, (1.5,)), "levels must lie in"),
        (lambda: Closeness((0, 1), 0.0), "radius_m must be greater than 0"),
        (lambda: Flow(GRID, (0, 1), 0.0), "window_s must be greater than 0"),
        (lambda: Flow(Grid(0, 0, 1, 40, 40), (0, 1), 1.0), "at most 1000"),
        (lambda: Grid(0, 0, 0, 1, 1), "cell_m > 0"),
        (lambda: Grid(0, 0, 1, 2000, 2000), "at most 1000000"),
    ],
)
def test_what_makes_no_sense_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()
