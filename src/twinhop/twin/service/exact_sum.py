"""A sum of floats that stays exact while terms come and go."""

from __future__ import annotations

#: Every finite float64 is a whole multiple of 2^-1074.
_SMALLEST_EXPONENT = 1074


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
