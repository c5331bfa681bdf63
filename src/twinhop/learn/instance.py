"""What a placement policy sees: one instance of the placement problem, as arrays of one precision.

Users and stations may be absent, so that instances of several sizes share one shape: whatever reads an instance gives
the same answer for a padded one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from twinhop.env.core.types import CostRules, Observation
from twinhop.placement.problem import PlacementProblem


class ProblemArrays(NamedTuple):
    """Users to be placed on stations, at ``cost = 1/N (sum_i comm_i,k(i) + sum_k H_k) + sum_k opening_k y_k``.

    ``H_k = (sum_(i on k) root_work_i)^2 / F_k``; N counts those present. The weights of the objective are folded into
    the openings: costs are those of the scenario, divided by its alpha, without the energy that nothing changes.
    """

    comm_s: Array
    """(M, N) communication latency of each twin on each station; inf where it may not be [s]"""
    root_work: Array
    """(N,) square root of a twin's work, s_i [cycle^(1/2)]"""
    cpu_cycles_per_s: Array
    """(M,) F_k [cycle/s]"""
    opening_s: Array
    """(M,) what an opened station costs, times beta / alpha [s]"""
    capacity: Array
    """(M,) int32, twins that fit; 0 where the station is absent or may not host"""
    active: Array
    """(N,) bool, who is present"""


def instance_of_observation(cost: CostRules, obs: Observation) -> ProblemArrays:
    """The instance that an environment shows in a slot.

    Args:
        cost: the weights of the objective.
        obs: what `reset` or `step` returned.

    Returns:
        The instance. Deadlines are no part of it: late updates show in the reward only.
    """
    active = obs.active & (obs.access >= 0)
    alpha = mean_latency_weight(cost, active)
    return ProblemArrays(
        comm_s=obs.comm_s,
        root_work=obs.root_work,
        cpu_cycles_per_s=obs.cpu_cycles_per_s,
        opening_s=obs.opening_s * (cost.beta / alpha),
        capacity=obs.capacity,
        active=active,
    )


def mean_latency_weight(cost: CostRules, active: Array) -> Array:
    """() what one second of mean latency of those present counts in the environment's cost."""
    present = jnp.maximum(active.sum(), 1).astype(jnp.float32)
    share = present / active.shape[-1] if cost.is_summed else jnp.ones_like(present)
    return cost.alpha * share


def instance_of_problem(problem: PlacementProblem) -> ProblemArrays:
    """The instance of a placement problem, in float32.

    Args:
        problem: of any size; its deadlines and demands are left out.

    Example:
        >>> problem = PlacementProblem([[1.0, 2.0]], [3.0], [4.0, 4.0], [1, 1], [0.5, 0.5], alpha=2.0, beta=1.0)
        >>> instance_of_problem(problem).opening_s.tolist()
        [0.25, 0.25]
    """
    arrays: dict[str, Any] = {
        "comm_s": np.ascontiguousarray(problem.comm_s.T, np.float32),
        "root_work": problem.root_work.astype(np.float32),
        "cpu_cycles_per_s": problem.cpu.astype(np.float32),
        "opening_s": (problem.opening_s * (problem.beta / problem.alpha)).astype(np.float32),
        "capacity": np.minimum(problem.capacity, problem.users).astype(np.int32),
        "active": np.ones(problem.users, bool),
    }
    return ProblemArrays(**arrays)


def instance_cost(instance: ProblemArrays, host: Array) -> Array:
    """What a placement costs.

    Args:
        instance: the instance.
        host: (N,) int32, a station for every user; those of absent users do not count.

    Returns:
        () the cost of `ProblemArrays` [s]; inf where a twin is where it may not be.
    """
    stations = instance.cpu_cycles_per_s.shape[0]
    member = (jnp.arange(stations)[:, None] == host[None, :]) & instance.active
    present = jnp.maximum(instance.active.sum(), 1)
    load = member @ instance.root_work
    latency_s = jnp.where(member, instance.comm_s, 0.0).sum() + jnp.sum(
        load**2 / jnp.where(load > 0, instance.cpu_cycles_per_s, 1.0)
    )
    return latency_s / present + jnp.sum(jnp.where(member.any(axis=1), instance.opening_s, 0.0))


def padded(instance: ProblemArrays, users: int, stations: int) -> ProblemArrays:
    """The same instance with absent users and stations behind those that there are.

    Args:
        instance: of N users and M stations.
        users: N of the result, at least as many.
        stations: M of the result, at least as many.
    """
    more_users, more_stations = users - instance.active.shape[0], stations - instance.capacity.shape[0]
    pad: Any = np.pad if isinstance(instance.comm_s, np.ndarray) else jnp.pad
    return ProblemArrays(
        comm_s=pad(instance.comm_s, ((0, more_stations), (0, more_users))),
        root_work=pad(instance.root_work, (0, more_users)),
        cpu_cycles_per_s=pad(instance.cpu_cycles_per_s, (0, more_stations)),
        opening_s=pad(instance.opening_s, (0, more_stations)),
        capacity=pad(instance.capacity, (0, more_stations)),
        active=pad(instance.active, (0, more_users)),
    )
