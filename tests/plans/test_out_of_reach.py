"""Users whom no station reaches are named with their distance wherever they decide a mean; others are not."""

import re
import warnings
from dataclasses import replace
from pathlib import Path

import pytest

import twinhop
from twinhop.errors import OutOfReachWarning
from twinhop.plans.comparison import Comparison
from twinhop.plans.describe import describe
from twinhop.plans.planning import make_case
from twinhop.scenario import load_scenario, parse_scenario

HEAD = """
schema_version: 1
name: spread
area: {width_m: 6000000, height_m: 6000000}
"""
TOWN = "stations: {list: [{id: a, x_m: 3000100, y_m: 3000100}, {id: b, x_m: 3000900, y_m: 3000900}]}\n"
NEAR = ["{id: u0, x_m: 3000200, y_m: 3000150}", "{id: u1, x_m: 3000800, y_m: 3000700}"]
OFF = "objective: {deadlines: false}\n"


def city(*users, stations=TOWN):
    return parse_scenario(f"{HEAD}{stations}users: {{list: [{', '.join([*NEAR, *users])}]}}\n{OFF}")


def words_of(scenario):
    with pytest.warns(OutOfReachWarning) as caught:
        twinhop.plan(scenario, "nearest")
    assert len(caught) == 1
    return str(caught[0].message)


def is_silent(scenario):
    with warnings.catch_warnings():
        warnings.simplefilter("error", OutOfReachWarning)
        plan = twinhop.plan(scenario, "nearest")
    return plan.case.warnings == ()


def test_one_lost_user_is_named_with_its_distance():
    words = words_of(city("{id: lost, x_m: 5900000, y_m: 5900000}"))
    assert "user lost is out of reach of every station: 4100 km from its access station b" in words
    assert "100 % of the mean latency" in words


def test_a_user_at_the_origin():
    words = words_of(city("{id: null, x_m: 0, y_m: 0}".replace("null", "nowhere")))
    assert "user nowhere is out of reach of every station: 4243 km from its access station a" in words


def test_several_lost_users_are_counted_and_the_slowest_is_named():
    lost = [f"{{id: l{at}, x_m: {100 * at}, y_m: 5900000}}" for at in range(5)]
    words = words_of(city(*lost))
    assert re.search(r"5 users \(l0, l1, l2, ...\) are out of reach of every station: l\d is 417\d km from", words)


def test_all_users_far_from_all_stations():
    words = words_of(city(stations="stations: {list: [{id: a, x_m: 1, y_m: 1}, {id: b, x_m: 900, y_m: 1}]}\n"))
    assert "2 users (u0, u1) are out of reach of every station" in words


def test_one_user_who_makes_most_of_the_mean_over_a_link_that_exists():
    with pytest.warns(OutOfReachWarning, match="user edge alone makes .* of the mean latency: it is 5.* km from"):
        twinhop.plan(city("{id: edge, x_m: 3004500, y_m: 3004500}"), "nearest")


def test_a_station_far_away_that_nobody_uses_is_no_fault():
    far = TOWN.replace("]}", ", {id: far, x_m: 1, y_m: 1}]}")
    assert is_silent(city("{id: u2, x_m: 3000300, y_m: 3000500}", stations=far))


@pytest.mark.parametrize("name", ["city-small", "lu2021-n100-m10", "bench-place-n200-m20-uma", "proto-n100-m10"])
def test_cities_are_silent(name):
    scenario = load_scenario(name)
    assert is_silent(scenario)
    assert not any("mean latency" in each.message for each in describe(scenario).warnings)


def test_description_comparison_report_and_answer_say_it(tmp_path):
    scenario = city("{id: lost, x_m: 5900000, y_m: 5900000}")
    text = "user lost is out of reach of every station"
    assert text in describe(scenario).warnings[0].message
    with pytest.warns(OutOfReachWarning):
        comparison = twinhop.compare(scenario, ["nearest"])
        plan = twinhop.plan(scenario)
    assert text in comparison.to_json()["notes"][0]
    assert text in plan.to_json()["notes"][0]
    plan.save(tmp_path / "out")
    assert text in Path(tmp_path / "out" / "report.md").read_text()


def test_what_was_understood_of_the_file_does_not_hide_who_is_lost():
    with pytest.warns(OutOfReachWarning):
        case = make_case(city("{id: lost, x_m: 5900000, y_m: 5900000}"))
    case = replace(case, notes=("columns were guessed",))
    comparison = Comparison(case, (), 1.0, "lagrangian")
    assert len(notes := comparison.to_json()["notes"]) == 2
    assert notes[0] == "columns were guessed" and "user lost is out of reach" in notes[1]


def test_runs_say_who_and_in_how_many_slots():
    simulation = twinhop.simulate(city("{id: lost, x_m: 5900000, y_m: 5900000}"), "stay", slots=3)
    assert "in 3 slots, user lost is out of reach of every station" in simulation.to_json()["notes"][0]
    assert twinhop.simulate("city-small", "stay", slots=2).to_json()["notes"] == []
