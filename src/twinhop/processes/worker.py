"""A process that calls functions and can be ended at any moment."""

from __future__ import annotations

import json
import multiprocessing
import multiprocessing.spawn
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from twinhop.errors import TwinhopError
from twinhop.processes.serving import ERROR, NOTE

#: How often the process itself is looked at [s].
LOOK_S = 1.0
#: The first words of a worker: where to import from, then the rest.
_BOOT = """
import json, sys
from multiprocessing.connection import Connection
orders, lifeline, parent = map(int, sys.argv[1:])
connection = Connection(orders)
sys.path[:] = json.loads(connection.recv_bytes())
from twinhop.processes.serving import serve
serve(connection, lifeline, parent)
"""


class ProcessDied(TwinhopError):
    """A process ended before its work was done.

    Attributes:
        code: its exit code; minus the signal that ended it.
        at: where somebody else's code was, as `deciding` was told; None where it was not.
    """

    def __init__(self, code: int):
        self.code = code
        self.at: Any = None
        super().__init__(f"a process {died_of(code)} before its work was done")

    def __reduce__(self) -> tuple[Any, ...]:
        return (ProcessDied, (self.code,))


def died_of(code: int) -> str:
    """How a process ended, in words.

    >>> died_of(-9), died_of(1)
    ('was killed (signal 9), perhaps because memory ran out', 'ended with exit code 1')
    """
    if code == -9:
        return "was killed (signal 9), perhaps because memory ran out"
    return f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"


def can_start() -> bool:
    """Whether workers can be started: an interpreter is known that runs them."""
    return bool(multiprocessing.spawn.get_executable())


class Worker:
    """A process that does one call at a time; used as a context, it is ended on leaving, whatever it does.

    >>> with Worker() as worker:
    ...     worker.start(pow, 2, 10)
    ...     worker.wait(60), worker.result()
    (True, 1024)
    """

    def __init__(self, on_note: Callable[[Any], None] | None = None):
        """Start the process.

        Args:
            on_note: called, inside `wait` and `result`, with what `send_note` tells from there.

        Raises:
            TwinhopError: it cannot be started.
        """
        if not can_start():
            raise TwinhopError("no further process can be started: no interpreter is known that would run it")
        self._on_note = on_note
        self._answer: tuple[str, Any] | None = None
        self._connection, orders = multiprocessing.Pipe()
        lifeline, self._life = os.pipe()
        numbers = (orders.fileno(), lifeline)
        command = [os.fsdecode(multiprocessing.spawn.get_executable()), *_interpreter_options(), "-c", _BOOT]
        try:
            self._process = subprocess.Popen(  # noqa: S603  this interpreter
                [*command, *map(str, numbers), str(os.getpid())], stdin=subprocess.DEVNULL, pass_fds=numbers
            )
        except OSError as error:
            os.close(self._life)
            self._connection.close()
            raise TwinhopError(f"no further process can be started ({error.strerror or error})") from None
        finally:
            orders.close()
            os.close(lifeline)
        self._send(json.dumps(sys.path).encode())

    @property
    def connection(self) -> Connection:
        """To wait for, among others: there is something to read when `wait` may come to an end."""
        return self._connection

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def start(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Begin a call.

        Args:
            function: one that can be imported, not of the main module.
            *arguments: of it.
        """
        self.start_pickled(pickle.dumps((function, arguments)))

    def start_pickled(self, order: bytes) -> None:
        """Begin a call that is a pickled pair of function and arguments."""
        self._answer = None
        self._send(order)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the call has ended, by a result, an error or death.

        Args:
            timeout_s: for so long at most [s]; None: until then.

        Returns:
            Whether it has.
        """
        end = None if timeout_s is None else time.monotonic() + timeout_s
        while self._answer is None:
            left = LOOK_S if end is None else min(LOOK_S, max(0.0, end - time.monotonic()))
            died = self._process.poll() is not None
            if self._connection.poll(left) or died:
                self._receive()
            elif end is not None and time.monotonic() >= end:
                return False
        return True

    def result(self) -> Any:
        """What came of the call; waits for it.

        Raises:
            ProcessDied: the process ended first. Besides, what the function raised.
        """
        self.wait()
        assert self._answer is not None
        kind, value = self._answer
        if kind == ERROR:
            raise value
        return value

    def end(self) -> None:
        """End the process at once, and wait until it is gone."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._connection.close()
        if self._life >= 0:
            os.close(self._life)
            self._life = -1

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def _send(self, content: bytes) -> None:
        try:
            self._connection.send_bytes(content)
        except OSError:  # it is dead, which the next look says
            pass

    def _receive(self) -> None:
        try:
            if not self._connection.poll(0):  # dead, and a process of its own still holds the connection
                raise EOFError
            kind, value = pickle.loads(self._connection.recv_bytes())  # noqa: S301  sent by the worker
        except (EOFError, OSError):
            self._answer = (ERROR, ProcessDied(self._process.wait()))
            return
        if kind != NOTE:
            self._answer = (kind, value)
        elif self._on_note is not None:
            self._on_note(value)


def _interpreter_options() -> list[str]:
    """Options such as -O and -W, as this interpreter was started with."""
    return subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
