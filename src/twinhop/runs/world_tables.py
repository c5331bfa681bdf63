"""The tables of a run, written as it goes: what users and stations do in every slot."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from twinhop.io.table_values import without_infinities
from twinhop.scenario.dynamics import Slot, WorldRun

#: Rows that are held in memory before they are written.
ROWS_IN_MEMORY = 1_000_000


class _Table:
    """One Parquet file, written in parts and put together at the end, so that memory stays bounded."""

    def __init__(self, path: Path) -> None:
        self._path, self._parts = path, path.with_suffix(".parts")
        self._frames: list[Any] = []
        self._rows = self._written = 0

    def add(self, frame: Any) -> None:
        """Add rows, all with the same columns."""
        self._frames.append(frame)
        self._rows += frame.height
        if self._rows >= ROWS_IN_MEMORY:
            self._parts.mkdir(exist_ok=True)
            self._collected().write_parquet(self._parts / f"{self._written:06d}.parquet")
            self._written += 1

    def close(self) -> None:
        """Write the file."""
        import polars as pl

        if not self._written:
            self._collected().write_parquet(self._path)
            return
        if self._frames:
            self._collected().write_parquet(self._parts / f"{self._written:06d}.parquet")
        pl.scan_parquet(sorted(self._parts.iterdir())).sink_parquet(self._path)
        shutil.rmtree(self._parts)

    def _collected(self) -> Any:
        import polars as pl

        frames, self._frames, self._rows = self._frames, [], 0
        return pl.concat(frames, rechunk=True)


class WorldTables:
    """`world.parquet`, a row a slot and user that is present, and `stations.parquet`, a row a slot and station."""

    def __init__(self, run: WorldRun, folder: Path) -> None:
        """Begin both files.

        Args:
            run: whose slots will be added.
            folder: that holds nothing else of these names.
        """
        import polars as pl

        self._users, self._stations = _Table(folder / "world.parquet"), _Table(folder / "stations.parquet")
        self._user_names, self._station_names = (
            pl.Series(ids, dtype=pl.Enum(ids)) for ids in (run.user_ids, run.station_ids)
        )

    def add(self, slot: Slot) -> None:
        """Add the rows of a slot."""
        users = np.flatnonzero(slot.active)
        self._users.add(
            self._frame(
                slot,
                len(users),
                user=self._named(users, self._user_names),
                x_m=slot.xy_m[users, 0],
                y_m=slot.xy_m[users, 1],
                access=self._named(slot.access[users], self._station_names),
                rate_bps=slot.rate_bps[users],
                distance_m=slot.distance_m[users],
            )
        )
        stations = np.arange(len(slot.up))
        self._stations.add(
            self._frame(
                slot,
                len(stations),
                station=self._named(stations, self._station_names),
                x_m=slot.station_xy_m[:, 0],
                y_m=slot.station_xy_m[:, 1],
                cpu_cycles_per_s=slot.cpu_cycles_per_s,
                up=slot.up,
                users=np.bincount(slot.access[slot.served], minlength=len(stations)).astype(np.uint32),
            )
        )

    def close(self) -> None:
        """Put both files in place."""
        self._users.close()
        self._stations.close()

    @staticmethod
    def _frame(slot: Slot, rows: int, **columns: Any) -> Any:
        import polars as pl

        when = {"slot": np.full(rows, slot.index, np.uint32), "time_s": np.full(rows, slot.time_s)}
        return without_infinities(pl.DataFrame({**when, **columns}))

    @staticmethod
    def _named(index: np.ndarray, names: Any) -> Any:
        """Indices as names; -1 as null."""
        import polars as pl

        codes = pl.Series(index, dtype=pl.Int64)
        return names.gather(codes.set(codes < 0, None))
