"""From a placement that is wanted to moves that can be made one after the other, and what each is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twinhop.live.control.records import Worth
from twinhop.migration.situation import Situation
from twinhop.placement.problem import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Worths:
    """What the changes of a slot are worth, for its n users in the unit of the slot's cost; 0 for who stays.

    Attributes:
        latency_s: (n,) a slot, of the user and of those who share its hosts [s].
        opening_s: (n,) a slot [s].
        move_s: (n,) once [s].
    """

    latency_s: FloatArray
    opening_s: FloatArray
    move_s: FloatArray

    @property
    def saved_s(self) -> FloatArray:
        """(n,) a slot [s]."""
        return self.latency_s + self.opening_s

    def of(self, i: int) -> Worth:
        """Of one user."""
        saved, move = float(self.saved_s[i]), float(self.move_s[i])
        return Worth(
            latency_s=float(self.latency_s[i]),
            opening_s=float(self.opening_s[i]),
            move_s=move,
            pays_back_slots=move / saved if saved > 0 else None,
        )


def worths_of(situation: Situation, target: IntArray) -> Worths:
    """What each change of host is worth once all are made.

    ``latency = weight (comm_i,from - comm_i,to + (L_from + s_i)^2 / F_from - L_from^2 / F_from - L_to^2 / F_to
    + (L_to - s_i)^2 / F_to)`` with L the loads after all moves and CPUs shared in the optimal way: what the slot would
    lose if this twin alone had stayed. The opening of a host that is left empty, or that was, is shared by those who
    leave it, or come.

    Args:
        situation: the slot, with the hosts before.
        target: (n,) hosts after.
    """
    users = len(target)
    latency, opening, move = np.zeros(users), np.zeros(users), np.zeros(users)
    who = np.flatnonzero((situation.before >= 0) & (target != situation.before))
    if not who.size:
        return Worths(latency, opening, move)
    hosts, root_work = situation.hosts, situation.root_work
    origin, goal, own = situation.before[who], target[who], root_work[who]
    load = np.bincount(target, root_work, minlength=len(hosts.ids))
    cpu = np.where(situation.cpu > 0, situation.cpu, np.inf)
    comm = situation.comm_s[who, origin] - situation.comm_s[who, goal]
    stays = own * (2 * load[origin] + own) / cpu[origin]
    comes = own * (2 * load[goal] - own) / cpu[goal]
    latency[who] = situation.weight * (comm + stays - comes)
    count = len(hosts.ids)
    was = np.bincount(situation.before[situation.before >= 0], minlength=count) > 0
    is_open = np.bincount(target, minlength=count) > 0
    leavers, comers = np.bincount(origin, minlength=count), np.bincount(goal, minlength=count)
    closed = np.where(was & ~is_open, hosts.beta * hosts.opening_s, 0.0) / np.maximum(leavers, 1)
    opened = np.where(~was & is_open, hosts.beta * hosts.opening_s, 0.0) / np.maximum(comers, 1)
    opening[who] = closed[origin] - opened[goal]
    move[who] = situation.weight * situation.move_cost_s[who, goal]
    return Worths(latency, opening, move)


@dataclass(frozen=True, eq=False)
class Sequenced:
    """Moves in an order in which each finds room.

    Attributes:
        order: users who move, one after the other.
        over_budget: how many wait because no more may move.
        resting: how many wait because they moved a while ago.
        blocked: how many find no room one after the other.
    """

    order: IntArray
    over_budget: int = 0
    resting: int = 0
    blocked: int = 0


def sequenced(
    before: IntArray,
    target: IntArray,
    capacity: IntArray,
    saved: Sequence[float] | FloatArray,
    resting: BoolArray,
    most: int | None,
) -> Sequenced:
    """The moves that may be made now, in an order in which no host ever holds more than it may.

    Twins on hosts that are down or too full go first, and neither the budget nor their rest holds them; then those that
    were never placed, which the budget does not count; then those who save most.

    Args:
        before: (n,) hosts, -1: never placed.
        target: (n,) hosts wanted.
        capacity: (K,) twins that fit; 0 where a host is down.
        saved: (n,) what each move saves.
        resting: (n,) whose last move is too short a while ago.
        most: moves that may be made; None: any number.
    """
    count = np.bincount(before[before >= 0], minlength=len(capacity))
    moves = np.flatnonzero(target != before)
    placed = before[moves] >= 0
    forced = placed & (count[before[moves]] > capacity[before[moves]])
    held = placed & ~forced & resting[moves]
    rank = np.where(forced, 0, np.where(placed, 2, 1))
    saved = np.asarray(saved)[moves]
    waiting = [at for at in np.lexsort((-saved, rank)).tolist() if not held[at]]
    order: list[int] = []
    left = len(moves) if most is None else most
    over = 0
    progress = True
    while waiting and progress:
        later, progress, over = [], False, 0
        for at in waiting:
            i = int(moves[at])
            counts = bool(placed[at] and not forced[at])
            if count[target[i]] >= capacity[target[i]]:
                later.append(at)
            elif counts and not left:
                later.append(at)
                over += 1
            else:
                count[target[i]] += 1
                if before[i] >= 0:
                    count[before[i]] -= 1
                left -= counts
                order.append(i)
                progress = True
        waiting = later
    return Sequenced(np.array(order, np.int64), over, int(held.sum()), len(waiting) - over)
