"""A sparse problem as its compiled passes read it: users row by row, in a fixed number of blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from twinhop.placement.problem import FloatArray
from twinhop.placement.sparse.problem import PAD, IntArray, RowArray, SparseProblem

Answer = TypeVar("Answer")

#: Blocks of users, whatever the number of threads: sums are taken block by block, so that all give the same bound.
BLOCKS = 64
#: A block has at least so many users.
LEAST_BLOCK = 256
#: The delay of places in the table that hold no usable candidate [s]: nothing is gained there at any price.
VAST = 1e30


class Users(NamedTuple):
    """What the passes know of users, row by row.

    Attributes:
        row: (N,) of the table.
        scale: (N,) what slopes are multiplied by.
        root_work: (N,) [sqrt(cycle)].
    """

    row: RowArray
    scale: FloatArray
    root_work: FloatArray


class Table(NamedTuple):
    """Candidates; places that hold no usable one have station 0 and the delay `VAST`.

    Attributes:
        station: (R, K).
        delay: (R, K) [s].
        slope: (R, K) [s for each unit of scale].
    """

    station: RowArray
    delay: FloatArray
    slope: FloatArray


class Limits(NamedTuple):
    """Deadlines, row by row; users whose deadline no station can keep have none.

    Attributes:
        up: (N,) communication latency of an update that all arcs share [s].
        scale: (N,) what slopes are multiplied by for an update.
        work: (N,) [cycle].
        deadline: (N,) [s].
        factor: how often an update pays a delay.
        room: (M,) what minimum shares may add up to, 0 for stations that may not host [cycle/s].
    """

    up: FloatArray
    scale: FloatArray
    work: FloatArray
    deadline: FloatArray
    factor: float
    room: FloatArray


class Layout:
    """A problem for the passes, and the threads that they run on.

    Attributes:
        problem: the problem.
        order: (N,) the user in each place, or None: they are in order of their rows already.
        users: in that order.
        table: the candidates.
        limits: deadlines in that order, or None.
        bounds: begin and end of each block of users.
        first: (R + 1,) where the users of each row begin.
    """

    def __init__(self, problem: SparseProblem, pool: ThreadPoolExecutor | None = None):
        self.problem = problem
        self._pool = pool
        row = problem.row
        self.order: IntArray | None = None
        if (row[1:] < row[:-1]).any():
            self.order = np.argsort(row, kind="stable")
        self.users = Users(self.ordered(row), self.ordered(problem.scale), self.ordered(problem.root_work))
        usable = (problem.station != PAD) & (problem.capacity > 0)[problem.station]
        station, delay, slope = problem.station, problem.delay_s, problem.slope
        if not usable.all():
            station = np.where(usable, station, 0).astype(np.int32)
            delay, slope = np.where(usable, delay, VAST), np.where(usable, slope, 0.0)
        self.table = Table(np.array(station), np.array(delay), np.array(slope))
        self.limits: Limits | None = None
        if problem.deadline_s is not None:
            assert problem.update_up_s is not None
            assert problem.update_scale is not None and problem.update_work is not None
            self.limits = Limits(
                self.ordered(problem.update_up_s),
                self.ordered(problem.update_scale),
                self.ordered(problem.update_work),
                np.array(self.ordered(problem.deadline_s)),
                problem.update_delay_factor,
                np.where(problem.capacity > 0, problem.cpu_room, 0.0),
            )
        blocks = max(1, min(BLOCKS, problem.users // LEAST_BLOCK))
        edges = np.arange(blocks + 1) * problem.users // blocks
        self.bounds = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
        self.first = np.searchsorted(self.users.row, np.arange(problem.rows + 1)).astype(np.int64)

    def ordered(self, array: NDArray) -> NDArray:
        """An array of users, in the order of their rows."""
        return np.array(array) if self.order is None else np.ascontiguousarray(array[self.order])

    def unordered(self, array: NDArray) -> NDArray:
        """An array in the order of the rows, in that of the problem."""
        if self.order is None:
            return array
        there = np.empty_like(array)
        there[self.order] = array
        return there

    def each(self, work: Callable[[int, int, int], Answer]) -> list[Answer]:
        """What some work gives for each block (its number, begin, end), in their order, on all threads."""
        calls = [(number, begin, end) for number, (begin, end) in enumerate(self.bounds)]
        if self._pool is None or len(calls) == 1:
            return [work(*call) for call in calls]
        return list(self._pool.map(lambda call: work(*call), calls))


@contextmanager
def pool_of(threads: int) -> Iterator[ThreadPoolExecutor | None]:
    """So many threads for the passes; None for one."""
    if threads == 1:
        yield None
        return
    with ThreadPoolExecutor(threads) as pool:
        yield pool
