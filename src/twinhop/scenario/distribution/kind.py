"""What every kind of distribution is: a section of one key that says how values are drawn."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from twinhop.scenario.fields import Section


class Kind(Section):
    """One kind of distribution. A further kind is one file with one class, and one line in `field.KINDS`."""

    KEY: ClassVar[str]
    """The field that tells this kind from the others in a scenario file."""

    @abstractmethod
    def lowest(self) -> float:
        """The smallest value that can be drawn, in the unit of the field."""

    @abstractmethod
    def draw(self, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        """`count` values, shape (count,), in the unit of the field; the first ones do not depend on `count`."""

    @classmethod
    @abstractmethod
    def json_schema(cls, number: dict[str, Any]) -> dict[str, Any]:
        """The JSON Schema of this kind, for values that satisfy the schema `number`."""


def closed(properties: dict[str, Any], *required: str, **more: Any) -> dict[str, Any]:
    """The JSON Schema of a mapping of these properties and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
        **more,
    }
