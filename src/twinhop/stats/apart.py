"""Whether the runs of one thing lie wholly above those of another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twinhop.stats.bootstrap import FEWEST_WORLDS, band_interval

FloatArray = NDArray[np.float64]

#: Of fewer runs nothing is said: of two each, one in six orders has both of one thing above both of the other.
FEWEST_APART = 3


def lies_above(values: Sequence[float] | FloatArray, others: Sequence[float] | FloatArray, seed: int = 0) -> bool:
    """Whether independent runs are greater than others beyond what seeds do.

    From `FEWEST_WORLDS` runs of both on: the 95 % interval of their interquartile mean lies wholly above that of the
    others. Of three or four, which have no interval: every run is greater than every other run, as by chance in one of
    20 orders of three and three at most. Of fewer it is never said.

    Args:
        values: one a run.
        others: one a run.
        seed: of the draws.

    >>> lies_above([2.0, 3.0, 4.0], [1.0, 1.5, 1.9]), lies_above([2.0, 3.0, 4.0], [1.0, 1.5, 2.1])
    (True, False)
    >>> lies_above([2.0, 3.0], [0.0, 1.0])
    False
    """
    own, other = np.asarray(values, float), np.asarray(others, float)
    if min(own.size, other.size) < FEWEST_APART:
        return False
    if min(own.size, other.size) < FEWEST_WORLDS:
        return bool(own.min() > other.max())
    ends, beside = band_interval([own], seed), band_interval([other], seed)
    assert ends is not None and beside is not None
    return ends[1] > beside[2]
