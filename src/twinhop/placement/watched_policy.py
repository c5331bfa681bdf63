"""A placement policy of the user's own in another process, which is ended where it goes on beyond its limit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from twinhop.own_watch import call_policy
from twinhop.placement.budget import Budget
from twinhop.placement.decision import Decision
from twinhop.placement.own_policy import OwnPolicy
from twinhop.placement.policy import PlacementPolicy
from twinhop.placement.problem import PlacementProblem
from twinhop.processes import deciding
from twinhop.processes.serving import send_note


def watched_decision(
    policy: PlacementPolicy, seed: int, problem: PlacementProblem, rng: np.random.Generator, budget: Budget
) -> tuple[Decision, float]:
    """What a policy decides elsewhere, and how long it took [s].

    Raises:
        PolicyFailed: it gave no answer in time, raised, or returned what is no placement.
    """
    return call_policy(
        policy.name,
        _decide,
        policy,
        seed,
        problem,
        rng,
        (budget.time_limit_s, budget.gap, budget.patience_s),
        limit_s=budget.time_limit_s,
        is_interrupted=lambda: budget.interrupted,
        on_note=lambda note: budget.report(*note),
    )


def _decide(
    policy: PlacementPolicy,
    seed: int,
    problem: PlacementProblem,
    rng: np.random.Generator,
    limits: tuple[float, float | None, float],
) -> tuple[Decision, float]:
    """In the worker: decide."""
    assert isinstance(policy.decide, OwnPolicy)
    time_limit_s, gap, patience_s = limits
    policy.require(problem)  # what an agent needs is compiled before its time runs
    budget = Budget(time_limit_s, gap, lambda cost, bound: send_note((cost, bound)), patience_s=patience_s)
    with budget.catch_interrupt(), deciding():
        decision = replace(policy.decide, seed=seed)(problem, rng, budget)
        return decision, budget.elapsed_s()
