"""Local search over placements: move, swap, open and close, on the compiled neighbourhoods of `descent`."""

import logging
from collections.abc import Callable, Iterable

import numpy as np

from twinhop.placement.annealing import COLD, HOT, anneal
from twinhop.placement.budget import Budget
from twinhop.placement.descent import associate, move_sweep, seat_everyone, swap_sweep
from twinhop.placement.limits import seat_within_limits
from twinhop.placement.placement import Placement
from twinhop.placement.problem import BoolArray, IntArray, PlacementProblem
from twinhop.placement.seating import seat_remaining
from twinhop.placement.station_load import (
    NOBODY,
    Instance,
    fitting,
    make_hosting,
    make_instance,
    refill,
    station_set,
    total,
)

logger = logging.getLogger(__name__)

#: Sweeps of moves when a set of opened stations is tried, and when users of the best plan are moved.
TRIAL_SWEEPS = 6
MOVE_SWEEPS = 50
#: Savings below this share of the cost are not worth a change.
RELATIVE_IMPROVEMENT = 1e-10
#: By this share a bound with whole users must be higher where no gap is asked for.
WHOLE_GAIN = 2e-3
#: Pairs of users looked at between two glances at the clock, some milliseconds.
SWAP_PAIRS = 250_000
#: Steps of an annealing walk for each of N users: so many, and so many times N: all pairs, while these are few.
STEPS_PER_USER, STEPS_PER_PAIR = 200, 2
#: A walk is cut to this many steps, or to STEPS_PER_USER steps a user where that is more.
ANNEALING_STEPS = 2_000_000
#: What a step of a walk takes, at most; under a time limit a walk is cut to what is left of it [s].
STEP_S = 1e-7
#: Longer and longer walks: so many of each length, the longest this many times the standard one; idle ones end them.
WALKS_PER_LENGTH, LONGEST_WALK, IDLE_WALKS = 4, 32, 2
#: Where users have no work, the temperature goes by this share of the mean cost of a user.
TEMPERATURE_SHARE = 0.01
#: Swaps look at all pairs of users; beyond so many users that costs more than it brings.
SWAP_USERS = 20_000


