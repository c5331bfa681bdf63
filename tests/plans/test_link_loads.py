"""What links carry against a plain walk, and how reports, answers and maps show graphs and clouds."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import twinhop
from twinhop.output.plans.geojson import map_features
from twinhop.plans.link_loads import link_loads
from twinhop.scenario import import_csv, parse_scenario, save_scenario

DATA = Path(__file__).parents[3] / "shared" / "data"
SITES, ZOO = DATA / "eua", DATA / "topology_zoo"

TREE = """schema_version: 1
name: tree
area: {width_m: 3000, height_m: 3000}
stations: {generate: {count: 6}, opening_s: 0.5}
users: {generate: {count: 40}}
objective: {deadlines: false}
backhaul:
  graph:
    default_rate_mbps: 500
    nodes: [{id: b0}, {id: b1}, {id: b2}, {id: b3}, {id: b4}, {id: b5}, {id: hub}]
    links:
      - {a: b0, b: b1}
      - {a: b1, b: b2}
      - {a: b1, b: hub, delay_ms: 1, rate_mbps: 50}
      - {a: hub, b: b3, delay_ms: 0.5}
      - {a: b3, b: b4}
      - {a: b4, b: b5}
"""
CLOUD = "cloud: {latency_ms: 10, host: true, cpu_gcycles_per_s: 400}\n"


@pytest.fixture(scope="module")
def plan():
    return twinhop.plan(parse_scenario(TREE))


def side_of(link, graph):
    """The nodes on the a side of a tree's link, by walking without it."""
    reached, todo = set(), [int(graph.link_nodes[link, 0])]
    while todo:
        node = todo.pop()
        reached.add(node)
        for other, (a, b) in enumerate(graph.link_nodes.tolist()):
            if other != link and node in (a, b):
                todo += [each for each in (a, b) if each not in reached]
    return reached


def test_a_link_of_a_tree_carries_what_crosses_it(plan):
    loads, world, access = link_loads(plan), plan.case.world, plan.case.radio.access
    assert loads is not None
    host = plan.solution.placement.host
    assert (host != access).any()
    for link in range(6):
        side = side_of(link, loads.graph)
        crossing = np.array([(int(b) in side) != (int(k) in side) for b, k in zip(access, host, strict=True)])
        bits = (world.history_bits + world.update_bits)[crossing].sum()
        assert loads.bits_per_user[link] == pytest.approx(bits / 40)
        rate = world.update_bits[crossing].sum() / world.sync_period_s
        assert loads.utilisation[link] == pytest.approx(rate / loads.graph.link_rate_bps[link])


def test_report_and_answer_name_the_three_most_loaded_links(plan):
    named = plan.to_json()["most_loaded_links"]
    loads = link_loads(plan)
    assert loads is not None
    assert [link["bits_per_user"] for link in named] == sorted(loads.bits_per_user, reverse=True)[: len(named)]
    assert 1 <= len(named) <= 3
    report = plan.report()
    assert "## Most loaded links" in report
    for link in named:
        assert f"| {link['a']} - {link['b']} |" in report


def test_nothing_is_said_of_links_without_a_graph():
    plan = twinhop.plan("lu2021-n80-m5", "nearest")
    assert "most_loaded_links" not in plan.to_json()
    assert "links" not in plan.report()


def test_links_that_carry_nothing_are_not_named():
    alone = TREE.replace("count: 6", "count: 1").replace("graph:\n", "graph:\n    default_delay_ms: 1\n")
    plan = twinhop.plan(parse_scenario(alone))
    assert plan.to_json()["most_loaded_links"] == []
    assert "the links carry nothing" in plan.report()


def test_latencies_that_users_get_add_up_to_the_cost(plan, tmp_path):
    import polars as pl

    for each in (plan, twinhop.plan(parse_scenario(TREE + CLOUD))):
        each.save(tmp_path)
        table = pl.read_parquet(tmp_path / "associations.parquet")
        world = each.case.world
        mean_s = (table["construction_s"] + world.eta_s * table["utilisation"]).mean()
        assert mean_s == pytest.approx(each.solution.evaluation.latency_s, rel=1e-9)


