"""The dimensions of a twin's state, and state vectors in their columns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from twinhop.errors import InputError
from twinhop.scenario.fields import Section, problem
from twinhop.scenario.validation_errors import input_error
from twinhop.text import suggestion
from twinhop.twin.dimension import PURE_NUMBER, Dimension

MOST_DIMENSIONS = 256
LARGEST_VERSION = 2**31 - 1
LONGEST_SHOWN = 60


class TwinSchema(Section):
    """The dimensions of a twin's state, in the order of their columns.

    >>> schema = TwinSchema(version=1, dimensions=(
    ...     Dimension(name="position", kind="position_2d", unit="m", tolerance=5.0),
    ...     Dimension(name="mode", kind="category", unit="1", categories=("walk", "drive"))))
    >>> schema.width, schema.columns("mode")
    (3, slice(2, 3, None))
    >>> schema.vector({"position": (3.0, 4.0), "mode": "drive"}).tolist()
    [3.0, 4.0, 1.0]
    """

    version: Annotated[int, Field(strict=True, ge=1, le=LARGEST_VERSION)] = Field(
        default=1, description="version of the list of dimensions; raise it when the list changes"
    )
    dimensions: Annotated[tuple[Dimension, ...], Field(max_length=MOST_DIMENSIONS)] = Field(
        description="the dimensions, at least one, in the order of their columns"
    )

    @model_validator(mode="after")
    def _distinct(self) -> TwinSchema:
        if not self.dimensions:
            raise problem("must list at least one dimension", "dimensions")
        names = [dimension.name for dimension in self.dimensions]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise problem(f"duplicate dimension {name!r}", "dimensions", index, "name")
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TwinSchema) and (self.version, self.dimensions) == (other.version, other.dimensions)

    def __hash__(self) -> int:
        return hash((self.version, self.dimensions))

    @cached_property
    def _slices(self) -> dict[str, slice]:
        ends = np.cumsum([dimension.columns for dimension in self.dimensions]).tolist()
        return {each.name: slice(end - each.columns, end) for each, end in zip(self.dimensions, ends, strict=True)}

    @cached_property
    def _by_name(self) -> dict[str, Dimension]:
        return {dimension.name: dimension for dimension in self.dimensions}

    @cached_property
    def width(self) -> int:
        """Number of columns of a state vector."""
        return sum(dimension.columns for dimension in self.dimensions)

    @cached_property
    def owners(self) -> NDArray[np.intp]:
        """(width,) index of the dimension that each column belongs to."""
        return np.repeat(np.arange(len(self.dimensions)), [dimension.columns for dimension in self.dimensions])

    @cached_property
    def bounds(self) -> NDArray[np.float64]:
        """(2, width) least and greatest number that each column may hold [unit of the column]."""
        return np.array([dimension.bounds for dimension in self.dimensions])[self.owners].T

    def dimension(self, name: str) -> Dimension:
        """The dimension of a name.

        Raises:
            InputError: there is none.
        """
        if name not in self._by_name:
            names = list(self._by_name)
            raise InputError(f"{name}: unknown dimension; {suggestion(name, names)}accepted: {', '.join(names)}")
        return self._by_name[name]

    def columns(self, name: str) -> slice:
        """The columns of a dimension in a state vector.

        Raises:
            InputError: there is no dimension of that name.
        """
        return self._slices[self.dimension(name).name]

    def vector(self, values: Mapping[str, Any], units: Mapping[str, str] | None = None) -> NDArray[np.float64]:
        """A state vector of observed values.

        Args:
            values: dimension name to value: a number for a scalar, two or three for a position, the name of a
                category, a whole number for a counter; dimensions may be missing.
            units: dimension name to the unit in which its value is given; it must be the schema's.

        Returns:
            (width,) numbers, NaN where a dimension is missing; categories as their codes.

        Raises:
            InputError: a dimension is unknown, a unit or a kind is another, or a value is NaN, infinite or outside
                the dimension's limits.
        """
        for name, unit in (units or {}).items():
            if unit != self.dimension(name).unit:
                raise InputError(f"{name}: unit {unit!r}; expected {self.dimension(name).unit!r}")
        vector = np.full(self.width, math.nan)
        for name, value in values.items():
            vector[self.columns(name)] = _numbers(self.dimension(name), value)
        self.check(vector)
        return vector

    def named(self, vector: NDArray[np.float64]) -> dict[str, Any]:
        """The values in a state vector by the names of their dimensions, as `vector` takes them; missing ones left out.

        Args:
            vector: (width,) numbers, NaN where a dimension is missing.
        """
        named: dict[str, Any] = {}
        for dimension in self.dimensions:
            numbers = vector[self._slices[dimension.name]].tolist()
            if not math.isnan(numbers[0]):
                named[dimension.name] = _value(dimension, numbers)
        return named

    def check(self, vector: NDArray[np.float64]) -> None:
        """Refuse a vector that is no state vector of this schema.

        Args:
            vector: (width,) numbers, NaN where a dimension is missing.

        Raises:
            InputError: its shape or type is another, a number is infinite, outside the limits of its dimension, or
                broken where the dimension is whole, or a dimension is there in part.
        """
        if not isinstance(vector, np.ndarray) or vector.shape != (self.width,) or vector.dtype != np.float64:
            got = f"{vector.dtype} of shape {vector.shape}" if isinstance(vector, np.ndarray) else type(vector).__name__
            raise InputError(f"values: {got}; expected float64 of shape ({self.width},)")
        row = vector.tolist()
        for name, start, end, least, greatest, whole in self._ranges:
            numbers = row[start:end]
            absent = numbers[0] != numbers[0]
            for number in numbers:
                if absent:
                    if number == number:
                        self._refuse(name, numbers)
                elif not least <= number <= greatest or (whole and number != int(number)):
                    self._refuse(name, numbers)

    @cached_property
    def _ranges(self) -> list[tuple[str, int, int, float, float, bool]]:
        return [
            (each.name, self._slices[each.name].start, self._slices[each.name].stop, *each.bounds, each.whole)
            for each in self.dimensions
        ]

    def _refuse(self, name: str, numbers: list[float]) -> None:
        dimension = self.dimension(name)
        least, greatest = dimension.bounds
        expected = f"{'whole numbers' if dimension.whole else 'numbers'} from {least:g} to {greatest:g}"
        shown = ", ".join(f"{number:g}" for number in numbers)
        unit = "" if dimension.unit == PURE_NUMBER else f" {dimension.unit}"
        raise InputError(f"{name}: got {shown}; expected {expected}{unit}, or NaN throughout for no value")


def parse_twin_schema(value: Any, name: str) -> TwinSchema:
    """The schema of a parsed YAML or JSON value.

    Args:
        value: a mapping with ``version`` and ``dimensions``.
        name: of the file, for messages.

    Returns:
        The schema.

    Raises:
        InputError: it is none; the message names each field that is wrong, and what would be accepted.

    >>> parse_twin_schema({"dimensions": [{"name": "load", "kind": "scalar", "unit": "W"}]}, "robot.json").width
    1
    """
    try:
        return TwinSchema.model_validate(value)
    except ValidationError as error:
        raise input_error(error, TwinSchema, lambda paths: dict.fromkeys(paths, name)) from None


def _numbers(dimension: Dimension, value: Any) -> float | list[float]:
    """The columns of one value, which must be of the dimension's kind and not NaN."""
    if dimension.kind == "category":
        return _code(dimension, value)
    if dimension.columns == 1:
        return _number(dimension, value)
    parts = value.tolist() if isinstance(value, np.ndarray) else value
    if not isinstance(parts, list | tuple) or len(parts) != dimension.columns:
        raise InputError(f"{dimension.name}: got {str(value)[:LONGEST_SHOWN]}; expected {_expected(dimension)}")
    return [_number(dimension, part) for part in parts]


