"""Code of the user's own that is handed in where a policy is named: loaded, called, sent to other processes.

A text names a function or an object of a file, ``mine.py:place``, or of a module that can be imported,
``package.module:place``.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import io
import pickle
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.metadata import entry_points
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.failures import PolicyFailed
from twinhop.text import suggestion

#: Of a name that is none, or of a message of someone else's, so much is repeated.
LONGEST_NAME, LONGEST_MESSAGE = 60, 300
#: What shows agents as policies, and what a text that names one saved by Stable-Baselines3 begins with.
AGENTS, SAVED_AGENT = "twinhop.agents", "SB3:"
#: The first argument of a function that is an agent.
OBSERVATIONS = ("obs", "observation", "observations")
_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
_PACKAGE = str(Path(__file__).parent)

#: The name and the type of the first argument of a policy, by kind.
KIND_ARGUMENTS: dict[str, tuple[str, str]] = {
    "placement": ("problem", "PlacementProblem"),
    "migration": ("situation", "Situation"),
}


@dataclass(frozen=True)
class OwnCode:
    """A function or an object of the user's own.

    Attributes:
        text: what names it, or None where the object itself was handed in.
        value: the object.
    """

    text: str | None
    value: Any

    @property
    def name(self) -> str:
        """What tables and messages call it: its attribute ``name``, else its ``__name__``, else that of its class."""
        name = getattr(self.value, "name", None)
        if isinstance(name, str) and name.strip():
            return " ".join(name.split())[:LONGEST_NAME]
        value = self.value
        while isinstance(value, functools.partial):
            value = value.func
        return str(getattr(value, "__name__", type(value).__name__))[:LONGEST_NAME]

    @property
    def unsendable(self) -> str | None:
        """Why another process cannot be given it, or None where it can."""
        if self.text is not None:
            return None
        value = self.value if hasattr(self.value, "__qualname__") else type(self.value)
        module = getattr(value, "__module__", None) or "__main__"
        if not _can_be_imported(module):
            return f"it is defined in {module}, which another process cannot import"
        modules = _Modules()
        try:
            modules.dump(self.value)
        except Exception as error:  # whatever its own methods raise
            return " ".join(str(error).split())[:LONGEST_MESSAGE]
        lost = [name for name in modules.names if not _can_be_imported(name)]
        return f"it holds something of {lost[0]}, which another process cannot import" if lost else None

    def __reduce__(self) -> tuple[Any, ...]:
        return (OwnCode, (None, self.value)) if self.text is None else (load_own, (self.text,))


class _Modules(pickle.Pickler):
    """Collects the modules of all functions and classes of which an object is made."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO())
        self.names: dict[str, None] = {}

    def persistent_id(self, obj: Any) -> None:
        if isinstance(obj, type | FunctionType):
            self.names[obj.__module__ or "__main__"] = None


def _can_be_imported(module: str) -> bool:
    """Whether another process of the same paths can import a module of this one."""
    top = module.partition(".")[0]
    if module == "__main__":
        return False
    return top in sys.builtin_module_names or PathFinder.find_spec(top) is not None


def is_agent(value: Any) -> bool:
    """Whether an object decides on observations of the environment rather than on a problem or a situation.

    It has a method ``predict`` and no ``decide``, it is a function whose first argument is named ``obs``,
    ``observation`` or ``observations``, or a mapping, of an agent for each station.

    >>> is_agent(lambda obs: obs), is_agent(lambda problem: problem)
    (True, False)
    """
    if isinstance(value, Mapping):
        return bool(value) and all(is_agent(each) for each in value.values())
    if hasattr(value, "decide"):
        return False
    if callable(getattr(value, "predict", None)):
        return True
    return callable(value) and first_argument(value)[:1] in [(name,) for name in OBSERVATIONS]


def as_own(text: str | None, value: Any) -> OwnCode:
    """Code of the user's own; an agent as the policy that `twinhop.env.as_policy` makes of it."""
    return OwnCode(text, _agents().as_policy(value) if is_agent(value) else value)


