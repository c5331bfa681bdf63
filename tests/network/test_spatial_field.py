"""Random fields over the plane: their mean, variance, distribution and correlation, over draws and within one draw."""

import math

import numpy as np
import pytest
from reference import radio_reference

from twinhop.network import (
    FIELD_WAVES,
    PATH_LOSS,
    correlation_after,
    next_shadowing_db,
    normal_cdf,
    spatial_field,
)

SHADOWING = {
    f"{cell} {state}": PATH_LOSS[f"tr38901_{cell}"].shadowing[index]
    for cell in ("uma", "umi")
    for index, state in enumerate(("los", "nlos"))
}


def drawn(rng, fields, waves=FIELD_WAVES):
    return rng.random((waves, 2)), rng.standard_normal((fields, 2 * waves))


def test_the_same_draws_give_the_same_value_at_the_same_place():
    draws = drawn(np.random.default_rng(3), 4)
    xy_m = np.random.default_rng(4).uniform(0, 1500, (30, 2))
    together = spatial_field(xy_m, *draws, 37.0)
    alone = np.concatenate([spatial_field(xy_m[i : i + 1], *draws, 37.0) for i in range(30)])
    np.testing.assert_allclose(together, alone, atol=1e-12)
    assert spatial_field(xy_m[:0], *draws, 37.0).shape == (0, 4)


def test_over_the_draws_the_correlation_is_exponential_in_every_direction():
    rng = np.random.default_rng(0)
    decorrelation_m, fields, repeats = 50.0, 400, 40
    distance_m = np.array([1.0, 5.0, 12.5, 25.0, 50.0, 100.0, 200.0, 1000.0])
    offsets = [distance_m[:, None] * np.array([math.cos(a), math.sin(a)]) for a in (0.0, 1.0, 2.5)]
    xy_m = np.concatenate([np.zeros((1, 2)), *offsets]) + np.array([700.0, 300.0])
    product = np.mean([z * z[:1] for z in (spatial_field(xy_m, *drawn(rng, fields), 50.0) for _ in range(repeats))], 0)
    correlation = product.mean(axis=-1)
    assert correlation[0] == pytest.approx(1.0, abs=5 * math.sqrt(2 / (fields * repeats)))
    for found in correlation[1:].reshape(3, -1):
        expected = np.exp(-distance_m / decorrelation_m)
        assert np.abs(found - expected).max() < 0.01 + 5 / math.sqrt(fields * repeats) * 0.7


def test_over_the_draws_a_value_is_standard_normal():
    """Kolmogorov's distance of 20,000 values at one place: below 1.95 / sqrt(n) in 999 of 1000 cases."""
    rng = np.random.default_rng(1)
    values = np.sort(
        np.concatenate([spatial_field(np.array([[310.0, 40.0]]), *drawn(rng, 500), 50.0)[0] for _ in range(40)])
    )
    steps = np.arange(len(values) + 1) / len(values)
    cdf = np.array([0.5 * math.erfc(-z / math.sqrt(2)) for z in values])
    assert max(np.abs(cdf - steps[:-1]).max(), np.abs(cdf - steps[1:]).max()) < 1.95 / math.sqrt(len(values))


def test_stations_are_independent():
    z = spatial_field(np.random.default_rng(5).uniform(0, 20_000, (4000, 2)), *drawn(np.random.default_rng(6), 8), 50.0)
    off_diagonal = np.corrcoef(z.T)[~np.eye(8, dtype=bool)]
    assert np.abs(off_diagonal).max() < 0.25 and abs(off_diagonal.mean()) < 0.05


@pytest.mark.parametrize("case", SHADOWING)
def test_within_one_draw_sigma_and_decorrelation_come_out(case):
    """Averages over places, not over draws: 20 stations of one scenario, 3000 places."""
    sigma_db, decorrelation_m = SHADOWING[case].sigma_db, SHADOWING[case].decorrelation_m
    rng = np.random.default_rng(8)
    draws = drawn(rng, 20)
    places = rng.uniform(0, 200 * decorrelation_m, (3000, 2))
    here_db = sigma_db * spatial_field(places, *draws, decorrelation_m)
    assert abs(here_db.mean()) < 0.05 * sigma_db
    assert here_db.std() == pytest.approx(sigma_db, rel=0.05)
    for steps in (0.1, 0.5, 1.0, 2.0):
        angle = rng.uniform(0, 2 * math.pi, 3000)
        move = steps * decorrelation_m * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        there_db = sigma_db * spatial_field(places + move, *draws, decorrelation_m)
        correlation = (here_db * there_db).mean() / (here_db.std() * there_db.std())
        assert correlation == pytest.approx(math.exp(-steps), abs=0.05)


def test_reference_step():
    example = radio_reference()["tr38901_shadowing"]["example"]
    assert correlation_after(example["step_m"], example["decorrelation_m"]) == pytest.approx(example["R"], rel=1e-12)


def test_shadowing_along_a_path_keeps_its_variance_and_correlation():
    rng = np.random.default_rng(9)
    start_db = rng.normal(0.0, 6.0, 100_000)
    moved_db = start_db
    for _ in range(5):
        moved_db = next_shadowing_db(moved_db, rng.standard_normal(100_000), 10.0, 6.0, 50.0)
    assert moved_db.std() == pytest.approx(6.0, rel=0.02)
    assert np.corrcoef(start_db, moved_db)[0, 1] == pytest.approx(math.exp(-1.0), abs=0.015)


def test_normal_cdf_against_the_error_function():
    z = np.concatenate([np.linspace(-8, 8, 4001), [0.0, -40.0, 40.0]])
    expected = [0.5 * math.erfc(-x / math.sqrt(2)) for x in z]
    np.testing.assert_allclose(normal_cdf(z), expected, atol=1e-14, rtol=0)
