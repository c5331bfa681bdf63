"""Keys of compiled functions: a key changes with whatever the machine code depends on, and with nothing else.

That is the function's bytecode and options, the values of the global constants, defaults and closure cells that it
uses, the fields of the named tuples that it takes, and all of the same of every function that it calls. The bytecode is
taken rather than the text: it is what is compiled, also where the file has been edited since it was imported, and
neither comments nor docstrings nor the place in the file are in it. What cannot be known so, an array for instance,
is replaced by the state of all sources.
"""

import builtins
import dis
import functools
import hashlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
from numba.core import types
from numba.core.dispatcher import Dispatcher

#: Packages whose modules, functions and types are known by name: their versions are in the name of the cache folder.
KNOWN_PACKAGES = frozenset({"builtins", "cmath", "math", "numba", "numpy"})
#: Types of arguments whose names say all there is to say about them.
PLAIN_TYPES = (types.Number, types.Boolean, types.Array, types.NoneType, types.Omitted, types.UnicodeType)
#: Types of constants that `repr` tells apart.
PLAIN_VALUES = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis))
#: The flag of code whose first constant is its docstring, from Python 3.13 on.
HAS_DOCSTRING = 0x4000000
_LOAD_GLOBAL = dis.opmap["LOAD_GLOBAL"]
_EXTENDED_ARG = dis.EXTENDED_ARG


class Unkeyed(Exception):
    """What a function depends on cannot be told, so that its machine code is not kept between processes."""


class _Unknown(Exception):
    """A value that has no key of its own."""


#: What a function was seen to depend on when its key was first asked for.
_first: dict[Dispatcher, list[Any]] = {}


def function_key(function: Dispatcher, arguments: Iterable[types.Type] = ()) -> str:
    """The key of a function, compiled for arguments of some types.

    Args:
        function: a function compiled by Numba.
        arguments: the types of its arguments.

    Returns:
        32 hexadecimal digits.

    Raises:
        Unkeyed: the function, or one that it calls, depends on other values by now than it once did, and may have been
            compiled with either; or an argument is of a type that another process does not know.
    """
    state = hashlib.sha256()
    number: dict[Dispatcher, int] = {function: 0}
    waiting = [function]
    for each in waiting:  # grows on the way
        parts, unknown = _dependencies(each)
        if parts != _first.setdefault(each, parts):
            raise Unkeyed(f"{each.__qualname__} depends on values that have changed")
        for part in parts:
            if isinstance(part, Dispatcher):
                if part not in number:
                    number[part] = len(number)
                    waiting.append(part)
                part = f"function {number[part]}"
            state.update(f"{len(part)} {part}\n".encode())
        if unknown:
            state.update(f"all sources {source_state(_source_root(each))}\n".encode())
    for each in arguments:
        state.update(f"{_type_text(each)}\n".encode())
    return state.hexdigest()[:32]


def forget_first_values() -> None:
    """Take what functions depend on at present for what they always did."""
    _first.clear()


def _dependencies(function: Dispatcher) -> tuple[list[Any], bool]:
    """What a function is made of, as texts and as the functions it calls, and whether some of it is unknown."""
    python = function.py_func
    options = sorted((name, _option_text(value)) for name, value in function.targetoptions.items())
    parts: list[Any] = [f"{python.__module__}.{python.__qualname__}", repr(options), code_text(python.__code__)]
    unknown = False
    for name, value in _values(python):
        try:
            parts.extend([name, *_tokens(value)])
        except _Unknown:
            parts.append(f"{name} unknown")
            unknown = True
    return parts, unknown


def _option_text(value: Any) -> str:
    return repr(sorted(value)) if isinstance(value, (set, frozenset)) else repr(value)