def _agents() -> Any:
    """What makes policies of agents; it stands above, in the environment, and is found by its name.

    Raises:
        InputError: it is not there.
    """
    for point in entry_points(group=AGENTS):
        return point.load()
    raise InputError(f"nothing is installed that runs agents (entry point group {AGENTS}); reinstall twinhop")


def names_code(text: str) -> bool:
    """Whether a text has the form ``file.py:function``, ``module:function`` or ``SB3:PATH``.

    >>> names_code("mine.py:place"), names_code("package.mine:place"), names_code("utility:margin=0.2")
    (True, True, False)
    """
    return text.startswith(SAVED_AGENT) or _file_of(text) is not None or _MODULE.fullmatch(text) is not None


def _file_of(text: str) -> tuple[str, str] | None:
    path, _, function = text.rpartition(":")
    return (path, function) if path.endswith(".py") else None


def has_module(text: str) -> bool:
    """Whether the module of a text ``module:function`` can be found; always so for files."""
    if text.startswith(SAVED_AGENT) or _file_of(text) is not None:
        return True
    return _module_spec(text.partition(":")[0]) is not None


def _module_spec(name: str) -> Any:
    with _working_folder():
        try:
            return importlib.util.find_spec(name)
        except (ImportError, ValueError):  # a parent that is no package, or a module without a specification
            return sys.modules.get(name)


class _working_folder:
    """Inside, modules of the working folder can be imported too, after all others; it is no path of the program."""

    def __enter__(self) -> None:
        sys.path.append(str(Path.cwd()))

    def __exit__(self, *_: object) -> None:
        sys.path.remove(str(Path.cwd()))


def prints_aside() -> redirect_stdout[TextIO]:
    """Inside, what code of the user's own prints goes to standard error: answers for machines stay whole."""
    return redirect_stdout(sys.stderr)


def load_own(text: str) -> OwnCode:
    """Load what a text names.

    Args:
        text: ``file.py:function`` or ``module:function``, of a policy or of an agent (see `is_agent`); or ``SB3:PATH``
            or ``SB3:PPO:PATH``, an agent that Stable-Baselines3 has saved.

    Raises:
        InputError: there is no such file, module or function, or it cannot be loaded.
    """
    if text.startswith(SAVED_AGENT):
        return OwnCode(text, _agents().load_saved(text))
    in_file = _file_of(text)
    if in_file is not None:
        module, function = _file_module(text, in_file[0]), in_file[1]
    else:
        name, _, function = text.partition(":")
        module = _imported(text, name)
    if not hasattr(module, function):
        own = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
        named = f"no function named '{function[:LONGEST_NAME]}'" if function else "no function is named"
        defines = ", ".join(own[:10]) or "nothing that can be called"
        raise InputError(f"policy: {text}: {named}; {suggestion(function, own)}it defines {defines}")
    return as_own(text, getattr(module, function))


def _imported(text: str, name: str) -> ModuleType:
    with _working_folder():
        try:
            with prints_aside():
                return import_module(name)
        except (Exception, SystemExit) as error:
            raise InputError(f"policy: {text}: {name} cannot be imported: {_in_words(error, None)}") from error


#: Modules of files that were loaded, by path, time of change [ns] and size.
_files: dict[tuple[Path, int, int], ModuleType] = {}


def _file_module(text: str, name: str) -> ModuleType:
    path = Path(name).expanduser().absolute()
    try:
        state = path.stat()
        source = path.read_bytes()
    except OSError as error:
        others = [each.name for each in path.parent.glob("*.py")] if path.parent.is_dir() else []
        close = get_close_matches(path.name, others, 1)
        hint = f"; did you mean '{Path(name).with_name(close[0])}'?" if close else ""
        reason = "no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise InputError(f"policy: {text}: {reason}: {name}{hint}") from error
    key = (path, state.st_mtime_ns, state.st_size)
    if key not in _files:
        _files[key] = _executed(text, path, source)
    return _files[key]


