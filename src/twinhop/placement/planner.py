"""A planner that keeps its plan and its prices, and goes on from there when users or stations change."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from twinhop.errors import InputError
from twinhop.placement.branching import CLOSED as PROVEN_SHARE
from twinhop.placement.budget import PATIENCE_S, WIDE, Budget
from twinhop.placement.carried_prices import KnownPrices, carried, known_prices
from twinhop.placement.certificate import Prices
from twinhop.placement.decision import Ending
from twinhop.placement.delta import Delta, changed
from twinhop.placement.evaluation import evaluate
from twinhop.placement.few_moves import check_max_moves, require_moves, with_fewer_moves, within_moves
from twinhop.placement.matching import NEW, checked_origin, index_of, matched
from twinhop.placement.move_costs import check_move_cost, with_move_costs
from twinhop.placement.no_host import CLOSED, NOBODY
from twinhop.placement.placement import Placement
from twinhop.placement.problem import FloatArray, IntArray, PlacementProblem
from twinhop.placement.replan import Replan
from twinhop.placement.seating import require_seats
from twinhop.placement.solve import Solution, check_limits, check_seed, solve
from twinhop.placement.sparse.carried import KnownSparsePrices, carried_sparse, known_sparse_prices
from twinhop.placement.sparse.continued import continue_sparse
from twinhop.placement.sparse.problem import SparseProblem
from twinhop.placement.sparse.solve import SparseSolution, solve_sparse
from twinhop.placement.warm_start import continued
from twinhop.text import counted, in_a_line

Problem = PlacementProblem | SparseProblem


@dataclass(frozen=True, eq=False)
class _State:
    """What is in force; a re-plan makes another one, and puts it in the place of this at its end."""

    problem: Problem
    capacity: IntArray
    down: frozenset[int]
    host: IntArray | None
    known: KnownPrices | KnownSparsePrices | None
    plan: Replan | None


@dataclass(frozen=True, eq=False)
class _Task:
    """A problem as it is now, and what of the state before belongs to it."""

    problem: Problem
    capacity: IntArray
    down: frozenset[int]
    origin: IntArray
    stations: IntArray
    present: IntArray
    has_host: bool


class Planner:
    """Plans a problem, and re-plans it from there each time that it changes.

    Users and stations are matched by name. Prices are carried over: of users who moved or whose sizes changed by what
    the stations in use ask of them now, of those who came by a formula; those who left take theirs along (see
    `twinhop.placement.carried_prices`). Any prices prove a bound; near ones prove a good one in the first step.

    What is in force changes only at the end of a re-plan: an interrupt, an error or a problem without a plan leaves the
    plan before as it was, and the next re-plan starts from it.

    >>> import numpy as np
    >>> problem = PlacementProblem(
    ...     comm_s=[[0.1, 0.5], [0.5, 0.1], [0.2, 0.3]], root_work=[1.0, 1.0, 1.0], cpu=[9.0, 9.0], capacity=[3, 3],
    ...     opening_s=[0.1, 0.1], alpha=1.0, beta=1.0, user_ids=("ann", "bob", "cid"), station_ids=("b0", "b1"),
    ... )
    >>> planner = Planner(problem)
    >>> planner.replan().host.tolist()
    [0, 1, 0]
    >>> plan = planner.replan(Delta(left=["cid"], failed=["b0"]))
    >>> plan.host.tolist(), plan.moves.tolist(), plan.bound_of
    ([1, 1], [0], 'all plans')

    Args:
        problem: what is planned. A `SparseProblem` is re-planned without a price or a limit of moves.
        host: (N,) where the twins are, -1: nowhere; None: nothing is hosted yet.

    Raises:
        InputError: a name is there twice, or the hosts do not fit.
    """

    def __init__(self, problem: Problem, *, host: Any = None) -> None:
        _check_names(problem)
        hosts = None if host is None else _checked_hosts(host, problem)
        self._state = _State(problem, problem.capacity, frozenset(), hosts, None, None)

    def __repr__(self) -> str:
        size = f"{counted(self.problem.users, 'user')}, {counted(self.problem.stations, 'station')}"
        return in_a_line(self, size, "no plan yet" if self.plan is None else repr(self.plan)[1:-1])

    @property
    def problem(self) -> Problem:
        """That which the plan in force is of."""
        return self._state.problem

    @property
    def plan(self) -> Replan | None:
        """The plan in force; None before the first."""
        return self._state.plan

    @property
    def host(self) -> IntArray | None:
        """(N,) the hosts in force, -1: nowhere; None where nothing is hosted yet."""
        return self._state.host

    @property
    def down(self) -> tuple[str, ...]:
        """Names of the stations that failed by a `Delta` and have not returned."""
        return tuple(self.problem.station_name(k) for k in sorted(self._state.down))

    def replan(
        self,
        change: Problem | Delta | None = None,
        *,
        origin: Any = None,
        host: Any = None,
        move_cost_s: float | FloatArray = 0.0,
        max_moves: int | None = None,
        fewer_moves_within: float = 0.0,
        time_limit_s: float = float("inf"),
        gap: float | None = None,
        patience_s: float = PATIENCE_S,
        seed: int = 0,
        on_progress: Callable[[float, float], None] | None = None,
    ) -> Replan:
        """Plan the problem as it is now, from the plan in force.

        Args:
            change: the problem as it is now, or what has changed of it; None: nothing.
            origin: (N,) which user of the problem before each of a given problem is, -1: none; None: by name.
            host: (N,) where the twins are, -1: nowhere; None: where the plan in force has them.
            move_cost_s: what a twin that leaves its host counts as, beside the latency: one number, or (N, M) by user
                and host [s]. The certificate then holds for the sum.
            max_moves: how many twins may leave their hosts at most. The bound is that of plans with any number.
            fewer_moves_within: moves that save least are undone as long as cost / bound - 1 is at most this; 0: none.
            time_limit_s: after which the best plan so far is taken [s].
            gap: go on until cost / bound - 1 is at most this; None: until little more is gained.
            patience_s: how long it goes on where no gap is asked for and its own is above 1 % [s].
            seed: of annealing walks, which follow where prices and local search leave a gap.
            on_progress: called with the cost of the best plan and the best bound so far (nan where there is none).

        Returns:
            The plan, which is in force then; the best so far after Ctrl-C, which is not.

        Raises:
            InfeasibleProblem: proved: no plan keeps the constraints; the message says how many users are too many.
            InputError: names are unknown or there twice, a limit is out of range, or more twins must move.
        """
        check_limits(time_limit_s, gap)
        check_seed(seed)
        check_max_moves(max_moves)
        if not 0 <= fewer_moves_within < np.inf:
            raise InputError(f"fewer_moves_within: got {fewer_moves_within:g}; expected a gap >= 0")
        task = self._task(change, origin, host)
        if isinstance(task.problem, SparseProblem):
            _require_free_moves(move_cost_s, max_moves, fewer_moves_within)
            solution, known = self._solved_sparsely(task, task.problem, time_limit_s, gap, on_progress)
            is_in_force = solution.ended is not Ending.INTERRUPTED
        else:
            clock, priced = Budget(time_limit_s), _priced(task.problem, task.present, move_cost_s)
            if max_moves is not None:
                require_seats(task.problem)
                require_moves(task.problem, task.present, max_moves)
            options: dict[str, Any] = {"seed": seed, "time_limit_s": time_limit_s, "gap": gap}
            solution, known = self._solved(
                task, priced, options | {"patience_s": patience_s, "on_progress": on_progress}
            )
            if max_moves is not None and not solution.interrupted:
                solution = _limited(solution, task.present, max_moves, gap, clock)
            if fewer_moves_within > 0:
                solution = _with_fewer_moves(solution, task.present, fewer_moves_within)
            is_in_force = solution.evaluation.feasible and not solution.interrupted
        left = self.problem.users - int((task.origin != NEW).sum())
        plan = Replan(task.problem, solution, task.present, left, move_cost_s, max_moves, is_in_force)
        if is_in_force:
            self._state = _State(task.problem, task.capacity, task.down, plan.host, known, plan)
        return plan

    def _solved(
        self, task: _Task, priced: PlacementProblem, options: dict[str, Any]
    ) -> tuple[Solution, KnownPrices | None]:
        """The solution of a problem in which moves cost what they cost, and its prices."""
        known, start = self._state.known, None
        if isinstance(known, KnownPrices):
            start = carried(known, priced, task.origin, task.stations)
        policy: Any = continued(_seated(task.present), start) if task.has_host else "lagrangian"
        solution = solve(priced, policy, **options)
        return solution, _known_after(solution, start) if solution.evaluation.feasible else None

    def _solved_sparsely(
        self,
        task: _Task,
        problem: SparseProblem,
        time_limit_s: float,
        gap: float | None,
        on_progress: Callable[[float, float], None] | None,
    ) -> tuple[SparseSolution, KnownSparsePrices]:
        known, host = self._state.known, _seated(task.present)
        options: dict[str, Any] = {"time_limit_s": time_limit_s, "gap": gap, "on_progress": on_progress}
        if isinstance(known, KnownSparsePrices):
            start = carried_sparse(known, problem, task.origin, task.stations, host)
            solution = continue_sparse(problem, start, **options)
        else:
            solution = solve_sparse(problem, start=host if task.has_host and (host >= 0).any() else None, **options)
        return solution, known_sparse_prices(solution)

    def _task(self, change: Problem | Delta | None, origin: Any, host: Any) -> _Task:
        state = self._state
        before = state.problem
        stations = np.arange(before.stations)
        if isinstance(change, PlacementProblem | SparseProblem):
            if type(change) is not type(before):
                raise InputError(f"change: got a {type(change).__name__}; expected a {type(before).__name__} as before")
            problem, capacity, down = change, change.capacity, frozenset[int]()
            _check_names(problem)
            if origin is None:
                users = matched(before.user_ids, before.users, problem.user_ids, problem.users, "user")
            else:
                users = checked_origin(origin, before.users, problem.users)
            stations = matched(before.station_ids, before.stations, problem.station_ids, problem.stations, "station")
        else:
            if origin is not None:
                raise InputError("origin: goes with a changed problem; expected none with a delta, which has names")
            if not isinstance(change, Delta | None):
                raise InputError(
                    f"change: got {type(change).__name__}; expected a {type(before).__name__}, a Delta or None"
                )
            made = changed(before, change or Delta(), state.capacity, state.down)
            problem, users, capacity, down = made.problem, made.origin, state.capacity, made.down
        if host is not None:
            present = _checked_hosts(host, problem)
        elif state.host is None:
            present = np.full(problem.users, NOBODY, np.int64)
        else:
            present = _present(state.host, users, stations, before.stations)
        has_host = host is not None or state.host is not None
        return _Task(problem, capacity, down, users, stations, present, has_host)


def _present(host: IntArray, users: IntArray, stations: IntArray, count_before: int) -> IntArray:
    """(N,) hosts in force as stations of the changed problem; `CLOSED` where that is no more, `NOBODY` of new users."""
    now = np.full(count_before + 1, CLOSED, np.int64)
    known = stations != NEW
    now[stations[known]] = np.flatnonzero(known)
    now[NOBODY] = NOBODY
    return np.where(users == NEW, NOBODY, now[host[np.maximum(users, 0)]])


def _seated(present: IntArray) -> IntArray:
    """(N,) present hosts as where to begin: nowhere for those whose station is no more."""
    return np.where(present == CLOSED, NOBODY, present)


def _check_names(problem: Problem) -> None:
    for names, noun in ((problem.user_ids, "user"), (problem.station_ids, "station")):
        index_of(() if names is None else names, noun)


def _require_free_moves(move_cost_s: float | FloatArray, max_moves: int | None, fewer_moves_within: float) -> None:
    """Refuse what a sparse problem cannot hold: its candidates are shared, and what a move costs is each user's own."""
    given = {
        "move_cost_s": bool(np.any(np.asarray(move_cost_s) != 0)),
        "max_moves": max_moves is not None,
        "fewer_moves_within": fewer_moves_within > 0,
    }
    for name, is_given in given.items():
        if is_given:
            raise InputError(f"{name}: a SparseProblem is re-planned with free moves; expected none, or its dense()")


