"""What `--columns` computes of columns, such as ``cores*3`` or ``size[MB]``: a small grammar, never Python's eval."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from twinhop.errors import InputError

LONGEST_EXPRESSION = 300
"""Characters of an expression."""
DEEPEST_NESTING = 20
"""Brackets and signs inside each other."""
GRAMMAR = 'columns, numbers, + - * / and brackets; a column of another name in quotes, as in "CPU (cores)"*3'

Node = float | str | tuple[str, "Node", "Node"]
"""A number, the name of a column, or an operator and what stands on both sides."""

_OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)(?![\w.])"
    r"|(?P<quoted>\"[^\"]+\"|'[^']+'|`[^`]+`)|(?P<name>[^\W\d]\w*)|(?P<sign>[-+*/()]))"
)
_WITH_UNIT = re.compile(r"(.+?)\s*\[([^\[\]]+)\]")
_SUFFIX = re.compile(r"(?:[_\s]([^_\s()\[\]]+)|\s*[(\[]([^()\[\]]+)[)\]])\s*")

_DATA = {
    **{"bit": 1e-6, "bits": 1e-6, "kbit": 1e-3, "Mbit": 1.0, "Gbit": 1e3},
    **{"B": 8e-6, "byte": 8e-6, "bytes": 8e-6, "kB": 8e-3, "KB": 8e-3, "MB": 8.0, "GB": 8e3},
    **{"KiB": 8.192e-3, "MiB": 8.388608, "GiB": 8589.934592},
}
_FREQUENCY = {"GHz": 1.0, "MHz": 1e-3, "kHz": 1e-6, "Hz": 1e-9, "Gcycle/s": 1.0, "Gcycles/s": 1.0, "Mcycle/s": 1e-3}
_MILLISECONDS = {"us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": 1e3, "sec": 1e3, "min": 6e4}
UNITS_OF: Mapping[str, Mapping[str, float]] = {
    "Mbit": _DATA,
    "Gcycle/s": _FREQUENCY,
    "ms": _MILLISECONDS,
    "s": {name: factor / 1e3 for name, factor in _MILLISECONDS.items()},
    "W": {"W": 1.0, "mW": 1e-3, "kW": 1e3},
    "m": {"m": 1.0, "km": 1e3, "cm": 1e-2, "mm": 1e-3, "ft": 0.3048},
    "degree": {"deg": 1.0, "degree": 1.0, "degrees": 1.0, "°": 1.0, "rad": 180 / math.pi},
}
"""What a number in a unit is multiplied by, to be in the unit of the quantity."""
BITS_OR_BYTES = frozenset(("b", "kb", "mb", "gb"))
"""Units that may be bits or bytes, unless they are written as such."""


@dataclass(frozen=True)
class ColumnExpression:
    """Arithmetic on columns.

    Attributes:
        text: as it was written.
        node: its parts.
    """

    text: str
    node: Node

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that it names, each once."""
        return tuple(dict.fromkeys(_names(self.node)))

    @property
    def is_plain(self) -> bool:
        """Whether it is nothing but one column."""
        return isinstance(self.node, str)

    def value(self, numbers: Mapping[str, float]) -> float:
        """Its value.

        Args:
            numbers: of each column that it names.

        Raises:
            ZeroDivisionError: it divides by zero.
            OverflowError: the result is too large to be a number.

        >>> parse_column_expression("racks*40+8").value({"racks": 2.0})
        88.0
        """
        result = _value(self.node, numbers)
        if not math.isfinite(result):
            raise OverflowError
        return result


def parse_column_expression(text: str) -> ColumnExpression:
    """Read an expression.

    Args:
        text: columns, numbers, ``+ - * /`` and brackets; a column whose name is no word in quotes.

    Raises:
        InputError: it is none; the message shows where, and what is accepted.

    >>> parse_column_expression('"CPU (cores)" * 3').names
    ('CPU (cores)',)
    """
    if len(text) > LONGEST_EXPRESSION:
        raise InputError(f"has {len(text)} characters; at most {LONGEST_EXPRESSION} are accepted")
    reader = _Reader(text)
    node = reader.sum(0)
    if reader.kind != "end":
        raise reader.error("expected an operator or the end")
    return ColumnExpression(text, node)


def with_unit(text: str) -> tuple[str, str] | None:
    """The column and the unit of ``history_MB[MB]``; None where there is no unit.

    >>> with_unit("history [MB]"), with_unit("history")
    (('history', 'MB'), None)
    """
    match = _WITH_UNIT.fullmatch(text.strip())
    return None if match is None else (match[1].strip(), match[2].strip())


