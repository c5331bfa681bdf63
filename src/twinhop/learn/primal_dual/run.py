"""A run of the primal-dual learner as a pure function: draw instances of one size, raise their bounds, again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array

from twinhop.learn.multilayer import init_weights
from twinhop.learn.primal_dual.config import PrimalDualConfig, Size
from twinhop.learn.primal_dual.instance import PricedInstance
from twinhop.learn.primal_dual.network import PrimalDualNetwork
from twinhop.learn.primal_dual.response import respond
from twinhop.learn.primal_dual.worlds import draw_instance

#: Of instances that users moved in: how many of them are others, and by how much links change.
OTHERS, CHANGED = 0.15, 0.15
#: The largest part of a loss that one instance has.
LARGEST_LOSS = 5.0


class RunState(NamedTuple):
    """All that a run is at an iteration."""

    network: PrimalDualNetwork
    optimiser: Any
    key: Array
    """(2,) uint32"""
    iteration: Array
    """() int32, iterations done"""


@dataclass(frozen=True)
class PrimalDual:
    """The algorithm; hashable, so that it can be static where it is compiled.

    Attributes:
        config: its constants.
    """

    config: PrimalDualConfig = PrimalDualConfig()

    def start(self, key: Array, source: Any) -> RunState:
        """The state that a run begins with.

        Args:
            key: of `jax.random.key`.
            source: whatever the run is judged on; what is learned from is drawn.
        """
        keys = jax.random.split(key)
        network = init_weights(PrimalDualNetwork(self.config.blocks, self.config.width), keys[0])
        return RunState(
            network, self._optimiser().init(network), jax.random.key_data(keys[1]), jnp.zeros((), jnp.int32)
        )

    def advance(self, state: RunState, source: Any, iterations: int) -> tuple[RunState, dict[str, Array]]:
        """Go on for so many iterations.

        Args:
            state: of `start`, or where the run is.
            source: as of `start`.
            iterations: static.

        Returns:
            Where the run is then, and by iteration: `bound`, the mean relaxed value as a share of about what plans
            cost; `loss`; `size`, which of the sizes was learned from.
        """
        return jax.lax.scan(lambda now, _: self._iteration(now), state, None, length=iterations)

    def weights(self, state: RunState) -> PrimalDualNetwork:
        """What a policy needs of a run."""
        return state.network

    def networks(self, state: RunState) -> PrimalDualNetwork:
        """All that a run has learned."""
        return state.network

    def _iteration(self, state: RunState) -> tuple[RunState, dict[str, Array]]:
        keys = jax.random.split(jax.random.wrap_key_data(state.key), 3)
        weights = jnp.array([size.weight for size in self.config.sizes], jnp.float32)
        at = jax.random.categorical(keys[0], jnp.log(weights))
        branches = [partial(_gradient, size, self.config.early) for size in self.config.sizes]
        (loss, bound), gradient = jax.lax.switch(at, branches, state.network, keys[1])
        change, optimiser = self._optimiser().update(gradient, state.optimiser)
        network = jax.tree.map(jnp.add, state.network, change)
        state = RunState(network, optimiser, jax.random.key_data(keys[2]), state.iteration + 1)
        return state, {"loss": loss, "bound": bound, "size": at}

    def _optimiser(self) -> Any:
        config = self.config
        rates = optax.warmup_cosine_decay_schedule(
            0.0,
            config.rate,
            min(config.warm_up, max(config.iterations - 1, 1)),
            max(config.iterations, 2),
            config.rate * config.last_rate_share,
        )
        # as one vector: dozens of small arrays take minutes to compile
        return optax.flatten(optax.chain(optax.clip_by_global_norm(config.clip), optax.adam(rates)))


def _gradient(size: Size, early: float, network: PrimalDualNetwork, key: Array) -> tuple[tuple[Array, Array], Any]:
    """The mean loss over a batch of one size and the mean bound, and the gradient of the loss."""

    def mean_loss(network: PrimalDualNetwork) -> tuple[Array, Array]:
        losses, bounds = jax.vmap(partial(_loss, size, early, network))(jax.random.split(key, size.batch))
        return losses.mean(), bounds.mean()

    return jax.value_and_grad(mean_loss, has_aux=True)(network)


def _loss(size: Size, early: float, network: PrimalDualNetwork, key: Array) -> tuple[Array, Array]:
    """Minus the bound as a share of about what plans cost, those before later blocks with less weight; and it alone."""
    keys = jax.random.split(key, 4)
    instance = draw_instance(keys[0], size.stations, size.users, size.limits, size.limits)
    start = jnp.zeros(size.users)
    if size.moved:
        before, is_other = moved(keys[1], instance)
        known = jax.lax.stop_gradient(network(before, start, size.limits, size.limits).log_price)
        start = jnp.where(is_other, 0.0, known)
    priced = network(instance, start, size.limits, size.limits)
    last = respond(instance, priced.price, size.limits, size.limits).value
    bounds = (jnp.append(priced.values[1:], last) + instance.near) / priced.scale
    bounds = jnp.clip(bounds, -LARGEST_LOSS, LARGEST_LOSS)
    weights = jnp.append(early * jnp.arange(1, bounds.size), 1.0)
    return -(weights * bounds).sum(), bounds[-1]


def moved(key: Array, instance: PricedInstance) -> tuple[PricedInstance, Array]:
    """The instance as it was a slot before: its links were others, and so were some users; (N,) bool says who."""
    stations, users = instance.far.shape
    drawn = jax.random.normal(key, (stations + 1, users))
    is_other = jax.scipy.stats.norm.cdf(drawn[0]) < OTHERS
    who = jnp.where(is_other, (jnp.arange(users) + users // 2) % users, jnp.arange(users))
    noise = jnp.exp(CHANGED * drawn[1:])
    return instance._replace(
        far=instance.far[:, who] * noise,
        work=instance.work[who],
        floor=instance.floor[:, who],
        allowed=instance.allowed[:, who],
    ), is_other
