"""GML text (Graph Modelling Language, Himsolt 1997) to nested key-value lists, within bounds."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from twinhop.errors import InputError
from twinhop.io.written_number import WrittenNumber

DEEPEST_NESTING = 16

_SKIPPED = re.compile(r"(?:\s+|#[^\n]*)+")
_TOKEN = re.compile(
    r"""(?P<text>"[^"]*")
    | (?P<open>\[) | (?P<close>\])
    | (?P<number>[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)(?=[\s\[\]"]|$)
    | (?P<word>[^\s\[\]"]{1,200})""",
    re.VERBOSE,
)
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")

Token: TypeAlias = tuple[str, str, int]


@dataclass
class GmlList:
    """What stands between two brackets: keys with their values, in order, keys may repeat."""

    line: int
    entries: list[tuple[str, str | WrittenNumber | GmlList, int]] = field(default_factory=list)

    def lists(self, key: str) -> list[GmlList]:
        """The lists under a key."""
        return [value for name, value, _ in self.entries if name == key and isinstance(value, GmlList)]

    def scalars(self) -> dict[str, str | WrittenNumber]:
        """The texts and numbers, by key; of a repeated key the first."""
        values: dict[str, str | WrittenNumber] = {}
        for name, value, _ in self.entries:
            if not isinstance(value, GmlList):
                values.setdefault(name, value)
        return values


def read_gml(text: str, source_name: str) -> GmlList:
    """The content of a GML document.

    Args:
        text: the document.
        source_name: what to call it in errors.

    Returns:
        The outermost list, which holds the keys of the document.

    Raises:
        InputError: if it is not GML, or nests deeper than any graph does; the message names the line.

    >>> read_gml("graph [ node [ id 0 ] ]", "a.gml").lists("graph")[0].lists("node")[0].scalars()
    {'id': 0.0}
    """
    root = GmlList(1)
    opened, key = [root], None
    for kind, token, line in _tokens(text):
        place = f"{source_name}:{line}"
        if key is None:
            if kind == "close" and len(opened) > 1:
                opened.pop()
            elif kind == "word" and _KEY.fullmatch(token):
                key = token
            else:
                raise InputError(f"{place}: not valid GML: a key is expected here (got {token[:40]!r})")
        elif kind == "open":
            if len(opened) > DEEPEST_NESTING:
                raise InputError(f"{place}: nested deeper than {DEEPEST_NESTING} levels, which no graph needs")
            inner = GmlList(line)
            opened[-1].entries.append((key, inner, line))
            opened.append(inner)
            key = None
        elif kind in ("text", "number"):
            opened[-1].entries.append((key, _value(kind, token), line))
            key = None
        else:
            wanted = "a number, a quoted text or a list in brackets"
            raise InputError(f"{place}: {key}: must be {wanted} (got {token[:40]!r})")
    if len(opened) > 1 or key is not None:
        where = f"the list that begins on line {opened[-1].line}" if len(opened) > 1 else f"{key!r}"
        raise InputError(f"{source_name}: not valid GML: the file ends within {where}")
    return root


def _value(kind: str, token: str) -> str | WrittenNumber:
    return WrittenNumber(token) if kind == "number" else html.unescape(token[1:-1]).strip()


def _tokens(text: str) -> Iterator[Token]:
    at, line = 0, 1
    while at < len(text):
        match = _SKIPPED.match(text, at) or _TOKEN.match(text, at)
        if match is None:  # a quotation mark without its partner
            yield "word", text[at : at + 40], line
            return
        if match.lastgroup:
            yield match.lastgroup, match.group(), line
        line += text.count("\n", at, match.end())
        at = match.end()
