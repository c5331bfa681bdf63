"""Every reader of cities, graphs and facility files under mutations of what it reads, by seeds.

What keeps the meaning gives the same answer; what breaks it is refused or noted; nothing is ever a traceback.
"""

import gzip
import json
from random import Random

import mutations
import numpy as np
import pytest
from problem_makers import facility_arrays

from twinhop.errors import InputError
from twinhop.placement.sscflp import read_sscflp
from twinhop.scenario import csv_city
from twinhop.scenario.files.graph_file import read_graph
from twinhop.scenario.importers import geojson_city

COUNTS = pytest.mark.parametrize("count", [60, pytest.param(2000, marks=pytest.mark.slow)])


def table(kind: str, geographic: bool) -> str:
    """A table of stations or users whose cells have every number of decimals but three."""
    random = Random(7)
    names = ("lat", "lon") if geographic else ("x_m", "y_m")
    further = ("capacity_users", "opening_s", "host") if kind == "b" else ("history_mbit", "class")
    rows = [["id", *names, *further]]
    for at in range(8):
        x, y = random.uniform(0, 0.02), random.uniform(0, 0.02)
        place = [f"{48.1 + x:.6f}", f"{11.5 + y:.5f}"] if geographic else [f"{1e5 * x:.2f}", f"{1e5 * y:.1f}"]
        more = [str(at + 3), f"0.{at + 1}", "yes"] if kind == "b" else [f"{at}.25", "phone" if at % 2 else "car"]
        rows.append([f"{kind}{at:03}", *place, *more])
    return mutations.text_of(rows)


@pytest.fixture(params=[True, False], ids=["degrees", "metres"])
def tables(request, tmp_path):
    """Two tables, and a function that imports them with one of them changed."""
    texts = {"stations": table("b", request.param), "users": table("u", request.param)}

    def read(changed: str, content: bytes):
        paths = [
            mutations.write(tmp_path, f"{name}.csv", content if name == changed else text.encode())
            for name, text in texts.items()
        ]
        return csv_city(*paths, name="city", labels="none")

    return texts, read


@COUNTS
@pytest.mark.parametrize("changed", ["stations", "users"])
def test_a_table_written_otherwise_is_the_same_city(tables, changed, count):
    texts, read = tables
    expected = read(changed, texts[changed].encode()).scenario
    for seed, random in mutations.seeds(count):
        content = mutations.same_bytes(random, mutations.same_table(random, texts[changed]))
        assert read(changed, content).scenario == expected, f"seed {seed}"


@COUNTS
@pytest.mark.parametrize("changed", ["stations", "users"])
def test_a_broken_table_is_refused_or_another_city(tables, changed, count):
    texts, read = tables
    refused = 0
    for seed, random in mutations.seeds(count, first=10_000):
        text = (mutations.broken_table, mutations.broken_text)[seed % 2](random, texts[changed])
        try:
            read(changed, text.encode(errors="surrogatepass"))
        except InputError as error:
            refused += 1
            assert str(error), f"seed {seed}"
    assert refused > count / 4


def cut(text: str, random: Random) -> str:
    return text[: random.randrange(1, len(text) - 1)]


def shifted(text: str, random: Random) -> str:
    rows = mutations.rows_of(text)
    for row in rows[1:]:
        row.insert(0, row.pop())
    return mutations.text_of(rows)


def in_other_units(text: str, random: Random) -> str:
    factor = random.choice([1e-3, 1e3, 1e-2 / 3600, 1e6])
    rows = mutations.rows_of(text)
    scaled = [[row[0], *(repr(float(cell) * factor) for cell in row[1:3]), *row[3:]] for row in rows[1:]]
    return mutations.text_of([rows[0], *scaled])


def with_axes_swapped(text: str, random: Random) -> str:
    rows = mutations.rows_of(text)
    return mutations.text_of([rows[0], *([row[0], row[2], row[1], *row[3:]] for row in rows[1:])])


@COUNTS
@pytest.mark.parametrize("change", [cut, shifted, in_other_units, with_axes_swapped])
def test_what_changes_the_meaning_is_refused_or_noted(tables, change, count):
    texts, read = tables
    if change is with_axes_swapped and "x_m" in texts["users"]:
        pytest.skip("metres east and north may be swapped and no one can tell")
    before = read("users", texts["users"].encode())
    for seed, random in mutations.seeds(count if change is cut else min(count, 20)):
        text = change(texts["users"], random)
        try:
            city = read("users", text.encode())
        except InputError:
            continue
        same = all(row in before.scenario.users.rows for row in city.scenario.users.rows)
        assert city.summary.notes or same, f"seed {seed}: {text[-60:]!r}"


def features(kind: str) -> dict:
    random = Random(3)
    points = [
        {
            "type": "Feature",
            "id": f"{kind}{at}",
            "geometry": {
                "type": "Point",
                "coordinates": [11.5 + random.uniform(0, 0.02), 48.1 + random.uniform(0, 0.02)],
            },
            "properties": {"capacity_users": at + 1, "host": True, "history_mbit": 2.5, "name": "Straße"},
        }
        for at in range(6)
    ]
    return {"type": "FeatureCollection", "features": points, "attribution": "me"}


def same_json(random: Random, value: object) -> str:
    text = json.dumps(
        value, indent=random.choice([None, 1, 4]), sort_keys=random.random() < 0.5, ensure_ascii=random.random() < 0.5
    )
    return text.replace("\n", random.choice(mutations.LINE_ENDS))


