"""What a device sends its twin: one update, and a run of those taken, in the order of sequence numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """Updates as columns.

    Attributes:
        seq: (n,) numbers in the history, ascending: the device's sequence numbers while it has not rebooted, and after
            that the number before the reboot more.
        time_s: (n,) when each was observed, on the twin's axis, not descending [s].
        values: (n, width) state vectors, NaN where a dimension was not in the update.
    """

    seq: NDArray[np.int64]
    time_s: NDArray[np.float64]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.seq)

    def part(self, start: int, stop: int) -> Records:
        """Views of the records from ``start`` to before ``stop``."""
        return Records(self.seq[start:stop], self.time_s[start:stop], self.values[start:stop])

    @classmethod
    def joined(cls, runs: Sequence[Records], width: int) -> Records:
        """Copies of several runs as one.

        >>> len(Records.joined([], width=3))
        0
        """
        empty = cls(np.empty(0, np.int64), np.empty(0), np.empty((0, width)))
        runs = [empty, *runs]
        return cls(
            np.concatenate([run.seq for run in runs]),
            np.concatenate([run.time_s for run in runs]),
            np.concatenate([run.values for run in runs]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """Observations that a device made at one moment.

    Attributes:
        seq: the device's sequence number of the update; its first since it was started is 1.
        observed_s: when it was observed, by the device's clock; NaN where it has none [s].
        values: (width,) state vector in the columns of the twin's schema, NaN where a dimension is not in the update;
            an update without any dimension is a sign of life.
        incarnation: which start of the device sent it; greater with each, the first from 1.
        received_s: when the gateway received it, by the gateway's clock; None: as observed [s].
    """

    seq: int
    observed_s: float
    values: NDArray[np.float64]
    incarnation: int = 1
    received_s: float | None = None
