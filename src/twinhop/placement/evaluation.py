"""The one cost function: every policy's placement is priced here, and its constraints checked."""

from dataclasses import dataclass

import numpy as np

from twinhop.kernels.shares import host_shares
from twinhop.network import computing_latency_s
from twinhop.placement.placement import Placement
from twinhop.placement.problem import DEMAND_TOLERANCE, BoolArray, FloatArray, PlacementProblem
from twinhop.text import counted, figure, in_a_line

#: A deadline counts as missed only when it is by more than this share of it: rounding in the CPU shares.
DEADLINE_TOLERANCE = 1e-8


@dataclass(frozen=True)
class Violation:
    """One broken constraint.

    Attributes:
        kind: ``deadline`` (by seconds), ``capacity`` (by users), ``demand`` (by the demand's unit), ``forbidden`` (an
            arc that does not exist) or ``cpu`` (the deadlines of others leave the twin no share: it never answers).
            Rows that stand for many users break ``capacity`` where these are more than the seats.
        user: index of the user, or None.
        station: index of the station.
        by: how much, in the unit of the kind.
    """

    kind: str
    user: int | None
    station: int
    by: float


@dataclass(frozen=True)
class Evaluation:
    """What a placement costs and whether it keeps the constraints.

    ``cost = alpha (latency_s + missed_s) + beta (opening_s + energy_j)``.

    Attributes:
        cost: the objective of P1.
        latency_s: mean over users of communication plus computing latency [s].
        communication_s: the communication part of it [s].
        computing_s: the computing part of it [s].
        opening_s: sum of the opened stations' costs [s].
        energy_j: weighted mean energy [J-equivalents].
        share: (N,) CPU share of each twin [cycle/s].
        update_latency_s: (N,) latency of one update (Eq. 11) [s], or None where updates are not described.
        violations: broken constraints, empty for a feasible plan.
        missed_s: what missed deadlines that have a price count as, mean over users [s].
        late: (N,) users who miss such a deadline, or None where none has a price.
    """

    cost: float
    latency_s: float
    communication_s: float
    computing_s: float
    opening_s: float
    energy_j: float
    share: FloatArray
    update_latency_s: FloatArray | None
    violations: tuple[Violation, ...]
    missed_s: float = 0.0
    late: BoolArray | None = None

    def __repr__(self) -> str:
        limits = "feasible" if self.feasible else counted(len(self.violations), "violation")
        return in_a_line(self, figure("cost", self.cost), figure("latency_s", self.latency_s), limits)

    @property
    def feasible(self) -> bool:
        """Whether every constraint holds."""
        return not self.violations


def cpu_shares(problem: PlacementProblem, placement: Placement) -> FloatArray:
    """CPU share of each twin under the problem's rule, deadlines kept by water-filling.

    Args:
        problem: the problem.
        placement: who is hosted where.

    Returns:
        (N,) shares [cycle/s]. On a station whose deadlines cannot all be met they are the rule's without deadlines.
    """
    weight, host = problem.share_weight, placement.host
    if problem.priced_deadlines is not None:
        return problem.priced_deadlines.shares(host, weight, problem.root_work**2)
    if problem.floor is None:
        total = np.bincount(host, weight, minlength=problem.stations)[host]
        return problem.cpu[host] * np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    floor = problem.floor[np.arange(problem.users), host]
    floor = np.where(np.isfinite(floor), floor, 0.0)
    share = np.empty(problem.users)
    host_shares(np.array(host), np.array(weight), floor, True, np.array(problem.cpu), share)
    return share


def evaluate(problem: PlacementProblem, placement: Placement) -> Evaluation:
    """Price a placement and check its constraints.

    Args:
        problem: the problem.
        placement: the decision.

    Returns:
        Cost, its terms, CPU shares and violations.

    Raises:
        ValueError: the placement does not belong to the problem.
    """
    placement.check(problem)
    users = np.arange(problem.users)
    share = cpu_shares(problem, placement)
    communication, missed_s, late = problem.comm_s[users, placement.host], 0.0, None
    priced = problem.priced_deadlines
    if priced is not None:
        late = priced.late(placement.host, share)
        missed_s = priced.price_s * float(late.mean())
        communication = np.maximum(communication - priced.surcharge_s[users, placement.host], 0.0)
    computing = computing_latency_s(problem.root_work**2, share)
    latency = float(np.mean(communication) + np.mean(computing))
    opening = float(problem.opening_s[placement.open].sum())
    energy = 0.0 if problem.energy_j is None else float(problem.energy_j.mean())
    update = _update_latency_s(problem, placement, share)
    return Evaluation(
        cost=problem.alpha * (latency + missed_s) + problem.beta * (opening + energy),
        latency_s=latency,
        communication_s=float(np.mean(communication)),
        computing_s=float(np.mean(computing)),
        opening_s=opening,
        energy_j=energy,
        share=share,
        update_latency_s=update,
        violations=(
            *_capacity_violations(problem, placement),
            *_demand_violations(problem, placement),
            *_user_violations(problem, placement, update),
            *_starved(problem, placement, share),
        ),
        missed_s=missed_s,
        late=late,
    )


def _update_latency_s(problem: PlacementProblem, placement: Placement, share: FloatArray) -> FloatArray | None:
    described = problem if problem.priced_deadlines is None else problem.priced_deadlines
    if described.update_comm_s is None or described.update_work is None:
        return None
    arc = described.update_comm_s[np.arange(problem.users), placement.host]
    return arc + computing_latency_s(described.update_work, share)


def _capacity_violations(problem: PlacementProblem, placement: Placement) -> list[Violation]:
    surplus = problem.twins_on(placement.host) - problem.seats
    tolerance = 0.0 if problem.weight is None else DEMAND_TOLERANCE * problem.seats
    return [Violation("capacity", None, int(k), float(surplus[k])) for k in np.flatnonzero(surplus > tolerance)]


def _demand_violations(problem: PlacementProblem, placement: Placement) -> list[Violation]:
    if problem.demand is None or problem.demand_capacity is None or problem.weight is not None:
        return []  # the demands of rows that stand for many are these, in seats
    load = np.bincount(placement.host, problem.demand, minlength=problem.stations)
    surplus = load - problem.demand_capacity
    over = np.flatnonzero(surplus > DEMAND_TOLERANCE * problem.demand_capacity)
    return [Violation("demand", None, int(k), float(surplus[k])) for k in over]


def _user_violations(problem: PlacementProblem, placement: Placement, update: FloatArray | None) -> list[Violation]:
    users = np.arange(problem.users)
    missing = ~problem.reachable[users, placement.host]
    violations = [Violation("forbidden", int(i), int(placement.host[i]), float("inf")) for i in np.flatnonzero(missing)]
    if problem.deadline_s is None or update is None:
        return violations
    meetable = np.isfinite(problem.deadline_s)
    late = np.where(meetable, update, 0.0) - np.where(meetable, problem.deadline_s, 0.0)
    late[problem.unmeetable] = 0.0
    late[~(late > DEADLINE_TOLERANCE * problem.deadline_s)] = 0.0
    late[missing] = 0.0
    return violations + [
        Violation("deadline", int(i), int(placement.host[i]), float(late[i])) for i in np.flatnonzero(late > 0)
    ]


def _starved(problem: PlacementProblem, placement: Placement, share: FloatArray) -> list[Violation]:
    starved = np.flatnonzero((problem.root_work > 0) & (share <= 0))
    return [Violation("cpu", int(i), int(placement.host[i]), float("inf")) for i in starved]
