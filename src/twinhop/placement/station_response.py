"""Compiled responses of single stations to prices: whom a station would host, and what that is worth."""

import numpy as np

from twinhop.jit import jit
from twinhop.kernels.shares import charge

#: Bisection of a station's congestion price ends once so few users' thresholds lie inside its bracket ...
FEW = 12
#: ... or after so many steps.
BISECTIONS = 24
#: Relative width of the bracket at which bisection stops where seats bind; the response's value errs by its square.
CONGESTION_TOLERANCE = 1e-5
#: Congestion prices below this are as good as none [s/sqrt(cycle)]; sqrt(cycle) is in the thousands.
SMALLEST_CONGESTION = 1e-15


@jit(fastmath=True)
def _above(ratio, root_work, theta):
    """Root work and number of the users whose threshold exceeds theta."""
    load, count = 0.0, 0.0
    for i in range(ratio.size):
        inside = 1.0 if ratio[i] > theta else 0.0
        load += inside * root_work[i]
        count += inside
    return load, count


@jit(inner=True)
def _bracket(ratio, root_work, cpu, guess):
    """Bounds on the congestion price theta = 2 load / F with few thresholds between them, and the load above both."""
    low, high, theta = 0.0, np.inf, guess
    load_high, count_low, count_high = 0.0, np.inf, 0.0
    for _ in range(BISECTIONS):
        load, count = _above(ratio, root_work, theta)
        image = 2.0 * load / cpu
        if image > theta:
            low, count_low = theta, count
            if image < high:
                high = image
                load_high, count_high = _above(ratio, root_work, high)
        else:
            high, load_high, count_high = theta, load, count
            if image > low:
                low = image
                _, count_low = _above(ratio, root_work, low)
        if count_low - count_high <= FEW:
            break
        theta = 0.5 * (low + high)
    return low, high, load_high


@jit(inner=True)
def _fill_between(ratio, root_work, cpu, low, high, load, share, order):
    """Take the users with thresholds in (low, high], highest first, the last one in part; returns the load."""
    count = 0
    for i in range(ratio.size):
        share[i] = 1.0 if ratio[i] > high else 0.0
        if low < ratio[i] <= high:
            at = count
            while at > 0 and ratio[order[at - 1]] < ratio[i]:
                order[at] = order[at - 1]
                at -= 1
            order[at] = i
            count += 1
    for at in range(count):
        i = order[at]
        part = (0.5 * ratio[i] * cpu - load) / root_work[i]
        if part <= 0.0:
            break
        share[i] = min(1.0, part)
        load += share[i] * root_work[i]
        if part < 1.0:
            break
    return load


@jit(fastmath=True)
def _value(worth, root_work, cpu, seats, theta, nu):
    """theta^2 F / 4 + seats nu + sum (worth - theta s - nu)_+."""
    value = 0.25 * theta * theta * cpu + seats * nu
    for i in range(worth.size):
        margin = worth[i] - theta * root_work[i] - nu
        value += margin if margin > 0.0 else 0.0
    return value


