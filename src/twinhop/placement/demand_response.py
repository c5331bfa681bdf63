"""Compiled responses of single stations to prices where users have demands: a knapsack, alone or beside computing."""

import numpy as np

from twinhop.jit import jit
from twinhop.kernels.edge import SHARE_TOLERANCE
from twinhop.kernels.knapsack import most_within
from twinhop.kernels.shares import charge
from twinhop.placement.station_load import copy_values
from twinhop.placement.station_response import BISECTIONS, floored_response, station_response

#: Relative width of the bracket at which the bisection of a station's demand price stops.
DEMAND_PRICE_TOLERANCE = 1e-6


@jit()
def knapsack_response(worth, demand, room, share, order):
    """The best users for one station where only demands count: the linear knapsack, exact by sorting worth / demand.

    Maximises ``sum worth_i x_i`` over ``0 <= x <= 1``, ``sum d_i x_i <= C``.

    Args:
        worth: (N,) price minus communication latency of each user [s], -inf where forbidden.
        demand: (N,) d_i.
        room: C.
        share: (N,) receives x.
        order: (N,) integer working space.

    Returns:
        The demand price mu, and the value ``C mu + sum (worth - mu d)_+``.
    """
    count = 0
    ratio = np.empty(worth.size)
    for i in range(worth.size):
        share[i] = 1.0 if worth[i] > 0.0 and demand[i] == 0.0 else 0.0
        if worth[i] > 0.0 and demand[i] > 0.0:
            ratio[count] = -worth[i] / demand[i]
            order[count] = i
            count += 1
    mu, left = 0.0, room
    for rank in np.argsort(ratio[:count]):
        i = order[rank]
        if demand[i] > left:
            share[i] = left / demand[i]
            mu = worth[i] / demand[i]
            break
        share[i] = 1.0
        left -= demand[i]
    value = room * mu
    for i in range(worth.size):
        value += max(worth[i] - mu * demand[i], 0.0)
    return mu, value


@jit(inner=True)
def undemanding_response(floor, instance, state, k, worth, scratch, order):
    """The response of station k, demands aside: theta, nu and the value; fills its shares of the state."""
    s, cpu, seats, guess, share = (
        instance.root_work,
        instance.cpu[k],
        instance.seats[k],
        state.theta[k],
        state.shares[k],
    )
    if floor is None:
        return station_response(worth, s, cpu, seats, guess, share, scratch, order)
    return floored_response(worth, s, floor[k], cpu, seats, guess, share, scratch)


@jit(inner=True)
def _priced_response(instance, by_station, state, k, worth, mu, priced, scratch, order):
    """The response at demand price mu: demand taken, theta, nu, and the value with ``C mu``."""
    for i in range(worth.size):
        priced[i] = worth[i] - mu * instance.demand[i]
    theta, nu, value = undemanding_response(by_station.floor, instance, state, k, priced, scratch, order)
    taken, share = 0.0, state.shares[k]
    for i in range(worth.size):  # not numpy.dot: compiled, that would need SciPy
        taken += share[i] * instance.demand[i]
    return taken, theta, nu, value + mu * instance.demand_room[k]


@jit(inner=True)
def _highest_demand_price(worth, demand):
    """A demand price at which nobody with a demand is worth taking."""
    highest = 0.0
    for i in range(worth.size):
        if demand[i] > 0.0:
            highest = max(highest, worth[i] / demand[i])
    return highest


@jit(inner=True)
def demanding_response(instance, by_station, state, k, worth, priced, other, scratch, order):
    """The best value of station k under demands; fills theta, nu, mu and shares of the state.

    Alone, the demand capacity makes a knapsack; with computing, minimum shares or seats, the value is convex in the
    demand price and its slope is ``C - sum d x``: bisection, and the shares of both its ends blended to use up C.
    """
    share, room = state.shares[k], instance.demand_room[k]
    if not instance.has_work and instance.floor is None and instance.seats[k] >= worth.size:
        state.mu[k], value = knapsack_response(worth, instance.demand, room, share, order)
        return value
    taken, theta, nu, value = _priced_response(instance, by_station, state, k, worth, 0.0, priced, scratch, order)
    state.theta[k], state.nu[k], state.mu[k] = theta, nu, 0.0
    if taken <= room:
        return value
    low, high = 0.0, _highest_demand_price(worth, instance.demand)
    for _ in range(BISECTIONS):
        mu = 0.5 * (low + high)
        taken, theta, nu, found = _priced_response(instance, by_station, state, k, worth, mu, priced, scratch, order)
        if found < value:
            value = found
            state.theta[k], state.nu[k], state.mu[k] = theta, nu, mu
        if taken > room:
            low = mu
        else:
            high = mu
        if high - low <= DEMAND_PRICE_TOLERANCE * high:
            break
    taken_low = _priced_response(instance, by_station, state, k, worth, low, priced, scratch, order)[0]
    copy_values(share, other)
    taken = _priced_response(instance, by_station, state, k, worth, high, priced, scratch, order)[0]
    if taken_low > room > taken:
        blend = (room - taken) / (taken_low - taken)
        for i in range(worth.size):
            share[i] += blend * (other[i] - share[i])
    return value


