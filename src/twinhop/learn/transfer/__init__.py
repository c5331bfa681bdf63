"""Transfer of policies to where users go: weights, experience, and Algorithm 2."""

from twinhop.learn.transfer.adaptation import Adaptation, AdaptedState, Algorithm, Inheritance, Place
from twinhop.learn.transfer.aggregation import Approach, approached, weighted_sum
from twinhop.learn.transfer.experience import Experience, fitted, merged_replay

__all__ = [
    "Adaptation",
    "AdaptedState",
    "Approach",
    "Experience",
    "Inheritance",
    "Algorithm",
    "Place",
    "approached",
    "fitted",
    "merged_replay",
    "weighted_sum",
]
