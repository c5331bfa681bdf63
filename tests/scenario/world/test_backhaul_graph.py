"""Graphs in scenarios: positions, delays, attachment, files, and everything that is refused."""

import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.scenario import build_world, dump_scenario, expand, load_scenario, parse_scenario, summary
from twinhop.scenario.world.backhaul_graph import FIBRE_SPEED_M_PER_S

HEAD = """schema_version: 1
name: ring
area: {width_m: 4000, height_m: 2000ORIGIN}
stations:
  list:
    - {id: s0, x_m: 0, y_m: 0, cpu_gcycles_per_s: 10}
    - {id: s1, x_m: 1000, y_m: 0, cpu_gcycles_per_s: 10}
    - {id: s2, x_m: 3000, y_m: 400, cpu_gcycles_per_s: 10}
users: {generate: {count: 6}}
"""
NODES = "nodes: [{id: s0, x_m: 0, y_m: 0}, {id: mid, x_m: 1500, y_m: 0}, {id: far, x_m: 3000, y_m: 0}]"
LINKS = "links: [{a: s0, b: mid, rate_mbps: 100}, {a: mid, b: far, rate_mbps: 1000, delay_ms: 2}]"


def scenario(graph, origin=""):
    return parse_scenario(HEAD.replace("ORIGIN", origin) + f"backhaul: {{graph: {{{graph}}}}}\n", "ring.yaml")


def error(graph, origin=""):
    with pytest.raises(InputError) as caught:
        build_world(scenario(graph, origin))
    return str(caught.value)


def test_stations_are_attached_by_name_or_to_the_nearest_node():
    graph = build_world(scenario(f"{NODES}, {LINKS}")).graph
    assert graph is not None
    assert [graph.node_ids[node] for node in graph.places[graph.site_place]] == ["s0", "mid", "far"]
    assert graph.site_delay_s == pytest.approx([0.0, 500 / 2e8, 400 / 2e8])
    assert graph.link_delay_s == pytest.approx([1500 / 2e8, 2e-3])
    assert graph.link_rate_bps == pytest.approx([1e8, 1e9])


def test_latency_is_that_of_attachments_links_and_sizes():
    graph = build_world(scenario(f"{NODES}, {LINKS}, attach_rate_mbps: 50")).graph
    assert graph is not None
    bits = np.array([1e6, 3e6])
    found_s = graph.latency_s(bits, np.array([0, 1]), np.arange(3))
    for row, (x, source) in enumerate(zip(bits, (0, 1), strict=True)):
        hop = {0: 1500 / 2e8 + x / 1e8, 1: 2e-3 + x / 1e9}
        attach = [0.0, 500 / 2e8, 400 / 2e8]
        for target in range(3):
            links = sum(hop[link] for link in range(min(source, target), max(source, target)))
            expected_s = links + attach[source] + attach[target] + 2 * x / 50e6 if source != target else 0.0
            assert found_s[row, target] == pytest.approx(expected_s, rel=1e-12)


def test_links_alone_name_their_nodes_and_take_stations_positions():
    graph = build_world(scenario("links: [{a: s0, b: s1}, {a: s1, b: s2}], default_rate_mbps: 10")).graph
    assert graph is not None
    assert graph.node_ids == ("s0", "s1", "s2")
    assert graph.link_delay_s == pytest.approx([1000 / 2e8, np.hypot(2000, 400) / 2e8])
    assert graph.site_delay_s.tolist() == [0, 0, 0]


EARTH = "nodes: [{id: a, lat_deg: 60, lon_deg: 10}, {id: b, lat_deg: 60, lon_deg: 10.1}], links: [{a: a, b: b}]"


def test_nodes_on_earth_lie_where_they_lie():
    graph = build_world(scenario(f"{EARTH}, default_rate_mbps: 10", ", origin: {lat_deg: 60, lon_deg: 10}")).graph
    assert graph is not None
    assert graph.node_xy_m[0] == pytest.approx([0, 0], abs=1e-6)
    assert graph.node_xy_m[1] == pytest.approx([5580, 4.2], rel=1e-2)
    assert graph.link_delay_s[0] * FIBRE_SPEED_M_PER_S == pytest.approx(5580, rel=1e-3)


