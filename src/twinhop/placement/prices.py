"""Compiled ascent on the prices of the Lagrangian relaxation; `certificate` proves what the prices are worth."""

from typing import NamedTuple

import numpy as np

from twinhop.placement.jit import jit
from twinhop.placement.problem import BoolArray, FloatArray

#: Bisection of a station's congestion price ends once so few users' thresholds lie inside its bracket ...
FEW = 12
#: ... or after so many steps.
BISECTIONS = 24
#: Relative width of the bracket at which bisection stops where seats bind; the response's value errs by its square.
CONGESTION_TOLERANCE = 1e-6
#: Share of the last direction kept in the next one (deflection).
DEFLECTION = 0.3
#: Steps without improvement before the step length is cut and the best prices are taken up again.
PATIENCE = 12
STEP_CUT = 0.6


class PriceState(NamedTuple):
    """Prices and what they lead to, changed in place by `ascend`.

    Attributes:
        price: (N,) present user prices [s].
        theta: (M,) present congestion prices [s/sqrt(cycle)].
        nu: (M,) present seat prices [s].
        reduced: (M,) present reduced costs [s].
        chosen: (M,) stations the relaxation opens at present.
        shares: (M, N) present fractional association.
        direction: (N,) last direction.
        best_price: (N,) prices of the best value so far.
        best_theta: (M,) likewise.
        best_nu: (M,) likewise.
        best_reduced: (M,) likewise.
        progress: (3,) best value [s], step factor, steps since the last improvement.
    """

    price: FloatArray
    theta: FloatArray
    nu: FloatArray
    reduced: FloatArray
    chosen: BoolArray
    shares: FloatArray
    direction: FloatArray
    best_price: FloatArray
    best_theta: FloatArray
    best_nu: FloatArray
    best_reduced: FloatArray
    progress: FloatArray


def make_price_state(price: FloatArray, theta: FloatArray) -> PriceState:
    """A state at the given user and congestion prices, with no value yet."""
    users, stations = price.size, theta.size
    return PriceState(
        price.copy(),
        theta.copy(),
        np.zeros(stations),
        np.full(stations, np.inf),
        np.zeros(stations, bool),
        np.zeros((stations, users)),
        np.zeros(users),
        price.copy(),
        theta.copy(),
        np.zeros(stations),
        np.full(stations, np.inf),
        np.array([-np.inf, 1.0, 0.0]),
    )


@jit(fastmath=True)
def _above(ratio, root_work, theta):
    """Root work and number of the users whose threshold exceeds theta."""
    load, count = 0.0, 0.0
    for i in range(ratio.size):
        inside = 1.0 if ratio[i] > theta else 0.0
        load += inside * root_work[i]
        count += inside
    return load, count


@jit()
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


@jit()
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


@jit()
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
    count = 0
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


@jit()
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


@jit()
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


@jit()
def choose_open(reduced, least_open, most_open, chosen):
    """The stations the relaxation opens: the ``least_open`` cheapest and every other of negative reduced cost.

    Returns:
        The sum of the chosen reduced costs; ``chosen`` is filled in place.
    """
    order = np.argsort(reduced)
    chosen[:] = False
    value = 0.0
    for rank in range(min(most_open, order.size)):
        k = order[rank]
        if rank < least_open or reduced[k] < 0.0:
            chosen[k] = True
            value += reduced[k]
    return value


@jit()
def respond(instance, by_station, state, scratch, worth, order):
    """Every station's response at the present prices: fills theta, nu, reduced and shares of the state."""
    for k in range(instance.cpu.size):
        if instance.seats[k] == 0:
            continue
        for i in range(worth.size):
            worth[i] = state.price[i] - by_station[k, i]
        state.theta[k], state.nu[k], value = station_response(
            worth,
            instance.root_work,
            instance.cpu[k],
            instance.seats[k],
            state.theta[k],
            state.shares[k],
            scratch,
            order,
        )
        state.reduced[k] = instance.opening[k] - value


@jit()
def _keep_if_best(state, value):
    progress = state.progress
    progress[2] = 0.0 if value > progress[0] + 1e-7 * abs(progress[0]) else progress[2] + 1.0
    if value > progress[0]:
        progress[0] = value
        state.best_price[:] = state.price
        state.best_theta[:] = state.theta
        state.best_nu[:] = state.nu
        state.best_reduced[:] = state.reduced


@jit()
def _turn(state):
    """Deflect the direction by the present coverage errors; returns its squared length."""
    users = state.price.size
    for i in range(users):
        state.direction[i] = 1.0 + DEFLECTION * state.direction[i]
    for k in range(state.chosen.size):
        if state.chosen[k]:
            for i in range(users):
                state.direction[i] -= state.shares[k, i]
    return np.dot(state.direction, state.direction)


@jit()
def ascend(instance, by_station, state, least_open, most_open, target, iterations):
    """Deflected subgradient steps of Polyak's length on the prices.

    Args:
        instance: the problem.
        by_station: (M, N) communication latencies, transposed.
        state: `PriceState`, changed in place; its best prices are kept.
        least_open: fewest stations a plan opens.
        most_open: most stations a plan opens.
        target: cost of the best plan known, scaled [s].
        iterations: steps to make.

    Returns:
        The best relaxed value so far [s].
    """
    users = state.price.size
    scratch, worth, order = np.empty(users), np.empty(users), np.empty(users, np.int64)
    for _ in range(iterations):
        respond(instance, by_station, state, scratch, worth, order)
        value = choose_open(state.reduced, least_open, most_open, state.chosen) + state.price.sum()
        _keep_if_best(state, value)
        if state.progress[2] >= PATIENCE:
            state.progress[1] *= STEP_CUT
            state.progress[2] = 0.0
            state.price[:] = state.best_price
            state.theta[:] = state.best_theta
            state.direction[:] = 0.0
            continue
        norm = _turn(state)
        if norm < 1e-18:
            break
        state.price[:] += state.progress[1] * (target - value) / norm * state.direction
    return state.progress[0]
