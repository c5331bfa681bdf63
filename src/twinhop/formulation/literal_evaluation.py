"""What a plan costs as the paper prints it, where the printed term does not depend on the decision."""

from dataclasses import dataclass

import numpy as np

from twinhop.formulation.formulate import RadioState
from twinhop.network import share_weights
from twinhop.placement.evaluation import Evaluation
from twinhop.placement.placement import Placement
from twinhop.placement.problem import FloatArray, PlacementProblem
from twinhop.scenario import World
from twinhop.scenario.schema.readings import ROW_ACCESS_CPU, ROW_NO_ASSOCIATION, ROW_TWINS_COUNTED


@dataclass(frozen=True)
class LiteralEvaluation:
    """``cost = alpha (communication_s + computing_s) + beta (opening_s + energy_j)`` with the literal rows' terms.

    Attributes:
        rows: the literal rows that change a term here.
        cost: the objective as printed.
        communication_s: mean communication latency [s].
        computing_s: mean computing latency [s].
        opening_s: opening cost [s].
        energy_j: weighted mean energy [J-equivalents].
    """

    rows: tuple[int, ...]
    cost: float
    communication_s: float
    computing_s: float
    opening_s: float
    energy_j: float

    @property
    def latency_s(self) -> float:
        """Communication plus computing [s]."""
        return self.communication_s + self.computing_s


def evaluate_literally(
    problem: PlacementProblem, placement: Placement, evaluation: Evaluation, world: World, radio: RadioState
) -> LiteralEvaluation | None:
    """Price a placement by the rows that are evaluated, not optimised.

    - Row 2, Eq. 13 as printed: no ``a_ik`` inside, so every user counts on every station that may host, whose CPU all
      N users share: ``(1/N) sum_i sum_k (comm_ik + w_i / f_ik)``.
    - Row 6, Eq. 6, 9 and 11 as printed: ``f_ij`` is a share of the user's access station, on which the users attached
      to it share the CPU, wherever the twin is.
    - Row 15, Eq. 25 as printed: ``m`` is the number of twins, so opening costs ``N`` times the mean opening cost of a
      possible server.

    Args:
        problem: the problem.
        placement: the decision.
        evaluation: its cost under the sound reading of these rows.
        world: the world the problem came from.
        radio: its radio state.

    Returns:
        The terms as printed, or None where none of these rows is literal.
    """
    rows = world.readings.evaluated()
    if not rows:
        return None
    communication, computing, opening = evaluation.communication_s, evaluation.computing_s, evaluation.opening_s
    hosts = np.flatnonzero(problem.capacity > 0)
    everywhere = ROW_NO_ASSOCIATION in rows
    if everywhere:
        reachable = problem.reachable[:, hosts]
        communication = float(np.where(reachable, problem.comm_s[:, hosts], 0.0).sum() / problem.users)
        computing = _computing_everywhere_s(problem, hosts)
    if ROW_ACCESS_CPU in rows:
        at_access = _computing_at_access_s(problem, world, radio)
        computing = float(at_access.mean()) * (hosts.size if everywhere else 1)
    if ROW_TWINS_COUNTED in rows:
        stations = hosts[hosts < len(world.opening_s)]  # the cloud is no server that opens
        opening = problem.users * float(world.opening_s[stations].mean()) if stations.size else 0.0
    cost = problem.alpha * (communication + computing + evaluation.missed_s) + problem.beta * (
        opening + evaluation.energy_j
    )
    return LiteralEvaluation(rows, cost, communication, computing, opening, evaluation.energy_j)


def _computing_everywhere_s(problem: PlacementProblem, hosts: np.ndarray) -> float:
    """Mean over users of sum_k w_i / f_ik, where all users share every host by the problem's rule [s]."""
    weight = share_weights(problem.root_work**2, problem.cpu_rule)
    each = np.divide(problem.root_work**2, weight, out=np.zeros(problem.users), where=weight > 0)
    return float(each.mean() * weight.sum() * (1 / problem.cpu[hosts]).sum())


def _computing_at_access_s(problem: PlacementProblem, world: World, radio: RadioState) -> FloatArray:
    """(N,) computing latency where the users attached to a station share its CPU by the problem's rule [s]."""
    weight = share_weights(problem.root_work**2, problem.cpu_rule)
    each = np.divide(problem.root_work**2, weight, out=np.zeros(problem.users), where=weight > 0)
    attached = np.bincount(radio.access, weight, minlength=problem.stations)
    return each * attached[radio.access] / world.cpu_cycles_per_s[radio.access]
