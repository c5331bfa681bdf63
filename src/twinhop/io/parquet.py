"""Parquet tables that someone gave us: their columns, and their rows slice by slice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from twinhop.errors import InputError
from twinhop.io.file_kind import describe_file, require_regular

if TYPE_CHECKING:
    import polars as pl


def parquet_columns(path: Path) -> dict[str, pl.DataType]:
    """The columns of a Parquet table and their types.

    Raises:
        InputError: the file is missing, or no Parquet table.
    """
    import polars as pl

    return dict(_guarded(path, lambda: pl.read_parquet_schema(path)))


def parquet_metadata(path: Path) -> dict[str, str]:
    """The key-value metadata of a Parquet table.

    Raises:
        InputError: the file is missing, or no Parquet table.
    """
    import polars as pl

    return _guarded(path, lambda: pl.read_parquet_metadata(path))


def parquet_rows(path: Path) -> int:
    """The number of rows of a Parquet table.

    Raises:
        InputError: the file is missing, or no Parquet table.
    """
    import polars as pl

    return _guarded(path, lambda: pl.scan_parquet(path).select(pl.len()).collect().item())


def parquet_slices(path: Path, columns: Sequence[str], rows: int, first: int = 0) -> Iterator[pl.DataFrame]:
    """The rows from a row on, slice by slice; only the row groups of a slice are in memory.

    Raises:
        InputError: the file is damaged.
    """
    import polars as pl

    table = pl.scan_parquet(path).select(columns)
    for offset in range(first, parquet_rows(path), rows):
        yield _guarded(path, lambda offset=offset: table.slice(offset, rows).collect())


def _guarded(path: Path, read):  # noqa: ANN001, ANN202
    import polars as pl

    try:
        require_regular(path)
        if path.is_dir():
            raise InputError(f"{path}: is a folder; expected a Parquet table")
        return read()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        kind = describe_file(path)
        why = "damaged or cut off" if kind == "a Parquet table" else f"found {kind}"
        raise InputError(f"{path}: not a Parquet table that can be read: {why} ({str(error)[:80]})") from None
