"""Instances on jax.numpy: what an environment shows, what a placement costs, and absent users and stations."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from twinhop.env.core.types import CostRules, Observation
from twinhop.inference.instance import ProblemArrays


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
