"""Transfer of policies to where users go: weights, experience, and Algorithm 2."""

from twinhop.learn.transfer.adaptation import Adaptation, AdaptedState, Inheritance, Networks
from twinhop.learn.transfer.aggregation import Approach, approached, weighted_sum
from twinhop.learn.transfer.experience import Experience, merged_replay

__all__ = [
    "AdaptedState",
    "Adaptation",
    "Approach",
    "Experience",
    "Inheritance",
    "Networks",
    "approached",
    "merged_replay",
    "weighted_sum",
]
