"""What a device sends its twin."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """Observations that a device made at one moment.

    Attributes:
        seq: the device's sequence number of the update; its first is 1.
        time_s: when it was observed, on the twin's own time axis [s].
        values: (width,) state vector in the columns of the twin's schema, NaN where a dimension is not in the update;
            an update without any dimension is a sign of life.
    """

    seq: int
    time_s: float
    values: NDArray[np.float64]