def _executed(text: str, path: Path, source: bytes) -> ModuleType:
    """The module of a file; the modules beside it can be imported, after all others, as when it is run."""
    module = ModuleType(f"{path.stem}_{sha256(str(path).encode()).hexdigest()[:8]}")
    module.__file__ = str(path)
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    sys.modules[module.__name__] = module  # dataclasses and pickle look their module up
    try:
        with prints_aside():
            exec(compile(source, str(path), "exec"), vars(module))  # noqa: S102  the user's own code was asked for
    except (Exception, SystemExit) as error:
        del sys.modules[module.__name__]
        raise InputError(f"policy: {text}: cannot be loaded: {_in_words(error, str(path))}") from error
    return module


def _in_words(error: BaseException, file: str | None) -> str:
    """Type and message of an exception, and where in the user's code it was raised."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg} ({error.filename}:{error.lineno})"
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(("<frozen", _PACKAGE))
    ]
    own = [frame for frame in frames if frame.filename == file] or frames
    message = " ".join(_text_of(error).split())[:LONGEST_MESSAGE]
    where = f" ({own[-1].filename}:{own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {message}{where}" if message else f"{type(error).__name__}{where}"


def _text_of(error: BaseException) -> str:
    """The message of an exception; empty where its own methods raise."""
    try:
        return str(error)
    except Exception:
        return ""


def _source_of(function: Callable[..., Any]) -> str | None:
    """The file that a function, or the class of an object that can be called, is written in."""
    try:
        return inspect.getfile(inspect.unwrap(function))
    except TypeError:
        return getattr(sys.modules.get(type(function).__module__), "__file__", None)


@dataclass(frozen=True)
class Call:
    """A function of the user's own, and which of the options that can be passed by name it takes.

    Attributes:
        name: of the policy.
        function: what is called.
        options: names of the options that its signature has.
    """

    name: str
    function: Callable[..., Any]
    options: tuple[str, ...]

    def __call__(self, *arguments: Any, options: Mapping[str, Any]) -> Any:
        """Call it with the arguments and with those of the options that it takes.

        Raises:
            PolicyFailed: it raises; the message has type, text, file and line, and the exception is the cause.
        """
        try:
            with prints_aside():
                return self.function(*arguments, **{name: options[name] for name in self.options})
        except PolicyFailed:
            raise
        except (Exception, SystemExit) as error:
            raise PolicyFailed(self.name, f"raised {_in_words(error, _source_of(self.function))}") from error


def call_of(name: str, function: Any, argument: str | None, options: Iterable[str]) -> Call:
    """How a function is called.

    Args:
        name: of the policy, for messages.
        function: of the user's own.
        argument: what it is given first, in words; None: nothing.
        options: names of what is passed where its signature has it.

    Raises:
        InputError: it cannot be called so.
    """
    options = tuple(options)
    expected = f"expected a function of {'no argument' if argument is None else argument}"
    if options:
        expected += f", and where it wants them of {', '.join(options)}"
    if not callable(function):
        raise InputError(f"policy: {name}: got {type(function).__name__}, which cannot be called; {expected}")
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # of C: no signature to look at
        return Call(name, function, ())
    positional = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    variadic = any(each.kind == each.VAR_POSITIONAL for each in parameters)
    first = 0 if argument is None else 1
    if len(positional) < first and not variadic:
        raise InputError(f"policy: {name} takes no argument; {expected}")
    rest = [each for each in parameters if each not in positional[:first]]
    keywords = [each.name for each in rest if each.name in options and each.kind != each.POSITIONAL_ONLY]
    for each in rest:
        required = each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
        if required and each.name not in keywords:
            raise InputError(f"policy: {name} takes '{each.name}', which is not passed; {expected}")
    return Call(name, function, tuple(keywords))


def first_argument(value: Any) -> tuple[str, ...]:
    """The name and the annotated type of what a function, an object with ``decide`` or a class of one is given first.

    >>> first_argument(lambda problem: None)
    ('problem', '')
    """
    decide = getattr(value, "decide", None)
    if decide is None:
        decide = value.__call__ if isinstance(value, type) else value
    try:
        parameters = list(inspect.signature(decide).parameters.values())
    except (TypeError, ValueError):
        return ()
    parameters = parameters[1:] if isinstance(value, type) else parameters  # of a class: after self
    if not parameters:
        return ()
    kind = parameters[0].annotation
    kind = "" if kind is inspect.Parameter.empty else kind if isinstance(kind, str) else getattr(kind, "__name__", "")
    return parameters[0].name, kind.rpartition(".")[2]


def refuse_kind(own: OwnCode, other: str, expected: str) -> None:
    """Refuse code whose first argument says that it decides on something else, before it runs.

    Args:
        own: code of the user's own.
        other: the kind of policy that it must not be, `placement` or `migration`.
        expected: what it is given instead, in words.

    Raises:
        InputError: its first argument, by name or by type, is that of the other kind.
    """
    words = first_argument(own.value)
    if set(words) & set(KIND_ARGUMENTS[other]):
        raise InputError(
            f"policy: {own.name} takes a {KIND_ARGUMENTS[other][1]}, which makes it a policy of {other}; expected a "
            f"function of {expected}"
        )


def hosts_of(name: str, value: Any, users: int, least: int, hosts: int, expected: str) -> NDArray[np.int64]:
    """The hosts that a policy returned, one a user.

    Args:
        name: of the policy, for messages.
        value: what it returned.
        users: how many hosts there must be.
        least: the least index accepted.
        hosts: one more than the greatest.
        expected: what was expected, in words.

    Raises:
        PolicyFailed: it is no array of so many whole numbers in that range.
    """
    if value is None:
        raise PolicyFailed(name, f"returned nothing; {expected}")
    try:
        array = np.asarray(value)
    except Exception:  # whatever its own methods raise
        raise PolicyFailed(name, f"returned {type(value).__name__}; {expected}") from None
    if array.dtype.kind not in "iuf":
        kind = type(value).__name__ if array.dtype.kind == "O" else str(array.dtype)
        kind = "text" if array.dtype.kind in "SU" else kind
        raise PolicyFailed(name, f"returned {kind}; {expected}")
    if array.shape != (users,):
        raise PolicyFailed(name, f"returned an array of shape {array.shape}; {expected}")
    for wrong in (~np.isfinite(array), array != np.floor(array), (array < least) | (array >= hosts)):
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise PolicyFailed(name, f"returned {array[at]:g} at index {at}; {expected}")
    return np.ascontiguousarray(array, np.int64)


def unique(name: str, others: Iterable[str]) -> str:
    """A name unlike all others: the name, or with a number after it.

    >>> unique("place", ["nearest"]), unique("place", ["place", "place (2)"])
    ('place', 'place (3)')
    """
    names, candidate, number = set(others), name, 1
    while candidate in names:
        number += 1
        candidate = f"{name} ({number})"
    return candidate


def policy_list(policies: Any) -> list[Any]:
    """The policies of a list, of one text that parts them by commas, or of one alone.

    >>> policy_list("nearest, mine.py:place"), policy_list(len)
    (['nearest', 'mine.py:place'], [<built-in function len>])
    """
    if isinstance(policies, str):
        return [text.strip() for text in policies.split(",") if text.strip()]
    return list(policies) if isinstance(policies, list | tuple) else [policies]


def unknown(text: str, names: Iterable[str], label: str = "policy") -> InputError:
    """The error of a text that is neither the name of a policy nor names code."""
    names = list(names)
    name = text.partition(":")[0]
    if _MODULE.fullmatch(text):
        what = f"no policy and no module named '{name[:LONGEST_NAME]}'"
    elif text.endswith(".py"):
        what = f"{text[:LONGEST_NAME]}: no function is named; expected {text[:LONGEST_NAME]}:function"
    else:
        what = f"no policy named '{name[:LONGEST_NAME]}'"
    accepted = f"{', '.join(names)}, file.py:function, module:function, SB3:PATH"
    return InputError(f"{label}: {what}; {suggestion(name, names)}accepted: {accepted}")
