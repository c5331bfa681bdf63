"""Progress where no terminal shows a spinner: a line a minute on standard error."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

from twinhop.cli.surroundings import say

#: A line is written so often, the first one after as long: quick commands write none [s].
LINE_EVERY_S = 60.0


class MinuteLines:
    """Says once a minute how far a command is, as long as it is inside.

    Args:
        title: what to say before anything is known.
        write: writes a line; standard error by default.
        wait: waits so many seconds for the end and says whether it came; a clock of its own in tests.
    """

    def __init__(
        self,
        title: str,
        write: Callable[[str], None] = say,
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        self._words, self._write = title, write
        self._end = threading.Event()
        self._wait = self._end.wait if wait is None else wait
        self._thread = threading.Thread(target=self.go_on, name="a line a minute", daemon=True)

    def update(self, words: str) -> None:
        """How far the command is, to be said with the next line."""
        self._words = words

    def go_on(self) -> None:
        """Write lines until the end comes."""
        minutes = 0
        while not self._wait(LINE_EVERY_S):
            minutes += 1
            self._write(f"{self._words} ({minutes} min)")

    def __enter__(self) -> MinuteLines:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
