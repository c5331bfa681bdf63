"""The entry point: exit codes, errors in a line, and Ctrl-C at any moment, also while modules are imported."""

import atexit
import errno
import os
import signal
import sys
import traceback
import warnings
from types import FrameType

from twinhop.cli import surroundings
from twinhop.cli.exit_codes import INTERRUPTED, NOBODY_READS, REFUSED, SIGNAL_BASE
from twinhop.cli.surroundings import flush_output, say

#: Modules whose functions on the stack mean that loops are being compiled.
COMPILER = ("numba.", "llvmlite.")
#: Libraries whose errors are about what they were given: files, memory, disks.
READERS = ("polars", "pyarrow")
#: What the variables of the environment that set up a library begin with.
SETTINGS = {
    "jax": ("JAX_", "XLA_"),
    "jaxlib": ("JAX_", "XLA_"),
    "llvmlite": ("NUMBA_",),
    "numba": ("NUMBA_",),
    "polars": ("POLARS_",),
    "pyo3_runtime": ("POLARS_",),
}
#: Packages that print: an error of a file without a name is about standard output there.
PRINTERS = ("click", "json", "rich", "twinhop", "typer")
#: Undoes what a spinner did to the terminal.
SHOW_CURSOR = b"\r\x1b[?25h"
#: Signals that end a run as Ctrl-C does: of supervisors and schedulers, and of a terminal that is closed.
ENDING = (signal.SIGTERM, signal.SIGHUP)

#: The exit code of the signal that came last.
_stopped_by = [INTERRUPTED]


def main() -> None:
    """Run the program; errors meant for the user end it with exit code 2, Ctrl-C with 130, signals with their own."""
    surroundings.prepare()
    _listen()
    try:
        _run()
        _end(0)
    except KeyboardInterrupt:
        _stop()
    except SystemExit as end:
        cause = end.__context__
        if isinstance(getattr(cause, "__cause__", None), KeyboardInterrupt):
            _stop()  # typer has turned a Ctrl-C into an exit code and said nothing
        if isinstance(cause, OSError) and cause.errno == errno.EPIPE:
            _end(NOBODY_READS)  # typer has made an exit code of it that says nothing
        _end(end.code)


def _listen() -> None:
    """Let Ctrl-C and the signals of supervisors raise an exception; what ignores them, as nohup does, is left alone."""
    _stopped_by[0] = INTERRUPTED
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)  # what there was to say is said by then
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _on_interrupt)
    for number in ENDING:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _on_ending)
            atexit.register(signal.signal, number, signal.SIG_DFL)


def _on_ending(number: int, frame: FrameType | None) -> None:
    """Do what a Ctrl-C would do now: a solver has said what that is."""
    _stopped_by[0] = SIGNAL_BASE + number
    handler = signal.getsignal(signal.SIGINT)
    (handler if callable(handler) else _on_interrupt)(number, frame)


def _on_interrupt(_signum: int, frame: FrameType | None) -> None:
    """End by an exception, but not out of the compiler, which does not survive one; then there is no answer yet."""
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith(COMPILER):
            os.write(sys.stderr.fileno(), SHOW_CURSOR * sys.stderr.isatty() + b"twinhop: interrupted\n")
            _end_at_once(_stopped_by[0])
        frame = frame.f_back
    raise KeyboardInterrupt


def _run() -> None:
    from twinhop.cli.main import program
    from twinhop.errors import TwinhopError

    warnings.showwarning = _show_warning
    try:
        program()()
    except TwinhopError as error:
        say(str(error))
        sys.exit(REFUSED)
    except BaseException as error:
        words = None if isinstance(error, SystemExit | KeyboardInterrupt) else _in_a_line(error)
        if words is None:
            raise
        if words:
            say(words)
        sys.exit(REFUSED if words else NOBODY_READS)


def _in_a_line(error: BaseException) -> str | None:
    """What an error of the surroundings means to a user; empty where nobody is there to hear; None for a bug."""
    if isinstance(error, BrokenPipeError):
        return ""
    if isinstance(error, OSError):
        where = error.filename
        if where is None and _source_of(error) in PRINTERS:
            where = "standard output"
        reason = error.strerror or str(error) or type(error).__name__
        return f"{os.fsdecode(where)}: {reason}" if isinstance(where, str | bytes) else reason
    text = " ".join(str(error).split())
    if isinstance(error, MemoryError):
        return f"memory ran out{f' ({text})' if text else ''}; give a smaller problem, or fewer --jobs"
    if isinstance(error, ImportError) and not (error.name or "twinhop").startswith("twinhop"):
        return f"{text}; `twinhop doctor` says what this installation lacks"
    if isinstance(error, UnicodeError):
        return f"text that cannot be written or read: {text}"
    sources = (_source_of(error), type(error).__module__.partition(".")[0])
    library = next((name for name in sources if name in READERS), "")
    variables = _settings_of(sources)
    if variables:
        return f"{type(error).__name__}: {text}; the environment has {', '.join(variables)}: try without"
    return f"{library}: {type(error).__name__}: {text}" if library else None


def _settings_of(packages: tuple[str, ...]) -> list[str]:
    """The variables of the environment that set up one of these packages, with their values."""
    prefixes = tuple(prefix for package in packages for prefix in SETTINGS.get(package, ()))
    others = sorted(os.environ.items() - surroundings.OWN_SETTINGS.items())
    return [f"{name}={value}" for name, value in others if prefixes and name.startswith(prefixes)]


def _source_of(error: BaseException) -> str:
    """The package that raised it."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return frames[-1].f_globals.get("__name__", "").partition(".")[0] if frames else ""


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    lines = [line for line in str(message).splitlines() if line.strip()]
    say(f"warning: {lines[0] if lines else type(message).__name__}")  # some libraries put a traceback into a warning


def _stop() -> None:
    say("interrupted")
    _end(INTERRUPTED)


def _end(code: str | int | None) -> None:
    code = _stopped_by[0] if code == INTERRUPTED else code
    failed = flush_output()
    if failed is not None:
        code = _unwritten(failed) if code in (0, None) else code
    solver = sys.modules.get("twinhop.placement.mip")
    if solver is not None and solver.still_solving() and isinstance(code, int):
        _end_at_once(code)  # an orderly end would wait for the solver's thread, which may not listen for many seconds
    sys.exit(code)


def _unwritten(error: OSError) -> int:
    """The exit code of an output that cannot be written, which is said unless nobody reads it any more."""
    if error.errno == errno.EPIPE:
        return NOBODY_READS
    say(f"standard output: {error.strerror}")
    return REFUSED


def _end_at_once(code: int) -> None:
    flush_output()
    sys.stderr.flush()
    os._exit(code)
