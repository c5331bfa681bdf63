"""Where a user goes next: what followed when it came the same way before."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.jit import jit
from twinhop.twin.behaviour.back_off import backed_off, with_interval
from twinhop.twin.behaviour.categories import category_of, check_categories, check_time
from twinhop.twin.behaviour.model import Arrays, FloatArray, Prediction
from twinhop.twin.behaviour.row_model import float_row, require

MOST_ORDER, MOST_MEMORY = 16, 65_536
VISITS, POPULATION = "visits", "population"


@jit()
def followers(
    visits: NDArray[np.int32], first: int, length: int, recent: NDArray[np.int32], counts: FloatArray
) -> None:
    """Count what followed each context: the last stations of a path, 0 to k of them.

    Args:
        visits: ring of stations; -1 stands between the paths of two users.
        first: place of the oldest visit in the ring.
        length: visits in the ring.
        recent: the last k stations of the path in question, the latest first; fewer where it is shorter.
        counts: (k + 1, K) zeros; row j is written with what followed the last j stations.
    """
    size = visits.size
    for at in range(length):
        station = visits[(first + at) % size]
        if station < 0:
            continue
        counts[0, station] += 1.0
        for context in range(1, recent.size + 1):
            if context > at or visits[(first + at - context) % size] != recent[context - 1]:
                break
            counts[context, station] += 1.0


class NextStation:
    """Order-k Markov predictor of the next station, learned from the user's own history.

    The history is kept as it is, the newest visits of it. A prediction counts what followed each earlier place that
    looks like the last k, k - 1, ..., 0 stations, and backs off from the longest context to the shortest (Witten-Bell,
    `back_off.backed_off`), and from there to the uniform distribution.

    Where the histories of other users are given, the same is done with theirs first, and the user's own counts c of its
    contexts of 1 to k stations then move these probabilities p by ``(c + w p) / (n + w)``, n their sum: the history of
    others counts as much as w visits.

    Args:
        categories: stations there are.
        order: longest context k, 0 to 16.
        memory: visits kept, 1 to 65536.
        stays: whether the next station may be the same (each update is a visit), or an update at the same station is no
            visit and the prediction is where the user goes when it leaves.
        population: visits of other users, one path after the other with -1 in between, or None.
        population_weight: w, greater than 0.

    Raises:
        InputError: a parameter is out of range.

    Source: Song, Kotz, Jain, He, Evaluating location predictors with extensive Wi-Fi mobility data, INFOCOM 2004.

    Example:
        >>> model = NextStation(categories=3, order=2)
        >>> for minute, station in enumerate([0, 1, 2, 0, 1, 2, 0, 1]):
        ...     model.update(60.0 * minute, np.array([float(station)]))
        >>> int(model.predict(480.0).mean.argmax())
        2
    """

    kind: ClassVar[str] = "next_station"
    of_categories: ClassVar[bool] = True
    __slots__ = ("_parameters", "_place", "_population", "_visits")

    def __init__(
        self,
        categories: int,
        *,
        order: int = 2,
        memory: int = 1024,
        stays: bool = True,
        population: NDArray[np.int32] | None = None,
        population_weight: float = 30.0,
    ) -> None:
        number = check_categories(self.kind, categories)
        whole = order == int(order) and memory == int(memory)
        require(whole and 0 <= order <= MOST_ORDER, self.kind, "order", f"0 to {MOST_ORDER}", order)
        require(whole and 1 <= memory <= MOST_MEMORY, self.kind, "memory", f"1 to {MOST_MEMORY}", memory)
        within = 0 < population_weight < np.inf
        require(within, self.kind, "population_weight", "greater than 0", population_weight)
        self._parameters = np.array([number, order, memory, bool(stays), population_weight], dtype=np.float64)
        self._visits = np.full(int(memory), -1, dtype=np.int32)
        self._place = np.array([-np.inf, 0.0])  # time of the last update, visits so far
        self._population = None if population is None else self._paths(population)

    @property
    def categories(self) -> int:
        """Stations there are."""
        return int(self._parameters[0])

    @property
    def entries(self) -> int:
        """Entries of a prediction: the categories; see `BehaviourModel`."""
        return self.categories

    def update(self, time_s: float, value: FloatArray) -> None:
        """Learn that the user is at a station; see `BehaviourModel`."""
        check_time(self.kind, time_s, self._place[0])
        station = category_of(self.kind, value, self.categories)
        self._place[0] = time_s
        if self._parameters[3] or station != self._last():
            self._visits[int(self._place[1]) % self._visits.size] = station
            self._place[1] += 1.0

    def predict(self, time_s: float) -> Prediction:
        """Probabilities of the station after the present one, whenever that is; see `BehaviourModel`."""
        if time_s < self._place[0]:
            raise InputError(f"{self.kind}: time {time_s:g} s is before the last update at {self._place[0]:g} s")
        probabilities = np.full(self.categories, 1.0 / self.categories)
        last, so_far = self._last(), int(self._place[1])
        if last < 0:
            return with_interval(probabilities, 0.0)
        recent = self._recent()
        length = min(so_far, self._visits.size)
        own_counts = np.zeros((recent.size + 1, self.categories))
        followers(self._visits, (so_far - length) % self._visits.size, length, recent, own_counts)
        trials = float(max(own_counts.sum(axis=1)[1:], default=0.0)) if recent.size else float(own_counts.sum())
        if self._population is None:
            for counts in own_counts:
                backed_off(counts, probabilities)
        else:
            others = np.zeros_like(own_counts)
            followers(self._population, 0, self._population.size, recent, others)
            for counts in others:
                backed_off(counts, probabilities)
            weight = self._parameters[4]
            for counts in own_counts[1:]:
                probabilities = (counts + weight * probabilities) / (counts.sum() + weight)
        if not self._parameters[3] and self.categories > 1:
            probabilities[last] = 0.0
            probabilities /= probabilities.sum()
        return with_interval(probabilities, trials)

    def arrays(self) -> dict[str, NDArray]:
        """Parameters, visits and, if given, those of others; see `BehaviourModel`."""
        arrays = {"parameters": self._parameters.copy(), VISITS: self._visits.copy(), "place": self._place.copy()}
        return arrays if self._population is None else {**arrays, POPULATION: self._population.copy()}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The model that these are the arrays of; see `BehaviourModel`."""
        number, order, memory, stays, weight = float_row(cls.kind, arrays, "parameters", 5)
        model = cls(
            check_categories(cls.kind, number),
            order=order,
            memory=memory,
            stays=bool(stays),
            population=arrays.get(POPULATION),
            population_weight=weight,
        )
        visits = arrays.get(VISITS, np.empty(0))
        if visits.dtype != np.int32 or visits.shape != model._visits.shape:
            raise InputError(f"{cls.kind}: {VISITS}: must be int32 of shape {model._visits.shape} (got {visits.dtype})")
        model._visits, model._place = visits.copy(), float_row(cls.kind, arrays, "place", 2)
        known = model._visits[: int(min(max(model._place[1], 0.0), memory))]
        if (known < 0).any() or (known >= model.categories).any():
            raise InputError(f"{cls.kind}: {VISITS}: must be stations from 0 to {model.categories - 1}")
        return model

    def _paths(self, visits: NDArray[np.int32]) -> NDArray[np.int32]:
        given = np.asarray(visits)
        known = given.dtype.kind in "iu" and given.ndim == 1 and ((given >= -1) & (given < self.categories)).all()
        if not known:
            accepted = f"one row of stations from 0 to {self.categories - 1}, -1 between two paths"
            raise InputError(f"{self.kind}: {POPULATION}: must be {accepted}")
        return given.astype(np.int32)

    def _recent(self) -> NDArray[np.int32]:
        """The last visits, as many as the order, the latest first."""
        so_far = int(self._place[1])
        count = min(int(self._parameters[1]), so_far, self._visits.size)
        return self._visits[(so_far - 1 - np.arange(count)) % self._visits.size]

    def _last(self) -> int:
        so_far = int(self._place[1])
        return int(self._visits[(so_far - 1) % self._visits.size]) if so_far else -1
