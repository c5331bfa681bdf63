"""`utility`: Algorithm 3 as it must have been meant: the best feasible opened host, moves paid, ties stay."""

from __future__ import annotations

import numpy as np

from twinhop.migration.first_plan import first_plan
from twinhop.migration.policy import PolicyKind
from twinhop.migration.run import MigrationRun
from twinhop.migration.situation import Situation
from twinhop.migration.utility_loop import best_hosts, choice_of
from twinhop.placement.policy import Setting
from twinhop.placement.problem import IntArray


class Utility:
    """Readings 12 and 22, sound: each user in order takes the opened host with room of greatest utility (Eq. 20).

    ``U_ik = beta_u exp((tau_i - T_ik - m_ik / h) / tau_0) - (1 - beta_u) (E_i + e_ik / h)``: what a move costs, m_ik
    seconds and e_ik joule, counts as latency and energy of the slots over which it is spread, h. A twin moves where
    that betters the utility of staying by more than the margin.
    """

    def __init__(self, margin: float, horizon: int) -> None:
        self._margin, self._horizon = margin, horizon

    def decide(self, situation: Situation) -> IntArray:
        """The hosts."""
        if (situation.before < 0).all():
            return first_plan(situation)
        return best_hosts(choice_of(situation, self._horizon), self._margin)


def utility(run: MigrationRun, rng: np.random.Generator, margin: float, horizon: int) -> Utility:
    """The policy for a run."""
    return Utility(margin, horizon)


KIND = PolicyKind(
    utility,
    "moves each twin to the feasible opened host of greatest utility, less the move (Alg. 3, sound)",
    {
        "margin": Setting(0.05, "how much more utility a move must bring [1]"),
        "horizon": Setting(30, "slots over which the cost of a move is spread", least=1),
    },
)
