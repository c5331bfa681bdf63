"""Arrays of numbers as the bytes of an ``.npy`` file, and back; never pickled."""

from __future__ import annotations

import math
from functools import lru_cache
from io import BytesIO
from tokenize import TokenError

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError

NUMBERS = "biuf"
"""Kinds of array types that hold plain numbers."""
_DAMAGED = (ValueError, TypeError, SyntaxError, TokenError, RecursionError, MemoryError)
"""What damaged headers make NumPy raise."""


def npy_bytes(array: NDArray) -> bytes:
    """The bytes of an ``.npy`` file that holds this array.

    Raises:
        ValueError: it holds something else than plain numbers.

    >>> array_of_npy(npy_bytes(np.arange(3)), "a.npy")
    array([0, 1, 2])
    """
    if array.dtype.kind not in NUMBERS:
        raise ValueError(f"an array of {array.dtype}; expected plain numbers")
    is_fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    return _header(array.shape, array.dtype.str, is_fortran) + array.tobytes("A")


@lru_cache(256)
def _header(shape: tuple[int, ...], descr: str, is_fortran: bool) -> bytes:
    stream = BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": descr, "fortran_order": is_fortran, "shape": shape})
    return stream.getvalue()


def array_of_npy(payload: bytes, where: str) -> NDArray:
    """The array in the bytes of an ``.npy`` file.

    Args:
        payload: the bytes.
        where: what to name in errors.

    Returns:
        A writable copy.

    Raises:
        InputError: the bytes are no such file, or hold something else than the numbers announced.
    """
    stream = BytesIO(payload)
    try:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError("another version")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    except _DAMAGED:
        raise InputError(f"{where}: damaged array; expected the content of an .npy file") from None
    if dtype.kind not in NUMBERS:
        raise InputError(f"{where}: holds {'Python objects' if dtype.hasobject else dtype}; expected numbers")
    content = payload[stream.tell() :]
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(content):
        raise InputError(f"{where}: {len(content)} bytes; expected {dtype} numbers of shape {shape}")
    return np.frombuffer(content, dtype).reshape(shape, order="F" if fortran else "C").copy(order="K")
