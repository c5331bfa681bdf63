"""Training instances out of the environment, on one topology or on a new one in each episode, at varied prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from twinhop.env.core import Action, Params, State, StepInfo, reset, step
from twinhop.env.core.types import Observation
from twinhop.env.stepping import where_tree
from twinhop.inference.instance import ProblemArrays
from twinhop.learn.instance import instance_of_observation, mean_latency_weight
from twinhop.learn.sources.source import StepOutcome


class Scales(NamedTuple):
    """What an episode's costs are multiplied by."""

    opening: Array
    """of openings"""
    communication: Array
    """of communication latencies"""


class EnvState(NamedTuple):
    """Where the environments are."""

    state: State
    obs: Observation
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

    def reset(self, key: Array) -> EnvState:
        """The states that training begins with: somewhere in an episode, so that they do not all end together."""
        keys = jax.random.split(key, 2)
        env_state = self._reset(keys[0])
        slots = jax.random.randint(keys[1], (self.environments,), 0, self.params.horizon, jnp.int32)
        return env_state._replace(state=env_state.state._replace(slot_index=slots))

    def observe(self, state: EnvState) -> ProblemArrays:
        """The instances to decide on."""
        return self._instances(state.obs, state.scales)

    def _instances(self, obs: Observation, scales: Scales) -> ProblemArrays:
        def one(obs: Observation, scales: Scales) -> ProblemArrays:
            instance = instance_of_observation(self.params.rules.cost, obs)
            return instance._replace(
                comm_s=instance.comm_s * scales.communication, opening_s=instance.opening_s * scales.opening
            )

        return jax.vmap(one)(obs, scales)

    def step(self, key: Array, state: EnvState, action: Action) -> tuple[EnvState, StepOutcome]:
        """Decide, pay, go on."""
        keys = jax.random.split(key, 2)
        each = jax.random.split(keys[0], self.environments)
        obs, after, _, _, truncated, info = jax.vmap(lambda own, now, action: step(own, now, action, self.params))(
            each, state.state, action
        )
        outcome = StepOutcome(self._cost(state, info), info.host, truncated, self._instances(obs, state.scales))
        gone_on = EnvState(after, obs, state.scales)
        return where_tree(truncated, self._reset(keys[1]), gone_on), outcome

    def _reset(self, key: Array) -> EnvState:
        keys = jax.random.split(key, 3)
        obs, state = jax.vmap(lambda each: reset(each, self.params))(jax.random.split(keys[0], self.environments))
        spreads = (self.opening_spread, self.communication_spread)
        factors = [
            jnp.exp(spread * jax.random.uniform(each, (self.environments,), minval=-1.0))
            for each, spread in zip(keys[1:], spreads, strict=True)
        ]
        return EnvState(state, obs, Scales(*factors))

    def _cost(self, env_state: EnvState, info: StepInfo) -> Array:
        cost = self.params.rules.cost
        late_s = cost.late_s if cost.has_deadlines and cost.reading == "sound" else 0.0
        active = env_state.obs.active & (env_state.obs.access >= 0)
        weight = jax.vmap(lambda present: mean_latency_weight(cost, present))(active)
        paid = info.communication * env_state.scales.communication + info.computing + info.moves
        return (paid + info.opening * env_state.scales.opening + late_s * info.late) / weight


jax.tree_util.register_dataclass(
    EnvironmentSource, ["params"], ["environments", "opening_spread", "communication_spread"]
)
