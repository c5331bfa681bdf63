"""Ways of beginning in a new place, side by side: each takes over something of what was learned before, or nothing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from twinhop.inference.instance import ProblemArrays
from twinhop.learn.measured_run import advance_compiled
from twinhop.learn.sources import BankSource
from twinhop.learn.structured import StructuredConfig, StructuredMaddpg
from twinhop.learn.transfer.adaptation import Adaptation, Inheritance, Place
from twinhop.learn.transfer.aggregation import Approach, norm
from twinhop.scenario.schema.readings import Reading


class Constants(NamedTuple):
    """What holds of all trials."""

    iterations: int
    """of a run, by which rates and noise fall"""
    every: int
    """iterations that are compiled together"""
    environments: int
    critic_only: int
    """first iterations of networks that are drawn, in which the actor does not learn"""
    replay_slots: int
    decay: float
    """of the pull"""
    recency: float
    opening_penalty: float = 0.0
    """of trials that have one; see `StructuredConfig.opening_penalty`"""


class Trials:
    """Trials that share what is compiled."""

    def __init__(self, constants: Constants) -> None:
        """Take the constants; nothing is compiled yet."""
        self.constants = constants
        self._compiled: dict[Any, Any] = {}
        self._learners = {
            (pretrained, penalised): Adaptation(
                StructuredMaddpg(
                    StructuredConfig(
                        iterations=constants.iterations,
                        critic_only_iterations=0 if pretrained else constants.critic_only,
                        replay_slots=constants.replay_slots,
                        opening_penalty=constants.opening_penalty if penalised else 0.0,
                    )
                )
            )
            for pretrained in (False, True)
            for penalised in (False, True)
        }

    def begin(
        self,
        bank: ProblemArrays,
        places: Sequence[Place],
        ancestor: Place | None,
        seed: int,
        *,
        networks: float = 0.0,
        share: float = 0.0,
        rho: float = 0.0,
        reading: Reading = "sound",
        penalised: bool = False,
    ) -> Trial:
        """Arrive in a place.

        Args:
            bank: instances of the place, with a leading axis.
            places: of the trajectory, the latest first.
            ancestor: the network that all began with; None: none counts.
            seed: of the run.
            networks: weight of the places' networks in Eq. 32, shared alike, the rest being the ancestor's; 0: networks
                of its own are drawn.
            share: of the memory that the places' experience fills (Eq. 33).
            rho: pull in the first iteration (Eq. 34).
            reading: of Eq. 34; printed, the pull does not decay either.
            penalised: whether opening logits are held back by `Constants.opening_penalty`.
        """
        constants = self.constants
        learner = self._learners[networks > 0, penalised]
        weights = [networks / len(places)] * len(places) if networks else None
        if weights is not None and ancestor is not None:
            places, weights = [*places, ancestor], [*weights, 1.0 - networks]
        source = BankSource(bank, constants.environments)
        inheritance = Inheritance(None if weights is None else tuple(weights), share, constants.recency)
        approach = Approach(rho, constants.decay if reading == "sound" else 1.0, reading)
        state = learner.start(jax.random.key(seed), source, places, inheritance, approach)
        return Trial(self, learner, source, state)

    def compiled(self, learner: Adaptation, source: BankSource, state: Any) -> Any:
        """What advances a trial by `Constants.every` iterations."""
        known = learner, state.approach.reading, source.bank.comm_s.shape
        if known not in self._compiled:
            self._compiled[known] = advance_compiled.lower(learner, state, source, self.constants.every).compile()
        return self._compiled[known]


class Trial:
    """A run in a place."""

    def __init__(self, trials: Trials, learner: Adaptation, source: BankSource, state: Any) -> None:
        """Begin; see `Trials.begin`."""
        self._trials, self._learner, self._source, self._state = trials, learner, source, state

    @property
    def weights(self) -> Any:
        """What a policy needs of it."""
        return self._learner.weights(self._state)

    @property
    def norm(self) -> float:
        """Length of all weights."""
        return float(norm(self._learner.networks(self._state)))

    def place(self, name: str) -> Place:
        """What can be brought along from here."""
        networks = jax.tree.map(np.asarray, self._learner.networks(self._state))
        return Place(name, networks, jax.tree.map(np.asarray, self._state.run.replay))

    def go_on(self, iterations: int) -> float:
        """Advance by a multiple of `Constants.every`; the processor time that took, compilation left out [s]."""
        advance = self._trials.compiled(self._learner, self._source, self._state)
        started = time.process_time()
        for _ in range(iterations // self._trials.constants.every):
            self._state, _ = jax.block_until_ready(advance(self._state, self._source))
        return time.process_time() - started


def stacked(instances: Sequence[ProblemArrays]) -> ProblemArrays:
    """Instances of one size as a bank, with a leading axis."""
    arrays: Any = [np.stack(each) for each in zip(*instances, strict=True)]
    return ProblemArrays(*arrays)
