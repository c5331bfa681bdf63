"""`lookahead`: every slot is planned for a window of slots to come."""

from __future__ import annotations

import numpy as np

from twinhop.migration.first_plan import hosts_of
from twinhop.migration.forecast import mean_forecast
from twinhop.migration.policy import PolicyKind, Setting
from twinhop.migration.predictor import PREDICTORS, Predictor, predictor_of
from twinhop.migration.run import MigrationRun
from twinhop.migration.situation import Situation
from twinhop.migration.slot_plan import plan_from
from twinhop.placement.problem import IntArray


class Lookahead:
    """Plans the window as if everybody moved now, if at all, and stayed to its end.

    With ``c_ihk`` the latency expected of user i on host k in the h-th of the slots H in which it is served, the slot is
    planned at ``mean_h c_ihk + m_ik / H_i``: what a move costs, m_ik, is spread over them.
    """

    def __init__(self, predictor: Predictor, horizon: int) -> None:
        self._predictor, self._horizon = predictor, horizon

    def decide(self, situation: Situation) -> IntArray:
        """The plan of the window."""
        self._predictor.observe(situation)
        window = mean_forecast(situation, self._predictor.forecast(situation, self._horizon))
        problem = situation.problem_with(situation.move_s / window.slots[:, None], window.comm_s)
        if (situation.before < 0).all():
            return hosts_of(situation, problem)
        return plan_from(problem, situation.before)


def lookahead(run: MigrationRun, rng: np.random.Generator, horizon: int, predict: str) -> Lookahead:
    """The policy for a run."""
    return Lookahead(predictor_of(predict, run), horizon)


KIND = PolicyKind(
    lookahead,
    "plans every slot for a window of predicted slots, the cost of moving spread over it",
    {
        "horizon": Setting(10, "slots of the window, the present one included", least=1),
        "predict": Setting("last", "what predicts the window", accepted=tuple(PREDICTORS)),
    },
)
