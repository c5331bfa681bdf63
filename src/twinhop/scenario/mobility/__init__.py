"""How users move: mobility models, arrivals and departures, and the positions that they give."""

from twinhop.scenario.mobility.gauss_markov import GaussMarkov, next_gauss_markov
from twinhop.scenario.mobility.hot_spots import Attraction, HotSpotAttraction
from twinhop.scenario.mobility.manhattan import Manhattan
from twinhop.scenario.mobility.model import Draws, MobilityModel
from twinhop.scenario.mobility.positions import ModelPositions, Positions
from twinhop.scenario.mobility.presence import Churn, ChurningPositions, next_presence
from twinhop.scenario.mobility.random_waypoint import RandomWaypoint
from twinhop.scenario.mobility.section import MOBILITY_MODELS, Mobility
from twinhop.scenario.mobility.static import Static

__all__ = [
    "MOBILITY_MODELS",
    "Attraction",
    "Churn",
    "ChurningPositions",
    "Draws",
    "GaussMarkov",
    "HotSpotAttraction",
    "Manhattan",
    "Mobility",
    "MobilityModel",
    "ModelPositions",
    "Positions",
    "RandomWaypoint",
    "Static",
    "next_gauss_markov",
    "next_presence",
]
