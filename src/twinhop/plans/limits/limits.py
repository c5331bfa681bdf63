"""Limits on how far a plan may be from the present, and the least that they must allow."""

import math
from dataclasses import dataclass

import numpy as np

from twinhop.errors import InputError
from twinhop.placement import PlacementProblem
from twinhop.placement.problem import FloatArray, IntArray, fewest_that_hold
from twinhop.plans.limits.changed_servers import forced_changes, lasting
from twinhop.plans.result import NOBODY, Present
from twinhop.text import counted

#: Sums of what twins need may exceed the room by this share: rounding.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Limits:
    """How much may change at most.

    Attributes:
        moves: how many twins may leave the hosts that they have; None: any number. A row of w users is w twins.
        servers: how many servers may be opened or shut; None: any number.
    """

    moves: int | None = None
    servers: int | None = None

    @property
    def given(self) -> bool:
        """Whether there is a limit at all."""
        return self.moves is not None or self.servers is not None

    @property
    def name(self) -> str:
        """What the limits are called in messages."""
        names = {"max moves": self.moves, "max server changes": self.servers}
        return " and ".join(name for name, most in names.items() if most is not None)

    def in_words(self) -> str:
        """What they ask for, as the rest of a sentence."""
        parts = []
        if self.moves is not None:
            parts.append(f"at most {counted(self.moves, 'twin')} move{'s' if self.moves == 1 else ''}")
        if self.servers is not None:
            parts.append(f"at most {counted(self.servers, 'server')} change{'s' if self.servers == 1 else ''}")
        return " and ".join(parts)


def moved_twins(problem: PlacementProblem, present: Present, host: IntArray) -> float:
    """How many twins leave their present hosts where these (N,) are the hosts; a row of w users is w twins."""
    return problem.twins_in((present.host != NOBODY) & (host != present.host))


def fewest_moves(problem: PlacementProblem, present: Present) -> int:
    """How many twins must move at least.

    Those who may not stay, and at each station as many as exceed its seats, or as few, the largest first, as must go
    until the demands, or the least CPU shares for the deadlines, of those who are left fit. Of rows that stand for many
    users so many rows, the smallest, and at least the users beyond the seats.
    """
    stays = np.flatnonzero(present.may_stay(problem.allowed))
    host = present.host[stays]
    beyond = np.maximum(np.bincount(host, minlength=problem.stations) - problem.capacity, 0)
    if problem.demand is not None:
        beyond = np.maximum(beyond, _beyond(host, problem.demand[stays], problem.demand_room))
    if problem.floor is not None:
        beyond = np.maximum(beyond, _beyond(host, problem.floor[stays, host], problem.cpu_room))
    if problem.weight is None:
        return int((present.host != NOBODY).sum() - stays.size + beyond.sum())
    weight = problem.weight[stays]
    twins = np.zeros(problem.stations)
    if problem.demand is not None:
        twins = np.maximum(np.bincount(host, weight, minlength=problem.stations) - problem.demand_room, 0.0)
    for k in np.flatnonzero(beyond):
        twins[k] = max(twins[k], np.sort(weight[host == k])[: beyond[k]].sum())
    gone = problem.weight[present.host != NOBODY].sum() - weight.sum()
    return math.ceil((gone + twins.sum()) * (1 - ROUNDING) - ROUNDING)


def _beyond(host: IntArray, need: FloatArray, room: FloatArray) -> IntArray:
    """(M,) how many at least must leave each host until what the others need has room there, but for rounding."""
    beyond = np.zeros(len(room), np.int64)
    used = np.bincount(host, need, minlength=len(room))
    for k in np.flatnonzero(used > room * (1 + ROUNDING)):
        largest = np.sort(need[host == k])[::-1]
        beyond[k] = np.searchsorted(np.cumsum(largest), used[k] - room[k] * (1 + ROUNDING)) + 1
    return np.minimum(beyond, np.bincount(host, minlength=len(room)))


def fewest_server_changes(problem: PlacementProblem, present: Present) -> int:
    """How many servers must change at least.

    Those that cannot stay, and so many more opened as are needed for the seats, or the demand, of all users, or for
    users whom none that stays can host and of whom no two can share a host.
    """
    stays = lasting(problem, present)
    more = [_more_that_hold(np.minimum(problem.capacity, problem.users), stays, problem.users)]
    if problem.demand is not None:
        more.append(_more_that_hold(problem.demand_room, stays, float(problem.demand.sum())))
    taken, apart = np.zeros(problem.stations, bool), 0
    left = np.flatnonzero(~problem.allowed[:, stays].any(axis=1))
    for i in left[np.argsort(problem.allowed[left].sum(axis=1), kind="stable")]:
        if not (problem.allowed[i] & taken).any():
            taken |= problem.allowed[i]
            apart += 1
    return forced_changes(problem, present) + max(*more, apart)


def _more_that_hold(room: FloatArray | IntArray, stays: np.ndarray, total: float) -> int:
    """The fewest stations beside those that stay whose rooms add up to what is needed; all where they do not."""
    lacking = total - float(room[stays].sum())
    others = room[~stays]
    return 0 if lacking <= 0 else min(fewest_that_hold(others, lacking), int((others > 0).sum()))


def check_limits(problem: PlacementProblem, present: Present, limits: Limits) -> None:
    """Refuse limits below what must change.

    Raises:
        InputError: one is negative, or more must change.
    """
    for name, most in (("max moves", limits.moves), ("max server changes", limits.servers)):
        if most is not None and (isinstance(most, bool) or not isinstance(most, int | np.integer) or most < 0):
            raise InputError(f"{name}: got {most}; expected a whole number >= 0")
    if limits.moves is not None and limits.moves < (least := fewest_moves(problem, present)):
        raise InputError(
            f"max moves: got {limits.moves}, but {counted(least, 'twin')} must move: their hosts in {present.name} are "
            f"gone, out of reach, or cannot hold all who are there; accepted: {least} and more"
        )
    if limits.servers is not None and limits.servers < (least := fewest_server_changes(problem, present)):
        forced = forced_changes(problem, present)
        why = [f"{forced} open in {present.name} cannot stay"] if forced else []
        why += [f"{least - forced} more must open to host everybody"] if least > forced else []
        raise InputError(
            f"max server changes: got {limits.servers}, but {counted(least, 'server')} must change at least: "
            f"{', and '.join(why)}; accepted: {least} and more"
        )
