"""YAML text to plain values, safely: no tags, no anchors, no duplicate keys, bounded nesting; lines on demand."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from twinhop.errors import InputError

DEEPEST_NESTING = 32
LONGEST_NUMBER = 64
"""Characters of a number; longer ones stay text and are refused where a number is meant."""

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Path = tuple[str | int, ...]


def read_yaml(text: str, source_name: str, names: Collection[str] = (), own_keys: Collection[Path] = ()) -> Any:
    """The plain value (dict, list, str, int, float, bool, None) that a YAML document holds.

    Args:
        text: the document.
        source_name: what to call it in errors.
        names: fields that hold names, or lists or mappings of them: unquoted ones are kept as written, `1e05` and
            `0.10` too; only null is null.
        own_keys: mappings whose keys are names of the writer's own, so that none of them is such a field.

    Returns:
        The value; mapping keys are always text. None for an empty document.

    Raises:
        InputError: if it is not one YAML document, or uses tags, anchors, duplicate keys or deep nesting.

    >>> read_yaml("phi: 1e-11", "a.yaml")
    {'phi': 1e-11}
    >>> read_yaml("{id: 0.10, ids: [1e05, yes], x: 0.10}", "a.yaml", names=("id", "ids"))
    {'id': '0.10', 'ids': ['1e05', 'yes'], 'x': 0.1}
    >>> read_yaml("{sizes: {id: [1, 2]}}", "a.yaml", names=("id",), own_keys=[("sizes",)])
    {'sizes': {'id': [1, 2]}}
    """
    builder = _Builder(source_name, names=frozenset(names), own_keys=frozenset(own_keys))
    for event in _events(text, source_name):
        builder.take(event)
    return builder.root


def lines_of(text: str, paths: Collection[Path]) -> dict[Path, int]:
    """The line (from 1) on which the field at each path begins, for the paths that exist in the document."""
    builder = _Builder("", wanted=frozenset(paths))
    for event in _events(text, ""):
        builder.take(event)
    return builder.lines


def resolve_plain(text: str) -> Any:
    """The value of an unquoted scalar: null, a boolean, a number (also `1e-11`), or the text itself.

    A number with a leading zero (`007`) stays text, so that ids keep theirs.

    >>> resolve_plain("1e-11"), resolve_plain("12"), resolve_plain("007"), resolve_plain("no")
    (1e-11, 12, '007', 'no')
    """
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= LONGEST_NUMBER and not _LEADING_ZERO.fullmatch(text):
        if _INTEGER.fullmatch(text):
            return int(text)
        if _DECIMAL.fullmatch(text):
            return float(text)
    return text


def _events(text: str, source_name: str) -> Iterator[yaml.Event]:
    try:
        yield from yaml.parse(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"{mark.line + 1}" if mark else "1"
        what = error.problem or error.context or "cannot be read"
        raise InputError(f"{source_name}:{line}: not valid YAML: {what}") from None
    except UnicodeEncodeError as error:
        raise InputError(
            f"{source_name}: holds the character {error.object[error.start]!r}, which is no text"
        ) from None
    except yaml.YAMLError as error:
        raise InputError(f"{source_name}: not valid YAML: {str(error).splitlines()[0]}") from None


@dataclass
class _Open:
    """A mapping or list whose end has not come yet."""

    value: dict[str, Any] | list[Any]
    path: Path
    key: str | None = None
    key_lines: dict[str, int] = field(default_factory=dict)


class _Builder:
    """Turns parser events into values one by one, without recursion."""

    def __init__(
        self,
        source_name: str,
        wanted: frozenset[Path] = frozenset(),
        names: frozenset[str] = frozenset(),
        own_keys: frozenset[Path] = frozenset(),
    ) -> None:
        self.root: Any = None
        self.lines: dict[Path, int] = {}
        self._source_name = source_name
        self._wanted = wanted
        self._names = names
        self._own_keys = own_keys
        self._open: list[_Open] = []
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._refuse_extras(event)
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            self._refuse_extras(event)
            self._enter({}, event)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._refuse_extras(event)
            self._enter([], event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._open.pop()
        elif isinstance(event, yaml.AliasEvent):
            raise self._error(event, f"the alias *{event.anchor} is not accepted; write the value out")
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise self._error(event, "a second document begins here; a scenario file holds one")

    def _refuse_extras(self, event: yaml.NodeEvent) -> None:
        tag = getattr(event, "tag", None)
        if event.anchor is not None:
            raise self._error(event, f"the anchor &{event.anchor} is not accepted; write the value out")
        if tag is not None:
            raise self._error(event, f"the tag {tag!r} is not accepted; write a plain value")

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        top = self._open[-1] if self._open else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            self._begin_field(top, event)
        else:
            self._put(self._plain(event.value) if event.implicit[0] else event.value, event)

    def _plain(self, text: str) -> Any:
        """The value of an unquoted scalar; of one that is a name its text."""
        value = resolve_plain(text)
        return value if value is None or not self._fields() & self._names or self._has_own_keys() else text

    def _has_own_keys(self) -> bool:
        """Whether the field of the next value is a name of the writer's own."""
        path = self._open[-1].path if self._open else ()
        return path in self._own_keys or path[:-1] in self._own_keys

    def _fields(self) -> set[str | int | None]:
        """The fields that the next value belongs to: its own, and that of the list or mapping in which it stands."""
        top = self._open[-1] if self._open else None
        return set() if top is None else {top.key, *top.path[-1:]}

    def _begin_field(self, top: _Open, event: yaml.ScalarEvent) -> None:
        line = event.start_mark.line + 1
        if event.value in top.key_lines:
            first = top.key_lines[event.value]
            raise self._error(event, f"the field {event.value[:40]!r} is given twice; first on line {first}")
        top.key, top.key_lines[event.value] = event.value, line
        self._note((*top.path, event.value), line)

    def _enter(self, value: dict[str, Any] | list[Any], event: yaml.NodeEvent) -> None:
        if len(self._open) >= DEEPEST_NESTING:
            raise self._error(event, f"nested deeper than {DEEPEST_NESTING} levels")
        top = self._open[-1] if self._open else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            raise self._error(event, "the name of a field must be plain text")
        path = self._put(value, event)
        self._open.append(_Open(value, path))

    def _put(self, value: Any, event: yaml.NodeEvent) -> Path:
        if not self._open:
            self.root = value
            return ()
        top = self._open[-1]
        if isinstance(top.value, list):
            path = (*top.path, len(top.value))
            top.value.append(value)
            self._note(path, event.start_mark.line + 1)
            return path
        key, top.key = top.key or "", None
        top.value[key] = value
        return (*top.path, key)

    def _note(self, path: Path, line: int) -> None:
        if path in self._wanted:
            self.lines[path] = line

    def _error(self, event: yaml.Event, message: str) -> InputError:
        return InputError(f"{self._source_name}:{event.start_mark.line + 1}: {message}")
