"""XML read as a stream, without any document type or entity: memory does not grow with the document."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, NoReturn
from xml.parsers import expat

from twinhop.errors import InputError

LARGEST_TOKEN_BYTES = 1 << 20
"""One element, comment or text longer than this is refused, where the document comes in blocks."""
CUT_OFF = (expat.errors.XML_ERROR_NO_ELEMENTS, expat.errors.XML_ERROR_UNCLOSED_TOKEN)
"""What expat says of a document that stops in the middle."""


class XmlReader:
    """Takes the events of expat. Subclasses state what they read, and write `start` and `end`.

    The text of an element is its own, that of elements within it is not, and it ends where the element does.

    Attributes:
        kind: what the document is, for errors.
        noun: what it holds, for errors.
        root: name of the outermost element.
        deepest: levels of nesting that are accepted.
        texts: whether the texts of elements are wanted, see `collect`.
        comments: whether comments are wanted, see `comment`.
        refused: what is said of a document type.
        path: the elements that are open, the outermost first.
    """

    kind: ClassVar[str]
    noun: ClassVar[str]
    root: ClassVar[str]
    deepest: ClassVar[int] = 16
    texts: ClassVar[bool] = False
    comments: ClassVar[bool] = False
    refused: ClassVar[str] = "(<!DOCTYPE ...>), which may define entities, is not accepted"

    def __init__(self, source: str | Path) -> None:
        """Begin a document.

        Args:
            source: what to call it in errors.
        """
        self.source = source
        self.path: list[str] = []
        self._collected: list[str] | None = None
        self._depth = self._characters = 0
        self._bytes = 0
        self._expat = expat.ParserCreate()  # not by namespaces: many a file uses prefixes that it does not declare
        self._expat.buffer_text = True
        self._expat.StartElementHandler = self.start
        self._expat.EndElementHandler = self.end
        if self.texts:
            self._expat.CharacterDataHandler = self._take_text
        if self.comments:
            self._expat.CommentHandler = self.comment
        self._expat.StartDoctypeDeclHandler = self._refuse_doctype

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take the beginning of an element."""
        raise NotImplementedError

    def end(self, tag: str) -> None:
        """Take the end of an element."""
        raise NotImplementedError

    def comment(self, text: str) -> None:
        """Take a comment, where `comments` says so."""
        raise NotImplementedError

    def progress(self) -> str | None:
        """How far the document could be read, for the error where it stops in the middle; None: no matter."""
        return None

    def feed(self, block: bytes | str, last: bool = False) -> None:
        """Read one more block of the document.

        Raises:
            InputError: it is not XML, holds a document type, an endless element, or stops in the middle.
        """
        self._bytes += len(block)
        try:
            self._expat.Parse(block, last)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code)
            if last and self.path and reason in CUT_OFF and self.progress() is not None:
                raise self.ends_early("the file stops in the middle (truncated)") from None
            self.fail(f"not valid XML: {reason}", error.lineno)
        except (ValueError, UnicodeError) as error:
            self.fail(f"not valid XML: {error}")
        if self._bytes - self._expat.CurrentByteIndex > LARGEST_TOKEN_BYTES + len(block):
            self._fail_of_size()

    def _fail_of_size(self) -> NoReturn:
        self.fail(f"one element or text of more than {LARGEST_TOKEN_BYTES // 1024} KiB; no {self.noun} needs one")

    def enter(self, tag: str) -> str:
        """Step into an element.

        Returns:
            Its name, without the prefix of a namespace.

        Raises:
            InputError: it is the outermost and another than `root`, or is nested deeper than `deepest` levels.
        """
        name = tag.rpartition(":")[2]
        self.path.append(name)
        if len(self.path) == 1 and name != self.root:
            self.fail(f"not {self.kind}: the outermost element is <{name[:40]}>, not <{self.root}>")
        if len(self.path) > self.deepest:
            self.fail(f"nested deeper than {self.deepest} levels, which no {self.noun} needs")
        return name

    def collect(self) -> None:
        """Begin to take the text of the element that was entered last."""
        self._collected, self._depth, self._characters = [], len(self.path), 0

    def leave(self) -> tuple[str, str | None]:
        """Step out of an element.

        Returns:
            Its name, and its text without blanks at the ends; None where that was not asked for by `collect`.
        """
        text = None
        if self._collected is not None and len(self.path) == self._depth:
            text, self._collected = "".join(self._collected).strip(), None
        return self.path.pop(), text

    def _take_text(self, text: str) -> None:
        if self._collected is not None and len(self.path) == self._depth:
            self._collected.append(text)
            self._characters += len(text)
            if self._characters > LARGEST_TOKEN_BYTES:  # expat hands a text on in parts, each of which is short
                self._fail_of_size()

    @property
    def line(self) -> int:
        """The line that is read, from 1."""
        return self._expat.CurrentLineNumber

    def fail(self, message: str, line: int | None = None) -> NoReturn:
        """Refuse the document, at a line of it or at the one that is read."""
        raise InputError(f"{self.source}:{line or self.line}: {message}")

    def ends_early(self, why: str) -> InputError:
        """The error for a document that stops in the middle."""
        return InputError(f"{self.source}: {why}; {self.progress()}")

    def _refuse_doctype(self, *_: object) -> None:
        self.fail(f"the document type {self.refused}; take it out")
