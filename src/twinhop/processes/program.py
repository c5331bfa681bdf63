"""Other programs, run to their end."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


def run_program(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], limit_s: float | None = None
) -> tuple[int, str]:
    """Run a program without a keyboard; it is ended where an exception comes first.

    Args:
        command: the program and its arguments.
        folder: where it runs.
        environment: its environment variables.
        limit_s: after which it is ended [s]; None: never.

    Returns:
        Its exit code, minus the signal that ended it, and what it printed.

    Raises:
        OSError: it cannot be started.
    """
    child = subprocess.Popen(  # noqa: S603
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    try:
        output, _ = child.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        child.kill()
        output, _ = child.communicate()
    finally:  # Ctrl-C comes through here: nothing goes on behind the user's back
        if child.poll() is None:
            child.kill()
            child.wait()
    return child.returncode, output
