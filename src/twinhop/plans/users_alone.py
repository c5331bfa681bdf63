"""Questions about users' twins alone: the services of a scenario are left out, and that is said."""

import warnings
from dataclasses import replace

from twinhop.errors import ServicesLeftOutWarning
from twinhop.placement import evaluate
from twinhop.plans.result import Case, Plan


def users_alone(case: Case, what: str) -> Case:
    """The case without its services.

    Args:
        case: of a scenario or problem.
        what: what looks at the users' twins alone, for the warning that services are left out.
    """
    if case.world is None or not case.world.services:
        return case
    warnings.warn(
        f"{case.name}: {what} looks at the twins of users alone; the services are left out",
        ServicesLeftOutWarning,
        stacklevel=3,
    )
    return replace(case, world=replace(case.world, services=()))


def plan_of_users_alone(plan: Plan, what: str) -> Plan:
    """The plan without its services, each twin where it is; see `users_alone`."""
    if plan.services is None:
        return plan
    evaluation = evaluate(plan.solution.problem, plan.solution.placement)
    solution = replace(plan.solution, evaluation=evaluation)
    return replace(plan, case=users_alone(plan.case, what), solution=solution, services=None)
