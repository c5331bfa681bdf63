"""A whole run as the compiled loops take it: every weight multiplied in, what is not possible made infinite."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twinhop.errors import InputError
from twinhop.kernels.edge import SHARE_TOLERANCE, cpu_room
from twinhop.migration.problem import MigrationProblem
from twinhop.placement.problem import BoolArray, FloatArray, IntArray

#: Where a twin is before its first visit, if nowhere.
NOWHERE = -1
#: A CPU of 0, on which nobody could compute, counts as this much [cycle/s]: a bound stays one.
SMALLEST_CPU = 1e-30


class RunArrays(NamedTuple):
    """The run without weights: ``sum comm + sum H + sum moves + sum opening`` is T times the cost less the energy.

    Multiplying the latencies of a slot by its weight is dividing its CPUs and shares by it.

    Attributes:
        first: (N + 1,) the visits of user i are ``first[i] .. first[i + 1] - 1``.
        slot: (P,) slot of each visit.
        user: (P,) user of each visit.
        by_slot: (P,) the visits in the order of slots.
        slot_first: (T + 1,) the visits of slot t are ``by_slot[slot_first[t]:slot_first[t + 1]]``.
        comm: (P, K) weighted communication latency [s], ``inf`` on hosts that the user cannot have.
        root_work: (P,) of each visit [sqrt(cycle)].
        cpu: (T, K) CPU over weight [cycle/s].
        seats: (T, K) twins that fit, at most those of the slot.
        fewest: (T,) fewest hosts that can hold all visits of the slot.
        opening: (T, K) [s].
        weight: (T,) weight of the slot, 1 where it has no visit.
        unit: (G, K, K) latencies of moves for scale 1.
        farthest: (G, K) the largest of each row of these.
        group: (N,) which table a user has.
        scale: (N,) factor of the latency of a user's moves.
        fixed: (P,) weighted fixed cost of a move at each visit, its energy included [s].
        floor: (P, K) least shares over weight [cycle/s]; (1, 1) and unused without deadlines.
        has_floor: whether deadlines are given.
        start: (N,) host before the first visit, or NOWHERE.
        has_shortcuts: whether some wire is longer than a detour of two.
    """

    first: IntArray
    slot: IntArray
    user: IntArray
    by_slot: IntArray
    slot_first: IntArray
    comm: FloatArray
    root_work: FloatArray
    cpu: FloatArray
    seats: IntArray
    fewest: IntArray
    opening: FloatArray
    weight: FloatArray
    unit: FloatArray
    farthest: FloatArray
    group: IntArray
    scale: FloatArray
    fixed: FloatArray
    floor: FloatArray
    has_floor: bool
    start: IntArray
    has_shortcuts: bool


def make_run_arrays(problem: MigrationProblem) -> RunArrays:
    """The arrays of a problem for the compiled loops.

    Args:
        problem: the run.

    Returns:
        The arrays.

    Raises:
        InputError: a user has no possible host in a slot, or a slot has more users than all hosts together can hold.
    """
    served = np.bincount(problem.slot, minlength=problem.slots)
    weight = np.where(served > 0, problem.weight, 1.0)
    seats = np.minimum(problem.capacity, served[:, None])
    allowed = _allowed(problem)
    _check(problem, seats, served, allowed)
    moves = problem.moves
    start = np.full(problem.users, NOWHERE) if problem.start is None else problem.start
    floor = np.zeros((1, 1)) if problem.floor is None else problem.floor / weight[problem.slot, None]
    run = RunArrays(
        first=problem.first,
        slot=problem.slot,
        user=problem.user,
        by_slot=np.argsort(problem.slot, kind="stable"),
        slot_first=np.concatenate([[0], np.cumsum(served)]),
        comm=np.where(allowed, problem.comm_s * weight[problem.slot, None], np.inf),
        root_work=problem.visit_root_work,
        cpu=np.maximum(problem.cpu, SMALLEST_CPU) / weight[:, None],
        seats=seats,
        fewest=_fewest(problem, seats, served, allowed),
        opening=problem.opening_s,
        weight=weight,
        unit=moves.unit_s,
        farthest=moves.unit_s.max(axis=2),
        group=moves.group,
        scale=moves.scale,
        fixed=weight[problem.slot] * problem.move_fixed_s
        + (np.zeros(problem.visits) if problem.move_energy is None else problem.move_energy),
        floor=floor,
        has_floor=problem.floor is not None,
        start=np.asarray(start, np.int64),
        has_shortcuts=_has_shortcuts(problem),
    )
    # whatever views a problem is made of, the loops are compiled once, for this layout
    arrays = {name: each for name, each in run._asdict().items() if isinstance(each, np.ndarray)}
    return run._replace(**{name: np.ascontiguousarray(each) for name, each in arrays.items()})


def _allowed(problem: MigrationProblem) -> BoolArray:
    """(P, K) hosts that a visit may have: reachable, up, and with CPU enough for its deadline."""
    allowed = np.isfinite(problem.comm_s) & (problem.capacity[problem.slot] > 0)
    if problem.floor is not None:
        allowed &= problem.floor <= cpu_room(problem.cpu[problem.slot])
    return allowed


def _fewest(problem: MigrationProblem, seats: IntArray, served: IntArray, allowed: BoolArray) -> IntArray:
    """(T,) fewest hosts whose capacities, largest first, hold all visits of a slot and all their minimum shares."""
    seats_of_largest = np.cumsum(-np.sort(-seats, axis=1), axis=1)
    fewest = (seats_of_largest < served[:, None]).sum(axis=1) + (served > 0)
    if problem.floor is None:
        return fewest
    required = np.bincount(problem.slot, np.where(allowed, problem.floor, np.inf).min(axis=1), minlength=problem.slots)
    cpu = np.where(seats > 0, problem.cpu, 0.0) * (1 + 2 * SHARE_TOLERANCE)
    shares = np.cumsum(-np.sort(-cpu, axis=1), axis=1)
    hosts_by_cpu = (shares < required[:, None]).sum(axis=1) + (served > 0)
    return np.maximum(fewest, np.minimum(hosts_by_cpu, (seats > 0).sum(axis=1)))


def _check(problem: MigrationProblem, seats: IntArray, served: IntArray, allowed: BoolArray) -> None:
    stranded = np.flatnonzero(~allowed.any(axis=1))
    if stranded.size:
        visit, user = int(stranded[0]), int(problem.user[stranded[0]])
        named = problem.user_ids[user] if problem.user_ids else user
        raise InputError(
            f"{problem.name}: slot {int(problem.slot[visit])}: user {named} has no possible host; expected a host that "
            "is up, within reach and able to keep the deadline, for every user in every slot"
        )
    short = np.flatnonzero(seats.sum(axis=1) < served)
    if short.size:
        t = int(short[0])
        raise InputError(
            f"{problem.name}: slot {t}: {int(served[t])} users but hosts for only {int(seats[t].sum())} twins; "
            "expected capacity for every user in every slot"
        )


def _has_shortcuts(problem: MigrationProblem) -> bool:
    """Whether some ``unit[a, b] + unit[b, c]`` is below ``unit[a, c]``, which the fixed cost need not make up for."""
    for unit in problem.moves.unit_s:
        direct = unit * (1 - 1e-12)
        if any((unit[:, [via]] + unit[[via], :] < direct).any() for via in range(len(unit))):
            return True
    return False


def slot_scale(run: RunArrays) -> FloatArray:
    """(T,) what a host costs in each slot: its mean opening, or at least its computing at an even load [s]."""
    hosts = run.cpu.shape[1]
    load = np.bincount(run.slot, run.root_work, minlength=len(run.cpu)) / hosts
    computing = load**2 / run.cpu.mean(axis=1)
    scale = np.maximum(run.opening.mean(axis=1), computing)
    return np.where(scale > 0, scale, 1.0)
