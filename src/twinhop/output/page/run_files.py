"""The files of a run as arrays: what a page shows of it, whoever wrote them and when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from twinhop.errors import InputError
from twinhop.io.json_text import read_json
from twinhop.output.page.frames import Frames, differ
from twinhop.placement.problem import BoolArray, FloatArray, IntArray

#: Rows of users that are held at a time, about.
BATCH_ROWS = 2_000_000
NOWHERE = -1
SUMMARY = "summary.json"


class Batch(NamedTuple):
    """The rows of some consecutive slots, in the order of slots.

    Attributes:
        starts: (S + 1,) rows of slot s of the batch are ``starts[s] .. starts[s + 1] - 1``.
        first: the first slot.
        columns: by name.
    """

    starts: IntArray
    first: int
    columns: Mapping[str, Any]


class Decisions(NamedTuple):
    """Of a policy, for F frames and n users that are drawn.

    Attributes:
        host: (F, n) hosts of twins; -1 where there is none yet. Twins of absent users rest where they are.
        latency_s: (F, n) of an update; NaN where absent [s].
        late: (F, n) whose update missed its deadline.
    """

    host: IntArray
    latency_s: FloatArray
    late: BoolArray


class Tables:
    """Parquet files of a folder, and what is said where one of them is not as a run writes it."""

    #: The command that writes them.
    command = "simulate"

    def __init__(self, folder: Path) -> None:
        """Of a folder."""
        self.folder = folder

    def of_frames(
        self, table: str, slot: IntArray, drawn: IntArray, users: int, names: Sequence[str]
    ) -> tuple[IntArray, IntArray, Any]:
        """Rows of some slots and users: index of the frame, index among the users drawn, and the columns."""
        import polars as pl

        wanted = pl.col("slot").is_in(slot.astype(np.uint32).tolist())
        with self.reading(table):
            rows = pl.scan_parquet(self.path(table)).filter(wanted).select("slot", "user", *names).collect()
        place = np.full(users, NOWHERE)
        place[drawn] = np.arange(len(drawn))
        who = place[codes(rows["user"])]
        if len(drawn) < users:
            shown = who >= 0
            rows, who = rows.filter(shown), who[shown]
        return np.searchsorted(slot, numbers(rows["slot"]).astype(np.int64)), who, rows

    def names(self, table: str, column: str) -> tuple[str, ...]:
        """All names that a column of names may hold."""
        import polars as pl

        with self.reading(table):
            kind = pl.read_parquet_schema(self.path(table)).get(column)
        if not isinstance(kind, pl.Enum):
            raise self.damaged(table, f"it has no column {column!r} of names")
        return tuple(kind.categories.to_list())

    def path(self, table: str) -> Path:
        """The file of a table."""
        return self.folder / f"{table}.parquet"

    @contextmanager
    def reading(self, table: str) -> Iterator[None]:
        """Inside, errors of a missing or damaged file become one line."""
        from polars.exceptions import PolarsError

        path = self.path(table)
        if not path.is_file():
            raise InputError(
                f"{self.folder}: has no {path.name}, which a page needs; run `twinhop {self.command}` with --out again"
            )
        try:
            yield
        except (PolarsError, OSError):
            raise self.damaged(table, "it cannot be read, or lacks a column") from None

    def damaged(self, table: str, what: str) -> InputError:
        """The error of a table that is not as a run writes it."""
        return InputError(
            f"{self.path(table)}: is not the table of a finished run: {what}; delete {self.folder} and run "
            f"`twinhop {self.command}` with --out again"
        )


class WorldFiles(Tables):
    """What the folder of a watched world holds."""

    command = "world"

    def __init__(self, folder: Path) -> None:
        """Of a folder with both tables.

        Raises:
            InputError: a table is missing or damaged.
        """
        super().__init__(folder)
        self.user_ids: tuple[str, ...] = self.names("world", "user")
        """N names."""
        self.station_ids: tuple[str, ...] = self.names("stations", "station")
        """M names."""

    def frames(self, slot: IntArray, drawn: IntArray) -> Frames:
        """Where users and stations were in some slots (F,), of the users (n,)."""
        import polars as pl

        at, who, rows = self.of_frames("world", slot, drawn, len(self.user_ids), ("x_m", "y_m", "access"))
        wanted = pl.col("slot").is_in(slot.astype(np.uint32).tolist())
        with self.reading("stations"):
            known = pl.scan_parquet(self.path("stations")).filter(wanted).select("x_m", "y_m", "up").collect()
        shape = (len(slot), len(self.station_ids))
        if known.height != shape[0] * shape[1]:
            raise self.damaged("stations", f"{known.height} rows for {shape[0]} slots of {shape[1]} stations")
        places = [numbers(known[name]).reshape(shape) for name in ("x_m", "y_m")]
        return _frames(slot, len(drawn), at, who, rows, numbers(known["up"]).astype(bool).reshape(shape), places)


def _frames(
    slot: IntArray, drawn: int, at: IntArray, who: IntArray, rows: Any, up: BoolArray, places: Sequence[FloatArray]
) -> Frames:
    """The frames from their rows, and from the coordinates of the stations, a row a slot each."""
    xy_m, access = np.full((len(slot), drawn, 2), np.nan), np.full((len(slot), drawn), NOWHERE)
    xy_m[at, who, 0], xy_m[at, who, 1] = numbers(rows["x_m"]), numbers(rows["y_m"])
    access[at, who] = codes(rows["access"])
    return Frames(slot, xy_m, access, up, np.column_stack([each[0] for each in places]), any(map(differ, places)))


class RunFiles(Tables):
    """What the folder of one policy's run holds."""

    def __init__(self, folder: Path) -> None:
        """Of a folder with a finished run.

        Raises:
            InputError: a table is missing or damaged.
        """
        super().__init__(folder)
        self.user_ids: tuple[str, ...] = self.names("users", "user")
        """N names."""
        self.host_ids: tuple[str, ...] = self.names("users", "host")
        """K names: the stations, and last a cloud that may host."""

    @cached_property
    def constants(self) -> dict[str, Any]:
        """What holds throughout the run, see `twinhop.runs.simulation_tables.constants`."""
        summary = read_json(self.folder / SUMMARY)
        known = summary.get("constants") if isinstance(summary, dict) else None
        if not isinstance(known, dict) or not {"slots", "slot_s", "move_s", "has_deadlines"} <= known.keys():
            raise InputError(
                f"{self.folder / SUMMARY}: has no constants of a run; delete the folder and simulate again"
            )
        return known

    @cached_property
    def slots(self) -> dict[str, FloatArray]:
        """The columns of `slots.parquet`, a number a slot, NaN where there is none."""
        import polars as pl

        names = ["users", "cost", "moves", "latency_mean_s", "moves_made", "violations", "opened"]
        with self.reading("slots"):
            frame = pl.read_parquet(self.path("slots"), columns=names).cast(pl.Float64).fill_null(np.nan)
        return {name: frame[name].to_numpy() for name in names}

    @property
    def count(self) -> int:
        """T, slots of the run."""
        return len(self.slots["users"])

    @cached_property
    def stations(self) -> dict[str, Any]:
        """The columns of `stations.parquet` that a page needs, (T, K)."""
        import polars as pl

        names = ["x_m", "y_m", "up", "cpu_cycles_per_s", "capacity", "users"]
        with self.reading("stations"):
            frame = pl.read_parquet(self.path("stations"), columns=names)
        if frame.height != self.count * len(self.host_ids):
            raise self.damaged("stations", f"{frame.height} rows for {self.count} slots of {len(self.host_ids)} hosts")
        shape = (self.count, len(self.host_ids))
        return {name: numbers(frame[name]).reshape(shape) for name in names}

    def deadlines_s(self) -> FloatArray | None:
        """(N,) deadlines of the users, NaN of those never served; None where none are enforced [s]."""
        import polars as pl

        if not self.constants["has_deadlines"]:
            return None
        with self.reading("world"):
            rows = pl.scan_parquet(self.path("world")).group_by("user").agg(pl.col("tau_s").first()).collect()
        tau_s = np.full(len(self.user_ids), np.nan)
        tau_s[codes(rows["user"])] = numbers(rows["tau_s"])
        return tau_s

    def frames(self, slot: IntArray, drawn: IntArray) -> Frames:
        """Where users and stations were in some slots.

        Args:
            slot: (F,) the slots.
            drawn: (n,) the users.
        """
        at, who, rows = self.of_frames("users", slot, drawn, len(self.user_ids), ("x_m", "y_m", "access"))
        known = self.stations
        return _frames(slot, len(drawn), at, who, rows, known["up"][slot].astype(bool), [known["x_m"], known["y_m"]])

    def decisions(self, slot: IntArray, drawn: IntArray) -> Decisions:
        """What the policy made of some slots; arguments as of `frames`."""
        at, who, rows = self.of_frames("users", slot, drawn, len(self.user_ids), ("host", "latency_s", "violation"))
        shape = (len(slot), len(drawn))
        host, latency_s, late = np.full(shape, NOWHERE), np.full(shape, np.nan), np.zeros(shape, np.bool_)
        host[at, who] = codes(rows["host"])
        latency_s[at, who], late[at, who] = numbers(rows["latency_s"]), numbers(rows["violation"]).astype(bool)
        return Decisions(_resting(host), latency_s, late)

    def batches(self, names: Sequence[str], world_names: Sequence[str] = ()) -> Iterator[Batch]:
        """All rows of users, so many slots at a time as fit.

        Args:
            names: columns of `users.parquet`; names of users and stations come as their indices.
            world_names: columns of `world.parquet`, whose rows are the same.
        """
        import polars as pl

        rows = self.slots["users"].astype(np.int64)
        ends = np.cumsum(rows)
        first = 0
        while first < len(rows):
            done = ends[first - 1] if first else 0
            last = max(first + 1, int(np.searchsorted(ends, done + BATCH_ROWS, side="right")))
            inside = pl.col("slot").is_between(first, last - 1)
            columns: dict[str, Any] = {}
            for table, wanted in (("users", names), ("world", world_names)):
                if not wanted:
                    continue
                with self.reading(table):
                    frame = pl.scan_parquet(self.path(table)).filter(inside).select(wanted).collect()
                if frame.height != int(rows[first:last].sum()):
                    raise self.damaged(table, f"{frame.height} rows in slots {first} to {last - 1}")
                columns |= {name: codes(frame[name]) if _is_named(frame[name]) else numbers(frame[name])
                            for name in wanted}  # fmt: skip
            yield Batch(np.concatenate([[0], np.cumsum(rows[first:last])]), first, columns)
            first = last


def _is_named(column: Any) -> bool:
    import polars as pl

    return isinstance(column.dtype, pl.Enum)


def codes(column: Any) -> IntArray:
    """Names as their indices, -1 where there is none."""
    return column.to_physical().cast(int).fill_null(NOWHERE).to_numpy()


def numbers(column: Any) -> Any:
    """Numbers as floats, NaN where there is none; whole ones and truth values as whole."""
    import polars as pl

    if column.dtype.is_float():
        return column.cast(pl.Float64).fill_null(np.nan).to_numpy()
    return column.cast(pl.Int64).to_numpy()


def _resting(host: IntArray) -> IntArray:
    """(F, n) hosts of twins, of absent users those where they are left."""
    rows = np.arange(len(host))[:, None]
    last = np.maximum.accumulate(np.where(host >= 0, rows, -1), axis=0)
    return np.where(last >= 0, np.take_along_axis(host, np.maximum(last, 0), axis=0), NOWHERE)
