"""Scenario files, presets and importers, and the arrays that they describe."""

from twinhop.scenario.family import family
from twinhop.scenario.load import load_scenario, parse_scenario
from twinhop.scenario.physics_sections import Readings
from twinhop.scenario.presets import preset, preset_names
from twinhop.scenario.schema import Scenario, json_schema
from twinhop.scenario.streams import stream
from twinhop.scenario.world import CloudSite, RadioParameters, World, build_world

__all__ = [
    "CloudSite",
    "RadioParameters",
    "Readings",
    "Scenario",
    "World",
    "build_world",
    "family",
    "json_schema",
    "load_scenario",
    "parse_scenario",
    "preset",
    "preset_names",
    "stream",
]
