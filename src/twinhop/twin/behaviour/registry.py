"""Every behaviour model, by its kind."""

from __future__ import annotations

from twinhop.twin.behaviour.constant_acceleration import ConstantAcceleration
from twinhop.twin.behaviour.constant_velocity import ConstantVelocity
from twinhop.twin.behaviour.level import Level
from twinhop.twin.behaviour.markov_chain import MarkovChain
from twinhop.twin.behaviour.model import BehaviourModel
from twinhop.twin.behaviour.next_station import NextStation
from twinhop.twin.behaviour.reverting_velocity import RevertingVelocity
from twinhop.twin.behaviour.seasonal import Seasonal
from twinhop.twin.behaviour.trend import Trend

BEHAVIOUR_MODELS: dict[str, type[BehaviourModel]] = {
    "constant_velocity": ConstantVelocity,
    "constant_acceleration": ConstantAcceleration,
    "reverting_velocity": RevertingVelocity,
    "level": Level,
    "trend": Trend,
    "seasonal": Seasonal,
    "markov_chain": MarkovChain,
    "next_station": NextStation,
}
