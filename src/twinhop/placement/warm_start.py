"""Solve a problem that is close to one solved before: from its hosts and its prices."""

from functools import partial

import numpy as np

from twinhop.kernels.opening import opened_stations
from twinhop.placement.budget import Budget
from twinhop.placement.certificate import Prices
from twinhop.placement.policies.lagrangian import finished, lagrangian
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


def continued(host: IntArray, prices: Prices | None) -> PlacementPolicy:
    """The policy `lagrangian` as it goes on from a plan and from prices that were carried over to the problem.

    It ends as soon as the gap asked for is reached, or `CLOSE_GAP` where none was: after a price step or two where
    little has changed. Where it is not, it goes through the steps of `lagrangian`.

    Args:
        host: (N,) hosts to begin from, `NOBODY` for who has none; who may not stay, or does not fit, is seated anew.
        prices: see `carried_prices`; None: those at which the stations of the plan just pay.

    Returns:
        A policy for `solve`, which raises `InfeasibleProblem` where there is a proof that nobody can be seated.
    """
    return PlacementPolicy("lagrangian", partial(_go_on, host, prices))


def _go_on(
    host: IntArray, prices: Prices | None, problem: PlacementProblem, rng: np.random.Generator, budget: Budget
) -> Decision:
    search = Search(problem, budget)
    search.try_association(np.where(problem.allowed[np.arange(problem.users), host], host, NOBODY))
    if not search.feasible:
        search.start()
    if search.feasible:
        search.move()
    wanted = CLOSE_GAP if budget.gap is None else budget.gap
    ascent = PriceAscent(search, prices=None if prices is None else (prices.price, prices.congestion))
    ascent.steps(1)
    if not ascent.closed(wanted):
        ascent.run(wanted)  # whatever the time: fewer steps from no prices prove next to nothing
    thorough = budget.gap is not None or problem.users <= FEW_USERS
    steps = [partial(_toggle, search, ascent), partial(_walk, search, ascent, rng)]
    for go_on in [*steps, partial(_improve, search, ascent)] if thorough else steps:
        if ascent.closed(wanted) or budget.exhausted():
            break
        go_on()
    if thorough and not ascent.closed(wanted):
        return finished(search, ascent, rng)
    certificate = ascent.certificate()
    if is_wide(search, certificate) and budget.patience_s and not budget.exhausted():
        certificate = narrow_gap(search, ascent, certificate, budget.patience_s)
    return Decision(search.placement(), certificate, ending(search, certificate, budget))


def _toggle(search: Search, ascent: PriceAscent) -> None:
    """Open or close the few stations of which the prices are least sure."""
    if search.open_or_close(ascent.undecided()[:TRIALS]):
        search.move()
        ascent.last_steps()


def _walk(search: Search, ascent: PriceAscent, rng: np.random.Generator) -> None:
    """Walk from the plan, and where that is not enough from one on the stations that the prices open instead."""
    seeds = rng.integers(2**31, size=2).tolist()
    search.anneal(seeds[0])
    if not ascent.closed():
        problem = search.problem
        free = np.zeros(problem.stations, np.int64)
        opened = opened_stations(ascent.reduced, free, problem.least_open, problem.stations)
        other = Search(problem, search.budget, search.instance)
        if (opened != search.used()).any() and other.try_set(opened, search.host):
            search.anneal(seeds[1], start=other.host)
    ascent.last_steps()


def _improve(search: Search, ascent: PriceAscent) -> None:
    """The local search of `lagrangian`."""
    pairs = [] if search.problem.has_demand else ascent.undecided_pairs()  # under demands a trial costs most
    search.improve(ascent.undecided(), pairs, with_swaps=search.problem.has_deadlines)
    ascent.last_steps()


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