@pytest.mark.parametrize("origin", ["", ", origin: {lat_deg: -37, lon_deg: 144}"])
def test_fit_stretches_the_graph_onto_the_area(origin):
    nodes = (
        "nodes: [{id: a, lat_deg: 30, lon_deg: -120}, {id: b, lat_deg: 50, lon_deg: -70}, {id: c}, "
        "{id: d, lat_deg: 40, lon_deg: -100}], links: [{a: a, b: b}, {a: a, b: c, delay_ms: 7}, {a: d, b: b}]"
    )
    graph = build_world(scenario(f"{nodes}, fit: true, default_rate_mbps: 10", origin)).graph
    assert graph is not None
    known = graph.node_xy_m[[0, 1, 3]]
    assert known.min(axis=0) == pytest.approx([0, 0])
    assert known.max(axis=0) == pytest.approx([4000, 2000])
    assert np.isnan(graph.node_xy_m[2]).all()
    assert graph.link_delay_s[0] == pytest.approx(np.hypot(*(known[0] - known[1])) / 2e8)
    assert graph.link_delay_s[1] == 7e-3


def test_an_axis_without_extent_is_centred():
    nodes = "nodes: [{id: a, x_m: 5, y_m: 9}, {id: b, x_m: 7, y_m: 9}], links: [{a: a, b: b, rate_mbps: 1}], fit: true"
    graph = build_world(scenario(nodes)).graph
    assert graph is not None and graph.node_xy_m.tolist() == [[0, 1000], [4000, 1000]]


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (
            "links: [{a: s0, b: s1, rate_mbps: 0}]",
            "ring.yaml:10: backhaul.graph.links.0.rate_mbps: must be greater than",
        ),
        ("links: [{a: s0, b: s1, rate_mbps: .nan}]", "links.0.rate_mbps: must be a finite number (got nan)"),
        ("links: [{a: s0, b: s1, delay_ms: -1}]", "links.0.delay_ms: must be 0 or greater"),
        ("links: [{a: s0, b: s0}]", "links.0: joins the node 's0' to itself"),
        ("links: [{a: s0}]", "links.0.b: is required"),
        ("links: [{a: s0, b: s1, rate: 3}]", "unknown field; did you mean 'rate_mbps'?"),
        (
            "nodes: [{id: s0}, {id: mid}], links: [{a: s0, b: mdi}]",
            "links.0.b: unknown node 'mdi'; did you mean 'mid'?",
        ),
        ("nodes: [{id: x}, {id: y}, {id: x}], links: [{a: x, b: y}]", "duplicate node 'x'"),
        ("nodes: [{id: x, x_m: 1}], links: []", "nodes.0: give x_m and y_m, or lat_deg and lon_deg"),
        ("nodes: [{id: x, x_m: .nan, y_m: 1}]", "nodes.0.x_m: must be a finite number (got nan)"),
        ("{}".strip("{}"), "backhaul.graph: exactly one of file and links must be given"),
        ("file: a.gml, links: [{a: x, b: y}]", "exactly one of file and links must be given"),
        ("links: [{a: s0, b: s1, delay_ms: 1}]", "the link s0 - s1 states no rate; give it one, or default_rate_mbps"),
        ("links: [{a: x, b: y, rate_mbps: 1}]", "the link x - y states no delay, and its ends have no positions"),
        (
            "links: [{a: x, b: y, rate_mbps: 1, delay_ms: 1}]",
            "no node is named 's0', and no node has a position to find the nearest by",
        ),
        (
            f"{NODES}, links: [{{a: s0, b: mid, rate_mbps: 1}}]",
            "no path joins 's0' (at node 's0') and 's2' (at node 'far')",
        ),
        (f"{EARTH}, default_rate_mbps: 1", "state area.origin: {lat_deg, lon_deg}, or fit: true"),
        ("links: [{a: s0, b: s1, rate_mbps: 1}], fit: true", "fit: no node states a position"),
        (
            "nodes: [{id: a, lat_deg: 1, lon_deg: 1}, {id: b, x_m: 1, y_m: 1}], links: [{a: a, b: b}], fit: true",
            "not a mixture",
        ),
        (
            "nodes: [{id: a, x_m: 9e6, y_m: 1}, {id: b, x_m: 9e6, y_m: 5}], links: [{a: a, b: b, rate_mbps: 1}]",
            "half of the stations are 8999 km or more from the nearest node",
        ),
        (
            "file: net.gml",
            "backhaul.graph.file: a file can only be named in a scenario that is itself read from a file",
        ),
    ],
)
def test_refused(graph, message):
    assert message in error(graph)


