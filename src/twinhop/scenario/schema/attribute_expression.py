"""Conditions on attributes, such as ``class == "car" and speed_mps >= 5``: a small grammar, never Python's `eval`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from twinhop.errors import InputError

LONGEST_EXPRESSION = 1000
"""Characters of an expression."""
DEEPEST_NESTING = 20
"""Brackets and `not` inside each other."""

_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TOKEN = re.compile(
    r"\s*(?:(?P<number>[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)(?![A-Za-z0-9_.])"
    r"|(?P<text>\"[^\"\\]*\"|'[^'\\]*')|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign>==|!=|<=|>=|<|>|[()\[\],]))"
)
_WORDS = ("and", "or", "not", "in", "true", "false")
GRAMMAR = (
    'NAME == VALUE (also !=, <, <=, >, >=), NAME in [VALUE, ...], and, or, not, brackets; VALUE: 1.5, "text", true'
)


@dataclass(frozen=True)
class Comparison:
    """A named attribute held against a value, or against each of several."""

    name: str
    sign: str
    values: tuple[float | str | bool, ...]

    def holds(self, attributes: Mapping[str, Any]) -> Any:
        """Whether it holds; false where the attribute is missing or of another kind than the value."""
        attribute = attributes.get(self.name)
        if attribute is None:
            return False
        compare = _COMPARISONS["==" if self.sign == "in" else self.sign]
        held = (compare(attribute, value) for value in self.values if _alike(attribute, value))
        return reduce(operator.or_, held, False)


@dataclass(frozen=True)
class Combination:
    """Conditions joined by `and`, by `or`, or one that must not hold (`not`)."""

    word: str
    parts: tuple[Condition, ...]

    def holds(self, attributes: Mapping[str, Any]) -> Any:
        """Whether the parts hold as the word asks."""
        held = [part.holds(attributes) for part in self.parts]
        if self.word == "not":
            return held[0] ^ True
        return reduce(operator.and_ if self.word == "and" else operator.or_, held)


Condition = Comparison | Combination


@dataclass(frozen=True)
class AttributeExpression:
    """A parsed condition.

    Attributes:
        text: as it was written.
        condition: its parts.
    """

    text: str
    condition: Condition

    def holds(self, attributes: Mapping[str, Any]) -> Any:
        """Whether the attributes meet the condition.

        Args:
            attributes: numbers, texts and booleans by name; or arrays of them, one entry per device.

        Returns:
            A bool, or an array of bools where the attributes are arrays. A comparison with an attribute that is missing
            or of another kind than the value does not hold.
        """
        return self.condition.holds(attributes)

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """Every comparison in it, from left to right."""
        return tuple(_leaves(self.condition))


def parse_expression(text: str) -> AttributeExpression:
    """Read a condition on attributes.

    Args:
        text: the condition; `and` binds more tightly than `or`, `not` more tightly than both.

    Returns:
        The condition, to be asked of attributes.

    Raises:
        InputError: the text is not such a condition; the message shows where, and what is accepted.

    >>> fast = parse_expression('class in ["car", "bus"] and not speed_mps < 5')
    >>> fast.holds({"class": "bus", "speed_mps": 9.0}), fast.holds({"class": "bus", "speed_mps": 2.0})
    (True, False)
    """
    if len(text) > LONGEST_EXPRESSION:
        raise InputError(f"has {len(text)} characters; at most {LONGEST_EXPRESSION} are accepted")
    reader = _Reader(text)
    condition = reader.either(0)
    if reader.kind != "end":
        raise reader.error("expected and, or, or the end")
    return AttributeExpression(text, condition)


def _alike(attribute: Any, value: float | str | bool) -> bool:
    kind = np.asarray(attribute).dtype.kind
    if isinstance(value, str):
        return kind == "U"
    return kind == "b" if isinstance(value, bool) else kind in "iuf"


def _leaves(condition: Condition) -> Iterator[Comparison]:
    if isinstance(condition, Comparison):
        yield condition
    else:
        for part in condition.parts:
            yield from _leaves(part)


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

    def either(self, depth: int) -> Condition:
        return self._joined("or", lambda: self._joined("and", lambda: self._single(depth)))

    def _joined(self, word: str, part: Callable[[], Condition]) -> Condition:
        parts = [part()]
        while (self.kind, self.word) == ("word", word):
            self._advance()
            parts.append(part())
        return parts[0] if len(parts) == 1 else Combination(word, tuple(parts))

    def _single(self, depth: int) -> Condition:
        if depth >= DEEPEST_NESTING:
            raise self.error(f"nested deeper than {DEEPEST_NESTING} levels")
        if (self.kind, self.word) == ("word", "not"):
            self._advance()
            return Combination("not", (self._single(depth + 1),))
        if (self.kind, self.word) == ("sign", "("):
            self._advance()
            condition = self.either(depth + 1)
            self._expect(")")
            return condition
        return self._comparison()

    def _comparison(self) -> Comparison:
        if self.kind != "name":
            raise self.error("expected the name of an attribute")
        name = self._advance()
        if (self.kind, self.word) == ("word", "in"):
            self._advance()
            return Comparison(name, "in", self._values())
        if self.word not in _COMPARISONS:
            raise self.error("expected a comparison")
        sign = self._advance()
        value = self._value()
        if isinstance(value, bool) and sign not in ("==", "!="):
            raise self.error("true and false are compared by == and != only,")
        return Comparison(name, sign, (value,))

    def _values(self) -> tuple[float | str | bool, ...]:
        self._expect("[")
        values = [self._value()]
        while self.word == "," and self.kind == "sign":
            self._advance()
            values.append(self._value())
        self._expect("]")
        return tuple(values)

    def _value(self) -> float | str | bool:
        if self.kind == "number":
            return float(self._advance())
        if self.kind == "text":
            return self._advance()[1:-1]
        if self.kind == "word" and self.word in ("true", "false"):
            return self._advance() == "true"
        raise self.error("expected a number, a text in quotes, true or false")

    def _expect(self, sign: str) -> None:
        if (self.kind, self.word) != ("sign", sign):
            raise self.error(f"expected {sign}")
        self._advance()

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
        if self.kind == "name" and self.word in _WORDS:
            self.kind = "word"
        return before
