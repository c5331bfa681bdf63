"""`maddpg` as a migration policy: learned weights propose where twins go, and those move for whom it pays (Alg. 3)."""

from __future__ import annotations

import numpy as np

from twinhop.inference.decide import Decider, Decode
from twinhop.inference.policy import SHIPPED, accepted_decode, decider_of, hosts_cost, learned_hosts
from twinhop.migration.first_plan import first_plan
from twinhop.migration.policy import PolicyKind
from twinhop.migration.run import MigrationRun
from twinhop.migration.situation import Situation
from twinhop.placement.policy import Setting
from twinhop.placement.problem import IntArray, PlacementProblem


class LearnedMigration:
    """In every slot the weights see the slot's problem with the cost of moves, spread over the slots to come.

    The price of a move is a part of the latency of every host but the present one, ``comm_ik + m_ik / h``: what the
    weights propose is a plan that counts moves. A twin moves where the plan of all is cheaper than staying, moves
    spread likewise; else everybody stays.
    """

    def __init__(self, path: str, decode: str, polish: int, horizon: int) -> None:
        self._decider = decider_of(path)
        self._decode: Decode = accepted_decode(decode)
        self._polish, self._horizon = polish, horizon

    def decide(self, situation: Situation) -> IntArray:
        """The hosts."""
        if (situation.before < 0).all():
            return first_plan(situation)
        problem = situation.problem_with(situation.move_cost_s / self._horizon)
        proposed = learned_hosts(self._decider_now(problem), problem, self._decode, self._polish)
        before = situation.before
        stays = (before >= 0).all() and np.isfinite(problem.comm_s[np.arange(len(before)), before]).all()
        if not stays or (np.bincount(before, minlength=problem.stations) > problem.capacity).any():
            return proposed
        return proposed if hosts_cost(problem, proposed) < hosts_cost(problem, before) else before

    def _decider_now(self, problem: PlacementProblem) -> Decider:
        """The weights that a slot is decided by."""
        return self._decider


def maddpg(
    run: MigrationRun, rng: np.random.Generator, path: str, decode: str, polish: int, horizon: int
) -> LearnedMigration:
    """The policy for a run."""
    return LearnedMigration(path, decode, polish, horizon)


KIND = PolicyKind(
    maddpg,
    "follows trained weights, the cost of moves in what they see, where that is cheaper than staying",
    {
        "path": Setting(SHIPPED, "checkpoint or run; also given as maddpg:PATH"),
        "decode": Setting("calibrated", "how scores become hosts", accepted=("calibrated", "argmax")),
        "polish": Setting(10, "best local moves after that"),
        "horizon": Setting(10, "slots over which the cost of a move is spread", least=1),
    },
)
