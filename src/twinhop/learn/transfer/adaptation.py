"""Algorithm 2: a policy that goes where its users go, with what was learned and lived through on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
from jax import Array

from twinhop.learn.replay import Replay, capacity_of
from twinhop.learn.transfer.aggregation import Approach, approached, weighted_sum
from twinhop.learn.transfer.experience import Experience, merged_replay


class Algorithm(Protocol):
    """What can be adapted: `StructuredMaddpg`, or `Literal` of one size; see there.

    A state has a field `replay`; networks are a tuple of actors and critics.
    """

    def start(self, key: Array, source: Any) -> Any:
        """A run before its first iteration."""
        ...

    def advance(self, state: Any, source: Any, iterations: int) -> tuple[Any, dict[str, Array]]:
        """Go on for so many iterations."""
        ...

    def weights(self, state: Any) -> Any:
        """What a policy needs of a run."""
        ...

    def networks(self, state: Any) -> Any:
        """All that a run has learned."""
        ...

    def with_networks(self, state: Any, networks: Any, *, targets: bool = False) -> Any:
        """The run with other networks, and with targets that begin from them."""
        ...


class Place(NamedTuple):
    """What is brought along from one place of a trajectory."""

    name: str
    """as messages call it"""
    networks: Any
    """as `Learner.networks` gives them"""
    replay: Replay | None
    """what was lived through there; None: nothing of it was kept"""


class AdaptedState(NamedTuple):
    """A run of adaptation."""

    run: Any
    """of the learner"""
    source: Any
    """theta_src, the networks towards which weights are pulled"""
    approach: Approach
    iteration: Array
    """() int32, iterations since the arrival"""


@dataclass(frozen=True)
class Inheritance:
    """What is taken over from the places of a trajectory.

    Attributes:
        weights: of each place in Eq. 32, such as `twin.behaviour.blending.dwell_weights`; None: no network is taken
            over.
        share: of the replay memory that the places may fill; 0: no experience is taken over.
        recency: weight of a place's experience relative to the place after it.
    """

    weights: tuple[float, ...] | None
    share: float = 0.5
    recency: float = 0.5


@dataclass(frozen=True)
class Adaptation:
    """A learner in a new place, by Algorithm 2.

    Weights begin as the weighted sum of those of the trajectory (Eq. 32), the replay memory with the experience of its
    places (Eq. 33); in every iteration the learner goes on as ever, and is then pulled towards the source (Eq. 34).
    The trained weights are kept, where line 8 as printed would put the source in their place (reading row 21).

    Attributes:
        algorithm: the learner.
    """

    algorithm: Algorithm

    def start(
        self,
        key: Array,
        source: Any,
        places: Sequence[Place],
        inheritance: Inheritance,
        approach: Approach = Approach(),  # noqa: B008
    ) -> AdaptedState:
        """Arrive.

        Args:
            key: of the run.
            source: of instances of the new place, as many users and stations as in the places, absent ones included.
            places: of the trajectory, the latest first.
            inheritance: what is taken over.
            approach: rho, its decay and the reading of Eq. 34.

        Returns:
            The state before the first iteration; what moments and targets there are begin anew.

        Raises:
            InputError: weights do not fit, networks have another architecture, or experience cannot be merged.

        Source:
            Lu et al., Algorithm 2, lines 3 to 6.
        """
        run = self.algorithm.start(key, source)
        inherited = self.algorithm.networks(run)
        if inheritance.weights is not None:
            names = [place.name for place in places]
            inherited = weighted_sum([place.networks for place in places], inheritance.weights, names)
            run = self.algorithm.with_networks(run, inherited, targets=True)
        if inheritance.share > 0:
            experiences = [Experience(each.replay, age) for age, each in enumerate(places) if each.replay is not None]
            memory = merged_replay(experiences, capacity_of(run.replay), inheritance.share, inheritance.recency)
            run = run._replace(replay=memory)
        rho: Any = jnp.float32(approach.rho)
        decay: Any = jnp.float32(approach.decay)
        approach = Approach(rho, decay, approach.reading)
        state = AdaptedState(run, inherited, approach, jnp.zeros((), jnp.int32))
        return jax.tree.map(jnp.copy, state)  # no two fields share an array: states are given up to what is compiled

    def advance(self, state: AdaptedState, source: Any, iterations: int) -> tuple[AdaptedState, dict[str, Array]]:
        """Go on for so many iterations.

        Args:
            state: of `start`, or where the run is.
            source: of instances of the new place.
            iterations: static.

        Returns:
            Where the run is then, and what the learner tells of each iteration.

        Source:
            Lu et al., Algorithm 2, lines 5 to 9.
        """

        def go(now: AdaptedState, _: Any) -> tuple[AdaptedState, dict[str, Array]]:
            run, log = self.algorithm.advance(now.run, source, 1)
            pulled = approached(self.algorithm.networks(run), now.source, now.approach, now.iteration)
            run = self.algorithm.with_networks(run, pulled)
            return now._replace(run=run, iteration=now.iteration + 1), {name: each[0] for name, each in log.items()}

        return jax.lax.scan(go, state, None, length=iterations)

    def weights(self, state: AdaptedState) -> Any:
        """What a policy needs of a run."""
        return self.algorithm.weights(state.run)

    def networks(self, state: AdaptedState) -> Any:
        """All that a run has learned."""
        return self.algorithm.networks(state.run)
