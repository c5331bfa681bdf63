"""Algorithm 2: a policy that goes where its users go, with what was learned and lived through on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from twinhop.learn.sources import Source
from twinhop.learn.structured import RunState, StructuredMaddpg
from twinhop.learn.structured.actor import Actor
from twinhop.learn.structured.critic import Critic
from twinhop.learn.transfer.aggregation import Approach, approached, weighted_sum
from twinhop.learn.transfer.experience import Experience, merged_replay


class Networks(NamedTuple):
    """What is learned in a place."""

    actor: Actor
    critics: Critic


class AdaptedState(NamedTuple):
    """A run of adaptation."""

    run: RunState
    source: Networks
    """theta_src, towards which weights are pulled"""
    iteration: Array
    """() int32, iterations since the arrival"""


@dataclass(frozen=True)
class Inheritance:
    """What is taken over from the places of a trajectory.

    Attributes:
        weights: of each place in Eq. 32, such as `twin.behaviour.blending.dwell_weights`.
        share: of the replay memory that the places may fill; 0: no experience is taken over.
        recency: weight of a place's experience relative to the place after it.
    """

    weights: tuple[float, ...]
    share: float = 0.5
    recency: float = 0.5


@dataclass(frozen=True)
class Adaptation:
    """Structured MADDPG in a new place, by Algorithm 2.

    Weights begin as the weighted sum of those of the trajectory (Eq. 32), the replay memory with the experience of its
    places (Eq. 33); in every iteration the learner goes on as ever, and is then pulled towards the source (Eq. 34).
    The trained weights are kept, where line 8 as printed would put the source in their place (reading row 21).

    Attributes:
        algorithm: the learner.
        approach: rho, its decay and the reading of Eq. 34.
    """

    algorithm: StructuredMaddpg
    approach: Approach

    def start(self, key: Array, source: Source, places: Sequence[RunState], inheritance: Inheritance) -> AdaptedState:
        """Arrive.

        Args:
            key: of the run.
            source: of instances of the new place, as many users and stations as in the places, absent ones included.
            places: where training ended in each place of the trajectory, the latest first.
            inheritance: what is taken over.

        Returns:
            The state before the first iteration; what moments and targets there are begin anew.

        Raises:
            InputError: weights do not fit, networks have another architecture, or experience cannot be merged.

        Source:
            Lu et al., Algorithm 2, lines 3 to 6.
        """
        own = self.algorithm.start(key, source)
        names = [f"place {at + 1}" for at in range(len(places))]
        learned = [Networks(each.actor, each.critics) for each in places]
        inherited = weighted_sum(learned, inheritance.weights, names)
        targets = None
        if own.targets is not None:
            targets = own.targets._replace(actor=inherited.actor, critics=inherited.critics)
            targets = jax.tree.map(jnp.copy, targets)
        run = own._replace(actor=inherited.actor, critics=inherited.critics, targets=targets)
        if inheritance.share > 0:
            lived = [Experience(each.replay, age) for age, each in enumerate(places)]
            slots = self.algorithm.config.replay_slots
            run = run._replace(replay=merged_replay(lived, slots, inheritance.share, inheritance.recency))
        return AdaptedState(run, jax.tree.map(jnp.copy, inherited), jnp.zeros((), jnp.int32))

    def advance(self, state: AdaptedState, source: Source, iterations: int) -> tuple[AdaptedState, dict[str, Array]]:
        """Go on for so many iterations.

        Args:
            state: of `start`, or where the run is.
            source: of instances of the new place.
            iterations: static.

        Returns:
            Where the run is then, and what `StructuredMaddpg.advance` tells of each iteration.

        Source:
            Lu et al., Algorithm 2, lines 5 to 9.
        """

        def go(now: AdaptedState, _: Any) -> tuple[AdaptedState, dict[str, Array]]:
            run, told = self.algorithm.advance(now.run, source, 1)
            trained = Networks(run.actor, run.critics)
            pulled = approached(trained, now.source, self.approach, now.iteration)
            run = run._replace(actor=pulled.actor, critics=pulled.critics)
            return AdaptedState(run, now.source, now.iteration + 1), {name: each[0] for name, each in told.items()}

        return jax.lax.scan(go, state, None, length=iterations)

    def weights(self, state: AdaptedState) -> Actor:
        """What a policy needs of a run."""
        return state.run.actor
