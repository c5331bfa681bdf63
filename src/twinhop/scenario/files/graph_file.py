"""A backhaul graph from a GML, GraphML or CSV file: the rows that a scenario file would list."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from twinhop.errors import InputError
from twinhop.io.text_file import read_text
from twinhop.io.yaml_io import resolve_plain
from twinhop.scenario.files.csv_table import csv_records
from twinhop.scenario.files.gml import read_gml
from twinhop.scenario.files.graphml import read_graphml
from twinhop.scenario.schema.graph_sections import MOST_LINKS, MOST_NODES, LinkRow, NodeRow
from twinhop.scenario.validation_errors import LONGEST_VALUE, input_error
from twinhop.text import suggestion
from twinhop.units import BITS_PER_MBIT

LARGEST_GRAPH_BYTES = 16 * 1024 * 1024
NEEDED_COLUMNS, FURTHER_COLUMNS = ("a", "b"), ("rate_mbps", "delay_ms")
LATITUDES, LONGITUDES = ("Latitude", "lat_deg", "latitude", "lat"), ("Longitude", "lon_deg", "longitude", "lon")
"""Attributes of nodes that hold their position on Earth, the Topology Zoo's first."""
RAW_RATE = "LinkSpeedRaw"
"""The Topology Zoo's attribute of an edge for its rate [bit/s]."""
READ_ATTRIBUTES = ("label", "x_m", "y_m", *LATITUDES, *LONGITUDES, *FURTHER_COLUMNS, RAW_RATE)
"""Attributes of nodes and edges that are looked at."""

_GML_BEGINNING = re.compile(r"(?:graph|creator|version|comment|directed)(?:\s|\[|$)|\w+\s*\[", re.IGNORECASE)

Fields = dict[str, Any]


@dataclass(frozen=True)
class GraphFile:
    """The content of a graph file, as plain fields of `NodeRow` and `LinkRow`.

    Attributes:
        nodes: none where the file lists links only.
        links: at least one.
        source: what the file says about where it comes from, or nothing.
    """

    nodes: list[Fields]
    links: list[Fields]
    source: str = ""


@dataclass
class _Raw:
    """A node or link as it stands in the file."""

    line: int
    attributes: dict[str, Any]


