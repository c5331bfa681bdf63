"""The plan and the certified bound of one slot, from those of the slot before."""

from __future__ import annotations

import math
from dataclasses import dataclass

from twinhop.migration.situation import Situation
from twinhop.placement import InfeasibleProblem, Planner
from twinhop.placement.problem import IntArray


@dataclass(frozen=True, eq=False)
class Proof:
    """A bound, and the plan that was found with it.

    Attributes:
        bound_s: no placement of the slot costs less, what it takes to get there included; None where none keeps its
            limits [s].
        host: (n,) a good placement; None where there is none.
    """

    bound_s: float | None
    host: IntArray | None


class SlotPlanner:
    """Plans every slot from where the twins are, by a `Planner` that keeps its prices from slot to slot."""

    def __init__(self) -> None:
        self._planner: Planner | None = None

    def prove(self, situation: Situation, time_limit_s: float) -> Proof:
        """Plan and bound a slot in which moves cost what they cost.

        Args:
            situation: the slot, with the hosts before; its users are known by their names.
            time_limit_s: after which the best bound and plan so far are given [s].
        """
        problem = situation.problem
        planner = Planner(problem) if self._planner is None else self._planner
        try:
            plan = planner.replan(
                problem,
                host=situation.before,
                move_cost_s=situation.move_cost_s,
                time_limit_s=time_limit_s,
                patience_s=0,
            )
        except InfeasibleProblem:
            return Proof(None, None)
        self._planner = planner
        bound = math.inf if plan.certificate is None else plan.certificate.lower_bound
        return Proof(bound if math.isfinite(bound) else None, plan.host)
