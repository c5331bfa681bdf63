"""Scenario files, presets and importers, and the arrays that they describe."""

from twinhop.scenario.backhaul_graph import BackhaulGraph
from twinhop.scenario.csv_import import import_csv
from twinhop.scenario.dump import dump_scenario, save_preset, save_scenario
from twinhop.scenario.expand import expand
from twinhop.scenario.export import save_csv, save_geojson, scenario_features
from twinhop.scenario.family import FAMILY_FORM, family
from twinhop.scenario.geo import project, unproject
from twinhop.scenario.load import load_scenario, parse_scenario
from twinhop.scenario.presets import preset, preset_names
from twinhop.scenario.readings import Readings
from twinhop.scenario.schema import Scenario, json_schema
from twinhop.scenario.service_demand import ServiceDemand
from twinhop.scenario.streams import stream
from twinhop.scenario.summary import summary
from twinhop.scenario.world import CloudSite, RadioParameters, World, build_world

__all__ = [
    "FAMILY_FORM",
    "BackhaulGraph",
    "CloudSite",
    "RadioParameters",
    "Readings",
    "Scenario",
    "ServiceDemand",
    "World",
    "build_world",
    "dump_scenario",
    "expand",
    "family",
    "import_csv",
    "json_schema",
    "load_scenario",
    "parse_scenario",
    "preset",
    "preset_names",
    "project",
    "save_csv",
    "save_geojson",
    "save_preset",
    "save_scenario",
    "scenario_features",
    "stream",
    "summary",
    "unproject",
]
