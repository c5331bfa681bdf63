"""A Parquet file written in parts, each of them whole as soon as it is there, and put together at the end."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: Rows of a group in the file put together, whatever the parts are.
GROUP_ROWS = 250_000


class PartedTable:
    """One Parquet file. Until it is finished, its parts lie in a folder of the same name that ends in `.parts`."""

    def __init__(self, path: Path) -> None:
        """A file that is not there yet; its folder is."""
        self._path, self._parts, self._count = path, path.with_suffix(".parts"), 0

    def write(self, frame: Any) -> None:
        """Add rows, all with the same columns.

        Raises:
            OSError: it cannot be written; the parts before it remain readable.
        """
        self._parts.mkdir(exist_ok=True)
        part = self._parts / f"{self._count:06d}.parquet"
        unfinished = part.with_suffix(".unfinished")
        try:
            with _os_errors():
                frame.write_parquet(unfinished)
            unfinished.replace(part)
        finally:
            unfinished.unlink(missing_ok=True)
        self._count += 1

    def finish(self, metadata: dict[str, str] | None = None) -> None:
        """Put the parts together.

        Args:
            metadata: kept in the file beside the rows.

        Raises:
            OSError: it cannot be written; all parts remain readable.
        """
        import polars as pl

        whole = self._path.with_suffix(".unfinished")
        try:
            parts = pl.scan_parquet(sorted(self._parts.iterdir()))
            with _os_errors():
                parts.sink_parquet(whole, row_group_size=GROUP_ROWS, metadata=metadata)
            whole.replace(self._path)
        finally:
            whole.unlink(missing_ok=True)
        shutil.rmtree(self._parts)


@contextmanager
def _os_errors() -> Iterator[None]:
    """Errors of the operating system that Polars words as its own are raised as what they are."""
    import polars as pl

    try:
        yield
    except pl.exceptions.PolarsError as error:
        match = re.search(r"os error (\d+)", str(error))
        if match is None:
            raise
        raise OSError(int(match[1]), os.strerror(int(match[1]))) from None
