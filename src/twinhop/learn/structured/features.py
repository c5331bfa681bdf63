"""What actor and critic see of an instance: numbers of order one that know no units, no prices, no N and no M."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from twinhop.inference.actor_sizes import FARTHEST, LEAST_SHARE, ROOMIEST, UNITS
from twinhop.inference.instance import ProblemArrays


class Features(NamedTuple):
    """An instance in its own units; entries of those absent mean nothing."""

    edges: Array
    """(M, N, 5)"""
    users: Array
    """(N, 3)"""
    stations: Array
    """(M, 7)"""
    whole: Array
    """(4,) of the instance as a whole"""
    extra: Array
    """(M, N) communication latency above the user's least [unit]"""
    work: Array
    """(N,) root work over its mean; 0 for absent users"""
    speed: Array
    """(M,) CPU over its mean; 1 for absent stations"""
    price: Array
    """(M,) opening cost times M [unit]"""
    allowed: Array
    """(M, N) bool, where a twin may be"""
    active: Array
    """(N,) bool, users that are present"""
    present: Array
    """(M,) bool, stations that are"""
    unit_s: Array
    """() [s]"""
    base_s: Array
    """() what a cost is counted above: mean least communication, and the eight units [s]"""


def features(instance: ProblemArrays) -> Features:
    """Features of an instance, the same whatever the unit of time, the unit of work, and those absent.

    Formula: with ``G = (sum s)^2 / (N sum F)``, the computing latency where all stations share evenly, O the mean
    opening cost, and ``m = clip(sqrt(G M / O), 1, M)`` the number of stations that balances both, the unit is
    ``(G M / m + O m) / 8``.

    Args:
        instance: any; openings and works may be nought.
    """
    active, present = instance.active, instance.capacity > 0
    users, stations = _count(active), _count(present)
    allowed = present[:, None] & active[None, :] & jnp.isfinite(instance.comm_s)
    least_s = jnp.where(allowed.any(axis=0), jnp.min(jnp.where(allowed, instance.comm_s, jnp.inf), axis=0), 0.0)
    total_work = jnp.sum(jnp.where(active, instance.root_work, 0.0))
    total_cpu = jnp.sum(jnp.where(present, instance.cpu_cycles_per_s, 0.0))
    even_s = total_work * (total_work / (users * jnp.where(total_cpu > 0, total_cpu, 1.0)))
    opening_s = jnp.sum(jnp.where(present, instance.opening_s, 0.0)) / stations
    balanced = jnp.clip(jnp.sqrt(even_s * stations / jnp.where(opening_s > 0, opening_s, 1e-30)), 1.0, stations)
    computing_s, openings_s = even_s * stations / balanced, opening_s * balanced
    mean_least_s = least_s.sum() / users
    decided_s = jnp.maximum(computing_s + openings_s, LEAST_SHARE * mean_least_s)
    unit_s = jnp.where(decided_s > 0, decided_s, 1.0) / UNITS

    extra = jnp.where(allowed, jnp.minimum((instance.comm_s - least_s) / unit_s, FARTHEST), 0.0)
    work = jnp.where(active, instance.root_work * users / jnp.where(total_work > 0, total_work, 1.0), 0.0)
    speed = jnp.where(present, instance.cpu_cycles_per_s * stations / jnp.where(total_cpu > 0, total_cpu, 1.0), 1.0)
    price = jnp.where(present, instance.opening_s * stations / unit_s, 0.0)
    nearest = allowed & (extra <= 0)
    mean_extra = extra.sum() / (users * stations)
    room = jnp.minimum(instance.capacity * stations / users, ROOMIEST)
    fill = stations / jnp.maximum(jnp.sum(jnp.where(present, room, 0.0)), 1.0)
    whole = jnp.stack(
        [balanced / stations - 0.5, openings_s / decided_s - 0.5, jnp.log1p(mean_extra) - 1.0, 2.0 * fill - 0.5]
    )
    edges = jnp.stack(
        [extra / 4, jnp.log1p(extra), nearest.astype(extra.dtype), jnp.broadcast_to(work - 1, extra.shape), allowed],
        axis=-1,
    )
    user_columns = (work - 1, extra.sum(axis=0) / (4 * stations), jnp.log1p(_second(extra, allowed)))
    station_columns = (
        speed - 1,
        1 / jnp.maximum(speed, 0.1) - 1,
        stations / users * (nearest @ work) - 1,
        extra.sum(axis=1) / (4 * users),
        room / ROOMIEST,
        jnp.log1p(price) - 2.0,
        price / (stations * opening_s / unit_s + 1e-6) - (opening_s > 0),
    )
    return Features(
        edges=edges,
        users=jnp.stack(user_columns, axis=-1),
        stations=jnp.stack(station_columns, axis=-1),
        whole=whole,
        extra=extra,
        work=work,
        speed=speed,
        price=price,
        allowed=allowed,
        active=active,
        present=present,
        unit_s=unit_s,
        base_s=mean_least_s + unit_s * UNITS,
    )


def _count(mask: Array) -> Array:
    return jnp.maximum(mask.sum(), 1).astype(jnp.float32)


def _second(extra: Array, allowed: Array) -> Array:
    """(N,) how much more the second-best station costs than the best."""
    others = jnp.where(allowed & (extra > 0), extra, FARTHEST)
    return jnp.min(others, axis=0)
