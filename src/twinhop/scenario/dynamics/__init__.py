"""Worlds that change as time goes, slot by slot."""

from twinhop.scenario.dynamics.slot import Slot
from twinhop.scenario.dynamics.world_run import WorldRun

__all__ = ["Slot", "WorldRun"]
