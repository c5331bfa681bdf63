"""The best plan found in which few twins leave their hosts: at prices of a move between too many and few enough."""

import numpy as np

from twinhop.errors import InputError
from twinhop.placement.budget import Budget
from twinhop.placement.move_costs import with_move_costs
from twinhop.placement.no_host import NOBODY
from twinhop.placement.problem import BoolArray, FloatArray, IntArray, PlacementProblem
from twinhop.placement.search import Search
from twinhop.placement.station_load import make_instance
from twinhop.text import counted

#: The first price of a move as a share of the mean of the cheapest links, and by how much it grows until few move.
FIRST_SHARE, GROWTH, DEAREST = 0.02, 8.0, 1e4
#: Prices tried between one at which too many move and one at which few enough do.
HALVINGS = 10
#: Of the moves that are left, the first share that is undone at once.
UNDONE_SHARE = 0.25
#: Counts of users that rows stand for may exceed the limit by this share: rounding.
ROUNDING = 1e-9


def check_max_moves(most: int | None) -> None:
    """Raise InputError where a limit on moves is no whole number >= 0."""
    if most is not None and (isinstance(most, bool) or not isinstance(most, int | np.integer) or most < 0):
        raise InputError(f"max_moves: got {most!r}; expected a whole number >= 0, or None")


def may_stay(problem: PlacementProblem, present: IntArray) -> BoolArray:
    """(N,) who has a host that may still host it."""
    return (present >= 0) & problem.allowed[np.arange(problem.users), np.maximum(present, 0)]


def moved(present: IntArray, host: IntArray) -> BoolArray:
    """(N,) whose twin leaves the host that it has."""
    return (present != NOBODY) & (present != host)


def require_moves(problem: PlacementProblem, present: IntArray, most: int) -> None:
    """Refuse a limit below the twins that must move: their hosts are gone or out of reach, or have too few seats.

    Raises:
        InputError: with how many must.
    """
    stays = may_stay(problem, present)
    beyond = np.bincount(present[stays], minlength=problem.stations) - problem.capacity
    gone = problem.twins_in((present != NOBODY) & ~stays)
    least = gone + int(np.maximum(beyond, 0).sum())
    if least > most:
        raise InputError(
            f"max_moves: got {most}, but {counted(int(least), 'twin')} must move: their hosts are gone, out of reach "
            f"or too full; expected at least {int(least)}"
        )


def within_moves(
    problem: PlacementProblem, present: IntArray, most: int, unlimited: IntArray, budget: Budget
) -> IntArray | None:
    """Hosts of the best plan found in which few enough twins move.

    Where a move costs more, fewer are worth it. Prices are halved between those at which too many twins move and those
    at which few enough do; where too many do, those moves are undone that save least.

    Args:
        problem: what is planned, with what a move costs in any case.
        present: (N,) present hosts, `NOBODY` and `CLOSED` for who has none.
        most: moves that may be made; a row of w users is w.
        unlimited: (N,) hosts of a plan with any number of moves.
        budget: when to stop; one price at least is tried.

    Returns:
        (N,) hosts, or None where none were found.
    """
    best = Search(problem, budget)
    begin = np.where(may_stay(problem, present), present, NOBODY)

    def offer(host: IntArray) -> bool:
        """Take hosts, or what is left of them once moves beyond the limit are undone; whether they were within it."""
        over = problem.twins_in(moved(present, host)) - most * (1 + ROUNDING)
        fewer = host if over <= 0 else _undone(problem, present, host, over)
        if fewer is not None:
            best.offer(fewer)
        return over <= 0

    offer(begin if (begin != NOBODY).all() else unlimited)
    if offer(unlimited):
        return best.host if best.feasible else None
    usual = float(np.where(problem.allowed, problem.comm_s, np.inf).min(axis=1).mean()) or 1.0
    low, high = 0.0, FIRST_SHARE * usual
    while high < DEAREST * usual and not offer(_hosts_at(problem, present, begin, high, budget)):
        low, high = high, high * GROWTH
        if budget.exhausted():
            low, high = high, DEAREST * usual
    for _ in range(HALVINGS):
        if budget.exhausted():
            break
        price = 0.5 * (low + high) if low == 0 or high / low < GROWTH / 2 else float(np.sqrt(low * high))
        if offer(_hosts_at(problem, present, begin, price, budget)):
            high = price
        else:
            low = price
    return best.host if best.feasible else None


