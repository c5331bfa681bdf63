"""GraphML text (graphml.graphdrawing.org) to nodes and edges, without any document type or entity."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field

from twinhop.io.xml_stream import XmlReader


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
        elements: nodes and edges, in order.
        data: what the graph says about itself.
        directed: whether its edges lead one way only.
        names: the names of all attributes of nodes and edges.
    """

    elements: list[GraphmlElement] = field(default_factory=list)
    data: dict[str, str] = field(default_factory=dict)
    directed: bool = False
    names: dict[str, None] = field(default_factory=dict)


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
    reader.feed(text, last=True)
    return reader.document


class _Reader(XmlReader):
    """Takes the elements one by one."""

    kind, noun, root = "GraphML", "graph", "graphml"
    refused = "(<!DOCTYPE ...>) is not accepted"
    texts = True

    def __init__(self, source_name: str) -> None:
        super().__init__(source_name)
        self.document = GraphmlDocument()
        self._stated = self.document.data
        self._key: str | None = None
        self._names: dict[str, str] = {}
        self._domain = "all"
        self._defaults: dict[str, dict[str, str]] = {"node": {}, "edge": {}}

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a node, an edge, a key, or what is said about one."""
        name = self.enter(tag)
        if name in ("hyperedge", "port") or (name == "graph" and self.path.count("graph") > 1):
            self.fail(f"<{name}> is not accepted here; a backhaul is one graph of nodes and edges")
        if name == "graph":
            self.document.directed = attributes.get("edgedefault") == "directed"
        elif name in ("node", "edge"):
            self._stated = {}
            data = ChainMap(self._stated, self._defaults[name])  # not copied: many keys times many elements
            self.document.elements.append(GraphmlElement(name, attributes, self.line, data))
        elif name == "key":
            self._key = attributes.get("id", "")
            self._names[self._key] = attributes.get("attr.name", self._key)
            self.document.names[self._names[self._key]] = None
            self._domain = attributes.get("for", "all")
        elif name == "data":
            self._key = attributes.get("key", "")
            self.collect()
        elif name == "default" or (name == "NodeLabel" and self._stated is not self.document.data):
            self.collect()

    def end(self, tag: str) -> None:
        """Take what was said in between."""
        name, value = self.leave()
        if name in ("node", "edge"):
            self._stated = self.document.data
        if value is None:
            return
        if name == "NodeLabel":  # yEd keeps the names of nodes here
            self._stated.setdefault("label", value)
            self.document.names["label"] = None
            return
        key = self._names.get(self._key or "", self._key or "")
        if name == "data":
            self._stated[key] = value
            self.document.names[key] = None
            return
        for kind, defaults in self._defaults.items():
            if self._domain in (kind, "all"):
                defaults.setdefault(key, value)