@COUNTS
def test_geojson(tmp_path, count):
    stations, users = features("b"), features("u")
    other = mutations.write(tmp_path, "users.geojson", json.dumps(users).encode())

    def read(content: bytes):
        return geojson_city(mutations.write(tmp_path, "stations.geojson", content), other, name="city").scenario

    expected = read(json.dumps(stations).encode())
    for seed, random in mutations.seeds(count):
        assert read(mutations.same_bytes(random, same_json(random, stations))) == expected, f"seed {seed}"
        try:
            read(mutations.broken_text(random, json.dumps(stations)).encode(errors="surrogatepass"))
        except InputError as error:
            assert "stations.geojson" in str(error) or "user" in str(error), f"seed {seed}"


GML = """graph [
  directed 0
  node [ id 0 label "north" Latitude 59.9 Longitude 10.7 ]
  node [ id 1 label "Østre Aker" Latitude 59.8 Longitude 10.9 ]
  node [ id 2 label "west" ]
  edge [ source 0 target 1 LinkSpeedRaw 2500000000.0 ]
  edge [ source 1 target 2 delay_ms 1.5 rate_mbps 100 ]
]
"""
GRAPHML = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">'
    '<key id="d1" for="node" attr.name="lat" attr.type="double"/><key id="d2" for="node" attr.name="lng"/>'
    '<key id="d3" for="edge" attr.name="rate_mbps" attr.type="double"/><graph edgedefault="directed">'
    '<node id="a"><data key="d1">59.9</data><data key="d2">10.7</data></node><node id="Ø"/>'
    '<edge source="a" target="Ø"><data key="d3">7</data></edge>'
    '<edge source="Ø" target="a"><data key="d3">7</data></edge>'
    "</graph></graphml>"
)


def same_gml(random: Random, text: str) -> str:
    text = text.replace(" ", random.choice([" ", "\t", "  "])) if random.random() < 0.5 else text
    text = text.replace("\n", random.choice(["\n# a comment\n", "\r\n", "\n\n"]))
    return text.replace("[", "[\n") if random.random() < 0.3 else text


@COUNTS
@pytest.mark.parametrize(
    ("name", "text", "same"), [("g.gml", GML, same_gml), ("g.graphml", GRAPHML, mutations.same_xml)]
)
def test_graphs(tmp_path, name, text, same, count):
    def read(content: bytes):
        return read_graph(mutations.write(tmp_path, name, content))

    text = text.replace('"Østre Aker"', '"Ostre_Aker"') if name == "g.gml" else text  # blanks within names stay
    expected = read(text.encode())
    for seed, random in mutations.seeds(count):
        graph = read(mutations.same_bytes(random, same(random, text)))
        assert (graph.nodes, graph.links) == (expected.nodes, expected.links), f"seed {seed}"
        try:
            read(mutations.broken_text(random, text).encode(errors="surrogatepass"))
        except InputError as error:
            assert name in str(error), f"seed {seed}"


def facility_text(random: Random, arrays: dict, layout: int, width: int) -> bytes:
    cost = arrays["comm_s"].T
    m, n = cost.shape
    pairs = [list(pair) for pair in zip(arrays["demand_capacity"], arrays["opening_s"], strict=True)]
    demand = [list(arrays["demand"])]
    vectors = [list(arrays["demand_capacity"]), list(arrays["opening_s"])]
    rows = [list(row) for row in cost]
    customers = [part for d, c in zip(arrays["demand"], arrays["comm_s"], strict=True) for part in ([d], list(c))]
    blocks, head = (
        ([*pairs, *demand, *rows], (m, n)),
        ([*vectors, *demand, *rows], (m, n)),
        ([*demand, *vectors, *rows], (m, n)),
        ([*pairs, *customers], (m, n)),
        ([*map(list, arrays["comm_s"]), *demand, *vectors[::-1]], (n, m)),
    )[layout]
    blank, end = random.choice([" ", "\t", "   "]), random.choice(["\n", "\r\n", " \n"])
    lines = [list(head), *(row[at : at + width] for row in blocks for at in range(0, len(row), width))]
    text = end.join(blank.join(f"{number:g}" for number in line) for line in lines) + end
    return text.encode() + random.choice([b"", b"\0" * 40, b"# by a test\n", b"\n\n"])


@COUNTS
def test_facility_files(tmp_path, count):
    """Whatever the layout and the width, the same problem; or refused because lines do not tell; never another."""
    ambiguous = 0
    for seed, random in mutations.seeds(count):
        arrays = facility_arrays(random.randint(2, 12), random.randint(2, 9), seed=seed)
        content = facility_text(random, arrays, random.randrange(5), random.choice([1000, 1000, 10, 7, 5]))
        if seed % 3 == 0 and b"\0" not in content:
            content = mutations.same_bytes(random, content.decode())
        path = mutations.write(tmp_path, "p", content)
        try:
            problem = read_sscflp(path).problem
        except InputError as error:
            ambiguous += 1
            assert "state it by --problem-format" in str(error), f"seed {seed}: {error}"
            continue
        for name, value in arrays.items():
            assert np.array_equal(getattr(problem, name), value), f"seed {seed}: {name}"
    assert ambiguous < count / 4


@COUNTS
def test_broken_facility_files(tmp_path, count):
    arrays = facility_arrays(7, 4, seed=1)
    for seed, random in mutations.seeds(count):
        text = facility_text(random, arrays, random.randrange(5), 1000).decode("latin-1")
        path = mutations.write(tmp_path, "p", mutations.broken_text(random, text).encode(errors="surrogatepass"))
        try:
            assert read_sscflp(path).notes, f"seed {seed}"
        except InputError as error:
            assert str(error).startswith(str(path)), f"seed {seed}"


def test_a_compressed_table_that_is_cut_off_is_refused(tables):
    texts, read = tables
    for size in range(1, 60, 7):
        with pytest.raises(InputError, match="users.csv"):
            read("users", gzip.compress(texts["users"].encode())[:size])
