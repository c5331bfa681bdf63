"""What holds for every registered behaviour model."""

import io

import numpy as np
import pytest
from behaviour_cases import CATEGORIES, made, same, values
from hypothesis import given, settings
from hypothesis import strategies as st

from twinhop.errors import InputError
from twinhop.twin.behaviour import BEHAVIOUR_MODELS, Fleet, RowModel

KINDS = tuple(BEHAVIOUR_MODELS)
ROW_KINDS = tuple(kind for kind in KINDS if issubclass(BEHAVIOUR_MODELS[kind], RowModel))


@pytest.mark.parametrize("kind", KINDS)
def test_is_registered_under_its_kind(kind):
    assert BEHAVIOUR_MODELS[kind].kind == kind


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 10_000), cut=st.integers(0, 40))
@settings(max_examples=10, deadline=None)
def test_resumes_bit_for_bit_at_any_point(kind, seed, cut):
    times_s, given_values = values(kind, seed, 40)
    whole, first = made(kind), made(kind)
    for time_s, value in zip(times_s[:cut].tolist(), given_values[:cut], strict=True):
        whole.update(time_s, value)
        first.update(time_s, value)
    stream = io.BytesIO()
    np.savez(stream, **first.arrays())
    stream.seek(0)
    with np.load(stream, allow_pickle=False) as packed:
        resumed = BEHAVIOUR_MODELS[kind].from_arrays(dict(packed))
    for time_s, value in zip(times_s[cut:].tolist(), given_values[cut:], strict=True):
        assert same(whole.predict(time_s), resumed.predict(time_s))
        whole.update(time_s, value)
        resumed.update(time_s, value)
    assert same(whole.arrays(), resumed.arrays())
    assert same(whole.predict(times_s[-1] + 30.0), resumed.predict(times_s[-1] + 30.0))


@pytest.mark.parametrize("kind", KINDS)
def test_predicts_ordered_finite_intervals_that_do_not_shrink(kind):
    model = made(kind)
    times_s, given_values = values(kind, 3, 60)
    for time_s, value in zip(times_s.tolist(), given_values, strict=True):
        model.update(time_s, value)
    spreads = []
    for ahead_s in (0.0, 1.0, 5.0, 60.0):
        mean, low, high = model.predict(times_s[-1] + ahead_s)
        assert np.isfinite(mean).all() and (low <= mean + 1e-12).all() and (mean <= high + 1e-12).all()
        spreads.append(high - low)
    if kind in ROW_KINDS:
        assert (np.diff(np.array(spreads), axis=0) >= -1e-12).all()
    else:
        assert model.predict(times_s[-1] + 1.0).mean.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("kind", KINDS)
def test_arrays_are_copies_of_numbers(kind):
    model = made(kind)
    times_s, given_values = values(kind, 4, 5)
    for time_s, value in zip(times_s.tolist(), given_values, strict=True):
        model.update(time_s, value)
    before = model.predict(times_s[-1])
    for array in model.arrays().values():
        assert array.dtype.kind in "fi"
        array[...] = 1
    assert same(before, model.predict(times_s[-1]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("time_s", "value", "words"),
    [
        (1.0, None, "time runs backwards"),
        (float("nan"), None, "finite"),
        (9.0, np.array([np.nan, 0.0]), "finite|whole number"),
        (9.0, np.array([1.0, 2.0, 3.0]), "columns|whole number"),
    ],
)
def test_refuses_bad_values_and_keeps_its_state(kind, time_s, value, words):
    model = made(kind)
    times_s, given_values = values(kind, 5, 3)
    for value_of, at in zip(given_values, (2.0, 3.0, 4.0), strict=True):
        model.update(at, value_of)
    before = model.arrays()
    with pytest.raises(InputError, match=words):
        model.update(time_s, given_values[0] if value is None else value)
    assert same(before, model.arrays())
    with pytest.raises(InputError, match="before the last update"):
        model.predict(1.0)


@pytest.mark.parametrize("kind", KINDS)
def test_refuses_arrays_that_are_not_its_own(kind):
    arrays = made(kind).arrays()
    for name in arrays:
        if name == "population":
            continue
        with pytest.raises(InputError, match=kind):
            BEHAVIOUR_MODELS[kind].from_arrays({key: array for key, array in arrays.items() if key != name})
        with pytest.raises(InputError, match=kind):
            BEHAVIOUR_MODELS[kind].from_arrays({**arrays, name: np.zeros(977)})


@pytest.mark.parametrize("kind", ROW_KINDS)
def test_knows_nothing_before_the_first_value(kind):
    mean, low, high = made(kind).predict(0.0)
    assert np.isnan(mean).all() and (low == -np.inf).all() and (high == np.inf).all()


@pytest.mark.parametrize("kind", ("markov_chain", "next_station"))
def test_categories_are_uniform_before_the_first_value(kind):
    mean, low, high = made(kind).predict(0.0)
    assert mean.tolist() == [1 / CATEGORIES] * CATEGORIES
    assert low.max() == 0 and high.min() == 1


@pytest.mark.parametrize("kind", ROW_KINDS)
def test_parameters_out_of_range_are_named(kind):
    model = BEHAVIOUR_MODELS[kind]
    for name in model.parameter_names:
        with pytest.raises(InputError, match=f"{kind}: {name}: must be"):
            model(1, **{name: 0.0})
    with pytest.raises(InputError, match="width: must be"):
        model(0)


@pytest.mark.parametrize("kind", ROW_KINDS)
def test_a_fleet_gives_the_numbers_of_its_twins(kind):
    twins, generator = 7, np.random.default_rng(8)
    fleet, alone = Fleet(made(kind), twins), [made(kind) for _ in range(twins)]
    times_s = np.zeros(twins)
    for _ in range(25):
        times_s += generator.choice([0.0, 0.5, 3.0], twins)
        moved = generator.standard_normal((twins, 2))
        fleet.update(times_s, moved)
        for model, time_s, value in zip(alone, times_s.tolist(), moved, strict=True):
            model.update(time_s, value)
    ahead_s = float(times_s.max()) + 4.0
    together = fleet.predict(ahead_s)
    for row, model in enumerate(alone):
        assert same(fleet.twin(row).arrays(), model.arrays())
        assert same([each[row] for each in together], model.predict(ahead_s))
    again = Fleet.from_arrays(BEHAVIOUR_MODELS[kind], fleet.arrays())
    assert same(again.arrays(), fleet.arrays())


def test_a_fleet_names_the_twin_whose_value_is_not_usable():
    fleet = Fleet(made("level"), 3)
    fleet.update(np.full(3, 5.0), np.ones((3, 2)))
    with pytest.raises(InputError, match="fleet: twin 1: level: time runs backwards: 4 s after 5 s"):
        fleet.update(np.array([6.0, 4.0, 6.0]), np.ones((3, 2)))
    with pytest.raises(InputError, match=r"must be of shape \(3, 2\)"):
        fleet.update(np.zeros(2), np.ones((2, 2)))
    with pytest.raises(InputError, match="at least one twin"):
        Fleet(made("level"), 0)
