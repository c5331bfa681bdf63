"""Where users are, slot by slot: the seam between what moves them and the world that they move in."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from twinhop import streams
from twinhop.scenario.mobility.model import MobilityModel
from twinhop.scenario.place_sections import Area


class Positions(Protocol):
    """What moves users: a model or a trace."""

    @property
    def user_ids(self) -> tuple[str, ...]:
        """The users, in the order of the rows."""
        ...

    @property
    def slot_s(self) -> float:
        """Length of a slot [s]."""
        ...

    @property
    def slots(self) -> int | None:
        """Number of slots; None: endless."""
        ...

    def __iter__(self) -> Iterator[NDArray[np.float64]]:
        """Positions slot by slot, slot 0 first, each (N, 2) [m]; NaN where the user is absent.

        Every iteration starts anew and gives the same bytes.
        """
        ...


def loads_of(positions: Positions) -> Iterator[NDArray[np.float64] | None]:
    """By what the users' work is multiplied, slot by slot.

    Args:
        positions: a recording may have a method `loads`, which yields (N,) factors for each of its slots.

    Yields:
        (N,) factors; None in every slot where nothing multiplies it.
    """
    loads = getattr(positions, "loads", None)
    return itertools.repeat(None) if loads is None else loads()


@dataclass(frozen=True, eq=False)
class ModelPositions:
    """Users moved by a mobility model, without end.

    Random numbers come from the stream `mobility` in the order of the slots, so that the positions are the same
    whatever is decided in the world.

    Args:
        model: the mobility model.
        xy_m: (N, 2) where the scenario places the users, inside the area [m].
        area: where users move.
        slot_s: length of a slot, greater than 0 [s].
        seed: the root seed.
        user_ids: N ids.

    Raises:
        ValueError: if the model cannot work with the area or the slot.

    >>> from itertools import islice
    >>> from twinhop.scenario.mobility import GaussMarkov, ModelPositions
    >>> xy_m = np.array([[700.0, 700.0]])
    >>> users = ModelPositions(GaussMarkov(kind="gauss_markov"), xy_m, Area(), slot_s=1.0, seed=3, user_ids=("u0",))
    >>> [where.round(1).tolist() for where in islice(users, 3)]
    [[[700.0, 700.0]], [[704.2, 706.2]], [[709.2, 712.1]]]
    """

    model: MobilityModel
    xy_m: NDArray[np.float64]
    area: Area
    slot_s: float
    seed: int
    user_ids: tuple[str, ...]

    def __post_init__(self) -> None:
        self.model.check(self.area, self.slot_s)

    @property
    def slots(self) -> None:
        """None: a model moves its users for ever."""
        return None

    def __iter__(self) -> Iterator[NDArray[np.float64]]:
        """Positions slot by slot, slot 0 first, each (N, 2) and read-only [m]."""
        generator, users = streams.stream(self.seed, streams.MOBILITY), len(self.xy_m)
        draws = self.model.draws(self.area, self.slot_s)
        uniform = generator.random((draws.start_uniform, users))
        normal = generator.standard_normal((draws.start_normal, users))
        state = self.model.start(self.xy_m.copy(), uniform, normal, self.area)
        for slot in itertools.count():
            state.xy_m.setflags(write=False)
            yield state.xy_m
            uniform = generator.random((draws.uniform, users))
            normal = generator.standard_normal((draws.normal, users))
            state = self.model.step(state, uniform, normal, self.area, self.slot_s, slot * self.slot_s)
