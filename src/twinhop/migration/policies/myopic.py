"""`myopic`: the best plan of the slot alone, moves counted in full."""

from __future__ import annotations

import numpy as np

from twinhop.migration.first_plan import first_plan
from twinhop.migration.policy import PolicyKind
from twinhop.migration.run import MigrationRun
from twinhop.migration.situation import Situation
from twinhop.migration.slot_plan import plan_from
from twinhop.placement.problem import IntArray


class Myopic:
    """Plans every slot at latency plus the cost of moving from the present hosts, as if no slot followed."""

    def decide(self, situation: Situation) -> IntArray:
        """The plan."""
        if (situation.before < 0).all():
            return first_plan(situation)
        return plan_from(situation.problem_with(situation.move_cost_s), situation.before)


def myopic(run: MigrationRun, rng: np.random.Generator) -> Myopic:
    """The policy for a run."""
    return Myopic()


KIND = PolicyKind(myopic, "plans every slot with the full cost of moving, as if no slot followed", {})
