"""The mixed-integer model of one problem: HiGHS on perspective tangents of the computing latency."""

import logging
from collections.abc import Callable

import numpy as np

from twinhop.placement.budget import Budget
from twinhop.placement.certificate import SOLVER_MARGIN, Certificate
from twinhop.placement.evaluation import evaluate
from twinhop.placement.mip import MipStatus, Model
from twinhop.placement.placement import Placement
from twinhop.placement.problem import BoolArray, FloatArray, IntArray, PlacementProblem
from twinhop.placement.search import Search

logger = logging.getLogger(__name__)

#: Arcs that alone cost more than this times the best plan are left out.
HOPELESS = 1.001
#: First tangents, as multiples of each station's mean load and of each user's mean share.
FIRST_LOADS = (0.25, 0.5, 0.75, 1.0, 1.4, 2.0, 3.0)
FIRST_SHARES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0)


class TangentModel:
    """The mixed-integer model of one problem, and the tangents added to it so far.

    All costs are in units of the best plan's, because HiGHS's tolerances are absolute. Arcs that alone cost more than
    that plan are left out: no better plan uses them, and their size would only cost digits.

    Args:
        problem: the problem.
        best: scaled cost of the best plan known [s].
        relative_gap: at which branch and cut ends.
        arcs: (N, M) arcs that may be used; None: all.
    """

    def __init__(self, problem: PlacementProblem, best: float, relative_gap: float, arcs: BoolArray | None = None):
        self._problem = problem
        self._unit = best if best > 0 else 1.0
        self._known = 1.0 if 0 < best < np.inf else np.inf  # its own cost in the model, which its tangents lower
        speed = np.where(problem.capacity > 0, problem.cpu, 1.0)
        alone = problem.comm_s + (problem.root_work**2)[:, None] / speed
        hopeful = problem.allowed & (alone + problem.scaled_opening <= HOPELESS * best)
        self._row, self._station = np.nonzero(hopeful if arcs is None else hopeful & arcs)
        self._model = Model(1e-9, relative_gap)
        comm = problem.comm_s[self._row, self._station] / self._unit
        self._arcs = self._model.add_binaries(self._row.size, comm)
        self._opened = self._model.add_binaries(problem.stations, problem.scaled_opening / self._unit)
        self._latency = self._model.add_columns(np.ones(problem.stations), np.inf)
        self._work = problem.root_work**2 / self._unit
        self._bound = -np.inf
        self._add_assignment()
        if problem.has_deadlines:
            self._add_shares()
        if problem.has_demand:
            self._add_demands()
        self._add_first_tangents()

    def add_tangents(self, placement: Placement) -> None:
        """Add the tangents at a plan's loads and shares."""
        load = np.bincount(placement.host, self._problem.root_work, minlength=self._problem.stations).astype(float)
        self._add_load_tangents(load)
        if self._problem.has_deadlines:
            share = evaluate(self._problem, placement).share / self._problem.cpu[placement.host]
            self._add_share_tangents(share[self._row])

    def solve(
        self, search: Search, enough: float = np.inf, *, is_part: bool = False, tell_bounds: bool = False
    ) -> MipStatus:
        """One round of branch and cut, until the scaled bound is enough [s].

        What it finds is offered and improved; tangents are added there unless it was stopped.

        Args:
            search: where plans are offered.
            enough: scaled bound at which to end [s].
            is_part: arcs were left out; plans are offered when they are found.
            tell_bounds: bounds are progress, as no better plan was left out, nor the best one known.
        """
        heard = self._hearer(search, tell_bounds) if is_part else None
        known = self._known if tell_bounds or not is_part else np.inf
        status = self._model.solve(search.budget, known=known, enough=enough / self._unit, heard=heard)
        values = self._model.values()
        self._bound = self._model.lower_bound()  # before new tangents: HiGHS forgets it once the model changes
        host = None if values is None else self._hosts(values)
        if host is not None:
            search.offer(host)
            search.try_association(host)
            if status is MipStatus.OPTIMAL:
                self.add_tangents(Placement.of_hosts(host, self._problem.stations))
        return status

    def _hosts(self, values: FloatArray) -> IntArray | None:
        """(N,) the hosts that a solution means; None where somebody has none."""
        used = values[self._arcs] > 0.5
        host = np.full(self._problem.users, -1, np.int64)
        host[self._row[used]] = self._station[used]
        return host if (host >= 0).all() else None

    def _hearer(self, search: Search, tell_bounds: bool) -> Callable[[float, FloatArray | None], None]:
        """Offers solutions, and reports bounds, while HiGHS still runs."""

        def heard(bound: float, values: FloatArray | None) -> None:
            host = None if values is None else self._hosts(values)
            if host is not None:
                search.offer(host)
            if tell_bounds and bound > -np.inf:
                search.report(max(self._unit * (min(bound, 1.0) - SOLVER_MARGIN), np.nan_to_num(search.bound)))

        return heard

    def lp_prices(self, budget: Budget) -> tuple[FloatArray, FloatArray] | None:
        """(N,) user prices [s], the duals of the LP relaxation, and (M,) no congestion prices; None if not solved."""
        if self._model.solve(budget, relaxed=True) is not MipStatus.OPTIMAL:
            return None
        return self._unit * self._model.row_duals()[: self._problem.users], np.zeros(self._problem.stations)

    def certificate(self) -> Certificate:
        """HiGHS's own bound, lowered by its tolerances; at most the cost in whose units the model is."""
        bound = min(self._bound, 1.0) - SOLVER_MARGIN
        scaled = self._problem.alpha / self._problem.users * self._unit * bound
        searched = scaled + self._problem.constant_cost * (1 - SOLVER_MARGIN)
        return Certificate("branch-and-cut", searched=searched)

    def _add_assignment(self) -> None:
        problem, arcs, ones = self._problem, self._arcs, np.ones(self._arcs.size)
        stations = np.arange(problem.stations)
        each = np.arange(arcs.size)
        self._model.add_rows(self._row, arcs, ones, 1.0, 1.0, problem.users)
        self._model.add_rows(
            np.concatenate([each, each]),
            np.concatenate([arcs, self._opened[self._station]]),
            np.concatenate([ones, -ones]),
            -np.inf,
            0.0,
            arcs.size,
        )
        self._model.add_rows(
            np.concatenate([self._station, stations]),
            np.concatenate([arcs, self._opened]),
            np.concatenate([ones, -np.minimum(problem.capacity, problem.users).astype(float)]),
            -np.inf,
            0.0,
            problem.stations,
        )
        self._model.add_rows(
            np.zeros(problem.stations, int),
            self._opened,
            np.ones(problem.stations),
            float(problem.least_open),
            np.inf,
            1,
        )

    def _add_shares(self) -> None:
        """Columns g_ik (share of F_k) and t_ik (computing latency), and what ties them to the arcs."""
        problem, arcs, count = self._problem, self._arcs, self._arcs.size
        assert problem.floor is not None
        self._share = self._model.add_columns(np.zeros(count), 1.0)
        self._arc_latency = self._model.add_columns(np.zeros(count), np.inf)
        each = np.arange(count)
        floor = problem.floor[self._row, self._station] / problem.cpu[self._station]
        pairs = np.concatenate([each, each])
        ones = np.ones(count)
        self._model.add_rows(
            pairs, np.concatenate([self._share, arcs]), np.concatenate([ones, -floor]), 0.0, np.inf, count
        )
        self._model.add_rows(
            pairs, np.concatenate([self._share, arcs]), np.concatenate([ones, -ones]), -np.inf, 0.0, count
        )
        stations = np.arange(problem.stations)
        for columns, own, lower, upper in (
            (self._share, self._opened, -np.inf, 0.0),
            (self._arc_latency, self._latency, -np.inf, 0.0),
        ):
            self._model.add_rows(
                np.concatenate([self._station, stations]),
                np.concatenate([columns, own]),
                np.concatenate([ones, -np.ones(problem.stations)]),
                lower,
                upper,
                problem.stations,
            )
        self._model.add_rows(  # the minimum shares as a knapsack, for HiGHS to separate covers from
            np.concatenate([self._station, stations]),
            np.concatenate([arcs, self._opened]),
            np.concatenate([floor, -np.ones(problem.stations)]),
            -np.inf,
            0.0,
            problem.stations,
        )

    def _add_demands(self) -> None:
        """``sum_i d_i a_ik <= C_k y_k``, as shares of C_k."""
        problem = self._problem
        assert problem.demand is not None and problem.demand_capacity is not None
        capacity = problem.demand_capacity
        share = problem.demand[self._row] / np.where(capacity > 0, capacity, 1.0)[self._station]
        stations = np.arange(problem.stations)
        self._model.add_rows(
            np.concatenate([self._station, stations]),
            np.concatenate([self._arcs, self._opened]),
            np.concatenate([share, -np.ones(problem.stations)]),
            -np.inf,
            0.0,
            problem.stations,
        )

    def _add_first_tangents(self) -> None:
        problem = self._problem
        hosts = max(1, int((problem.capacity > 0).sum()))
        for multiple in FIRST_LOADS:
            self._add_load_tangents(np.full(problem.stations, multiple * problem.root_work.sum() / hosts))
        if problem.has_deadlines:
            for share in FIRST_SHARES:
                self._add_share_tangents(np.full(self._row.size, share))

    def _add_load_tangents(self, load: FloatArray) -> None:
        """``t_k >= (2 z0 sum_i s_i a_ik - z0^2 y_k) / F_k`` at load z0 of each station."""
        problem = self._problem
        keep = (load > 0) & (problem.capacity > 0)
        index: IntArray = np.cumsum(keep) - 1
        mine = keep[self._station]
        station = self._station[mine]
        slope = 2 * load[station] * problem.root_work[self._row[mine]] / problem.cpu[station] / self._unit
        active = np.flatnonzero(keep)
        own = np.arange(active.size)
        self._model.add_rows(
            np.concatenate([index[station], own, own]),
            np.concatenate([self._arcs[mine], self._opened[active], self._latency[active]]),
            np.concatenate([-slope, load[active] ** 2 / problem.cpu[active] / self._unit, np.ones(active.size)]),
            0.0,
            np.inf,
            active.size,
        )

    def _add_share_tangents(self, share: FloatArray) -> None:
        """``t_ik >= (w_i / F_k) (2 a_ik / g0 - g_ik / g0^2)`` at share g0 of each arc."""
        active = np.flatnonzero((share > 1e-6) & (self._work[self._row] > 0))
        own = np.arange(active.size)
        scale = self._work[self._row[active]] / self._problem.cpu[self._station[active]]
        point = share[active]
        self._model.add_rows(
            np.concatenate([own, own, own]),
            np.concatenate([self._arcs[active], self._share[active], self._arc_latency[active]]),
            np.concatenate([-2 * scale / point, scale / point**2, np.ones(active.size)]),
            0.0,
            np.inf,
            active.size,
        )
