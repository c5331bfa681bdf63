"""Transfer of policies to where users go: weights, experience, and Algorithm 2."""

from twinhop.learn.transfer.aggregation import Approach, approached, weighted_sum
from twinhop.learn.transfer.experience import Experience, merged_replay

__all__ = ["Approach", "Experience", "approached", "merged_replay", "weighted_sum"]
