"""Load calibration: each agent adds one number to all its scores, so that it wins the load that it expects to get."""

import numpy as np

from twinhop.inference.rule import cost_of, highest, tally
from twinhop.jit import jit

STEPS = 80
STEP_CUT = 0.95
"""Steps shrink by this factor from one to the next."""
LEAST_LOAD = 1e-9
"""Expected loads are at least this share of all work, so that none divides by nought."""


@jit()
def _expected_loads(score, work, active, opened):
    """(M,) ``t_k = sum_i softmax(l)_ki s_i`` over the opened stations."""
    stations, users = score.shape
    largest, total = np.full(users, np.float32(-np.inf)), np.zeros(users, np.float32)
    expected, least = np.zeros(stations), 0.0
    weight = np.zeros((stations, users), np.float32)
    for k in range(stations):
        if opened[k]:
            for i in range(users):
                largest[i] = max(largest[i], score[k, i])
    for k in range(stations):
        if opened[k]:
            for i in range(users):
                weight[k, i] = np.exp(score[k, i] - largest[i])
                total[i] += weight[k, i]
    for i in range(users):
        if active[i]:
            least += LEAST_LOAD * work[i]
            total[i] = work[i] / total[i]
        else:
            total[i] = 0.0
    for k in range(stations):
        if opened[k]:
            for i in range(users):
                expected[k] += weight[k, i] * total[i]
        expected[k] = max(expected[k], least)
    return expected


@jit()
def calibrated(score, comm, work, cpu, opening, seats, active, opened):
    """The best placement on the way of ``b_k -= 0.95^n clip((h_k - t_k) / t_k, -1, 1)``, n = 0 to 79.

    h is the load that a station wins, t the one that its scores promise; a station with more twins than seats lowers
    its scores at least by the share of those that do not fit. The rule stays: the highest score wins.

    Args:
        score: (M, N) float32 logits; the softmax over them is what the actor meant.
        comm: (M, N) communication latencies [s].
        work: (N,) root work.
        cpu: (M,) [cycle/s].
        opening: (M,) [s].
        seats: (M,) twins that fit.
        active: (N,) bool.
        opened: (M,) bool, at least one.

    Returns:
        (N,) int64 hosts: those with the fewest twins without a seat, and of these the cheapest ones.
    """
    stations, users = score.shape
    expected = _expected_loads(score, work, active, opened)
    bias, host = np.zeros(stations, np.float32), np.zeros(users, np.int32)
    load, count = np.zeros(stations), np.zeros(stations, np.int64)
    best, best_cost, best_surplus = np.zeros(users, np.int64), np.inf, users + 1
    step = 1.0
    for _ in range(STEPS + 1):
        highest(score, bias, opened, host)
        tally(work, active, host, load, count)
        surplus = 0
        for k in range(stations):
            surplus += max(0, count[k] - seats[k])
        cost = cost_of(comm, cpu, opening, active, host, load, count)
        if surplus < best_surplus or (surplus == best_surplus and cost < best_cost):
            best[:] = host
            best_cost, best_surplus = cost, surplus
        for k in range(stations):
            if opened[k]:
                excess = (load[k] - expected[k]) / max(expected[k], 1e-30)
                if count[k] > seats[k]:
                    excess = max(excess, (count[k] - seats[k]) / seats[k])
                bias[k] -= step * min(1.0, max(-1.0, excess))
        step *= STEP_CUT
    return best
