"""How users move: mobility models, and the positions that they give."""

from twinhop.scenario.mobility.gauss_markov import GaussMarkov, next_gauss_markov
from twinhop.scenario.mobility.model import Draws, MobilityModel
from twinhop.scenario.mobility.positions import ModelPositions, Positions
from twinhop.scenario.mobility.registry import MOBILITY_MODELS
from twinhop.scenario.mobility.section import Mobility
from twinhop.scenario.mobility.static import Static

__all__ = [
    "MOBILITY_MODELS",
    "Draws",
    "GaussMarkov",
    "Mobility",
    "MobilityModel",
    "ModelPositions",
    "Positions",
    "Static",
    "next_gauss_markov",
]
