"""The exact solver: HiGHS on perspective tangents of the computing latency, refined until the gap closes."""

import logging

import numpy as np

from twinhop.placement.budget import Budget
from twinhop.placement.certificate import SOLVER_MARGIN, Certificate
from twinhop.placement.decision import Ending
from twinhop.placement.mip import MipStatus
from twinhop.placement.policy import Decision
from twinhop.placement.price_ascent import PriceAscent
from twinhop.placement.problem import PlacementProblem
from twinhop.placement.search import Search
from twinhop.placement.tangent_model import TangentModel

logger = logging.getLogger(__name__)

#: Relative gap at which the search ends where none is asked for.
EXACT_GAP = 1e-6
#: Rounds of branch and cut with tangents re-added at the solution.
ROUNDS = 30


def exact(problem: PlacementProblem, rng: np.random.Generator, budget: Budget) -> Decision:
    """The optimum, by branch and cut on tangents of the perspective of ``(sum s a)^2 / F``.

    ``t_k >= (2 z0 sum_i s_i a_ik - z0^2 y_k) / F_k`` for several loads z0, re-added at the loads of each solution. With
    deadlines also shares ``g_ik >= fmin_ik a_ik / F_k``, ``sum_i g_ik <= y_k`` and
    ``t_ik >= (w_i / F_k) (2 a_ik / g0 - g_ik / g0^2)``, re-added at the shares of each solution.
    """
    search = Search(problem, budget)
    search.start()
    ascent = PriceAscent(search)
    ascent.run()
    if not ascent.closed():
        search.improve(ascent.undecided())
    certificate = ascent.certificate()
    if search.feasible and not budget.exhausted():
        certificate = _refine(problem, search, certificate)
    return Decision(search.placement(), certificate, _ending(search, certificate))


def _refine(problem: PlacementProblem, search: Search, certificate: Certificate) -> Certificate:
    gap = max(search.budget.gap or 0.0, EXACT_GAP)
    model = TangentModel(problem, search.cost, 0.3 * gap)
    model.add_tangents(search.placement())
    for _ in range(ROUNDS):
        status = model.solve(search)
        certificate = max(certificate, model.certificate(), key=lambda each: each.lower_bound)
        cost = search.unscaled(search.cost)
        logger.info("branch and cut %s: bound %.6g, best plan %.6g", status.value, certificate.lower_bound, cost)
        if status is not MipStatus.OPTIMAL or _is_closed(search, certificate, gap):
            break
    return certificate


def _is_closed(search: Search, certificate: Certificate, gap: float) -> bool:
    """Whether cost / bound - 1 is at most the gap, or the share of the cost that the solver's tolerances take."""
    cost, bound = search.unscaled(search.cost), certificate.lower_bound
    return cost - bound <= max(gap * bound, (EXACT_GAP + SOLVER_MARGIN) * abs(cost))


def _ending(search: Search, certificate: Certificate) -> Ending:
    """What ended a solve that its time limit or the user did not."""
    if search.feasible and _is_closed(search, certificate, EXACT_GAP):
        return Ending.PROVEN
    reached = search.feasible and _is_closed(search, certificate, search.budget.gap or 0.0)
    return Ending.GAP if reached else Ending.EXHAUSTED
