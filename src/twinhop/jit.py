"""Numba compilation, once for each state of a function: `jit_cache` keeps the machine code between processes."""

from collections.abc import Callable
from typing import Any

import numba
from llvmlite import ir
from numba.core import cgutils, event, types
from numba.core.dispatcher import Dispatcher
from numba.core.registry import CPUDispatcher
from numba.extending import intrinsic

from twinhop.compile_time import Stopwatch, compiling, waiting

try:
    from twinhop.jit_cache import FunctionCache
except ImportError as error:  # a Numba whose compiled code is handled otherwise
    FunctionCache = None
    compiling.words = f"compiling, anew in each process: Numba {numba.__version__} is not known ({error})"

#: Reassociation lets sums vectorise. Infinities (forbidden arcs) and NaN keep their meaning.
REASSOCIATE = frozenset({"reassoc", "nsz", "arcp", "contract"})


class _Inner(CPUDispatcher):
    """A function that has no entry for Python: without this class, a call would end the process."""

    def __call__(self, *_: Any, **__: Any) -> Any:
        """Refuse."""
        name = f"{self.py_func.__module__}.{self.py_func.__qualname__}"
        raise TypeError(f"{name} is for compiled functions alone; call it from one, or compile it without inner=True")


def jit(*, fastmath: bool = False, inner: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a function to machine code on first use, and keep the result between processes.

    Args:
        fastmath: allow floating-point sums to be reassociated. Never set where a certificate is computed.
        inner: only compiled functions call it, so that the code to do so from Python is not compiled.

    Returns:
        A decorator.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        flags = set(REASSOCIATE) if fastmath else False
        # Nobody calls these from C, so the code to do so is not compiled.
        options: dict[str, Any] = {"error_model": "numpy", "nogil": True, "no_cfunc_wrapper": True}
        if inner:
            options["no_cpython_wrapper"] = True
        compiled = numba.njit(fastmath=flags, **options)(function)
        if not isinstance(compiled, Dispatcher):  # Numba is switched off
            return compiled
        if inner:
            compiled.__class__ = _Inner
        if FunctionCache is not None:
            compiled._cache = FunctionCache(compiled)  # pyright: ignore[reportAttributeAccessIssue]
        return compiled

    return decorate


class _Listener(event.Listener):
    """Passes on when Numba starts something and when it ends."""

    def __init__(self, watch: Stopwatch):
        self._watch = watch

    def on_start(self, event: Any) -> None:
        self._watch.start()

    def on_end(self, event: Any) -> None:
        self._watch.end()


event.register("numba:compiler_lock", _Listener(waiting))  # held while a function is compiled or loaded
event.register("numba:compile", _Listener(compiling))


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
