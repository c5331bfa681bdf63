"""The least computing latency of the twins on one host in one slot, with minimum shares."""

import numpy as np

from twinhop.jit import jit
from twinhop.placement.problem import SHARE_TOLERANCE


@jit()
def least_computing(root_work, floor, count, cpu):
    """The least ``sum s_i^2 / f_i`` over ``f >= floor`` and ``sum f <= F``, by water-filling.

    Users whose square-root share falls below their minimum get the minimum, the others share what is left in
    proportion to s; repeated until nobody falls below. Each round only adds users, so there are at most n rounds.

    Args:
        root_work: (n,) s_i, of which the first `count` count [sqrt(cycle)].
        floor: (n,) minimum shares [cycle/s].
        count: number of users.
        cpu: F [cycle/s].

    Returns:
        The latency [s], ``inf`` where the minima do not fit.
    """
    load, least = 0.0, 0.0
    for i in range(count):
        load += root_work[i]
        least += floor[i]
    if least > cpu * (1.0 + SHARE_TOLERANCE):
        return np.inf
    shrink = cpu / least * (1.0 - 1e-12) if least > cpu * (1.0 - 1e-12) else 1.0
    level, floored = (cpu / load if load > 0.0 else np.inf), -1
    while True:
        free, fixed, latency, now = 0.0, 0.0, 0.0, 0
        for i in range(count):
            s, bottom = root_work[i], shrink * floor[i]
            if s == 0.0 or bottom > level * s:
                fixed += bottom
                latency += s * s / bottom if s > 0.0 else 0.0
                now += 1
            else:
                free += s
        if free == 0.0:
            return latency
        if now == floored:
            return latency + free * free / (cpu - fixed)
        floored = now
        level = (cpu - fixed) / free
