"""A backhaul graph from a GML, GraphML or CSV file: the rows that a scenario file would list."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from twinhop.errors import InputError
from twinhop.io.table import parse_number, read_table
from twinhop.io.text_file import read_any_text
from twinhop.io.written_number import WrittenNumber
from twinhop.scenario.column_names import NAMES, ColumnChoice, match_columns, quantities_of, spelling
from twinhop.scenario.files.gml import read_gml
from twinhop.scenario.files.graphml import read_graphml
from twinhop.scenario.sanity import coordinate_system, system_degrees
from twinhop.scenario.schema.graph_sections import MOST_LINKS, MOST_NODES, LinkRow, NodeRow
from twinhop.scenario.validation_errors import LONGEST_VALUE, input_error
from twinhop.text import counted, suggestion
from twinhop.units import BITS_PER_MBIT

LARGEST_GRAPH_BYTES = 16 * 1024 * 1024
NODE_QUANTITIES = ("x_m", "y_m", "lat", "lon", "x", "y")
LINK_QUANTITIES = ("rate_mbps", "delay_ms", "rate_bps")
NODE_FIELDS = {"x_m": "x_m", "y_m": "y_m", "lat": "lat_deg", "lon": "lon_deg"}
"""Fields of a node by the quantities that fill them."""
SYSTEM_ATTRIBUTES = ("crs", "srs", "epsg")
"""Attributes of a graph that name the coordinate system of the x and y of its nodes, as OSMnx writes it."""

_GML_BEGINNING = re.compile(r"(?:graph|creator|version|comment|directed)(?:\s|\[|$)|\w+\s*\[", re.IGNORECASE)

Fields = dict[str, Any]


@dataclass(frozen=True)
class GraphFile:
    """The content of a graph file, as plain fields of `NodeRow` and `LinkRow`.

    Attributes:
        nodes: none where the file lists links only.
        links: at least one.
        source: what the file says about where it comes from, or nothing.
        notes: what was left out or merged.
    """

    nodes: list[Fields]
    links: list[Fields]
    source: str = ""
    notes: tuple[str, ...] = ()


@dataclass
class _Raw:
    """A node or link as it stands in the file; of a link also whether data takes it one way only."""

    line: int
    attributes: Mapping[str, Any]
    directed: bool = False


@dataclass
class _Link:
    """A link with its ends by name."""

    a: str
    b: str
    values: Fields
    line: int
    directed: bool


def read_graph(path: Path) -> GraphFile:
    """Read a graph file.

    Links from a node to itself are left out with a note. Links of a directed graph that come in opposite pairs of the
    same rate and delay are one link each; a link without its opposite is refused, since data takes links both ways.

    Args:
        path: the file, whose ending says what it is; plain or gzip-compressed (`.gml.gz`).

    Returns:
        Its nodes and links.

    Raises:
        InputError: if it is of another kind (the message says what was found), broken, or holds a one-way link, an
            unknown or duplicate node, or a value out of range; the message names the line.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    suffix = suffixes[-2] if suffixes[-1:] == [".gz"] and len(suffixes) > 1 else path.suffix.lower()
    if suffix not in _KINDS:
        raise InputError(f"{path}: the name must end in {', '.join(_KINDS)} (got {path.suffix or 'no ending'!r})")
    notes: list[str] = []
    text = read_any_text(path, "a graph", LARGEST_GRAPH_BYTES, notes)
    kind, wanted = _kind_of(text), _KINDS[suffix]
    if kind != wanted and kind != "text":
        raise InputError(f"{path}: its name says {wanted}, but it holds {kind}")
    graph = _from_csv(path) if suffix == ".csv" else _READERS[suffix](text, str(path))
    return GraphFile(graph.nodes, graph.links, graph.source, tuple(dict.fromkeys((*notes, *graph.notes))))


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
    return "comma-separated values" if any(each in first for each in ",;\t|") else "text"


def _from_gml(text: str, name: str) -> GraphFile:
    graphs = read_gml(text, name).lists("graph")
    if len(graphs) != 1:
        raise InputError(f"{name}: holds {len(graphs)} graphs; exactly one `graph [ ... ]` is needed")
    graph = graphs[0]
    about = graph.scalars()
    directed = about.get("directed") == 1
    nodes = [_Raw(each.line, each.scalars()) for each in graph.lists("node")]
    links = [_Raw(each.line, each.scalars(), directed) for each in graph.lists("edge")]
    return _graph_file(nodes, links, name, about)


