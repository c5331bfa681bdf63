"""The mean loss of every link of moving users: from the map of the fields, or by the formulas themselves."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor

import numpy as np
from numpy.typing import NDArray

from twinhop import network
from twinhop.scenario.dynamics.distance_table import distance_table
from twinhop.scenario.dynamics.field_grid import FieldGrid, grid_step_m
from twinhop.scenario.dynamics.link_loop import link_losses_db
from twinhop.scenario.world.channel import mean_loss_db
from twinhop.scenario.world.world import World

#: Users whose links are worked out together by the formulas.
BLOCK_USERS = 1024
#: Links below which a second thread costs more than it brings.
LINKS_PER_THREAD = 20_000
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


def channel_map(world: World, map_bytes: float) -> FieldGrid | None:
    """The map of a world's channel, still empty; None where it goes by the formulas.

    Args:
        world: stations, radio and draws.
        map_bytes: memory that the map may take [byte]; 0: none.
    """
    step_m = None if map_bytes == 0 else grid_step_m(world, map_bytes)
    return None if step_m is None else FieldGrid(world, step_m)


def mean_channel(world: World, grid: FieldGrid | None, threads: Executor) -> MeanChannel:
    """The channel of a world: by a map where there is one, else by the formulas.

    Args:
        world: stations, radio and draws.
        grid: its map, filled where users come; it may have been used before.
        threads: that share the work.
    """
    return _by_formulas(world) if grid is None else _by_map(world, grid, threads)


def _by_formulas(world: World) -> MeanChannel:
    def write(xy_m: FloatArray, loss_db: Losses) -> None:
        _write_exactly(world, xy_m, np.flatnonzero(np.isfinite(xy_m[:, 0])), loss_db)

    return write


def _write_exactly(world: World, xy_m: FloatArray, users: NDArray[np.int64], loss_db: Losses) -> None:
    for start in range(0, len(users), BLOCK_USERS):
        block = users[start : start + BLOCK_USERS]
        distance_m = network.distance_m(xy_m[block], world.station_xy_m)
        loss_db[block] = mean_loss_db(world, xy_m[block], distance_m)


def _by_map(world: World, grid: FieldGrid, threads: Executor) -> MeanChannel:
    """The channel from tables; users outside the area, which the grid does not reach, by the formulas."""
    extent, table = np.array([world.width_m, world.height_m]), distance_table(world)
    x_m, y_m = (np.ascontiguousarray(axis) for axis in world.station_xy_m.T)
    fixed = (x_m, y_m, table.rows, table.first, table.least_m2, grid.values, grid.noise, grid.step_m)
    fields = (grid.correlation, grid.sigma, grid.ready, grid.wanted, world.los_weight_normal is not None)

    def write(xy_m: FloatArray, loss_db: Losses) -> None:
        def part(users: slice) -> None:
            if link_losses_db(xy_m[users], *fixed, *fields, loss_db[users]):
                block = xy_m[users]
                outside = ((block < 0) | (block > extent)).any(axis=1)  # NaN is neither
                _write_exactly(world, block, np.flatnonzero(outside), loss_db[users])

        in_parts(len(xy_m), loss_db.size // LINKS_PER_THREAD, threads, part)
        if grid.wanted.any():
            grid.fill()
            write(xy_m, loss_db)

    return write
