"""What pictures of a run show: some slots with as many users as an eye can follow, and the trails of some users."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twinhop.placement.problem import BoolArray, FloatArray, IntArray
from twinhop.scenario.dynamics import Slot, WorldRun

if TYPE_CHECKING:
    from twinhop.migration.run import MigrationRun

#: Frames of an animation.
FRAMES = 120
#: Of a world: users that are drawn in frames, users whose trail is drawn, and points of a trail.
WORLD_USERS, WORLD_TRAILS, TRAIL_POINTS = 2000, 8, 4000
#: Of a world with twins: users that are drawn in frames, and users whose trail is drawn.
TWIN_USERS, TWIN_TRAILS = 1000, 10


@dataclass(frozen=True, eq=False)
class Frame:
    """One slot of an animation, for some n users.

    Attributes:
        time_s: when it begins [s].
        xy_m: (n, 2) users; NaN where absent [m].
        station: (n,) the station whose colour they have: their access station, -1 without one, or their twin's host.
        station_xy_m: (M, 2) stations; NaN for a cloud without a place [m].
        up: (M,) which work.
    """

    time_s: float
    xy_m: NDArray[np.float32] | FloatArray
    station: IntArray
    station_xy_m: FloatArray
    up: BoolArray

    @property
    def used(self) -> BoolArray:
        """(M,) stations that some user has the colour of."""
        return np.isin(np.arange(len(self.up)), self.station)


@dataclass(frozen=True, eq=False)
class TwinFrame(Frame):
    """One slot of an animation of moving twins: stations are the K hosts.

    Attributes:
        moved: (n,) whose twin has moved since the frame before.
        load: (K,) twins of all users.
    """

    moved: BoolArray
    load: IntArray

    @property
    def used(self) -> BoolArray:
        """(K,) hosts with a twin."""
        return self.load > 0


@dataclass(frozen=True, eq=False)
class Trail:
    """Where a user and its twin were, in the slots in which it was served.

    Attributes:
        user: its name.
        xy_m: (T', 2) the user [m].
        host_xy_m: (T', 2) the host of its twin [m].
        moves: how often the twin moved.
    """

    user: str
    xy_m: FloatArray
    host_xy_m: FloatArray
    moves: int


class Film:
    """The slots of a world that pictures show, taken while it runs."""

    def __init__(self, run: WorldRun) -> None:
        """Choose users and slots, evenly over all."""
        users = len(run.user_ids)
        self.shown = _evenly(users, WORLD_USERS)
        self._trailed = _evenly(users, WORLD_TRAILS)
        self._frame_slots = set(_evenly(run.slots, FRAMES).tolist())
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
            self.frames.append(Frame(slot.time_s, xy_m, access, slot.station_xy_m, slot.up))

    def trails(self) -> NDArray[np.float32]:
        """(points, users, 2) positions of the users whose trails are drawn; NaN where absent [m]."""
        return np.array(self._points)


class RunFilm:
    """The pictures of a world with moving twins, from the files of its run."""

    def __init__(self, run: MigrationRun, folder: Path) -> None:
        """Of the world of a run and the folder of a policy's files."""
        self._run, self._folder = run, folder

    def frames(self) -> list[TwinFrame]:
        """Some slots, evenly over all, with some users, evenly over all."""
        run = self._run
        chosen = _evenly(run.slots, FRAMES)
        count = len(run.user_ids)
        shown = _evenly(count, TWIN_USERS)
        users, stations = self._read("users", chosen, shown), self._read("stations", chosen)
        before, frames = np.full(count, -1, np.int64), []
        for slot in chosen.tolist():
            rows, hosts = users.get(slot), stations[slot]
            who = np.empty(0, np.int64) if rows is None else rows["user"].to_physical().to_numpy().astype(np.int64)
            host = np.empty(0, np.int64) if rows is None else rows["host"].to_physical().to_numpy().astype(np.int64)
            frames.append(
                TwinFrame(
                    time_s=slot * run.slot_s,
                    xy_m=np.empty((0, 2)) if rows is None else rows.select("x_m", "y_m").to_numpy(),
                    station=host,
                    moved=(before[who] >= 0) & (before[who] != host),
                    station_xy_m=_places(hosts),
                    up=hosts["up"].to_numpy(),
                    load=hosts["users"].to_numpy().astype(np.int64),
                )
            )
            before[who] = host
        return frames

    def trails(self) -> list[Trail]:
        """Of the users whose twins move most often; where none moves, of the first users."""
        import polars as pl

        users = pl.scan_parquet(self._folder / "users.parquet")
        counts = users.group_by("user").agg(pl.col("moved").sum()).collect()
        counts = counts.sort("moved", pl.col("user").to_physical(), descending=[True, False]).head(TWIN_TRAILS)
        movers = counts.filter(pl.col("moved") > 0)
        counts = movers if movers.height else counts
        stations = pl.scan_parquet(self._folder / "stations.parquet").select("slot", "station", "x_m", "y_m")
        rows = users.filter(pl.col("user").is_in(counts["user"].implode()))
        placed = rows.join(
            stations.rename({"station": "host", "x_m": "host_x_m", "y_m": "host_y_m"}), on=["slot", "host"], how="left"
        )
        by_user = placed.sort("slot").collect().partition_by("user", as_dict=True)
        return [
            Trail(
                user,
                by_user[(user,)].select("x_m", "y_m").to_numpy(),
                by_user[(user,)].select("host_x_m", "host_y_m").to_numpy().astype(float),
                moves,
            )
            for user, moves in counts.iter_rows()
        ]

    def last_hosts(self) -> tuple[FloatArray, BoolArray, IntArray]:
        """Where the hosts are in the last slot, (K, 2) [m], which may host, and how many twins each has."""
        last = self._run.slots - 1
        rows = self._read("stations", np.array([last]))[last]
        return _places(rows), rows["up"].to_numpy(), rows["users"].to_numpy().astype(np.int64)

    def _read(self, name: str, slots: IntArray, users: IntArray | None = None) -> dict[int, Any]:
        """The rows of some slots, by slot."""
        import polars as pl

        rows = pl.scan_parquet(self._folder / f"{name}.parquet").filter(
            pl.col("slot").is_in(slots.astype(np.uint32).tolist())
        )
        if users is not None and len(users) < len(self._run.user_ids):
            rows = rows.filter(pl.col("user").is_in([self._run.user_ids[user] for user in users.tolist()]))
        return {int(slot): part for (slot,), part in rows.collect().partition_by("slot", as_dict=True).items()}


def _places(rows: Any) -> FloatArray:
    return np.asarray(rows.select("x_m", "y_m").to_numpy(), float)


def _evenly(count: int, most: int) -> IntArray:
    """Indices of at most so many of all, evenly over them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64))