GML = """graph [ Creator "Topology Zoo Toolset" Network "Pair"
  node [ id 0 label "a" x_m 0 y_m 0 ] node [ id 1 label "b" x_m 3000 y_m 0 ]
  edge [ source 0 target 1 ] ]
"""


def write(tmp_path, name, text, graph=""):
    (tmp_path / name).write_text(text)
    path = tmp_path / "ring.yaml"
    path.write_text(
        HEAD.replace("ORIGIN", "") + f"backhaul: {{graph: {{file: {name}, default_rate_mbps: 5{graph}}}}}\n"
    )
    return path


def test_files_are_read_into_the_scenario(tmp_path, assert_same_world):
    read = load_scenario(write(tmp_path, "net.gml", GML))
    assert read.attribution == ("backhaul graph Pair: Internet Topology Zoo, CC BY 4.0",)
    graph = read.backhaul.graph
    assert graph is not None and graph.file is None and [node.id for node in graph.nodes] == ["a", "b"]
    again = parse_scenario(dump_scenario(read))
    assert again == read
    first, second = build_world(expand(read)).graph, build_world(again).graph
    assert first is not None and second is not None
    assert first.path_delay_s.tobytes() == second.path_delay_s.tobytes()
    facts = summary(read)
    assert (facts["backhaul_nodes"], facts["backhaul_links"]) == (2, 1)


def test_csv_links_between_listed_nodes(tmp_path):
    nodes = ", nodes: [{id: a, x_m: 0, y_m: 0}, {id: b, x_m: 3000, y_m: 0}]"
    graph = build_world(load_scenario(write(tmp_path, "links.csv", "a,b\na,b\n", nodes))).graph
    assert graph is not None and graph.link_delay_s.tolist() == [3000 / 2e8]
    with pytest.raises(InputError, match=r"links\.0\.b: unknown node 'c'"):
        load_scenario(write(tmp_path, "links.csv", "a,b\na,c\n", nodes))
    with pytest.raises(InputError, match=r"net\.gml has nodes of its own"):
        load_scenario(write(tmp_path, "net.gml", GML, nodes))


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("../net.gml", "must stay under the folder of the scenario file"),
        ("missing.gml", r"ring.yaml:10: backhaul.graph.file: .*missing.gml: file not found"),
    ],
)
def test_files_elsewhere(tmp_path, file, message):
    path = write(tmp_path, "net.gml", GML)
    path.write_text(path.read_text().replace("net.gml", file))
    with pytest.raises(InputError, match=message):
        load_scenario(path)


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (f"{NODES}, links: [{{a: s0, b: mid, rate_mbps: 1}}]", "backhaul.graph: no path joins 's0'"),
        ("links: [{a: s0, b: s1}]", "backhaul.graph: the link s0 - s1 states no rate"),
        ("links: [{a: x, b: y, rate_mbps: 1}]", "backhaul.graph: the link x - y states no delay"),
    ],
)
def test_what_is_found_after_reading_names_the_file(graph, message, tmp_path):
    path = tmp_path / "city.yaml"
    path.write_text(HEAD.replace("ORIGIN", "") + f"backhaul: {{graph: {{{graph}}}}}\n")
    for read in (load_scenario(path), load_scenario(path, seed=3), load_scenario(path).model_copy()):
        with pytest.raises(InputError) as caught:
            build_world(read)
        assert str(caught.value).startswith(f"{path}: {message}")
    text = path.read_text()
    assert load_scenario(path) == parse_scenario(text)
    with pytest.raises(InputError, match=r"^ring: backhaul.graph: "):
        build_world(parse_scenario(text))


def test_a_cloud_with_the_name_of_a_station_names_the_file(tmp_path):
    path = tmp_path / "city.yaml"
    cloud = "cloud: {name: s1, latency_ms: 1, host: true, cpu_gcycles_per_s: 2}\n"
    path.write_text(HEAD.replace("ORIGIN", "") + cloud)
    with pytest.raises(InputError, match=r"city.yaml: cloud.name: 's1' is the id of a station"):
        build_world(load_scenario(path))
