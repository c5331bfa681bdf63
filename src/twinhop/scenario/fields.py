"""The building blocks of the scenario schema: the section base class and the range-checked field types."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

LARGEST_VALUE = 1e15
"""No physical quantity of a scenario file is larger; the limit keeps products far from overflow."""
LARGEST_COORDINATE_M = 1e8
"""Local coordinates beyond this are not on Earth (its circumference is 4.0e7 m)."""
LARGEST_SEED = 2**63 - 1
LONGEST_TEXT = 200
MOST_LABELS = 40
"""Further columns that are kept of a table of stations or users."""


class Section(BaseModel):
    """A part of a scenario: immutable, and closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False)


def problem(message: str, *path: str | int) -> PydanticCustomError:
    """A validation error about the field at `path` below the section that is being checked."""
    return PydanticCustomError("scenario", "{message}", {"message": message, "path": path})


def _to_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _printable(value: str) -> str:
    if not value.strip():
        raise problem("must not be empty")
    if len(value) > LONGEST_TEXT:
        raise problem(f"must have at most {LONGEST_TEXT} characters (got {len(value)})")
    if not value.isprintable():
        raise problem(f"must be one line of printable characters (got {value[:40]!r})")
    return value


Number = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-LARGEST_VALUE, le=LARGEST_VALUE)]
Positive = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=LARGEST_VALUE)]
NonNegative = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=LARGEST_VALUE)]
Coordinate = Annotated[
    float, Field(strict=True, allow_inf_nan=False, ge=-LARGEST_COORDINATE_M, le=LARGEST_COORDINATE_M)
]
Extent = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=LARGEST_COORDINATE_M)]
Latitude = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-90, le=90)]
Longitude = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-180, le=180)]
Share = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=1)]
Seed = Annotated[int, Field(strict=True, ge=0, le=LARGEST_SEED)]
Text = Annotated[str, AfterValidator(_printable)]
Name = Annotated[str, BeforeValidator(_to_text), AfterValidator(_printable)]
"""A name or id: one line of text; a bare number in the file becomes its text."""


def _few(labels: dict[str, str]) -> dict[str, str]:
    if len(labels) > MOST_LABELS:
        raise problem(f"holds {len(labels)} labels; at most {MOST_LABELS} are accepted")
    return labels


Labels = Annotated[dict[Name, Name], AfterValidator(_few)]
"""Texts by name that mean nothing to the model: they come out again in tables and maps."""