@jit(inner=True)
def nth_largest(values, count, nth):
    """The nth largest (from 0) of the first ``count`` values, which are reordered (quickselect)."""
    left, right = 0, count - 1
    while left < right:
        pivot = values[(left + right) // 2]
        i, j = left, right
        while i <= j:
            while values[i] > pivot:
                i += 1
            while values[j] < pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if nth <= j:
            right = j
        elif nth >= i:
            left = i
        else:
            break
    return values[nth]


@jit()
def _seated(worth, root_work, theta, seats, scratch):
    """Load of the ``seats`` most worthy users at theta, and the seat price that keeps the others out."""
    count = np.int64(0)  # else Numba compiles `nth_largest` for the value 0 as well
    for i in range(worth.size):
        margin = worth[i] - theta * root_work[i]
        if margin > 0.0:
            scratch[count] = margin
            count += 1
    nu = nth_largest(scratch, count, seats) if count > seats else 0.0
    load = 0.0
    for i in range(worth.size):
        load += root_work[i] if worth[i] - theta * root_work[i] > nu else 0.0
    return load, nu


@jit(inner=True)
def _seated_response(worth, root_work, cpu, seats, guess, share, scratch):
    """The response where seats bind: bisection on theta, the seat price by selection at each step."""
    low, high, theta = 0.0, np.inf, guess
    for _ in range(BISECTIONS):
        load, _ = _seated(worth, root_work, theta, seats, scratch)
        image = 2.0 * load / cpu
        if image > theta:
            low, high = theta, min(high, image)
        else:
            low, high = max(low, image), theta
        if high - low <= CONGESTION_TOLERANCE * high:
            break
        theta = 0.5 * (low + high)
    load_high, nu = _seated(worth, root_work, high, seats, scratch)
    load_low, nu_low = _seated(worth, root_work, low, seats, scratch)
    blend = 0.0
    if load_low > load_high:
        blend = min(1.0, max(0.0, (0.5 * high * cpu - load_high) / (load_low - load_high)))
    for i in range(worth.size):
        inside = 1.0 if worth[i] - high * root_work[i] > nu else 0.0
        outside = 1.0 if worth[i] - low * root_work[i] > nu_low else 0.0
        share[i] = inside + blend * (outside - inside)
    return high, nu


@jit(inner=True)
def station_response(worth, root_work, cpu, seats, guess, share, scratch, order):
    """The best users for one station at the present prices.

    Maximises ``sum worth_i x_i - (sum s_i x_i)^2 / F`` over ``0 <= x <= 1``, ``sum x <= seats``. Without binding seats
    user i belongs in while ``worth_i / s_i`` exceeds the congestion price ``theta = 2 load / F``.

    Args:
        worth: (N,) price minus communication latency of each user [s], -inf where forbidden.
        root_work: (N,) [sqrt(cycle)].
        cpu: F_k [cycle/s].
        seats: N_k.
        guess: a congestion price to start from.
        share: (N,) receives x.
        scratch: (N,) working space.
        order: (N,) integer working space.

    Returns:
        theta, the seat price nu, and the value ``theta^2 F / 4 + seats nu + sum (worth - theta s - nu)_+``.
    """
    for i in range(worth.size):
        if root_work[i] > 0.0:
            scratch[i] = worth[i] / root_work[i]
        else:
            scratch[i] = np.inf if worth[i] > 0.0 else -np.inf
    low, high, load = _bracket(scratch, root_work, cpu, guess)
    load = _fill_between(scratch, root_work, cpu, low, high, load, share, order)
    theta, nu = 2.0 * load / cpu, 0.0
    if seats < worth.size and share.sum() > seats:
        theta, nu = _seated_response(worth, root_work, cpu, seats, theta, share, scratch)
    return theta, nu, _value(worth, root_work, cpu, seats, theta, nu)


@jit(inner=True)
def _floored(worth, root_work, floor, theta, seats, scratch):
    """CPU that the takers at theta use, and the seat price that keeps all but ``seats`` of them out."""
    count = np.int64(0)  # else Numba compiles `nth_largest` for the value 0 as well
    for i in range(worth.size):
        if worth[i] > 0.0:
            margin = worth[i] - charge(theta, root_work[i], floor[i])
            if margin > 0.0:
                scratch[count] = margin
                count += 1
    nu = nth_largest(scratch, count, seats) if count > seats else 0.0
    used = 0.0
    for i in range(worth.size):
        if worth[i] > nu and worth[i] - charge(theta, root_work[i], floor[i]) > nu:
            used += max(floor[i], 2.0 * root_work[i] / theta)
    return used, nu


@jit(inner=True)
def _floored_bracket(worth, root_work, floor, cpu, seats, guess, scratch):
    """Congestion prices with more and with less CPU used than there is, close to each other."""
    theta, factor = max(guess, SMALLEST_CONGESTION), 1.02
    used, _ = _floored(worth, root_work, floor, theta, seats, scratch)
    low, high = 0.0, np.inf
    while (low == 0.0 or high == np.inf) and theta >= SMALLEST_CONGESTION:
        if used > cpu:
            low, theta = theta, theta * factor
        else:
            high, theta = theta, theta / factor
        factor *= factor
        if low == 0.0 or high == np.inf:
            used, _ = _floored(worth, root_work, floor, theta, seats, scratch)
    while high - low > CONGESTION_TOLERANCE * high:
        theta = 0.5 * (low + high)
        used, _ = _floored(worth, root_work, floor, theta, seats, scratch)
        if used > cpu:
            low = theta
        else:
            high = theta
        if high < SMALLEST_CONGESTION:
            break
    return low, high


@jit(inner=True)
def floored_response(worth, root_work, floor, cpu, seats, guess, share, scratch):
    """The best users for one station under deadlines; as `station_response`, with minimum shares.

    Maximises ``sum worth_i x_i - sum_i w_i x_i / f_i`` over ``f_i >= floor_i``, ``sum x_i f_i <= F`` and
    ``sum x <= seats`` by bisection on the price ``theta^2 / 4`` of CPU.

    Args:
        worth: (N,) price minus communication latency of each user [s], -inf where forbidden.
        root_work: (N,) [sqrt(cycle)].
        floor: (N,) minimum shares [cycle/s].
        cpu: F_k [cycle/s].
        seats: N_k.
        guess: a congestion price to start from.
        share: (N,) receives x.
        scratch: (N,) working space.

    Returns:
        theta, the seat price nu, and the value ``theta^2 F / 4 + seats nu + sum (worth - charge - nu)_+``.
    """
    low, high = _floored_bracket(worth, root_work, floor, cpu, seats, guess, scratch)
    used_high, nu = _floored(worth, root_work, floor, high, seats, scratch)
    used_low, nu_low = _floored(worth, root_work, floor, max(low, SMALLEST_CONGESTION), seats, scratch)
    blend = 0.0
    if used_low > cpu > used_high:
        blend = (cpu - used_high) / (used_low - used_high)
    value = 0.25 * high * high * cpu + seats * nu
    for i in range(worth.size):
        share[i] = 0.0
        if worth[i] > 0.0:
            margin = worth[i] - charge(high, root_work[i], floor[i]) - nu
            value += max(margin, 0.0)
            inside = 1.0 if margin > 0.0 else 0.0
            outside = 1.0 if worth[i] - charge(low, root_work[i], floor[i]) > nu_low else 0.0
            share[i] = inside + blend * (outside - inside)
    return high, nu, value
