"""Which servers a plan opens and shuts, against the present; and a price for each."""

from dataclasses import replace

import numpy as np

from twinhop.placement.problem import BoolArray, PlacementProblem
from twinhop.plans.result import Present


def lasting(problem: PlacementProblem, present: Present) -> BoolArray:
    """(M,) stations that are open at present and may stay so."""
    return present.open & (problem.capacity > 0)


def forced_changes(problem: PlacementProblem, present: Present) -> int:
    """How many servers must be shut whatever is planned: their stations are no more, or host nothing any more."""
    return int((present.open & (problem.capacity == 0)).sum()) + len(present.closed_servers)


def least_changed(problem: PlacementProblem, present: Present, used: BoolArray, most: int | None) -> BoolArray | None:
    """The cheapest set of open stations that holds those in use and keeps to a limit on changes.

    Stations that are open at present and not in use are shut, the dearest first, as far as the limit goes.

    Args:
        problem: its opening costs.
        present: what is open.
        used: (M,) stations that host somebody.
        most: how many servers may change; None: any number.

    Returns:
        (M,) open stations, or None where too many would change.
    """
    if most is None:
        return used
    left = most - forced_changes(problem, present) - int((used & ~present.open).sum())
    if left < 0:
        return None
    idle = np.flatnonzero(lasting(problem, present) & ~used)
    idle = idle[np.argsort(-problem.opening_s[idle], kind="stable")]
    kept = used.copy()
    kept[idle[left:]] = True
    return kept


def with_server_prices(problem: PlacementProblem, present: Present, price_s: float) -> tuple[PlacementProblem, float]:
    r"""The problem in which each server that is opened or shut costs something.

    A change costs $\mu$: a station that is shut at present opens for $o_k + \mu$, and one that is open costs
    $(o_k - \mu) y_k + \mu$. Where $o_k < \mu$ it stays open whether it is used or not: its opening costs nothing in the
    problem, and $o_k$ is paid in any case.

    Args:
        problem: what is planned.
        present: what is open.
        price_s: $\mu \geq 0$, in the unit of ``opening_s``.

    Returns:
        The problem, and what is to be added to its cost. No plan of the given problem costs less, with ``beta mu``
        (where beta is 0, ``mu``) for each lasting server that changes, than the least of that sum.
    """
    if price_s == 0:
        return problem, 0.0
    if problem.beta == 0:
        problem = replace(problem, beta=1.0, opening_s=np.zeros(problem.stations), energy_j=None)
    lasts = lasting(problem, present)
    kept = problem.opening_s[lasts]
    opening_s = problem.opening_s + price_s
    opening_s[lasts] = np.maximum(kept - price_s, 0.0)
    paid = price_s * int(lasts.sum()) + float(np.minimum(kept - price_s, 0.0).sum())
    return replace(problem, opening_s=opening_s), problem.beta * paid
