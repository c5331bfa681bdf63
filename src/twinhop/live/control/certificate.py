"""The certified bound of one slot, from the prices of the slot before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twinhop.placement import InfeasibleProblem, PlacementProblem, solve
from twinhop.placement.certificate import Certificate, Prices
from twinhop.placement.problem import IntArray
from twinhop.placement.warm_start import nearby


@dataclass(frozen=True, eq=False)
class Proof:
    """A bound, and the plan that was found with it.

    Attributes:
        bound_s: no placement of the problem costs less; None where none keeps its limits [s].
        host: (n,) a good placement; None where there is none.
    """

    bound_s: float | None
    host: IntArray | None


class WarmPrices:
    """Prices of users and stations, kept by user from one slot to the next: any are valid, near ones prove more."""

    def __init__(self) -> None:
        self._price: dict[str, float] = {}
        self._congestion: np.ndarray | None = None

    def prove(self, problem: PlacementProblem, users: Sequence[str], start: IntArray, time_limit_s: float) -> Proof:
        """Bound a problem.

        Args:
            problem: of the slot, moves included.
            users: n names.
            start: (n,) hosts to begin from, -1: none.
            time_limit_s: after which the best bound and plan so far are given [s].
        """
        policy = nearby(start, self._prices(problem, users))
        try:
            solution = solve(problem, policy, time_limit_s=time_limit_s, patience_s=0)
        except InfeasibleProblem:
            return Proof(None, None)
        certificate = solution.certificate
        if certificate is None:
            return Proof(None, solution.placement.host)
        self._keep(users, certificate)
        bound = certificate.lower_bound
        return Proof(bound if math.isfinite(bound) else None, solution.placement.host)

    def _prices(self, problem: PlacementProblem, users: Sequence[str]) -> Prices | None:
        if self._congestion is None or not self._price:
            return None
        least = problem.comm_s.min(axis=1)
        known = np.array([self._price.get(user, math.nan) for user in users])
        margin = known - least
        fresh = least + (np.nanmedian(margin) if np.isfinite(margin).any() else 0.0)
        price = np.where(np.isfinite(known), known, fresh)
        return Prices(price, self._congestion, np.zeros(problem.stations))

    def _keep(self, users: Sequence[str], certificate: Certificate) -> None:
        prices = min(certificate.parts, key=lambda part: part.lower_bound).prices
        if len(prices.price) == len(users) and np.isfinite(prices.price).all():
            self._price = dict(zip(users, prices.price.tolist(), strict=True))
            self._congestion = prices.congestion