def with_fewer_moves(problem: PlacementProblem, present: IntArray, host: IntArray, most_s: float) -> IntArray:
    """Hosts after moves were undone that save least, as long as the plan costs no more than a limit.

    Args:
        problem: what is planned.
        present: (N,) present hosts, `NOBODY` and `CLOSED` for who has none.
        host: (N,) hosts of a feasible plan.
        most_s: limit on the scaled cost [s].
    """
    instance = make_instance(problem)
    share = UNDONE_SHARE
    while True:
        home = np.flatnonzero(moved(present, host) & may_stay(problem, present))
        batch = int(np.ceil(share * home.size))
        if not batch:
            return host
        order = home[np.argsort(_lost_by_return(problem, present, host, home), kind="stable")]
        trial = Search(problem, Budget(), instance)
        fewer = _returned(problem, present, host, order, batch)
        if fewer is not None and trial.offer(fewer) and trial.cost <= most_s:
            host = fewer
        elif batch == 1:
            return host
        else:
            share /= 2


def _returned(
    problem: PlacementProblem, present: IntArray, host: IntArray, order: IntArray, count: int
) -> IntArray | None:
    """Hosts with the first few of some users back at their present ones; None where there is no seat for any."""
    host = host.copy()
    room = problem.capacity - np.bincount(host, minlength=problem.stations)
    back = 0
    for i in order.tolist():
        if back == count:
            break
        if room[present[i]] > 0:
            room[present[i]] -= 1
            room[host[i]] += 1
            host[i] = present[i]
            back += 1
    return host if back else None


def _hosts_at(
    problem: PlacementProblem, present: IntArray, begin: IntArray, price_s: float, budget: Budget
) -> IntArray:
    """(N,) hosts after local search from the present ones at a price of a move."""
    search = Search(with_move_costs(problem, present, price_s), budget)
    search.try_association(begin)
    if not search.feasible:
        search.start()
    else:
        search.move()
    return search.host


def _undone(problem: PlacementProblem, present: IntArray, host: IntArray, over: float) -> IntArray | None:
    """Hosts after moves were undone that save least, until so many twins fewer move; None where seats forbid it."""
    host = host.copy()
    twins: FloatArray = np.ones(problem.users) if problem.weight is None else problem.weight
    while over > 0:
        home = np.flatnonzero(moved(present, host) & may_stay(problem, present))
        order = home[np.argsort(_lost_by_return(problem, present, host, home), kind="stable")]
        enough = 1 + int(np.searchsorted(np.cumsum(twins[order]), max(over / 4, 1.0)))
        room = problem.capacity - np.bincount(host, minlength=problem.stations)
        back = 0.0
        for i in order[:enough].tolist() + order[enough:].tolist():
            if room[present[i]] > 0 and back < max(over / 4, 1.0):
                room[present[i]] -= 1
                room[host[i]] += 1
                host[i] = present[i]
                back += float(twins[i])
        if not back:
            return None
        over -= back
    return host


def _lost_by_return(problem: PlacementProblem, present: IntArray, host: IntArray, users: IntArray) -> FloatArray:
    """How much dearer the plan becomes where each of some users alone stays at its present host [s]."""
    s, here, back = problem.root_work[users], host[users], present[users]
    load = np.bincount(host, problem.root_work, minlength=problem.stations)
    count = np.bincount(host, minlength=problem.stations)
    cpu = np.where(problem.cpu > 0, problem.cpu, np.inf)
    lost = problem.comm_s[users, back] - problem.comm_s[users, here]
    lost = lost + s * (2 * load[back] + s) / cpu[back] - s * (2 * load[here] - s) / cpu[here]
    opened = np.where(count[back] == 0, problem.scaled_opening[back], 0.0)
    return lost + opened - np.where(count[here] == 1, problem.scaled_opening[here], 0.0)
