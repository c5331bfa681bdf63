"""The cloud as an additional host: its index, its costs, its latency by each rule, and what is refused."""

import itertools

import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.formulation import formulate, radio_state, wires
from twinhop.placement import Placement, evaluate, policy_names, solve
from twinhop.scenario import build_world, parse_scenario, summary

CITY = """schema_version: 1
name: town
area: {width_m: 1500, height_m: 1500}
stations: {generate: {count: 3}, capacity_users: 4}
users: {generate: {count: 5}}
objective: {deadlines: false}
"""
PHI = 1e-11
GRAPH = """backhaul:
  graph:
    nodes: [{id: b0}, {id: b1}, {id: b2}, {id: core, x_m: 700, y_m: 700}]
    links: [{a: b0, b: core, rate_mbps: 100}, {a: b1, b: core, rate_mbps: 200}, {a: b2, b: core, rate_mbps: 400}]
"""


def world(cloud, more=""):
    return build_world(parse_scenario(f"{CITY}{more}cloud: {{{cloud}}}\n", "town.yaml"))


def complaint(cloud, more=""):
    with pytest.raises(InputError) as caught:
        world(cloud, more)
    return str(caught.value)


def test_a_cloud_on_the_map_only_changes_nothing():
    with_cloud, without = formulate(world("x_m: 3, y_m: 4")), formulate(build_world(parse_scenario(CITY)))
    assert with_cloud.station_ids == without.station_ids
    assert with_cloud.comm_s.tobytes() == without.comm_s.tobytes()


def test_the_cloud_is_the_last_host_and_open_at_no_cost():
    site = world("name: core, latency_ms: 20, link_rate_mbps: 50, host: true, cpu_gcycles_per_s: 200")
    problem = formulate(site)
    assert problem.station_ids == ("b0", "b1", "b2", "core")
    assert problem.stations == 4
    assert (problem.opening_s[3], problem.capacity[3], problem.cpu[3]) == (0, 5, 200e9)
    assert problem.distance_m is not None and np.isinf(problem.distance_m[:, 3]).all()
    assert summary(parse_scenario(CITY + "cloud: {latency_ms: 1, host: true, cpu_gcycles_per_s: 1}"))["cloud"] == 3
    stations_only = formulate(build_world(parse_scenario(CITY)))
    assert problem.comm_s[:, :3].tobytes() == stations_only.comm_s.tobytes()


def test_the_seats_of_the_cloud_count_in_the_summary():
    facts = summary(parse_scenario(CITY + "cloud: {latency_ms: 1, host: true, cpu_gcycles_per_s: 1}"))
    assert (facts["possible_hosts"], facts["seats"]) == (4, 3 * 4 + 5)


@pytest.mark.parametrize(
    ("cloud", "more", "wired"),
    [
        ("latency_ms: 20", "", lambda x, here: 0.02),
        ("latency_ms: 20, link_rate_mbps: 50", "", lambda x, here: 0.02 + x / 50e6),
        ("x_m: 700, y_m: 1900", "", lambda x, here: PHI * x * np.hypot(here[0] - 700, here[1] - 1900)),
        (
            "x_m: 700, y_m: 1900, link_rate_mbps: 50",
            "",
            lambda x, here: PHI * x * np.hypot(here[0] - 700, here[1] - 1900) + x / 50e6,
        ),
        ("x_m: 700, y_m: 1900, latency_ms: 3", GRAPH, lambda x, here: 0.003),
        ("name: core, link_rate_mbps: 50", GRAPH, None),
        ("x_m: 700, y_m: 720", GRAPH, None),
    ],
)
def test_latency_to_the_cloud(cloud, more, wired):
    site = world(f"{cloud}, host: true, cpu_gcycles_per_s: 100", more)
    radio = radio_state(site)
    found_s = wires(site, radio.access)(site.history_bits)
    assert found_s.shape == (5, 4)
    for i, (x, at) in enumerate(zip(site.history_bits, radio.access, strict=True)):
        here = site.station_xy_m[at]
        if wired is not None:
            expected_s = wired(x, here)
        else:  # one link to the core, and from there to a cloud that is not the core
            away_m = 20.0 if "x_m" in cloud else 0.0
            length_m = np.hypot(here[0] - 700, here[1] - 700)
            expected_s = (
                (length_m + away_m) / 2e8 + x / (100e6, 200e6, 400e6)[at] + (x / 50e6 if "link" in cloud else 0)
            )
        assert found_s[i, 3] == pytest.approx(expected_s, rel=1e-9)


