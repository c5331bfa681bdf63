"""Where a size or rate comes from when a station or user states none: a number or a distribution."""

from twinhop.scenario.distribution.choice import Choice
from twinhop.scenario.distribution.column import Column
from twinhop.scenario.distribution.field import (
    Distribution,
    NonNegativeDistribution,
    NonNegativeDraw,
    PositiveDistribution,
    PositiveDraw,
    draw,
    is_distribution,
    lowest,
)
from twinhop.scenario.distribution.kind import Kind
from twinhop.scenario.distribution.log_normal import LogNormal
from twinhop.scenario.distribution.uniform import Uniform
from twinhop.scenario.distribution.values import Values

__all__ = [
    "Choice",
    "Column",
    "Distribution",
    "Kind",
    "LogNormal",
    "NonNegativeDistribution",
    "NonNegativeDraw",
    "PositiveDistribution",
    "PositiveDraw",
    "Uniform",
    "Values",
    "draw",
    "is_distribution",
    "lowest",
]
