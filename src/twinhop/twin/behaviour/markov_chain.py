"""Categories that follow one another: a Markov chain that backs off where it has seen little."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.twin.behaviour.back_off import backed_off, with_interval
from twinhop.twin.behaviour.categories import category_of, check_categories, check_time, counts_among
from twinhop.twin.behaviour.model import Arrays, FloatArray, Prediction
from twinhop.twin.behaviour.row_model import float_row, require

#: Most steps that a prediction goes ahead; farther the chain has long forgotten where it was.
MOST_STEPS = 2**20


class MarkovChain:
    """A chain of categories, learned by counting.

    Formula: ``p(j | i) = (c_ij + t_i p(j)) / (n_i + t_i)``, c_ij transitions counted, n_i their sum, t_i the different
    ones; p(j) likewise from how often j was seen, backed off to the uniform distribution (`back_off.backed_off`). The
    prediction n steps ahead is the row of the n-th power; its interval is that of n_i trials.

    Args:
        categories: how many there are.
        step_s: time from one value to the next, greater than 0 [s]; a prediction goes ahead by whole steps, at least
            one where any time has passed.

    Raises:
        InputError: a parameter is out of range.

    Example:
        >>> model = MarkovChain(categories=2)
        >>> for second, category in enumerate([0, 1, 0, 1, 0]):
        ...     model.update(float(second), np.array([float(category)]))
        >>> model.predict(5.0).mean.round(3).tolist()
        [0.19, 0.81]
    """

    kind: ClassVar[str] = "markov_chain"
    of_categories: ClassVar[bool] = True
    __slots__ = ("_counts", "_last", "_parameters", "_seen")

    def __init__(self, categories: int, *, step_s: float = 1.0) -> None:
        number = check_categories(self.kind, categories)
        require(0 < step_s < np.inf, self.kind, "step_s", "greater than 0", step_s)
        self._parameters = np.array([number, step_s], dtype=np.float64)
        self._counts, self._seen = np.zeros((number, number)), np.zeros(number)
        self._last = np.array([-np.inf, -1.0])

    @property
    def categories(self) -> int:
        """How many there are."""
        return len(self._seen)

    @property
    def entries(self) -> int:
        """Entries of a prediction: the categories; see `BehaviourModel`."""
        return self.categories

    def update(self, time_s: float, value: FloatArray) -> None:
        """Learn that a category was seen; see `BehaviourModel`."""
        check_time(self.kind, time_s, self._last[0])
        category = category_of(self.kind, value, self.categories)
        if self._last[1] >= 0:
            self._counts[int(self._last[1]), category] += 1.0
        self._seen[category] += 1.0
        self._last[:] = time_s, category

    def predict(self, time_s: float) -> Prediction:
        """Probabilities of the categories at a time; see `BehaviourModel`."""
        uniform = np.full(self.categories, 1.0 / self.categories)
        if self._last[1] < 0:
            return with_interval(uniform, 0.0)
        if not time_s >= self._last[0]:
            raise InputError(f"{self.kind}: time {time_s:g} s is before the last update at {self._last[0]:g} s")
        now = int(self._last[1])
        trials = float(self._counts[now].sum())
        span = float(time_s - self._last[0]) / self._parameters[1]
        steps = min(max(round(span), 1), MOST_STEPS) if span > 0 else 0
        if steps == 1:
            backed_off(self._seen, uniform)
            backed_off(self._counts[now], uniform)
            return with_interval(uniform, trials)
        return with_interval(np.linalg.matrix_power(self.transitions(), steps)[now], trials)

    def transitions(self) -> FloatArray:
        """(K, K) probabilities of one step, from the row's category to the column's."""
        frequencies = np.full(self.categories, 1.0 / self.categories)
        backed_off(self._seen, frequencies)
        rows = np.tile(frequencies, (self.categories, 1))
        for row, counts in zip(rows, self._counts, strict=True):
            backed_off(counts, row)
        return rows

    def arrays(self) -> dict[str, NDArray]:
        """Parameters, counts and the last category; see `BehaviourModel`."""
        return {
            "parameters": self._parameters.copy(),
            "counts": self._counts.copy(),
            "seen": self._seen.copy(),
            "last": self._last.copy(),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The model that these are the arrays of; see `BehaviourModel`."""
        parameters = float_row(cls.kind, arrays, "parameters", 2)
        model = cls(check_categories(cls.kind, parameters[0]), step_s=float(parameters[1]))
        model._counts = counts_among(cls.kind, arrays, "counts", model._counts.shape)
        model._seen = counts_among(cls.kind, arrays, "seen", model._seen.shape)
        model._last = float_row(cls.kind, arrays, "last", 2)
        if model._last[1] != -1:
            category_of(cls.kind, model._last[1:], model.categories)
        return model
