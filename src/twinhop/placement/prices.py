"""Compiled ascent on the prices of the Lagrangian relaxation; `certificate` proves what the prices are worth."""

from typing import NamedTuple

import numpy as np

from twinhop.jit import jit
from twinhop.kernels.opening import choose_open
from twinhop.placement.demand_response import demanding_whole, floored_whole, undemanding_response
from twinhop.placement.problem import BoolArray, FloatArray
from twinhop.placement.station_load import Instance, copy_values

#: Weight of the present association in its running mean.
AVERAGING = 0.15


class ByStation(NamedTuple):
    """The arcs of an instance, station by station.

    Attributes:
        comm: (M, N) communication latency [s], inf where the arc is not allowed.
        floor: (M, N) minimum shares [cycle/s]; None without deadlines.
    """

    comm: FloatArray
    floor: FloatArray | None


def by_station(instance: Instance) -> ByStation:
    """The arcs of an instance, transposed."""
    floor = None if instance.floor is None else np.ascontiguousarray(instance.floor.T)
    return ByStation(np.ascontiguousarray(instance.comm.T), floor)


class StepRule(NamedTuple):
    """How the prices step; chosen by measurement (`benchmarks/exactness.py --ablation`).

    Attributes:
        deflection: share of the last direction kept in the next one: 0 is the plain subgradient.
        length: first step length, as a share of Polyak's.
        patience: steps without improvement before the length is cut and the best prices are taken up again.
        cut: what is left of the length then.
    """

    deflection: float
    length: float
    patience: float
    cut: float


STEP_RULE = StepRule(0.8, 0.4, 15.0, 0.7)


class PriceState(NamedTuple):
    """Prices and what they lead to, changed in place by `ascend`.

    Attributes:
        price: (N,) present user prices [s].
        theta: (M,) present congestion prices [s/sqrt(cycle)].
        nu: (M,) present seat prices [s].
        mu: (M,) present demand prices [s/unit of demand].
        reduced: (M,) present reduced costs [s].
        chosen: (M,) stations the relaxation opens at present.
        shares: (M, N) present fractional association.
        mean: (M, N) running mean of the fractional associations of the stations opened; (1, 1) if not wanted.
        direction: (N,) last direction.
        best_price: (N,) prices of the best value so far.
        best_theta: (M,) likewise.
        best_nu: (M,) likewise.
        best_mu: (M,) likewise.
        best_reduced: (M,) likewise.
        progress: (3,) best value [s], step length, steps since the last improvement.
        rule: how to step.
    """

    price: FloatArray
    theta: FloatArray
    nu: FloatArray
    mu: FloatArray
    reduced: FloatArray
    chosen: BoolArray
    shares: FloatArray
    mean: FloatArray
    direction: FloatArray
    best_price: FloatArray
    best_theta: FloatArray
    best_nu: FloatArray
    best_mu: FloatArray
    best_reduced: FloatArray
    progress: FloatArray
    rule: StepRule


def make_price_state(price: FloatArray, theta: FloatArray, *, averaged: bool = False) -> PriceState:
    """A state at the given user and congestion prices, with no value yet; ``averaged`` keeps the running mean."""
    users, stations = price.size, theta.size
    return PriceState(
        price.copy(),
        theta.copy(),
        np.zeros(stations),
        np.zeros(stations),
        np.full(stations, np.inf),
        np.zeros(stations, bool),
        np.zeros((stations, users)),
        np.zeros((stations, users) if averaged else (1, 1)),
        np.zeros(users),
        price.copy(),
        theta.copy(),
        np.zeros(stations),
        np.zeros(stations),
        np.full(stations, np.inf),
        np.array([-np.inf, STEP_RULE.length, 0.0]),
        STEP_RULE,
    )


