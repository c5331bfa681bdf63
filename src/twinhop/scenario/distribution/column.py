"""A column of the CSV file that lists the stations or users."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from twinhop.scenario.distribution.kind import Kind, closed
from twinhop.scenario.fields import LONGEST_TEXT, Text


class Column(Kind):
    """The values of a column of the section's CSV file, whatever its name: `{column: payload}`.

    Reading the file puts the values into the rows and takes the column's place, so that nothing is ever drawn from it.
    """

    KEY: ClassVar[str] = "column"
    column: Text = Field(description="name of the column; its values are in the unit of the field")

    def lowest(self) -> float:
        """Infinity: nothing is known before the file is read; each row is then checked by itself."""
        return math.inf

    def draw(self, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        """Never called: the rows hold the values.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"column {self.column!r}: is read from its file before anything is drawn")

    @classmethod
    def json_schema(cls, number: dict[str, Any]) -> dict[str, Any]:
        """A name."""
        return closed({cls.KEY: {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}}, cls.KEY)
