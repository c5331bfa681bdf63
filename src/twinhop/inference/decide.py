"""A decision: what the actor asks for, then its decoding; all of it outside JAX, in which the actor is trained."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from twinhop.inference.calibration import calibrated
from twinhop.inference.forward import Forward
from twinhop.inference.instance import ProblemArrays
from twinhop.inference.local_moves import make_local_moves
from twinhop.inference.repair import repair
from twinhop.inference.rule import cost_of, highest, opened_stations, tally
from twinhop.jit import jit

Decode = Literal["argmax", "calibrated"]
TYPES = (np.float32, np.float32, np.float32, np.float32, np.int32, np.bool_)
"""Of the `ProblemArrays`. They are copied, as others, and read-only ones, would be compiled for once more."""


class Decider:
    """A policy of fixed weights, for decisions one by one.

    The one that decides wherever weights are judged or used. Its scores are those of `Actor` up to rounding, without
    JAX: nothing is compiled for a number of users or stations, and no arrays are handed to a device.
    """

    def __init__(self, weights: Any):
        """Take the weights."""
        self._forward = Forward(weights)

    def __call__(
        self, instance: ProblemArrays, decode: Decode = "calibrated", local_moves: int = 0
    ) -> NDArray[np.int64]:
        """Where twins go.

        Args:
            instance: of NumPy arrays.
            decode: `argmax`, the highest score wins; `calibrated`, it does once loads are what scores promise.
            local_moves: local moves after that, at most.

        Returns:
            (N,) stations; those of absent users mean nothing.
        """
        copied = _copied(instance)
        return _decoded(*self._forward(copied), copied, decode, local_moves)


def _copied(instance: ProblemArrays) -> ProblemArrays:
    arrays: Any = [np.array(each, kind, order="C") for each, kind in zip(instance, TYPES, strict=True)]
    return ProblemArrays(*arrays)


def decoded(
    opening: NDArray[np.float32],
    score: NDArray[np.float32],
    instance: ProblemArrays,
    decode: Decode,
    local_moves: int = 0,
) -> NDArray[np.int64]:
    """Where twins go, from what all agents ask for.

    The calibrated placement is given only where it costs less than that of the highest score.

    Args:
        opening: (M,) logits.
        score: (M, N) logits.
        instance: what is decided on; its twin capacities are kept. Deadlines are no part of it.
        decode: `argmax` or `calibrated`.
        local_moves: local moves after that, at most.
    """
    copied = np.array(opening, np.float32), np.array(score, np.float32, order="C"), _copied(instance)
    return _decoded(*copied, decode, local_moves)


def _decoded(
    opening: NDArray[np.float32], score: NDArray[np.float32], instance: ProblemArrays, decode: Decode, local_moves: int
) -> NDArray[np.int64]:
    comm, work, cpu, price, seats, active = instance
    opened = opened_stations(opening, seats)
    host = np.zeros(work.size, np.int64)
    highest(score, np.zeros(seats.size, np.float32), opened, host)
    cost = _seated(comm, work, cpu, price, seats, active, opened.copy(), host)
    if decode == "calibrated":
        other = calibrated(score, comm, work, cpu, price, seats, active, opened)
        if _seated(comm, work, cpu, price, seats, active, opened, other) < cost:
            host = other
    if local_moves > 0:
        make_local_moves(comm, work, cpu, price, seats, active, host, local_moves)
    return host


@jit()
def _seated(comm, work, cpu, price, seats, active, opened, host):
    """The cost of hosts once everybody has a seat, `host` changed in place [s]."""
    load, count = np.zeros(seats.size), np.zeros(seats.size, np.int64)
    repair(comm, work, seats, active, opened, host)
    tally(work, active, host, load, count)
    return cost_of(comm, cpu, price, active, host, load, count)