@jit()
def respond(instance, by_station, state, forced, scratch, worth, order):
    """Every station's response at the present prices: fills theta, nu, reduced and shares of the state."""
    priced, other = np.empty(worth.size), np.empty(worth.size)
    for k in range(instance.cpu.size):
        if instance.seats[k] == 0 or forced[k] == -1:
            continue
        for i in range(worth.size):
            worth[i] = state.price[i] - by_station.comm[k, i]
        value = _response(
            instance.demand, by_station.floor, instance, by_station, state, k, worth, priced, other, scratch, order
        )
        state.reduced[k] = instance.opening[k] - value


@jit(inner=True)
def _response(demand, floor, instance, by_station, state, k, worth, priced, other, scratch, order):
    """The best value of station k; fills theta, nu, mu and shares of the state."""
    if demand is None:
        return _undemanding(floor, instance, by_station, state, k, worth, priced, other, scratch, order)
    return demanding_whole(instance, by_station, state, k, worth, priced, other, scratch, order)


@jit(inner=True)
def _undemanding(floor, instance, by_station, state, k, worth, priced, other, scratch, order):
    if floor is None:
        theta, nu, value = undemanding_response(floor, instance, state, k, worth, scratch, order)
        state.theta[k], state.nu[k] = theta, nu
        return value
    return floored_whole(instance, by_station, state, k, worth, priced, other, scratch, order)


@jit(inner=True)
def _keep_if_best(state, value):
    progress = state.progress
    progress[2] = 0.0 if value > progress[0] + 1e-7 * abs(progress[0]) else progress[2] + 1.0
    if value > progress[0]:
        progress[0] = value
        copy_values(state.price, state.best_price)
        copy_values(state.theta, state.best_theta)
        copy_values(state.nu, state.best_nu)
        copy_values(state.mu, state.best_mu)
        copy_values(state.reduced, state.best_reduced)


@jit()
def _turn(state):
    """Deflect the direction by the present coverage errors; returns its squared length."""
    users = state.price.size
    for i in range(users):
        state.direction[i] = 1.0 + state.rule.deflection * state.direction[i]
    for k in range(state.chosen.size):
        if state.chosen[k]:
            for i in range(users):
                state.direction[i] -= state.shares[k, i]
    squared = 0.0
    for i in range(users):  # not numpy.dot: compiled, that would need SciPy
        squared += state.direction[i] * state.direction[i]
    return squared


@jit(inner=True)
def _average(state):
    """Blend the present fractional association into the running mean."""
    if state.mean.shape != state.shares.shape:
        return
    for k in range(state.chosen.size):
        for i in range(state.price.size):
            now = state.shares[k, i] if state.chosen[k] else 0.0
            state.mean[k, i] += AVERAGING * (now - state.mean[k, i])


@jit()
def ascend(instance, by_station, state, forced, fewest, most, target, iterations):
    """Deflected subgradient steps of Polyak's length on the prices.

    Args:
        instance: the problem.
        by_station: `ByStation`, the arcs transposed.
        state: `PriceState`, changed in place; its best prices are kept.
        forced: (M,) 1 for stations that are open, -1 for those that are shut, 0 for the others.
        fewest: fewest stations open.
        most: most stations open.
        target: cost of the best plan known, scaled [s].
        iterations: steps to make.

    Returns:
        The best relaxed value so far [s].
    """
    users = state.price.size
    scratch, worth, order = np.empty(users), np.empty(users), np.empty(users, np.int64)
    for _ in range(iterations):
        respond(instance, by_station, state, forced, scratch, worth, order)
        value = choose_open(state.reduced, forced, fewest, most, state.chosen) + state.price.sum()
        if value == np.inf:
            state.progress[0] = np.inf
            break
        _keep_if_best(state, value)
        _average(state)
        if state.progress[2] >= state.rule.patience:
            state.progress[1] *= state.rule.cut
            state.progress[2] = 0.0
            copy_values(state.best_price, state.price)
            copy_values(state.best_theta, state.theta)
            state.direction[:] = 0.0
            continue
        norm = _turn(state)
        if norm < 1e-18:
            break
        step = state.progress[1] * (target - value) / norm
        for i in range(users):
            state.price[i] += step * state.direction[i]
    return state.progress[0]
