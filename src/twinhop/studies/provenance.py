"""What made a result: the code, and the kind of machine; no names of hosts, users or folders."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from twinhop._version import __version__
from twinhop.text import counted

MADE = "made"
"""The field of a result that keeps this."""
GIT_S = 10.0
"""Longer is not waited for."""


@cache
def made_by(root: Path = Path(__file__).parent) -> dict[str, Any]:
    """The version, the commit where the package lies in a repository of its own, and the machine's processor.

    Args:
        root: a folder of the package.

    Returns:
        ``version``; ``commit``, with ``+`` after it where files of the package differ from it, None outside of a
        repository; ``cpu``, what the processor calls itself; ``cores`` of the machine; ``python``.
    """
    return {
        "version": __version__,
        "commit": commit_of(root),
        "cpu": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def made_in_words(made: Mapping[str, Any] | None, version: str) -> str:
    """The same in a report.

    Args:
        made: as `made_by` gave it; None: of a result that was made before it was kept.
        version: that it was made with.

    >>> made_in_words({"commit": "a1b2c3", "cpu": "EPYC", "cores": 2}, "0.1.0")
    'commit a1b2c3 on EPYC, 2 cores'
    >>> made_in_words(None, "0.1.0")
    'version 0.1.0, machine not recorded'
    """
    if made is None:
        return f"version {version}, machine not recorded"
    code = f"commit {made['commit']}" if made.get("commit") else f"version {version}"
    return f"{code} on {made['cpu']}, {counted(made['cores'] or 1, 'core')}"


def commit_of(root: Path) -> str | None:
    """The commit of the repository that tracks a folder, ``+`` after it where the folder differs; None: there is none.

    Args:
        root: the folder.
    """
    if not _git(root, "ls-files", "--", Path(__file__).name):
        return None
    commit = _git(root, "rev-parse", "--short=12", "HEAD")
    if commit is None:
        return None
    package = _git(root, "rev-parse", "--show-cdup")
    changed = _git(root, "status", "--porcelain", "--", f"{package or ''}src")
    return f"{commit}+" if changed else commit


def processor(information: Path = Path("/proc/cpuinfo")) -> str:
    """What the processor calls itself, and its family and model where the kernel tells; else its architecture.

    Args:
        information: where the kernel tells of processors.
    """
    try:
        text = information.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.machine()
    told = dict(re.findall(r"^(model name|cpu family|model)[ \t]*: (.*)$", text, flags=re.MULTILINE))
    if "model name" not in told:
        return platform.machine()
    return f"{told['model name']} (family {told.get('cpu family', '?')}, model {told.get('model', '?')})"


def _git(root: Path, *arguments: str) -> str | None:
    """What git says; None where there is no git, or no repository."""
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(root), *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=GIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
