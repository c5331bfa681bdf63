"""Training instances out of several sources at once, so that one policy learns them all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from twinhop.env.core import Action
from twinhop.learn.instance import Instance
from twinhop.learn.sources.source import Outcome, Source


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

    def observe(self, state: tuple[Any, ...]) -> Instance:
        """The instances to decide on."""
        return _joined([part.observe(each) for part, each in zip(self.parts, state, strict=True)])

    def step(self, key: Array, state: tuple[Any, ...], action: Action) -> tuple[tuple[Any, ...], Outcome]:
        """Decide, pay, go on."""
        keys = jax.random.split(key, len(self.parts))
        begin, stepped = 0, []
        for part, own, each in zip(self.parts, state, keys, strict=True):
            end = begin + part.environments
            asked = Action(action.opening[begin:end], action.score[begin:end])
            stepped.append(part.step(each, own, asked))
            begin = end
        return tuple(after for after, _ in stepped), _joined([outcome for _, outcome in stepped])


def _joined(parts: list[Any]) -> Any:
    return jax.tree.map(lambda *each: jnp.concatenate(each), *parts)


jax.tree_util.register_dataclass(MixedSource, ["parts"], [])
