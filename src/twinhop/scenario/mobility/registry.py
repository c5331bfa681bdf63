"""Every mobility model, by the name that scenario files give as its `kind`."""

from __future__ import annotations

from twinhop.scenario.mobility.gauss_markov import GaussMarkov
from twinhop.scenario.mobility.hot_spots import HotSpotAttraction
from twinhop.scenario.mobility.manhattan import Manhattan
from twinhop.scenario.mobility.model import MobilityModel
from twinhop.scenario.mobility.random_waypoint import RandomWaypoint
from twinhop.scenario.mobility.static import Static

MOBILITY_MODELS: dict[str, type[MobilityModel]] = {
    "static": Static,
    "random_waypoint": RandomWaypoint,
    "gauss_markov": GaussMarkov,
    "manhattan": Manhattan,
    "hot_spots": HotSpotAttraction,
}
