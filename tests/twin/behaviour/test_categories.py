"""Markov chain and next station against counts made by hand."""

from fractions import Fraction

import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.twin.behaviour import MarkovChain, NextStation, likely_categories


def fed(model, categories):
    for at, category in enumerate(categories):
        model.update(float(at), np.array([float(category)]))
    return model


def test_chain_backs_off_as_counted_by_hand():
    # 0 1 0 2 0 1: from 0 to 1 twice, to 2 once; seen 0 three times, 1 twice, 2 once, 3 never.
    model = fed(MarkovChain(4), [0, 1, 0, 2, 0, 1, 0])
    seen = [Fraction(count + 3 * Fraction(1, 4)) / (7 + 3) for count in (4, 2, 1, 0)]
    expected = [(count + 2 * lower) / (3 + 2) for count, lower in zip((0, 2, 1, 0), seen, strict=True)]
    assert model.predict(7.0).mean == pytest.approx([float(each) for each in expected])
    assert sum(expected) == 1


def test_chain_goes_ahead_by_powers_and_not_at_all():
    model = fed(MarkovChain(3, step_s=2.0), [0, 1, 2, 0, 1, 2, 0])
    rows = model.transitions()
    assert rows.sum(axis=1) == pytest.approx([1, 1, 1])
    assert model.predict(6.0).mean.tolist() == [1, 0, 0]
    assert model.predict(6.0 + 6.0).mean == pytest.approx((rows @ rows @ rows)[0])
    assert likely_categories(model.predict(8.0).mean, 0.5) == [1]


def test_interval_is_wilsons():
    model = fed(MarkovChain(2), [0, 1] * 50 + [0])
    mean, low, high = model.predict(101.0)
    for p, found in ((mean[1], low[1]), (mean[1], high[1])):
        # Wilson's ends solve (p - x)^2 = z^2 x (1 - x) / n.
        assert (p - found) ** 2 == pytest.approx(1.6448536**2 * found * (1 - found) / 50, rel=1e-6, abs=1e-9)


def test_next_station_backs_off_as_counted_by_hand():
    path = [0, 1, 2, 0, 1, 2, 0, 1]  # after (0, 1): 2 twice; after 1: 2 twice; seen 3, 3, 2 of 3 stations
    expected = [(Fraction(count) + 3 * Fraction(1, 3)) / (8 + 3) for count in (3, 3, 2)]
    for counts in ((0, 0, 2), (0, 0, 2)):
        expected = [(count + 1 * lower) / (2 + 1) for count, lower in zip(counts, expected, strict=True)]
    found = fed(NextStation(3, order=2), path).predict(8.0).mean
    assert found == pytest.approx([float(each) for each in expected])


def test_a_longer_context_tells_apart_what_a_short_one_cannot():
    path = ([0, 1, 2] + [3, 1, 4]) * 10 + [3, 1]
    assert int(fed(NextStation(5, order=2), path).predict(99.0).mean.argmax()) == 4
    chain = fed(NextStation(5, order=1), path).predict(99.0).mean
    assert chain[2] == pytest.approx(chain[4], rel=0.05)


def test_the_ring_forgets_the_oldest_visits():
    model, late = NextStation(3, order=1, memory=6), NextStation(3, order=1, memory=6)
    fed(model, [0, 1] * 30 + [0, 2] * 3)
    fed(late, [0, 2] * 3)
    assert model.predict(99.0).mean.tolist() == late.predict(99.0).mean.tolist()


def test_without_stays_the_present_station_is_not_predicted():
    model = fed(NextStation(3, order=1, stays=False), [0, 0, 0, 1, 1, 0])
    found = model.predict(6.0).mean
    assert found[0] == 0 and found.sum() == pytest.approx(1) and found[1] > found[2]


def test_others_speak_where_the_user_has_seen_nothing():
    others = np.array([0, 1, 2, -1, 0, 1, 2, -1, 2, 0], dtype=np.int32)
    alone, told = NextStation(4, order=1), NextStation(4, order=1, population=others, population_weight=5.0)
    for model in (alone, told):
        model.update(0.0, np.array([1.0]))
    assert int(told.predict(1.0).mean.argmax()) == 2 != int(alone.predict(1.0).mean.argmax())
    before = told.predict(1.0).mean[3]
    fed_path = [3, 1, 3, 1]
    for at, station in enumerate(fed_path, 1):
        told.update(float(at), np.array([float(station)]))
    counted = (2 + 5 * before) / (2 + 5)
    assert told.predict(5.0).mean[3] == pytest.approx(counted)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"order": 17}, "order: must be 0 to 16"),
        ({"memory": 0}, "memory: must be 1 to"),
        ({"population": np.array([0, 9])}, "population: must be one row of stations from 0 to 3"),
        ({"population": np.array([0.5])}, "population: must be"),
        ({"population_weight": 0.0}, "population_weight: must be greater than 0"),
    ],
)
def test_parameters_out_of_range_are_named(arguments, words):
    with pytest.raises(InputError, match=words):
        NextStation(4, **arguments)


@pytest.mark.parametrize("value", [4.0, -1.0, 0.5])
def test_a_category_that_does_not_exist_is_refused(value):
    for model in (MarkovChain(4), NextStation(4)):
        with pytest.raises(InputError, match="must be one whole number from 0 to 3"):
            model.update(0.0, np.array([value]))
    with pytest.raises(InputError, match="categories: must be"):
        MarkovChain(0)
    with pytest.raises(InputError, match="step_s: must be greater than 0"):
        MarkovChain(2, step_s=0.0)
