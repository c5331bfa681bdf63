"""The same function on many arguments, in parallel processes."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from multiprocessing.connection import wait
from typing import Any, TypeVar

from twinhop.errors import TwinhopError
from twinhop.processes.worker import LOOK_S, ProcessDied, Worker, can_start, died_of

#: Told how much is done, and how much there is to do.
Progress = Callable[[int, int], None]
Job = TypeVar("Job")
Result = TypeVar("Result")


def in_processes(
    do: Callable[[Job], Result],
    jobs: Sequence[Job],
    sizes: Sequence[int],
    processes: int,
    on_progress: Progress | None,
) -> list[Result]:
    """Do all jobs in processes of their own, which end with the last job or the first error.

    Where no process can be started, as in an interpreter inside another program, they are done in this one.

    Args:
        do: a function that a new process can import.
        jobs: its arguments.
        sizes: how much each job counts in the progress told.
        processes: how many at a time.
        on_progress: told when jobs are done.

    Returns:
        What came of each job, in their order.

    Raises:
        TwinhopError: a process was killed. Besides, whatever the first job that fails raises.
    """
    results: dict[int, Any] = {}

    def note(at: int, result: Any) -> None:
        results[at] = result
        if on_progress is not None:
            on_progress(sum(sizes[each] for each in results), sum(sizes))

    if not can_start():
        for at, job in enumerate(jobs):
            note(at, do(job))
    else:
        _share_out([pickle.dumps((do, (job,))) for job in jobs], min(processes, len(jobs)), note)
    return [results[at] for at in range(len(jobs))]


def _share_out(orders: Sequence[bytes], processes: int, note: Callable[[int, Any], None]) -> None:
    """Let so many workers take one order after the other; all are ended on leaving."""
    with ExitStack() as started:
        waiting = iter(enumerate(orders))
        busy: dict[Worker, int] = {}
        for at, order in waiting:
            worker = started.enter_context(Worker())
            worker.start_pickled(order)
            busy[worker] = at
            if len(busy) == processes:
                break
        while busy:
            wait([worker.connection for worker in busy], LOOK_S)
            for worker in [each for each in busy if each.wait(0)]:
                note(busy.pop(worker), _result(worker))
                for at, order in waiting:
                    worker.start_pickled(order)
                    busy[worker] = at
                    break


def _result(worker: Worker) -> Any:
    try:
        return worker.result()
    except ProcessDied as error:
        raise TwinhopError(
            f"one of the processes {died_of(error.code)}; finished runs are kept: run the same again, with fewer jobs "
            "(--jobs)"
        ) from None