class Search:
    """The best plan found so far for one problem, and ways to improve it.

    Attributes:
        problem: the problem.
        instance: its compiled form.
        budget: when to stop.
        host: (N,) best hosts so far; feasible unless ``feasible`` is False.
        cost: their scaled cost [s], inf until a feasible plan is known.
        bound: the best lower bound reported so far, scaled [s], nan for none; only passed on as progress.
    """

    def __init__(self, problem: PlacementProblem, budget: Budget, instance: Instance | None = None):
        self.problem = problem
        self.budget = budget
        self.instance = make_instance(problem) if instance is None else instance
        self._hosting = make_hosting(self.instance)
        self.host: IntArray = np.full(problem.users, NOBODY, np.int64)
        self.cost = np.inf
        self.bound = np.nan

    @property
    def feasible(self) -> bool:
        """Whether a feasible plan is known."""
        return bool(np.isfinite(self.cost))

    @property
    def least(self) -> float:
        """The smallest saving worth a change [s]."""
        return RELATIVE_IMPROVEMENT * self.cost if self.feasible else 1e-15

    @property
    def least_gain(self) -> float:
        """By what share a bound with whole users must be higher to be stated in place of one by prices alone.

        Those tell what a little more of a station is worth; without a gap asked for that is worth a wider one.
        """
        return WHOLE_GAIN if self.budget.gap is None else 0.0

    def used(self) -> BoolArray:
        """(M,) stations the best plan uses."""
        return station_set(self.host, self.problem.stations)

    def placement(self) -> Placement:
        """The best plan; where no feasible one was found in time, one that keeps the twin capacities."""
        return Placement.of_hosts(self.host, self.problem.stations)

    def offer(self, host: IntArray) -> bool:
        """Take these hosts if they are feasible and better; returns whether they were taken."""
        refill(self.instance, self._hosting, host)
        return self._keep(self._checked_total())

    def start(self) -> None:
        """Find a first feasible plan: cheapest hosts, the most constrained first, then branch and bound.

        Raises:
            InfeasibleProblem: there is none.
        """
        usable = self.problem.capacity > 0
        nobody = np.full(self.problem.users, NOBODY, np.int64)
        if self.try_set(usable, nobody):
            return
        refill(self.instance, self._hosting, nobody)
        demand = np.zeros(self.problem.users) if self.problem.demand is None else self.problem.demand
        order = np.lexsort((-demand, self.problem.allowed.sum(axis=1)))
        seat_everyone(self.instance, self._hosting, usable, np.zeros(self.problem.stations), order)
        if self._keep(total(self.instance, self._hosting)):
            return
        if self.problem.has_deadlines or self.problem.has_demand:
            exact = seat_within_limits(self.problem, self.budget)
            if exact is not None and self.offer(exact):
                return
        self.host = seat_remaining(self.problem, self._hosting.host)
        if not self.problem.has_deadlines and not self.problem.has_demand:
            self.offer(self.host)

    def try_set(self, usable: BoolArray, start: IntArray | None = None, sweeps: int = TRIAL_SWEEPS) -> bool:
        """Re-associate everyone onto these stations; keep the result if it is better; returns whether it was."""
        origin = self.host if start is None else start
        improved = self._keep(associate(self.instance, self._hosting, origin, usable, sweeps, self.least, self.cost))
        if start is None and self.problem.has_demand:  # tight knapsacks may need everybody seated anew
            nobody = np.full(self.problem.users, NOBODY, np.int64)
            improved |= self._keep(
                associate(self.instance, self._hosting, nobody, usable, sweeps, self.least, self.cost)
            )
        return improved

    def try_association(self, host: IntArray) -> bool:
        """Improve these hosts, seating anew those for whom there is no room; keep the result if it is better."""
        start = fitting(self.instance, self._hosting, host)
        return self.try_set(station_set(host, self.problem.stations), start)

    def add_best(self) -> bool:
        """Open the one station that saves most; returns whether one does (a step of the ADD heuristic)."""
        before, used = self.host, self.used()
        for k in np.flatnonzero(~used & (self.problem.capacity > 0)).tolist():
            if self.budget.exhausted():
                break
            self.try_set(_with(used, k, True), before)
        return self.host is not before

    def open_or_close(self, stations: Iterable[int]) -> bool:
        """Toggle each station in turn, keeping what saves; returns whether anything did."""
        improved = False
        for k in stations:
            if self.budget.exhausted():
                break
            used = self.used()
            toggled = _with(used, k, not used[k])
            if toggled.any() and self.problem.capacity[k] > 0:
                improved |= self.try_set(toggled)
        return improved

    def interchange(self, pairs: Iterable[tuple[int, int]]) -> bool:
        """Toggle both stations of a pair, one opened and one shut; returns at the first that saves."""
        for a, b in pairs:
            if self.budget.exhausted():
                return False
            used = self.used()
            if used[a] != used[b] and self.try_set(_with(_with(used, a, not used[a]), b, not used[b])):
                return True
        return False

    def move(self) -> bool:
        """Move users to cheaper hosts, opening stations where even one user pays for it; returns whether it saved."""
        refill(self.instance, self._hosting, self.host)
        usable = self.problem.capacity > 0
        for _ in range(MOVE_SWEEPS):
            moves = move_sweep(self.instance, self._hosting, usable, self.instance.opening, self.least)
            if moves == 0 or self.budget.exhausted():
                break
        return self._keep(total(self.instance, self._hosting))

    def swap(self) -> bool:
        """Exchange hosts between pairs of users; returns whether it saved."""
        refill(self.instance, self._hosting, self.host)
        users = self.problem.users
        rows = max(1, SWAP_PAIRS // users)
        swaps = 0
        for start in range(0, users, rows):
            if self.budget.exhausted():
                break
            swaps += swap_sweep(self.instance, self._hosting, start, min(users, start + rows), self.least)
        return swaps > 0 and self._keep(total(self.instance, self._hosting))

    def anneal(self, seed: int, factor: int = 1, start: IntArray | None = None) -> bool:
        """Walk through associations on the stations in use; returns whether a better plan was found.

        Args:
            seed: of the walk.
            factor: the walk is so many times longer than the standard one.
            start: (N,) hosts to start from, within the limits; None: those of the best plan.
        """
        if self.problem.has_deadlines or not self.feasible or self.budget.exhausted():
            return False
        host = self.host if start is None else start
        used, users = np.unique(host), self.problem.users
        unit = float(np.mean(self.instance.root_work**2) / self.instance.cpu[used].mean())
        unit = max(unit, TEMPERATURE_SHARE * self.cost / users)
        steps = int(min(factor * _walk_length(users), self.budget.remaining_s() / STEP_S))
        if steps <= users:
            return False
        refill(self.instance, self._hosting, host)
        best = np.empty(users, np.int64)
        anneal(self.instance, self._hosting, used, HOT * unit, COLD * unit, steps, seed + 1, best)
        return self.offer(best)

    def anneal_often(self, seed: int, enough: Callable[[], bool]) -> None:
        """Walk again and again, longer and longer, until a few in a row brought nothing.

        Args:
            seed: of the first walk.
            enough: called after each walk, says whether to end.
        """
        idle, walk = 0, 0
        while idle < IDLE_WALKS and not enough() and not self.budget.exhausted():
            saved = self.anneal(seed + walk, min(LONGEST_WALK, 2 ** (walk // WALKS_PER_LENGTH)))
            if self.problem.has_deadlines:
                return
            idle, walk = 0 if saved else idle + 1, walk + 1

    def improve(
        self, stations: Iterable[int], pairs: Iterable[tuple[int, int]] = (), *, with_swaps: bool = True
    ) -> None:
        """Move, swap, open and close until nothing helps or the budget ends.

        Args:
            stations: those worth opening or closing, the most promising first.
            pairs: stations worth interchanging, one opened for one closed, where nothing else helps any more.
            with_swaps: whether to look at all pairs of users; annealing, where it follows, does so anyway.
        """
        stations, pairs = list(stations), list(pairs)
        with_swaps = with_swaps and self.problem.users <= SWAP_USERS
        while self.feasible and not self.budget.exhausted():
            improved = self.open_or_close(stations)
            improved |= self.move()
            improved |= with_swaps and self.swap()
            logger.info("local search: best plan %.6g, %d stations", self.unscaled(self.cost), self.used().sum())
            if not improved and not self.interchange(pairs):
                return

    def _checked_total(self) -> float:
        hosting, instance = self._hosting, self.instance
        fits = bool((hosting.users <= instance.seats).all())
        if instance.floor is not None:
            fits &= bool((hosting.floor_load <= self.problem.cpu_room).all())
        if instance.demand_room is not None:
            fits &= bool((hosting.demand_load <= instance.demand_room).all())
        return float(total(instance, hosting)) if fits else np.inf

    def _keep(self, cost: float) -> bool:
        if not cost < self.cost - (self.least if self.feasible else 0.0):
            return False
        self.cost = float(cost)
        self.host = self._hosting.host.copy()
        self.report()
        return True

    def report(self, bound: float = np.nan) -> None:
        """Report to the budget's listener the cost of the best plan and the best bound."""
        self.bound = self.bound if np.isnan(bound) else bound
        self.budget.report(self.unscaled(self.cost), self.unscaled(self.bound))

    def unscaled(self, scaled: float) -> float:
        """The objective of P1 that a scaled cost or bound [s] stands for."""
        return self.problem.alpha / self.problem.users * scaled + self.problem.constant_cost


def _walk_length(users: int) -> int:
    """Steps of the standard annealing walk."""
    steps = users * (STEPS_PER_USER + STEPS_PER_PAIR * users)
    return min(steps, max(ANNEALING_STEPS, STEPS_PER_USER * users))


def _with(used: BoolArray, k: int, opened: bool) -> BoolArray:
    changed = used.copy()
    changed[k] = opened
    return changed
