"""Graph files: GML, GraphML and CSV of the same graph, and everything that is refused."""

import gzip
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
        ("graph [\0", "found binary data (NUL bytes)"),
        (b"\xff\xfe\x00", "is an empty file"),
        (b"graph [ \xc3\xa9 \xe9 ]", "is neither UTF-8"),
        ("ordinary words", "must be a number"),
    ],
)
def test_gml_that_is_refused(error, text, message):
    assert message in error(text)


def graphml(body, head=""):
    return f'<?xml version="1.0"?>\n{head}<graphml>{body}</graphml>'


def test_loops_are_left_out_with_a_note(graph):
    found = graph(gml().replace("target 2", "target 1") + "")
    assert found.links == [{"a": "0", "b": "1"}]
    assert "1 link of a node to itself left out, the first on line 6 (at 1)" in found.notes[0]
    assert graph("a,b\nx,x\nx,y\n", "l.csv").links == [{"a": "x", "b": "y"}]


def test_a_file_of_loops_alone_is_refused(error):
    assert "holds no links between two nodes" in error("a,b\nx,x\n", "l.csv")


def directed(*edges, default="directed", keys="<key id='r' for='edge' attr.name='rate_mbps'/>"):
    body = "".join(f"<edge source='{a}' target='{b}'><data key='r'>{rate}</data></edge>" for a, b, rate in edges)
    return graphml(f"{keys}<graph edgedefault='{default}'><node id='a'/><node id='b'/><node id='c'/>{body}</graph>")


def test_opposite_links_are_one(graph):
    text = directed(("a", "b", 100), ("b", "c", 50), ("b", "a", 100), ("a", "b", 7), ("c", "b", 50), ("b", "a", 7))
    found = graph(text, "net.graphml")
    assert [(link["a"], link["b"], link["rate_mbps"]) for link in found.links] == [
        ("a", "b", 100),
        ("b", "c", 50),
        ("a", "b", 7),
    ]
    assert "3 pairs of opposite links merged" in found.notes[0]


def test_parallel_links_of_an_undirected_graph_stay(graph):
    text = directed(("a", "b", 100), ("b", "a", 100), ("b", "c", 1), default="undirected")
    assert len(graph(text, "net.graphml").links) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (directed(("a", "b", 100), ("b", "c", 50), ("c", "b", 50)), "whose link a - b leads one way (1 such link)"),
        (directed(("a", "b", 100), ("b", "a", 50)), "whose links a - b (line 2) and back differ"),
    ],
)
def test_one_way_links_are_refused(error, text, message):
    assert message in error(text, "net.graphml")


def test_names_of_other_writers(graph):
    """OSMnx (x, y and crs), YAFS (lng), yEd (names in NodeLabel, positions on a screen), Gephi (weights)."""
    keys = "".join(f"<key id='{name}' attr.name='{name}'/>" for name in ("x", "y", "lng", "Lat", "crs", "weight"))

    def read(nodes, about=""):
        text = graphml(f"{keys}<graph edgedefault='undirected'>{about}{nodes}<edge source='a' target='b'/></graph>")
        return graph(text, "net.graphml")

    nodes = "<node id='a'><data key='{0}'>11.5</data><data key='{1}'>48.1</data></node><node id='b'/>"
    crs = "<data key='crs'>{}</data>"
    assert read(nodes.format("lng", "Lat")).nodes[0] == {"id": "a", "lat_deg": 48.1, "lon_deg": 11.5}
    osmnx = read(nodes.format("x", "y"), crs.format("epsg:4326"))
    assert (osmnx.nodes[0]["lat_deg"], osmnx.nodes[0]["lon_deg"]) == pytest.approx((48.1, 11.5))
    utm = "<node id='a'><data key='x'>691607.9</data><data key='y'>5334760.4</data></node><node id='b'/>"
    projected = read(utm, crs.format("EPSG:32632")).nodes[0]
    assert (projected["lat_deg"], projected["lon_deg"]) == pytest.approx((48.1351, 11.5751), abs=5e-3)
    bare = read(nodes.format("x", "y"))
    assert bare.nodes[0] == {"id": "a"} and "x and y of nodes are not used" in bare.notes[0]
    yed = "<node id='a'><data key='d6'><y:ShapeNode><y:Geometry x='3'/><y:NodeLabel>roof<y:LabelModel/></y:NodeLabel>"
    assert [node["id"] for node in read(f"{yed}</y:ShapeNode></data></node><node id='b'/>").nodes] == ["roof", "b"]


def test_two_names_of_one_quantity_that_differ_are_refused(error):
    text = gml(node="Latitude 48 lat 49 Longitude 11")
    assert ":3: Latitude and lat both give lat, and differ" in error(text)


@pytest.mark.parametrize("word", ["1e05", "0.10", "007", "1e400", "5"])
def test_ids_of_gml_stay_as_written(graph, word):
    text = f"graph [ node [ id {word} ] node [ id 99 label {word}1 ] edge [ source {word} target 99 ] ]"
    assert [node["id"] for node in graph(text).nodes] == [word, f"{word}1"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_graphs_in_other_encodings(graph, encoding):
    text = 'graph [ node [ id 0 label "Zürich" ] node [ id 1 ] edge [ source 0 target 1 ] ]'
    assert graph(text.encode(encoding)).nodes[0]["id"] == "Zürich"
    assert graph(gzip.compress(text.encode(encoding)), "net.gml.gz").nodes[0]["id"] == "Zürich"


def test_links_as_others_write_tables(graph):
    found = graph("source;target;rate_mbps;length\nn;e;0,5;7\ne;s;;8\n", "links.csv")
    assert found.links == [{"a": "n", "b": "e", "rate_mbps": 0.5}, {"a": "e", "b": "s"}]
    assert "columns not used: length" in " ".join(found.notes)
    assert "'rate_mpbs' is not used; did you mean 'rate_mbps'" in " ".join(
        graph("a,b,rate_mpbs\nx,y,3\n", "l.csv").notes
    )


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
        ("a,rate_mbps\nx,3\n", "a and b are needed"),
        ("a,b,a\nx,y,z\n", "the column 'a' is given twice"),
        ("a,b\nx\n", ":2: has 1 field; the header names 2"),
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