def _values(python: Any) -> Iterator[tuple[str, Any]]:
    """The values from outside that a function uses, by name: of globals, closure cells and defaults."""
    for name in _global_names(python.__code__):
        if name in python.__globals__:
            yield name, python.__globals__[name]
        else:
            yield name, getattr(builtins, name, _Unknown)
    for name, cell in zip(python.__code__.co_freevars, python.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # empty as yet
            yield name, _Unknown
    yield "defaults", python.__defaults__
    for name, value in sorted((python.__kwdefaults__ or {}).items()):
        yield name, value


def _tokens(value: Any) -> Iterator[Any]:
    """Texts, and functions compiled by Numba, that tell a value apart from all others."""
    if isinstance(value, Dispatcher):
        yield value
    elif type(value) in PLAIN_VALUES:
        yield f"{type(value).__name__} {value!r}"
    elif isinstance(value, np.generic) and value.dtype.kind in "biufc":
        yield f"{value.dtype.str} {value.tobytes().hex()}"
    elif isinstance(value, tuple):
        yield f"{_class_text(type(value))} of {len(value)}"
        for each in value:
            yield from _tokens(each)
    elif isinstance(value, type) and _is_named_tuple(value):
        yield _class_text(value)
        yield from _tokens(tuple(value._field_defaults.items()))  # pyright: ignore[reportAttributeAccessIssue]
    elif isinstance(value, ModuleType):
        yield f"module {_known(value.__name__, value.__name__)}"
    elif isinstance(definition := getattr(value, "_defn", None), FunctionType):  # of an intrinsic
        yield f"intrinsic {code_text(definition.__code__)}"
    else:
        home, name = (
            getattr(value, "__module__", None),
            getattr(value, "__qualname__", getattr(value, "__name__", None)),
        )
        if isinstance(value, np.ufunc):
            home = "numpy"
        yield f"name {_known(home, f'{home}.{name}')}"


def _known(module: str | None, text: str) -> str:
    if module is None or module.partition(".")[0] not in KNOWN_PACKAGES or text.endswith(".None"):
        raise _Unknown
    return text


def _is_named_tuple(kind: type) -> bool:
    return issubclass(kind, tuple) and hasattr(kind, "_fields")


def _class_text(kind: type) -> str:
    """The name of a class of tuples and the names of its fields, in order."""
    return f"{kind.__module__}.{kind.__qualname__} {getattr(kind, '_fields', ())}"


def _type_text(kind: types.Type) -> str:
    """The name of a type of arguments, with the fields of named tuples, which its own name leaves out."""
    if isinstance(kind, types.BaseTuple):
        members: tuple[types.Type, ...] = kind.types  # pyright: ignore[reportAttributeAccessIssue]
        named = getattr(kind, "instance_class", None)
        fields = "tuple" if named is None else _class_text(named)
        return f"{fields} ({', '.join(_type_text(each) for each in members)})"
    if not isinstance(kind, (*PLAIN_TYPES, types.Literal)):
        raise Unkeyed(f"an argument is a {kind}")
    return str(kind)


@functools.cache
def code_text(code: CodeType) -> str:
    """What code does, without names of files, lines and docstrings."""
    constants = list(code.co_consts)
    # Before Python 3.13 nothing but its place tells a docstring: the first constant of a function that is a text.
    has_docstring = sys.version_info < (3, 13) or code.co_flags & HAS_DOCSTRING
    if constants and isinstance(constants[0], str) and has_docstring:
        constants[0] = None
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & ~HAS_DOCSTRING)
    parts = [code.co_code.hex(), code.co_exceptiontable.hex(), repr(names), repr(counts)]
    return "\n".join([*parts, *map(_constant_text, constants)])


def _constant_text(constant: Any) -> str:
    if isinstance(constant, CodeType):
        return f"code {code_text(constant)}"
    if isinstance(constant, tuple):
        return f"({', '.join(map(_constant_text, constant))})"
    if isinstance(constant, frozenset):
        return f"{{{', '.join(sorted(map(_constant_text, constant)))}}}"
    return f"{type(constant).__name__} {constant!r}"


@functools.cache
def _global_names(code: CodeType) -> tuple[str, ...]:
    """The names of the globals that code loads, each once, in order; of the functions inside it too."""
    names: dict[str, None] = {}
    code_bytes, high = code.co_code, 0
    for at in range(0, len(code_bytes), 2):  # as `dis` does, which takes a hundred times as long
        operation, argument = code_bytes[at], code_bytes[at + 1] | high
        high = argument << 8 if operation == _EXTENDED_ARG else 0
        if operation == _LOAD_GLOBAL:
            names[code.co_names[argument >> 1]] = None
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names.update(dict.fromkeys(_global_names(constant)))
    return tuple(names)


def _source_root(function: Dispatcher) -> Path:
    """The folder of the package that a function is in, or its file where it is in none."""
    module = sys.modules.get(function.py_func.__module__.partition(".")[0])
    paths = list(getattr(module, "__path__", ()))
    return Path(paths[0] if paths else function.py_func.__code__.co_filename)


@functools.cache
def source_state(root: Path) -> str:
    """A name for the present state of a file, or of all Python files in a folder."""
    state = hashlib.sha256()
    for path in sorted(root.rglob("*.py")) if root.is_dir() else [root]:
        source = path.read_bytes()
        state.update(f"{path.relative_to(root)} {len(source)}\n".encode() + source)
    return state.hexdigest()[:32]