def test_the_wired_hop_counts_twice_where_it_is_read_so():
    cloud = "latency_ms: 100, host: true, cpu_gcycles_per_s: 9"
    once, twice = formulate(world(cloud)), formulate(world(cloud, "readings: {rows: {1: literal}}\n"))
    assert twice.comm_s[:, 3] - once.comm_s[:, 3] == pytest.approx(0.1)


@pytest.mark.parametrize("more", ["", GRAPH])
def test_the_optimum_is_that_of_enumeration(more):
    problem = formulate(world("name: core, x_m: 1, y_m: 1, host: true, cpu_gcycles_per_s: 60, capacity_users: 3", more))
    costs = []
    for hosts in itertools.product(range(4), repeat=5):
        host = np.array(hosts, np.int64)
        placement = Placement(host, np.isin(np.arange(4), host))
        evaluation = evaluate(problem, placement)
        if evaluation.feasible:
            costs.append(evaluation.cost)
    solution = solve(problem, "exact")
    assert solution.cost == pytest.approx(min(costs), rel=1e-6)
    assert solution.lower_bound is not None and solution.lower_bound <= min(costs)


@pytest.mark.parametrize("policy", policy_names())
def test_every_policy_seats_users_on_the_cloud_where_stations_lack_room(policy):
    site = world("latency_ms: 5, host: true, cpu_gcycles_per_s: 60", "")
    crowded = parse_scenario(
        CITY.replace("capacity_users: 4", "capacity_users: 1")
        + "cloud: {latency_ms: 5, host: true, cpu_gcycles_per_s: 60}\n"
    )
    solution = solve(formulate(build_world(crowded)), policy)
    assert solution.evaluation.feasible
    assert (solution.placement.host == 3).sum() >= 2
    assert solve(formulate(site), policy).evaluation.feasible


@pytest.mark.parametrize(
    ("cloud", "message"),
    [
        ("x_m: 1", "town.yaml:7: cloud.y_m: is required"),
        ("y_m: 1", "cloud.x_m: is required"),
        ("name: c", "cloud: needs x_m and y_m, or latency_ms"),
        ("latency_ms: -1", "cloud.latency_ms: must be 0 or greater"),
        ("latency_ms: 1, link_rate_mbps: 0", "cloud.link_rate_mbps: must be greater than 0"),
        ("latency_ms: 1, host: true", "cloud.cpu_gcycles_per_s: is required where the cloud may host"),
        ("latency_ms: 1, host: 1", "cloud.host: must be true or false"),
        ("latency_ms: 1, host: true, cpu_gcycles_per_s: 0", "cpu_gcycles_per_s: must be greater than 0"),
        (
            "latency_ms: 1, capacity_users: many",
            'cloud.capacity_users: must be a whole number from 0 to 20000000, "all"',
        ),
        ("name: b1, latency_ms: 1, host: true, cpu_gcycles_per_s: 3", "cloud.name: 'b1' is the id of a station"),
    ],
)
def test_refused(cloud, message):
    assert message in complaint(cloud)


def test_a_cloud_that_nothing_places_is_refused():
    assert "town.yaml:11: cloud: needs x_m and y_m, or latency_ms; the graph has no node 'zz'" in complaint(
        "name: zz", GRAPH
    )
    assert world("name: core", GRAPH).cloud is not None
    assert "town.yaml:7: cloud: needs x_m and y_m" in complaint("host: true, cpu_gcycles_per_s: 3")


def test_a_cloud_that_the_graph_cannot_place_is_refused():
    message = "no node is named 'cloud', and the cloud has no position to find the nearest by"
    assert message in complaint("host: true, cpu_gcycles_per_s: 3", GRAPH)


def test_the_summary_counts_the_cloud_and_no_station_without_seats():
    """As in `describe`."""
    rows = "stations: {list: [{id: a, x_m: 0, y_m: 0, capacity_users: 0}, {id: b, x_m: 9, y_m: 0, capacity_users: 2}]}"
    text = CITY.replace("stations: {generate: {count: 3}, capacity_users: 4}", rows)
    facts = summary(parse_scenario(f"{text}cloud: {{host: true, cpu_gcycles_per_s: 4, latency_ms: 9}}\n"))
    assert (facts["possible_hosts"], facts["seats"]) == (2, 2 + 5)
    facts = summary(parse_scenario(text))
    assert (facts["possible_hosts"], facts["seats"]) == (1, 2)
