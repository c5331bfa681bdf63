"""A lower bound on the cost of users and services together, from the certificate of the users' twins alone."""

from __future__ import annotations

import math

import numpy as np

from twinhop.placement import Certificate
from twinhop.placement.certificate import ROUNDING_MARGIN
from twinhop.twin.service_placement.task import BoolArray, FloatArray, ServiceTask


def services_bound(task: ServiceTask, certificate: Certificate) -> float:
    """No plan of users and services costs less than this.

    ``bound = users' bound + (alpha/N) sum_z min over all servers q of (feed_zq + charge_zq)``. feed_zq is what the
    extracts take from the cheapest conceivable hosts of the members. charge_zq is what the service computes at least:
    ``s_z^2 / F_q``, as if it were alone; or, where the users' bound follows from prices, ``theta_q s_z`` at the
    congestion price of the server, whichever makes the least over q larger. Deadlines of services only raise the cost.

    Args:
        task: users and services.
        certificate: of the users' problem.

    Returns:
        The bound, rounded down. docs/services.md proves it.
    """
    best = certificate.lower_bound + _addition(task, None)
    parts = (part.lower_bound + _addition(task, part.prices.congestion) for part in certificate.parts)
    return max(best, min(parts, default=-math.inf))


def _addition(task: ServiceTask, congestion: FloatArray | None) -> float:
    """What the services add at least, rounded down."""
    alone_s = task.root_work[:, None] ** 2 / task.cpu
    feed_s = task.weight[:, None] * _cheapest_feed_s(task)
    at_least = _cheapest_server_s(task, feed_s + alone_s)
    if congestion is not None:
        theta = np.append(congestion, np.zeros(task.extra))
        charge_s = np.where(_shares_cpu(task), theta * task.root_work[:, None], alone_s)
        at_least = np.maximum(at_least, _cheapest_server_s(task, feed_s + charge_s))
    return task.problem.alpha / task.problem.users * float(at_least.sum()) * (1 - ROUNDING_MARGIN)


def _cheapest_server_s(task: ServiceTask, cost_s: FloatArray) -> FloatArray:
    """(Z,) the least over all servers where services may run, opened or not."""
    return cost_s[:, task.may_serve].min(axis=1)


def _cheapest_feed_s(task: ServiceTask) -> FloatArray:
    """(Z, K) the least that all extracts of each service can take to each server, wherever the members' twins are."""
    members = np.array([each.members.size for each in task.services])[:, None]
    return members * task.nearest_s()


def _shares_cpu(task: ServiceTask) -> BoolArray:
    """(K,) servers whose CPU users' twins may share, where the congestion price has a meaning."""
    return np.append(task.problem.capacity > 0, np.zeros(task.extra, np.bool_))
