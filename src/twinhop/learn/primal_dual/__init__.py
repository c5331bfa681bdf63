"""A network that learns to raise certified bounds: prices from one forward pass."""

from twinhop.learn.primal_dual.config import PrimalDualConfig
from twinhop.learn.primal_dual.network import PrimalDualNetwork
from twinhop.learn.primal_dual.run import PrimalDual

__all__ = ["PrimalDual", "PrimalDualConfig", "PrimalDualNetwork"]
