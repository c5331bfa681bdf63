"""One slot of a world that changes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from twinhop.scenario.world.world import World


@dataclass(frozen=True, eq=False)
class Slot:
    """What holds in one slot, for N users and M stations; no quantity depends on any decision.

    Attributes:
        index: of the slot, from 0.
        time_s: when it begins [s].
        epoch: how often stations, CPU and channels have been redrawn.
        xy_m: (N, 2) positions; NaN where the user is absent [m].
        active: (N,) bool, who is present.
        access: (N,) access station; -1 where the user is absent or no station works.
        distance_m: (N,) to the access station; NaN where there is none [m].
        rate_bps: (N,) uplink rate to it, Eq. 3; 0 where there is none [bit/s].
        cpu_cycles_per_s: (M,) CPU capacities, those of stations that are down included [cycle/s].
        up: (M,) bool, which stations work.
        load: (N,) by what the work of each user's updates is multiplied now; None: by nothing.
    """

    index: int
    time_s: float
    epoch: int
    xy_m: NDArray[np.float64]
    active: NDArray[np.bool_]
    access: NDArray[np.int64]
    distance_m: NDArray[np.float64]
    rate_bps: NDArray[np.float64]
    cpu_cycles_per_s: NDArray[np.float64]
    up: NDArray[np.bool_]
    _stations: World = field(repr=False)
    _summed: bool = field(repr=False)
    _fading_uniform: NDArray[np.float64] | None = field(repr=False)
    load: NDArray[np.float64] | None = field(default=None, repr=False)

    @property
    def served(self) -> NDArray[np.int64]:
        """(n,) the users that have an access station, in order: those of `world()`."""
        return np.flatnonzero(self.access >= 0)

    @property
    def stations(self) -> World:
        """The world of the epoch, with every user and the CPUs that it began with."""
        return self._stations

    @property
    def station_xy_m(self) -> NDArray[np.float64]:
        """(M, 2) where the stations are [m]."""
        return self._stations.station_xy_m

    def world(self) -> World:
        """The world of this moment: the users with an access station, CPU as it is, stations that are down host nobody.

        With `twinhop.formulation.slot_radio` any slot is a placement problem. Access stations are not part of a
        `World`: without that radio state they would be chosen anew, without hysteresis. Capacities stay those of the
        scenario; with `aggregation: sum` the cost sums over the users of the moment.
        """
        base, users = self._stations, self.served
        fading = None
        if self._fading_uniform is not None:  # that of the access link; no other link of a user is used
            fading = np.broadcast_to(self._fading_uniform[users, None], (len(users), len(self.up)))
        return replace(
            base,
            host=base.host & self.up,
            capacity=np.where(self.up, base.capacity, 0),
            cpu_cycles_per_s=self.cpu_cycles_per_s,
            user_ids=tuple(base.user_ids[user] for user in users.tolist()),
            user_xy_m=self.xy_m[users],
            history_bits=base.history_bits[users],
            update_bits=base.update_bits[users],
            deadline_s=None if base.deadline_s is None else base.deadline_s[users],
            tx_power_w=base.tx_power_w[users],
            user_class=base.user_class[users],
            user_labels={name: tuple(texts[user] for user in users) for name, texts in base.user_labels.items()},
            fading_uniform=fading,
            alpha=base.alpha * len(users) / len(base.user_ids) if self._summed else base.alpha,
        )