def _from_graphml(text: str, name: str) -> GraphFile:
    document = read_graphml(text, name)
    names = document.names
    of_nodes, of_links = (
        _names_of([*quantities, *more], names)
        for quantities, more in ((NODE_QUANTITIES, ("label",)), (LINK_QUANTITIES, ()))
    )
    nodes, links = [], []
    for element in document.elements:
        if element.kind == "node":
            values = _texts(element.data, of_nodes)
            nodes.append(_Raw(element.line, {**values, "id": element.attributes.get("id")}))
        else:
            ends = {end: element.attributes.get(end) for end in ("source", "target")}
            stated = element.attributes.get("directed")
            directed = document.directed if stated is None else stated == "true"
            links.append(_Raw(element.line, {**_texts(element.data, of_links), **ends}, directed))
    return _graph_file(nodes, links, name, document.data)


def _names_of(quantities: Iterable[str], names: Iterable[str]) -> list[str]:
    """The names of attributes that may give one of the quantities."""
    wanted = set(quantities)
    return [name for name in names if wanted & {*quantities_of(name), spelling(name)}]


def _texts(data: Mapping[str, str], names: Iterable[str]) -> Fields:
    """Some attributes of an element, numbers as numbers."""
    values: Fields = {}
    for name in names:
        if name in data:
            number = None if spelling(name) == "label" else parse_number(data[name])
            values[name] = data[name] if number is None else number
    return {name: value for name, value in values.items() if value != ""}


def _from_csv(path: Path) -> GraphFile:
    name = str(path)
    table = read_table(path, "a table of links with the columns a,b")
    where = f"{name}:{table.dialect.header_line}"
    columns = match_columns(table.dialect.columns, ("source", "target", *LINK_QUANTITIES), ColumnChoice(), where)
    if not {"source", "target"} <= columns.index_of.keys():
        raise InputError(
            f"{where}: the first line must name the columns a,b,rate_mbps,delay_ms; a and b are needed "
            f"(got {', '.join(columns.names)[:200]})"
        )
    links = []
    for row, line in enumerate(table.lines):
        _refuse_more(len(links), MOST_LINKS, "links", f"{name}:{line}")
        values: Fields = {}
        for quantity in LINK_QUANTITIES:
            at = columns.index_of.get(quantity)
            if at is not None and table.rows[row][at]:
                number = parse_number(table.dialect.number_text(table.rows[row][at], at))
                values[columns.names[at]] = table.rows[row][at] if number is None else number
        a, b = (table.rows[row][columns.index_of[end]] for end in ("source", "target"))
        links.append(_Link(a, b, _link_values(values, f"{name}:{line}"), line, False))
    fields, notes = _link_rows(links, name)
    return GraphFile([], fields, "", (*table.notes, *_unused(columns.not_used, columns.index_of, name), *notes))


def _unused(names: Sequence[str], given: Collection[str], where: str) -> list[str]:
    missing = [each for each in ("rate_mbps", "delay_ms") if each not in given]
    hints = [f"the column {each!r} is not used; {suggestion(each, missing)}" for each in names]
    misspelt = [f"{where}: {each.strip()}" for each in hints if "did you mean" in each]
    return misspelt or ([f"{where}: columns not used: {', '.join(names)[:200]}"] if names else [])


def _graph_file(nodes: list[_Raw], links: list[_Raw], name: str, about: Mapping[str, Any]) -> GraphFile:
    """Nodes by their labels and links by the labels of their ends."""
    for kind, rows, most in (("nodes", nodes, MOST_NODES), ("links", links, MOST_LINKS)):
        _refuse_more(len(rows) - 1, most, kind, name)
    labels = _labels(nodes, name)
    positions, notes = _positions(nodes, name, about)
    node_fields = [
        _validated(NodeRow, {"id": label, **position}, f"{name}:{node.line}")
        for node, label, position in zip(nodes, labels.values(), positions, strict=True)
    ]
    named = []
    for link in links:
        place = f"{name}:{link.line}"
        ends = []
        for end in ("source", "target"):
            value = link.attributes.get(end)
            if value is None:
                raise InputError(f"{place}: {end}: is required")
            if _key(value) not in labels:
                raise InputError(
                    f"{place}: {end}: unknown node {_shown(value)}; the file has {counted(len(labels), 'node')}"
                )
            ends.append(labels[_key(value)])
        named.append(_Link(ends[0], ends[1], _link_values(link.attributes, place), link.line, link.directed))
    link_fields, more = _link_rows(named, name)
    return GraphFile(node_fields, link_fields, _source(about), (*notes, *more))


