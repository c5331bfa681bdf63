"""Records that wait on disk between the two passes of an import: order, span and origin are known after the first."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from twinhop.scenario.traces.records import Batch

RECORD = np.dtype(
    [("time_s", "f8"), ("code", "i4"), ("east", "f8"), ("north", "f8"), ("line", "i8"), ("speed_mps", "f4")]
)
CHUNK_RECORDS = 200_000
SORTED_RECORDS = 2_000_000
"""So many records are sorted at once; more are taken in several passes, each over a span of time."""
BINS = 4096
"""Spans of time in which records are counted, to divide them into passes."""

Records = NDArray[np.void]
FloatArray = NDArray[np.float64]


class Spool:
    """A file of records of fixed size, written once and read as often as needed.

    Attributes:
        is_in_order: whether the records were added in the order of time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream: IO[bytes] = path.open("wb")
        self._latest_s = -np.inf
        self.is_in_order = True
        self._first_s, self._until_s = np.inf, -np.inf

    def append(self, batch: Batch) -> None:
        """Add the records of a batch."""
        if not batch.time_s.size:
            return
        records = np.empty(batch.time_s.size, RECORD)
        records["time_s"], records["code"] = batch.time_s, batch.code
        records["east"], records["north"] = batch.east, batch.north
        records["line"] = -1 if batch.line is None else batch.line
        records["speed_mps"] = np.nan if batch.speed_mps is None else batch.speed_mps
        records.tofile(self._stream)
        self.is_in_order &= bool(batch.time_s[0] >= self._latest_s and (np.diff(batch.time_s) >= 0).all())
        self._latest_s = float(batch.time_s[-1])
        self._first_s = min(self._first_s, float(batch.time_s.min()))
        self._until_s = max(self._until_s, float(batch.time_s.max()))

    def close(self) -> None:
        """End writing; nothing happens where it has ended."""
        self._stream.close()

    def move(self, moved: Callable[[FloatArray], FloatArray]) -> tuple[FloatArray, FloatArray]:
        """Replace all positions, in place; returns the least and the largest of the new ones.

        Args:
            moved: (n, 2) new positions for (n, 2) old ones.
        """
        lowest, highest = np.full(2, np.inf), np.full(2, -np.inf)
        with self._path.open("r+b") as stream:
            while (chunk := np.fromfile(stream, RECORD, CHUNK_RECORDS)).size:
                place = moved(np.column_stack([chunk["east"], chunk["north"]]))
                chunk["east"], chunk["north"] = place.T
                stream.seek(-chunk.nbytes, os.SEEK_CUR)
                chunk.tofile(stream)
                lowest, highest = np.minimum(lowest, place.min(axis=0)), np.maximum(highest, place.max(axis=0))
        return lowest, highest

    def batches(self) -> Iterator[Batch]:
        """The same as `in_time_order`, as batches; time steps without records are not among them."""
        for records in self.in_time_order():
            columns = {name: records[name] for name in ("code", "time_s", "east", "north", "line")}
            stated = records["speed_mps"].astype(np.float64)
            yield Batch(**columns, first_s=None, until_s=None, speed_mps=stated)

    def in_time_order(self) -> Iterator[Records]:
        """All records in the order of time, those of one time as they were added."""
        if self.is_in_order:
            yield from self._chunks()
            return
        for begin, end in self._passes():
            parts = [chunk[(bins >= begin) & (bins < end)] for chunk, bins in self._binned()]
            records = np.concatenate(parts)
            records = records[np.argsort(records["time_s"], kind="stable")]
            for at in range(0, len(records), CHUNK_RECORDS):
                yield records[at : at + CHUNK_RECORDS]

    def _chunks(self) -> Iterator[Records]:
        with self._path.open("rb") as stream:
            while (chunk := np.fromfile(stream, RECORD, CHUNK_RECORDS)).size:
                yield chunk

    def _binned(self) -> Iterator[tuple[Records, NDArray[np.int64]]]:
        width_s = max((self._until_s - self._first_s) / BINS, np.finfo(np.float64).tiny)
        for chunk in self._chunks():
            yield chunk, np.minimum((chunk["time_s"] - self._first_s) // width_s, BINS - 1).astype(np.int64)

    def _passes(self) -> list[tuple[int, int]]:
        """Bins from, to (exclusive), of at most that many records each, where one bin alone does not hold more."""
        counts = sum(np.bincount(bins, minlength=BINS) for _, bins in self._binned())
        passes, begin, held = [], 0, 0
        for at, count in enumerate(np.asarray(counts).tolist()):
            if held and held + count > SORTED_RECORDS:
                passes.append((begin, at))
                begin, held = at, 0
            held += count
        return [*passes, (begin, BINS)]