def read_graph(path: Path) -> GraphFile:
    """Read a graph file.

    Args:
        path: the file, whose ending says what it is.

    Returns:
        Its nodes and links.

    Raises:
        InputError: if it is of another kind (the message says what was found), broken, or holds a directed graph, an
            unknown or duplicate node, or a value out of range; the message names the line.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: the name must end in {', '.join(_READERS)} (got {path.suffix or 'no ending'!r})")
    text = read_text(path)
    if len(text) > LARGEST_GRAPH_BYTES:
        raise InputError(f"{path}: is larger than {LARGEST_GRAPH_BYTES // 1024**2} MiB, the most that a graph may take")
    kind, wanted = _kind_of(text), _KINDS[path.suffix.lower()]
    if kind != wanted and kind != "text":
        raise InputError(f"{path}: its name says {wanted}, but it holds {kind}")
    return reader(text, str(path))


def _kind_of(text: str) -> str:
    """What a text is, by how it begins."""
    head = text.lstrip()[:4096]
    lines = [line.strip() for line in head.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        return "nothing"
    first = lines[0]
    if "\0" in head:
        return "binary data"
    if first.startswith("<"):
        return "HTML" if "<html" in head.lower() else "XML"
    if first[0] in "{[":
        return "JSON"
    if _GML_BEGINNING.match(first):
        return "GML"
    return "comma-separated values" if "," in first else "text"


def _from_gml(text: str, name: str) -> GraphFile:
    graphs = read_gml(text, name).lists("graph")
    if len(graphs) != 1:
        raise InputError(f"{name}: holds {len(graphs)} graphs; exactly one `graph [ ... ]` is needed")
    graph = graphs[0]
    about = graph.scalars()
    _refuse_directed(about.get("directed") == 1, name)
    nodes = [_Raw(each.line, each.scalars()) for each in graph.lists("node")]
    links = [_Raw(each.line, each.scalars()) for each in graph.lists("edge")]
    return _graph_file(nodes, links, name, about)


def _from_graphml(text: str, name: str) -> GraphFile:
    document = read_graphml(text, name)
    _refuse_directed(document.directed, name)
    nodes, links = [], []
    for element in document.elements:
        values = {key: resolve_plain(element.data[key]) for key in READ_ATTRIBUTES if key in element.data}
        if element.kind == "node":
            label = {"label": element.data["label"]} if element.data.get("label") else {}
            nodes.append(_Raw(element.line, {**values, **label, "id": element.attributes.get("id")}))
        else:
            ends = {end: element.attributes.get(end) for end in ("source", "target")}
            _refuse_directed(element.attributes.get("directed") == "true", name)
            links.append(_Raw(element.line, {**values, **ends}))
    return _graph_file(nodes, links, name, document.data)


def _from_csv(text: str, name: str) -> GraphFile:
    records = csv_records(text, name)
    _, header = next(records, (0, None))
    columns = tuple(cell.strip().lower() for cell in header or ())
    accepted = (*NEEDED_COLUMNS, *FURTHER_COLUMNS)
    for column in columns:
        if column not in accepted:
            hint = suggestion(column, accepted)
            raise InputError(f"{name}:1: unknown column {column[:40]!r}; {hint}accepted: {', '.join(accepted)}")
        if columns.count(column) > 1:
            raise InputError(f"{name}:1: the column {column!r} is given twice")
    if not set(NEEDED_COLUMNS) <= set(columns):
        raise InputError(f"{name}:1: the first line must name the columns {','.join(accepted)}; a and b are needed")
    links = []
    for line, cells in records:
        if len(cells) != len(columns):
            raise InputError(f"{name}:{line}: has {len(cells)} fields; the header names {len(columns)}")
        row = {column: cell.strip() for column, cell in zip(columns, cells, strict=True)}
        _refuse_more(len(links), MOST_LINKS, "links", f"{name}:{line}")
        stated = {column: resolve_plain(cell) for column, cell in row.items() if cell and column in FURTHER_COLUMNS}
        links.append(_validated(LinkRow, {"a": row["a"], "b": row["b"], **stated}, f"{name}:{line}"))
    return GraphFile([], _some(links, name))


def _graph_file(nodes: list[_Raw], links: list[_Raw], name: str, about: dict[str, Any]) -> GraphFile:
    """Nodes by their labels and links by the labels of their ends."""
    for kind, rows, most in (("nodes", nodes, MOST_NODES), ("links", links, MOST_LINKS)):
        _refuse_more(len(rows) - 1, most, kind, name)
    labels = _labels(nodes, name)
    node_fields = [
        _validated(NodeRow, {"id": label, **_position(node.attributes)}, f"{name}:{node.line}")
        for node, label in zip(nodes, labels.values(), strict=True)
    ]
    link_fields = []
    for link in links:
        place = f"{name}:{link.line}"
        ends = {}
        for field, end in (("a", "source"), ("b", "target")):
            key = link.attributes.get(end)
            if key is None:
                raise InputError(f"{place}: {end}: is required")
            if key not in labels:
                raise InputError(f"{place}: {end}: unknown node {_shown(key)}; the file has {len(labels)} nodes")
            ends[field] = labels[key]
        link_fields.append(_validated(LinkRow, {**ends, **_link_values(link.attributes, place)}, place))
    return GraphFile(node_fields, _some(link_fields, name), _source(about))


def _labels(nodes: list[_Raw], name: str) -> dict[Any, str]:
    """A name for each node id: its label where no other node has it, else the label and the id."""
    first: dict[Any, int] = {}
    shown: dict[Any, str] = {}
    for node in nodes:
        key = node.attributes.get("id")
        if key is None:
            raise InputError(f"{name}:{node.line}: id: is required")
        if first.setdefault(key, node.line) != node.line or key in shown:
            raise InputError(f"{name}:{node.line}: id: duplicate node {_shown(key)}; first on line {first[key]}")
        label = node.attributes.get("label")
        shown[key] = _shown(key if label in (None, "") else label)
    count = Counter(shown.values())
    return {key: label if count[label] == 1 else f"{label} #{_shown(key)}" for key, label in shown.items()}


def _shown(key: Any) -> str:
    return f"{key:.15g}" if isinstance(key, float) else str(key)


def _position(attributes: dict[str, Any]) -> Fields:
    fields = {field: attributes[field] for field in ("x_m", "y_m") if attributes.get(field) is not None}
    for field, names in (("lat_deg", LATITUDES), ("lon_deg", LONGITUDES)):
        stated = [attributes[each] for each in names if attributes.get(each) is not None]
        if stated and not fields.keys() & {"x_m", "y_m"}:
            fields[field] = stated[0]
    return fields


def _link_values(attributes: dict[str, Any], place: str) -> Fields:
    values = {field: attributes[field] for field in FURTHER_COLUMNS if attributes.get(field) is not None}
    raw = attributes.get(RAW_RATE)
    if "rate_mbps" not in values and raw is not None:
        if isinstance(raw, bool) or not isinstance(raw, int | float) or not 0 < raw < math.inf:
            got = repr(raw)[:LONGEST_VALUE] if isinstance(raw, str) else _shown(raw)
            raise InputError(f"{place}: {RAW_RATE}: must be a number of bit/s greater than 0 (got {got})")
        values["rate_mbps"] = raw / BITS_PER_MBIT
    return values


def _source(about: dict[str, Any]) -> str:
    """The attribution that the Topology Zoo's files ask for."""
    if "Topology Zoo" not in str(about.get("Creator", "")):
        return ""
    network = about.get("Network") or about.get("label") or "unnamed"
    return f"backhaul graph {network}: Internet Topology Zoo, CC BY 4.0"[:200]


def _validated(model: type[NodeRow] | type[LinkRow], fields: Fields, place: str) -> Fields:
    try:
        model.model_validate(fields)
    except ValidationError as error:

        def everywhere(paths: Collection[tuple[str | int, ...]]) -> dict[tuple[str | int, ...], str]:
            return dict.fromkeys(paths, place)

        raise input_error(error, model, everywhere) from None
    return fields


def _some(links: list[Fields], name: str) -> list[Fields]:
    if not links:
        raise InputError(f"{name}: holds no links; at least one is needed")
    return links


def _refuse_more(count: int, most: int, kind: str, place: str) -> None:
    if count >= most:
        raise InputError(f"{place}: more than {most} {kind}; no more are accepted")


def _refuse_directed(directed: bool, name: str) -> None:
    if directed:
        raise InputError(f"{name}: is a directed graph; links carry data both ways, so make it an undirected one")


_READERS: dict[str, Callable[[str, str], GraphFile]] = {
    ".gml": _from_gml,
    ".graphml": _from_graphml,
    ".xml": _from_graphml,
    ".csv": _from_csv,
}
_KINDS = {".gml": "GML", ".graphml": "XML", ".xml": "XML", ".csv": "comma-separated values"}
