"""Solve a problem that is close to one solved before: from its hosts and its prices."""

from functools import partial

import numpy as np

from twinhop.placement.budget import Budget
from twinhop.placement.certificate import Prices
from twinhop.placement.policies.lagrangian import lagrangian
from twinhop.placement.policy import Decision, PlacementPolicy
from twinhop.placement.price_ascent import PriceAscent
from twinhop.placement.problem import IntArray, PlacementProblem
from twinhop.placement.search import Search
from twinhop.placement.station_load import NOBODY
from twinhop.placement.wide_gap import ending, is_wide, narrow_gap

#: Up to so many users a solve from nothing costs little, and finds more than one from the plan before.
FEW_USERS = 400
#: With more, prices are raised until the gap is this: that of a good plan is no smaller.
CLOSE_GAP = 3e-4
#: Then so many stations are opened or closed on trial, those of which the prices are least sure first.
TRIALS = 6


def nearby(host: IntArray, prices: Prices | None) -> PlacementPolicy:
    """The policy `lagrangian` as it goes on from a plan of a problem that differs in little.

    Args:
        host: (N,) hosts of that plan; users who may not stay there, and who do not fit, are seated anew.
        prices: of its certificate; None: those at which its stations just pay.

    Returns:
        A policy for `solve`, which raises `InfeasibleProblem` where there is a proof that nobody can be seated.
    """
    return PlacementPolicy("lagrangian", partial(_decide, host, prices))


def _decide(
    host: IntArray, prices: Prices | None, problem: PlacementProblem, rng: np.random.Generator, budget: Budget
) -> Decision:
    search = Search(problem, budget)
    begin = np.where(problem.allowed[np.arange(problem.users), host], host, NOBODY)
    search.try_association(begin)
    if problem.users <= FEW_USERS:
        return _afresh(search, rng)
    if not search.feasible:
        search.start()
    ascent = PriceAscent(search, prices=None if prices is None else (prices.price, prices.congestion))
    ascent.run(CLOSE_GAP)
    if not ascent.closed(CLOSE_GAP):
        search.move()
        if search.open_or_close(ascent.undecided()[:TRIALS]):
            search.move()
        ascent.last_steps()
    certificate = ascent.certificate()
    if is_wide(search, certificate) and budget.patience_s and not budget.exhausted():
        certificate = narrow_gap(search, ascent, certificate, budget.patience_s)
    return Decision(search.placement(), certificate, ending(search, certificate, budget))


def _afresh(search: Search, rng: np.random.Generator) -> Decision:
    """The better of a plan made from nothing and of the search's own, improved by moves."""
    decision = lagrangian(search.problem, rng, search.budget)
    if search.feasible:
        search.move()
    if not search.offer(decision.placement.host) and search.feasible and decision.certificate is not None:
        return Decision(search.placement(), decision.certificate, ending(search, decision.certificate, search.budget))
    return decision
