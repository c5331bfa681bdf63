"""Scenario files, presets and importers, and the arrays that they describe."""

from twinhop.scenario.city import city
from twinhop.scenario.files.csv_import import csv_city, import_csv
from twinhop.scenario.files.dump import dump_scenario, save_preset, save_scenario
from twinhop.scenario.files.expand import expand
from twinhop.scenario.files.export import save_csv, save_geojson, save_xlsx, scenario_features
from twinhop.scenario.files.load import load_scenario, parse_scenario
from twinhop.scenario.geo import project, unproject
from twinhop.scenario.landscape import generate_region
from twinhop.scenario.presets.family import FAMILY_FORM, family
from twinhop.scenario.presets.presets import preset, preset_names
from twinhop.scenario.schema.readings import Readings
from twinhop.scenario.schema.scenario import Scenario, json_schema
from twinhop.scenario.world.backhaul_graph import BackhaulGraph
from twinhop.scenario.world.service_demand import ServiceDemand
from twinhop.scenario.world.summary import summary
from twinhop.scenario.world.world import CloudSite, RadioParameters, World, build_world

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
    "city",
    "csv_city",
    "dump_scenario",
    "expand",
    "family",
    "generate_region",
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
    "save_xlsx",
    "scenario_features",
    "summary",
    "unproject",
]
