"""A thread that answers one question at a time; who asks waits no longer than it likes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue

from twinhop.placement.problem import IntArray

Answer = Callable[[], IntArray]


class Patience:
    """Asks a policy in a thread of its own, and goes on without its answer where that takes too long.

    While it is still at a question, further ones have no answer; what it learns meanwhile it keeps.
    """

    def __init__(self) -> None:
        self._questions: SimpleQueue[tuple[Answer, Future[IntArray]] | None] = SimpleQueue()
        self._last: Future[IntArray] | None = None
        self._thread = threading.Thread(target=self._run, name="twinhop-policy", daemon=True)
        self._thread.start()

    def consult(self, answer: Answer) -> Callable[[float], IntArray | None]:
        """Begin a question.

        Returns:
            What waits for the answer until so many seconds after this call, and gives None if none has come by then.
        """
        if self._last is not None and not self._last.done():
            return lambda _: None
        begun_s = time.monotonic()
        future: Future[IntArray] = Future()
        self._last = future
        self._questions.put((answer, future))

        def wait(seconds: float) -> IntArray | None:
            try:
                return future.result(max(begun_s + seconds - time.monotonic(), 0.0))
            except TimeoutError:
                if future.done():  # the policy's own
                    raise
                return None

        return wait

    def stop(self) -> None:
        """End after the present question; nobody waits for it."""
        self._questions.put(None)

    def _run(self) -> None:
        while (question := self._questions.get()) is not None:
            answer, future = question
            try:
                future.set_result(answer())
            except BaseException as error:
                future.set_exception(error)
