"""The mean loss of every link of moving users: from the map of the fields, or by the formulas themselves."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor

import numpy as np
from numpy.typing import NDArray

from twinhop import network
from twinhop.scenario.channel import mean_loss_db
from twinhop.scenario.dynamics.distance_table import distance_table
from twinhop.scenario.dynamics.field_grid import FieldGrid, field_grid, field_kinds, grid_step_m
from twinhop.scenario.dynamics.link_loop import link_losses_db
from twinhop.scenario.world import World

#: Users whose links are worked out together by the formulas.
BLOCK_USERS = 1024
#: Links below which a second thread costs more than it brings.
LINKS_A_THREAD = 20_000
BYTES_PER_MIB = 2**20

FloatArray = NDArray[np.float64]
Losses = NDArray[np.float32]
#: Writes the losses (N, M) of users at (N, 2); rows of users that are nowhere (NaN) mean nothing.
MeanChannel = Callable[[FloatArray, Losses], None]


def thread_count() -> int:
    """Threads that this process may keep busy."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_parts(count: int, parts: int, threads: Executor, work: Callable[[slice], None]) -> None:
    """Do work on all users in parts, the first of them here; each user is worked on alone, so parts change no result.

    Args:
        count: N users.
        parts: that pay off; at most one a thread is made.
        threads: that do the other parts.
        work: takes the users of a part.
    """
    parts = max(1, min(thread_count(), parts))
    edges = [count * part // parts for part in range(parts + 1)]
    others = [threads.submit(work, slice(*ends)) for ends in zip(edges[1:-1], edges[2:], strict=True)]
    work(slice(0, edges[1]))
    for done in others:
        done.result()


def mean_channel(world: World, map_bytes: float, threads: Executor) -> MeanChannel:
    """The channel of a world: mapped where the memory suffices, else by the formulas.

    Args:
        world: stations, radio and draws.
        map_bytes: memory that the map may take [byte]; 0: by the formulas.
        threads: that share the work.
    """
    if map_bytes == 0:
        return _by_formulas(world)
    if not field_kinds(world):
        return _by_map(world, None, threads)
    step_m = grid_step_m(world, map_bytes)
    return _by_formulas(world) if step_m is None else _by_map(world, field_grid(world, step_m), threads)


def _by_formulas(world: World) -> MeanChannel:
    def write(xy_m: FloatArray, loss_db: Losses) -> None:
        _write_exactly(world, xy_m, np.flatnonzero(np.isfinite(xy_m[:, 0])), loss_db)

    return write


def _write_exactly(world: World, xy_m: FloatArray, users: NDArray[np.int64], loss_db: Losses) -> None:
    for start in range(0, len(users), BLOCK_USERS):
        block = users[start : start + BLOCK_USERS]
        distance_m = network.distance_m(xy_m[block], world.station_xy_m)
        loss_db[block] = mean_loss_db(world, xy_m[block], distance_m)


def _by_map(world: World, grid: FieldGrid | None, threads: Executor) -> MeanChannel:
    """The channel from tables; users outside the area, which the grid does not reach, by the formulas."""
    extent = np.array([world.width_m, world.height_m])
    reach_m = float(np.hypot(*np.maximum(extent, np.abs(world.station_xy_m).max(axis=0) + extent)))
    table = distance_table(world, reach_m)
    x_m, y_m = (np.ascontiguousarray(axis) for axis in world.station_xy_m.T)
    grid = grid or FieldGrid(np.zeros((1, 1, 1), np.int16), 1.0, np.zeros((0, 4)), np.zeros(0))
    has_sight = world.los_weight_normal is not None
    fixed = (x_m, y_m, table.rows, table.first, table.least_m2)
    fields = (grid.values, grid.step_m, grid.correlation, grid.sigma, has_sight)

    def write(xy_m: FloatArray, loss_db: Losses) -> None:
        def part(users: slice) -> None:
            if link_losses_db(xy_m[users], *fixed, *fields, loss_db[users]):
                block = xy_m[users]
                outside = ((block < 0) | (block > extent)).any(axis=1)  # NaN is neither
                _write_exactly(world, block, np.flatnonzero(outside), loss_db[users])

        in_parts(len(xy_m), loss_db.size // LINKS_A_THREAD, threads, part)

    return write
