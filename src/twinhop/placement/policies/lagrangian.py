"""Lagrangian prices: a certified lower bound, and a plan from the stations that the prices open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import ClassVar

import numpy as np

from twinhop.compile_time import loading
from twinhop.errors import InputError
from twinhop.own_code import LONGEST_NAME
from twinhop.placement.branching import CLOSED
from twinhop.placement.budget import Budget
from twinhop.placement.certificate import Certificate
from twinhop.placement.decision import Ending
from twinhop.placement.enumeration import is_tiny
from twinhop.placement.given_plan import take_up
from twinhop.placement.policy import Decision, PlacementPolicy, Setting, placement_policy
from twinhop.placement.price_ascent import PriceAscent
from twinhop.placement.problem import PlacementProblem
from twinhop.placement.search import Search
from twinhop.placement.wide_gap import by_enumeration, ending, is_wide, narrow_gap, with_smaller_prices

#: Without a gap asked for, branching is worth its time only where so few numbers of stations are left.
FEW_BRANCHES = 4

#: Under demands so many pairs of stations are interchanged that all trials together look at so many arcs.
INTERCHANGED_ARCS = 300_000


#: The weights that the solver starts from where its time is no longer than this [s]; with more nothing is gained.
START, SHORT_S = "maddpg", 1.0
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
        else:
            take_up(search, _found(first).decide(problem, rng.spawn(1)[0], budget).placement.host)
        return _solved(search, rng)

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


def _solved(search: Search, rng: np.random.Generator) -> Decision:
    """The answer from a first plan on.

    Args:
        search: with a first plan.
        rng: of the annealing walks.
    """
    problem, budget = search.problem, search.budget
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
