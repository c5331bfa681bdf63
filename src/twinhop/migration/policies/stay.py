"""`stay`: no twin ever moves, unless its host fails."""

from __future__ import annotations

import numpy as np

from twinhop.migration.first_plan import first_plan
from twinhop.migration.policy import PolicyKind
from twinhop.migration.run import MigrationRun
from twinhop.migration.situation import Situation
from twinhop.placement.problem import IntArray


class Stay:
    """Slot 0 is planned; from then on everybody stays, and newcomers take the host that costs least for them."""

    def decide(self, situation: Situation) -> IntArray:
        """Where everybody was, or the plan of the first slot."""
        return first_plan(situation) if (situation.before < 0).all() else situation.before


def stay(run: MigrationRun, rng: np.random.Generator) -> Stay:
    """The policy for a run."""
    return Stay()


KIND = PolicyKind(stay, "plans the first slot, then never moves a twin unless its host fails", {})
