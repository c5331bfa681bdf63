"""Rows that stand for many users each: the placement problem of the users, written in the rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from twinhop.placement.problem import DEMAND_TOLERANCE, FloatArray, IntArray


def weighted(
    weight: FloatArray,
    *,
    comm_s: FloatArray,
    root_work: FloatArray,
    capacity: IntArray,
    energy_j: FloatArray,
    cpu_rule: str,
    update_work: FloatArray | None = None,
    **_: Any,
) -> dict[str, Any]:
    r"""The arrays of the problem in which row i is w_i users who are hosted together.

    The w users of a row are alike, so the least sum of their latencies gives each the same CPU share f; the row has
    ``g = w f``. With N rows that stand for ``W = sum w`` users, the mean over the users is

    ``(1/W) sum_i w_i (c_i + s_i^2 / f_i) = (1/N) sum_i (w_i N/W c_i + (w_i sqrt(N/W) s_i)^2 / g_i)``,

    the deadline ``u_i / f_i <= tau_i - c_i`` is ``w_i u_i / g_i <= tau_i - c_i``, the shares of a station add up to
    ``sum g <= F``, and its seats hold ``sum w <= N_k``. So it is a problem of N rows, whose cost is that of the users.

    Args:
        weight: (N,) users w that each row stands for, > 0.
        comm_s: (N, M) communication latency of one user [s].
        root_work: (N,) square root of the work of one user [sqrt(cycle)].
        capacity: (M,) twins that fit on each station [users].
        energy_j: (N,) weighted energy of one user.
        cpu_rule: how a station's twins share its CPU: ``optimal``, ``equal`` or ``proportional``.
        update_work: (N,) work of one update of one user [cycle], or None.

    Returns:
        ``comm_s``, ``root_work``, ``capacity`` [rows], ``energy_j``, ``weight``, where deadlines are given
        ``update_work``, and where seats may be short ``demand`` and ``demand_capacity`` [users].

    Source:
        docs/solver.md, rows that stand for many users.
    """
    users, total = weight.size, float(weight.sum())
    part = weight * (users / total)
    arrays: dict[str, Any] = {
        "comm_s": comm_s * part[:, None],
        "root_work": weight * np.sqrt(users / total) * root_work,
        "energy_j": energy_j * part,
        "weight": weight,
    }
    if update_work is not None:
        arrays["update_work"] = weight * update_work
    may_host = capacity > 0
    if (capacity[may_host] >= total).all():
        return arrays | {"capacity": np.where(may_host, np.maximum(capacity, users), 0)}
    rows = np.floor(capacity * (1 + DEMAND_TOLERANCE) / weight.min())
    return arrays | {
        "capacity": np.where(may_host, np.clip(rows, 1, users), 0).astype(np.int64),
        "demand": weight,
        "demand_capacity": capacity.astype(np.float64),
    }
