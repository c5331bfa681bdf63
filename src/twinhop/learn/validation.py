"""How a policy does while it learns: on slots kept for that, against certified bounds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from twinhop.env.core import Observation, Params
from twinhop.env.problems import problem_of
from twinhop.inference.policy import hosts_cost
from twinhop.learn.episodes import act, episodes_of, nearest_of_all
from twinhop.learn.learners import DecidingPolicy, Learner
from twinhop.placement import solve
from twinhop.placement.problem import IntArray

PERCENT = 100.0


class Validation:
    """Slots of evaluation, their bounds, and what weights make of them.

    Energy, which no placement changes, is left out of costs and bounds.

    Args:
        learner: decides; with load calibration where it has that.
        params: of the environment.
        instances: how many slots, each the first of an episode of its own.
        seed: of their worlds.
    """

    def __init__(self, learner: Learner, params: Params, instances: int, seed: int) -> None:
        self._learner, self._params = learner, params
        obs = episodes_of(nearest_of_all, None, params, seed, instances, 1).obs
        self._observations = [_slot(obs, at) for at in range(instances)]
        self._problems = [replace(problem_of(params, each), energy_j=None) for each in self._observations]
        self._bounds = np.array([solve(each).lower_bound for each in self._problems])

    def judge(self, weights: Any) -> dict[str, float]:
        """What weights reach: `cost`, the mean [s]; `gap_percent`, the mean gap to the bounds; `gap_percent_max`.

        Args:
            weights: of the learner's algorithm.
        """
        hosts = self._hosts(weights)
        costs = np.array([hosts_cost(problem, host) for problem, host in zip(self._problems, hosts, strict=True)])
        gaps = PERCENT * (costs / self._bounds - 1.0)
        return {"cost": float(costs.mean()), "gap_percent": float(gaps.mean()), "gap_percent_max": float(gaps.max())}

    def _hosts(self, weights: Any) -> list[IntArray]:
        policy, params = self._learner.policy, self._params
        if isinstance(policy, DecidingPolicy):
            decide = policy.decider(weights)
            return [decide(policy.prepared(params, obs)) for obs in self._observations]
        return [np.asarray(act(policy.act, weights, params, obs), np.int64) for obs in self._observations]


def _slot(obs: Observation, at: int) -> Observation:
    return Observation(*(np.asarray(array)[at, 0] for array in obs))
