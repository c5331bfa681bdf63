"""Numba compilation, cached in the user's own cache folder.

The cache holds pickled indices, so it is never placed in a folder that others may write to: where the user's cache
folder cannot be made (a read-only home), functions are compiled anew in each process instead. Numba looks for changes
in the file of a function only, not in those of the functions that it calls: so each state of the compiled sources has
a cache of its own.
"""

import hashlib
import os
import shutil
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import platformdirs
from llvmlite import ir
from numba.core import cgutils, config, types
from numba.extending import intrinsic

from twinhop._version import __version__

#: What files that compile functions import.
COMPILED = b"twinhop.jit"
#: Caches of other states of the sources are deleted once they have not been used for so long [s].
KEPT_S = 14 * 24 * 3600.0


def source_state(package: Path) -> str:
    """A name for the state of the files of a package that compile functions, or name `COMPILED` otherwise."""
    state = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        source = path.read_bytes()
        if COMPILED in source:
            state.update(f"{path.relative_to(package)} {len(source)}\n".encode() + source)
    return state.hexdigest()[:16]


def _cache_folder() -> Path | None:
    caches = Path(platformdirs.user_cache_dir("twinhop"))
    try:
        folder = caches / f"numba-{numba.__version__}-{__version__}-{source_state(Path(__file__).parent)}"
        is_new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.utime(folder)
        state = folder.stat()
    except OSError:
        return None
    ours = state.st_uid == os.getuid() and not state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if is_new and ours:
        forget_old_caches(caches, time.time() - KEPT_S)
    return folder if ours and os.access(folder, os.W_OK) else None


def forget_old_caches(caches: Path, before_s: float) -> None:
    """Delete the caches of compiled functions that were last used before a time, in seconds since 1970."""
    for folder in caches.glob("numba-*"):
        try:
            if folder.is_dir() and not folder.is_symlink() and folder.stat().st_mtime < before_s:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue


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


def _prefetch(typing_context: Any, array: Any, index: Any) -> Any:
    """The types and the code of `prefetch`, as Numba asks for them."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = builder.gep(context.make_array(signature.args[0])(context, builder, arguments[0]).data, [arguments[1]])
        address, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [address, word, word, word])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(function, [builder.bitcast(place, address), word(0), word(3), word(1)])  # read, keep, data
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


#: In compiled code: ask for the element of a contiguous array (array, index with the axes flattened, inside the array),
#: so that it is in the cache when it is needed.
prefetch: Any = intrinsic(_prefetch)  # pyright: ignore[reportArgumentType]