def stated_factor(quantity: str, needed: str, unit: str) -> float:
    """What a number in a unit is multiplied by.

    Args:
        quantity: that it gives, for messages.
        needed: the unit of the quantity.
        unit: as it was stated.

    Raises:
        InputError: the unit is not one of the quantity's kind.
    """
    units = UNITS_OF.get(needed, {})
    if unit not in units:
        accepted = f"accepted: {', '.join(units)}" if units else "it has no other units: compute it, as in racks*40"
        raise InputError(f"--columns: {quantity}: [{unit[:20]}] is no unit of it; {accepted}")
    return units[unit]


def factor_of_name(quantity: str, needed: str, column: str) -> float:
    """What a column is multiplied by whose name ends in a unit: ``_MB``, ``(MHz)``, ``[s]``; 1 where it ends in none.

    Args:
        quantity: that the column gives, for messages.
        needed: the unit of the quantity.
        column: its name.

    Raises:
        InputError: the unit may be read in two ways, as bits or bytes.

    >>> factor_of_name("history_mbit", "Mbit", "history_MB"), factor_of_name("deadline_ms", "ms", "Frist [s]")
    (8.0, 1000.0)
    """
    units = UNITS_OF.get(needed, {})
    ending = next((match for match in _SUFFIX.finditer(column) if match.end() == len(column)), None)
    unit = "" if ending is None else (ending[1] or ending[2]).strip()
    if unit in units:
        return units[unit]
    alike = [each for each in units if each.casefold() == unit.casefold()]
    factors = {units[each] for each in alike}
    may_be_bits = needed == "Mbit" and unit.casefold() in BITS_OR_BYTES
    if not alike and not may_be_bits:
        return 1.0
    if len(factors) == 1 and not may_be_bits and column in (column.lower(), column.upper()):
        return factors.pop()
    example = alike[0] if alike else "MB"
    raise InputError(
        f"--columns: {quantity}: the unit of {column[:40]!r} may be read in several ways; say which, as in "
        f"{quantity}={column[:40]}[{example}]; accepted: {', '.join(units)}"
    )


def _names(node: Node) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, tuple):
        yield from _names(node[1])
        yield from _names(node[2])


def _value(node: Node, numbers: Mapping[str, float]) -> float:
    if isinstance(node, tuple):
        return _OPERATORS[node[0]](_value(node[1], numbers), _value(node[2], numbers))
    return numbers[node] if isinstance(node, str) else node


class _Reader:
    """Recursive descent; `kind` and `word` are those of the token that is next."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._start = text, 0, 0
        self.kind, self.word = "", ""
        self._advance()

    def error(self, message: str) -> InputError:
        """What is wrong at the token that is next."""
        got = repr(self._text[self._start : self._start + 20]) if self._start < len(self._text) else "the end"
        return InputError(f"{message} at character {self._start + 1} (got {got}); accepted: {GRAMMAR}")

    def sum(self, depth: int) -> Node:
        return self._joined("+-", lambda: self._joined("*/", lambda: self._single(depth)))

    def _joined(self, signs: str, part: Callable[[], Node]) -> Node:
        node = part()
        while self.kind == "sign" and self.word in signs:
            node = (self._advance(), node, part())
        return node

    def _single(self, depth: int) -> Node:
        if depth >= DEEPEST_NESTING:
            raise self.error(f"nested deeper than {DEEPEST_NESTING} levels")
        if self.kind == "number":
            return float(self._advance())
        if self.kind == "name":
            return self._advance()
        if self.kind == "quoted":
            return self._advance()[1:-1]
        if self.kind == "sign" and self.word in "+-":
            sign, node = self._advance(), self._single(depth + 1)
            return node if sign == "+" else ("-", 0.0, node)
        if (self.kind, self.word) != ("sign", "("):
            raise self.error("expected a column or a number")
        self._advance()
        node = self.sum(depth + 1)
        if (self.kind, self.word) != ("sign", ")"):
            raise self.error("expected )")
        self._advance()
        return node

    def _advance(self) -> str:
        """Go on to the next token; returns the word of the one before."""
        before = self.word
        rest = self._text[self._at :]
        self._start = self._at + len(rest) - len(rest.lstrip())
        if not rest.strip():
            self.kind, self.word = "end", ""
            return before
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            raise self.error("cannot be read")
        self._at, self.kind = match.end(), match.lastgroup or ""
        self.word = match[self.kind]
        return before


def choices(text: str) -> Sequence[str]:
    """The parts of a list with commas between them; those in quotes and brackets do not count.

    >>> choices('id=a,cpu=(b+c)*2,lat="x, y"'), choices("id=Kund's,lat=b")
    (['id=a', 'cpu=(b+c)*2', 'lat="x, y"'], ["id=Kund's", 'lat=b'])
    """
    parts, quote, depth = [""], "", 0
    for each in text:
        if quote:
            quote = "" if each == quote else quote
        elif each in "\"'`":
            quote = each
        elif each in "([":
            depth += 1
        elif each in ")]":
            depth = max(0, depth - 1)
        elif each == "," and depth == 0:
            parts.append("")
            continue
        parts[-1] += each
    return text.split(",") if quote or depth else parts
