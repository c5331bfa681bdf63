"""Columns of a page's data: arrays as they are stored, plain or coded by steps and differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: How the numbers of a column may be stored, little-endian.
TYPES = {
    "f64": np.dtype("<f8"),
    "f32": np.dtype("<f4"),
    "i32": np.dtype("<i4"),
    "i16": np.dtype("<i2"),
    "i8": np.dtype("i1"),
    "u32": np.dtype("<u4"),
    "u16": np.dtype("<u2"),
    "u8": np.dtype("u1"),
}
#: Whole numbers are stored by the first of these that holds them all.
_WHOLE = ("u8", "i8", "u16", "i16", "i32", "u32")
#: Differences are summed in 32 bits with a sign: no column of them may be of these types.
NOT_SUMMED = ("f64", "f32", "u32")


@dataclass(frozen=True, eq=False)
class Column:
    """Numbers as they are stored: ``value = base + scale raw``, raw summed along the first axis where it is of steps.

    Attributes:
        raw: what is stored, of one of `TYPES`.
        delta: whether row 0 is stored as it is and every other as its difference to the one before.
        scale: of the numbers, in the unit of the values.
        base: added to them, likewise.
    """

    raw: NDArray[Any]
    delta: bool = False
    scale: float = 1.0
    base: float = 0.0

    @property
    def type(self) -> str:
        """The name of its type, of `TYPES`."""
        return next(name for name, dtype in TYPES.items() if dtype == self.raw.dtype)

    @property
    def is_scaled(self) -> bool:
        """Whether its values are others than what is stored."""
        return self.scale != 1.0 or self.base != 0.0

    def values(self) -> NDArray[Any]:
        """The values: of 64 bits where scaled or floating, whole numbers of 32 bits where summed, else as stored."""
        raw = np.cumsum(self.raw, axis=0, dtype=np.int32) if self.delta else self.raw
        if self.is_scaled or raw.dtype.kind == "f":
            return self.base + self.scale * raw.astype(np.float64)
        return raw


def reals(values: ArrayLike, type: str = "f32") -> Column:
    """Numbers as they are; NaN where there is none.

    Args:
        values: of any shape.
        type: ``f32`` or ``f64``; what is shown needs no more than seven digits.
    """
    return Column(np.ascontiguousarray(values, TYPES[type]))


def shown_reals(values: ArrayLike, bits: int = 15, *, down: bool = False) -> Column:
    """Numbers to about five digits, as ``f32`` whose last bits are 0 and so cost nothing when compressed.

    Args:
        values: of any shape; NaN and infinities stay.
        bits: of the 23 behind the point of each number that are kept.
        down: whether to round towards 0 rather than to the nearest: lower bounds, which are not negative, stay bounds.

    >>> shown_reals([1 / 3, np.nan]).values().round(4).tolist()
    [0.3333, nan]
    >>> bool(shown_reals([0.3], down=True).values()[0] <= 0.3 < shown_reals([0.3]).values()[0])
    True
    """
    with np.errstate(over="ignore"):
        single = np.ascontiguousarray(values, TYPES["f32"])
    if down:
        single = np.where(single > values, np.nextafter(single, np.float32(0)), single)
    drop = 23 - bits
    whole = single.view(np.uint32)
    half = np.uint32(0 if down else 1 << (drop - 1))
    kept = (whole + half) & np.uint32(0xFFFFFFFF << drop & 0xFFFFFFFF)
    return Column(np.where(np.isfinite(single), kept, whole).view(TYPES["f32"]))


def wholes(values: ArrayLike, *, delta: bool = False) -> Column:
    """Whole numbers by the narrowest type that holds them.

    Args:
        values: of any shape; indices have -1 where there is none.
        delta: whether to store the differences along the first axis.

    >>> wholes([300, 301, 302]).type, wholes([300, 301, 302], delta=True).type, wholes([-1, 4]).type
    ('u16', 'u16', 'i8')
    """
    whole = np.asarray(values).astype(np.int64)
    return Column(_narrowest(_differences(whole) if delta else whole, delta), delta)


def steps(values: ArrayLike, step: float, *, delta: bool = False) -> Column:
    """Numbers to the nearest step from their least, for what is drawn and needs few digits.

    Args:
        values: finite, of any shape.
        step: by how much neighbouring values differ, in their unit; the error is at most half of it.
        delta: whether to store the differences along the first axis.

    >>> steps([10.0, 10.26, 12.0], 0.5).values().tolist()
    [10.0, 10.5, 12.0]
    """
    value = np.asarray(values, np.float64)
    base = float(value.min(initial=np.inf)) if value.size else 0.0
    counts = np.round((value - base) / step).astype(np.int64)
    return Column(_narrowest(_differences(counts) if delta else counts, delta), delta, float(step), base)


def _differences(whole: NDArray[np.int64]) -> NDArray[np.int64]:
    """Row 0, and the difference of every other to the one before."""
    return np.diff(whole, axis=0, prepend=0) if whole.size else whole


def _narrowest(whole: NDArray[np.int64], delta: bool) -> NDArray[Any]:
    low, high = int(whole.min(initial=0)), int(whole.max(initial=0))
    for name in _WHOLE:
        limits = np.iinfo(TYPES[name])
        if limits.min <= low and high <= limits.max and not (delta and name in NOT_SUMMED):
            return np.ascontiguousarray(whole, TYPES[name])
    raise ValueError(f"whole numbers from {low} to {high} do not fit into 32 bits")
