"""Between the environment and solvers: a slot as a placement problem, and hosts as an action."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twinhop import network
from twinhop.env.actions import Actions, check_actions
from twinhop.env.core.types import Observation, Params, Topology
from twinhop.errors import InputError
from twinhop.placement.problem import PlacementProblem


def problem_of(
    params: Params,
    obs: Observation,
    topology: Topology | None = None,
    *,
    update_comm_s: Any = None,
    station_ids: tuple[str, ...] = (),
) -> PlacementProblem:
    """The placement problem that an environment shows in a slot.

    In a slot of the task `placement` its cost is that of the slot; in one of `migration` moves, which depend on where
    twins are, are left out of it.

    Args:
        params: of an environment.
        obs: of one slot, arrays of JAX or NumPy.
        topology: of the episode; None: that of `params`, which all episodes have unless they redraw.
        update_comm_s: (M, N) communication latency of an update [s], by which deadlines hold where the scenario
            enforces them; None: deadlines, which the environment prices, are left out, so that a bound of the problem
            holds for late plans too.
        station_ids: (M,) names, for messages.

    Returns:
        The problem in float64, of the users served, see `served_users`.

    Raises:
        InputError: nobody is served.
    """
    topology = params.topology if topology is None else topology
    cost, served, users = params.rules.cost, served_users(obs), np.asarray(obs.active).size
    if not served.size:
        raise InputError("nobody is served in this slot: there is nothing to place")
    sent = obs.update_bits if params.rules.task == "migration" else obs.history_bits
    rate_bps = np.asarray(obs.rate_bps, float)[np.asarray(obs.access)[served], served]
    power_w = np.asarray(topology.tx_power_w, float)[served]
    deadlines: dict[str, Any] = {}
    if update_comm_s is not None and cost.has_deadlines:
        deadlines = {
            "update_comm_s": np.asarray(update_comm_s, float).T[served],
            "update_work": cost.update_cycles_per_bit * np.asarray(obs.update_bits, float)[served],
            "deadline_s": np.asarray(obs.tau_s, float)[served],
        }
    return PlacementProblem(
        comm_s=np.asarray(obs.comm_s, float).T[served],
        root_work=np.asarray(obs.root_work, float)[served],
        cpu=np.asarray(obs.cpu_cycles_per_s, float),
        capacity=np.asarray(obs.capacity, np.int64),
        opening_s=np.asarray(obs.opening_s, float),
        alpha=cost.alpha * len(served) / users if cost.is_summed else cost.alpha,
        beta=cost.beta,
        energy_j=cost.kappa_s_per_j * network.transmit_energy_j(power_w, np.asarray(sent, float)[served], rate_bps),
        distance_m=np.asarray(obs.distance_m, float).T[served],
        cpu_rule=cost.cpu_rule,
        station_ids=station_ids,
        **deadlines,
    )


def served_users(obs: Observation) -> NDArray[np.int64]:
    """(n,) the users of a slot's problem: those who are present and have an access station."""
    return np.flatnonzero(np.asarray(obs.active) & (np.asarray(obs.access) >= 0))


def action_of(params: Params, obs: Observation, host: ArrayLike, actions: Actions = "scores") -> NDArray[Any]:
    """The action that puts twins on hosts: the way back from a solution of `problem_of`.

    Args:
        params: of the environment.
        obs: of the slot that `problem_of` was given.
        host: (n,) the hosts of the problem's users, `Placement.host`.
        actions: the kind of action, as of `TwinEnv`.

    Returns:
        For `scores` (M, N + 1) float32: 1 for the stations that host twins and for each user's own, -1 elsewhere; for
        `hosts` (N,) int64. Who is not served stays where the twin is, or goes to station 0.

    Raises:
        InputError: these are no hosts of the slot's users.
    """
    check_actions(actions)
    served, stations, users = served_users(obs), params.rules.stations, params.rules.users
    array = np.asarray(host)
    if array.shape != served.shape or array.dtype.kind not in "iu" or not ((array >= 0) & (array < stations)).all():
        raise InputError(
            f"hosts: got {array.dtype} of shape {array.shape}; expected {len(served)} indices of stations from 0 to "
            f"{stations - 1}, one for each served user"
        )
    own = np.maximum(np.asarray(obs.host, np.int64), 0)
    own[served] = array
    if actions == "hosts":
        return own
    scores = np.full((stations, users + 1), -1.0, np.float32)
    scores[own, np.arange(users) + 1] = 1.0
    scores[np.unique(array), 0] = 1.0
    return scores
