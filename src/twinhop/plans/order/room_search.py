"""Moves in order where more than seats counts: depth first, with the moves that are in nobody's way made at once."""

from collections import defaultdict
from collections.abc import Iterator

from twinhop.plans.order.move_step import MoveStep
from twinhop.plans.order.room import Room

#: Looks at whether a twin fits, in one search, and twins and hosts tried for making room.
LOOKS, DETOURS = 100_000, 2_000


class RoomSearch:
    """Looks for an order in which each move finds room, without and with twins that make room in between."""

    def __init__(self, room: Room, goal: dict[int, int]):
        """Begin at a moment.

        Args:
            room: it, left as it is.
            goal: by user the host that it is to have in the end.
        """
        self._begin, self._goal = room, goal
        self._looks = 0

    def direct(self) -> tuple[list[MoveStep] | None, bool]:
        """An order without detours, or None; and whether all there are were looked at."""
        self._looks = LOOKS
        seen: set[frozenset[int]] = set()
        steps: list[MoveStep] = []
        room, left = self._begin.copy(), dict(self._goal)
        self._make_safe(room, steps, left)
        stack: list[tuple[Room, list[MoveStep], dict[int, int], Iterator[int] | None]] = [(room, steps, left, None)]
        while stack:
            room, steps, left, choices = stack.pop()
            if not left:
                return steps, True
            if self._looks <= 0:
                return None, False
            if choices is None:
                if frozenset(left) in seen:
                    continue
                seen.add(frozenset(left))
                choices = iter([user for user in left if room.fits(user, left[user])])
                self._looks -= len(left)
            user = next(choices, None)
            if user is None:
                continue
            stack.append((room, steps, left, choices))
            room, steps, left = room.copy(), list(steps), dict(left)
            self._make(room, steps, left, user)
            self._make_safe(room, steps, left)
            stack.append((room, steps, left, None))
        return None, True

    def with_detours(self) -> tuple[list[MoveStep], list[int]]:
        """Steps in which twins make room over third hosts where nothing else helps, and the users left over."""
        room, steps, left = self._begin.copy(), [], dict(self._goal)
        self._make_all(room, steps, left)
        tries = DETOURS
        while left and tries > 0:
            best = None
            for user in left:
                hosts = room.hosts_for(user)
                hosts[left[user]] = False
                for station in hosts.nonzero()[0].tolist():
                    tries -= 1
                    trial, more, rest = room.copy(), list(steps), dict(left)
                    more.append(MoveStep(user, int(trial.host[user]), station, temporary=True))
                    trial.move(user, station)
                    self._make_all(trial, more, rest)
                    if len(rest) < len(left) and (best is None or len(rest) < len(best[2])):
                        best = trial, more, rest
                    if not rest or tries <= 0:
                        break
                if tries <= 0 or (best and not best[2]):
                    break
            if best is None:
                break
            room, steps, left = best
        return steps, list(left)

    def _make(self, room: Room, steps: list[MoveStep], left: dict[int, int], user: int) -> None:
        target = left.pop(user)
        steps.append(MoveStep(user, int(room.host[user]), target))
        room.move(user, target)

    def _make_all(self, room: Room, steps: list[MoveStep], left: dict[int, int]) -> None:
        """Make moves that find room until none does, those in nobody's way first."""
        while True:
            self._make_safe(room, steps, left)
            user = next((each for each in left if room.fits(each, left[each])), None)
            if user is None:
                return
            self._make(room, steps, left, user)

    def _make_safe(self, room: Room, steps: list[MoveStep], left: dict[int, int]) -> None:
        """Make the moves to hosts that have room for all who are still to come: they are in nobody's way."""
        while True:
            coming = defaultdict(list)
            for user, target in left.items():
                coming[target].append(user)
            self._looks -= len(left)
            safe = [user for target, users in coming.items() if room.all_fit(users, target) for user in users]
            if not safe:
                return
            for user in safe:
                self._make(room, steps, left, user)
