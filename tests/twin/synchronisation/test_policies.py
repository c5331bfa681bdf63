"""Synchronisation policies: what they promise at every sampled moment."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinhop.errors import InputError
from twinhop.twin.behaviour import ConstantVelocity, Level, RevertingVelocity
from twinhop.twin.synchronisation import SYNC_POLICIES, FixedPeriod, ModelBased, SendOnDelta

MODELS = (ConstantVelocity(2), RevertingVelocity(2), Level(2))
POLICIES = {
    "fixed": lambda: FixedPeriod(2, 3.0),
    "delta": lambda: SendOnDelta(2, 4.0),
    "model": lambda: ModelBased(ConstantVelocity(2), 4.0),
}


def walk(seed, samples=80):
    generator = np.random.default_rng(seed)
    times_s = np.cumsum(generator.choice([0.1, 1.0, 20.0], samples))
    return times_s.tolist(), np.cumsum(generator.standard_cauchy((samples, 2)), axis=0)


def test_every_policy_is_tested():
    assert POLICIES.keys() == SYNC_POLICIES.keys()
    assert all(make().kind == kind for kind, make in POLICIES.items())


@given(
    seed=st.integers(0, 10**6),
    model=st.sampled_from(MODELS),
    tolerance=st.floats(0.1, 50.0),
    longest_s=st.sampled_from([math.inf, 30.0]),
)
@settings(max_examples=60, deadline=None)
def test_the_error_exceeds_the_tolerance_only_where_an_update_is_sent(seed, model, tolerance, longest_s):
    policy, last_s = ModelBased(model, tolerance, longest_s), -math.inf
    for time_s, value in zip(*walk(seed), strict=True):
        if policy.offer(time_s, value):
            last_s = time_s
        else:
            assert np.linalg.norm(policy.predict(time_s).mean - value) <= tolerance
            assert time_s - last_s < longest_s


@given(seed=st.integers(0, 10**6), tolerance=st.floats(0.1, 50.0))
@settings(max_examples=30, deadline=None)
def test_delta_stays_within_the_tolerance_always(seed, tolerance):
    policy = SendOnDelta(2, tolerance)
    for time_s, value in zip(*walk(seed), strict=True):
        policy.offer(time_s, value)
        assert np.linalg.norm(policy.predict(time_s).mean - value) <= tolerance


@given(seed=st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_a_twin_fed_with_the_updates_alone_predicts_what_the_device_thinks_it_does(seed):
    policy, twin = ModelBased(RevertingVelocity(2), 5.0), RevertingVelocity(2)
    for time_s, value in zip(*walk(seed), strict=True):
        if policy.offer(time_s, value):
            twin.update(time_s, value)
        assert twin.predict(time_s).mean.tobytes() == policy.predict(time_s).mean.tobytes()


@pytest.mark.parametrize("kind", POLICIES)
def test_the_first_sample_is_sent(kind):
    policy = POLICIES[kind]()
    assert np.isnan(policy.predict(0.0).mean).all()
    assert policy.offer(0.0, np.zeros(2))


@pytest.mark.parametrize("kind", POLICIES)
def test_bad_samples_are_refused(kind):
    policy = POLICIES[kind]()
    policy.offer(5.0, np.zeros(2))
    for time_s, value, words in (
        (math.inf, np.zeros(2), "time: must be finite"),
        (math.nan, np.zeros(2), "time"),
        (6.0, np.array([0.0, np.nan]), "value: must be 2 finite numbers"),
        (6.0, np.zeros(3), "value: must be 2 finite numbers"),
    ):
        with pytest.raises(InputError, match=f"{kind}: {words}"):
            policy.offer(time_s, value)
    assert policy.offer(1000.0, np.full(2, 99.0))


@pytest.mark.parametrize("kind", POLICIES)
def test_a_clock_that_steps_back_is_news_and_blocks_nothing(kind):
    """The step is sent, periods go on from there, and predictions are asked for by the clock as it is now."""
    policy, steady = POLICIES[kind](), POLICIES[kind]()
    for second in range(40):
        value = np.array([7.0 * second, 0.0])
        time_s = 1000.0 + second if second < 20 else second - 20.0
        sent, expected = (
            policy.offer(time_s, value),
            steady.offer(1000.0 + min(second, 19) + max(second - 20, 0), value),
        )
        assert sent >= expected if second == 20 else True
        assert np.isfinite(policy.predict(time_s).mean).all()
        if second == 20:
            assert sent
    assert policy.offer(1e6, np.full(2, 1e4))


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan])
def test_parameters_must_be_positive(value):
    for make in (
        lambda: FixedPeriod(2, value),
        lambda: SendOnDelta(2, value),
        lambda: SendOnDelta(2, 1.0, value),
        lambda: ModelBased(Level(2), value),
        lambda: ModelBased(Level(2), 1.0, value),
    ):
        with pytest.raises(InputError, match="must be greater than 0"):
            make()


def test_a_model_that_has_learned_is_refused():
    model = Level(1)
    model.update(0.0, np.zeros(1))
    with pytest.raises(InputError, match="must not have been updated yet"):
        ModelBased(model, 1.0)


def test_a_fixed_period_keeps_its_rhythm_and_survives_gaps():
    policy, value = FixedPeriod(1, 0.3), np.zeros(1)
    sent = [policy.offer(time_s, value) for time_s in itertools.accumulate([0.1] * 10)]
    assert sent == [True, False, False] * 3 + [True]
    gappy = FixedPeriod(1, 2.0)
    assert [gappy.offer(time_s, value) for time_s in (0.0, 1.0, 9.0, 10.0, 11.0)] == [True, False, True, False, True]


@pytest.mark.parametrize(
    "policy", [SendOnDelta(1, 5.0, 10.0), ModelBased(Level(1), 5.0, 10.0)], ids=lambda policy: policy.kind
)
def test_after_exactly_the_longest_period_an_update_is_sent_though_nothing_moved(policy):
    times_s = (0.0, 9.999, 10.0, 19.999, 20.0, 31.0)
    assert [policy.offer(time_s, np.zeros(1)) for time_s in times_s] == [True, False, True, False, True, True]


def test_a_sample_exactly_at_the_tolerance_is_not_sent():
    for policy in (SendOnDelta(1, 2.0), ModelBased(Level(1), 2.0)):
        values = (0.0, 2.0, -2.0, np.nextafter(2.0, 3.0))
        sent = [policy.offer(float(at), np.array([value])) for at, value in enumerate(values)]
        assert sent == [True, False, False, True], policy.kind


def test_a_fixed_period_with_a_model_extrapolates():
    held, extrapolated = FixedPeriod(1, 2.0), FixedPeriod(1, 2.0, ConstantVelocity(1, measurement_sigma=0.01))
    for second in range(21):
        for policy in (held, extrapolated):
            policy.offer(float(second), np.array([3.0 * second]))
    assert held.predict(21.0).mean[0] == 60.0
    assert extrapolated.predict(21.0).mean[0] == pytest.approx(63.0, abs=0.1)


def test_sizes_count_header_values_and_parameters():
    assert POLICIES["fixed"]().update_bits == 2 * 64 + 2 * 64
    assert POLICIES["model"]().update_bits == 2 * 64 + 2 * 64
    assert POLICIES["fixed"]().setup_bits == POLICIES["delta"]().setup_bits == 0
    assert POLICIES["model"]().setup_bits == 4 * 64  # width, acceleration intensity, two standard deviations
