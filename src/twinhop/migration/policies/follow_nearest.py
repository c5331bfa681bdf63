"""`follow_nearest`: every twin on the host nearest to its user, the next nearest with room."""

from __future__ import annotations

import numpy as np

from twinhop.migration.policy import PolicyKind
from twinhop.migration.run import MigrationRun
from twinhop.migration.situation import Situation
from twinhop.migration.slot_loop import nearest_with_room
from twinhop.placement.problem import IntArray


class FollowNearest:
    """Users in their order take the nearest host in metres that is up and has room; a cloud comes last."""

    def decide(self, situation: Situation) -> IntArray:
        """The nearest hosts."""
        hosts = situation.hosts
        xy_m = hosts.xy_m[: hosts.stations]
        return nearest_with_room(situation.slot.xy_m[situation.users], xy_m, situation.capacity)


def follow_nearest(run: MigrationRun, rng: np.random.Generator) -> FollowNearest:
    """The policy for a run."""
    return FollowNearest()


KIND = PolicyKind(follow_nearest, "keeps every twin on the host nearest to its user", {})
