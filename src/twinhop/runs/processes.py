"""The same function on many arguments, in parallel processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol, TypeVar

from twinhop.errors import InputError, TwinhopError
from twinhop.own_code import OwnCode

#: Told how much is done, and how much there is to do.
Progress = Callable[[int, int], None]
Job = TypeVar("Job")
Result = TypeVar("Result")


class Chosen(Protocol):
    """A policy that was chosen."""

    @property
    def own(self) -> OwnCode | None:
        """The user's own code that it is of."""
        ...


def process_count(policies: Sequence[Chosen], jobs: int | None, most: int) -> int:
    """How many processes run policies.

    Args:
        policies: that are run.
        jobs: as asked for, or None.
        most: where none are asked for.

    Returns:
        The number; 1 where none are asked for and a policy of the user's own cannot be sent to another process.

    Raises:
        InputError: several are asked for, and one cannot be sent.
    """
    for own in [policy.own for policy in policies if policy.own is not None]:
        reason = own.unsendable
        if reason is not None and jobs is not None and jobs > 1:
            raise InputError(
                f"jobs: got {jobs}, but policy {own.name} cannot be sent to another process: {reason}; expected 1, "
                "or a policy of an installed module or of file.py:function"
            )
        if reason is not None:
            return 1
    return most if jobs is None else jobs


def in_processes(
    do: Callable[[Job], Result],
    jobs: Sequence[Job],
    sizes: Sequence[int],
    processes: int,
    on_progress: Progress | None,
) -> list[Result]:
    """Do all jobs in processes of their own, which end with the last job or the first error.

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
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(min(processes, len(jobs)), multiprocessing.get_context("spawn"))
    try:
        futures = [pool.submit(do, job) for job in jobs]
        _await_all(futures, sizes, on_progress)
        return [future.result() for future in futures]
    except BrokenProcessPool:
        raise TwinhopError(
            "one of the processes was killed, perhaps because memory ran out; finished runs are kept: run the same "
            "command again, with fewer --jobs"
        ) from None
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in set(multiprocessing.active_children()) - others:
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _await_all(futures: Sequence[Future[Any]], sizes: Sequence[int], on_progress: Progress | None) -> None:
    """Wait until all are done, or raise the first error as soon as it comes."""
    waiting = set(futures)
    while waiting:
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        for future in done:
            future.result()
        if on_progress is not None:
            reached = sum(size for size, future in zip(sizes, futures, strict=True) if future.done())
            on_progress(reached, sum(sizes))