def _checked_hosts(host: Any, problem: Problem) -> IntArray:
    array = np.asarray(host)
    if array.shape != (problem.users,) or array.dtype.kind not in "iu":
        raise InputError(f"host: got {array.dtype} of shape {array.shape}; expected {problem.users} whole numbers")
    array = array.astype(np.int64)
    wrong = (array < NOBODY) | (array >= problem.stations)
    if wrong.any():
        i = int(np.argmax(wrong))
        raise InputError(
            f"host: {array[i]} of user {problem.user_name(i)}; expected -1 to {problem.stations - 1}, -1 for nowhere"
        )
    return array


def _priced(problem: PlacementProblem, present: IntArray, move_cost_s: float | FloatArray) -> PlacementProblem:
    """The problem in which moves cost what they cost."""
    if np.ndim(move_cost_s) == 0:
        check_move_cost(float(move_cost_s))
        return with_move_costs(problem, present, float(move_cost_s))
    extra = np.asarray(move_cost_s, float)
    if extra.shape != problem.comm_s.shape or not (np.isfinite(extra) & (extra >= 0)).all():
        expected = f"numbers >= 0 of shape {problem.comm_s.shape}"
        raise InputError(
            f"move_cost_s: got shape {extra.shape}, or a number below 0; expected one number, or {expected}"
        )
    return replace(problem, comm_s=problem.comm_s + extra)


