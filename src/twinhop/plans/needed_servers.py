"""What doing without each opened server costs at least, by the prices of a plan's certificate."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from twinhop.placement import Part, PlacementProblem, Solution
from twinhop.placement.certificate import OF_LIMITS, certify_parts
from twinhop.placement.problem import FloatArray, fewest_that_hold


def bound_without(solution: Solution) -> FloatArray | None:
    """Lower bounds on the plans that leave each opened server shut and keep the same deadlines.

    The parts of the certificate with the server shut in all of them hold all these plans, at least as many stations
    being open as hold everyone without it. Nothing is solved anew: with prices made for these plans the bound would be
    higher.

    Args:
        solution: of any policy.

    Returns:
        (M,) no feasible plan without station k costs less; infinite where there is none, NaN where it is not open. None
        without a certificate by prices, or with one on the plans of few moves or changes only.
    """
    certificate, problem = solution.certificate, solution.problem
    if certificate is None or certificate.method in OF_LIMITS or not certificate.parts:
        return None
    opened = np.flatnonzero(solution.placement.open & (problem.capacity > 0)).tolist()
    listed = [(k, each) for k in opened for each in certificate.parts if k not in each.part.opened]
    fewest = {k: _fewest_without(problem, k) for k in opened}
    parts = [(_shut(each.part, k, fewest[k]), each.prices) for k, each in listed]
    bounds = np.full(problem.stations, np.nan)
    bounds[opened] = math.inf
    for (k, _), priced in zip(listed, certify_parts(problem, parts, method=certificate.formula).parts, strict=True):
        bounds[k] = min(bounds[k], priced.lower_bound)
    return np.maximum(bounds, certificate.lower_bound)


def _shut(part: Part, k: int, fewest: int) -> Part:
    return replace(part, fewest=max(part.fewest, fewest), shut=tuple({*part.shut, k}))


def _fewest_without(problem: PlacementProblem, k: int) -> int:
    """The fewest stations that hold all users without station k, by seats and by demands."""
    others = np.arange(problem.stations) != k
    fewest = fewest_that_hold(np.minimum(problem.capacity, problem.users)[others], problem.users)
    if problem.demand is None:
        return fewest
    return max(fewest, fewest_that_hold(problem.demand_room[others], math.fsum(problem.demand)))
