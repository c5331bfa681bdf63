"""Arrivals and departures: users that are there for a while, then away for a while."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from twinhop import streams
from twinhop.scenario.fields import Positive, Section
from twinhop.scenario.mobility.positions import Positions, loads_of
from twinhop.units.arrays import Array, namespace_of


class Churn(Section):
    """Users come and go, each for itself: times of presence and of absence are exponential."""

    mean_present_s: Positive = Field(description="mean time from an arrival to the departure [s]")
    mean_absent_s: Positive = Field(description="mean time from a departure to the next arrival [s]")

    @property
    def present_share(self) -> float:
        """The share of users that are present, in the long run and at the start [1].

        >>> Churn(mean_present_s=900.0, mean_absent_s=100.0).present_share
        0.9
        """
        return self.mean_present_s / (self.mean_present_s + self.mean_absent_s)


def next_presence(present: Array, uniform: Array, churn: Churn, slot_s: float) -> Array:
    """Return who is present one slot later.

    Formula, with p the share of presence: after a slot of length t a present user is present with the probability
    ``p + (1 - p) q``, an absent one with ``p (1 - q)``, ``q = exp(-t / mean_present - t / mean_absent)``. Those are
    the probabilities of the process in continuous time, comings and goings within the slot included.

    Args:
        present: (N,) booleans.
        uniform: (N,) draws, uniform in [0, 1).
        churn: the mean times.
        slot_s: length of the slot [s].

    Returns:
        (N,) booleans.

    Source:
        Ross, Introduction to Probability Models, continuous-time Markov chain of two states.

    Example:
        >>> churn = Churn(mean_present_s=60.0, mean_absent_s=60.0)
        >>> next_presence(np.array([True, True, False]), np.array([0.5, 0.99, 0.005]), churn, 1.0).tolist()
        [True, False, True]
    """
    share = churn.present_share
    left = math.exp(-slot_s / churn.mean_present_s - slot_s / churn.mean_absent_s)
    return uniform < namespace_of(present).where(present, share + (1.0 - share) * left, share * (1.0 - left))


@dataclass(frozen=True, eq=False)
class ChurningPositions:
    """Users who come and go; an absent user moves on unseen.

    Random numbers come from the stream `mobility.presence`, so that users move as they do without churn.

    Args:
        positions: the users and how they move.
        churn: how long they are present and absent.
        seed: the root seed.

    >>> from itertools import islice
    >>> from twinhop.scenario.mobility import ModelPositions, Static
    >>> from twinhop.scenario.place_sections import Area
    >>> still = ModelPositions(Static(kind="static"), np.ones((2, 2)), Area(), slot_s=60.0, seed=0, user_ids=("a", "b"))
    >>> churning = ChurningPositions(still, Churn(mean_present_s=60.0, mean_absent_s=60.0), seed=0)
    >>> [np.isfinite(xy_m[:, 0]).tolist() for xy_m in islice(churning, 3)]
    [[False, True], [True, False], [True, True]]
    """

    positions: Positions
    churn: Churn
    seed: int

    @property
    def user_ids(self) -> tuple[str, ...]:
        """The users, in the order of the rows, present or not."""
        return self.positions.user_ids

    @property
    def slot_s(self) -> float:
        """Length of a slot [s]."""
        return self.positions.slot_s

    @property
    def slots(self) -> int | None:
        """Number of slots; None: endless."""
        return self.positions.slots

    def __iter__(self) -> Iterator[NDArray[np.float64]]:
        """Positions slot by slot, slot 0 first, each (N, 2) [m]; NaN where the user is absent."""
        generator, users = streams.stream(self.seed, streams.PRESENCE), len(self.user_ids)
        present = generator.random(users) < self.churn.present_share
        for xy_m in self.positions:
            yield np.where(present[:, None], xy_m, np.nan)
            present = next_presence(present, generator.random(users), self.churn, self.slot_s)

    def loads(self) -> Iterator[NDArray[np.float64] | None]:
        """By what the users' work is multiplied, slot by slot; see `loads_of`."""
        return loads_of(self.positions)
