"""Graph files: GML, GraphML and CSV of the same graph, and everything that is refused."""

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinhop.errors import InputError
from twinhop.scenario.files.gml import GmlList, read_gml
from twinhop.scenario.files.graph_file import read_graph

GML = """# a small ring
Creator "Topology Zoo Toolset"
graph [
  Network "Ring"
  directed 0
  node [ id 0 label "north &amp; up" Latitude 59.9 Longitude 10.7 graphics [ x 1 y 2 ] ]
  node [ id 1 label "east" Latitude 59.8 Longitude 10.9 ]
  node [ id 2 label "east" ]
  edge [ source 0 target 1 LinkSpeedRaw 2500000000.0 ]
  edge [ source 1 target 2 delay_ms 1.5 rate_mbps 100 ]
  edge [ source 2 target 0 LinkNote "dark" ]
]
"""
GRAPHML = """<?xml version="1.0" encoding="utf-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key id="d0" for="node" attr.name="label" attr.type="string"/>
  <key id="d1" for="node" attr.name="Latitude" attr.type="double"/>
  <key id="d2" for="node" attr.name="Longitude" attr.type="double"/>
  <key id="d3" for="edge" attr.name="LinkSpeedRaw" attr.type="double"/>
  <key id="d4" for="edge" attr.name="delay_ms" attr.type="double"><default>1.5</default></key>
  <graph edgedefault="undirected">
    <node id="0"><data key="d0">north &amp; up</data><data key="d1">59.9</data><data key="d2">10.7</data></node>
    <node id="1"><data key="d0">east</data></node>
    <edge source="0" target="1"><data key="d3">2500000000.0</data></edge>
  </graph>
</graphml>
"""


@pytest.fixture
def graph(tmp_path):
    def read(text, name="net.gml"):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_graph(tmp_path / name)

    return read


@pytest.fixture
def error(graph):
    def refused(text, name="net.gml"):
        with pytest.raises(InputError) as caught:
            graph(text, name)
        return str(caught.value)

    return refused


def test_gml(graph):
    found = graph(GML)
    assert [node["id"] for node in found.nodes] == ["north & up", "east #1", "east #2"]
    assert (found.nodes[0]["lat_deg"], found.nodes[0]["lon_deg"]) == (59.9, 10.7)
    assert "lat_deg" not in found.nodes[2]
    assert found.links == [
        {"a": "north & up", "b": "east #1", "rate_mbps": 2500.0},
        {"a": "east #1", "b": "east #2", "rate_mbps": 100.0, "delay_ms": 1.5},
        {"a": "east #2", "b": "north & up"},
    ]


def test_the_topology_zoo_is_named(graph):
    text = GML.replace('Creator "Topology Zoo Toolset"\n', "").replace("graph [", 'graph [ Creator "Topology Zoo" ')
    assert graph(text).source == "backhaul graph Ring: Internet Topology Zoo, CC BY 4.0"
    assert graph(text.replace("Topology Zoo", "me")).source == ""


def test_graphml(graph):
    for name in ("net.graphml", "net.XML"):
        found = graph(GRAPHML, name)
        assert [node["id"] for node in found.nodes] == ["north & up", "east"]
        assert found.nodes[0]["lat_deg"] == 59.9
        assert found.links == [{"a": "north & up", "b": "east", "rate_mbps": 2500.0, "delay_ms": 1.5}]


def test_csv(graph):
    found = graph("a,b,delay_ms,rate_mbps\n\nn,e,1.5,100\ne, s ,,\n", "links.csv")
    assert found.nodes == []
    assert found.links == [{"a": "n", "b": "e", "delay_ms": 1.5, "rate_mbps": 100}, {"a": "e", "b": "s"}]


