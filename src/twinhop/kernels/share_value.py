"""Compiled: what a CPU share is worth to a user whose utility falls exponentially with its computing latency."""

from __future__ import annotations

import math

from twinhop.jit import jit

#: Newton's steps to the best share; each doubles the digits, and whatever they reach, the value is an upper bound.
STEPS = 5


@jit()
def share_value(gain: float, scale: float, price: float, cpu: float) -> tuple[float, float]:
    """An upper bound on ``max over 0 <= f <= F of g e^(-a / f) - price f``, and a share at which it is met.

    The function is bounded by its least concave majorant, and that by its tangent at ``f = a / x``, whose rise is
    ``g x^2 e^-x / a``. The tangent at any x in (0, 1] bounds it; the best one has ``x^2 e^-x = price a / g``. Where
    ``a >= F`` the majorant is the chord from 0 to F.

    Args:
        gain: g, utility with boundless CPU, not below 0 [1].
        scale: a, the share at which computing takes tau_0, work over tau_0; 0 without work [cycle/s].
        price: of CPU, not below 0 [s/cycle].
        cpu: F [cycle/s].

    Returns:
        The bound, not below 0 [1], and the share [cycle/s].
    """
    if scale == 0.0:
        return gain, 0.0
    if gain <= 0.0 or cpu <= 0.0:
        return 0.0, 0.0
    if scale >= cpu:
        worth = gain * math.exp(-scale / cpu) - price * cpu
        return (worth, cpu) if worth > 0.0 else (0.0, 0.0)
    x = _best_ratio(price * scale / gain)
    x = max(x, scale / cpu)
    rise = gain * x * x * math.exp(-x) / scale
    worth = gain * math.exp(-x) * (1.0 - x) + max(0.0, rise - price) * cpu
    return worth, (scale / x if worth > 0.0 else 0.0)


@jit(inner=True)
def _best_ratio(dear):
    """The x in (0, 1] with ``x^2 e^-x = dear``; 1 where there is none below it.

    ``2 ln x - x`` is concave and rises: Newton's steps from below stay below.
    """
    if dear >= math.exp(-1.0):
        return 1.0
    if dear <= 0.0:
        return 0.0
    target, x = math.log(dear), math.sqrt(dear)
    for _ in range(STEPS):
        x += (target - 2.0 * math.log(x) + x) * x / (2.0 - x)
    return min(x, 1.0)