@jit(inner=True)
def _charges(floor, instance, k, worth, theta, nu, priced):
    """What each user is worth at the congestion price and the seat price."""
    for i in range(worth.size):
        priced[i] = worth[i] - nu - _user_charge(floor, instance.root_work[i], i, k, theta) if worth[i] > 0.0 else 0.0


@jit(inner=True)
def _user_charge(floor, s, i, k, theta):
    if floor is None:
        return theta * s
    return charge(theta, s, floor[k, i])


@jit(inner=True)
def _keep_whole(found, fixed, value, other, share):
    """The lower of two values of a station, and the set that goes with a new one."""
    if fixed + found < value:
        copy_values(other, share)
        return fixed + found
    return value


@jit(inner=True)
def _within_demand(demand, demand_room, k, priced, other):
    """The knapsack of demands; infinite where there are none."""
    if demand is None:
        return np.inf
    return most_within(priced, demand, demand_room[k], other)[0]


@jit(inner=True)
def _within_floor(floor, cpu, k, priced, other):
    """The knapsack of minimum shares; infinite where there are none."""
    if floor is None:
        return np.inf
    return most_within(priced, floor[k], cpu[k] * (1.0 + SHARE_TOLERANCE), other)[0]


@jit(inner=True)
def whole_response(instance, by_station, state, k, worth, value, priced, other):
    """The best value of station k with users that are not divided, once divided ones gave ``value`` and prices.

    Where that is lower, the shares of the state are 0 and 1. See `certificate.whole_reduced_costs`.
    """
    theta, nu, share = state.theta[k] if instance.has_work else 0.0, state.nu[k], state.shares[k]
    fixed = 0.25 * theta * theta * instance.cpu[k] + instance.seats[k] * nu
    _charges(by_station.floor, instance, k, worth, theta, nu, priced)
    found = _within_demand(instance.demand, instance.demand_room, k, priced, other)
    value = _keep_whole(found, fixed, value, other, share)
    found = _within_floor(by_station.floor, instance.cpu, k, priced, other)
    return _keep_whole(found, fixed, value, other, share)


@jit(inner=True)
def _has_nobody(instance, k, users):
    """Whether nobody has work and seats do not bind."""
    return not instance.has_work and instance.seats[k] >= users


@jit(inner=True)
def demanding_whole(instance, by_station, state, k, worth, priced, other, scratch, order):
    """The best value of station k under demands with users that are not divided."""
    if _has_nobody(instance, k, worth.size) and instance.floor is None:
        value, state.mu[k] = most_within(worth, instance.demand, instance.demand_room[k], state.shares[k])
        return value
    value = demanding_response(instance, by_station, state, k, worth, priced, other, scratch, order)
    return whole_response(instance, by_station, state, k, worth, value, priced, other)


@jit(inner=True)
def floored_whole(instance, by_station, state, k, worth, priced, other, scratch, order):
    """The best value of station k under deadlines with users that are not divided."""
    if _has_nobody(instance, k, worth.size):
        room = instance.cpu[k] * (1.0 + SHARE_TOLERANCE)
        value, rate = most_within(worth, by_station.floor[k], room, state.shares[k])
        state.theta[k] = 2.0 * np.sqrt(rate)
        return value
    theta, nu, value = undemanding_response(by_station.floor, instance, state, k, worth, scratch, order)
    state.theta[k], state.nu[k] = theta, nu
    return whole_response(instance, by_station, state, k, worth, value, priced, other)
