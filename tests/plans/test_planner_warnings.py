"""Warnings that a planner needs: each where it is due, in the same words everywhere, none on what is sound."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

import twinhop
from twinhop.errors import PlanningWarning
from twinhop.names import benchmark_names
from twinhop.placement import PlacementProblem
from twinhop.plans.describe import describe
from twinhop.plans.planner_warnings import FAULTS, binding_warnings
from twinhop.plans.planner_warnings.positions import position_warnings
from twinhop.plans.planner_warnings.radio_load import radio_load
from twinhop.plans.planning import make_case
from twinhop.plans.shadow_prices import StationWorth
from twinhop.scenario import build_world, parse_scenario, project
from twinhop.scenario.presets.presets import preset_names

GENERATED = """schema_version: 1
name: town
area: {{width_m: 2000, height_m: 1500}}
stations: {{generate: {{count: 4}}{stations}}}
users: {{generate: {{count: 12}}{users}}}
objective: {{deadlines: {deadlines}{objective}}}
radio: {{bandwidth_mhz: {bandwidth}}}
"""
STATIONS = [("a", 100, 100), ("b", 1900, 150), ("c", 900, 400), ("d", 300, 380)]
USERS = [(f"u{at}", 150 + 170 * at, 120 + 25 * at) for at in range(10)]
#: Worlds of the same making as others, whose size says nothing more, and those of data of others.
FAR_LARGER = {"city-large", *(name for name in benchmark_names() if "n20-" not in name and "n200-" not in name)}


def town(stations="", users="", objective="", deadlines="false", bandwidth=20):
    parts = {"stations": stations, "users": users, "objective": objective}
    parts = {name: text and f", {text}" for name, text in parts.items()}
    return parse_scenario(GENERATED.format(deadlines=deadlines, bandwidth=bandwidth, **parts))


def listed(stations, users, origin=None, width=3000, height=3000):
    """A scenario of positions in metres."""

    def text(places):
        return ", ".join(f"{{id: {name}, x_m: {first}, y_m: {second}}}" for name, first, second in places)

    where = f", origin: {{lat_deg: {origin[0]}, lon_deg: {origin[1]}}}" if origin else ""
    return parse_scenario(
        f"schema_version: 1\nname: listed\narea: {{width_m: {width}, height_m: {height}{where}}}\n"
        f"stations: {{list: [{text(stations)}]}}\nusers: {{list: [{text(users)}]}}\nobjective: {{deadlines: false}}\n"
    )


def said_of(scenario):
    """Codes and messages, the same by description and plan."""
    described = describe(scenario)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        plan = twinhop.plan(scenario, "nearest")
    messages = [str(each.message) for each in caught if issubclass(each.category, PlanningWarning)]
    assert messages == [f"{plan.case.name}: {each.message}" for each in plan.case.warnings if each.code in FAULTS]
    assert set(plan.case.warnings) <= set(described.warnings)
    assert plan.to_json()["warnings"] == [each.to_json() for each in plan.warnings]
    assert all(each.message in plan.report() for each in plan.warnings)
    return {each.code: each.message for each in plan.case.warnings}


@pytest.mark.parametrize("name", [name for name in (*preset_names(), *benchmark_names()) if name not in FAR_LARGER])
def test_no_false_alarm_on_presets(name):
    case = make_case(name)
    assert case.warnings == ()


@pytest.mark.parametrize(
    ("changes", "field", "hint"),
    [
        ({"stations": "cpu_gcycles_per_s: 1.2e10"}, "stations.cpu_gcycles_per_s", "cycle/s or MHz"),
        ({"stations": "cpu_gcycles_per_s: 1.2e-5"}, "stations.cpu_gcycles_per_s", "Tcycle/s"),
        ({"users": "history_mbit: 1.0e9"}, "users.history_mbit", "bit or byte"),
        ({"users": "update_mbit: 5.0e5"}, "users.update_mbit", "bit or byte"),
        ({"users": "deadline_ms: 1.0e6", "deadlines": "true"}, "users.deadline_ms", "µs"),
        ({"users": "deadline_ms: 0.2", "deadlines": "true"}, "users.deadline_ms", "in s?"),
        ({"users": "tx_power_w: 200"}, "users.tx_power_w", "mW or dBm"),
        ({"users": "tx_power_w: 23"}, "users.tx_power_w", "mW or dBm"),
        ({"bandwidth": "2.0e7"}, "radio.bandwidth_mhz", "kHz or Hz"),
        ({"objective": "sync_period_s: 1.0e6"}, "objective.sync_period_s", "ms"),
    ],
)
def test_units_that_look_wrong(changes, field, hint):
    message = said_of(town(**changes))["units"]
    assert message.startswith(f"{field} is ") and hint in message and "give it in" in message


def test_sound_units_are_silent():
    assert said_of(town(stations="cpu_gcycles_per_s: 0.5", users="history_mbit: 0.01, update_mbit: 0.0002")) == {}
    assert said_of(town(users="deadline_ms: 120000", deadlines="true")) == {}


@pytest.mark.parametrize("rule", ["full", "equal_share"])
def test_a_radio_that_carries_too_little(rule):
    heavy = {"objective": "sync_period_s: 0.5", "bandwidth": f"20, bandwidth_rule: {rule}"}
    scenario = town(users="update_mbit: 200", **heavy)
    message = said_of(scenario)["radio_overload"]
    described = describe(scenario)
    load = radio_load(described.world, described.radio)
    by_hand = np.zeros(4)
    for i, k in enumerate(described.radio.access.tolist()):
        turns = (described.radio.access == k).sum() if rule == "equal_share" else 1
        by_hand[k] += 200e6 / 0.5 / (described.radio.access_rate_bps[i] * turns)
    assert load == pytest.approx(by_hand)
    assert f"{load.max():.3g} synchronisation periods" in message and "radio.bandwidth_mhz" in message
    assert f"station {described.world.station_ids[int(load.argmax())]} " in message
    assert "radio_overload" not in said_of(town(users=f"update_mbit: {199 / load.max()}", **heavy))


def test_swapped_metres():
    along = [(name, x + 900, y) for name, x, y in STATIONS]
    users = [(name, x + 900, y) for name, x, y in USERS]
    assert said_of(listed(along, users)) == {}
    said = said_of(listed(along, [(name, y, x) for name, x, y in users]))
    assert "x_m and y_m of users look swapped" in said["swapped_coordinates"]


def test_swapped_degrees():
    origin = (48.0, 11.4)
    lat, lon = 48.11 + 0.01 * np.arange(8), 11.52 + 0.015 * np.arange(8)
    metres = np.column_stack(project(np.array([48.1, 48.2, 48.15]), np.array([11.5, 11.6, 11.7]), origin))
    right, swapped = np.column_stack(project(lat, lon, origin)), np.column_stack(project(lon, lat, origin))
    world = listed([(f"s{at}", *point) for at, point in enumerate(metres.tolist())], USERS[:8], origin, 30_000, 30_000)
    world = build_world(world)
    assert list(position_warnings(replace(world, user_xy_m=right))) == []
    (warning,) = position_warnings(replace(world, user_xy_m=swapped))
    assert warning.code == "swapped_coordinates" and "latitude and longitude of users look swapped" in warning.message
    assert "100 % would be" in warning.message


def test_positions_in_degrees_given_as_metres():
    stations = [("a", 0.10, 0.50), ("b", 0.20, 0.60)]
    said = said_of(listed(stations, [("u0", 0.15, 0.52), ("u1", 0.12, 0.58)]))
    assert "all stations lie within 0.1 m" in said["extent"]


def test_users_farther_apart_than_any_city():
    stations = [("a", 100, 100), ("b", 400_000, 100)]
    users = [("u0", 150, 120), ("u1", 200, 90), ("u2", 399_900, 150)]
    said = said_of(listed(stations, users, width=500_000))
    assert "positions of users extend over 400 km, more than 200 km" in said["extent"]


def test_what_more_of_a_capacity_that_binds_is_worth():
    comm = np.array([[0.1, 5.0], [0.1, 5.0], [0.1, 5.0], [0.2, 5.0]])
    names = {"station_ids": ("near", "far"), "user_ids": tuple("abcd")}
    problem = PlacementProblem(comm, np.full(4, 0.1), np.ones(2), np.array([2, 4]), np.zeros(2), 1.0, 1.0, **names)
    plan = twinhop.plan(problem)
    roomier = twinhop.plan(PlacementProblem(comm, np.full(4, 0.1), np.ones(2), np.array([3, 4]), np.zeros(2), 1.0, 1.0))
    (binding,) = plan.warnings
    assert binding.code == "capacity_binds" and "capacity_users of server near binds" in binding.message
    worth = float(binding.message.split("worth at most ")[1].split()[0])
    assert worth >= (plan.cost - roomier.cost) * (1 - 1e-3) > 0
    assert binding.message in plan.report() and plan.to_json()["warnings"] == [binding.to_json()]
    assert (
        twinhop.plan(PlacementProblem(comm, np.ones(4), np.ones(2), np.array([4, 4]), np.zeros(2), 1.0, 1.0)).warnings
        == ()
    )


def test_the_worth_of_demand_and_of_many_servers():
    comm = np.ones((1, 3))
    problem = PlacementProblem(
        comm, np.ones(1), np.ones(3), np.ones(3), np.zeros(3), 1.0, 1.0, station_ids=("x", "y", "z")
    )
    worth = [
        StationWorth(k, seat, 0.5, demand, None, True)
        for k, seat, demand in ((0, 0.1, 0.0), (1, 0.2, 0.3), (2, 0.0, 0.0))
    ]
    seat, demand = binding_warnings(problem, 2.0, worth)
    assert (
        "capacity_users of server y binds: one more seat there is worth at most 0.2 of the cost (10 %)" in seat.message
    )
    assert "so do those of 1 other server" in seat.message
    assert "demand capacity of server y binds" in demand.message and "other server" not in demand.message
    assert list(binding_warnings(problem, 2.0, ())) == []
