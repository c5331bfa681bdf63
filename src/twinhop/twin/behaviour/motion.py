"""Kalman filters of motion: every column moves alike, so that all share one covariance.

The state is position, velocity, and for some a third number: acceleration, or the mean of the velocity. With a
transition F and process noise Q over the time between two values, and measurement variance r of the position,

    x <- F x,  P <- F P F' + Q;   k = P e0 / (P00 + r),  x <- x + k (z - x0),  P <- P - k (first row of P).

Source: Kalman (1960), in the notation of Bar-Shalom, Li, Kirubarajan, Estimation with applications to tracking (2001).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from twinhop.jit import jit
from twinhop.twin.behaviour.model import FloatArray


class Transition(NamedTuple):
    """F = [[1, f01, f02], [0, f11, f12], [0, 0, 1]] and the upper triangle of Q."""

    f01: float
    f02: float
    f11: float
    f12: float
    q00: float
    q01: float
    q02: float
    q11: float
    q12: float
    q22: float


#: State of a filter of three numbers: time, the upper triangle of P, then position, velocity, third of each column.
TIME, COVARIANCE, MEANS = 0, 1, 7


@jit()
def start(state: FloatArray, value: FloatArray, position: float, velocity: float, cross: float, third: float) -> None:
    """Begin at a measured position, everything else 0.

    Args:
        state: the row to write, its time excepted.
        value: measured position.
        position: its variance.
        velocity: variance of the velocity.
        cross: covariance of velocity and third number.
        third: variance of the third number.
    """
    state[1], state[2], state[3], state[4], state[5], state[6] = position, 0.0, 0.0, velocity, cross, third
    for column in range(value.size):
        state[MEANS + 3 * column] = value[column]
        state[MEANS + 3 * column + 1] = 0.0
        state[MEANS + 3 * column + 2] = 0.0


@jit()
def propagate(state: FloatArray, f: Transition, width: int) -> None:
    """Move on in time: x <- F x, P <- F P F' + Q.

    Args:
        state: the row to change, its time excepted.
        f: over the time that passes.
        width: columns of the dimension.
    """
    p00, p01, p02, p11, p12, p22 = state[1], state[2], state[3], state[4], state[5], state[6]
    a00, a01, a02 = p00 + f.f01 * p01 + f.f02 * p02, p01 + f.f01 * p11 + f.f02 * p12, p02 + f.f01 * p12 + f.f02 * p22
    a11, a12 = f.f11 * p11 + f.f12 * p12, f.f11 * p12 + f.f12 * p22
    state[1] = a00 + f.f01 * a01 + f.f02 * a02 + f.q00
    state[2] = f.f11 * a01 + f.f12 * a02 + f.q01
    state[3] = a02 + f.q02
    state[4] = f.f11 * a11 + f.f12 * a12 + f.q11
    state[5] = a12 + f.q12
    state[6] = p22 + f.q22
    for column in range(width):
        at = MEANS + 3 * column
        position, velocity, third = state[at], state[at + 1], state[at + 2]
        state[at] = position + f.f01 * velocity + f.f02 * third
        state[at + 1] = f.f11 * velocity + f.f12 * third


@jit()
def correct(state: FloatArray, value: FloatArray, variance: float) -> None:
    """Take a measured position into account.

    Args:
        state: the row to change, its time excepted.
        value: measured position.
        variance: of its error.
    """
    p00, p01, p02 = state[1], state[2], state[3]
    k0, k1, k2 = p00 / (p00 + variance), p01 / (p00 + variance), p02 / (p00 + variance)
    state[1] = p00 - k0 * p00
    state[2] = p01 - k0 * p01
    state[3] = p02 - k0 * p02
    state[4] -= k1 * p01
    state[5] -= k1 * p02
    state[6] -= k2 * p02
    for column in range(value.size):
        at = MEANS + 3 * column
        error = value[column] - state[at]
        state[at] += k0 * error
        state[at + 1] += k1 * error
        state[at + 2] += k2 * error


@jit()
def ahead(state: FloatArray, f: Transition, mean: FloatArray, half: FloatArray, sigmas: float) -> None:
    """The position after a time, and a multiple of its standard deviation.

    Args:
        state: a row.
        f: over that time.
        mean: (width,), written.
        half: (width,), written.
        sigmas: half the width of the interval, in standard deviations.
    """
    p00, p01, p02, p11, p12, p22 = state[1], state[2], state[3], state[4], state[5], state[6]
    variance = p00 + f.f01 * f.f01 * p11 + f.f02 * f.f02 * p22 + f.q00
    variance += 2.0 * (f.f01 * p01 + f.f02 * p02 + f.f01 * f.f02 * p12)
    reach = sigmas * math.sqrt(variance)
    for column in range(mean.size):
        at = MEANS + 3 * column
        mean[column] = state[at] + f.f01 * state[at + 1] + f.f02 * state[at + 2]
        half[column] = reach
