"""A slot of the environment as a placement problem, so that solvers and bounds can judge it."""

from __future__ import annotations

import numpy as np

from twinhop import network
from twinhop.env.core import Observation, Params
from twinhop.placement.problem import PlacementProblem


def problem_of(params: Params, obs: Observation) -> PlacementProblem:
    """The placement problem that an environment shows in a slot.

    Args:
        params: of an environment of the task `placement`, whose episodes all have its own topology.
        obs: of one slot, arrays of JAX or NumPy.

    Returns:
        The problem in float64, of the users served; deadlines, which the environment prices, are left out.
    """
    active = np.asarray(obs.active)
    cost, present = params.rules.cost, np.flatnonzero(active & (np.asarray(obs.access) >= 0))
    history = np.asarray(obs.history_bits, float)[present]
    rate_bps = np.asarray(obs.rate_bps, float)[np.asarray(obs.access)[present], present]
    power_w = np.asarray(params.topology.tx_power_w, float)[present]
    return PlacementProblem(
        comm_s=np.asarray(obs.comm_s, float).T[present],
        root_work=np.asarray(obs.root_work, float)[present],
        cpu=np.asarray(obs.cpu_cycles_per_s, float),
        capacity=np.asarray(obs.capacity, np.int64),
        opening_s=np.asarray(obs.opening_s, float),
        alpha=cost.alpha * len(present) / len(active) if cost.is_summed else cost.alpha,
        beta=cost.beta,
        energy_j=cost.kappa_s_per_j * network.transmit_energy_j(power_w, history, rate_bps),
        distance_m=np.asarray(obs.distance_m, float).T[present],
        cpu_rule=cost.cpu_rule,
    )
