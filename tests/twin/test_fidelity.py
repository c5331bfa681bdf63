"""Fidelity against figures computed from the whole path at once."""

import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.twin.behaviour import Prediction
from twinhop.twin.fidelity import Fidelity


def observed(errors, truths, half=1.0, tolerance=2.0):
    fidelity = Fidelity(2, tolerance)
    for second, (error, truth) in enumerate(zip(errors, truths, strict=True)):
        mean = truth + error
        fidelity.observe(float(second), truth, Prediction(mean, mean - half, mean + half))
    return fidelity.report()


def test_is_what_the_whole_path_says():
    generator = np.random.default_rng(3)
    truths, errors = np.cumsum(generator.standard_normal((50, 2)), axis=0), generator.standard_normal((50, 2))
    report = observed(errors, truths)
    assert report.observations == 50
    assert report.rmse == pytest.approx(np.sqrt((errors**2).mean(axis=0)))
    assert report.nrmse == pytest.approx(report.rmse / np.ptp(truths, axis=0))
    assert report.coverage == pytest.approx((abs(errors) <= 1).mean(axis=0))
    assert report.out_of_sync_s == (np.hypot(*errors[:-1].T) > 2.0).sum()


def test_drift_is_raised_by_a_bias_and_not_by_noise():
    generator = np.random.default_rng(4)
    truths, noise = np.zeros((200, 2)), generator.standard_normal((200, 2))
    half = 1.645
    assert not observed(noise, truths, half).is_drifting
    assert observed(noise + [0.0, -1.5], truths, half).is_drifting
    assert observed(noise + [1.5, 0.0], truths, half).is_drifting


def test_before_the_twin_knows_anything_it_is_out_of_sync_and_nothing_else():
    fidelity, nothing = Fidelity(1, 1.0), Prediction(np.full(1, np.nan), np.full(1, -np.inf), np.full(1, np.inf))
    empty = fidelity.report()
    assert empty.observations == 0 and np.isnan(empty.rmse).all() and np.isnan(empty.coverage).all()
    fidelity.observe(0.0, np.zeros(1), nothing)
    fidelity.observe(4.0, np.zeros(1), Prediction(np.zeros(1), np.full(1, -np.inf), np.full(1, np.inf)))
    report = fidelity.report()
    assert (report.observations, report.out_of_sync_s) == (1, 4.0)
    assert report.rmse.tolist() == [0.0] and np.isnan(report.coverage).all() and np.isnan(report.nrmse).all()


def test_bad_input_is_refused():
    with pytest.raises(InputError, match="tolerance: must be greater than 0"):
        Fidelity(1, 0.0)
    fidelity = Fidelity(1, 1.0)
    known = Prediction(np.zeros(1), np.zeros(1), np.zeros(1))
    fidelity.observe(3.0, np.zeros(1), known)
    with pytest.raises(InputError, match="time runs backwards: 2 s after 3 s"):
        fidelity.observe(2.0, np.zeros(1), known)
