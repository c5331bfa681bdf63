"""The statistics of all results, against slow plain implementations that share no code with them."""

import itertools
import math
import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinhop.stats import (
    band,
    differences,
    gap_to_bound,
    interquartile_mean,
    iqm_interval,
    lies_above,
    mean_interval,
    paired,
    performance_profile,
    ratio_interval,
    summarize,
)
from twinhop.stats.bootstrap import RESAMPLES

GAPS = st.one_of(st.floats(0, 10), st.just(0.0), st.just(math.inf))
COSTS = st.one_of(st.floats(0.01, 100), st.just(math.inf))


def plain_iqm(values):
    """Of exact fractions, value by value."""
    ordered = sorted(values)
    for _ in range(len(values) // 4):
        ordered.remove(min(ordered))
        ordered.remove(max(ordered))
    if math.inf in ordered:
        return math.inf
    return float(sum(map(Fraction, ordered)) / len(ordered))


@given(st.lists(GAPS, min_size=1, max_size=30))
def test_summaries_are_those_of_a_plain_count(values):
    summary = summarize(values)
    assert summary.iqm == pytest.approx(plain_iqm(values))
    assert summary.failures == sum(value == math.inf for value in values)
    assert summary.worst == max(values)
    assert summary.mean == (math.inf if summary.failures else pytest.approx(sum(values) / len(values)))


@given(st.lists(GAPS, min_size=5, max_size=30))
def test_no_end_of_an_interval_lies_beyond_the_values(values):
    low, high = iqm_interval(values)
    assert 0 <= min(values) <= low <= high <= max(values)
    numbers = [value for value in values if value < math.inf]
    if len(numbers) >= 5:
        low, high = mean_interval(numbers)
        assert 0 <= min(numbers) <= low <= high <= max(numbers)


@pytest.mark.parametrize("values", [[0.0, 0.0, 0.0, 0.0, 1.0], [0.0, 1e-9, 0.02, 0.5, 0.9], [0.1] * 5])
@pytest.mark.parametrize("statistic", [(iqm_interval, plain_iqm), (mean_interval, np.mean)])
def test_five_worlds_give_what_all_their_3125_resamples_give(values, statistic):
    """Within the chance of `RESAMPLES` draws: the ends of the drawn lie among those of 1.5 % to 3.5 % of all."""
    drawn, plain = statistic
    results = sorted(float(plain(each)) for each in itertools.product(values, repeat=5))
    low, high = drawn(values)
    near = [results[round(len(results) * share)] for share in (0.015, 0.035)]
    assert near[0] - 1e-12 <= low <= near[1] + 1e-12
    near = [results[-round(len(results) * share) - 1] for share in (0.035, 0.015)]
    assert near[0] - 1e-12 <= high <= near[1] + 1e-12


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_under_five_worlds_nothing_has_an_interval(count):
    values = [float(at) for at in range(count)]
    assert mean_interval(values) is None and iqm_interval(values) is None
    assert summarize(values).interval is None
    assert paired(values, values[::-1]).interval is None
    assert paired(values, values[::-1], statistic="mean").interval is None
    assert performance_profile(values, [0.0, 1.0]).low is None
    assert band([np.array(values)[:, None]]).low is None


def test_five_runs_of_two_tasks_have_one_only_where_a_task_has_two():
    assert iqm_interval(np.ones((5, 1))) is None and performance_profile(np.ones((5, 1)), [1.0]).low is None
    assert iqm_interval(np.ones((3, 2))) == (1.0, 1.0)


@given(st.floats(0, 1e6), st.floats(1e-6, 1e6))
def test_a_gap_is_never_below_zero(cost, bound):
    gap = gap_to_bound(cost, bound)
    assert gap >= 0
    assert gap == pytest.approx(max(Fraction(cost) / Fraction(bound) - 1, 0), abs=1e-9, rel=1e-9)


def test_no_bound_no_gap():
    assert gap_to_bound(1.0, None) is None and gap_to_bound(1.0, 0.0) is None
    assert gap_to_bound(math.inf, 2.0) == math.inf


@given(st.lists(st.tuples(COSTS, COSTS), min_size=1, max_size=20), st.booleans())
def test_pairs_are_those_of_a_plain_count(pairs, relative):
    own, other = [first for first, _ in pairs], [second for _, second in pairs]
    wins = ties = losses = 0
    each = []
    for first, second in pairs:
        if first == second or (math.inf not in (first, second) and math.isclose(first, second, rel_tol=1e-9)):
            ties += 1
            each.append(0.0)
            continue
        wins, losses = wins + (first < second), losses + (first > second)
        each.append(first / second - 1 if relative else first - second)
    result = paired(own, other, relative=relative)
    assert (result.wins, result.ties, result.losses) == (wins, ties, losses)
    assert result.worlds == len(pairs)
    flat = np.array(own), np.array(other)
    assert differences(*flat, relative=relative) == pytest.approx(each)
    turned = paired(other, own)
    assert (turned.losses, turned.wins, turned.chance) == (result.wins, result.losses, result.chance)


def test_pairing_tells_apart_what_intervals_side_by_side_do_not():
    """Worlds that differ a hundredfold, policies by one per cent."""
    other = np.geomspace(1, 100, 20)
    own = 0.99 * other
    apart = summarize(own.tolist()).interval[1] < summarize(other.tolist()).interval[0]
    result = paired(own, other, relative=True)
    assert not apart
    assert result.difference == pytest.approx(-0.01) and result.interval[1] < 0
    assert (result.wins, result.losses) == (20, 0) and result.chance < 1e-5


def test_a_failure_on_both_sides_is_a_tie_and_on_one_a_loss():
    result = paired([math.inf, math.inf, 1.0, 1.0, 1.0], [math.inf, 1.0, 1.0, 1.0, 1.0])
    assert (result.wins, result.ties, result.losses) == (0, 4, 1)
    assert result.difference == 0.0  # the one loss is cut
    mixed = paired([math.inf, 1.0], [1.0, math.inf])
    assert math.isnan(mixed.difference) and mixed.to_json()["difference"] is None


def test_a_draw_of_worlds_keeps_pairs_together():
    """A constant difference is known exactly, whatever worlds are drawn."""
    costs = random.Random(1).sample(range(1, 1000), 12)
    result = paired([cost + 2.0 for cost in costs], costs, statistic="mean")
    assert result.difference == pytest.approx(2.0) and result.interval == pytest.approx((2.0, 2.0))


@settings(deadline=None)
@given(st.lists(GAPS, min_size=5, max_size=20), st.lists(st.floats(0, 10), min_size=1, max_size=8).map(sorted))
def test_profiles_are_those_of_a_plain_count(values, gaps):
    profile = performance_profile(values, gaps)
    for at, gap in enumerate(gaps):
        count = sum(1 for value in values if value <= gap)
        assert profile.share[at] == pytest.approx(count / len(values))
        assert 0 <= profile.low[at] <= profile.share[at] <= profile.high[at] <= 1
    assert list(profile.low) == sorted(profile.low) and list(profile.high) == sorted(profile.high)


def test_the_band_of_a_profile_is_the_binomial_one():
    """Of 20 runs 10 are within: draws with replacement are binomial with p = 1/2, by exact sums."""
    profile = performance_profile([0.0] * 10 + [1.0] * 10, [0.5])
    chances = np.cumsum([math.comb(20, count) / 2**20 for count in range(21)])
    low = int(np.searchsorted(chances, 0.025))
    assert profile.low[0] == pytest.approx(low / 20, abs=0.051)
    assert profile.high[0] == pytest.approx(1 - low / 20, abs=0.051)
    assert RESAMPLES >= 1000


def test_tasks_are_drawn_each_from_its_own():
    """Two tasks of equal runs: whatever is drawn, the share is the same."""
    profile = performance_profile(np.array([[0.0] * 5, [1.0] * 5]), [0.5])
    assert (profile.low[0], profile.share[0], profile.high[0]) == (0.5, 0.5, 0.5)
    assert iqm_interval(np.array([[0.0] * 8, [1.0] * 8])) == (0.5, 0.5)
    low, high = iqm_interval([0.0] * 8 + [1.0] * 8)
    assert low < 0.5 < high


@pytest.mark.parametrize("values", [[], [math.nan, 1.0]])
def test_what_is_no_number_has_no_summary(values):
    with pytest.raises(ValueError, match="at least one value"):
        summarize(values)


def test_pairs_are_of_the_same_worlds():
    with pytest.raises(ValueError, match="same worlds"):
        paired([1.0], [1.0, 2.0])


def test_the_interquartile_mean_is_along_the_last_axis():
    assert interquartile_mean(np.array([[1.0, 2.0, 3.0, 50.0], [0.0, 0.0, 1.0, 9.0]])) == pytest.approx([2.5, 0.5])


def test_ratios_are_those_of_plain_resamples():
    """Two users of three and one forecasts: a sample has the one, both or the other, each of known ratio and chance."""
    made = ratio_interval(np.array([[9.0, 5.0], [3.0, 1.0]]), np.array([3.0, 1.0]), seed=4)
    np.testing.assert_allclose(made.middle, [3.5, 1.0])
    assert set(np.round(made.samples[0], 9)) == {3.0, 3.5, 5.0}
    assert abs((made.samples[0] == 3.5).mean() - 0.5) < 0.05
    np.testing.assert_array_equal(made.samples[1], 1.0)  # the same draws serve all
    np.testing.assert_allclose([made.low[0], made.high[0]], np.percentile(made.samples[0], [2.5, 97.5]))
    shifted = ratio_interval(np.array([[9.0, 5.0]]), np.array([3.0, 1.0]), seed=5)
    assert not np.array_equal(made.samples[0], shifted.samples[0])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.lists(st.floats(0, 1), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_above_is_by_ranges_of_three_and_by_intervals_of_five(values, others):
    said, fewest = lies_above(values, others), min(len(values), len(others))
    if fewest < 3:
        assert not said
    elif fewest < 5:
        assert said == (min(values) > max(others))
    else:
        assert not said or plain_iqm(values) > plain_iqm(others)
    assert not (said and lies_above(others, values))
