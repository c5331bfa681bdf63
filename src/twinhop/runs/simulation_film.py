"""What pictures of a run with moving twins show, read from its files: frames, and trails of users and twins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twinhop.placement.problem import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from twinhop.migration.run import MigrationRun

#: Frames of an animation, users that it shows, and users whose trail is drawn.
FRAMES, SHOWN_USERS, TRAILS = 120, 1000, 10


@dataclass(frozen=True, eq=False)
class Frame:
    """One slot of an animation, for some n users and all K hosts.

    Attributes:
        time_s: when it begins [s].
        xy_m: (n, 2) users [m].
        host: (n,) where their twins are.
        moved: (n,) whose twin has moved since the frame before.
        host_xy_m: (K, 2) hosts; NaN for a cloud without a place [m].
        up: (K,) which may host.
        load: (K,) twins of all users.
    """

    time_s: float
    xy_m: FloatArray
    host: IntArray
    moved: BoolArray
    host_xy_m: FloatArray
    up: BoolArray
    load: IntArray


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


class RunFilm:
    """The pictures of a run from its files."""

    def __init__(self, run: MigrationRun, folder: Path) -> None:
        """Of the world of a run and the folder of a policy's files."""
        self._run, self._folder = run, folder

    def frames(self) -> list[Frame]:
        """Some slots, evenly over all, with some users, evenly over all."""
        run = self._run
        chosen = np.unique(np.linspace(0, run.slots - 1, min(run.slots, FRAMES)).astype(np.int64))
        count = len(run.user_ids)
        shown = np.unique(np.linspace(0, count - 1, min(count, SHOWN_USERS)).astype(np.int64))
        users, stations = self._read("users", chosen, shown), self._read("stations", chosen)
        before, frames = np.full(count, -1, np.int64), []
        for slot in chosen.tolist():
            rows, hosts = users.get(slot), stations[slot]
            who = np.empty(0, np.int64) if rows is None else rows["user"].to_physical().to_numpy().astype(np.int64)
            host = np.empty(0, np.int64) if rows is None else rows["host"].to_physical().to_numpy().astype(np.int64)
            frames.append(
                Frame(
                    time_s=slot * run.slot_s,
                    xy_m=np.empty((0, 2)) if rows is None else rows.select("x_m", "y_m").to_numpy(),
                    host=host,
                    moved=(before[who] >= 0) & (before[who] != host),
                    host_xy_m=_places(hosts),
                    up=hosts["up"].to_numpy(),
                    load=hosts["users"].to_numpy().astype(np.int64),
                )
            )
            before[who] = host
        return frames

    def trails(self) -> list[Trail]:
        """Of the users whose twins move most often."""
        import polars as pl

        users = pl.scan_parquet(self._folder / "users.parquet")
        counts = users.group_by("user").agg(pl.col("moved").sum()).collect()
        counts = counts.sort("moved", pl.col("user").to_physical(), descending=[True, False]).head(TRAILS)
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

    def last_hosts(self) -> tuple[FloatArray, BoolArray]:
        """Where the hosts are in the last slot, (K, 2) [m], and which may host."""
        last = self._run.slots - 1
        rows = self._read("stations", np.array([last]))[last]
        return _places(rows), rows["up"].to_numpy()

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
