"""Which dimensions of a device twin's state a service takes, and where they are in the extract."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from twinhop.errors import InputError
from twinhop.twin.service.aggregate import FloatArray


class StateColumns(Protocol):
    """What is needed of the schema of a device twin's state."""

    @property
    def width(self) -> int:
        """Columns of a state vector."""
        ...

    def columns(self, name: str) -> slice:
        """The columns of a dimension."""
        ...


class Extraction:
    """The chosen dimensions, one after the other.

    Args:
        schema: of the device twins' states.
        dimensions: names of the chosen ones.

    Raises:
        InputError: no dimension is chosen, one is chosen twice, or the schema does not have one.
    """

    def __init__(self, schema: StateColumns, dimensions: Sequence[str]) -> None:
        if not dimensions or len(set(dimensions)) < len(dimensions):
            raise InputError(f"dimensions: at least one, each once, is needed (got {list(dimensions)})")
        self.width = schema.width
        self._sources: list[int] = []
        self._places: dict[str, tuple[int, ...]] = {}
        for name in dimensions:
            columns = range(schema.width)[schema.columns(name)]
            self._places[name] = tuple(range(len(self._sources), len(self._sources) + len(columns)))
            self._sources += columns
        self._wide = [columns for columns in self._places.values() if len(columns) > 1]

    @property
    def nothing(self) -> tuple[float, ...]:
        """The extract of a twin of which nothing is known."""
        return (math.nan,) * len(self._sources)

    def columns(self, name: str) -> tuple[int, ...]:
        """Where a chosen dimension is in the extract.

        Raises:
            InputError: it is not chosen.
        """
        if name not in self._places:
            raise InputError(f"{name}: is no chosen dimension; chosen: {', '.join(self._places)}")
        return self._places[name]

    def position(self, name: str) -> tuple[int, int]:
        """Where x and y of a chosen position are in the extract.

        Raises:
            InputError: it is not chosen, or no position.
        """
        columns = self.columns(name)
        if len(columns) < 2:
            raise InputError(f"{name}: is no position; it has one column")
        return columns[0], columns[1]

    def merged(self, before: tuple[float, ...], values: FloatArray) -> tuple[float, ...]:
        """The extract after an update: what the update does not hold stays.

        Args:
            before: the extract until now.
            values: (width,) state vector of the update, NaN for what it does not hold.

        Raises:
            InputError: the vector has another shape, a number is infinite, or a dimension is known in part.
        """
        if not isinstance(values, np.ndarray) or values.shape != (self.width,):
            raise InputError(f"values: shape {np.shape(values)} does not fit; expected an array of ({self.width},)")
        row = values.tolist()
        numbers = [row[source] for source in self._sources]
        if any(map(math.isinf, numbers)):
            raise InputError("values: an infinite number; expected finite ones, NaN for what the update does not hold")
        for first, *others in self._wide:
            unknown = numbers[first] != numbers[first]
            if any((numbers[other] != numbers[other]) is not unknown for other in others):
                raise InputError("values: a position is known in part; expected numbers, or NaN throughout")
        return tuple(old if new != new else new for old, new in zip(before, numbers, strict=True))
