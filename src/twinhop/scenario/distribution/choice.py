"""One of a few values, with weights."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from twinhop.scenario.distribution.kind import Kind, closed
from twinhop.scenario.fields import LARGEST_VALUE, NonNegative, Number, problem


class Choice(Kind):
    """One of a few values: `{choice: [5, 20]}`, or `{choice: [5, 20], weights: [3, 1]}`; equally likely by default."""

    KEY: ClassVar[str] = "choice"
    choice: tuple[Number, ...] = Field(description="the values, in the unit of the field")
    weights: tuple[NonNegative, ...] | None = Field(default=None, description="how likely each is, up to a factor [1]")

    @field_validator("weights", mode="before")
    @classmethod
    def _stated(cls, value: Any) -> Any:
        if value is None:
            raise problem("must be a list (got nothing); leave the field out instead")
        return value

    @model_validator(mode="after")
    def _matching(self) -> Choice:
        if not self.choice:
            raise problem("holds no value; at least one is needed", "choice")
        if self.weights is not None and len(self.weights) != len(self.choice):
            raise problem(f"{len(self.weights)} weights for {len(self.choice)} values; one each is needed", "weights")
        if self.weights is not None and not sum(self.weights) > 0:
            raise problem("all weights are 0; at least one must be greater", "weights")
        return self

    def lowest(self) -> float:
        """The smallest of the values."""
        return min(self.choice)

    def draw(self, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        """`count` independent values, in the unit of the field."""
        weights = np.array(self.weights if self.weights is not None else [1.0] * len(self.choice))
        edges = np.cumsum(weights / weights.max())
        which = np.searchsorted(edges, generator.random(count) * edges[-1], side="right")
        last = int(np.flatnonzero(weights)[-1])  # the product may round up to the last edge
        return np.array(self.choice, dtype=np.float64)[np.minimum(which, last)]

    @classmethod
    def json_schema(cls, number: dict[str, Any]) -> dict[str, Any]:
        """Values and, optionally, as many weights, which JSON Schema cannot express."""
        weight = {"type": "number", "minimum": 0, "maximum": LARGEST_VALUE}
        values = {"type": "array", "items": number, "minItems": 1}
        return closed({cls.KEY: values, "weights": {**values, "items": weight}}, cls.KEY)
