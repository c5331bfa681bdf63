"""What `lagrangian` does where its gap is still wide: LP prices, branching, branch and cut; tiny problems are proved.

Deadlines and demands are where that happens: price steps converge slowly there, and moves of single users get stuck.
"""

import logging
import math

import numpy as np

from twinhop.placement.branching import CLOSED, VALUE_MARGIN
from twinhop.placement.budget import WIDE, Budget, SubBudget
from twinhop.placement.certificate import Certificate, Prices, certify_parts, charges
from twinhop.placement.decision import Ending
from twinhop.placement.enumeration import optimum
from twinhop.placement.mip import MipStatus
from twinhop.placement.price_ascent import PriceAscent
from twinhop.placement.prices import ascend, by_station, make_price_state
from twinhop.placement.search import Search
from twinhop.placement.tangent_model import TangentModel

logger = logging.getLogger(__name__)

#: Branch and cut ends once its bound is within this share of it.
ENOUGH = 0.9
#: Models of more arcs than this are not given to the LP, or to branch and cut.
LP_ARCS, MIP_ARCS = 40_000, 10_000
#: Branches looked at before branch and cut, which then has so long [s] in so many rounds with further tangents.
FIRST_LOOKS, MIP_S, ROUNDS = 100, 7.0, 8
#: A round of it ends once its own gap is this share of a wide one.
MIP_GAP = 0.5


def is_wide(search: Search, certificate: Certificate) -> bool:
    """Whether a plan is known whose gap is wide."""
    bound = certificate.lower_bound
    return search.feasible and not search.unscaled(search.cost) <= (1 + WIDE) * bound


def narrow_gap(search: Search, ascent: PriceAscent, certificate: Certificate, patience_s: float) -> Certificate:
    """Go on until the gap is no longer wide, the time is spent, or nothing is left to try.

    Args:
        search: with a feasible plan; its budget is replaced.
        ascent: the prices so far.
        certificate: the bound so far.
        patience_s: time for it, from the start of the whole solve on [s].

    Returns:
        The best certificate, by prices where one is good enough.
    """
    whole = search.budget
    clock = SubBudget(patience_s - whole.elapsed_s(), WIDE, whole.on_progress, whole=whole)
    search.budget = clock
    if not clock.exhausted():
        certificate = _narrow(search, ascent, certificate)
    search.budget = whole
    return certificate


def by_enumeration(search: Search, certificate: Certificate) -> Certificate:
    """The optimum of a tiny problem, and the bound that no plan costs less."""
    cost, host = optimum(search.problem)
    search.offer(host)
    proved = search.unscaled(min(cost, search.cost) * (1 - VALUE_MARGIN))
    return max(certificate, Certificate("branch-and-bound", certificate.parts, proved), key=_bound)


def with_smaller_prices(search: Search, certificate: Certificate) -> Certificate:
    """The certificate at prices of users that are at most what a station asks where all are on it, if it is better.

    Larger ones prove no more, and their digits are lost: the bound is lowered by a share of all magnitudes in it.
    """
    problem = search.problem
    crowded = 2 * problem.root_work.sum() / np.where(problem.capacity > 0, problem.cpu, np.inf)
    asked = problem.comm_s + charges(problem, np.arange(problem.stations), crowded) + problem.scaled_opening
    most = np.where(problem.allowed, asked, np.inf).min(axis=1)
    arcs, free = by_station(search.instance), np.where(problem.capacity > 0, 0, -1)
    smaller: dict[int, Prices] = {}
    for prices in (each.prices for each in certificate.parts):
        if id(prices) not in smaller:
            state = make_price_state(np.minimum(prices.price, most), prices.congestion)
            ascend(search.instance, arcs, state, free, problem.least_open, problem.stations, search.cost, 1)
            demand_price = None if prices.demand_price is None else state.best_mu
            smaller[id(prices)] = Prices(state.best_price, state.best_theta, state.best_nu, demand_price)
    trimmed = certify_parts(problem, [(each.part, smaller[id(each.prices)]) for each in certificate.parts])
    return max(certificate, trimmed, key=_bound)


def ending(search: Search, certificate: Certificate, budget: Budget) -> Ending:
    """What ended a solve that its time limit or the user did not."""
    cost, bound = search.unscaled(search.cost), certificate.lower_bound
    if search.feasible and cost - bound <= CLOSED * abs(cost):
        return Ending.PROVEN
    wanted = WIDE if budget.gap is None else budget.gap
    if search.feasible and cost <= (1 + wanted + CLOSED) * bound:
        return Ending.GAP
    return Ending.SECONDS if budget.gap is None and budget.elapsed_s() >= budget.patience_s else Ending.EXHAUSTED


def _narrow(search: Search, ascent: PriceAscent, certificate: Certificate) -> Certificate:
    problem = search.problem
    limited = problem.has_deadlines or problem.has_demand
    by_lp = _lp_ascent(search) if limited and problem.allowed.sum() <= LP_ARCS else None
    if by_lp is not None and by_lp.bound > ascent.bound:
        ascent = by_lp
        search.improve(ascent.undecided())
    best = max(certificate, ascent.certificate(), key=_bound)
    best = _branched(search, ascent, best, FIRST_LOOKS)
    if problem.allowed.sum() <= MIP_ARCS and _goes_on(search, best):
        best = _branch_and_cut(search, best)
    if _goes_on(search, best):
        best = _branched(search, ascent, best, math.inf)
    if _goes_on(search, best):
        search.improve(ascent.undecided(), ascent.undecided_pairs())
    return best


def _goes_on(search: Search, certificate: Certificate) -> bool:
    return is_wide(search, certificate) and not search.budget.exhausted()


def _branched(search: Search, ascent: PriceAscent, certificate: Certificate, looks: float) -> Certificate:
    """The best certificate once so many branches were looked at."""
    tree = ascent.branches()
    tree.run(True, looks)
    return max(certificate, tree.certificate(certificate), key=_bound)


def _bound(certificate: Certificate) -> float:
    return certificate.lower_bound


def _lp_ascent(search: Search) -> PriceAscent | None:
    """Prices raised from the duals of the LP relaxation; None where that was not solved."""
    model = TangentModel(search.problem, search.cost, 0.0)
    model.add_tangents(search.placement())
    prices = model.lp_prices(search.budget)
    if prices is None:
        return None
    ascent = PriceAscent(search, prices=prices)
    ascent.run()
    return ascent


def _branch_and_cut(search: Search, certificate: Certificate) -> Certificate:
    """Rounds of branch and cut; their bound counts only where prices do not do."""
    clock, best = search.budget, certificate
    search.budget = SubBudget(MIP_S, WIDE, clock.on_progress, whole=clock)
    model = TangentModel(search.problem, search.cost, MIP_GAP * WIDE)
    model.add_tangents(search.placement())
    for _ in range(ROUNDS):
        status = model.solve(search, search.cost / (1 + ENOUGH * WIDE))
        best = max(best, model.certificate(), key=_bound)
        logger.info("branch and cut: bound %.6g, best plan %.6g", best.lower_bound, search.unscaled(search.cost))
        if status is not MipStatus.OPTIMAL or not is_wide(search, best):
            break
    search.budget = clock
    return best if is_wide(search, certificate) else certificate
