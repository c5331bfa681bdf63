"""The entry point: exit codes, and Ctrl-C at any moment, also while modules are still being imported."""

import atexit
import os
import signal
import sys
import warnings

#: Exit codes: bad input or a problem proved infeasible; Ctrl-C.
REFUSED, INTERRUPTED = 2, 130


def main() -> None:
    """Run the program; errors meant for the user end it with exit code 2, Ctrl-C with 130."""
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)  # what there was to say is said by then
    try:
        _run()
    except KeyboardInterrupt:
        _stop()
    except SystemExit as end:
        if isinstance(getattr(end.__context__, "__cause__", None), KeyboardInterrupt):
            _stop()  # typer has turned a Ctrl-C into an exit code and said nothing
        _end(end.code)


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
