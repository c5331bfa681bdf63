"""MADDPG that learns: over the bipartite graph, with weights that serve any number of users and stations."""

from twinhop.learn.structured.config import StructuredConfig
from twinhop.learn.structured.run import RunState, StructuredMaddpg, new_actor

__all__ = ["RunState", "StructuredConfig", "StructuredMaddpg", "new_actor"]
