"""What a placement policy sees: one instance of the placement problem, as arrays of one precision.

Users and stations may be absent, so that instances of several sizes share one shape: whatever reads an instance gives
the same answer for a padded one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from twinhop.placement.problem import PlacementProblem


class ProblemArrays(NamedTuple):
    """Users to be placed on stations, at ``cost = 1/N (sum_i comm_i,k(i) + sum_k H_k) + sum_k opening_k y_k``.

    ``H_k = (sum_(i on k) root_work_i)^2 / F_k``; N counts those present. The weights of the objective are folded into
    the openings: costs are those of the scenario, divided by its alpha, without the energy that nothing changes. The
    arrays are NumPy's where decisions are made, JAX's where they are learned.
    """

    comm_s: Any
    """(M, N) communication latency of each twin on each station; inf where it may not be [s]"""
    root_work: Any
    """(N,) square root of a twin's work, s_i [cycle^(1/2)]"""
    cpu_cycles_per_s: Any
    """(M,) F_k [cycle/s]"""
    opening_s: Any
    """(M,) what an opened station costs, times beta / alpha [s]"""
    capacity: Any
    """(M,) int32, twins that fit; 0 where the station is absent or may not host"""
    active: Any
    """(N,) bool, who is present"""


def instance_of_problem(problem: PlacementProblem) -> ProblemArrays:
    """The instance of a placement problem, in float32.

    Args:
        problem: of any size; its deadlines and demands are left out.

    Example:
        >>> problem = PlacementProblem([[1.0, 2.0]], [3.0], [4.0, 4.0], [1, 1], [0.5, 0.5], alpha=2.0, beta=1.0)
        >>> instance_of_problem(problem).opening_s.tolist()
        [0.25, 0.25]
    """
    return ProblemArrays(
        comm_s=np.ascontiguousarray(problem.comm_s.T, np.float32),
        root_work=problem.root_work.astype(np.float32),
        cpu_cycles_per_s=problem.cpu.astype(np.float32),
        opening_s=(problem.opening_s * (problem.beta / problem.alpha)).astype(np.float32),
        capacity=np.minimum(problem.capacity, problem.users).astype(np.int32),
        active=np.ones(problem.users, bool),
    )
