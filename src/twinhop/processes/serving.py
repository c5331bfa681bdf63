"""What a worker does: take functions and arguments from a connection, and send back what comes of them."""

from __future__ import annotations

import os
import pickle
import select
import signal
import sys
import threading
import traceback
from multiprocessing.connection import Connection
from typing import Any

#: How often a worker looks whether its parent is still there [s], where its end was not heard of at once.
WATCH_S = 1.0
#: Exit code of a worker whose parent is gone.
ORPHANED = 3
RESULT, ERROR, NOTE = "result", "error", "note"

_parent: list[Connection] = []
#: Threads send one after the other.
_sending = threading.Lock()


def serve(connection: Connection, lifeline: int, parent: int) -> None:
    """Do what is sent, until the connection is closed.

    Args:
        connection: to the parent.
        lifeline: descriptor that is at its end when the parent is.
        parent: its process id.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent says what is to end
    threading.Thread(target=_watch, args=(lifeline, parent), daemon=True).start()
    from twinhop.compile_time import compiling

    compiling.mute()
    _parent.append(connection)
    try:
        while True:
            answer = _answer(connection.recv_bytes())
            sys.stdout.flush()
            with _sending:
                connection.send_bytes(answer)
    except (EOFError, OSError):  # the parent has no more to do, or is gone
        pass
    os._exit(0)  # threads of solvers that do not listen hold nobody up


def send_note(value: Any) -> None:
    """In a worker, tell the parent something before the result; elsewhere nothing happens."""
    for connection in _parent:
        with _sending:
            connection.send_bytes(pickle.dumps((NOTE, value)))


def _watch(lifeline: int, parent: int) -> None:
    """End this process when its parent has ended, killed or not."""
    while os.getppid() == parent:
        if select.select([lifeline], [], [], WATCH_S)[0]:
            break
    os._exit(ORPHANED)


def _answer(order: bytes) -> bytes:
    try:
        function, arguments = pickle.loads(order)  # noqa: S301  sent by the parent
        return pickle.dumps((RESULT, function(*arguments)))
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        return _error(error)


def _error(error: BaseException) -> bytes:
    """The exception as it is where it can be sent, with its traceback as a note; else its text."""
    trace = "".join(traceback.format_exception(error))
    try:
        error.add_note(f"in a worker process:\n{trace}")
        content = pickle.dumps((ERROR, error))
        pickle.loads(content)  # noqa: S301  some are made of other arguments than they keep
        return content
    except Exception:  # whatever its own methods raise
        return pickle.dumps((ERROR, RuntimeError(trace)))
