"""Tables that are written: numbers that are not finite are missing values, as in JSON, and no cell is a formula."""

from __future__ import annotations

import math
from typing import Any

from twinhop.io.table import parse_number


def finite(value: float | None) -> float | None:
    """A number, and None in place of NaN and infinities.

    >>> finite(1.5), finite(float("inf")), finite(None)
    (1.5, None, None)
    """
    return value if value is not None and math.isfinite(value) else None


def without_infinities(frame: Any) -> Any:
    """The frame with null in place of NaN and infinities, in columns of floats.

    Args:
        frame: a Polars data frame.

    >>> import polars as pl
    >>> without_infinities(pl.DataFrame({"a": [1.0, float("inf"), float("nan")]}))["a"].to_list()
    [1.0, None, None]
    """
    import polars as pl

    floats = pl.selectors.float()
    return frame.with_columns(pl.when(floats.is_finite()).then(floats))


FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r")
"""Cells that begin so are run as formulas by spreadsheets."""


def guarded(cell: Any) -> Any:
    """A cell as a CSV file holds it: a text that a spreadsheet would run as a formula gets an apostrophe before it.

    Numbers, also those that are written as text, stay as they are. `unguarded` takes the apostrophe away again.

    >>> guarded("=1+1"), guarded("-5"), guarded(-5), guarded("@home"), guarded("north")
    ("'=1+1", '-5', -5, "'@home", 'north')
    """
    if not isinstance(cell, str) or not cell.lstrip("'").startswith(FORMULA_MARKS) or parse_number(cell) is not None:
        return cell
    return f"'{cell}"


def unguarded(cell: str) -> str:
    """A text without the apostrophe that `guarded` wrote before it.

    >>> unguarded("'=1+1"), unguarded("'s-Gravenhage")
    ('=1+1', "'s-Gravenhage")
    """
    return cell[1:] if cell[:1] == "'" and cell.lstrip("'").startswith(FORMULA_MARKS) else cell