def _number(dimension: Dimension, value: Any) -> float:
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        raise InputError(f"{dimension.name}: got {str(value)[:LONGEST_SHOWN]!r}; expected {_expected(dimension)}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise InputError(f"{dimension.name}: got {number}; expected finite numbers; leave out what was not observed")
    return number


def _code(dimension: Dimension, value: Any) -> float:
    if not isinstance(value, str) or value not in dimension.categories:
        hint = suggestion(str(value), dimension.categories)
        shown = ", ".join(dimension.categories[:10]) + (", ..." if len(dimension.categories) > 10 else "")
        raise InputError(f"{dimension.name}: got {str(value)[:LONGEST_SHOWN]!r}; {hint}expected one of {shown}")
    return float(dimension.categories.index(value))


def _expected(dimension: Dimension) -> str:
    kinds = {"scalar": "a number", "counter": "a whole number", "position_2d": "two numbers (x, y)"}
    return f"{kinds.get(dimension.kind, 'three numbers (x, y, z)')} [{dimension.unit}]"


def _value(dimension: Dimension, numbers: list[float]) -> Any:
    if dimension.kind == "category":
        return dimension.categories[int(numbers[0])]
    if dimension.kind == "counter":
        return int(numbers[0])
    return numbers[0] if dimension.columns == 1 else tuple(numbers)
