"""The starts of a device: each counts its updates from 1, and goes on in the history where the one before ended."""

from __future__ import annotations

from typing import NamedTuple

from twinhop.errors import InputError

MOST_KNOWN = 64
"""Incarnations whose places are remembered, the newest."""


class Span(NamedTuple):
    """The numbers of one incarnation in the history.

    Attributes:
        incarnation: which start of the device.
        base: number before its first update: update ``seq`` has the number ``base + seq``.
        last: number of the newest update that it may still have.
    """

    incarnation: int
    base: int
    last: int


class Incarnations:
    """Which incarnations a history holds, and where each begins.

    >>> starts = Incarnations()
    >>> starts.begin(1, newest=0, sealed=0)
    >>> starts.begin(4, newest=7, sealed=0)
    >>> starts.newest, starts.base, starts.span(1)
    (4, 7, Span(incarnation=1, base=0, last=7))
    """

    __slots__ = ("_starts",)

    def __init__(self, starts: tuple[tuple[int, int], ...] = ()) -> None:
        self._starts = list(starts)

    @property
    def newest(self) -> int:
        """The newest incarnation; 0 before the first update, and after `restart`."""
        return self._starts[-1][0] if self._starts else 0

    @property
    def base(self) -> int:
        """Number in the history before the first update of the newest incarnation."""
        return self._starts[-1][1] if self._starts else 0

    @property
    def starts(self) -> tuple[tuple[int, int], ...]:
        """Incarnation and base of each that is known, ascending."""
        return tuple(self._starts)

    def begin(self, incarnation: int, newest: int, sealed: int) -> None:
        """Go on with another incarnation.

        Args:
            incarnation: above the newest.
            newest: number of the newest update in the history.
            sealed: number of the newest update in it that is sealed; incarnations that end there are forgotten once
                there are many.
        """
        self._starts.append((incarnation, newest))
        while len(self._starts) > MOST_KNOWN or (len(self._starts) > MOST_KNOWN // 2 and self._starts[1][1] <= sealed):
            del self._starts[0]

    def restart(self, newest: int) -> None:
        """Forget which incarnations there were: the next one may have any number.

        Args:
            newest: number of the newest update in the history.
        """
        self._starts = [(0, newest)]

    def span(self, incarnation: int) -> Span | None:
        """The numbers of an incarnation before the newest; None where it is not known.

        Args:
            incarnation: which start of the device.
        """
        for (known, base), (_, last) in zip(self._starts, self._starts[1:], strict=False):
            if known == incarnation:
                return Span(known, base, last)
        return None

    def check(self, last: int) -> None:
        """Refuse what no twin can have.

        Args:
            last: number of the newest update in the history.

        Raises:
            InputError: incarnations or their bases do not ascend, or one begins after the history's end.
        """
        starts = self._starts
        ascends = all(one[0] < two[0] and one[1] <= two[1] for one, two in zip(starts, starts[1:], strict=False))
        if len(starts) > MOST_KNOWN or not ascends or (last > 0 and not starts) or self.base > last:
            raise InputError(f"incarnations: expected ascending ones that begin in the history, which ends with {last}")
