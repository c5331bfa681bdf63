"""What `describe` works out station by station is what it works out of all links."""

import dataclasses

import numpy as np
import pytest

from twinhop.plans.describe import describe
from twinhop.plans.sparse import case
from twinhop.scenario import parse_scenario

HEAD = """
schema_version: 1
name: t
seed: 5
area: {width_m: 4000, height_m: 4000}
stations: {generate: {count: 15, host_share: 0.6}, cpu_gcycles_per_s: {uniform: [0.2, 30]}}
users: {generate: {count: 300}, deadline_ms: {uniform: [8, 90]}}
"""
MORE = {
    "plain": "",
    "cloud": "cloud: {latency_ms: 3, link_rate_mbps: 800, host: true, cpu_gcycles_per_s: 9}\n",
    "far cloud": "cloud: {x_m: 90000, y_m: 0, host: true, cpu_gcycles_per_s: 900}\n",
    "literal": "readings: {rows: {1: literal, 7: literal}}\nbackhaul: {latency_s_per_bit_m: 1e-10}\n",
    "no deadlines": "objective: {deadlines: false}\n",
    "graph": "backhaul: {graph: {fit: true, default_rate_mbps: 100, nodes: [{id: p, x_m: 0, y_m: 0}, {id: q, x_m: 1, "
    "y_m: 1}], links: [{a: p, b: q}]}}\n",
}


@pytest.mark.parametrize("name", MORE)
def test_a_description_is_the_same_station_by_station(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = parse_scenario(HEAD + MORE[name])
    every_link = describe(scenario)
    monkeypatch.setattr(case, "WIDE_LINKS", 0)
    by_station = describe(scenario)
    assert hasattr(by_station.radio, "link_distance_m") and type(by_station.radio) is not type(every_link.radio)
    for field in dataclasses.fields(every_link):
        one, other = getattr(every_link, field.name), getattr(by_station, field.name)
        if isinstance(one, np.ndarray):
            assert other == pytest.approx(one, rel=1e-12, nan_ok=True), field.name
        elif isinstance(one, float):
            assert other == pytest.approx(one, rel=1e-9), field.name
    assert by_station.warnings == every_link.warnings
    if every_link.unmeetable is not None:
        assert 0 < every_link.unmeetable.sum() < 300
