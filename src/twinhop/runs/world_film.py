"""What pictures of a run show: some users' trails, and some slots with as many users as an eye can follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinhop.scenario.dynamics import Slot, WorldRun

#: Users whose trail is drawn, users that are drawn in frames, points of a trail, and frames.
TRAILS, SHOWN_USERS, TRAIL_POINTS, FRAMES = 40, 2000, 4000, 120


@dataclass(frozen=True, eq=False)
class Frame:
    """One slot of an animation.

    Attributes:
        index: of the slot.
        time_s: when it begins [s].
        xy_m: (n, 2) shown users; NaN where absent [m].
        access: (n,) their access stations; -1 where there is none.
        station_xy_m: (M, 2) stations [m].
        up: (M,) which work.
    """

    index: int
    time_s: float
    xy_m: NDArray[np.float32]
    access: NDArray[np.int64]
    station_xy_m: NDArray[np.float64]
    up: NDArray[np.bool_]


class Film:
    """The slots of a run that pictures show."""

    def __init__(self, run: WorldRun) -> None:
        """Choose users and slots, evenly over all."""
        users = len(run.user_ids)
        self.shown = np.unique(np.linspace(0, users - 1, min(users, SHOWN_USERS)).astype(np.int64))
        self._trailed = np.unique(np.linspace(0, users - 1, min(users, TRAILS)).astype(np.int64))
        self._frame_slots = set(np.linspace(0, run.slots - 1, min(run.slots, FRAMES)).astype(int).tolist())
        self._stride = 1 + (run.slots - 1) // TRAIL_POINTS
        self.frames: list[Frame] = []
        """The slots shown, in order."""
        self._points: list[NDArray[np.float32]] = []

    def add(self, slot: Slot) -> None:
        """Keep what is shown of a slot."""
        if slot.index % self._stride == 0:
            self._points.append(slot.xy_m[self._trailed].astype(np.float32))
        if slot.index in self._frame_slots:
            xy_m, access = slot.xy_m[self.shown].astype(np.float32), slot.access[self.shown]
            self.frames.append(Frame(slot.index, slot.time_s, xy_m, access, slot.station_xy_m, slot.up))

    def trails(self) -> NDArray[np.float32]:
        """(points, users, 2) positions of the users whose trails are drawn; NaN where absent [m]."""
        return np.array(self._points)
