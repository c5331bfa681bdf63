"""What a device is wished to be: settings towards it, with a version that rises with every change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError

from twinhop.scenario.fields import Section
from twinhop.scenario.validation_errors import input_error
from twinhop.twin.dimension import Identifier
from twinhop.twin.identity import MOST_ATTRIBUTES, plain_value

LARGEST_DESIRED_VERSION = 2**53


class Desired(Section):
    """Settings that a device should take up.

    >>> Desired(version=1, values={"report_period_s": 5}).values["report_period_s"]
    5
    """

    version: Annotated[int, Field(strict=True, ge=0, le=LARGEST_DESIRED_VERSION)] = Field(
        default=0, description="number of changes; who writes states the version that it has read"
    )
    values: Annotated[
        dict[Identifier, Annotated[Any, AfterValidator(plain_value)]], Field(max_length=MOST_ATTRIBUTES)
    ] = Field(default={}, description="settings by name: text, numbers, true or false")


def make_desired(version: int, values: Mapping[str, Any], where: str) -> Desired:
    """The settings of a version.

    Args:
        version: number of changes, these included.
        values: by name.
        where: what to name in errors.

    Raises:
        InputError: the version, a name or a value will not do.
    """
    try:
        return Desired(version=version, values=dict(values))
    except ValidationError as error:
        raise input_error(error, Desired, lambda paths: dict.fromkeys(paths, where)) from None
