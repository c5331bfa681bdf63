"""One stated value for each station or user, in order."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from twinhop.scenario.distribution.kind import Kind, closed
from twinhop.scenario.fields import Number, problem


class Values(Kind):
    """The values themselves, the first for the first station or user: `{list: [5, 7.5, 20]}`.

    A list holds exactly one value for each of them; it is never cycled or cut.
    """

    KEY: ClassVar[str] = "list"
    values: tuple[Number, ...] = Field(alias="list", description="one value each, in the unit of the field")

    @model_validator(mode="after")
    def _not_empty(self) -> Values:
        if not self.values:
            raise problem("holds no value; at least one is needed", "list")
        return self

    def lowest(self) -> float:
        """The smallest value of the list."""
        return min(self.values)

    def draw(self, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        """The values.

        Raises:
            ValueError: if there are not `count` of them.
        """
        if len(self.values) != count:
            raise ValueError(f"the list holds {len(self.values)} values; {count} are needed")
        return np.array(self.values, dtype=np.float64)

    @classmethod
    def json_schema(cls, number: dict[str, Any]) -> dict[str, Any]:
        """At least one number."""
        return closed({cls.KEY: {"type": "array", "items": number, "minItems": 1}}, cls.KEY)
