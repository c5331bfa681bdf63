"""Scenarios from the files of other projects."""

from twinhop.scenario.importers.eua import import_eua as import_eua
from twinhop.scenario.importers.geojson import import_geojson as import_geojson
from twinhop.scenario.importers.ifogsim import import_ifogsim as import_ifogsim
from twinhop.scenario.importers.sf_cells import import_sf_cells as import_sf_cells
from twinhop.scenario.importers.sf_taxis import save_sf_taxis as save_sf_taxis
