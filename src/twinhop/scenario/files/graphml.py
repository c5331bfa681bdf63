"""GraphML text (graphml.graphdrawing.org) to nodes and edges, without any document type or entity."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from twinhop.errors import InputError

DEEPEST_NESTING = 16


@dataclass
class GraphmlElement:
    """A node or an edge: its XML attributes, and its data by attribute name."""

    kind: str
    attributes: dict[str, str]
    line: int
    data: Mapping[str, str]


@dataclass
class GraphmlDocument:
    """The nodes and edges of a GraphML document.

    Attributes:
        root: name of the outermost element; empty while there is none.
        elements: nodes and edges, in order.
        data: what the graph says about itself.
        directed: whether its edges lead one way only.
    """

    root: str = ""
    elements: list[GraphmlElement] = field(default_factory=list)
    data: dict[str, str] = field(default_factory=dict)
    directed: bool = False


def read_graphml(text: str, source_name: str) -> GraphmlDocument:
    """The nodes and edges of a GraphML document.

    Args:
        text: the document.
        source_name: what to call it in errors.

    Returns:
        Its elements; data that an element does not state is the default of its key, where that has one.

    Raises:
        InputError: if it is not GraphML, or holds a document type, nested graphs or hyperedges.
    """
    reader = _Reader(source_name)
    try:
        reader.parser.Parse(text, True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        raise InputError(f"{source_name}:{error.lineno}: not valid XML: {reason}") from None
    except (ValueError, UnicodeEncodeError) as error:
        raise InputError(f"{source_name}: not valid XML: {error}") from None
    return reader.document


class _Reader:
    """Takes the parser's events one by one."""

    def __init__(self, source_name: str) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self._source_name = source_name
        self.document = GraphmlDocument()
        self._open: list[str] = []
        self._stated = self.document.data
        self._key: str | None = None
        self._words: list[str] | None = None
        self._names: dict[str, str] = {}
        self._domain = "all"
        self._defaults: dict[str, dict[str, str]] = {"node": {}, "edge": {}}

    def _error(self, message: str) -> InputError:
        return InputError(f"{self._source_name}:{self.parser.CurrentLineNumber}: {message}")

    def _refuse_doctype(self, *_: object) -> None:
        raise self._error("the document type (<!DOCTYPE ...>) is not accepted; take it out")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        self._open.append(name)
        if len(self._open) > DEEPEST_NESTING:
            raise self._error(f"nested deeper than {DEEPEST_NESTING} levels, which no graph needs")
        if len(self._open) == 1:
            self.document.root = name
            if name != "graphml":
                raise self._error(f"not GraphML: the outermost element is <{name[:40]}>, not <graphml>")
        if name in ("hyperedge", "port") or (name == "graph" and self._open.count("graph") > 1):
            raise self._error(f"<{name}> is not accepted here; a backhaul is one graph of nodes and edges")
        if name == "graph":
            self.document.directed = attributes.get("edgedefault") == "directed"
        elif name in ("node", "edge"):
            self._stated = {}
            data = ChainMap(self._stated, self._defaults[name])  # not copied: many keys times many elements
            self.document.elements.append(GraphmlElement(name, attributes, self.parser.CurrentLineNumber, data))
        elif name == "key":
            self._key = attributes.get("id", "")
            self._names[self._key] = attributes.get("attr.name", self._key)
            self._domain = attributes.get("for", "all")
        elif name == "data":
            self._key = attributes.get("key", "")
            self._words = []
        elif name == "default":
            self._words = []

    def _text(self, text: str) -> None:
        if self._words is not None:
            self._words.append(text)

    def _end(self, tag: str) -> None:
        name = self._open.pop()
        if name in ("node", "edge"):
            self._stated = self.document.data
        if name not in ("data", "default") or self._words is None:
            return
        value, key = "".join(self._words).strip(), self._names.get(self._key or "", self._key or "")
        self._words = None
        if name == "data":
            self._stated[key] = value
            return
        for kind, defaults in self._defaults.items():
            if self._domain in (kind, "all"):
                defaults.setdefault(key, value)
