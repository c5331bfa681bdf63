"""Where a size or rate comes from when a station or user states none: a number or a distribution.

A further kind is one class with `lowest` and `draw`, and one line in `Distribution`.
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Discriminator, Field, Tag, WithJsonSchema, model_validator

from twinhop.scenario.fields import LARGEST_VALUE, Number, Section, problem


class Uniform(Section):
    """Uniform between two bounds: `{uniform: [lo, hi]}`."""

    uniform: tuple[Number, Number] = Field(description="lower and upper bound, in the unit of the field")

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if self.uniform[0] > self.uniform[1]:
            raise problem(f"the lower bound {self.uniform[0]:g} is above the upper bound {self.uniform[1]:g}")
        return self

    def lowest(self) -> float:
        """The smallest value that can be drawn."""
        return self.uniform[0]

    def draw(self, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        """`count` independent values, in the unit of the field."""
        low, high = self.uniform
        return low + (high - low) * generator.random(count)


def _kind(value: Any) -> str:
    return "<uniform>" if isinstance(value, dict | Uniform) else "<number>"


Distribution = Annotated[
    Annotated[Number, Tag("<number>")] | Annotated[Uniform, Tag("<uniform>")], Discriminator(_kind)
]


def lowest(distribution: float | Uniform) -> float:
    """The smallest value that the distribution can give."""
    return distribution.lowest() if isinstance(distribution, Uniform) else distribution


def draw(distribution: float | Uniform, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
    """`count` values of the distribution, shape (count,), in the unit of the field.

    >>> draw(2.5, np.random.default_rng(0), 2).tolist()
    [2.5, 2.5]
    """
    if isinstance(distribution, Uniform):
        return distribution.draw(generator, count)
    return np.full(count, distribution, dtype=np.float64)


def _positive(distribution: float | Uniform) -> float | Uniform:
    if lowest(distribution) <= 0:
        raise problem(f"must be greater than 0 (got {lowest(distribution):g})")
    return distribution


def _non_negative(distribution: float | Uniform) -> float | Uniform:
    if lowest(distribution) < 0:
        raise problem(f"must be 0 or greater (got {lowest(distribution):g})")
    return distribution


def _schema(**bound: float) -> WithJsonSchema:
    """What editors are told: the checks above as JSON Schema."""
    number = {"type": "number", "maximum": LARGEST_VALUE, **bound}
    bounds = {"type": "array", "items": number, "minItems": 2, "maxItems": 2}
    uniform = {"type": "object", "properties": {"uniform": bounds}, "required": ["uniform"]}
    return WithJsonSchema({"anyOf": [number, {**uniform, "additionalProperties": False}]})


PositiveDistribution = Annotated[Distribution, AfterValidator(_positive), _schema(exclusiveMinimum=0)]
NonNegativeDistribution = Annotated[Distribution, AfterValidator(_non_negative), _schema(minimum=0)]
