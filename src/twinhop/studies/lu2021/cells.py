"""Numbers as cells of tables."""

from __future__ import annotations

from twinhop.placement.problem import FloatArray
from twinhop.stats.bootstrap import band_interval


def value_with_interval(values: FloatArray, digits: int) -> str:
    """An interquartile mean and its interval, of (runs,) values."""
    found = band_interval([values])
    if found is None:
        return f"{float(values[0]):.{digits}g}"
    return f"{found[0]:.{digits}g} ({found[1]:.{digits}g} to {found[2]:.{digits}g})"


def percent_change(share: float | None) -> str:
    """A share as a percentage with its sign, or a dash."""
    return "-" if share is None else f"{100 * share:+.1f} %"
