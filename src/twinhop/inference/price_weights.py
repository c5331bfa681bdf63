"""The weights of a primal-dual network as they are in a file: what `forward` needs, without JAX."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinhop.inference.price_forward import BlockWeights
from twinhop.inference.price_sizes import EDGE, MOST_BLOCKS, STATION, USER
from twinhop.inference.weight_arrays import check_arrays

PARTS = ("edge", "of_user", "of_station", "user", "station", "change")
"""Layers of a block, in the order of `BlockWeights`."""


def blocks_of(arrays: Mapping[str, NDArray[Any]], source: str) -> BlockWeights:
    """The blocks of a network.

    Args:
        arrays: by their paths in the tree, ``.blocks.edge.weight`` and so on, float32, stacked over blocks.
        source: names the file in messages.

    Raises:
        InputError: arrays are missing, of other sizes, or not finite.
    """
    first = arrays.get(".blocks.edge.bias")
    blocks, width = first.shape if first is not None and first.ndim == 2 else (1, 1)
    wanted = dict(_shapes(min(blocks, MOST_BLOCKS), width))
    check_arrays(arrays, wanted, source)
    return BlockWeights(*(np.array(arrays[name], np.float32, order="C") for name in wanted))


def _shapes(blocks: int, width: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes of the arrays, in the order of `BlockWeights`."""
    inputs = (EDGE, width + USER, width + STATION, 3 * width + USER, 3 * width + STATION, width + USER)
    outputs = (width, width, width, width, width, 1)
    for part, many, few in zip(PARTS, inputs, outputs, strict=True):
        yield f".blocks.{part}.weight", (blocks, many, few)
        yield f".blocks.{part}.bias", (blocks, few)
