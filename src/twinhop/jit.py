"""Numba compilation, cached in the user's own cache folder.

The cache holds pickled indices, so it is never placed in a folder that others may write to: where the user's cache
folder cannot be made (a read-only home), functions are compiled anew in each process instead.
"""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import platformdirs
from llvmlite import ir
from numba.core import cgutils, config, types
from numba.extending import intrinsic

from twinhop._version import __version__


def _cache_folder() -> Path | None:
    folder = Path(platformdirs.user_cache_dir("twinhop")) / f"numba-{numba.__version__}-{__version__}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        state = folder.stat()
    except OSError:
        return None
    ours = state.st_uid == os.getuid() and not state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return folder if ours and os.access(folder, os.W_OK) else None


_CACHE_FOLDER = _cache_folder()
#: Reassociation lets sums vectorise. Infinities (forbidden arcs) and NaN keep their meaning.
REASSOCIATE = frozenset({"reassoc", "nsz", "arcp", "contract"})


def jit(*, fastmath: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a function to machine code on first use, and keep the result between processes.

    Args:
        fastmath: allow floating-point sums to be reassociated. Never set where a certificate is computed.

    Returns:
        A decorator.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        flags = set(REASSOCIATE) if fastmath else False
        options: dict[str, Any] = {"fastmath": flags, "error_model": "numpy", "nogil": True}
        if _CACHE_FOLDER is None:
            return numba.njit(**options)(function)
        before = config.CACHE_DIR  # type: ignore[attr-defined]
        config.CACHE_DIR = str(_CACHE_FOLDER)  # type: ignore[attr-defined]
        try:
            return numba.njit(cache=True, **options)(function)
        finally:
            config.CACHE_DIR = before  # type: ignore[attr-defined]

    return decorate


@intrinsic
def prefetch(typing_context: Any, array: Any, index: Any) -> Any:
    """Ask for an element of a contiguous array, so that it is in the cache when it is needed.

    Args:
        typing_context: Numba's; not given by the caller.
        array: contiguous.
        index: of the element, the axes flattened; inside the array.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = builder.gep(context.make_array(signature.args[0])(context, builder, arguments[0]).data, [arguments[1]])
        address, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [address, word, word, word])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(function, [builder.bitcast(place, address), word(0), word(3), word(1)])  # read, keep, data
        return context.get_dummy_value()

    return types.void(array, types.intp), generate
