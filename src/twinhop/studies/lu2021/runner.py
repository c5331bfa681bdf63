"""Units in processes: those that are kept are not done again."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from twinhop.processes import Progress, in_processes
from twinhop.studies.lu2021.solving import do_solvers
from twinhop.studies.lu2021.training import do_training, state_path
from twinhop.studies.lu2021.unit import SOLVERS, TIMES, UNIT_S, Unit, cached, keep

COMPILED = "compiled"
#: One thread a process: units run side by side, and times of processes are those of one core.
ONE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


def do_unit(root: Path, unit: Unit) -> None:
    """Do a unit and keep what came of it; an unfinished run goes on."""
    prepare_jax(root)
    if cached(unit, root) is not None:
        return
    goes_on, started = state_path(unit, root).exists(), time.perf_counter()
    result = do_solvers(unit) if unit.kind == SOLVERS else do_training(unit, root)
    if not goes_on:
        result[TIMES] = {**result.get(TIMES, {}), UNIT_S: round(time.perf_counter() - started, 3)}
    keep(unit, root, result)
    state_path(unit, root).unlink(missing_ok=True)


def do_units(units: Sequence[Unit], root: Path, processes: int, on_progress: Progress | None) -> None:
    """Do all units, in processes if more than one at a time.

    Args:
        units: what to do, in this order.
        root: the folder.
        processes: how many at a time.
        on_progress: told how many iterations and slots are done.
    """
    if not units:
        return
    sizes = [max(1, unit.iterations) for unit in units]
    if processes > 1 and len(units) > 1:
        in_processes(partial(do_unit, root), units, sizes, processes, on_progress)
        return
    for at, unit in enumerate(units):
        do_unit(root, unit)
        if on_progress is not None:
            on_progress(sum(sizes[: at + 1]), sum(sizes))


def prepare_jax(root: Path) -> None:
    """Let JAX, unless it has started already, use one thread, and keep in a folder what it has compiled.

    Args:
        root: the folder; processes of this run, and a run that goes on, compile nothing twice.
    """
    flags = os.environ.get("XLA_FLAGS", "")
    if "jax" not in sys.modules and ONE_THREAD not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} {ONE_THREAD}".strip()
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str((root / COMPILED).absolute()))
