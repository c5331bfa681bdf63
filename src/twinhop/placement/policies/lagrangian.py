"""Lagrangian prices: a certified lower bound, and a plan from the stations that the prices open."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache
from typing import ClassVar

import numpy as np

from twinhop.compile_time import loading
from twinhop.errors import InputError
from twinhop.own_code import LONGEST_NAME
from twinhop.placement.branching import CLOSED
from twinhop.placement.budget import WIDE, Budget, SubBudget
from twinhop.placement.certificate import PRICES, SOLVER_MARGIN, Certificate
from twinhop.placement.decision import Ending
from twinhop.placement.enumeration import is_tiny
from twinhop.placement.given_plan import take_up
from twinhop.placement.kernel_search import KernelSearch, binds
from twinhop.placement.policy import Decision, PlacementPolicy, Setting, placement_policy
from twinhop.placement.price_ascent import PriceAscent
from twinhop.placement.problem import FloatArray, PlacementProblem
from twinhop.placement.search import Search
from twinhop.placement.wide_gap import FIRST_LOOKS, by_enumeration, ending, is_wide, narrow_gap, with_smaller_prices

#: Without a gap asked for, branching is worth its time only where so few numbers of stations are left.
FEW_BRANCHES = 4

#: Where limits bind, and the patience is over already, they are looked at for so long [s].
MOMENT_S = 0.05
#: Problems of more arcs are left to prices and moves there, too.
LARGEST_ARCS = 2_000_000

#: The weights that the solver starts from where its time is no longer than this [s]; with more nothing is gained.
START, SHORT_S = "maddpg", 1.0
#: Policies whose prices are taken over with their plan: those of the others follow from the plan.
PRICING = ("primal_dual",)
#: Words for a start.
AUTOMATIC, NONE = "auto", "none"


@dataclass(frozen=True)
class Lagrangian:
    """Prices by deflected subgradient ascent, plans from the priced open sets, local search, certificate.

    The relaxation gives every user a price; each station takes the users worth most to it and opens if they pay for
    it. With the cut ``m >= ceil(N / N_k)`` at least that many stations open. Stations whose state the bound decides
    (reduced-cost fixing) are not toggled by the local search.

    Attributes:
        start: a placement policy whose plan the search begins with; ``none``; or ``auto``: learned weights where the
            time limit is a second or less, since prices from scratch prove little in so short a time.
    """

    start: str = AUTOMATIC
    settings: ClassVar = {
        "start": Setting(AUTOMATIC, "policy whose plan comes first, none, or auto: maddpg within a second or less")
    }

    def __call__(self, problem: PlacementProblem, rng: np.random.Generator, budget: Budget) -> Decision:
        """Decide: see `_solved`."""
        search = Search(problem, budget)
        first = self._first(budget)
        if first is None:
            search.start()
            return _solved(search, rng)
        known = _found(first).decide(problem, rng.spawn(1)[0], budget)
        take_up(search, known.placement.host)
        return _solved(search, rng, _prices_of(first, known.certificate))

    def _first(self, budget: Budget) -> str | None:
        """The policy whose plan comes first, or None."""
        if self.start == AUTOMATIC:
            return f"{START}:certify=0" if budget.time_limit_s <= SHORT_S else None
        return None if self.start == NONE else self.start

    def configured(self, settings: str) -> Lagrangian:
        """The solver with ``start=POLICY``; the policy may have settings of its own.

        Raises:
            InputError: another setting, or no such policy.
        """
        key, sign, value = settings.partition("=")
        if key != "start" or not sign:
            setting = repr(key[:LONGEST_NAME])
            raise InputError(f"policy: lagrangian has no setting {setting}; accepted: start=POLICY, start=none")
        return replace(self, start=accepted_start(value))


def accepted_start(value: str) -> str:
    """What the solver may start from, by its name.

    Raises:
        InputError: it is no placement policy, or one that starts from another itself.
    """
    if value in (AUTOMATIC, NONE):
        return value
    if value.partition(":")[0] == "lagrangian":
        raise InputError("start: got 'lagrangian'; expected another policy, none or auto")
    placement_policy(value)
    return value


@cache
def _found(name: str) -> PlacementPolicy:
    """The policy of a name, looked up once: entry points are read from disk."""
    with loading():
        return placement_policy(name)


lagrangian = Lagrangian()


def _prices_of(first: str, certificate: Certificate | None) -> tuple[FloatArray, FloatArray] | None:
    """The prices that a first plan came with, by which its bound is least; None where others are as good."""
    if first.partition(":")[0] not in PRICING or certificate is None or not certificate.parts:
        return None
    prices = min(certificate.parts, key=lambda part: part.lower_bound).prices
    return prices.price, prices.congestion


def _solved(search: Search, rng: np.random.Generator, prices: tuple[FloatArray, FloatArray] | None = None) -> Decision:
    """The answer from a first plan on.

    Args:
        search: with a first plan.
        rng: of the annealing walks.
        prices: of users and of congestion, to begin with; None: those of the plan.
    """
    problem = search.problem
    ascent = PriceAscent(search, prices=prices)
    ascent.run()
    if not ascent.closed() and not _is_bound_by_limits(search):
        pairs = [] if problem.has_demand else ascent.undecided_pairs()  # under demands a trial costs most
        search.improve(ascent.undecided(), pairs, with_swaps=problem.has_deadlines)
        search.anneal(int(rng.integers(2**31)))
        ascent.last_steps()
    return finished(search, ascent, rng)


def finished(search: Search, ascent: PriceAscent, rng: np.random.Generator) -> Decision:
    """The answer from a plan and prices on: walks and branches, as far as the budget asks for them.

    Args:
        search: with a plan that local search has improved.
        ascent: the prices, raised towards its cost.
        rng: of the annealing walks.
    """
    if _is_bound_by_limits(search):
        return _bound_by_limits(search, ascent, rng)
    budget = search.budget
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


def _is_bound_by_limits(search: Search) -> bool:
    """Whether demands or deadlines are most of a problem, or a gap is asked for; never of tiny and vast ones."""
    problem = search.problem
    if not search.feasible or not (problem.has_demand or problem.has_deadlines) or is_tiny(problem):
        return False
    return problem.allowed.sum() <= LARGEST_ARCS and (binds(search) or search.budget.gap is not None)


def _bound_by_limits(search: Search, ascent: PriceAscent, rng: np.random.Generator) -> Decision:
    """The answer where demands or deadlines bind, from prices and a first plan on.

    Without a gap asked for it ends once little more is gained and the gap is no longer wide, or after the patience.
    With one also by branching, as gaps below the tolerances of branch and cut are closed by prices alone.
    """
    whole, certificate = search.budget, ascent.certificate()
    wanted = whole.gap
    if wanted is None and not whole.patience_s:
        search.improve(ascent.undecided())
    elif not ascent.closed():
        certificate = _prepared(search, ascent, certificate)
        limit_s = math.inf if wanted is not None else max(whole.patience_s - whole.elapsed_s(), MOMENT_S)
        gap = WIDE if wanted is None else wanted
        search.budget = SubBudget(limit_s, gap, whole.on_progress, whole=whole)
        kernels = KernelSearch(search, ascent, certificate, gap, int(rng.integers(2**31)), looks=wanted is None)
        kernels.run()
        search.budget, certificate = whole, kernels.certificate
        is_proved = kernels.is_searched and (wanted or 0.0) >= SOLVER_MARGIN
        if wanted is not None and _is_short(search, certificate) and not is_proved and not whole.exhausted():
            tree = ascent.branches()
            tree.run(True)
            certificate = max(certificate, tree.certificate(certificate), key=lambda each: each.lower_bound)
    ascent.last_steps()
    by_ascent = ascent.certificate()
    if certificate.lower_bound - by_ascent.lower_bound <= search.least_gain * abs(by_ascent.lower_bound):
        certificate = by_ascent
    if wanted is not None and certificate.method == PRICES and _is_short(search, certificate) and not whole.exhausted():
        certificate = with_smaller_prices(search, certificate)
    return Decision(search.placement(), certificate, ending(search, certificate, whole))


def _prepared(search: Search, ascent: PriceAscent, certificate: Certificate) -> Certificate:
    """Where users have work, moves, swaps and some branching first, which go by prices alone."""
    if binds(search):
        return certificate
    search.improve(ascent.undecided())
    ascent.last_steps()
    certificate = max(certificate, ascent.certificate(), key=lambda each: each.lower_bound)
    if ascent.closed() or search.budget.exhausted():
        return certificate
    tree = ascent.branches()
    tree.run(True, FIRST_LOOKS)
    return tree.certificate(certificate)


def _further(search: Search, ascent: PriceAscent, certificate: Certificate) -> Certificate:
    """The proof of a tiny problem; and where no gap was asked for and it is wide, what narrows it."""
    patience_s = search.budget.patience_s
    if ending(search, certificate, search.budget) is Ending.PROVEN or not patience_s:
        return certificate
    if is_tiny(search.problem):
        return by_enumeration(search, certificate) if _is_short(search, certificate) else certificate
    if search.budget.gap is None:
        return narrow_gap(search, ascent, certificate, patience_s) if is_wide(search, certificate) else certificate
    is_rounded = certificate.method == PRICES and _is_short(search, certificate)
    return with_smaller_prices(search, certificate) if is_rounded else certificate


def _is_short(search: Search, certificate: Certificate) -> bool:
    """Whether what was asked for is missed: the proof where nothing was asked for."""
    wanted = search.budget.gap
    return wanted is None or search.unscaled(search.cost) > (1 + max(wanted, CLOSED)) * certificate.lower_bound
