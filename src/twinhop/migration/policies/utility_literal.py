"""`utility_literal`: Algorithm 3 as it is printed."""

from __future__ import annotations

import numpy as np

from twinhop.migration.first_plan import first_plan
from twinhop.migration.policy import PolicyKind
from twinhop.migration.run import MigrationRun
from twinhop.migration.situation import Situation
from twinhop.migration.utility_loop import choice_of, last_acceptable_hosts
from twinhop.placement.problem import IntArray


class UtilityLiteral:
    """Readings 12 and 22, literal: every acceptable opened host replaces the one before, so that the last one wins.

    Twin capacities are ignored; the simulator seats elsewhere whom there is no room for, and counts them.
    """

    def decide(self, situation: Situation) -> IntArray:
        """The hosts."""
        if (situation.before < 0).all():
            return first_plan(situation)
        return last_acceptable_hosts(choice_of(situation, 1))


def utility_literal(run: MigrationRun, rng: np.random.Generator) -> UtilityLiteral:
    """The policy for a run."""
    return UtilityLiteral()


KIND = PolicyKind(utility_literal, "moves each twin to the last opened host that is no worse (Alg. 3, literal)", {})
