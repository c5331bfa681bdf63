"""What solvers and the paper's baselines make of the slots of evaluation, with bounds that nobody can beat."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from twinhop.placement import PlacementProblem, Solution, solve
from twinhop.studies.lu2021.setting import scenario_of
from twinhop.studies.lu2021.slots import problems_of, terms_of, timed_terms
from twinhop.studies.lu2021.terms import SLOTS
from twinhop.studies.lu2021.unit import Unit

BASELINES = ("random_association", "random", "nearest")
SOLVER = "lagrangian"
#: The solver where it minimises the time cost and nothing else: the least that a plan of Fig. 9 comes to.
TIME_SOLVER = "lagrangian, time alone"

#: Solutions by episode and slot.
Solved = list[list[Solution]]


def do_solvers(unit: Unit) -> dict[str, Any]:
    """The terms of every policy by slot, and bounds on system cost and time cost."""
    from twinhop.env.core import params_of
    from twinhop.learn.episodes import episodes_of, nearest_of_all

    params = params_of(scenario_of(unit.setting, unit.world_seed))
    rollout = episodes_of(nearest_of_all, None, params, unit.world_seed, unit.episodes, SLOTS)
    problems = problems_of(params, rollout.obs)
    solved_by = {policy: _solved(problems, policy, unit.world_seed) for policy in (*BASELINES, SOLVER)}
    of_time = _solved(
        [[replace(problem, beta=0.0) for problem in slots] for slots in problems], SOLVER, unit.world_seed
    )
    return {
        "policies": {
            **{policy: _judged(problems, solved) for policy, solved in solved_by.items()},
            TIME_SOLVER: _judged(problems, of_time),
        },
        "cost_bound": _bounds(solved_by[SOLVER]),
        "time_bound": _bounds(of_time),
    }


def _solved(problems: list[list[PlacementProblem]], policy: str, seed: int) -> Solved:
    return [
        [solve(problem, policy, seed=seed + SLOTS * episode + slot) for slot, problem in enumerate(slots)]
        for episode, slots in enumerate(problems)
    ]


def _judged(problems: list[list[PlacementProblem]], solved: Solved) -> dict[str, Any]:
    """What placements cost on the slots, whatever cost they were found for."""
    terms = [
        [terms_of(problem, each.placement) for problem, each in zip(*slots, strict=True)]
        for slots in zip(problems, solved, strict=True)
    ]
    seconds = [each.seconds for slots in solved for each in slots]
    return timed_terms(terms, seconds)


def _bounds(solved: Solved) -> list[float]:
    """(slots,) means over episodes of certified bounds [s]."""
    bounds = np.array([[each.lower_bound for each in slots] for slots in solved], float)
    return [float(f"{value:.7g}") for value in bounds.mean(axis=0)]
