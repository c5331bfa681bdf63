"""The arrays of a file of weights, against those of the networks that are to take them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError


def check_names(found: Collection[str], wanted: Collection[str], source: str) -> None:
    """Refuse arrays of other names.

    Args:
        found: names in the file.
        wanted: names of the networks.
        source: names the file in messages.

    Raises:
        InputError: one is missing, or not expected; the first by name is told.
    """
    odd = sorted(set(found) ^ set(wanted))
    if odd:
        there = "is not expected" if odd[0] in found else "is missing"
        raise InputError(f"{source}: array {odd[0]} {there}; it is of other networks")


def check_arrays(arrays: Mapping[str, NDArray[Any]], wanted: Mapping[str, tuple[int, ...]], source: str) -> None:
    """Refuse arrays that are not float32 of these names and shapes, or that hold a number that is not finite.

    Args:
        arrays: by name.
        wanted: shapes by name.
        source: names the file in messages.

    Raises:
        InputError: that is so; the first is told.
    """
    check_names(arrays, wanted, source)
    for name, shape in wanted.items():
        array = arrays[name]
        if array.shape != shape or array.dtype != np.float32:
            raise InputError(
                f"{source}: array {name} is {array.dtype} {array.shape}; expected float32 {shape}: it is of other "
                "networks, or was trained with other features"
            )
        if not np.isfinite(array).all():
            raise InputError(f"{source}: array {name} holds numbers that are not finite; it cannot decide")
