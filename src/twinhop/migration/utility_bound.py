"""The certified bound on the sum of utilities (Eq. 20, 21): no decisions, in no run, reach more."""

from __future__ import annotations

import math

import numpy as np

from twinhop.jit import jit
from twinhop.kernels.share_value import share_value
from twinhop.migration.run import MigrationRun
from twinhop.migration.situation import Situation
from twinhop.network.utility import LARGEST_EXPONENT
from twinhop.placement.problem import FloatArray

#: Steps of the prices in a slot, and the first and the last of them, relative to the prices.
ITERATIONS, FIRST_STEP, LAST_STEP = 100, 0.05, 0.0005
#: Weight of the present prices in their running mean, which is evaluated every so many steps.
AVERAGING, EVALUATE_EVERY = 0.1, 10
#: The bound is raised by this share of the sum of the magnitudes of all its terms ...
ROUNDING_MARGIN = 2e-12
#: ... and by this one for each tau_0 in the longest deadline: it is what an exponent errs by.
MARGIN_PER_SCALE = 1e-15


def utility_bound(run: MigrationRun) -> float | None:
    """An upper bound on the mean over slots of ``sum_i U_i``, whatever is decided.

    In each slot, for any prices ``lambda_k >= 0`` of CPU and ``nu_k >= 0`` of seats::

        sum_i U_i <= sum_i max_k [max_f (beta e^((tau_i - c_ik - w_i / f) / tau_0) - lambda_k f) - nu_k]
                     + sum_k (lambda_k F_k + nu_k N_k) - (1 - beta) sum_i E_i

    over hosts k that are up and shares ``0 <= f <= F_k``. It holds for runs that miss deadlines too, and for every
    CPU rule.

    Args:
        run: it is iterated once.

    Returns:
        The bound, rounded up [1]; None where a utility may be more than a number holds, or a slot has users and no
        host.

    Source:
        Lu et al., Eq. 20, 21; the proof is in ``docs/utility-bound.md``.
    """
    total, prices = [], None
    for situation in run:
        if not situation.users.size:
            continue
        slot = _slot_bound(situation, prices)
        if slot is None:
            return None
        value, prices = slot
        total.append(value)
    return math.fsum(total) / run.slots


def _slot_bound(situation: Situation, prices: FloatArray | None) -> tuple[float, FloatArray] | None:
    """The bound of a slot, and the prices (2, K) that prove it, from which the next slot begins."""
    users, hosts = situation.all_users, np.flatnonzero(situation.capacity > 0)
    tau_s = users.tau_s[situation.users]
    exponent = (tau_s[:, None] - situation.comm_s[:, hosts]) / users.utility_scale_s
    if not hosts.size or (users.utility_weight > 0 and exponent.max() > LARGEST_EXPONENT):
        return None
    gain = users.utility_weight * np.exp(np.minimum(exponent, LARGEST_EXPONENT))
    scale = users.update_work[situation.users] / users.utility_scale_s
    cpu, seats = situation.cpu[hosts], situation.capacity[hosts].astype(np.float64)
    own = np.zeros((2, len(situation.cpu))) if prices is None else prices.copy()
    own[0, hosts] = np.where(own[0, hosts] > 0, own[0, hosts], _first_price(gain.max(axis=1), scale, cpu))
    own[:, hosts] = _best_prices(gain, scale, cpu, seats, own[:, hosts], ITERATIONS, FIRST_STEP, LAST_STEP)
    energy = (1.0 - users.utility_weight) * float(situation.energy_j.sum())
    margin = ROUNDING_MARGIN + MARGIN_PER_SCALE * float(tau_s.max()) / users.utility_scale_s
    return certified_utility(gain, scale, cpu, seats, own[:, hosts], energy, margin), own


def certified_utility(
    gain: FloatArray,
    scale: FloatArray,
    cpu: FloatArray,
    seats: FloatArray,
    prices: FloatArray,
    energy: float = 0.0,
    margin: float = ROUNDING_MARGIN,
) -> float:
    """Turn any prices into an upper bound on the sum of utilities of one slot.

    Args:
        gain: (n, K) utility of each user on each host with boundless CPU, before energy [1].
        scale: (n,) work of an update over tau_0 [cycle/s].
        cpu: (K,) CPU capacities [cycle/s].
        seats: (K,) twins that fit.
        prices: (2, K), of CPU [s/cycle] and of seats [1]; those that are not numbers >= 0 count as 0.
        energy: the weighted energy of the updates, which is taken off [1].
        margin: share of the sum of the magnitudes of all terms by which the bound is raised.

    Returns:
        The bound, rounded up [1].
    """
    prices = np.where(np.isfinite(prices) & (prices > 0), prices, 0.0)
    load, count = np.empty(len(cpu)), np.empty(len(cpu))
    value = float(_dual(gain, scale, cpu, seats, prices, load, count))
    size = float(gain.max(axis=1).sum() + (prices[0] * cpu + 2.0 * prices[1] * seats).sum()) + abs(energy)
    return value - energy + margin * size


def _first_price(gain: FloatArray, scale: FloatArray, cpu: FloatArray) -> float:
    """What a little more CPU would be worth to a user on average if all shared all CPU alike [s/cycle]."""
    working = scale > 0
    if not working.any() or not cpu.sum() > 0:
        return 0.0
    ratio = np.minimum(scale[working] * len(scale) / cpu.sum(), 1.0)
    return float((gain[working] * ratio**2 * np.exp(-ratio) / scale[working]).mean())


@jit()
def _dual(gain, scale, cpu, seats, prices, load, count):
    """The bound at the prices, and what users ask for at them: fills load (K,) of CPU and count (K,) of seats."""
    total = 0.0
    for k in range(cpu.size):
        load[k] = count[k] = 0.0
        total += prices[0, k] * cpu[k] + prices[1, k] * seats[k]
    for i in range(scale.size):
        at, best, share = 0, -np.inf, 0.0
        for k in range(cpu.size):
            if gain[i, k] - prices[1, k] <= best:
                continue  # no share is worth more than boundless CPU
            worth, demand = share_value(gain[i, k], scale[i], prices[0, k], cpu[k])
            if worth - prices[1, k] > best:
                at, best, share = k, worth - prices[1, k], demand
        total += best
        load[at] += share
        count[at] += 1.0
    return total


@jit()
def _best_prices(gain, scale, cpu, seats, first, iterations, first_step, last_step):
    """Prices (2, K) of the least bound in a descent from the first ones.

    CPU gets dearer or cheaper in proportion to its price and to what is asked for beyond it; a seat in proportion to
    the mean utility that is to be had.
    """
    prices, mean, best = first.copy(), first.copy(), first.copy()
    load, count = np.empty(cpu.size), np.empty(cpu.size)
    unit = gain.sum() / gain.size
    least = _dual(gain, scale, cpu, seats, best, load, count)
    for at in range(iterations):
        value = _dual(gain, scale, cpu, seats, prices, load, count)
        if value < least:
            least = value
            best[:] = prices
        step = first_step * (last_step / first_step) ** (at / iterations)
        for k in range(cpu.size):
            beyond = min(load[k] / cpu[k] - 1.0, 1.0) if cpu[k] > 0.0 else 0.0
            prices[0, k] *= math.exp(step * beyond)
            prices[1, k] = max(0.0, prices[1, k] + step * unit * min(count[k] / seats[k] - 1.0, 1.0))
        mean += AVERAGING * (prices - mean)
        if at % EVALUATE_EVERY == EVALUATE_EVERY - 1:
            value = _dual(gain, scale, cpu, seats, mean, load, count)
            if value < least:
                least = value
                best[:] = mean
    return best
