"""One dimension of a twin's state: what is observed of the device, in which unit, how exactly and how often."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from twinhop.scenario.fields import LARGEST_COORDINATE_M, LARGEST_VALUE, NonNegative, Number, Positive, Section, problem
from twinhop.scenario.fields import Name as Text

Kind = Literal["position_2d", "position_3d", "scalar", "category", "counter"]

COLUMNS: dict[str, int] = {"position_2d": 2, "position_3d": 3, "scalar": 1, "category": 1, "counter": 1}
"""Numbers that a value of each kind takes in a state vector."""
POSITION_UNIT, PURE_NUMBER = "m", "1"
MOST_CATEGORIES = 65_536
LARGEST_COUNT = 2.0**53
"""Whole numbers up to this one are exact in float64."""

LONGEST_NAME = 64
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def _identifier(value: str) -> str:
    if len(value) > LONGEST_NAME or not _IDENTIFIER.fullmatch(value):
        shown = repr(value[:LONGEST_NAME])
        raise problem(f"must be a letter, then letters, digits and _, at most {LONGEST_NAME} in all (got {shown})")
    return value


Identifier = Annotated[str, Field(strict=True), AfterValidator(_identifier)]
"""A name that is safe in files and in expressions."""


class Dimension(Section):
    """One dimension of a twin's state.

    >>> Dimension(name="position", kind="position_2d", unit="m", tolerance=5.0).columns
    2
    """

    name: Identifier = Field(description="unique name: a letter, then letters, digits and _")
    kind: Kind = Field(description="what a value is: a position, a number, one of the categories, or a count")
    unit: Text = Field(description="unit of the values, m for positions, 1 for categories and counts")
    tolerance: NonNegative = Field(default=0.0, description="error that the twin may have [unit]; 0 for categories")
    limits: tuple[Number, Number] | None = Field(
        default=None, description="least and greatest value [unit], for positions of each coordinate; null: the kind's"
    )
    min_period_s: NonNegative = Field(default=0.0, description="least time between two updates sent [s]")
    max_period_s: Positive | None = Field(default=None, description="most time between two updates [s]; null: no limit")
    categories: Annotated[tuple[Text, ...], Field(max_length=MOST_CATEGORIES)] = Field(
        default=(), description="the categories in the order of their codes 0, 1, ...; of a category only"
    )

    @property
    def columns(self) -> int:
        """Numbers that a value takes in a state vector."""
        return COLUMNS[self.kind]

    @property
    def whole(self) -> bool:
        """Whether values are whole numbers: the codes of categories, and counts."""
        return self.kind in ("category", "counter")

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and greatest number that each column may hold [unit]."""
        if self.limits is not None:
            return self.limits
        if self.kind == "category":
            return 0.0, float(len(self.categories) - 1)
        if self.kind == "counter":
            return 0.0, LARGEST_COUNT
        largest = LARGEST_VALUE if self.kind == "scalar" else LARGEST_COORDINATE_M
        return -largest, largest

    @model_validator(mode="after")
    def _consistent(self) -> Dimension:
        self._check_unit()
        self._check_categories()
        if self.limits is not None and not self.limits[0] < self.limits[1]:
            raise problem(f"must be [least, greatest] (got {list(self.limits)})", "limits")
        if self.kind == "counter" and self.limits is not None and self.limits[0] < 0:
            raise problem(f"must not begin below 0, as counts do not (got {self.limits[0]:g})", "limits")
        if self.max_period_s is not None and self.max_period_s < self.min_period_s:
            text = f"must be min_period_s ({self.min_period_s:g}) or greater (got {self.max_period_s:g})"
            raise problem(text, "max_period_s")
        return self

    def _check_unit(self) -> None:
        needed = {"scalar": self.unit, "category": PURE_NUMBER, "counter": PURE_NUMBER}.get(self.kind, POSITION_UNIT)
        if self.unit != needed:
            raise problem(f"must be {needed!r} for a {self.kind} (got {self.unit!r})", "unit")

    def _check_categories(self) -> None:
        if self.kind != "category":
            if self.categories:
                raise problem(f"belong to the kind category, not to a {self.kind}", "categories")
            return
        if not self.categories:
            raise problem("must list at least one category", "categories")
        if len(set(self.categories)) < len(self.categories):
            twice = next(name for name in self.categories if self.categories.count(name) > 1)
            raise problem(f"must be different from each other (twice: {twice!r})", "categories")
        if self.tolerance:
            raise problem(f"must be 0 for a category: it is the same or another (got {self.tolerance:g})", "tolerance")
        if self.limits is not None:
            raise problem("must be null for a category: the list of categories limits it", "limits")
