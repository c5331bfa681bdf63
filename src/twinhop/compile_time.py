"""How long this process has compiled or loaded functions, a clock that stands still meanwhile, and a word about it.

Functions are compiled when they are first called, in the middle of a solve; neither its time limit nor the time it is
said to have taken counts that. Nothing here imports Numba: `jit` passes on what that says of its compiler.
"""

import multiprocessing
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Compiling is told of once it has taken so long in all [s].
MOMENT_S = 1.0


class Stopwatch:
    """Adds up the time in which at least one thread is inside."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._since = 0.0
        self._total_s = 0.0
        self.on_change: Callable[[bool], None] | None = None
        """Told when the first thread goes inside (True) and the last comes out."""

    def start(self) -> None:
        """A thread goes inside; threads may do so again when they are inside."""
        with self._lock:
            if self._inside == 0:
                self._since = time.perf_counter()
                if self.on_change is not None:
                    self.on_change(True)
            self._inside += 1

    def end(self) -> None:
        """A thread is out again."""
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._total_s += time.perf_counter() - self._since
                if self.on_change is not None:
                    self.on_change(False)

    def total_s(self) -> float:
        """The time so far [s]."""
        with self._lock:
            return self._total_s + (time.perf_counter() - self._since if self._inside else 0.0)

    def clock_s(self) -> float:
        """Seconds on a clock that stands still while a thread is inside; only differences mean something."""
        with self._lock:
            return (self._since if self._inside else time.perf_counter()) - self._total_s


class Notice(Stopwatch):
    """Says once in a process, not in its workers, that functions are compiled, when that takes more than a moment."""

    def __init__(self) -> None:
        super().__init__()
        self._said = multiprocessing.parent_process() is not None
        self._timer: threading.Timer | None = None
        self.words = "compiling, once"

    def mute(self) -> None:
        """Say nothing, as in a worker."""
        self._said = True

    def say_waiting(self) -> None:
        """Say, once as well, that another process compiles what this one waits for."""
        if not self._said:
            self._said = True
            tell("another run compiles, once; waiting for it")

    def start(self) -> None:
        """A function is compiled."""
        super().start()
        if self._timer is None and not self._said:
            self._timer = threading.Timer(max(0.0, MOMENT_S - self.total_s()), self._say)
            self._timer.daemon = True
            self._timer.start()

    def end(self) -> None:
        """It is done."""
        super().end()
        if self._inside == 0 and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _say(self) -> None:
        self._said = True
        tell(self.words)


#: Time spent on compiling and loading functions, waiting for another thread to do so included.
waiting = Stopwatch()
#: Time spent on compiling alone.
compiling = Notice()


@contextmanager
def loading() -> Iterator[None]:
    """Inside, the clock of solves stands still: what is read once in a process is loaded, as functions are."""
    waiting.start()
    try:
        yield
    finally:
        waiting.end()


def solving_clock_s() -> float:
    """Seconds on a clock that stands still while functions are compiled or loaded; only differences mean something."""
    return waiting.clock_s()


def tell(words: str) -> None:
    """A line on standard error."""
    print(f"twinhop: {words}", file=sys.stderr, flush=True)
