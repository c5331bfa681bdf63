"""Means of the members' extracts."""

from __future__ import annotations

import math

import numpy as np

from twinhop.errors import InputError
from twinhop.twin.service.aggregate import Extract, FloatArray, Summary
from twinhop.twin.service.exact_sum import ExactSum


class Mean(Summary):
    """The mean of each chosen column over the members of whom it is known; one update takes constant time.

    Args:
        columns: positions in the extract, at least one.

    Raises:
        InputError: there is none.
    """

    def __init__(self, columns: tuple[int, ...]) -> None:
        if not columns:
            raise InputError("mean: needs at least one column of the extract")
        self._columns = columns
        self._sums = [ExactSum() for _ in columns]
        self._known = [0] * len(columns)

    def change(self, member: int, before: Extract, after: Extract, time_s: float) -> None:
        """See `Aggregate.change`."""
        for at, column in enumerate(self._columns):
            old = math.nan if before is None else before[column]
            new = math.nan if after is None else after[column]
            if old == new:
                continue
            if not math.isnan(old):
                self._sums[at].take(old)
                self._known[at] -= 1
            if not math.isnan(new):
                self._sums[at].add(new)
                self._known[at] += 1

    def value(self) -> FloatArray:
        """(columns,) means, NaN where no member's value is known; rounded once, whatever came and went."""
        return np.array(
            [each.mean(known) if known else math.nan for each, known in zip(self._sums, self._known, strict=True)]
        )
