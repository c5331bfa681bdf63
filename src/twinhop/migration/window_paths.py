"""Plans of a window of slots in which every twin may move in every slot: a path over hosts for each user."""

from __future__ import annotations

import numpy as np

from twinhop import network
from twinhop.errors import InputError
from twinhop.kernels.edge import cpu_room
from twinhop.migration.forecast import Forecast
from twinhop.migration.offline.descent import descend, make_space
from twinhop.migration.offline.plan_state import make_state
from twinhop.migration.offline.run_arrays import RunArrays, make_run_arrays
from twinhop.migration.problem import MigrationProblem
from twinhop.migration.situation import Situation
from twinhop.migration.wire_table import WireTable
from twinhop.placement.problem import BoolArray, FloatArray, IntArray

#: At most so many times every user's path is looked at.
SWEEPS = 10
#: What a visit costs on a host without room, in units of the slot's weight [s].
NO_ROOM_S = 1e3


def window_hosts(situation: Situation, forecasts: list[Forecast], host: IntArray) -> IntArray:
    """The first step of a plan of the window: each user in turn on its cheapest path, until nobody changes.

    Args:
        situation: the slot.
        forecasts: of the window, the first of which is the slot.
        host: (n,) where to begin: the plan in which everybody goes there now and stays.

    Returns:
        (n,) hosts of the slot; those given where they are not hosts of everybody, or where a slot of the window has
        too few seats.
    """
    if (host < 0).any():
        return host
    served = np.stack([each.served for each in forecasts], axis=1)
    try:
        arrays = make_run_arrays(window_problem(situation, forecasts, served))
    except InputError:
        return host
    state = make_state(arrays, _stay(arrays, host))
    nothing = np.zeros(arrays.cpu.shape)
    descend(arrays, state, SWEEPS, NO_ROOM_S * situation.weight, nothing, make_space(arrays))
    return state.host[arrays.first[:-1]]


def _stay(arrays: RunArrays, host: IntArray) -> IntArray:
    """(P,) everybody stays on its host; for slots in which it is not to be had, the one of least latency."""
    stays = host[arrays.user]
    comm_s = arrays.comm[np.arange(len(stays)), stays]
    return np.where(np.isfinite(comm_s), stays, arrays.comm.argmin(axis=1))


def window_problem(situation: Situation, forecasts: list[Forecast], served: BoolArray) -> MigrationProblem:
    """The migration problem of the n users of a slot over a window of H slots.

    Args:
        situation: the slot.
        forecasts: one per slot.
        served: (n, H) bool, who is served in which; everybody in the first.

    Returns:
        The problem. Deadlines forbid, as far as latencies can be foreseen, what could not keep them.
    """
    users, hosts, who = situation.all_users, situation.hosts, situation.users
    user, slot = np.nonzero(served)
    count = np.maximum(served.sum(axis=0), 1)
    comm_s = np.stack([each.comm_s(situation) for each in forecasts], axis=1)
    moves = hosts.moves
    return MigrationProblem(
        slots=len(forecasts),
        first=np.concatenate([[0], np.cumsum(served.sum(axis=1))]),
        slot=slot,
        comm_s=comm_s[user, slot],
        root_work=situation.root_work,
        cpu=np.stack([each.cpu for each in forecasts]),
        capacity=np.stack([each.capacity for each in forecasts]),
        opening_s=np.tile(hosts.beta * hosts.opening_s, (len(forecasts), 1)),
        weight=np.full(len(count), situation.weight) * (1.0 if hosts.is_summed else len(who) / count),
        moves=WireTable(moves.unit_s, moves.group[who], moves.scale[who]),
        move_fixed_s=hosts.move_s,
        floor=_floors(situation, forecasts, comm_s)[user, slot] if users.has_deadlines else None,
        move_energy=hosts.move_energy_cost(users.twin_bits[who[user]], count[slot]),
        start=situation.before,
    )


def _floors(situation: Situation, forecasts: list[Forecast], comm_s: FloatArray) -> FloatArray:
    """(n, H, K) least CPU shares at the latencies expected; 0 where no host could keep the deadline in that slot."""
    work = situation.all_users.update_work[situation.users]
    cpu = np.stack([each.cpu for each in forecasts])
    up = np.stack([each.capacity > 0 for each in forecasts])
    floor = network.minimum_share_cycles_per_s(work[:, None, None], situation.tau_s[:, None, None], comm_s)
    floor = np.where(up & (floor <= cpu_room(cpu)), floor, np.inf)
    return np.where(np.isinf(floor).all(axis=2, keepdims=True), 0.0, floor)
