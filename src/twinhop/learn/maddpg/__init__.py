"""Multi-agent deep deterministic policy gradient, for agents with vectors in and out."""

from twinhop.learn.maddpg.config import MaddpgConfig
from twinhop.learn.maddpg.learner import LearnerState, Losses, ReplayTransition, act, begin, update
from twinhop.learn.maddpg.networks import Critic, Networks, Shapes, actions

__all__ = [
    "Critic",
    "LearnerState",
    "Losses",
    "MaddpgConfig",
    "Networks",
    "Shapes",
    "ReplayTransition",
    "act",
    "actions",
    "begin",
    "update",
]
