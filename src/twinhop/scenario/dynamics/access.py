"""The access station of every user as time goes."""

from __future__ import annotations

from concurrent.futures import Executor

import numpy as np
from numpy.typing import NDArray

from twinhop.kernels.handover import NO_STATION, hand_over
from twinhop.scenario.dynamics.mean_channel import in_parts

#: Links below which a second thread costs more than it brings.
LINKS_PER_THREAD = 500_000


class AccessState:
    """Who is attached where, and for how many slots which stations have been better; see `hand_over`."""

    def __init__(self, users: int, stations: int, hysteresis: float, slots_to_trigger: int, threads: Executor) -> None:
        """Begin with nobody attached.

        Args:
            users: N.
            stations: M.
            hysteresis: in the unit of the scores.
            slots_to_trigger: slots in a row in which a station must be better, at least 1.
            threads: that share the work.
        """
        self._access = np.full(users, NO_STATION, np.int64)
        self._better = np.zeros((users, stations), np.uint16)
        self._hysteresis, self._slots_to_trigger, self._threads = hysteresis, slots_to_trigger, threads

    def restart(self) -> None:
        """Forget everything, as stations are redrawn."""
        self._access[:] = NO_STATION
        self._better[:] = 0

    def advance(
        self, score: NDArray[np.float32], active: NDArray[np.bool_], up: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """The access stations of the next slot.

        Args:
            score: (N, M) mean loss or distance; the less the better.
            active: (N,) who is present.
            up: (M,) which stations work.

        Returns:
            (N,) stations; -1 for the absent, and for everyone where no station works. A new array.
        """

        def part(users: slice) -> None:
            hand_over(
                score[users],
                active[users],
                up,
                self._hysteresis,
                self._slots_to_trigger,
                self._access[users],
                self._better[users],
            )

        in_parts(len(active), score.size // LINKS_PER_THREAD, self._threads, part)
        return self._access.copy()
