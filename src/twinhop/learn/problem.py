"""A slot of the environment as a placement problem, so that solvers and bounds can judge it."""

from __future__ import annotations

import numpy as np

from twinhop import network
from twinhop.env.core import Observation, Params
from twinhop.placement.problem import PlacementProblem


def problem_of(params: Params, seen: Observation) -> PlacementProblem:
    """The placement problem that an environment shows in a slot.

    Args:
        params: of an environment of the task `placement`, whose episodes all have its own topology.
        seen: of one slot, arrays of JAX or NumPy.

    Returns:
        The problem in float64, of the users present; deadlines, which the environment prices, are left out.
    """
    cost, present = params.rules.cost, np.flatnonzero(np.asarray(seen.active))
    history = np.asarray(seen.history_bits, float)[present]
    rate_bps = np.asarray(seen.rate_bps, float)[np.asarray(seen.access)[present], present]
    power_w = np.asarray(params.topology.tx_power_w, float)[present]
    return PlacementProblem(
        comm_s=np.asarray(seen.comm_s, float).T[present],
        root_work=np.asarray(seen.root_work, float)[present],
        cpu=np.asarray(seen.cpu_cycles_per_s, float),
        capacity=np.asarray(seen.capacity, np.int64),
        opening_s=np.asarray(seen.opening_s, float),
        alpha=cost.alpha,
        beta=cost.beta,
        energy_j=cost.kappa_s_per_j * network.transmit_energy_j(power_w, history, rate_bps),
        distance_m=np.asarray(seen.distance_m, float).T[present],
        cpu_rule=cost.cpu_rule,
    )
