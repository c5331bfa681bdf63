"""Calls in a process that is ended where somebody else's code gives no answer in time.

What is called says when it waits for that code, by `deciding`; only that time counts. The process stays for the next
call, so that it starts and imports once.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from twinhop.errors import TwinhopError
from twinhop.processes.serving import send_note
from twinhop.processes.worker import ProcessDied, Worker

#: Beyond a limit it may go on for so long [s], or for this share of the limit where that is more: code that looks at
#: its limit itself is late by a little.
GRACE_S, GRACE_SHARE = 1.0, 0.1
#: How often it is looked at whether time is up [s].
LOOK_S = 0.05
BEGINS, ENDS, COMPILES, COMPILED = "begins", "ends", "compiles", "compiled"


class NoAnswer(TwinhopError):
    """Somebody else's code gave no answer in time; its process was ended.

    Attributes:
        limit_s: without the grace [s].
        at: what `deciding` was given.
    """

    def __init__(self, limit_s: float, at: Any) -> None:
        self.limit_s, self.at = limit_s, at
        super().__init__(f"did not answer within {limit_s:g} s")


#: Whether this process is watched.
_watched: list[bool] = []


@contextmanager
def deciding(at: Any = None) -> Iterator[None]:
    """Inside, somebody else's code is at work; in a process that is watched its time runs, elsewhere nothing happens.

    Args:
        at: where it is, such as a slot, for `NoAnswer`.
    """
    if not _watched:
        yield
        return
    send_note((BEGINS, at))
    try:
        yield
    finally:
        send_note((ENDS, None))


def watched(
    function: Callable[..., Any],
    *arguments: Any,
    limit_s: float,
    is_interrupted: Callable[[], bool] = lambda: False,
    on_note: Callable[[Any], None] = lambda note: None,
) -> Any:
    """Call a function in a process that is ended where code inside `deciding` takes longer than a limit and the grace.

    Time in which functions are compiled or loaded does not count.

    Args:
        function: one that can be imported, not of the main module.
        *arguments: of it.
        limit_s: of each piece of work inside `deciding` [s].
        is_interrupted: whether the process is to be told of a Ctrl-C.
        on_note: told what else `send_note` sends.

    Returns:
        What it returns.

    Raises:
        NoAnswer: it took too long.
        ProcessDied: the process ended. Besides, what the function raises.
    """
    clock = _Clock(limit_s, on_note)
    worker, notes = _idle_worker()
    notes[:] = [clock.note]
    try:
        worker.start(_call, function, arguments)
        while not worker.wait(LOOK_S):
            if clock.left_s() <= 0:
                raise NoAnswer(limit_s, clock.at)
            if clock.is_running and is_interrupted():  # before that nobody listens, and it would end the process
                os.kill(worker.pid, signal.SIGINT)
    except BaseException:
        worker.end()
        raise
    if worker.is_alive():
        _idle.append((_surroundings(), worker, notes))
    try:
        return worker.result()
    except ProcessDied as error:
        if is_interrupted():  # a terminal sends Ctrl-C to all processes, those that are just starting too
            raise KeyboardInterrupt from None
        error.at = clock.at
        raise


class _Clock:
    """How much time is left to the code that is at work."""

    def __init__(self, limit_s: float, on_note: Callable[[Any], None]) -> None:
        self.at: Any = None
        self._limit_s = limit_s + max(GRACE_S, GRACE_SHARE * limit_s)
        self._on_note = on_note
        self._since: float | None = None
        self._compiles_since: float | None = None

    def note(self, note: Any) -> None:
        now = time.monotonic()
        kind, value = note if isinstance(note, tuple) and len(note) == 2 else (None, None)
        if kind == BEGINS:
            self.at, self._since = value, now
        elif kind == ENDS:
            self._since = None
        elif kind == COMPILES:
            self._compiles_since = now
        elif kind == COMPILED and self._compiles_since is not None:
            self._since = None if self._since is None else self._since + now - self._compiles_since
            self._compiles_since = None
        elif kind not in (BEGINS, ENDS, COMPILES, COMPILED):
            self._on_note(note)

    @property
    def is_running(self) -> bool:
        return self._since is not None

    def left_s(self) -> float:
        if self._since is None or self._compiles_since is not None:
            return self._limit_s
        return self._since + self._limit_s - time.monotonic()


#: Workers that wait for another call, with what they were started in and whom they tell their notes.
_idle: list[tuple[Any, Worker, list[Callable[[Any], None]]]] = []


def _surroundings() -> Any:
    """What a worker takes over from this process when it starts."""
    return (os.getpid(), os.getcwd(), tuple(sys.path))


@atexit.register
def _end_idle() -> None:
    """Nobody will call again."""
    while _idle:
        surroundings, worker, _ = _idle.pop()
        if surroundings[0] == os.getpid():
            worker.end()


def _idle_worker() -> tuple[Worker, list[Callable[[Any], None]]]:
    """A worker that was started in the same surroundings, or a new one."""
    while _idle:
        surroundings, worker, notes = _idle.pop()
        if surroundings == _surroundings() and worker.is_alive():
            return worker, notes
        if surroundings[0] == os.getpid():
            worker.end()
    notes: list[Callable[[Any], None]] = []
    return Worker(lambda note: notes[0](note)), notes


def _call(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """In the worker: call a function, and tell of what it does."""
    from twinhop.compile_time import waiting

    _watched[:] = [True]
    waiting.on_change = lambda inside: send_note((COMPILES if inside else COMPILED, None))
    try:
        return function(*arguments)
    finally:
        waiting.on_change = None
        _watched.clear()
