"""Moves that are carried out: each is looked at again, made by the host, and its outcome is told."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from twinhop.errors import TwinhopError
from twinhop.live.control.observe import Hosting
from twinhop.live.control.records import MoveRecord

#: Moves that are under way at once.
AT_ONCE = 64
#: Why nothing is done any more.
STOPPED = "the controller has stopped"


def apply_moves(
    moves: Sequence[MoveRecord],
    hosting: Hosting,
    capacity: Callable[[], Mapping[str, int]],
    present: Collection[str],
    tell: Callable[[MoveRecord], None],
    is_ending: Callable[[], bool],
) -> None:
    """Make moves in their order, several at once where that keeps every host within its capacity.

    A move fails with its reason where the twin is gone or no longer where the plan found it, and where its target is
    down or full; the others go on.

    Args:
        moves: of a plan, in the order in which they find room.
        hosting: what moves twins.
        capacity: host -> twins that fit now, 0 where it is down.
        present: the twins that take room: those whose users are there.
        tell: called with each move as its state changes.
        is_ending: whether no more moves are to be begun; those that are not fail.
    """
    owners = hosting.owners()
    count = Counter(owners.get(twin, "") for twin in present)
    waiting: deque[tuple[MoveRecord, Future[Any], bool]] = deque()

    def settle() -> None:
        move, future, takes_room = waiting.popleft()
        done = _settled(move, future)
        if takes_room:
            count[move.source if done.state == "done" else move.target] -= 1
        tell(done)

    for move in moves:
        while len(waiting) >= AT_ONCE:
            settle()
        while waiting and count[move.target] >= capacity().get(move.target, 0):
            settle()
        takes_room = move.twin in present
        fault = _fault(move, hosting, capacity().get(move.target, 0), count[move.target] if takes_room else -1)
        if is_ending():
            fault = STOPPED
        if fault:
            tell(replace(move, state="failed", detail=fault))
            continue
        begun = replace(move, state="moving")
        try:
            future = hosting.move(move.twin, move.target)
        except TwinhopError as error:
            tell(replace(move, state="failed", detail=str(error)))
            continue
        if takes_room:
            count[move.target] += 1
        tell(begun)
        waiting.append((begun, future, takes_room))
    while waiting:
        settle()


def _fault(move: MoveRecord, hosting: Hosting, capacity: int, count: int) -> str:
    """Why a move cannot be made now; empty: it can."""
    if not hosting.knows(move.twin):
        return f"{move.twin}: there is no such twin any more"
    owner = hosting.owners().get(move.twin, "")
    if owner != move.source:
        return f"{move.twin} is on {owner or 'no host'} now, not on {move.source or 'none'}, where the plan found it"
    if capacity == 0:
        return f"{move.target} is down"
    if count >= capacity:
        return f"{move.target} is full: {count} of {capacity} twins"
    return ""


def _settled(move: MoveRecord, future: Future[Any]) -> MoveRecord:
    """A move once it is made, or is not."""
    try:
        moved = future.result()
    except Exception as error:
        return replace(move, state="failed", detail=" ".join(str(error).split()) or type(error).__name__)
    return replace(move, state="done", epoch=moved.epoch, pause_s=moved.pause_s)
