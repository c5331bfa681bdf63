"""`replan`: a plan of the slot every so often, whatever it costs to get there."""

from __future__ import annotations

import numpy as np

from twinhop.migration.first_plan import first_plan
from twinhop.migration.policy import PolicyKind
from twinhop.migration.run import MigrationRun
from twinhop.migration.situation import Situation
from twinhop.migration.slot_plan import plan_from
from twinhop.placement.policy import Setting
from twinhop.placement.problem import IntArray


class Replan:
    """In slots 0, n, 2 n, ... the slot is planned without regard to moves; in between everybody stays."""

    def __init__(self, every: int) -> None:
        self._every = every

    def decide(self, situation: Situation) -> IntArray:
        """The plan of the slot, or where everybody was."""
        if (situation.before < 0).all():
            return first_plan(situation)
        is_due = situation.index % self._every == 0
        return plan_from(situation.problem, situation.before) if is_due else situation.before


def replan(run: MigrationRun, rng: np.random.Generator, every: int) -> Replan:
    """The policy for a run."""
    return Replan(every)


KIND = PolicyKind(
    replan,
    "plans every so many slots, moves left out, and stays in between",
    {"every": Setting(30, "slots from one plan to the next", least=1)},
)
