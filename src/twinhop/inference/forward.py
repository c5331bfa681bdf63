"""What an actor asks for, without JAX: the numbers of `twinhop.learn.structured.actor.Actor` up to rounding.

Users are the last axis of what concerns them, so that loops over users are vectorised; stations are rows. Two things
are done in another order: what users look back at is multiplied by weights before it is summed over stations, and a
bias that all stations share in a softmax is left out.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from twinhop.inference.actor_input import NOUGHT, ONE, Floats, actor_input
from twinhop.inference.actor_sizes import (
    FIRST_NEARNESS,
    FIRST_OPENING,
    FORBIDDEN,
    HEADS,
    NEARNESS,
    OUTPUT_GAIN,
)
from twinhop.inference.instance import ProblemArrays
from twinhop.jit import jit

LEAST_EXPONENT, LARGEST_EXPONENT = np.float32(-87), np.float32(88)
"""Between these the exponential is a normal float32."""
PER_LOG_2, LOG_2 = np.float32(1 / np.log(2)), np.float32(np.log(2))
TAYLOR = tuple(np.float32(1 / each) for each in (720, 120, 24, 6, 2, 1, 1))
EXPONENT_BIAS, FRACTION_BITS = 127, 23
"""How a float32 holds its exponent."""
NEVER = np.float32(FORBIDDEN)


class Layers(NamedTuple):
    """The weights of a perceptron of two layers, (inputs, outputs) each, and its biases."""

    first: Floats
    first_bias: Floats
    last: Floats
    last_bias: Floats


class Edges(NamedTuple):
    """The weights of an `EdgeLayer`."""

    of_user: Floats
    of_station: Floats
    of_edge: Floats
    bias: Floats


class Exchange(NamedTuple):
    """The weights of a `Round`."""

    edges: Edges
    association: Floats
    nearness: Floats
    station: Layers
    user: Layers
    looked: Floats
    """(D, heads x D): by what the users' first layer multiplies stations under each head; `user.first` has the rest"""


class Forward:
    """An actor of fixed weights in NumPy arrays."""

    def __init__(self, weights: Any):
        """Take the weights: an `Actor`, or the like of `actor_of_arrays`."""
        self._user, self._station, self._opening = map(_layers, (weights.user, weights.station, weights.opening))
        self._exchanges = [_exchange(each) for each in weights.rounds]
        self._edges = _edges(weights.edge)
        self._score, self._score_bias = _array(weights.score.weight), _array(weights.score.bias)

    def __call__(self, instance: ProblemArrays) -> tuple[Floats, Floats]:
        """Opening logits (M,) and scores (M, N) of an instance of NumPy arrays, in C order and of its own types."""
        obs = actor_input(*instance)
        users, stations = _first_states(self._user, self._station, obs)
        for weights in self._exchanges:
            users, stations = _exchanged(weights, obs, users, stations)
        return _logits(
            self._edges, self._score, self._score_bias, self._opening, obs, users, stations, instance.active.size
        )


def _array(weights: Any) -> Floats:
    return np.array(weights, np.float32, order="C")


def _layers(network: Any) -> Layers:
    first, last = network.layers
    return Layers(_array(first.weight), _array(first.bias), _array(last.weight), _array(last.bias))


def _edges(layer: Any) -> Edges:
    bias = layer.of_user.bias + layer.of_station.bias + layer.of_edge.bias
    return Edges(*map(_array, (layer.of_user.weight, layer.of_station.weight, layer.of_edge.weight, bias)))


def _exchange(weights: Any) -> Exchange:
    user, node = _layers(weights.user), len(weights.edge.of_user.weight)
    return Exchange(
        edges=_edges(weights.edge),
        association=_array(weights.association.weight),
        nearness=_array(weights.nearness) + np.array(NEARNESS, np.float32),
        station=_layers(weights.station),
        user=user._replace(first=_array(user.first[:node])),
        looked=_array(user.first[node:].reshape(HEADS, node, node).swapaxes(0, 1).reshape(node, HEADS * node)),
    )


@jit(fastmath=True)
def exponential(x):
    """``e^x`` of a float32, one part in a million off; there are no branches, so that loops of it are vectorised."""
    doublings = min(max(x, LEAST_EXPONENT), LARGEST_EXPONENT) * PER_LOG_2
    whole = np.floor(doublings + np.float32(0.5))
    rest, series = (doublings - whole) * LOG_2, NOUGHT
    for factor in TAYLOR:
        series = series * rest + factor
    return series * np.int32((np.int32(whole) + EXPONENT_BIAS) << FRACTION_BITS).view(np.float32)