def _link_rows(links: Sequence[_Link], name: str) -> tuple[list[Fields], list[str]]:
    """The links as rows: none from a node to itself, one for each opposite pair; and what is said of that."""
    if not links:
        raise InputError(f"{name}: holds no links; at least one is needed")
    between = [link for link in links if link.a != link.b]
    notes = []
    if len(between) < len(links):
        first = next(link for link in links if link.a == link.b)
        many = counted(len(links) - len(between), "link")
        notes.append(f"{name}: {many} of a node to itself left out, the first on line {first.line} (at {first.a})")
    if not between:
        raise InputError(f"{name}: holds no links between two nodes; at least one is needed")
    kept = _both_ways(between, name)
    if len(kept) < len(between):
        notes.append(f"{name}: {counted(len(between) - len(kept), 'pair')} of opposite links merged into one link each")
    rows = [_validated(LinkRow, {"a": link.a, "b": link.b, **link.values}, f"{name}:{link.line}") for link in kept]
    return rows, notes


def _both_ways(links: Sequence[_Link], name: str) -> list[_Link]:
    """The links that data takes both ways: those stated so, and one of each opposite pair of one-way links."""
    waiting: dict[tuple[str, str], list[_Link]] = {}
    merged: set[int] = set()
    for link in (each for each in links if each.directed):
        opposite = waiting.get((link.b, link.a), [])
        match = next((each for each in opposite if each.values == link.values), None)
        if match is not None:
            opposite.remove(match)
            merged.add(id(link))
        else:
            waiting.setdefault((link.a, link.b), []).append(link)
    alone = [link for rest in waiting.values() for link in rest]
    if alone:
        raise _one_way(alone, name)
    return [link for link in links if id(link) not in merged]


def _one_way(alone: Sequence[_Link], name: str) -> InputError:
    """The error for links without an equal opposite."""
    first = alone[0]
    opposite = next((link for link in alone if (link.a, link.b) == (first.b, first.a)), None)
    if opposite is not None:
        return InputError(
            f"{name}:{opposite.line}: is a directed graph whose links {first.a} - {first.b} (line {first.line}) "
            f"and back differ, {first.values or 'nothing'} and {opposite.values or 'nothing'}; links of a "
            f"backhaul are the same both ways"
        )
    return InputError(
        f"{name}:{first.line}: is a directed graph whose link {first.a} - {first.b} leads one way "
        f"({counted(len(alone), 'such link')}); links carry data both ways, so make it an undirected one"
    )


def _key(value: Any) -> Any:
    """A node id by which the ends of links are found: whole numbers by value, everything else as written."""
    if isinstance(value, WrittenNumber):
        return int(value) if math.isfinite(value) and value.is_integer() and abs(value) < 2**53 else value.text
    return value


def _labels(nodes: list[_Raw], name: str) -> dict[Any, str]:
    """A name for each node id: its label where no other node has it, else the label and the id."""
    first: dict[Any, int] = {}
    shown: dict[Any, str] = {}
    for node in nodes:
        value = node.attributes.get("id")
        if value is None:
            raise InputError(f"{name}:{node.line}: id: is required")
        key = _key(value)
        if key in shown:
            raise InputError(f"{name}:{node.line}: id: duplicate node {_shown(value)}; first on line {first[key]}")
        first[key] = node.line
        label = next((each for at, each in node.attributes.items() if spelling(at) == "label"), None)
        shown[key] = _shown(value if label in (None, "") else label)
    count = Counter(shown.values())
    ids = {key: _shown(node.attributes["id"]) for key, node in zip(shown, nodes, strict=True)}
    return {key: label if count[label] == 1 else f"{label} #{ids[key]}" for key, label in shown.items()}


def _shown(value: Any) -> str:
    """An id or a label as the file writes it."""
    return value.text if isinstance(value, WrittenNumber) else str(value)


