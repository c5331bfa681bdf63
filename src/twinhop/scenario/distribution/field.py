"""The fields of a scenario that take a number or a distribution: their union, range checks and JSON Schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Discriminator, PlainValidator, Tag, WithJsonSchema

from twinhop.scenario.distribution.choice import Choice
from twinhop.scenario.distribution.column import Column
from twinhop.scenario.distribution.kind import Kind
from twinhop.scenario.distribution.log_normal import LogNormal
from twinhop.scenario.distribution.uniform import Uniform
from twinhop.scenario.distribution.values import Values
from twinhop.scenario.fields import LARGEST_VALUE, Number, problem
from twinhop.text import suggestion

KINDS: dict[str, type[Kind]] = {kind.KEY: kind for kind in (Uniform, LogNormal, Choice, Values, Column)}
"""Every kind of distribution, by the field that tells it from the others."""
DRAWN = (Uniform, LogNormal, Choice)
"""The kinds that need not know for whom they draw."""
SCHEMA_TITLE = "Distribution"


def _tag(value: Any) -> str:
    """Which member of the union a value is meant for; see `validation_errors` for the brackets."""
    if isinstance(value, Kind):
        return f"<{value.KEY}>"
    if isinstance(value, dict):
        named = [key for key in value if key in KINDS]
        return f"<{named[0] if len(named) == 1 else 'unknown'}>"
    return "<number>"


def _refuse(value: Any) -> Any:
    kinds = [key for key in value if key in KINDS]
    if kinds or not value:
        raise problem(f"exactly one kind of distribution is needed (got {', '.join(kinds) or 'none'})")
    named = next(iter(value))
    raise problem(
        f"unknown kind of distribution {str(named)[:40]!r}; {suggestion(str(named), KINDS)}accepted: {', '.join(KINDS)}"
    )


Distribution = Annotated[
    Annotated[Number, Tag("<number>")]
    | Annotated[Uniform, Tag("<uniform>")]
    | Annotated[LogNormal, Tag("<log_normal>")]
    | Annotated[Choice, Tag("<choice>")]
    | Annotated[Values, Tag("<list>")]
    | Annotated[Column, Tag("<column>")]
    | Annotated[Any, PlainValidator(_refuse), Tag("<unknown>")],
    Discriminator(_tag),
]


def is_distribution(value: dict[str, Any]) -> bool:
    """Whether a plain mapping is a distribution and not a section of the same key.

    >>> is_distribution({"list": [1, 2]}), is_distribution({"list": [{"id": "a"}]})
    (True, False)
    """
    key = next(iter(value), "")
    return key in KINDS and not (key == Values.KEY and isinstance(next(iter(value[key]), None), dict))


def lowest(distribution: float | Kind) -> float:
    """The smallest value that the distribution can give."""
    return distribution.lowest() if isinstance(distribution, Kind) else distribution


def draw(distribution: float | Kind, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
    """`count` values of the distribution, shape (count,), in the unit of the field.

    >>> draw(2.5, np.random.default_rng(0), 2).tolist()
    [2.5, 2.5]
    """
    if isinstance(distribution, Kind):
        return distribution.draw(generator, count)
    return np.full(count, distribution, dtype=np.float64)


def _positive(distribution: float | Kind) -> float | Kind:
    if lowest(distribution) <= 0:
        raise problem(f"must be greater than 0 (got {lowest(distribution):g})")
    return distribution


def _non_negative(distribution: float | Kind) -> float | Kind:
    if lowest(distribution) < 0:
        raise problem(f"must be 0 or greater (got {lowest(distribution):g})")
    return distribution


def _drawn(distribution: float | Kind) -> float | Kind:
    if isinstance(distribution, Kind) and not isinstance(distribution, DRAWN):
        accepted = ", ".join(kind.KEY for kind in DRAWN)
        raise problem(f"{distribution.KEY} gives values one by one, not to a class; accepted: a number, {accepted}")
    return distribution


def _schema(kinds: Sequence[type[Kind]] = tuple(KINDS.values()), **bound: float) -> WithJsonSchema:
    """What editors are told: the checks above as JSON Schema."""
    number = {"type": "number", "maximum": LARGEST_VALUE, **bound}
    return WithJsonSchema({"title": SCHEMA_TITLE, "anyOf": [number, *(kind.json_schema(number) for kind in kinds)]})


PositiveDistribution = Annotated[Distribution, AfterValidator(_positive), _schema(exclusiveMinimum=0)]
NonNegativeDistribution = Annotated[Distribution, AfterValidator(_non_negative), _schema(minimum=0)]
PositiveDraw = Annotated[
    Distribution, AfterValidator(_drawn), AfterValidator(_positive), _schema(DRAWN, exclusiveMinimum=0)
]
NonNegativeDraw = Annotated[
    Distribution, AfterValidator(_drawn), AfterValidator(_non_negative), _schema(DRAWN, minimum=0)
]
