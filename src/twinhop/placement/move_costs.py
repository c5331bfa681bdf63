"""What leaving its present host costs a twin, as a part of the placement problem."""

import math
from dataclasses import replace

import numpy as np

from twinhop.errors import InputError
from twinhop.placement.no_host import NOBODY
from twinhop.placement.problem import FloatArray, IntArray, PlacementProblem


def check_move_cost(move_cost_s: float) -> None:
    """Raise InputError where the cost of a move is no number >= 0."""
    if not (math.isfinite(move_cost_s) and move_cost_s >= 0):
        raise InputError(f"move cost: got {move_cost_s:g}; expected a finite number of seconds >= 0")


def move_costs(problem: PlacementProblem, host: IntArray, move_cost_s: float) -> FloatArray:
    """(N, M) what each host costs as a move: S on every host but the present one, times the users of a row [s].

    Args:
        problem: what is planned.
        host: (N,) present hosts: `NOBODY` pays nothing, `CLOSED` S everywhere.
        move_cost_s: S >= 0 [s].
    """
    staying = np.flatnonzero(host >= 0)
    extra = np.zeros(problem.comm_s.shape)
    moving = host != NOBODY
    extra[moving] = move_cost_s * problem.part_of_mean[moving, None]
    extra[staying, host[staying]] = 0.0
    return extra


def with_move_costs(problem: PlacementProblem, host: IntArray, move_cost_s: float) -> PlacementProblem:
    """The problem in which leaving the present host costs something.

    ``comm_s[i, k] + S`` for every k other than the present host of user i; a user without one pays nothing.

    Args:
        problem: what is planned.
        host: (N,) present hosts: `NOBODY` for new users, who pay nothing, `CLOSED` for those whose station is no more,
            who pay S everywhere.
        move_cost_s: S >= 0 [s].

    Returns:
        The same problem for S = 0; else one whose cost is the plan's own plus ``alpha/N S`` a move, so that its
        certified bound is one on the sum; a row that stands for w users moves w twins.
    """
    if move_cost_s == 0:
        return problem
    return replace(problem, comm_s=problem.comm_s + move_costs(problem, host, move_cost_s))
