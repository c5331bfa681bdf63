"""Bands and sign tests against values worked out otherwise."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from twinhop.stats.bootstrap import RESAMPLES, band, band_interval
from twinhop.stats.sign_test import SignTest, joint_verdict, sign_test


def test_the_middle_is_the_interquartile_mean_of_all_runs():
    runs = np.array([[1.0], [2.0], [3.0], [100.0]])
    assert band([runs]).middle == pytest.approx([2.5])
    assert band([runs[:2], runs[2:]]).middle == pytest.approx([2.5])
    assert band([np.array([[1.0], [2.0], [6.0]])]).middle == pytest.approx([3.0])  # of three, nothing is cut


def test_three_runs_are_points_without_an_interval():
    values = np.array([0.0, 1.0, 5.0])
    assert band_interval([values]) is None
    assert band([values[:, None]]).middle == pytest.approx([2.0]) and band([values[:, None]]).low is None
    assert band_interval([values, values]) is not None  # six of two settings


def test_the_interval_of_five_runs_is_what_all_resamples_give():
    """Of 3125 equally likely resamples, by enumeration: the ends are quantiles, give or take those of the draw."""
    values = np.array([0.0, 1.0, 5.0, 6.0, 20.0])
    means = sorted(sum(sorted(chosen)[1:4]) / 3 for chosen in itertools.product(values, repeat=5))
    result = band_interval([values])
    assert result is not None
    assert result[0] == pytest.approx(4.0)
    assert means[round(0.015 * 3125)] <= result[1] <= means[round(0.035 * 3125)]
    assert means[-round(0.035 * 3125)] <= result[2] <= means[-round(0.015 * 3125)]


def test_strata_are_drawn_each_from_its_own():
    """Two strata of equal runs: whatever is drawn, the mean is the same."""
    apart = [np.full((3, 2), 1.0), np.full((5, 2), 9.0)]
    found = band(apart)
    assert found.low == pytest.approx(found.middle)
    assert found.high == pytest.approx(found.middle)
    pooled = band([np.concatenate(apart)])
    assert pooled.low[0] < found.low[0] < pooled.high[0]


def test_intervals_cover_what_they_should():
    """The mean of ten normal draws, in about 95 of 100 cases: at least in 85."""
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(100):
        low, high = band_interval([rng.normal(3.0, 1.0, 10)])[1:]
        hits += low <= 3.0 <= high
    assert 85 <= hits <= 100
    assert RESAMPLES >= 1000


def test_one_run_has_no_interval():
    assert band_interval([np.array([2.0])]) is None
    assert band([np.array([[2.0, 3.0]])]).low is None


@pytest.mark.parametrize("wins, losses", list(itertools.product(range(6), range(6))))
def test_chances_are_those_of_a_fair_coin(wins, losses):
    """Against a count of all sequences of flips."""
    flips = list(itertools.product((0, 1), repeat=wins + losses))
    assert SignTest(wins, losses).chance == Fraction(sum(sum(each) >= wins for each in flips), len(flips))
    assert SignTest(wins, losses).opposite_chance == SignTest(losses, wins).chance


def test_ties_count_for_neither():
    assert sign_test([1.0, 0.0, -2.0, 3.0]) == SignTest(2, 1)
    assert sign_test([]).verdict == "not found"


def test_a_verdict_needs_five_pairs():
    assert [SignTest(count, 0).verdict for count in range(3, 7)] == ["not found", "not found", "found", "found"]
    assert SignTest(0, 5).verdict == "contradictory"


def test_one_part_against_it_makes_a_claim_contradictory():
    yes, no, open_ = SignTest(9, 0), SignTest(0, 9), SignTest(4, 4)
    assert joint_verdict([yes, yes]) == "found"
    assert joint_verdict([yes, open_]) == "not found"
    assert joint_verdict([yes, open_, no]) == "contradictory"