@jit(fastmath=True)
def _add_product(result, a, b):
    """``result += a^T b`` for a (inputs, outputs) and b (inputs, N), four inputs at a time."""
    inputs, outputs = a.shape
    fours = inputs - inputs % 4
    for o in range(outputs):
        row = result[o]
        for i in range(0, fours, 4):
            a0, a1, a2, a3 = a[i, o], a[i + 1, o], a[i + 2, o], a[i + 3, o]
            b0, b1, b2, b3 = b[i], b[i + 1], b[i + 2], b[i + 3]
            for n in range(row.size):
                row[n] += a0 * b0[n] + a1 * b1[n] + a2 * b2[n] + a3 * b3[n]
        for i in range(fours, inputs):
            a0, b0 = a[i, o], b[i]
            for n in range(row.size):
                row[n] += a0 * b0[n]


@jit(fastmath=True)
def _silu(x):
    """``x / (1 + e^-x)``, in place."""
    for o in range(len(x)):
        row = x[o]
        for n in range(row.size):
            row[n] = row[n] / (ONE + exponential(-row[n]))


@jit(fastmath=True)
def _columns(bias, count):
    """(outputs, count) of a bias a row."""
    filled = np.empty((bias.size, count), np.float32)
    for o in range(bias.size):
        for n in range(count):
            filled[o, n] = bias[o]
    return filled


@jit(fastmath=True)
def _rows(bias, count):
    """(count, outputs) of a bias a column."""
    filled = np.empty((count, bias.size), np.float32)
    for k in range(count):
        for o in range(bias.size):
            filled[k, o] = bias[o]
    return filled


@jit(fastmath=True)
def _of_stations(layers, x):
    """(M, inputs) to (M, outputs)."""
    hidden, result = _rows(layers.first_bias, len(x)), _rows(layers.last_bias, len(x))
    _add_product(hidden, x.T, layers.first)
    _silu(hidden)
    _add_product(result, hidden.T, layers.last)
    return result


@jit(fastmath=True)
def _first_states(user, station, obs):
    """Users (D, N) and stations (M, D)."""
    hidden, users = _columns(user.first_bias, obs.work.size), _columns(user.last_bias, obs.work.size)
    _add_product(hidden, user.first, obs.users)
    _silu(hidden)
    _add_product(users, user.last, hidden)
    return users, _of_stations(station, obs.stations)


@jit(fastmath=True)
def _edge_states(weights, edges, users, stations):
    """(M, width, N) ``relu(A u_i + B v_k + C e_ki)``."""
    of_users, of_stations = (
        _columns(weights.bias, users.shape[1]),
        np.zeros((len(stations), weights.bias.size), np.float32),
    )
    _add_product(of_users, weights.of_user, users)
    _add_product(of_stations, stations.T, weights.of_station)
    result, w = np.empty((len(stations), weights.bias.size, users.shape[1]), np.float32), weights.of_edge
    for k in range(len(result)):
        e0, e1, e2, e3, e4 = edges[k, 0], edges[k, 1], edges[k, 2], edges[k, 3], edges[k, 4]
        for d in range(weights.bias.size):
            w0, w1, w2, w3, w4 = w[0, d], w[1, d], w[2, d], w[3, d], w[4, d]
            state, of_user, of_station = result[k, d], of_users[d], of_stations[k, d]
            for i in range(state.size):
                of_edge = w0 * e0[i] + w1 * e1[i] + w2 * e2[i] + w3 * e3[i] + w4 * e4[i]
                state[i] = max(of_user[i] + of_station + of_edge, NOUGHT)
    return result


@jit(fastmath=True)
def _associated(weights, obs, edges):
    """(M, heads, N) softmax over stations; nought for absent users."""
    stations, users = obs.extra.shape
    soft = np.empty((stations, HEADS, users), np.float32)
    largest, total = np.zeros((HEADS, users), np.float32), np.zeros((HEADS, users), np.float32)
    for k in range(stations):
        for h in range(HEADS):
            row, nearness = soft[k, h], weights.nearness[h]
            for i in range(users):
                row[i] = -nearness * obs.extra[k, i]
        _add_product(soft[k], weights.association, edges[k])
        for h in range(HEADS):
            row, top = soft[k, h], largest[h]
            for i in range(users):
                row[i] = row[i] if obs.allowed[k, i] else NEVER
                top[i] = max(top[i], row[i]) if k > 0 else row[i]
    for k in range(stations):
        for h in range(HEADS):
            row, top, sums = soft[k, h], largest[h], total[h]
            for i in range(users):
                row[i] = exponential(row[i] - top[i])
                sums[i] += row[i]
    for h in range(HEADS):
        for i in range(users):
            total[h, i] = ONE / total[h, i] if obs.active[i] else NOUGHT
    for k in range(stations):
        for h in range(HEADS):
            for i in range(users):
                soft[k, h, i] *= total[h, i]
    return soft


