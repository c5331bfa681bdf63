"""Training instances out of several sources at once, so that one policy learns them all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from twinhop.env.core import Action
from twinhop.inference.instance import ProblemArrays
from twinhop.learn.sources.source import Source, StepOutcome


@dataclass(frozen=True)
class MixedSource:
    """The environments of several sources of as many users and stations, one after the other.

    Attributes:
        parts: the sources.
    """

    parts: tuple[Source, ...]

    @property
    def environments(self) -> int:
        """E, of all parts together."""
        return sum(part.environments for part in self.parts)

    def reset(self, key: Array) -> tuple[Any, ...]:
        """The states that training begins with."""
        keys = jax.random.split(key, len(self.parts))
        return tuple(part.reset(each) for part, each in zip(self.parts, keys, strict=True))

    def observe(self, state: tuple[Any, ...]) -> ProblemArrays:
        """The instances to decide on."""
        return _joined([part.observe(each) for part, each in zip(self.parts, state, strict=True)])

    def step(self, key: Array, state: tuple[Any, ...], action: Action) -> tuple[tuple[Any, ...], StepOutcome]:
        """Decide, pay, go on."""
        keys = jax.random.split(key, len(self.parts))
        begin, results = 0, []
        for part, own, each in zip(self.parts, state, keys, strict=True):
            end = begin + part.environments
            own_action = Action(action.opening[begin:end], action.score[begin:end])
            results.append(part.step(each, own, own_action))
            begin = end
        return tuple(after for after, _ in results), _joined([outcome for _, outcome in results])


def _joined(parts: list[Any]) -> Any:
    return jax.tree.map(lambda *each: jnp.concatenate(each), *parts)


jax.tree_util.register_dataclass(MixedSource, ["parts"], [])
