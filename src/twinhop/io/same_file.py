"""Whether what is written would replace what is read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from twinhop.errors import InputError


def require_other_file(out: Path, sources: Iterable[Path]) -> None:
    """Refuse to write over what is read, by whatever name or link.

    Args:
        out: what is to be written, `--out`.
        sources: what is read.

    Raises:
        InputError: one of them is the same file.
    """
    for source in sources:
        try:
            is_same = out.samefile(source)
        except OSError:  # one of them is not there: what reads or writes it says so
            continue
        if is_same:
            raise InputError(f"--out {out}: is a file that is read; choose another name")
