"""What an aggregate of a service twin is."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
#: The chosen columns of one member's state, NaN where nothing is known yet; None of who is no member.
Extract = tuple[float, ...] | None


class Aggregate(Protocol):
    """A summary of all members' extracts, changed by one member at a time."""

    def change(self, member: int, before: Extract, after: Extract, time_s: float) -> None:
        """One member's extract changes; it joins where there was none before, and leaves where there is none after.

        Args:
            member: number of the device twin, fixed for its life.
            before: its extract until now.
            after: its extract from now on.
            time_s: of the update that says so, on the twins' time axis [s].
        """
        ...

    def value(self) -> FloatArray:
        """The summary, always of the same shape; NaN where nothing is known."""
        ...

    def arrays(self) -> dict[str, NDArray]:
        """What does not follow from the members' present extracts."""
        ...

    def restore(self, arrays: dict[str, NDArray]) -> None:
        """Take up what `arrays` gave, the members' extracts having been put in before."""
        ...


class Summary:
    """An aggregate that follows from the members' present extracts alone."""

    def arrays(self) -> dict[str, NDArray]:
        """Nothing: it is made anew from the extracts."""
        return {}

    def restore(self, arrays: dict[str, NDArray]) -> None:
        """Nothing is left to take up."""
