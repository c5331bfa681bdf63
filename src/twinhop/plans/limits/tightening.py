"""What a limit on moves settles by itself: servers that cannot be emptied, and how many twins a host can have."""

from dataclasses import replace

import numpy as np

from twinhop.placement import PlacementProblem
from twinhop.plans.limits.limits import ROUNDING, Limits
from twinhop.plans.result import NOBODY, Present


def tightened(problem: PlacementProblem, present: Present, limits: Limits) -> tuple[PlacementProblem, float]:
    """A problem with the same plans within the limits, each at the same cost less a constant, whose bound is closer.

    Of more than K twins on a host some stay, as at most K move: its server stays open, and its opening is paid in any
    case. No host has more twins than it has now, and new users, and K; of rows that stand for many users, as many as
    the smallest that are K twins together.

    Args:
        problem: what is planned, without costs of moves.
        present: where the twins are.
        limits: how much may change.

    Returns:
        The problem, and what its plans within the limits cost more in the given one.
    """
    if limits.moves is None:
        return problem, 0.0
    stays, placed = present.may_stay(problem.allowed), present.host != NOBODY
    weight = np.ones(problem.users) if problem.weight is None else problem.weight
    twins = np.bincount(present.host[stays], weight[stays], minlength=problem.stations)
    kept = twins > limits.moves * (1 + ROUNDING)
    rows = np.bincount(present.host[stays], minlength=problem.stations)
    arriving = np.searchsorted(np.cumsum(np.sort(weight[placed])), limits.moves * (1 + ROUNDING), side="right")
    most = np.maximum(rows + int((~placed).sum()) + int(arriving), 1)
    paid = problem.beta * float(problem.opening_s[kept].sum())
    opening_s = np.where(kept, 0.0, problem.opening_s)
    return replace(problem, opening_s=opening_s, capacity=np.minimum(problem.capacity, most)), paid
