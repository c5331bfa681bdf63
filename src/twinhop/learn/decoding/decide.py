"""A decision: the actor, then the decoding of what it asks for."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from twinhop.learn.decoding.calibration import calibrated
from twinhop.learn.decoding.polish import polish as polished
from twinhop.learn.decoding.repair import repair
from twinhop.learn.decoding.rule import cost_of, highest, opened_stations, tally
from twinhop.learn.instance import Instance
from twinhop.learn.structured.actor import Actor
from twinhop.learn.structured.features import features

Decode = Literal["argmax", "calibrated"]


class Decider:
    """A policy of fixed weights, for decisions one by one.

    The weights are compiled in and the instance is handed over as one array, in a third of the time that passing some
    sixty arrays takes.
    """

    def __init__(self, weights: Actor):
        """Take the weights; each number of users and stations is compiled when it is first met."""

        @partial(jax.jit, static_argnames="stations")
        def asked_of(numbers: Array, stations: int) -> Array:
            decision = weights(features(_unpacked(numbers, stations)))
            return jnp.concatenate([decision.opening[:, None], decision.score], axis=1)

        self._asked = asked_of

    def __call__(self, instance: Instance, decode: Decode = "calibrated", polish: int = 0) -> NDArray[np.int64]:
        """Where twins go; see `decide`. The instance is of NumPy arrays."""
        numbers = np.concatenate([np.asarray(each, np.float32).ravel() for each in instance])
        asked = np.asarray(self._asked(numbers, len(instance.capacity)))
        return decoded(asked[:, 0], np.ascontiguousarray(asked[:, 1:]), instance, decode, polish)


def _unpacked(numbers: Array, stations: int) -> Instance:
    """The instance whose arrays lie one after the other in ``M N + 2 N + 3 M`` numbers."""
    users = (len(numbers) - 3 * stations) // (stations + 2)
    ends = np.cumsum([stations * users, users, stations, stations, stations])
    comm, work, cpu, opening, capacity, active = jnp.split(numbers, ends)
    seats = capacity.astype(jnp.int32)
    return Instance(comm.reshape(stations, users), work, cpu, opening, seats, active > 0)


@jax.jit
def asked(weights: Actor, instance: Instance) -> tuple[Array, Array]:
    """Opening logits (M,) and scores (M, N) of an instance."""
    decision = weights(features(instance))
    return decision.opening, decision.score


def decide(weights: Actor, instance: Instance, decode: Decode = "calibrated", polish: int = 0) -> NDArray[np.int64]:
    """Where twins go.

    Args:
        weights: the actor.
        instance: of NumPy arrays, or of JAX's.
        decode: `argmax`, the highest score wins; `calibrated`, it does once loads are what scores promise.
        polish: local moves after that, at most.

    Returns:
        (N,) stations; those of absent users mean nothing.
    """
    opening, score = asked(weights, instance)
    return decoded(np.asarray(opening), np.asarray(score), instance, decode, polish)


def decoded(
    opening: NDArray[np.float32], score: NDArray[np.float32], instance: Instance, decode: Decode, polish: int = 0
) -> NDArray[np.int64]:
    """Where twins go, from what all agents ask for.

    The calibrated placement is given only where it costs less than that of the highest score.

    Args:
        opening: (M,) logits.
        score: (M, N) logits.
        instance: what is decided on; its twin capacities are kept. Deadlines are no part of it.
        decode: `argmax` or `calibrated`.
        polish: local moves after that, at most.
    """
    comm, work, cpu, price, seats, active = (np.asarray(each) for each in instance)
    opened = opened_stations(opening, seats)
    host = np.zeros(work.size, np.int64)
    highest(score, np.zeros(seats.size, np.float32), opened, host)
    cost = _seated(comm, work, cpu, price, seats, active, opened.copy(), host)
    if decode == "calibrated":
        other = calibrated(score, comm, work, cpu, price, seats, active, opened)
        if _seated(comm, work, cpu, price, seats, active, opened, other) < cost:
            host = other
    if polish > 0:
        polished(comm, work, cpu, price, seats, active, host, polish)
    return host


def _seated(
    comm: Any, work: Any, cpu: Any, price: Any, seats: Any, active: Any, opened: Any, host: NDArray[np.int64]
) -> float:
    """The cost of hosts once everybody has a seat, `host` changed in place [s]."""
    load, count = np.zeros(seats.size), np.zeros(seats.size, np.int64)
    repair(comm, work, seats, active, opened, host)
    tally(work, active, host, load, count)
    return float(cost_of(comm, cpu, price, active, host, load, count))
