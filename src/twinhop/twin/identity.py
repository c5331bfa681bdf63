"""What a device is, besides what it does: its id, and its hardware and configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError

from twinhop.errors import InputError
from twinhop.scenario.fields import LARGEST_VALUE, LONGEST_TEXT, Section, Text, problem
from twinhop.scenario.validation_errors import input_error
from twinhop.twin.dimension import Identifier

MOST_ATTRIBUTES = 256


def plain_value(value: Any) -> Any:
    """An attribute or setting as it is.

    Raises:
        PydanticCustomError: it is no text of one line, number, true or false.
    """
    if isinstance(value, str) and len(value) <= LONGEST_TEXT and (value.isprintable() or not value):
        return value
    if isinstance(value, bool | int | float) and abs(value) <= LARGEST_VALUE:
        return value
    shown = f"a number above {LARGEST_VALUE:g}" if isinstance(value, int) else repr(value)[:LONGEST_TEXT]
    raise problem(
        f"must be true or false, a number, or one line of at most {LONGEST_TEXT} printable characters (got {shown})"
    )


class Identity(Section):
    """Who a device twin is the twin of.

    >>> Identity(id="robot-7", attributes={"wheels": 4, "lidar": True}).attributes["wheels"]
    4
    """

    id: Text = Field(description="unique name of the twin")
    attributes: Annotated[
        dict[Identifier, Annotated[Any, AfterValidator(plain_value)]], Field(max_length=MOST_ATTRIBUTES)
    ] = Field(default={}, description="hardware and configuration by name: text, numbers, true or false")


def make_identity(twin_id: str, attributes: Mapping[str, Any]) -> Identity:
    """The identity of a twin.

    Raises:
        InputError: the id is no line of text, or an attribute's name or value will not do.
    """
    try:
        return Identity(id=twin_id, attributes=dict(attributes))
    except ValidationError as error:
        raise _named(error, twin_id) from None


def _named(error: ValidationError, twin_id: Any) -> InputError:
    return input_error(error, Identity, lambda paths: dict.fromkeys(paths, f"twin {str(twin_id)[:LONGEST_TEXT]!r}"))
