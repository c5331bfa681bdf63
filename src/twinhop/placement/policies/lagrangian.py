"""Lagrangian prices: a certified lower bound, and a plan from the stations that the prices open."""

import numpy as np

from twinhop.placement.budget import Budget
from twinhop.placement.policy import Decision
from twinhop.placement.price_ascent import PriceAscent
from twinhop.placement.problem import PlacementProblem
from twinhop.placement.search import Search

#: Without a gap asked for, branching is worth its time only where so few numbers of stations are left.
FEW_BRANCHES = 4


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
        search.improve(ascent.undecided(), ascent.undecided_pairs(), with_swaps=problem.has_deadlines)
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
    return Decision(search.placement(), certificate)
