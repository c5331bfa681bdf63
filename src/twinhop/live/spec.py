"""What a twin is made of: its schema, behaviour models, retention and limits, as a value of JSON."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any

from pydantic import Field, ValidationError

from twinhop.errors import InputError
from twinhop.scenario.fields import NonNegative, Section
from twinhop.scenario.validation_errors import input_error
from twinhop.text import suggestion
from twinhop.twin import DeviceTwin, Retention, TwinSchema
from twinhop.twin.behaviour import BEHAVIOUR_MODELS
from twinhop.twin.device_clock import MOST_AHEAD_S, MOST_BEHIND_S
from twinhop.twin.dimension import Identifier

#: Specifications of which the parsed form is kept: twins of one kind share their schema.
SHARED = 256


class TwinSpec(Section):
    """What a twin is made of.

    >>> from twinhop.twin import Dimension
    >>> speed = Dimension(name="speed", kind="scalar", unit="m/s")
    >>> spec = TwinSpec(state_schema=TwinSchema(dimensions=(speed,)), models={"speed": "level"})
    >>> spec.twin("car-1", {"wheels": 4}).models["speed"].kind
    'level'
    """

    state_schema: TwinSchema = Field(description="the dimensions of the state")
    models: Annotated[dict[Identifier, Identifier], Field(max_length=256)] = Field(
        default={}, description="kinds of behaviour models by dimension, with their defaults"
    )
    retention: Retention = Field(default=Retention(), description="how much of the history is kept")
    max_ahead_s: NonNegative = Field(default=MOST_AHEAD_S, description="how far clocks may be ahead [s]")
    max_behind_s: NonNegative = Field(default=MOST_BEHIND_S, description="how old observations may be on arrival [s]")

    def twin(self, twin_id: str, attributes: Mapping[str, Any]) -> DeviceTwin:
        """A twin that has seen nothing yet.

        Raises:
            InputError: the id, an attribute or a model will not do.
        """
        models = {}
        for name, kind in self.models.items():
            if kind not in BEHAVIOUR_MODELS:
                raise InputError(
                    f"twin {twin_id!r}: models: {name}: unknown kind {kind!r}; {suggestion(kind, BEHAVIOUR_MODELS)}"
                    f"accepted: {', '.join(BEHAVIOUR_MODELS)}"
                )
            dimension = self.state_schema.dimension(name)
            entries = len(dimension.categories) if dimension.kind == "category" else dimension.columns
            models[name] = BEHAVIOUR_MODELS[kind](entries)  # pyright: ignore[reportCallIssue]
        return DeviceTwin(
            twin_id,
            self.state_schema,
            attributes=attributes,
            models=models,
            retention=self.retention,
            max_ahead_s=self.max_ahead_s,
            max_behind_s=self.max_behind_s,
        )


@lru_cache(SHARED)
def spec_of(text: str) -> TwinSpec:
    """The specification in a text of JSON; twins of one text share it.

    Raises:
        InputError: it is none.
    """
    try:
        return TwinSpec.model_validate_json(text)
    except ValidationError as error:
        raise input_error(error, TwinSpec, lambda paths: dict.fromkeys(paths, "twin specification")) from None
