"""A plan on candidate stations: hosts as an array, and the latency terms of each user as columns when asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from twinhop import network
from twinhop.formulation import placement_work
from twinhop.kernels.shares import host_shares
from twinhop.placement.decision import Ending
from twinhop.placement.evaluation import DEADLINE_TOLERANCE
from twinhop.placement.problem import FloatArray, IntArray
from twinhop.placement.sparse import SparseProblem, SparseSolution
from twinhop.placement.sparse.evaluation import columns_of, minimum_shares
from twinhop.placement.sparse.evaluation import communication_s as communication_latency_s
from twinhop.placement.sparse.problem import RowArray
from twinhop.plans.sparse.case import SparseCase
from twinhop.result import Result
from twinhop.scenario.user_table import column_of
from twinhop.text import figure, in_a_line, in_percent

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class LatencyTerms:
    """What each user waits for at its host.

    Attributes:
        communication_s: (N,) communication latency that the cost counts [s].
        share: (N,) CPU share of each twin [cycle/s].
        computing_s: (N,) computing latency that the cost counts [s].
        update_s: (N,) latency of what the deadline is on [s]; None without deadlines.
    """

    communication_s: FloatArray
    share: FloatArray
    computing_s: FloatArray
    update_s: FloatArray | None


def latency_terms(solution: SparseSolution) -> LatencyTerms:
    """What each user waits for at its host, CPU shared in the optimal way and deadlines kept by water-filling.

    Args:
        solution: hosts among the candidates of its problem.
    """
    problem, host = solution.problem, np.asarray(solution.host, np.int64)
    column = columns_of(problem, host)
    communication_s = communication_latency_s(problem, column)
    weight, cpu = np.array(problem.root_work), np.array(problem.cpu)
    floor = minimum_shares(problem, column, solution.unmeetable)
    if floor is None:
        total = np.bincount(host, weight, minlength=problem.stations)[host]
        share = cpu[host] * np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    else:
        share = np.empty(problem.users)
        host_shares(host, weight, np.where(np.isfinite(floor), floor, 0.0), True, cpu, share)
    update_s = None
    if problem.update_work is not None:
        assert problem.update_up_s is not None and problem.update_scale is not None
        delay_s, slope = (lines[problem.row, column] for lines in (problem.delay_s, problem.slope))
        update_s = problem.update_up_s + problem.update_delay_factor * delay_s + problem.update_scale * slope
        update_s += network.computing_latency_s(problem.update_work, share)
    return LatencyTerms(communication_s, share, network.computing_latency_s(weight**2, share), update_s)


@dataclass(frozen=True, eq=False)
class SparsePlan(Result):
    """A placement of millions of twins, each on one of its nearest stations, with a bound that counts all stations.

    Attributes:
        case: what was planned.
        solution: hosts, cost, certified lower bound, and how it was found.
    """

    case: SparseCase = field(repr=False)
    solution: SparseSolution

    def __repr__(self) -> str:
        parts = (figure("cost", self.cost), figure("bound", self.lower_bound), in_percent("gap", self.gap))
        return in_a_line(self, self.case.name, *parts)

    @property
    def problem(self) -> SparseProblem:
        """What was solved in the end, with as many candidates as it took."""
        return self.solution.problem

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the solve early."""
        return self.solution.ended is Ending.INTERRUPTED

    @property
    def timed_out(self) -> bool:
        """Whether the time limit did."""
        return self.solution.ended is Ending.TIME_LIMIT

    @property
    def host(self) -> RowArray:
        """(N,) index of the host of each user; a cloud that may host is the one after the stations."""
        return self.solution.host

    @property
    def cost(self) -> float:
        """The objective of P1."""
        return self.solution.cost

    @property
    def lower_bound(self) -> float:
        """No feasible plan costs less, those on stations that are no candidates included."""
        return self.solution.lower_bound

    @property
    def gap(self) -> float | None:
        """Cost / bound - 1; None without a bound > 0."""
        return self.solution.gap

    @cached_property
    def users_on(self) -> IntArray:
        """(M,) how many users each station hosts."""
        return np.bincount(self.host, minlength=self.problem.stations)

    @property
    def open(self) -> IntArray:
        """Indices of the stations that host somebody."""
        return np.flatnonzero(self.users_on)

    @cached_property
    def terms(self) -> LatencyTerms:
        """What each user waits for."""
        return latency_terms(self.solution)

    @property
    def late(self) -> IntArray:
        """Indices of the users who miss their deadline; those whose deadline no station could keep are among them."""
        deadline, update = self.problem.deadline_s, self.terms.update_s
        if deadline is None or update is None:
            return np.empty(0, np.int64)
        return np.flatnonzero(update > deadline * (1 + DEADLINE_TOLERANCE))

    def users(self) -> pl.DataFrame:
        """The users as columns: id, host, access station, and what they wait for.

        Returns:
            ``user_id, station_id, access_station_id`` (categories), ``communication_s, computing_s, latency_s``,
            ``cpu_share_cycles_per_s`` and, with deadlines, ``update_s, deadline_s``.
        """
        import polars as pl

        world, terms, problem = self.case.world, self.terms, self.problem
        stations = pl.Series(list(world.host_ids), dtype=pl.Enum(list(world.host_ids)))
        columns = {
            "user_id": column_of(world.user_ids),
            "station_id": stations.gather(self.host),
            "access_station_id": stations.gather(self.case.links.access),
            "communication_s": terms.communication_s,
            "computing_s": terms.computing_s,
            "latency_s": terms.communication_s + terms.computing_s,
            "cpu_share_cycles_per_s": terms.share,
        }
        if terms.update_s is not None and problem.deadline_s is not None:
            columns |= {"update_s": terms.update_s, "deadline_s": problem.deadline_s}
        return pl.DataFrame(columns)

    def servers(self) -> pl.DataFrame:
        """The opened servers as columns: id, position, users, seats, load and mean latency."""
        import polars as pl

        world, problem, terms, at = self.case.world, self.problem, self.terms, self.open
        work = np.bincount(self.host, placement_work(world), minlength=problem.stations)
        latency_s = np.bincount(self.host, terms.communication_s + terms.computing_s, minlength=problem.stations)
        xy_m = world.host_xy_m[at]
        return pl.DataFrame(
            {
                "station_id": [world.host_ids[k] for k in at.tolist()],
                "station": at,
                "x_m": xy_m[:, 0],
                "y_m": xy_m[:, 1],
                "users": self.users_on[at],
                "seats": problem.capacity[at],
                "work_gcycles": work[at] / 1e9,
                "cpu_gcycles_per_s": problem.cpu[at] / 1e9,
                "mean_latency_s": latency_s[at] / self.users_on[at],
                "opening_s": problem.opening_s[at],
            }
        )
