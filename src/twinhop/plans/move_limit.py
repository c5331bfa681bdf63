"""Planning close to the present with a limit on moves: the plan, and a bound on all plans that keep to it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from twinhop.errors import InputError
from twinhop.placement import Certificate, Placement, PlacementProblem, Solution, evaluate
from twinhop.placement.branching import CLOSED
from twinhop.placement.budget import WIDE
from twinhop.placement.certificate import MOVE_PRICE
from twinhop.placement.decision import Ending
from twinhop.placement.problem import IntArray
from twinhop.plans.replanning import with_move_costs
from twinhop.plans.result import NOBODY, Present
from twinhop.text import counted

#: Where no gap is asked for, none below this is worth another price.
CLOSE_GAP = 1e-3
#: Prices tried at most; two that differ by less than this share are one.
TRIALS, CLOSE = 40, 1e-4
#: The first price above the cost of a move, as a share of the mean latency, and by how much it grows until few move.
FIRST_SHARE, GROWTH = 0.05, 8.0
#: No price beyond so many times the cost of all users: latencies that are added to it lose digits.
DEAREST = 1e4
#: A time limit after which a policy returns the first plan that it finds [s].
NO_TIME_S = 1e-9
#: What sums of latencies and prices may lose by rounding, as a share.
ROUNDING = 4 * float(np.finfo(float).eps)

#: Solves the problem in which each move costs so much [s], by the policy and in so much time [s].
SolveAt = Callable[[float, float], Solution]


def fewest_moves(problem: PlacementProblem, present: Present) -> int:
    """How many twins must move at least: those who may not stay, and at each station those beyond its seats."""
    stays = present.may_stay(problem.allowed)
    twins = np.bincount(present.host[stays], minlength=problem.stations)
    return int((~stays & (present.host != NOBODY)).sum() + np.maximum(twins - problem.capacity, 0).sum())


def check_move_limit(problem: PlacementProblem, present: Present, most: int) -> None:
    """Refuse a limit below what must move.

    Raises:
        InputError: it is negative, or more twins must move.
    """
    if problem.weight is not None:
        raise InputError(
            "max moves: rows here stand for many users (weight), who move together; give the cost of a move instead "
            "(--move-cost)"
        )
    if most < 0:
        raise InputError(f"max moves: got {most}; expected a whole number >= 0")
    least = fewest_moves(problem, present)
    if most < least:
        raise InputError(
            f"max moves: got {most}, but {counted(least, 'twin')} must move: their hosts in {present.name} are gone, "
            f"out of reach, or have fewer seats than twins; accepted: {least} and more"
        )


def within_move_limit(
    problem: PlacementProblem,
    present: Present,
    most: int,
    move_cost_s: float,
    solve_at: SolveAt,
    *,
    gap: float | None,
    time_limit_s: float,
) -> Solution:
    r"""The best plan found in which at most K twins move, and a bound on all such plans.

    A plan of at most K moves costs, at any price $S \geq S_0$ of a move, at most $\frac{\alpha}{N} (S - S_0) K$ more
    than at its cost $S_0$. So for every S

    $$ z^*_K \geq L(S) - \frac{\alpha}{N} (S - S_0) K $$

    where $L(S)$ is the certified bound of the problem in which each move costs S. Prices are halved between those at
    which more move and those at which few enough do; plans between the two are made of moves of the one in the other.
    Where time is up before few enough move, the first plan at the greatest price is taken.

    Args:
        problem: what is planned, without costs of moves.
        present: where the twins are.
        most: K.
        move_cost_s: $S_0$, what a move costs in any case [s].
        solve_at: solves the problem at a price S [s] within a time [s].
        gap: go on until cost / bound - 1 is at most this, or prices do not differ any more; None: `CLOSE_GAP`.
        time_limit_s: for all prices together [s].

    Returns:
        A solution of the problem at $S_0$ whose certificate is a bound on the plans of at most K moves.

    Raises:
        InputError: the limit is below what must move, or no plan within it was found.
    """
    check_move_limit(problem, present, most)
    began = time.perf_counter()

    def left_s() -> float:
        return max(began + time_limit_s - time.perf_counter(), NO_TIME_S)

    search = _LimitedSearch(problem, present, most, move_cost_s, gap, began + time_limit_s)
    low, price, high = move_cost_s, move_cost_s, None
    solution = search.look(solve_at(price, left_s()), price)
    if search.moves(solution.placement.host) <= most:
        return solution
    step = FIRST_SHARE * _mean_latency_s(problem)
    dearest = move_cost_s + DEAREST * problem.users * _cost_of_a_user_s(problem, solution)
    for _ in range(TRIALS):
        if search.is_within(search.wanted) or solution.interrupted or left_s() <= NO_TIME_S:
            break
        if high is None:
            price, step = move_cost_s + step, step * GROWTH
        elif high - low <= CLOSE * high:
            break
        else:
            price = (low + high) / 2
        if price > dearest:
            break
        solution = search.look(solve_at(price, left_s()), price)
        if search.moves(solution.placement.host) <= most:
            high = price
        else:
            low = price
    interrupted = solution.interrupted
    if not search.is_feasible:  # no time was left for it
        solution = search.look(solve_at(dearest, NO_TIME_S), dearest)
        interrupted |= solution.interrupted
    return search.result(solution, time.perf_counter() - began, interrupted=interrupted)


def _mean_latency_s(problem: PlacementProblem) -> float:
    """The mean over users of their cheapest link [s], and never 0: a scale of prices."""
    return float(problem.comm_s.min(axis=1).mean()) or 1.0


def _cost_of_a_user_s(problem: PlacementProblem, solution: Solution) -> float:
    """The mean over users of what they cost, opening included [s], and never 0: no move saves more than all of it."""
    cost_s = (solution.cost - problem.constant_cost) / problem.alpha
    return cost_s if np.isfinite(cost_s) and cost_s > 0 else 1.0


class _LimitedSearch:
    """The best plan within the limit and the best bound so far."""

    def __init__(
        self,
        problem: PlacementProblem,
        present: Present,
        most: int,
        move_cost_s: float,
        gap: float | None,
        until_s: float,
    ) -> None:
        self._priced = with_move_costs(problem, present.host, move_cost_s)
        self._problem, self._present, self._most, self._base_s = problem, present, most, move_cost_s
        self._bound, self._cost = -np.inf, np.inf
        self._host: IntArray | None = None
        self._over: IntArray | None = None
        self._gap, self._until_s = gap, until_s
        self.wanted = CLOSE_GAP if gap is None else gap

    @property
    def is_feasible(self) -> bool:
        """Whether a plan within the limit is known."""
        return self._host is not None

    @property
    def is_timed_out(self) -> bool:
        """Whether time is up."""
        return time.perf_counter() >= self._until_s

    def moves(self, host: IntArray) -> int:
        """How many twins these hosts (N,) move."""
        return int(((self._present.host != NOBODY) & (host != self._present.host)).sum())

    def is_within(self, gap: float) -> bool:
        """Whether cost / bound - 1 is at most a gap."""
        return self._bound > 0 and self._cost / self._bound - 1 <= gap

    def look(self, solution: Solution, price_s: float) -> Solution:
        """Take what a solution at a price tells."""
        if solution.certificate is not None:
            bound = solution.certificate.lower_bound
            paid = self._problem.alpha / self._problem.users * (price_s - self._base_s) * self._most
            lost = ROUNDING * (abs(bound) + paid + self._problem.alpha * price_s)
            self._bound = max(self._bound, bound - paid - lost)
        host = solution.placement.host
        if not solution.evaluation.feasible:
            return solution
        if self.moves(host) <= self._most:
            self._offer(host)
        else:
            self._over = host
        if self._host is not None and self._over is not None:
            self._between(self._host, self._over)
        return solution

    def _offer(self, host: IntArray) -> bool:
        cost = self._cost_of(host)
        if cost >= self._cost:
            return False
        self._cost, self._host = cost, host
        return True

    def _cost_of(self, host: IntArray) -> float:
        """What hosts cost at the base price, infinite where a constraint breaks or too many move."""
        if self.moves(host) > self._most:
            return np.inf
        evaluation = evaluate(self._priced, Placement.of_hosts(host, self._problem.stations))
        return evaluation.cost if evaluation.feasible else np.inf

    def _between(self, under: IntArray, over: IntArray) -> None:
        """Take hosts of the plan that moves too many into the one within the limit, the best first, while it gains."""
        host = under
        while True:
            best, least = None, self._cost
            for i in np.flatnonzero(host != over):
                if self.is_timed_out:
                    return
                trial = host.copy()
                trial[i] = over[i]
                cost = self._cost_of(trial)
                if cost < least:
                    best, least = trial, cost
            if best is None:
                return
            host = best
            self._offer(host)

    def result(self, last: Solution, seconds: float, *, interrupted: bool) -> Solution:
        """The best plan as a solution at the base price."""
        timed_out = not interrupted and self.is_timed_out
        if self._host is None:
            raise InputError(
                f"max moves: no plan was found in which at most {counted(self._most, 'twin')} move; allow more, or "
                "leave the limit out"
            )
        placement = Placement.of_hosts(self._host, self._problem.stations)
        return replace(
            last,
            problem=self._priced,
            placement=placement,
            evaluation=evaluate(self._priced, placement),
            certificate=Certificate(MOVE_PRICE, searched=self._bound) if np.isfinite(self._bound) else None,
            seconds=seconds,
            interrupted=interrupted,
            timed_out=timed_out,
            ended=self._ending(interrupted, timed_out),
        )

    def _ending(self, interrupted: bool, timed_out: bool) -> Ending:
        """What ended the search, which is not what ended the solve at its last price."""
        if self.is_within(CLOSED):
            return Ending.PROVEN
        if self.is_within(WIDE if self._gap is None else self._gap):
            return Ending.GAP
        if interrupted:
            return Ending.INTERRUPTED
        if timed_out:
            return Ending.TIME_LIMIT
        return Ending.EXHAUSTED if np.isfinite(self._bound) else Ending.DONE