def _stated(attributes: Mapping[str, Any], quantities: Collection[str], place: str) -> Fields:
    """Values by quantity, from attributes of any of its names.

    Raises:
        InputError: two attributes give one quantity, and differ.
    """
    values: Fields = {}
    names: dict[str, str] = {}
    for name, value in attributes.items():
        for quantity in quantities_of(name):
            if quantity not in quantities or value in (None, ""):
                continue
            if quantity in values and values[quantity] != value:
                raise InputError(
                    f"{place}: {names[quantity]} and {name} both give {quantity}, and differ; leave one out"
                )
            values.setdefault(quantity, value)
            names.setdefault(quantity, name)
    return values


def _plain(value: Any) -> Any:
    """A number of GML as a plain one."""
    return float(value) if isinstance(value, WrittenNumber) else value


def _positions(nodes: Sequence[_Raw], name: str, about: Mapping[str, Any]) -> tuple[list[Fields], list[str]]:
    """The position of each node as fields of `NodeRow`, and what is said of them."""
    stated = [_stated(node.attributes, NODE_QUANTITIES, f"{name}:{node.line}") for node in nodes]
    fields = [_own_position(each) for each in stated]
    bare = [at for at, each in enumerate(stated) if not fields[at] and {"x", "y"} <= each.keys()]
    if not bare:
        return fields, []
    named = next((str(_shown(value)) for key, value in about.items() if key.lower() in SYSTEM_ATTRIBUTES), "")
    system = coordinate_system(named if not named.isdigit() else f"EPSG:{named}")
    if system is None:
        why = f"the system {named[:40]!r} is not known" if named else "they say neither unit nor coordinate system"
        return fields, [f"{name}: x and y of nodes are not used, since {why}; call them x_m and y_m, or lon and lat"]
    xy = [[_plain(stated[at][axis]) for axis in ("x", "y")] for at in bare]
    for at, pair in zip(bare, xy, strict=True):
        if not all(isinstance(each, int | float) and math.isfinite(each) for each in pair):
            raise InputError(f"{name}:{nodes[at].line}: x and y: must be finite numbers (got {pair[0]!r}, {pair[1]!r})")
    x, y = np.array(xy, dtype=np.float64).T
    try:
        lat_deg, lon_deg = system_degrees(x, y, system)
    except ValueError as error:
        raise InputError(f"{name}: {error}") from None
    for at, lat, lon in zip(bare, lat_deg.tolist(), lon_deg.tolist(), strict=True):
        fields[at] = {"lat_deg": lat, "lon_deg": lon}
    return fields, [f"{name}: x and y of nodes are positions in {system}, which the file names"]


def _own_position(stated: Fields) -> Fields:
    """The position by names that say what they are; metres where there are any."""
    pair = ("x_m", "y_m") if stated.keys() & {"x_m", "y_m"} else ("lat", "lon")
    return {NODE_FIELDS[each]: _plain(stated[each]) for each in pair if each in stated}


def _link_values(attributes: Mapping[str, Any], place: str) -> Fields:
    stated = _stated(attributes, LINK_QUANTITIES, place)
    values = {each: _plain(stated[each]) for each in ("rate_mbps", "delay_ms") if each in stated}
    raw = stated.get("rate_bps")
    if "rate_mbps" not in values and raw is not None:
        if isinstance(raw, bool) or not isinstance(raw, int | float) or not 0 < raw < math.inf:
            got = repr(raw)[:LONGEST_VALUE] if isinstance(raw, str) else f"{raw:.15g}"
            raise InputError(f"{place}: {NAMES['rate_bps'][0]}: must be a number of bit/s greater than 0 (got {got})")
        values["rate_mbps"] = raw / BITS_PER_MBIT
    return values


def _source(about: Mapping[str, Any]) -> str:
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


def _refuse_more(count: int, most: int, kind: str, place: str) -> None:
    if count >= most:
        raise InputError(f"{place}: more than {most} {kind}; no more are accepted")


_READERS: dict[str, Callable[[str, str], GraphFile]] = {
    ".gml": _from_gml,
    ".graphml": _from_graphml,
    ".xml": _from_graphml,
}
_KINDS = {".gml": "GML", ".graphml": "XML", ".xml": "XML", ".csv": "comma-separated values"}
