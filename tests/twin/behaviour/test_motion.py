"""The motion filters against weighted least squares over the whole path at once, and against simulated motion."""

import numpy as np
import pytest

from twinhop.twin.behaviour import ConstantAcceleration, ConstantVelocity, RevertingVelocity
from twinhop.twin.behaviour.model import INTERVAL_SIGMAS

TIMES_S = np.array([0.0, 1.0, 1.5, 4.0, 4.0, 4.25, 9.0])


def velocity_noise(q, t):
    return q * np.array([[t**3 / 3, t**2 / 2], [t**2 / 2, t]])


def jerk_noise(q, t):
    rows = [[t**5 / 20, t**4 / 8, t**3 / 6], [t**4 / 8, t**3 / 3, t**2 / 2], [t**3 / 6, t**2 / 2, t]]
    return q * np.array(rows)


def by_quadrature(drift, driven, span, count=4000):
    """F and Q of dx = A x dt + sum_j g_j dW_j, by a series and by Simpson's rule."""

    def power(t):
        term, total = np.eye(len(drift)), np.eye(len(drift))
        for k in range(1, 60):
            term = term @ drift * (t / k)
            total = total + term
        return total

    if span == 0:
        return np.eye(len(drift)), np.zeros_like(drift)
    at = np.linspace(0.0, span, count + 1)
    weights = np.ones(count + 1)
    weights[1:-1:2], weights[2:-1:2] = 4.0, 2.0
    noise = sum(w * power(t) @ driven @ power(t).T for t, w in zip(at, weights, strict=True)) * (span / count / 3)
    return power(span), noise


def transition(kind, span):
    """F and Q of the models with their parameters below, written out or integrated."""
    if kind == "constant_velocity":
        return np.array([[1.0, span], [0.0, 1.0]]), velocity_noise(0.7, span)
    if kind == "constant_acceleration":
        return np.array([[1.0, span, span**2 / 2], [0.0, 1.0, span], [0.0, 0.0, 1.0]]), jerk_noise(0.2, span)
    drift = np.array([[0.0, 1.0, 0.0], [0.0, -1 / 6.0, 1 / 6.0], [0.0, 0.0, 0.0]])
    return by_quadrature(drift, np.diag([0.0, 2 * 1.5**2 / 6.0, 0.3]), span, 400)


CASES = {
    "constant_velocity": (
        lambda: ConstantVelocity(2, acceleration_intensity=0.7, measurement_sigma=0.5, velocity_sigma=4.0),
        np.diag([0.25, 16.0]),
    ),
    "constant_acceleration": (
        lambda: ConstantAcceleration(
            2, jerk_intensity=0.2, measurement_sigma=0.5, velocity_sigma=4.0, acceleration_sigma=2.0
        ),
        np.diag([0.25, 16.0, 4.0]),
    ),
    "reverting_velocity": (
        lambda: RevertingVelocity(
            2, memory_s=6.0, deviation_sigma=1.5, drift_intensity=0.3, measurement_sigma=0.5, mean_sigma=4.0
        ),
        np.array([[0.25, 0.0, 0.0], [0.0, 1.5**2 + 16.0, 16.0], [0.0, 16.0, 16.0]]),
    ),
}


def least_squares(kind, measured, ahead_s):
    """Mean and variance of the position at the end, from the normal distribution of the whole path.

    All states are linear in the first state and the noises; conditioning on every measurement after the first at once
    solves the generalised least-squares problem, without any recursion over updates.
    """
    first = CASES[kind][1]
    size, times_s = len(first), np.append(TIMES_S, TIMES_S[-1] + ahead_s)
    blocks = [first]
    maps = [np.eye(size)]
    for span in np.diff(times_s):
        f, q = transition(kind, span)
        blocks.append(q)
        maps = [f @ m for m in maps]  # how each earlier noise reaches the present state
        maps.append(np.eye(size))
        if len(blocks) == 2:
            rows = [np.hstack([np.eye(size), np.zeros((size, size * len(TIMES_S)))])]
        wide = np.zeros((size, size * len(times_s)))
        wide[:, : size * len(maps)] = np.hstack(maps)
        rows.append(wide)
    prior = np.zeros((size * len(times_s), size * len(times_s)))
    for at, block in enumerate(blocks):
        prior[at * size : (at + 1) * size, at * size : (at + 1) * size] = block
    observe = np.array([row[0] for row in rows[1:-1]])
    wanted = rows[-1][0]
    spread = observe @ prior @ observe.T + 0.25 * np.eye(len(observe))
    gain = np.linalg.solve(spread, observe @ prior @ wanted)
    mean = measured[0] + gain @ (measured[1:] - measured[0])
    return mean, wanted @ prior @ wanted - gain @ observe @ prior @ wanted


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("ahead_s", [0.0, 0.5, 12.0])
def test_is_the_least_squares_estimate(kind, ahead_s):
    measured = np.random.default_rng(7).standard_normal((len(TIMES_S), 2)) * 5.0
    model = CASES[kind][0]()
    for time_s, value in zip(TIMES_S.tolist(), measured, strict=True):
        model.update(time_s, value)
    mean, low, high = model.predict(float(TIMES_S[-1]) + ahead_s)
    for column in range(2):
        expected, variance = least_squares(kind, measured[:, column], ahead_s)
        assert mean[column] == pytest.approx(expected, rel=1e-7, abs=1e-7)
        half = 0.5 * (high[column] - low[column])
        assert (half / INTERVAL_SIGMAS) ** 2 == pytest.approx(variance, rel=1e-7)


def test_the_closed_form_of_the_reverting_velocity_holds_for_short_and_long_times():
    from twinhop.twin.behaviour.reverting_velocity import _transition

    for span in (1e-3, 0.1, 1.0, 30.0):
        f, q = transition("reverting_velocity", span)
        found = _transition(span, 1 / 6.0, 1.5, 0.3)
        assert (found.f01, found.f02, found.f11, found.f12) == pytest.approx((f[0, 1], f[0, 2], f[1, 1], f[1, 2]))
        noise = (q[0, 0], q[0, 1], q[0, 2], q[1, 1], q[1, 2], q[2, 2])
        assert tuple(found[4:]) == pytest.approx(noise, rel=1e-5)


def test_intervals_of_a_true_model_hold_nine_of_ten():
    generator, hits, tries = np.random.default_rng(11), 0, 0
    for _ in range(300):
        model, x, v = ConstantVelocity(1, acceleration_intensity=0.5, velocity_sigma=3.0), 0.0, 0.0
        v = 3.0 * generator.standard_normal()
        for second in range(13):
            if second:
                jumps = np.linalg.cholesky(velocity_noise(0.5, 1.0)) @ generator.standard_normal(2)
                x, v = x + v + jumps[0], v + jumps[1]
            if second < 8:
                model.update(float(second), np.array([x + generator.standard_normal()]))
            else:
                found = model.predict(float(second))
                hits += found.low[0] <= x <= found.high[0]
                tries += 1
    assert 0.86 < hits / tries < 0.94
