"""`lookahead`: every slot is planned for a window of slots to come."""

from __future__ import annotations

import numpy as np

from twinhop.migration.first_plan import hosts_of
from twinhop.migration.forecast import mean_forecast
from twinhop.migration.policy import PolicyKind
from twinhop.migration.predictor import PREDICTORS, Predictor, predictor_of
from twinhop.migration.run import MigrationRun
from twinhop.migration.situation import Situation
from twinhop.migration.slot_plan import plan_from
from twinhop.migration.window_paths import window_hosts
from twinhop.placement.policy import Setting
from twinhop.placement.problem import IntArray


class Lookahead:
    """Plans the window as if everybody moved now, if at all, and stayed to its end; then, maybe, as paths.

    With ``c_ihk`` the latency expected of user i on host k in the h-th of the H_i slots in which it is served, the slot
    is planned at ``mean_h c_ihk + m_ik / H_i``: what a move costs, m_ik, is spread over them. By `paths` that plan is
    where block-coordinate descent begins: each user in turn takes its cheapest path over slots and hosts at what it
    adds to the cost of all, until nobody changes, and the first step of the paths is the decision.
    """

    def __init__(self, predictor: Predictor, horizon: int, by_paths: bool) -> None:
        self._predictor, self._horizon, self._by_paths = predictor, horizon, by_paths

    def decide(self, situation: Situation) -> IntArray:
        """The plan of the window."""
        self._predictor.observe(situation)
        forecasts = list(self._predictor.forecast(situation, self._horizon))
        window = mean_forecast(situation, forecasts)
        problem = situation.problem_with(situation.move_cost_s / window.slots[:, None], window.comm_s)
        if (situation.before < 0).all():
            host = hosts_of(situation, problem)
        else:
            host = plan_from(problem, situation.before)
        return window_hosts(situation, forecasts, host) if self._by_paths else host


def lookahead(run: MigrationRun, rng: np.random.Generator, horizon: int, predict: str, method: str) -> Lookahead:
    """The policy for a run."""
    return Lookahead(predictor_of(predict, run), horizon, method == "paths")


KIND = PolicyKind(
    lookahead,
    "plans every slot for a window of predicted slots, the cost of moving spread over it",
    {
        "horizon": Setting(10, "slots of the window, the present one included", least=1),
        "predict": Setting("last", "what predicts the window", accepted=tuple(PREDICTORS)),
        "method": Setting(
            "static", "static: move now and stay; paths: a path over slots and hosts", accepted=("static", "paths")
        ),
    },
)
