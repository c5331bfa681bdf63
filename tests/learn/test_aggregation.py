"""Weights in one: Eq. 32 and Eq. 34, and what is refused."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinhop.errors import InputError
from twinhop.learn.transfer.aggregation import Approach, approached, check_alike, norm, weighted_sum
from twinhop.twin.behaviour.blending import dwell_weights


def model(seed, width=3):
    rng = np.random.default_rng(seed)
    return {
        "weight": jnp.asarray(rng.normal(size=(2, width)), jnp.float32),
        "bias": jnp.asarray(rng.normal(size=width), jnp.float32),
    }


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0.01, 100.0), min_size=1, max_size=4))
def test_a_weighted_sum_lies_between_its_models(dwell_s):
    models = [model(seed) for seed in range(len(dwell_s))]
    summed = weighted_sum(models, dwell_weights(dwell_s))
    for name in ("weight", "bias"):
        each = np.stack([np.asarray(one[name]) for one in models])
        assert np.all(np.asarray(summed[name]) >= each.min(0) - 1e-6)
        assert np.all(np.asarray(summed[name]) <= each.max(0) + 1e-6)


def test_one_model_of_weight_one_is_itself():
    summed = weighted_sum([model(0), model(1)], [0.0, 1.0])
    assert np.array_equal(summed["weight"], model(1)["weight"])


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ([0.5, 0.4], "add up to 0.9; expected 1"),
        ([1.5, -0.5], "got -0.5; expected numbers >= 0"),
        ([float("nan"), 1.0], "got nan"),
        ([1.0], "got 1 for 2 models"),
    ],
)
def test_weights_that_are_none_are_refused(weights, words):
    with pytest.raises(InputError, match=words):
        weighted_sum([model(0), model(1)], weights)


def test_models_of_other_architecture_are_refused_by_name():
    with pytest.raises(InputError, match=r"north: \['bias'\] is \(4,\) and that of south \(3,\)"):
        weighted_sum([model(0), model(0, width=4)], [0.5, 0.5], ["south", "north"])
    with pytest.raises(InputError, match="north: other networks than south"):
        check_alike(model(0), {"weight": model(0)["weight"]}, "south", "north")
    with pytest.raises(InputError, match="no model given"):
        weighted_sum([], [])


def test_the_sound_reading_ends_at_the_source_and_never_outgrows_both():
    own, source = model(0), model(1)
    largest = max(float(norm(own)), float(norm(source)))
    for iteration in range(60):
        own = approached(own, source, Approach(0.3, 1.0), iteration)
        assert float(norm(own)) <= largest + 1e-5
    assert np.allclose(own["weight"], source["weight"], atol=1e-5)


def test_the_literal_reading_grows_by_the_same_step_for_ever():
    own, source = model(0), model(1)
    zero = {name: jnp.zeros_like(leaf) for name, leaf in own.items()}
    for iteration in range(40):
        zero = approached(zero, source, Approach(0.5, 1.0, "literal"), iteration)
    assert float(norm(zero)) == pytest.approx(40 * 0.5 * float(norm(source)), rel=1e-5)


@pytest.mark.parametrize("reading", ["sound", "literal"])
def test_a_pull_of_zero_changes_nothing_and_a_pull_decays(reading):
    own, source = model(0), model(1)
    assert np.array_equal(approached(own, source, Approach(0.0, 1.0, reading), 5)["bias"], own["bias"])
    first, later = (approached(own, source, Approach(0.5, 0.5, reading), t)["bias"] - own["bias"] for t in (0, 3))
    assert np.allclose(later * 8, first, atol=1e-5)


@pytest.mark.parametrize(
    ("rho", "decay", "reading"), [(1.1, 1, "sound"), (-0.1, 1, "sound"), (0.5, 0, "sound"), (0.5, 1, "x")]
)
def test_an_approach_out_of_range_is_refused(rho, decay, reading):
    with pytest.raises(InputError, match="rho|reading"):
        Approach(rho, decay, reading)
