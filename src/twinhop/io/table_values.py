"""Tables that are written: numbers that are not finite are missing values, as in JSON."""

from __future__ import annotations

from typing import Any


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
