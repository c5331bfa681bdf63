"""In which order the twins of a plan move from where they are, each finding room where it goes."""

from dataclasses import dataclass, field, replace

import numpy as np

from twinhop.placement.no_host import NOBODY
from twinhop.placement.problem import IntArray, PlacementProblem
from twinhop.plans.order.arrivals import with_arrivals
from twinhop.plans.order.move_step import MoveStep
from twinhop.plans.order.room import Room
from twinhop.plans.order.room_search import RoomSearch
from twinhop.plans.order.trails import Move, in_trails


@dataclass(frozen=True)
class MoveOrder:
    """The steps from the present placement to another.

    At each step the twin finds a seat where it goes, and room for its demand where demands are given; where
    ``keeps_deadlines`` also for the least CPU share that its deadline needs. Hosts that have more than that from the
    beginning take nobody until they have less.

    Attributes:
        steps: in order; a twin that makes room in between has two.
        blocked: users whose move no order was found for.
        proved: whether it is proved that theirs cannot be made, not even over other hosts.
        detours_needed: whether it is proved that no order goes without twins that make room in between.
        keeps_deadlines: whether deadlines are kept on the way, too; True without any.
    """

    steps: tuple[MoveStep, ...] = field(repr=False)
    blocked: tuple[int, ...] = ()
    proved: bool = False
    detours_needed: bool = False
    keeps_deadlines: bool = True

    @property
    def detours(self) -> int:
        """How many steps take a twin to a host where it does not stay."""
        return sum(step.temporary for step in self.steps)


def order_of_moves(problem: PlacementProblem, before: IntArray, after: IntArray) -> MoveOrder:
    """An order in which no host takes more twins than it has seats for, nor more demand than it can take.

    Twins leave a host once they are set up on the next. Those who leave for good have left at the beginning; those who
    have no host any more, and then new users, come as early as they are in nobody's way. With seats alone an order is
    found wherever there is one, and where there is none because hosts without a free seat exchange twins among
    themselves, as few twins as possible make room over a third host (`in_trails`). With demands and deadlines that is a
    packing problem: it is searched within a limit. Where deadlines cannot be kept on the way, the order is one without.

    Args:
        problem: what the plan is of; its capacities are those of today.
        before: (N,) hosts; NOBODY for new users, CLOSED for those whose station is no more.
        after: (N,) hosts of the plan.
    """
    gone = (before >= 0) & (problem.capacity[np.maximum(before, 0)] == 0)
    host = np.where(gone, NOBODY, before)
    moving = np.flatnonzero((host >= 0) & (host != after))
    arriving = np.flatnonzero(host < 0)
    arriving = arriving[np.argsort(before[arriving] == NOBODY, kind="stable")].tolist()

    def ordered(*, deadlines: bool) -> MoveOrder:
        room = Room(problem, host, deadlines=deadlines)
        order = _moves_in_order(room, moving, after)
        arrivals = [MoveStep(user, int(before[user]), int(after[user])) for user in arriving]
        steps, lost = with_arrivals(room, list(order.steps), arrivals)
        return replace(order, steps=tuple(steps), blocked=(*order.blocked, *lost), keeps_deadlines=deadlines)

    order = ordered(deadlines=True)
    return ordered(deadlines=False) if order.blocked and problem.has_deadlines else order


def _moves_in_order(room: Room, moving: IntArray, after: IntArray) -> MoveOrder:
    """The order of the moves between hosts."""
    moves = [Move(int(i), int(room.host[i]), int(after[i])) for i in moving]
    order, stuck = in_trails(moves, room.free)
    steps = [_step(move) for move in order]
    if room.seats_alone and (room.free >= 0).all():
        return _over_third_hosts(room, steps, stuck)
    if not stuck and room.keeps(steps):
        return MoveOrder(tuple(steps))
    search = RoomSearch(room, {move.user: move.target for move in moves})
    found, complete = search.direct()
    if found is not None:
        return MoveOrder(tuple(found))
    steps, blocked = search.with_detours()
    return MoveOrder(tuple(steps), tuple(blocked), _is_full(room, bool(blocked)), complete)


def _over_third_hosts(room: Room, steps: list[MoveStep], stuck: list[list[Move]]) -> MoveOrder:
    """The steps, and those of each stuck cycle, one twin of which makes room on another host, after or before them."""
    before: list[MoveStep] = []
    after: list[MoveStep] = []
    blocked: list[int] = []
    for cycle in stuck:
        for moment, place in ((room.after(steps), after), (room, before)):
            detour = _detour(moment, cycle)
            if detour is not None:
                place += detour
                break
        else:
            blocked += [move.user for move in cycle]
    return MoveOrder(
        (*before, *steps, *after), tuple(blocked), proved=_is_full(room, bool(blocked)), detours_needed=bool(stuck)
    )


def _detour(room: Room, cycle: list[Move]) -> list[MoveStep] | None:
    """The steps of a cycle of full hosts, of which the twin with the cheapest third host makes room there."""
    best, cheapest = None, np.inf
    for at, move in enumerate(cycle):
        hosts = np.flatnonzero(room.hosts_for(move.user))
        if hosts.size:
            third = hosts[np.argmin(room.problem.comm_s[move.user, hosts])]
            if room.problem.comm_s[move.user, third] < cheapest:
                best, cheapest = (at, int(third)), room.problem.comm_s[move.user, third]
    if best is None:
        return None
    at, third = best
    first, rest = cycle[at], [*cycle[at + 1 :], *cycle[:at]]
    out = MoveStep(first.user, first.origin, third, temporary=True)
    return [out, *map(_step, rest), MoveStep(first.user, third, first.target)]


def _is_full(room: Room, is_blocked: bool) -> bool:
    """Whether a blocked order is proved to be none: where no host has a free seat, no twin can begin."""
    return is_blocked and bool((room.free <= 0).all())


def _step(move: Move) -> MoveStep:
    return MoveStep(move.user, move.origin, move.target)
