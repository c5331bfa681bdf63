"""The section `services`: members, sizes in SI units, reading back, and what is refused."""

import jsonschema
import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.io.yaml_io import read_yaml
from twinhop.scenario import build_world, dump_scenario, expand, json_schema, parse_scenario

CITY = """
schema_version: 1
name: town
stations: {generate: {count: 3}}
users:
  classes: [{name: car, share: 0}]
  list:
    - {id: ada, x_m: 100, y_m: 100, class: car, update_mbit: 0.9}
    - {id: bob, x_m: 500, y_m: 100, class: car, update_mbit: 0.2}
    - {id: cem, x_m: 100, y_m: 500, update_mbit: 0.8}
    - {id: dot, x_m: 700, y_m: 700, update_mbit: 0.1}
services:
  - {name: one, members: {MEMBERS}, extracted_mbit: 0.25, work_gcycles: 0.5, period_s: 2, deadline_ms: 80}
"""


def world(members):
    return build_world(parse_scenario(CITY.replace("{MEMBERS}", "{" + members + "}"), "city.yaml"))


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ("ids: [dot, ada]", [0, 3]),
        ("classes: [car]", [0, 1]),
        ("classes: [default]", [2, 3]),
        ("where: 'update_mbit > 0.5'", [0, 2]),
        ('where: \'class == "car" or id in ["dot"]\'', [0, 1, 3]),
        ("polygon_m: [[0, 0], [600, 0], [600, 200], [0, 200]]", [0, 1]),
        ("classes: [car], where: 'update_mbit > 0.5'", [0]),
        ("ids: [ada, cem], polygon_m: [[0, 0], [600, 0], [600, 200], [0, 200]]", [0]),
    ],
)
def test_members(members, expected):
    (service,) = world(members).services
    assert service.members.tolist() == expected
    assert (service.extracted_bits, service.work_cycles) == (0.25e6, 0.5e9)
    assert (service.period_s, service.deadline_s) == (2.0, 0.08)


def test_no_deadline_is_infinite():
    text = CITY.replace("{MEMBERS}", "{classes: [car]}").replace(", deadline_ms: 80", "")
    assert build_world(parse_scenario(text)).services[0].deadline_s == np.inf


@pytest.mark.parametrize("members", ["classes: [car]", "polygon_m: [[0, 0], [600, 0], [600.5, 200]]", "ids: [ada]"])
def test_reads_back_and_expands(members):
    scenario = parse_scenario(CITY.replace("{MEMBERS}", "{" + members + "}"))
    again = parse_scenario(dump_scenario(scenario))
    assert again == scenario
    for other in (again, expand(scenario)):
        for mine, theirs in zip(build_world(scenario).services, build_world(other).services, strict=True):
            assert mine.members.tolist() == theirs.members.tolist()
    jsonschema.validate(read_yaml(dump_scenario(scenario), "a"), json_schema())


def test_users_who_are_not_active_are_no_members():
    profile = [0.5] * 24
    load = f"load: {{hour: 3, profile: {profile}}}\n"
    text = CITY.replace("{MEMBERS}", "{ids: [ada, bob, cem, dot]}") + load
    made = build_world(parse_scenario(text))
    assert len(made.user_ids) == 2
    assert made.services[0].members.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ("", "city.yaml:13: services.0.members: at least one of ids, classes, where, polygon_m must be given"),
        ("ids: []", "services.0.members.ids: is empty: a service needs members"),
        ("classes: []", "services.0.members.classes: is empty"),
        ("ids: [ada, ada]", "services.0.members.ids: 'ada' is listed twice"),
        ("classes: [cat]", "services.0.members.classes.0: no users have the class 'cat'; did you mean 'car'? accepted"),
        ("where: 'speed > 1'", "services.0.members.where: users have no attribute 'speed'"),
        ("where: 'x_m == \"a\"'", "services.0.members.where: x_m is compared with a number"),
        ("where: 'class == 1'", "services.0.members.where: class is compared with a text in quotes"),
        ("where: 3", "services.0.members.where: must be text"),
        ("polygon_m: [[0, 0], [1, 1]]", "services.0.members.polygon_m: needs at least 3 vertices (got 2)"),
        ("polygon_m: [[0, 0], [1, 1], [1, 0], [0, 1]]", "services.0.members.polygon_m: crosses itself"),
        ("polygon_m: [[0, 0], [1, x], [1, 0]]", "services.0.members.polygon_m.1.1: must be a number"),
    ],
)
def test_refused_when_read(members, message):
    with pytest.raises(InputError) as caught:
        world(members)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ("ids: [adda]", "town: services.0.members.ids.0: there is no user 'adda'; did you mean 'ada'?"),
        (
            "where: 'x_m > 5000'",
            "the service 'one' has no members: no active user meets where; a service needs at least one",
        ),
    ],
)
def test_refused_when_made(members, message):
    with pytest.raises(InputError) as caught:
        world(members)
    assert message in str(caught.value)


def test_names_differ():
    row = "  - {name: one, members: {classes: [car]}, extracted_mbit: 1, work_gcycles: 1}\n"
    with pytest.raises(InputError, match="services.1.name: the name 'one' is given twice"):
        parse_scenario(CITY.replace("{MEMBERS}", "{classes: [car]}") + row)


def test_a_cloud_that_only_runs_services_needs_another_name():
    text = CITY.replace("{MEMBERS}", "{classes: [car]}") + "cloud: {name: b1, latency_ms: 3, cpu_gcycles_per_s: 9}\n"
    with pytest.raises(InputError, match="cloud.name: 'b1' is the id of a station"):
        build_world(parse_scenario(text))
