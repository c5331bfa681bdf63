"""`replan`: a plan of the slot every so often, whatever it costs to get there."""

from __future__ import annotations

import numpy as np

from twinhop.migration.policy import PolicyKind
from twinhop.migration.run import MigrationRun
from twinhop.migration.situation import Situation
from twinhop.placement import InfeasibleProblem, Planner
from twinhop.placement.policy import Setting
from twinhop.placement.problem import IntArray

#: Moves that together are worth less than this share of the cost of a slot are not made.
WORTH_NOTHING = 0.003


class Replan:
    """In slots 0, n, 2 n, ... the slot is planned without regard to moves; in between everybody stays.

    A `Planner` keeps the prices from one plan to the next, which begins where the twins are. Where the gap is small
    anyway, moves that save least are left out.
    """

    def __init__(self, every: int) -> None:
        self._every = every
        self._planner: Planner | None = None

    def decide(self, situation: Situation) -> IntArray:
        """The plan of the slot, or where everybody was."""
        if (situation.before < 0).all():
            return self._plan(situation, None)
        return self._plan(situation, situation.before) if situation.index % self._every == 0 else situation.before

    def _plan(self, situation: Situation, before: IntArray | None) -> IntArray:
        """(n,) hosts; where everybody is, if no plan keeps the limits of the slot."""
        problem = situation.problem
        if self._planner is None:
            self._planner = Planner(problem)
        try:
            plan = self._planner.replan(problem, host=before, fewer_moves_within=WORTH_NOTHING, patience_s=0)
        except InfeasibleProblem:
            return situation.before
        return plan.host if plan.is_in_force or before is None else before


def replan(run: MigrationRun, rng: np.random.Generator, every: int) -> Replan:
    """The policy for a run."""
    return Replan(every)


KIND = PolicyKind(
    replan,
    "plans every so many slots, moves left out, and stays in between",
    {"every": Setting(30, "slots from one plan to the next", least=1)},
)
