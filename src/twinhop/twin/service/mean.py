"""Means of the members' extracts."""

from __future__ import annotations

import math

import numpy as np

from twinhop.errors import InputError
from twinhop.twin.service.aggregate import Extract, FloatArray, Summary

#: Every finite float64 is a whole multiple of 2^-1074.
_SMALLEST_EXPONENT = 1074


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


class ExactSum:
    """A running sum without rounding: as a whole number of the smallest float's size.

    Adding and taking away in any order gives the same bits as adding up what is left from nothing.

    >>> total = ExactSum()
    >>> for term in (1e16, 1.0, 1.0):
    ...     total.add(term)
    >>> total.take(1e16)
    >>> total.value(), total.mean(4)
    (2.0, 0.5)
    """

    def __init__(self) -> None:
        self._units = 0

    def add(self, term: float) -> None:
        """Add a finite number."""
        self._units += _units(term)

    def take(self, term: float) -> None:
        """Take a number away that was added before."""
        self._units -= _units(term)

    def value(self) -> float:
        """The sum, rounded once; OverflowError beyond the range of floats."""
        return self._units / (1 << _SMALLEST_EXPONENT)

    def mean(self, count: int) -> float:
        """The sum over a count > 0, rounded once."""
        return self._units / (count << _SMALLEST_EXPONENT)


def _units(term: float) -> int:
    numerator, denominator = term.as_integer_ratio()
    return numerator << (_SMALLEST_EXPONENT + 1 - denominator.bit_length())
