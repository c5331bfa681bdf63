"""Capacities that bind in a plan, and what relaxing them is worth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from twinhop.placement import PlacementProblem
from twinhop.plans.planner_warnings.warning import PlannerWarning
from twinhop.plans.shadow_prices import StationWorth
from twinhop.text import counted
from twinhop.units import cost_in_words

BINDING = "capacity_binds"
#: Less than this part of the cost is not worth a warning [1].
WORTH_SAYING = 1e-4


def binding_warnings(problem: PlacementProblem, cost: float, worth: Sequence[StationWorth]) -> Iterator[PlannerWarning]:
    """The capacity of which one unit more is worth most, a warning for seats and one for demand.

    Args:
        problem: of the plan.
        cost: of the plan.
        worth: what more of each opened station is worth at most.
    """
    kinds = [
        ("seat", "capacity_users", [each.seat for each in worth]),
        ("unit of demand", "demand capacity", [each.demand_unit or 0.0 for each in worth]),
    ]
    if problem.weight is not None:  # seats are demands of the rows, and capacities in rows follow from them
        kinds = [("seat", "capacity_users", [each.demand_unit or 0.0 for each in worth])]
    for noun, remedy, values in kinds:
        said = [(value, each.station) for value, each in zip(values, worth, strict=True) if value > WORTH_SAYING * cost]
        if not said:
            continue
        most, station = max(said, key=lambda each: (each[0], -each[1]))
        others = len(said) - 1
        worth_in_words = cost_in_words(most, problem.money_unit, 4)
        more = f"; so do those of {counted(others, 'other server')}" if others else ""
        yield PlannerWarning(
            BINDING,
            f"the {remedy} of server {problem.station_name(station)} binds: one more {noun} there is worth at most "
            f"{worth_in_words} of the cost ({100 * most / cost:.2g} %){more}; raise it, or see what more would be "
            "worth",
        )
