"""Where the program runs: descriptors that are closed, an output that takes no letters, settings of libraries."""

from __future__ import annotations

import os
import sys
from typing import Any

#: The program draws into files alone, and its weights are in single precision, whatever a notebook has set for itself.
OWN_SETTINGS = {"MPLBACKEND": "agg", "JAX_ENABLE_X64": "0"}


def prepare() -> None:
    """Open what is closed, let no letter stop an output, and draw without a window; called before all else."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        _open(number, name, mode)
    for stream in (sys.stdout, sys.stderr):
        _replace_letters(stream)
    os.environ.update(OWN_SETTINGS)


def _open(number: int, name: str, mode: str) -> None:
    """Put /dev/null where a standard stream was closed: the next file opened would take its place."""
    if getattr(sys, name) is not None:
        return
    try:
        os.fstat(number)
    except OSError:
        null = os.open(os.devnull, os.O_RDWR)
        if null != number:
            os.dup2(null, number)
            os.close(null)
    setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115  for the whole process


def _replace_letters(stream: Any) -> None:
    """What the encoding of an output does not have is written as an escape."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")


def flush_output() -> OSError | None:
    """Write out what was printed.

    Returns:
        Why that cannot be; what was not written is forgotten then.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
        return error
    except ValueError:  # closed
        return None
    return None


def say(words: str) -> None:
    """A line on standard error, if that can be written."""
    try:
        print(f"twinhop: {words}", file=sys.stderr, flush=True)
    except (OSError, ValueError):
        pass
