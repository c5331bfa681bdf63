"""Blending of behaviour models: means of what was learned, never of where a twin is; sums that grow; bad input."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinhop.errors import InputError
from twinhop.twin.behaviour import (
    ConstantAcceleration,
    ConstantVelocity,
    Level,
    MarkovChain,
    NextStation,
    RevertingVelocity,
    Seasonal,
    Trend,
    blended,
    blended_probabilities,
    decayed,
    dwell_weights,
    knowledge_norm,
    of_twins,
    pooled,
)

SHARE = st.floats(0.0, 1.0)
MOTION = (ConstantVelocity, ConstantAcceleration, RevertingVelocity)
KINDS = (*MOTION, Level, Trend, lambda width: Seasonal(width, step_s=1.0, period_s=4.0, slots=4))


def learned(make, seed, width=2, updates=12):
    model, draws = make(width), np.random.default_rng(seed)
    heading = draws.normal(0.0, 5.0, width)
    for second in range(updates):
        model.update(float(second), second * heading + draws.normal(0.0, 1.0, width))
    return model


def chain(seed, updates=40, categories=3):
    model, draws = MarkovChain(categories=categories), np.random.default_rng(seed)
    for second in range(updates):
        model.update(float(second), draws.integers(categories, size=1).astype(float))
    return model


def pairs():
    return [*((learned(make, 1), learned(make, 2)) for make in KINDS), (chain(1), chain(2))]


def covariance(model):
    order = {"constant_velocity": 2}.get(model.kind, 3)
    matrix = np.zeros((order, order))
    matrix[np.triu_indices(order)] = model.state[1 : 1 + order * (order + 1) // 2]
    return matrix + np.triu(matrix, 1).T


@pytest.mark.parametrize("region, source", pairs(), ids=lambda model: model.kind)
def test_rho_one_is_the_source_and_rho_zero_learned_nothing_from_it(region, source):
    for name, array in blended(region, source, 1.0).arrays().items():
        assert np.allclose(array, source.arrays()[name], rtol=0, atol=1e-12), name
    assert knowledge_norm(blended(region, source, 0.0)) == pytest.approx(knowledge_norm(region), rel=1e-12)


@pytest.mark.parametrize("region, source", pairs(), ids=lambda model: model.kind)
def test_where_the_twin_is_stays_its_own(region, source):
    result = blended(region, source, 0.3)
    if isinstance(source, MarkovChain):
        assert np.array_equal(result.arrays()["last"], source.arrays()["last"])
    elif source.kind != "level":
        time_s = source.time_s
        assert result.time_s == time_s
        now = result.predict(time_s).mean
        season = source.kind == "seasonal"  # the season is learned, so that only the level below it is the twin's
        assert (
            np.allclose(result.state[2:4], source.state[2:4])
            if season
            else np.allclose(now, source.predict(time_s).mean, atol=1e-9)
        )


@pytest.mark.parametrize("region, source", pairs(), ids=lambda model: model.kind)
@given(rho=SHARE)
def test_sound_is_between_and_literal_is_longer(region, source, rho):
    sound, literal = (knowledge_norm(blended(region, source, rho, reading)) for reading in ("sound", "literal"))
    assert sound <= max(knowledge_norm(region), knowledge_norm(source)) * (1 + 1e-12)
    if isinstance(source, MarkovChain):
        assert literal >= knowledge_norm(region) - 1e-12


@pytest.mark.parametrize("make", MOTION)
@given(rho=SHARE, reading=st.sampled_from(["sound", "literal"]))
def test_covariances_stay_covariances(make, rho, reading):
    region = pooled([learned(make, seed) for seed in range(4)], dwell_weights([1.0, 2.0, 3.0, 4.0]))
    for model in (region, blended(region, learned(make, 9), rho, reading)):
        assert np.linalg.eigvalsh(covariance(model)).min() >= -1e-9


@given(rho=SHARE)
def test_moments_are_those_of_the_mixture(rho):
    region, source = learned(ConstantVelocity, 1, width=1), learned(ConstantVelocity, 2, width=1)
    result = blended(region, source, rho)
    velocity, square = result.state[5], result.state[3] + result.state[5] ** 2
    assert velocity == pytest.approx((1 - rho) * region.state[5] + rho * source.state[5])
    squares = [model.state[3] + model.state[5] ** 2 for model in (region, source)]
    assert square == pytest.approx((1 - rho) * squares[0] + rho * squares[1])


def test_a_region_of_twins_that_disagree_is_unsure():
    there, back = ConstantVelocity(1), ConstantVelocity(1)
    for second in range(10):
        there.update(float(second), np.array([8.0 * second]))
        back.update(float(second), np.array([-8.0 * second]))
    region = pooled([there, back], [0.5, 0.5])
    assert region.state[5] == pytest.approx(0.0, abs=1e-9)
    assert np.sqrt(region.state[3]) > 7.0 > np.sqrt(there.state[3])


@given(st.lists(st.floats(0.0, 1e6), min_size=1, max_size=6).filter(lambda spans: sum(spans) > 1e-3))
def test_dwell_weights_sum_to_one_and_pool_alike_models_to_themselves(spans):
    weights = dwell_weights(spans)
    assert weights.sum() == pytest.approx(1.0, abs=1e-12) and (weights >= 0).all()
    same = [chain(5)] * len(spans)
    assert np.allclose(pooled(same, weights).arrays()["counts"], same[0].arrays()["counts"])


def test_literal_grows_from_move_to_move_and_sound_does_not():
    region, sound, literal = chain(1), chain(2), chain(2)
    bound = max(knowledge_norm(region), knowledge_norm(sound))
    lengths = []
    for _ in range(6):
        sound, literal = blended(region, sound, 1.0), blended(region, literal, 1.0, "literal")
        lengths.append(knowledge_norm(literal))
        assert knowledge_norm(sound) <= bound * (1 + 1e-12)
    assert all(later > before for before, later in zip(lengths, lengths[1:], strict=False))
    assert lengths[-1] > 5 * knowledge_norm(region)


@given(rho=SHARE)
def test_probabilities_stay_probabilities(rho):
    one, other = np.array([0.7, 0.2, 0.1]), np.array([0.0, 0.5, 0.5])
    for reading in ("sound", "literal"):
        assert blended_probabilities(one, other, rho, reading).sum() == pytest.approx(1.0)
    literal = blended_probabilities(one, other, rho, "literal")
    assert np.allclose(literal, blended_probabilities(one, other, rho / (1 + rho)))


def test_a_mean_of_counts_that_stands_for_its_twins_is_their_sum():
    chains = [chain(seed) for seed in range(3)]
    region = of_twins(pooled(chains, [1 / 3] * 3), 3.0)
    assert np.allclose(region.arrays()["counts"], sum(each.arrays()["counts"] for each in chains))


def test_a_weight_decays():
    assert decayed(0.5, [0.0, 10.0, 1e6], 10.0).tolist() == pytest.approx([0.5, 0.5 / np.e, 0.0])


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: blended(learned(Level, 1), learned(Trend, 1), 0.5), "of one kind (got level and trend)"),
        (lambda: blended(learned(Level, 1, 1), learned(Level, 1, 2), 0.5), "of one dimension (got 1 and 2)"),
        (lambda: blended(chain(1), chain(1, categories=4), 0.5), "of one dimension (got 3 and 4)"),
        (lambda: blended(learned(lambda w: Level(w, weight=0.5), 1), learned(Level, 1), 0.5), "same parameters"),
        (lambda: blended(chain(1), chain(2), 1.5), "rho: must be in [0, 1] (got 1.5)"),
        (lambda: blended(chain(1), chain(2), float("nan")), "rho: must be in [0, 1]"),
        (lambda: blended(chain(1), MarkovChain(categories=3), 0.5), "learned nothing"),
        (lambda: blended(ConstantVelocity(2), learned(ConstantVelocity, 1), 0.5), "learned nothing"),
        (lambda: blended(NextStation(3), NextStation(3), 0.5), "blend the probabilities that they predict"),
        (lambda: pooled([chain(1), chain(2)], [0.5, 0.6]), "sum 1"),
        (lambda: pooled([chain(1), chain(2)], [1.5, -0.5]), "at least 0"),
        (lambda: pooled([chain(1)], [0.5, 0.5]), "one a model (got 2 for 1 models)"),
        (lambda: pooled([], []), "one a model"),
        (lambda: dwell_weights([0.0, 0.0]), "one of them greater"),
        (lambda: dwell_weights([-1.0, 2.0]), "at least 0 s"),
        (lambda: of_twins(chain(1), 0.0), "twins: must be greater than 0"),
        (lambda: decayed(0.5, [1.0], 0.0), "greater than 0 s"),
        (lambda: blended_probabilities(np.ones(1), np.ones(2) / 2, 0.5), "as many (got 1 and 2)"),
    ],
)
def test_what_cannot_be_blended_is_refused(call, message):
    with pytest.raises(InputError) as refused:
        call()
    assert message in str(refused.value)