@jit(fastmath=True)
def _under_heads(soft, row, share):
    """What a row (N,) sums to under each of the four heads (4, N) of a station."""
    first, second, third, fourth = NOUGHT, NOUGHT, NOUGHT, NOUGHT
    s0, s1, s2, s3 = soft[0], soft[1], soft[2], soft[3]
    for i in range(row.size):
        first += s0[i] * row[i]
        second += s1[i] * row[i]
        third += s2[i] * row[i]
        fourth += s3[i] * row[i]
    return share * first, share * second, share * third, share * fourth


@jit(fastmath=True)
def _pooled(obs, stations, soft, edges):
    """(M, D + heads + heads x width + D) states, loads, edges under each head, and the mean of the states."""
    count, node = stations.shape
    width = edges.shape[1]
    result = np.zeros((count, 2 * node + HEADS * (1 + width)), np.float32)
    present, mean = 0, np.zeros((1, node), np.float32)
    for k in range(count):
        present += obs.present[k]
    for k in range(count):
        if obs.present[k]:
            for d in range(node):
                mean[0, d] += stations[k, d] / np.float32(present)
    for k in range(count):
        for d in range(node):
            result[k, d] = stations[k, d]
            result[k, d - node] = mean[0, d]
        loads = _under_heads(soft[k], obs.work, obs.share)
        for h in range(HEADS):
            result[k, node + h] = loads[h]
        for d in range(width):
            pooled = _under_heads(soft[k], edges[k, d], obs.share)
            for h in range(HEADS):
                result[k, node + HEADS + h * width + d] = pooled[h]
    return result


@jit(fastmath=True)
def _looked_back(weights, users, stations, soft):
    """(D, N) what users make of their states and of the stations under each head."""
    result, hidden = _columns(weights.user.last_bias, users.shape[1]), _columns(weights.user.first_bias, users.shape[1])
    _add_product(hidden, weights.user.first, users)
    look = np.zeros((len(stations), weights.looked.shape[1]), np.float32)
    _add_product(look, stations.T, weights.looked)
    for k in range(len(stations)):
        _add_product(hidden, look[k].reshape((HEADS, users.shape[0])), soft[k])
    _silu(hidden)
    _add_product(result, weights.user.last, hidden)
    return result


@jit(fastmath=True)
def _sum(a, b):
    """``a + b``, in place of b."""
    for row in range(len(a)):
        for n in range(a.shape[1]):
            b[row, n] += a[row, n]
    return b


@jit(fastmath=True)
def _exchanged(weights, obs, users, stations):
    """New states of users and stations, after an exchange."""
    edges = _edge_states(weights.edges, obs.edges, users, stations)
    soft = _associated(weights, obs, edges)
    stations = _sum(stations, _of_stations(weights.station, _pooled(obs, stations, soft, edges)))
    return _sum(users, _looked_back(weights, users, stations, soft)), stations


@jit(fastmath=True)
def _logits(weights, score_weight, score_bias, opening_layers, obs, users, stations, count):
    """Opening logits (M,) and scores (M, N) of so many users."""
    gain, nearness = np.float32(OUTPUT_GAIN), np.float32(FIRST_NEARNESS)
    edges, score = _edge_states(weights, obs.edges, users, stations), np.empty((len(stations), count), np.float32)
    logits, opening = _of_stations(opening_layers, stations), np.empty(len(stations), np.float32)
    for k in range(len(score)):
        learned = _columns(score_bias, users.shape[1])
        _add_product(learned, score_weight, edges[k])
        for i in range(count):
            logit = gain * learned[0, i] - nearness * obs.extra[k, i]
            score[k, i] = logit if obs.allowed[k, i] else NEVER
        opening[k] = gain * logits[k, 0] + np.float32(FIRST_OPENING) if obs.present[k] else NEVER
    return opening, score
