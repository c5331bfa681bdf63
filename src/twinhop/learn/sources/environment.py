"""Training instances out of the environment, on one topology or on a new one in each episode, at varied prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from twinhop.env.core import Action, Params, State, StepInfo, reset, step
from twinhop.env.core.types import Observation
from twinhop.learn.instance import Instance, instance_of_observation, mean_latency_weight
from twinhop.learn.sources.source import Outcome


class Scales(NamedTuple):
    """What an episode's costs are multiplied by."""

    opening: Array
    """of openings"""
    communication: Array
    """of communication latencies"""


class Lived(NamedTuple):
    """Where the environments are."""

    state: State
    seen: Observation
    scales: Scales


@dataclass(frozen=True)
class EnvironmentSource:
    """E environments side by side; each begins its next episode when it reaches the horizon.

    Attributes:
        params: of the environment; with `redraws`, every episode has its own topology.
        environments: E.
        opening_spread: openings of an episode cost exp(U(-x, x)) times as much, so that weights serve other prices.
        communication_spread: the same for communication latencies.
    """

    params: Params
    environments: int
    opening_spread: float = 0.0
    communication_spread: float = 0.0

    def reset(self, key: Array) -> Lived:
        """The states that training begins with: somewhere in an episode, so that they do not all end together."""
        keys = jax.random.split(key, 2)
        lived = self._begun(keys[0])
        slots = jax.random.randint(keys[1], (self.environments,), 0, self.params.horizon, jnp.int32)
        return lived._replace(state=lived.state._replace(slot_index=slots))

    def observe(self, state: Lived) -> Instance:
        """The instances to decide on."""
        return self._instances(state.seen, state.scales)

    def _instances(self, seen: Observation, scales: Scales) -> Instance:
        def one(seen: Observation, scales: Scales) -> Instance:
            instance = instance_of_observation(self.params.rules.cost, seen)
            return instance._replace(
                comm_s=instance.comm_s * scales.communication, opening_s=instance.opening_s * scales.opening
            )

        return jax.vmap(one)(seen, scales)

    def step(self, key: Array, state: Lived, action: Action) -> tuple[Lived, Outcome]:
        """Decide, pay, go on."""
        keys = jax.random.split(key, 2)
        each = jax.random.split(keys[0], self.environments)
        seen, after, _, _, truncated, info = jax.vmap(lambda own, now, asked: step(own, now, asked, self.params))(
            each, state.state, action
        )
        outcome = Outcome(self._cost(state, info), info.host, truncated, self._instances(seen, state.scales))
        gone_on = Lived(after, seen, state.scales)
        return _chosen(truncated, self._begun(keys[1]), gone_on), outcome

    def _begun(self, key: Array) -> Lived:
        keys = jax.random.split(key, 3)
        seen, state = jax.vmap(lambda each: reset(each, self.params))(jax.random.split(keys[0], self.environments))
        spreads = (self.opening_spread, self.communication_spread)
        drawn = [
            jnp.exp(spread * jax.random.uniform(each, (self.environments,), minval=-1.0))
            for each, spread in zip(keys[1:], spreads, strict=True)
        ]
        return Lived(state, seen, Scales(*drawn))

    def _cost(self, lived: Lived, info: StepInfo) -> Array:
        cost = self.params.rules.cost
        late_s = cost.late_s if cost.has_deadlines and cost.reading == "sound" else 0.0
        active = lived.seen.active & (lived.seen.access >= 0)
        weight = jax.vmap(lambda present: mean_latency_weight(cost, present))(active)
        paid = info.communication * lived.scales.communication + info.computing + info.moves
        return (paid + info.opening * lived.scales.opening + late_s * info.late) / weight


def _chosen(mask: Array, new: Any, old: Any) -> Any:
    """The entries of new arrays where the mask (E,) says so, of old ones elsewhere."""
    return jax.tree.map(lambda a, b: jnp.where(mask.reshape(-1, *[1] * (a.ndim - 1)), a, b), new, old)


jax.tree_util.register_dataclass(
    EnvironmentSource, ["params"], ["environments", "opening_spread", "communication_spread"]
)
