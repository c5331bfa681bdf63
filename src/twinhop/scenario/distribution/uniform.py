"""Uniform between two bounds."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from twinhop.scenario.distribution.kind import Kind, closed
from twinhop.scenario.fields import Number, problem


class Uniform(Kind):
    """Uniform between two bounds: `{uniform: [lo, hi]}`."""

    KEY: ClassVar[str] = "uniform"
    uniform: tuple[Number, Number] = Field(description="lower and upper bound, in the unit of the field")

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if self.uniform[0] > self.uniform[1]:
            raise problem(f"the lower bound {self.uniform[0]:g} is above the upper bound {self.uniform[1]:g}")
        return self

    def lowest(self) -> float:
        """The lower bound."""
        return self.uniform[0]

    def draw(self, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        """`count` independent values, in the unit of the field."""
        low, high = self.uniform
        return low + (high - low) * generator.random(count)

    @classmethod
    def json_schema(cls, number: dict[str, Any]) -> dict[str, Any]:
        """Two numbers."""
        return closed({cls.KEY: {"type": "array", "items": number, "minItems": 2, "maxItems": 2}}, cls.KEY)
