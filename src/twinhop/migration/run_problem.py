"""From a run to its migration problem: everything a policy with full knowledge of the future would decide by."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twinhop.errors import InputError
from twinhop.migration.problem import MigrationProblem
from twinhop.migration.run import MigrationRun
from twinhop.migration.situation import Situation
from twinhop.placement.problem import FloatArray, IntArray

#: The latencies of a run may take this much memory [byte].
LARGEST_PROBLEM = 4 * 2**30


def run_problem(run: MigrationRun) -> MigrationProblem:
    """The migration problem of a whole run.

    Args:
        run: it is iterated once.

    Returns:
        The problem, with the CPU rule taken as optimal: no rule shares a CPU better, so that its bound holds for all.

    Raises:
        InputError: stations are redrawn as time goes, nobody is ever served, or the problem takes too much memory.
    """
    require_bounded(run)
    return slots_problem(run, list(_bounded(run)))


def require_bounded(run: MigrationRun) -> None:
    """Raise InputError where a run is none of one problem: its stations are redrawn as time goes."""
    if run.is_redrawn:
        raise InputError(
            f"{run.scenario.where}: readings: row 25 literal redraws the stations, where every twin starts anew; a "
            "bound of the whole run needs stations that stay"
        )


def _bounded(run: MigrationRun) -> Iterator[Situation]:
    """The situations, as long as they fit in memory."""
    size_bytes = 0
    for situation in run:
        arrays = 2 if situation.all_users.has_deadlines else 1
        size_bytes += arrays * len(situation.users) * len(run.host_ids) * 8
        if size_bytes > LARGEST_PROBLEM:
            raise InputError(
                f"{run.scenario.where}: the latencies of {situation.index + 1} of {run.slots} slots take more than "
                f"{LARGEST_PROBLEM / 2**30:g} GiB; bound a shorter run with --slots"
            )
        yield situation


def slots_problem(
    run: MigrationRun,
    situations: list[Situation],
    start: IntArray | None = None,
    comm_s: list[FloatArray] | None = None,
) -> MigrationProblem:
    """The migration problem of some slots.

    Args:
        run: the constants.
        situations: one per slot.
        start: (N,) hosts before the first of them, -1: none; None: nobody has one.
        comm_s: (n, K) latencies of each slot in place of its own [s]; or None.

    Returns:
        The problem; slots count from 0.

    Raises:
        InputError: nobody is served in any of the slots.
    """
    if not any(situation.users.size for situation in situations):
        raise InputError(f"{run.scenario.where}: nobody is served in any of {len(situations)} slots")
    hosts, users = run.hosts, run.users
    slot = np.repeat(np.arange(len(situations)), [len(each.users) for each in situations])
    user = np.concatenate([each.users for each in situations])
    order = np.argsort(user, kind="stable")
    first = np.searchsorted(user[order], np.arange(len(users.ids) + 1))
    latencies = [each.comm_s for each in situations] if comm_s is None else comm_s
    energy = [
        hosts.beta * hosts.kappa_s_per_j * float(each.energy_j.sum()) / max(len(each.users), 1) for each in situations
    ]
    floor = np.concatenate([_floors(each) for each in situations])[order] if users.has_deadlines else None
    return MigrationProblem(
        slots=len(situations),
        first=first,
        slot=slot[order],
        comm_s=np.concatenate(latencies)[order],
        root_work=users.root_work,
        load=None if all(each.slot.load is None for each in situations) else _loads(situations)[order],
        cpu=np.stack([each.cpu for each in situations]),
        capacity=np.stack([each.capacity for each in situations]),
        opening_s=np.tile(hosts.beta * hosts.opening_s, (len(situations), 1)),
        weight=np.array([each.weight for each in situations]),
        moves=hosts.moves,
        move_fixed_s=hosts.move_s,
        floor=floor,
        slot_energy=np.array(energy),
        move_energy=hosts.move_energy_cost(users.twin_bits[user], np.bincount(slot)[slot])[order],
        start=start,
        name=run.scenario.name,
        user_ids=run.user_ids,
        host_ids=run.host_ids,
    )


def _floors(situation: Situation) -> FloatArray:
    """(n, K) least CPU shares of a slot's users, with no row where nobody is served."""
    if not situation.users.size:
        return np.empty((0, len(situation.hosts.ids)))
    floor = situation.problem.floor
    assert floor is not None
    return floor


def _loads(situations: list[Situation]) -> FloatArray:
    """(P,) by what the work of each visit is multiplied, slot by slot."""
    return np.concatenate(
        [np.ones(len(each.users)) if each.slot.load is None else each.slot.load[each.users] for each in situations]
    )