@pytest.mark.parametrize("more", ["", CLOUD, "cloud: {name: hub, x_m: 9, y_m: 9, host: true, cpu_gcycles_per_s: 90}\n"])
def test_files_show_graph_and_cloud(tmp_path, more):
    plan = twinhop.plan(parse_scenario(TREE + more), "nearest" if not more else "lagrangian")
    plan.save(tmp_path)
    value = json.loads((tmp_path / "map.geojson").read_text())
    links = [each for each in value["features"] if each["properties"]["kind"] == "link"]
    assert [(each["properties"]["a"], each["properties"]["b"]) for each in links][2] == ("b1", "hub")
    hub_is_placed = "hub" in more
    for each in links:
        placed = hub_is_placed or "hub" not in (each["properties"]["a"], each["properties"]["b"])
        assert (each["geometry"] is not None) == placed
    clouds = [each for each in value["features"] if each["properties"]["kind"] == "cloud"]
    assert len(clouds) == bool(more)
    answer = json.loads((tmp_path / "placement.json").read_text())
    if more:
        assert answer["station_ids"][-1] == clouds[0]["properties"]["id"]
        assert answer["stations"] == 7
        assert (clouds[0]["geometry"] is None) == ("latency" in more)
        assert answer["host"].count(6) == clouds[0]["properties"]["twins"] > 0
    assert (tmp_path / "map.png").stat().st_size > 10_000


def test_a_cloud_with_its_own_latency_is_not_reached_by_links():
    plan = twinhop.plan(parse_scenario(TREE.replace("opening_s: 0.5", "capacity_users: 0") + CLOUD))
    assert (plan.solution.placement.host == 6).all()
    assert plan.to_json()["most_loaded_links"] == []


def test_map_features_of_a_positionless_cloud_keep_names():
    features = map_features(twinhop.plan(parse_scenario(TREE + CLOUD)))["features"]
    lost = [each for each in features if each["properties"]["kind"] == "association" and each["geometry"] is None]
    assert lost and {each["properties"]["host"] for each in lost} == {"cloud"}


@pytest.mark.skipif(not ZOO.is_dir() or not SITES.is_dir(), reason="the data folders eua and topology_zoo are absent")
@pytest.mark.parametrize("network", ["Abilene", "Dfn", "Geant2012"])
def test_melbourne_under_a_topology_zoo_backhaul(tmp_path, network):
    for source, target, names in (
        ("site-optus-melbCBD.csv", "s.csv", ("LATITUDE", "LONGITUDE")),
        ("users-melbcbd-generated.csv", "u.csv", ("Latitude", "Longitude")),
    ):
        with open(SITES / source) as lines:
            rows = [f"p{at},{row[names[0]]},{row[names[1]]}" for at, row in enumerate(csv.DictReader(lines))]
        (tmp_path / target).write_text("\n".join(["id,lat,lon", *rows]))
    save_scenario(import_csv(tmp_path / "s.csv", tmp_path / "u.csv", name="melbourne"), tmp_path / "city.yaml")
    shutil.copy(ZOO / f"{network}.gml", tmp_path)
    graph = (
        f"backhaul: {{graph: {{file: {network}.gml, fit: true, default_rate_mbps: 1000, default_delay_ms: 0.01}}}}\n"
    )
    with open(tmp_path / "city.yaml", "a") as city:
        city.write(graph)
    plan = twinhop.plan(tmp_path / "city.yaml", time_limit_s=20, gap=0.005)
    assert plan.feasible and plan.gap is not None and plan.gap <= 0.005
    assert len(plan.to_json()["most_loaded_links"]) == 3
    assert "Internet Topology Zoo, CC BY 4.0" in plan.report()


def run_plan(*arguments):
    command = [sys.executable, "-m", "twinhop", "plan", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_the_command_line_plans_over_a_graph_file(tmp_path):
    links = "a,b,rate_mbps,delay_ms\nb0,b1,100,0.1\nb1,b2,50,0.2\nb2,b3,100,0.1\nb3,b4,100,0.1\nb4,b5,90,0.1\n"
    (tmp_path / "links.csv").write_text(links)
    city = tmp_path / "city.yaml"
    city.write_text(TREE[: TREE.index("backhaul")] + "backhaul: {graph: {file: links.csv}}\n")
    run = run_plan(city, "--json")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["most_loaded_links"][0].keys() >= {"a", "b", "rate_mbps", "bits_per_user"}
    (tmp_path / "links.csv").write_text(links.replace("b1,b2,50", "b1,b2,0"))
    run = run_plan(city, "--out", tmp_path / "out")
    assert run.returncode == 2
    assert "links.csv:3: rate_mbps: must be greater than 0 (got 0)" in run.stderr
    assert "Traceback" not in run.stderr
    (tmp_path / "links.csv").write_text(links.replace("b1,b2,50,0.2\n", ""))
    run = run_plan(city, "--out", tmp_path / "out")
    assert run.returncode == 2
    assert "no path joins 'b0' (at node 'b0') and 'b2' (at node 'b2')" in run.stderr
    assert not (tmp_path / "out").exists()
