"""Behaviour models: how one dimension of a twin is expected to go on."""

from twinhop.twin.behaviour.level import Level
from twinhop.twin.behaviour.model import INTERVAL_SHARE, Arrays, BehaviourModel, Prediction
from twinhop.twin.behaviour.registry import BEHAVIOUR_MODELS

__all__ = ["BEHAVIOUR_MODELS", "INTERVAL_SHARE", "Arrays", "BehaviourModel", "Level", "Prediction"]
