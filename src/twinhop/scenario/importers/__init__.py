"""Scenarios from the files of other projects: `import_NAME` makes one, `NAME_city` also says what was understood."""

from twinhop.scenario.importers.eua import eua_city as eua_city
from twinhop.scenario.importers.eua import import_eua as import_eua
from twinhop.scenario.importers.geojson import geojson_city as geojson_city
from twinhop.scenario.importers.geojson import import_geojson as import_geojson
from twinhop.scenario.importers.ifogsim import ifogsim_city as ifogsim_city
from twinhop.scenario.importers.ifogsim import import_ifogsim as import_ifogsim
from twinhop.scenario.importers.sf_cells import import_sf_cells as import_sf_cells
from twinhop.scenario.importers.sf_cells import sf_city as sf_city
from twinhop.scenario.importers.sf_taxis import save_sf_taxis as save_sf_taxis
