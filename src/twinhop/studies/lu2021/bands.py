"""Values of several seeds in words."""

from twinhop.placement.problem import FloatArray
from twinhop.stats.bootstrap import band_interval


def value_with_interval(values: FloatArray, digits: int) -> str:
    """An interquartile mean and its interval, of (runs,) values."""
    ends = band_interval([values])
    if ends is None:
        return f"{float(values[0]):.{digits}g}"
    return f"{ends[0]:.{digits}g} ({ends[1]:.{digits}g} to {ends[2]:.{digits}g})"
