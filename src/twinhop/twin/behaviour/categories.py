"""What models of categories share: the checks of a value and of a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.twin.behaviour.model import Arrays, FloatArray

#: Most categories of a dimension.
MOST_CATEGORIES = 4096


def check_categories(kind: str, categories: float) -> int:
    """The number of categories.

    Raises:
        InputError: there are fewer than one or too many.
    """
    if not 1 <= categories <= MOST_CATEGORIES or categories != int(categories):
        raise InputError(f"{kind}: categories: must be a whole number from 1 to {MOST_CATEGORIES} (got {categories:g})")
    return int(categories)


def category_of(kind: str, value: FloatArray, categories: int) -> int:
    """The category that an updated value is.

    Raises:
        InputError: it is no whole number from 0 to one less than the number of categories.
    """
    code = float(value[0]) if np.shape(value) == (1,) else float("nan")
    if not 0 <= code < categories or code != int(code):
        raise InputError(f"{kind}: value: must be one whole number from 0 to {categories - 1} (got {value})")
    return int(code)


def check_time(kind: str, time_s: float, before_s: float) -> None:
    """Refuse a time that is not finite or before the last.

    Raises:
        InputError: it is.
    """
    if not -np.inf < time_s < np.inf:
        raise InputError(f"{kind}: time: must be finite (got {time_s:g} s)")
    if time_s < before_s:
        raise InputError(f"{kind}: time runs backwards: {time_s:g} s after {before_s:g} s")


def counts_among(kind: str, arrays: Arrays, name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """A copy of counts among the arrays of a model.

    Raises:
        InputError: they are missing, of another type or shape, negative or not finite.
    """
    counts = arrays.get(name)
    if counts is None:
        raise InputError(f"{kind}: {name}: is missing; found {', '.join(arrays) or 'nothing'}")
    if counts.dtype != np.float64 or counts.shape != shape:
        raise InputError(f"{kind}: {name}: must be float64 of shape {shape} (got {counts.dtype} of {counts.shape})")
    if not (np.isfinite(counts).all() and (counts >= 0).all()):
        raise InputError(f"{kind}: {name}: must be counts, at least 0")
    return counts.copy()
