"""The terms of a plan's cost in money, for tables."""

from typing import Any

import numpy as np

from twinhop.plans.result import Plan
from twinhop.text import counted
from twinhop.units import cost_number


def money_terms(plan: Plan) -> list[tuple[str, str]]:
    """What latency, rents and energy cost a month, in words; nothing where the cost is in seconds."""
    problem, evaluation = plan.case.problem, plan.evaluation
    if not problem.currency:
        return []
    servers = counted(int(plan.solution.placement.open.sum()), "server")
    terms = [("latency", problem.alpha * evaluation.latency_s)]
    if plan.services is not None:
        terms.append(("latency of services", problem.alpha * plan.services.latency_s))
    if evaluation.late is not None:
        missed = counted(int(evaluation.late.sum()), "missed deadline")
        terms.append((missed, problem.alpha * evaluation.missed_s))
    terms += [(f"rent of {servers}", problem.beta * evaluation.opening_s)]
    terms += [("energy, weighted", problem.beta * evaluation.energy_j)]
    return [(f"of it {name}", cost_number(float(value), problem.money_unit)) for name, value in terms]


def terms_to_json(plan: Plan) -> dict[str, Any]:
    """The same as plain values; nothing where the cost is in seconds."""
    problem, evaluation = plan.case.problem, plan.evaluation
    if not problem.currency:
        return {}
    missed = {} if evaluation.late is None else {"missed_users": np.flatnonzero(evaluation.late).tolist()}
    return {"terms_in_money": {name.replace(" ", "_"): value for name, value in money_values(plan).items()}, **missed}


def money_values(plan: Plan) -> dict[str, float]:
    """What latency, missed deadlines, rents and energy cost a month, by name; nothing where the cost is in seconds."""
    problem, evaluation = plan.case.problem, plan.evaluation
    if not problem.currency:
        return {}
    latency = evaluation.latency_s + (0.0 if plan.services is None else plan.services.latency_s)
    terms = {
        "latency": problem.alpha * latency,
        **({} if evaluation.late is None else {"missed deadlines": problem.alpha * evaluation.missed_s}),
        "rent": problem.beta * evaluation.opening_s,
        "energy": problem.beta * evaluation.energy_j,
    }
    return {name: float(value) for name, value in terms.items()}
