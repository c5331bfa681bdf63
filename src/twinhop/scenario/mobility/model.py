"""What every mobility model is: a section of the scenario file whose methods move all users by one slot."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, NamedTuple, TypeAlias

from pydantic import model_validator

from twinhop.scenario.fields import Section, problem
from twinhop.scenario.place_sections import Area
from twinhop.text import suggestion
from twinhop.units.arrays import Array

State: TypeAlias = Any
"""What a model knows of its users: a NamedTuple of arrays over the N users; the first, `xy_m`, is (N, 2) [m]."""


class Draws(NamedTuple):
    """How many random numbers one user needs: uniform in [0, 1), and standard normal."""

    start_uniform: int = 0
    start_normal: int = 0
    uniform: int = 0
    normal: int = 0


class MobilityModel(Section):
    """One mobility model. A further model is one file with one class, and one line in `registry.MOBILITY_MODELS`.

    A subclass has a field `kind`, a literal of its name, and otherwise its parameters. Its methods are pure functions
    over the array API: random numbers come in as arrays, one row per draw and one column per user.
    """

    @model_validator(mode="before")
    @classmethod
    def _only_own_fields(cls, value: Any) -> Any:
        if isinstance(value, dict):
            for name in value:
                if name not in cls.model_fields:
                    accepted = ", ".join(cls.model_fields)
                    hint = suggestion(str(name), cls.model_fields)
                    raise problem(f"unknown field; {hint}accepted: {accepted}", str(name))
        return value

    def check(self, area: Area, slot_s: float) -> None:
        """Refuse an area or slot that the model cannot work with; the error names the field of the model.

        Args:
            area: where users move.
            slot_s: length of a slot, greater than 0 [s].

        Raises:
            ValueError: a `PydanticCustomError`, as validators of the schema raise it.
        """

    @abstractmethod
    def draws(self, area: Area, slot_s: float) -> Draws:
        """How many random numbers a user needs at the start, and in each slot.

        Args:
            area: where users move.
            slot_s: length of a slot, greater than 0 [s].
        """

    @abstractmethod
    def start(self, xy_m: Array, uniform: Array, normal: Array, area: Area) -> State:
        """The users at time 0.

        Args:
            xy_m: (N, 2) where the scenario places them, inside the area [m].
            uniform: (`draws.start_uniform`, N) draws, uniform in [0, 1).
            normal: (`draws.start_normal`, N) standard normal draws.
            area: where users move.
        """

    @abstractmethod
    def step(self, state: State, uniform: Array, normal: Array, area: Area, slot_s: float, time_s: float) -> State:
        """The users one slot later.

        Args:
            state: of `start` or of the step before.
            uniform: (`draws.uniform`, N) draws, uniform in [0, 1).
            normal: (`draws.normal`, N) standard normal draws.
            area: where users move.
            slot_s: length of the slot [s]; the same as in `draws`.
            time_s: when the slot begins [s].
        """
