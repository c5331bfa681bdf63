"""Calibrated intervals hold what they promise, whatever the distribution."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinhop.errors import InputError
from twinhop.twin.behaviour import Prediction
from twinhop.twin.calibration import Calibration


@pytest.mark.parametrize("draw", ["standard_normal", "standard_cauchy", "standard_exponential", "random"])
def test_covers_nine_of_ten(draw):
    generator = np.random.default_rng(5)
    past, coming = (np.abs(getattr(generator, draw)(20_000)) for _ in range(2))
    scale = Calibration.learned([1.0], [past]).scales[0]
    assert (coming <= scale).mean() == pytest.approx(0.9, abs=0.01)


@given(count=st.integers(9, 60), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_the_scale_is_the_conformal_quantile(count, seed):
    ratios = np.random.default_rng(seed).random(count)
    scale = Calibration.learned([2.0], [ratios]).scales[0]
    assert scale in ratios
    assert (ratios <= scale).sum() == int(np.ceil((count + 1) * 0.9))


def test_scales_the_interval_around_the_mean_by_the_horizon():
    calibration = Calibration(np.array([1.0, 4.0]), np.array([1.0, 3.0]))
    prediction = Prediction(np.array([10.0]), np.array([8.0]), np.array([13.0]))
    for ahead_s, scale in ((0.1, 1.0), (1.0, 1.0), (2.0, 2.0), (4.0, 3.0), (100.0, 3.0)):
        mean, low, high = calibration.applied(prediction, ahead_s)
        assert mean.tolist() == [10.0]
        assert (low[0], high[0]) == pytest.approx((10 - 2 * scale, 10 + 3 * scale))


def test_resumes_bit_for_bit():
    calibration = Calibration.learned([1.0, 2.0], [np.arange(20.0), np.arange(30.0)])
    again = Calibration.from_arrays(calibration.arrays())
    assert all(a.tobytes() == b.tobytes() for a, b in zip(calibration, again, strict=True))


def test_bad_input_is_refused():
    with pytest.raises(InputError, match="3 s: needs at least 9 finite ratios"):
        Calibration.learned([3.0], [np.ones(8)])
    with pytest.raises(InputError, match="needs at least 9 finite"):
        Calibration.learned([3.0], [np.full(20, np.nan)])
    for horizons_s in ([], [0.0], [2.0, 1.0]):
        with pytest.raises(InputError, match="horizons_s: must ascend from above 0"):
            Calibration.learned(horizons_s, [np.ones(20)] * len(horizons_s))
    with pytest.raises(InputError, match="must be float64 of one length"):
        Calibration.from_arrays({"horizons_s": np.ones(2)})
    with pytest.raises(InputError, match="must ascend"):
        Calibration.from_arrays({"horizons_s": np.array([2.0, 1.0]), "scales": np.ones(2)})
