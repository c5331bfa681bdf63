"""What a source of training instances is."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from jax import Array

from twinhop.env.core import Action
from twinhop.inference.instance import ProblemArrays


class StepOutcome(NamedTuple):
    """What came of one decision in each of E environments."""

    cost: Array
    """(E,) of the slot, as `ProblemArrays` counts it, and what lateness costs [s]"""
    host: Array
    """(E, N) int32, where twins went"""
    truncated: Array
    """(E,) bool, whose episode has reached its horizon; the next one has begun"""
    after: ProblemArrays
    """with a leading axis of E: what followed in the same episode, even where it was broken off there"""


class Source(Protocol):
    """A pytree of arrays and static rules; its functions are pure."""

    @property
    def environments(self) -> int:
        """E, how many are stepped at once."""
        ...

    def reset(self, key: Array) -> Any:
        """The states that training begins with."""
        ...

    def observe(self, state: Any) -> ProblemArrays:
        """The instances to decide on, with a leading axis of E."""
        ...

    def step(self, key: Array, state: Any, action: Action) -> tuple[Any, StepOutcome]:
        """Decide in every environment, pay, go on; `action` has a leading axis of E."""
        ...
