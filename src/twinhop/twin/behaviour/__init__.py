"""Behaviour models: how one dimension of a twin is expected to go on."""

from twinhop.twin.behaviour.back_off import likely_categories
from twinhop.twin.behaviour.blending import (
    blended,
    blended_probabilities,
    decayed,
    dwell_weights,
    knowledge_norm,
    of_twins,
    pooled,
)
from twinhop.twin.behaviour.constant_acceleration import ConstantAcceleration
from twinhop.twin.behaviour.constant_velocity import ConstantVelocity
from twinhop.twin.behaviour.fleet import Fleet
from twinhop.twin.behaviour.level import Level
from twinhop.twin.behaviour.markov_chain import MarkovChain
from twinhop.twin.behaviour.model import INTERVAL_SHARE, Arrays, BehaviourModel, Prediction
from twinhop.twin.behaviour.next_station import NextStation
from twinhop.twin.behaviour.registry import BEHAVIOUR_MODELS
from twinhop.twin.behaviour.reverting_velocity import RevertingVelocity
from twinhop.twin.behaviour.row_model import RowModel
from twinhop.twin.behaviour.seasonal import Seasonal
from twinhop.twin.behaviour.trend import Trend

__all__ = [
    "BEHAVIOUR_MODELS",
    "INTERVAL_SHARE",
    "Arrays",
    "BehaviourModel",
    "ConstantAcceleration",
    "ConstantVelocity",
    "Fleet",
    "Level",
    "MarkovChain",
    "NextStation",
    "Prediction",
    "RevertingVelocity",
    "RowModel",
    "Seasonal",
    "Trend",
    "blended",
    "blended_probabilities",
    "decayed",
    "dwell_weights",
    "knowledge_norm",
    "likely_categories",
    "of_twins",
    "pooled",
]