def _with_fewer_moves(solution: Solution, present: IntArray, gap: float) -> Solution:
    """The plan without the moves that save least, as long as its gap is no larger than one given."""
    problem, bound = solution.problem, solution.lower_bound
    if bound is None or solution.interrupted or not solution.evaluation.feasible or solution.cost >= (1 + gap) * bound:
        return solution
    most_s = ((1 + gap) * bound - problem.constant_cost) * problem.users / problem.alpha
    host = with_fewer_moves(problem, present, solution.placement.host, most_s)
    placement = Placement.of_hosts(host, problem.stations)
    evaluation = evaluate(problem, placement)
    if not evaluation.feasible or evaluation.cost > (1 + gap) * bound:
        return solution
    fewer = replace(solution, placement=placement, evaluation=evaluation)
    return fewer if solution.ended is not Ending.PROVEN else replace(fewer, ended=_ended(fewer, gap))


def _limited(solution: Solution, present: IntArray, most: int, gap: float | None, clock: Budget) -> Solution:
    """The best plan found with few enough moves, under the bound of plans with any number."""
    problem = solution.problem
    with clock.catch_interrupt():
        host = within_moves(problem, present, most, solution.placement.host, clock)
    if host is None:
        raise InputError(
            f"max_moves: no plan was found in which at most {counted(most, 'twin')} move; allow more, or more time"
        )
    placement = Placement.of_hosts(host, problem.stations)
    limited = replace(
        solution,
        placement=placement,
        evaluation=evaluate(problem, placement),
        seconds=clock.elapsed_s(),
        interrupted=clock.interrupted,
        timed_out=not clock.interrupted and clock.exhausted(),
    )
    return replace(limited, ended=_ended(limited, gap))


def _ended(solution: Solution, gap: float | None) -> Ending:
    reached = np.inf if solution.gap is None else solution.gap
    if reached <= PROVEN_SHARE:
        return Ending.PROVEN
    if reached <= (WIDE if gap is None else gap):
        return Ending.GAP
    if solution.interrupted:
        return Ending.INTERRUPTED
    return Ending.TIME_LIMIT if solution.timed_out else Ending.EXHAUSTED


def _known_after(solution: Solution, start: Prices | None) -> KnownPrices | None:
    """The prices to go on from: the best of the certificate; where it lists none, those that it started from."""
    parts = () if solution.certificate is None else solution.certificate.parts
    prices = min(parts, key=lambda part: part.lower_bound).prices if parts else start
    return None if prices is None else known_prices(solution.problem, solution.placement, prices)
