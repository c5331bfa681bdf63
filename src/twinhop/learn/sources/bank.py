"""Training instances out of a bank: those of recorded minutes, say, one after the other from a random one on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from twinhop.env.core import Action
from twinhop.env.core.decode import decode
from twinhop.inference.instance import ProblemArrays
from twinhop.learn.instance import instance_cost
from twinhop.learn.sources.source import StepOutcome


class Turned(NamedTuple):
    """Where each environment is in the bank."""

    row: Array
    """(E,) int32"""
    slot: Array
    """(E,) int32, of its episode"""


@dataclass(frozen=True)
class BankSource:
    """E readers of a bank of instances.

    Attributes:
        bank: instances with a leading axis, in their order in time.
        environments: E.
        horizon: an episode reads so many in a row; after the last one comes the first.
    """

    bank: ProblemArrays
    environments: int
    horizon: int = 25

    def reset(self, key: Array) -> Turned:
        """Rows and slots at random."""
        keys = jax.random.split(key, 2)
        return Turned(self._rows(keys[0]), jax.random.randint(keys[1], (self.environments,), 0, self.horizon))

    def observe(self, state: Turned) -> ProblemArrays:
        """The instances to decide on."""
        return jax.tree.map(lambda each: jnp.asarray(each)[state.row], self.bank)

    def step(self, key: Array, state: Turned, action: Action) -> tuple[Turned, StepOutcome]:
        """Decide, pay, turn to the next row."""
        obs = self.observe(state)

        def one(instance: ProblemArrays, action: Action) -> tuple[Array, Array]:
            host = decode(action, instance.capacity, instance.comm_s, instance.active, True).host
            return instance_cost(instance, host), host

        cost, host = jax.vmap(one)(obs, action)
        truncated = state.slot + 1 >= self.horizon
        following = Turned((state.row + 1) % self._length, state.slot + 1)
        outcome = StepOutcome(cost, host, truncated, self.observe(following))
        row = jnp.where(truncated, self._rows(key), following.row)
        return Turned(row, jnp.where(truncated, 0, following.slot)), outcome

    @property
    def _length(self) -> int:
        return self.bank.active.shape[0]

    def _rows(self, key: Array) -> Array:
        return jax.random.randint(key, (self.environments,), 0, self._length)


jax.tree_util.register_dataclass(BankSource, ["bank"], ["environments", "horizon"])
