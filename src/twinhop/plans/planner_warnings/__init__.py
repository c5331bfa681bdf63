"""Warnings that a planner needs, each with a code: what is odd, where, and what would mend it."""

from twinhop.plans.planner_warnings.binding import binding_warnings
from twinhop.plans.planner_warnings.reach import REACH_CODES, radio_latency_s
from twinhop.plans.planner_warnings.warning import PlannerWarning
from twinhop.plans.planner_warnings.world_warnings import FAULTS, world_warnings

__all__ = ["FAULTS", "REACH_CODES", "PlannerWarning", "binding_warnings", "radio_latency_s", "world_warnings"]