def gml(*, node="", edge="", head=""):
    return (
        f"graph [ {head}\nnode [ id 0 ]\nnode [ id 1 {node} ]\nnode [ id 2 ]\n"
        f"edge [ source 0 target 1 ]\nedge [ source 1 target 2 {edge} ]\n]\n"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (gml(edge="LinkSpeedRaw 0"), ":6: LinkSpeedRaw: must be a number of bit/s greater than 0 (got 0)"),
        (gml(edge="LinkSpeedRaw -5"), ":6: LinkSpeedRaw: must be a number of bit/s greater than 0 (got -5)"),
        (gml(edge="LinkSpeedRaw 1e999"), ":6: LinkSpeedRaw: must be a number of bit/s greater than 0 (got inf)"),
        (gml(edge="LinkSpeedRaw NAN"), ":6: LinkSpeedRaw: must be a number, a quoted text or a list in brackets"),
        (gml(edge='LinkSpeedRaw "fast"'), ":6: LinkSpeedRaw: must be a number of bit/s greater than 0 (got 'fast')"),
        (gml(edge="delay_ms -1"), ":6: delay_ms: must be 0 or greater (got -1.0)"),
        (gml(node="Latitude 91 Longitude 0"), ":3: lat_deg: must be 90 or less"),
        (gml(node="Latitude 9"), ":3: give x_m and y_m, or lat_deg and lon_deg, or no position (got lat_deg)"),
        (gml().replace("target 2", "target 7"), ":6: target: unknown node 7; the file has 3 nodes"),
        (gml().replace("target 2", ""), ":6: target: is required"),
        (gml().replace("target 2", "target 1"), ":6: joins the node '1' to itself"),
        (gml().replace("id 2", "id 1"), ":4: id: duplicate node 1; first on line 3"),
        (gml().replace("id 2", ""), ":4: id: is required"),
        (gml(head="directed 1"), "is a directed graph"),
        ("graph [ node [ id 0 ] ]", "holds no links"),
        ("a [ b 1 ]", "holds 0 graphs"),
        (gml() + gml(), "holds 2 graphs"),
        ("graph [ node [ id 0 ]", "the file ends within the list that begins on line 1"),
        ("graph [ ] ]", ":1: not valid GML: a key is expected here (got ']')"),
        ('graph [ label "open ]', "must be a number, a quoted text"),
        ("graph " + "[ a " * 100_000, "nested deeper than 16 levels"),
        ("graph [\n" + "node [ id 0 ] " * 5001 + "]", "more than 5000 nodes"),
        ("", "its name says GML, but it holds nothing"),
        ("<graphml/>", "its name says GML, but it holds XML"),
        ("<!doctype html><html>", "its name says GML, but it holds HTML"),
        ('{"nodes": []}', "its name says GML, but it holds JSON"),
        ("a,b,rate_mbps\nx,y,3\n", "its name says GML, but it holds comma-separated values"),
        ("graph [\0", "its name says GML, but it holds binary data"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        ("ordinary words", "must be a number"),
    ],
)
def test_gml_that_is_refused(error, text, message):
    assert message in error(text)


def graphml(body, head=""):
    return f'<?xml version="1.0"?>\n{head}<graphml>{body}</graphml>'


def test_defaults_of_many_keys_take_no_memory_a_node(graph):
    """20,000 keys and 5,000 nodes, a file of 1 MB, took 4 GB."""
    keys = "".join(f"<key id='d{i}' attr.name='a{i}' for='node'><default>0</default></key>" for i in range(1000))
    nodes = "".join(f"<node id='n{i}'/>" for i in range(1000))
    tracemalloc.start()
    graph(graphml(f"{keys}<graph>{nodes}<edge source='n0' target='n1'/></graph>"), "net.graphml")
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 20e6


BOMB = '<!DOCTYPE lolz [<!ENTITY a "ha">' + "".join(f'<!ENTITY a{i} "{"&a;" * 10}">' for i in range(9)) + "]>"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (graphml("<graph><node id='&a8;'/></graph>", BOMB), ":2: the document type (<!DOCTYPE ...>) is not accepted"),
        (graphml("", "<!DOCTYPE x SYSTEM 'file:///etc/passwd'>"), "the document type (<!DOCTYPE ...>) is not accepted"),
        (graphml("&boom;"), "not valid XML"),
        ("<g" * 100_000, "not valid XML"),
        (graphml("<a>" * 100_000), "nested deeper than 16 levels"),
        ("<svg/>", "not GraphML: the outermost element is <svg>, not <graphml>"),
        (graphml("<graph><graph/></graph>"), "<graph> is not accepted here"),
        (graphml("<graph><hyperedge/></graph>"), "<hyperedge> is not accepted here"),
        (graphml("<graph edgedefault='directed'/>"), "is a directed graph"),
        (graphml("<graph><node id='a'/></graph>"), "holds no links"),
        (graphml("<graph><node id='a'/><edge source='a' target='z'/></graph>"), ":2: target: unknown node z"),
        (graphml("<graph><node/></graph>"), ":2: id: is required"),
        (GML, "its name says XML, but it holds GML"),
    ],
)
def test_graphml_that_is_refused(error, text, message):
    assert message in error(text, "net.graphml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b,rate_mbps\nx,y,0\n", "links.csv:2: rate_mbps: must be greater than 0 (got 0)"),
        ("a,b,rate_mbps\nx,y,nan\n", ":2: rate_mbps: must be a number (got 'nan')"),
        ("a,b,rate_mpbs\nx,y,3\n", ":1: unknown column 'rate_mpbs'; did you mean 'rate_mbps'?"),
        ("a,rate_mbps\nx,3\n", "a and b are needed"),
        ("a,b,a\nx,y,z\n", "the column 'a' is given twice"),
        ("a,b\nx\n", ":2: has 1 fields; the header names 2"),
        ("a,b\nx,\n", ":2: b: must not be empty"),
        ("a,b\n", "holds no links"),
        (GML, "its name says comma-separated values, but it holds GML"),
    ],
)
def test_csv_that_is_refused(error, text, message):
    assert message in error(text, "links.csv")


def test_other_endings_are_refused(error):
    assert "must end in .gml, .graphml, .xml, .csv (got '.json')" in error("{}", "net.json")


def test_too_large(error):
    assert "is larger than 16 MiB" in error("#" * (16 * 1024 * 1024 + 1))


@given(st.text(alphabet='[] \n"#ab1.-&;', max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_or_refused(text):
    try:
        assert isinstance(read_gml(text, "a.gml"), GmlList)
    except InputError as error:
        assert str(error).startswith("a.gml")
