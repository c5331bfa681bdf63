"""The best plan found within limits on moves and on changes of servers, and a bound on all plans within them."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from twinhop.errors import InputError
from twinhop.placement import Certificate, InfeasibleProblem, PlacementProblem, Solution, evaluate
from twinhop.placement.branching import CLOSED
from twinhop.placement.budget import WIDE, Budget
from twinhop.placement.certificate import MOVE_AND_SERVER_PRICE, MOVE_PRICE, SERVER_PRICE
from twinhop.placement.decision import Ending
from twinhop.placement.move_costs import with_move_costs
from twinhop.placement.problem import IntArray
from twinhop.plans.limits.changed_servers import forced_changes, lasting, with_server_prices
from twinhop.plans.limits.descent import LimitedDescent
from twinhop.plans.limits.limits import ROUNDING as MOVES_ROUNDING
from twinhop.plans.limits.limits import Limits, check_limits
from twinhop.plans.limits.server_sets import ServerSets
from twinhop.plans.limits.tightening import tightened
from twinhop.plans.result import Present

#: Where no gap is asked for, none below this is worth another price.
CLOSE_GAP = 1e-3
#: Prices tried at most for each limit in each round; two that differ by less than this share are one.
TRIALS, CLOSE = 40, 1e-4
#: So many prices one after the other that close less than this share of what is between cost and bound are the last.
IDLE, LITTLE = 5, 0.02
#: Rounds over both limits where both are given: the price of the one depends on that of the other.
ROUNDS = 2
#: The first price, as a share of what is usual, and by how much it grows until few change.
FIRST_SHARE, GROWTH = 0.05, 8.0
#: No price beyond so many times the cost of all users: latencies that are added to it lose digits.
DEAREST = 1e4
#: A time limit after which a policy returns the first plan that it finds [s].
NO_TIME_S = 1e-9
#: What sums of latencies and prices may lose by rounding, as a share.
ROUNDING = 4 * float(np.finfo(float).eps)
#: Steps of the local search after each price, and at the end.
STEPS, LAST_STEPS = 30, 1000
#: Plans that cost more than so many times the best are not improved.
PROMISING = 1.02

#: Solves a problem, with prices or without, by the policy and in so much time [s].
Solve = Callable[[PlacementProblem, float], Solution]


def within_limits(
    problem: PlacementProblem,
    present: Present,
    limits: Limits,
    move_cost_s: float,
    solve: Solve,
    *,
    gap: float | None,
    time_limit_s: float,
) -> Solution:
    r"""The best plan found in which at most K twins move and at most L servers change, and a bound on all such plans.

    Where each move costs $S \geq S_0$ and each server that changes $\mu \geq 0$, such a plan of N users costs at most
    $\frac{\alpha}{N} (S - S_0) K + \beta \mu L$ more than at its cost $S_0$ of a move. So for all S and $\mu$

    $$ z^*_{KL} \geq B(S, \mu) - \frac{\alpha}{N} (S - S_0) K - \beta \mu L $$

    where $B(S, \mu)$ is the certified bound of the problem with these prices, which is one of P1 itself: moves are
    priced on the arcs (`with_move_costs`), changes of servers in the opening costs (`with_server_prices`), and what a
    limit settles by itself is settled (`tightened`). Prices are
    halved between those at which more changes and those at which little enough does. Plans at which too much changes
    are brought within the limits by undoing what saves least, and all are improved within them by a local search.

    Args:
        problem: what is planned, without costs of moves.
        present: where the twins are, and what is open.
        limits: K and L.
        move_cost_s: $S_0$, what a move costs in any case [s].
        solve: solves a problem within a time [s].
        gap: go on until cost / bound - 1 is at most this, or prices do not differ any more; None: `CLOSE_GAP`.
        time_limit_s: for all prices together [s].

    Returns:
        A solution of the problem at $S_0$ whose certificate is a bound on the plans within the limits. Ctrl-C returns
        the best so far, marked ``interrupted``.

    Raises:
        InputError: a limit is below what must change, or no plan within them was found.
    """
    check_limits(problem, present, limits)
    clock = Budget(time_limit_s)
    search = _LimitedSearch(problem, present, limits, move_cost_s, solve, gap, clock)
    with clock.catch_interrupt():
        solution = search.solve_at(move_cost_s, 0.0)
        if search.is_within("moves") and search.is_within("servers"):
            return search.with_servers_kept(solution)
        names = [name for name in ("moves", "servers") if getattr(limits, name) is not None]
        for name in names * (ROUNDS if len(names) > 1 else 1):
            if not search.is_done():
                search.halve(name)
        return search.result()


def _mean_latency_s(problem: PlacementProblem) -> float:
    """The mean over users of their cheapest link [s], and never 0: a scale of prices."""
    return float(problem.comm_s.min(axis=1).mean()) or 1.0


class _LimitedSearch:
    """Prices, the best plan within the limits and the best bound so far."""

    def __init__(
        self,
        problem: PlacementProblem,
        present: Present,
        limits: Limits,
        move_cost_s: float,
        solve: Solve,
        gap: float | None,
        clock: Budget,
    ) -> None:
        self._problem, self._present, self._limits, self._solve = problem, present, limits, solve
        self._began = time.perf_counter()
        self._until_s = self._began + clock.time_limit_s
        self._clock = clock
        self._gap, self._wanted = gap, CLOSE_GAP if gap is None else gap
        self._least = {"moves": move_cost_s, "servers": 0.0}
        self._price = dict(self._least)
        self._priced = with_move_costs(problem, present.host, move_cost_s)
        self._descent = LimitedDescent(self._priced, present, limits, self._is_late)
        self._bound, self._cost = -np.inf, np.inf
        self._host: IntArray | None = None
        self._last: Solution | None = None
        self._seen: set[bytes] = set()

    def solve_at(self, move_price_s: float, server_price_s: float, limit_s: float | None = None) -> Solution:
        """Solve at prices, and take what the solution tells."""
        self._price = {"moves": move_price_s, "servers": server_price_s}
        is_priced = self._price != self._least
        tight, settled = tightened(self._problem, self._present, self._limits) if is_priced else (self._problem, 0.0)
        priced, paid = with_server_prices(tight, self._present, server_price_s)
        priced = with_move_costs(priced, self._present.host, move_price_s)
        try:
            solution = self._last = self._solve(priced, self._left_s() if limit_s is None else limit_s)
        except InfeasibleProblem:
            if not is_priced:
                raise
            raise InputError(
                f"{self._limits.name}: proved: there is no plan in which {self._limits.in_words()}; allow more"
            ) from None
        if solution.certificate is not None:
            self._take_bound(priced, solution.certificate.lower_bound, paid + settled)
        if not solution.evaluation.feasible:
            return solution
        host = solution.placement.host
        fewer = self._descent.with_fewer_moves(host)
        for start in [host] if fewer is None else [host, fewer]:
            self._offer(start)
        used = solution.placement.loads() > 0
        if self._limits.servers is not None and not self._is_close() and used.tobytes() not in self._seen:
            self._seen.add(used.tobytes())
            sets = ServerSets(priced, self._present, self._limits.servers, self._descent, self._is_late)
            start = sets.from_plan(host)
            if start is not None:
                self._offer(start)
        return solution

    def _take_bound(self, priced: PlacementProblem, bound: float, paid: float) -> None:
        """What the bound of a priced problem says of plans within the limits."""
        changes = paid
        sizes = [bound, paid]
        if self._limits.moves is not None:
            more_s = self._price["moves"] - self._least["moves"]
            rounding = 0.0 if self._problem.weight is None else MOVES_ROUNDING  # sums of weights
            cost = self._problem.alpha / self._problem.people * more_s * self._limits.moves * (1 + rounding)
            changes -= cost
            sizes += [cost, self._problem.alpha * self._price["moves"]]
        if self._limits.servers is not None:
            most = self._limits.servers - forced_changes(self._problem, self._present)
            cost = priced.beta * self._price["servers"] * most
            changes -= cost
            sizes += [cost, priced.beta * self._price["servers"] * self._problem.stations]
        self._bound = max(self._bound, bound + changes - ROUNDING * float(np.abs(sizes).sum()))

    def _offer(self, host: IntArray) -> None:
        """Take hosts and what a local search makes of them where that is better."""
        cost = self._descent.cost(host)
        if not np.isfinite(cost):
            return
        if cost < PROMISING * self._cost and not self._is_close():
            host, cost = self._descent.improved(host, STEPS)
        if cost < self._cost:
            self._cost, self._host = cost, host

    def is_within(self, name: str) -> bool:
        """Whether the last solution keeps to a limit at its prices."""
        most = getattr(self._limits, name)
        assert self._last is not None
        if most is None:
            return True
        placement = self._last.placement
        if name == "moves":
            return self._descent.beyond(placement.host) <= 0
        used = placement.loads() > 0
        shut = lasting(self._problem, self._present) & ~used & (self._problem.opening_s > self._price["servers"])
        opened = used & ~self._present.open
        return int(shut.sum() + opened.sum()) + forced_changes(self._problem, self._present) <= most

    def with_servers_kept(self, solution: Solution) -> Solution:
        """A solution within the limits with servers left open that would be shut for nothing, beyond the limit."""
        placement = self._descent.placement(solution.placement.host)
        if placement is None or self._limits.servers is None or not solution.evaluation.feasible:
            return solution
        return replace(solution, placement=placement, evaluation=evaluate(solution.problem, placement))

    def halve(self, name: str) -> None:
        """Look for the price of one kind of change at which just few enough are made, the other price as it is."""
        low, high = self._least[name], None
        price = max(self._price[name], low)
        scale = _mean_latency_s(self._problem)
        if name == "servers":
            scale = float(self._problem.opening_s.mean()) or scale
        step, dearest = FIRST_SHARE * scale, self._dearest(name)
        idle = 0
        for _ in range(TRIALS):
            if self.is_within(name):
                high = price
                if price <= self._least[name]:
                    return
            else:
                low = price
            if self.is_done():
                return
            if high is None:
                price, step = low + step, step * GROWTH
            elif high - low <= CLOSE * high:
                return
            else:
                price = (low + high) / 2
            if price > dearest:
                return
            prices, before = {**self._price, name: price}, (self._cost, self._bound)
            self.solve_at(prices["moves"], prices["servers"])
            idle = idle + 1 if high is not None and self._is_idle(*before) else 0
            if idle >= IDLE:
                return

    def _is_idle(self, cost: float, bound: float) -> bool:
        """Whether hardly anything of what there was between cost and bound is closed since they were these."""
        return bool(np.isfinite(cost - bound)) and self._cost - self._bound > (1 - LITTLE) * (cost - bound)

    def _dearest(self, name: str) -> float:
        """The greatest price of a move [s] or of a server [in the unit of opening_s]."""
        assert self._last is not None
        cost_s = (self._last.cost - self._last.problem.constant_cost) / self._problem.alpha
        cost_s = cost_s if np.isfinite(cost_s) and cost_s > 0 else 1.0
        if name == "moves":
            return self._least["moves"] + DEAREST * self._problem.people * cost_s
        return DEAREST * self._problem.alpha * cost_s / (self._problem.beta or 1.0)

    def _left_s(self) -> float:
        return max(self._until_s - time.perf_counter(), NO_TIME_S)

    def _is_late(self) -> bool:
        return self._clock.interrupted or time.perf_counter() >= self._until_s

    def _is_close(self, gap: float | None = None) -> bool:
        """Whether cost / bound - 1 is at most a gap; None: the one that is wanted."""
        gap = self._wanted if gap is None else gap
        return self._bound > 0 and self._cost / self._bound - 1 <= gap

    def is_done(self) -> bool:
        """Whether nothing more is to be tried."""
        assert self._last is not None
        return self._is_close() or self._last.interrupted or self._is_late()

    def result(self) -> Solution:
        """The best plan as a solution at the base price."""
        assert self._last is not None
        interrupted = self._last.interrupted or self._clock.interrupted
        if self._host is None:  # no time was left for it
            prices = {
                name: self._dearest(name) for name in ("moves", "servers") if getattr(self._limits, name) is not None
            }
            prices = self._least | prices
            self.solve_at(prices["moves"], prices["servers"], NO_TIME_S)
            interrupted |= self._last.interrupted
        if self._host is None:
            raise InputError(
                f"{self._limits.name}: no plan was found in which {self._limits.in_words()}; allow more, or more "
                "time, or leave the limit out"
            )
        if not self._is_close() and not interrupted:
            self._host, self._cost = self._descent.improved(self._host, LAST_STEPS)
        placement = self._descent.placement(self._host)
        assert placement is not None
        timed_out = not interrupted and self._is_late()
        return replace(
            self._last,
            problem=self._priced,
            placement=placement,
            evaluation=evaluate(self._priced, placement),
            certificate=Certificate(self._method(), searched=self._bound) if np.isfinite(self._bound) else None,
            seconds=time.perf_counter() - self._began,
            interrupted=interrupted,
            timed_out=timed_out,
            ended=self._ending(interrupted, timed_out),
        )

    def _method(self) -> str:
        if self._limits.servers is None:
            return MOVE_PRICE
        return SERVER_PRICE if self._limits.moves is None else MOVE_AND_SERVER_PRICE

    def _ending(self, interrupted: bool, timed_out: bool) -> Ending:
        """What ended the search, which is not what ended the solve at its last price."""
        if self._is_close(CLOSED):
            return Ending.PROVEN
        if self._is_close(WIDE if self._gap is None else self._gap):
            return Ending.GAP
        if interrupted:
            return Ending.INTERRUPTED
        if timed_out:
            return Ending.TIME_LIMIT
        return Ending.EXHAUSTED if np.isfinite(self._bound) else Ending.DONE
