"""The entry point: exit codes, and Ctrl-C at any moment, also while modules are still being imported."""

import atexit
import os
import signal
import sys
import warnings
from types import FrameType

from twinhop.cli.exit_codes import INTERRUPTED, REFUSED

#: Modules whose functions on the stack mean that loops are being compiled.
COMPILER = ("numba.", "llvmlite.")
#: Undoes what a spinner did to the terminal.
SHOW_CURSOR = b"\r\x1b[?25h"


def main() -> None:
    """Run the program; errors meant for the user end it with exit code 2, Ctrl-C with 130."""
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)  # what there was to say is said by then
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _on_interrupt)
    try:
        _run()
    except KeyboardInterrupt:
        _stop()
    except SystemExit as end:
        if isinstance(getattr(end.__context__, "__cause__", None), KeyboardInterrupt):
            _stop()  # typer has turned a Ctrl-C into an exit code and said nothing
        _end(end.code)


def _on_interrupt(_signum: int, frame: FrameType | None) -> None:
    """End by an exception, but not out of the compiler, which does not survive one; then there is no answer yet."""
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith(COMPILER):
            os.write(sys.stderr.fileno(), SHOW_CURSOR * sys.stderr.isatty() + b"twinhop: interrupted\n")
            _end_at_once(INTERRUPTED)
        frame = frame.f_back
    raise KeyboardInterrupt


def _run() -> None:
    from twinhop.cli.main import app
    from twinhop.errors import TwinhopError

    warnings.showwarning = _show_warning
    try:
        app()
    except TwinhopError as error:
        print(f"twinhop: {error}", file=sys.stderr)
        sys.exit(REFUSED)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    print(f"twinhop: warning: {message}", file=sys.stderr)


def _stop() -> None:
    print("twinhop: interrupted", file=sys.stderr)
    _end(INTERRUPTED)


def _end(code: str | int | None) -> None:
    solver = sys.modules.get("twinhop.placement.mip")
    if solver is not None and solver.still_solving() and isinstance(code, int):
        _end_at_once(code)  # an orderly end would wait for the solver's thread, which may not listen for many seconds
    sys.exit(code)


def _end_at_once(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
