"""A world whose only host is the cloud: accepted, described, drawn, planned by every policy."""

import json

import numpy as np
import pytest

from twinhop import plan
from twinhop.placement import policy_names
from twinhop.plans.describe import describe
from twinhop.scenario import build_world, dump_scenario, expand, parse_scenario, summary

CITY = """schema_version: 1
name: town
stations: {list: [{id: a, x_m: 100, y_m: 100, host: false}, {id: b, x_m: 900, y_m: 100, host: false}]}
users: {generate: {count: 12}}
"""
CLOUD = "cloud: {name: core, latency_ms: 5, host: true, cpu_gcycles_per_s: 300}\n"


@pytest.fixture
def scenario():
    return parse_scenario(CITY + CLOUD)


def test_the_file_is_read_and_written(scenario):
    world = build_world(scenario)
    assert not world.host.any() and world.host_capacity.tolist() == [0, 0, 12]
    assert parse_scenario(dump_scenario(expand(scenario))).cloud == scenario.cloud
    assert (summary(scenario)["possible_hosts"], summary(scenario)["cpu_gcycles_per_s"]) == (1, None)


def test_users_are_described_on_the_cloud(scenario, tmp_path):
    found = describe(scenario)
    assert found.access_host.tolist() == [2] * 12
    work = 50 * found.world.update_bits.sum()
    assert np.isnan(found.update_load[:2]).all() and found.update_load[2] == pytest.approx(work / 300e9)
    found.save(tmp_path)
    facts = json.loads((tmp_path / "describe.json").read_text())
    assert facts["busiest_station_id"] == "core"
    assert facts["update_load_of_busiest"] == pytest.approx(facts["update_load_of_total_cpu"])


@pytest.mark.parametrize("policy", policy_names())
def test_every_policy_seats_all_twins_there(scenario, policy, tmp_path):
    made = plan(scenario, policy=policy)
    assert made.solution.placement.host.tolist() == [2] * 12
    made.save(tmp_path)
    assert (tmp_path / "map.png").stat().st_size > 0
