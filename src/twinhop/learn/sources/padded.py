"""Training instances with absent users and stations behind those that there are, so that sizes can be mixed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from twinhop.env.core import Action
from twinhop.inference.instance import ProblemArrays
from twinhop.learn.instance import padded
from twinhop.learn.sources.source import Source, StepOutcome


@dataclass(frozen=True)
class PaddedSource:
    """A source whose instances are shown as larger ones; what they cost and where twins may go stays the same.

    Attributes:
        source: any.
        users: N that instances are padded to, at least as many as there are.
        stations: M, likewise.
    """

    source: Source
    users: int
    stations: int

    @property
    def environments(self) -> int:
        """E."""
        return self.source.environments

    def reset(self, key: Array) -> Any:
        """The states that training begins with."""
        return self.source.reset(key)

    def observe(self, state: Any) -> ProblemArrays:
        """The instances to decide on."""
        return self._larger(self.source.observe(state))

    def step(self, key: Array, state: Any, action: Action) -> tuple[Any, StepOutcome]:
        """Decide, pay, go on; what is asked of those absent is not heard."""
        obs = jax.eval_shape(self.source.observe, state)
        stations, users = obs.comm_s.shape[1:]
        own_action = Action(action.opening[:, :stations], action.score[:, :stations, :users])
        after, outcome = self.source.step(key, state, own_action)
        host = jnp.pad(outcome.host, ((0, 0), (0, self.users - users)))
        return after, outcome._replace(host=host, after=self._larger(outcome.after))

    def _larger(self, instances: ProblemArrays) -> ProblemArrays:
        return jax.vmap(partial(padded, users=self.users, stations=self.stations))(instances)


jax.tree_util.register_dataclass(PaddedSource, ["source"], ["users", "stations"])
