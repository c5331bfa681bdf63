"""Lagrangian prices: a certified lower bound, and a plan from the stations that the prices open."""

import numpy as np

from twinhop.placement.branching import CLOSED
from twinhop.placement.budget import Budget
from twinhop.placement.certificate import Certificate
from twinhop.placement.decision import Ending
from twinhop.placement.enumeration import is_tiny
from twinhop.placement.policy import Decision
from twinhop.placement.price_ascent import PriceAscent
from twinhop.placement.problem import PlacementProblem
from twinhop.placement.search import Search
from twinhop.placement.wide_gap import by_enumeration, ending, is_wide, narrow_gap, with_smaller_prices

#: Without a gap asked for, branching is worth its time only where so few numbers of stations are left.
FEW_BRANCHES = 4

#: Under demands so many pairs of stations are interchanged that all trials together look at so many arcs.
INTERCHANGED_ARCS = 300_000


def lagrangian(problem: PlacementProblem, rng: np.random.Generator, budget: Budget) -> Decision:
    """Prices by deflected subgradient ascent, plans from the priced open sets, local search, certificate.

    The relaxation gives every user a price; each station takes the users worth most to it and opens if they pay for
    it. With the cut ``m >= ceil(N / N_k)`` at least that many stations open. Stations whose state the bound decides
    (reduced-cost fixing) are not toggled by the local search.
    """
    search = Search(problem, budget)
    search.start()
    ascent = PriceAscent(search)
    ascent.run()
    if not ascent.closed():
        pairs = ascent.undecided_pairs()
        if problem.has_demand:  # a trial costs most there
            pairs = pairs[: INTERCHANGED_ARCS // int(problem.allowed.sum())]
        search.improve(ascent.undecided(), pairs, with_swaps=problem.has_deadlines)
        search.anneal(int(rng.integers(2**31)))
        ascent.last_steps()
    certificate = ascent.certificate()
    if search.feasible and not ascent.closed() and not budget.exhausted():
        deep = budget.gap is not None
        if deep:
            search.anneal_often(int(rng.integers(2**31)), lambda: ascent.closed())
        tree = ascent.branches()
        if deep or len(tree) <= FEW_BRANCHES:
            tree.run(deep)
            certificate = tree.certificate(certificate)
    if search.feasible and not budget.exhausted():
        certificate = _further(search, ascent, certificate)
    return Decision(search.placement(), certificate, ending(search, certificate, budget))


def _further(search: Search, ascent: PriceAscent, certificate: Certificate) -> Certificate:
    """The proof of a tiny problem; and where no gap was asked for and it is wide, what narrows it."""
    patience_s = search.budget.patience_s
    if ending(search, certificate, search.budget) is Ending.PROVEN or not patience_s:
        return certificate
    if is_tiny(search.problem):
        return by_enumeration(search, certificate) if _is_short(search, certificate) else certificate
    if search.budget.gap is None:
        return narrow_gap(search, ascent, certificate, patience_s) if is_wide(search, certificate) else certificate
    is_rounded = certificate.method == "prices" and _is_short(search, certificate)
    return with_smaller_prices(search, certificate) if is_rounded else certificate


def _is_short(search: Search, certificate: Certificate) -> bool:
    """Whether what was asked for is missed: the proof where nothing was asked for."""
    wanted = search.budget.gap
    return wanted is None or search.unscaled(search.cost) > (1 + max(wanted, CLOSED)) * certificate.lower_bound
