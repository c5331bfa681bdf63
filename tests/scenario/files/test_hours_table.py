"""Demand by user and hour from a table: every cell where it belongs, and one line for what is wrong."""

import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.plans.hours import cases_of_hours
from twinhop.scenario import csv_city, dump_scenario, load_scenario, parse_scenario, save_scenario

STATIONS = "id,x_m,y_m\na,0,0\nb,900,0\n"
USERS = "id,x_m,y_m{extra}\nada,100,50{ada}\nbob,700,20{bob}\n"
WIDE = "id," + ",".join(f"{hour}" for hour in range(24)) + "\n"


def wide(*rows):
    return WIDE + "".join(f"{name},{','.join(map(str, values))}\n" for name, values in rows)


ADA, BOB = [float(hour) for hour in range(24)], [0.5 * hour + 1 for hour in range(24)]


@pytest.fixture
def imported(tmp_path):
    def read(hours, extra="", ada="", bob="", **options):
        files = {"stations.csv": STATIONS, "users.csv": USERS.format(extra=extra, ada=ada, bob=bob), "hours.csv": hours}
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        paths = [tmp_path / name for name in files]
        return csv_city(paths[0], paths[1], hours=paths[2], **options)

    return read


def long_form():
    rows = [f"{name},{hour},{values[hour]}" for hour in range(24) for name, values in (("bob", BOB), ("ada", ADA))]
    return "user,hour,count\n" + "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    "hours",
    [
        wide(("ada", ADA), ("bob", BOB)),
        wide(("bob", BOB), ("ada", ADA)),
        wide(("ada", ADA), ("bob", BOB)).replace("id,0,1,2", "cell,h00,h01,h02"),
        wide(("ada", ADA), ("bob", BOB)).replace("id,0,1,2", "zone,00:00,hour 1,hour_2"),
        wide(("ada", ADA), ("bob", BOB)).replace(",", ";").replace(".", ","),
        long_form(),
        long_form().replace("user,hour,count", "Cell,Hour,Value"),
    ],
    ids=["wide", "another order", "cells", "other names", "decimal commas", "long", "long cells"],
)
def test_every_number_is_the_users_of_its_hour(hours, imported):
    scenario = imported(hours).scenario
    for hour, case in zip((1, 7, 23), cases_of_hours(scenario, (1, 7, 23)), strict=True):
        assert case.problem.weight.tolist() == [ADA[hour], BOB[hour]]
    (first,) = cases_of_hours(scenario, (0,))
    assert first.problem.user_ids == ("bob",)  # of ada there is nobody
    assert scenario.load.hour == 23 and scenario.load.scales == "weight"


def test_weights_are_multiplied_and_profiles_are_shared(imported):
    scenario = imported(wide(("ada", ADA), ("bob", ADA)), ",weight", ",10", ",2.5").scenario
    assert scenario.load.profile == tuple(ADA) and not scenario.load.profiles
    (case,) = cases_of_hours(scenario, (3,))
    assert case.problem.weight.tolist() == [30, 7.5]


def test_shares_of_users_and_sizes(imported):
    present = [1.0] * 12 + [0.0] * 12
    scenario = imported(wide(("ada", present), ("bob", present[::-1])), hours_scale="users").scenario
    assert [case.problem.user_ids for case in cases_of_hours(scenario, (0, 12))] == [("ada",), ("bob",)]
    sizes = imported(wide(("ada", ADA), ("bob", BOB)), hours_scale="sizes").scenario
    one, ten = (case.world.history_bits for case in cases_of_hours(sizes, (1, 10)))
    assert ten / one == pytest.approx([10, 4])
    with pytest.raises(InputError, match="hours.csv.*2 of the users cannot be active"):
        imported(wide(("ada", ADA), ("bob", BOB)), hours_scale="users")


def test_what_was_imported_is_written_and_read_again(imported, tmp_path):
    city = imported(wide(("ada", ADA), ("bob", BOB)), ",weight", ",2", ",3")
    assert (
        "hours",
        "a row a user, separated by commas; 2 different, busiest hour 23, scales weight",
    ) in city.summary.facts
    assert parse_scenario(dump_scenario(city.scenario)) == city.scenario
    save_scenario(city.scenario, tmp_path / "city.yaml")
    again = load_scenario(tmp_path / "city.yaml")
    assert again == city.scenario and again.load.profiles["bob"] == tuple(BOB)
    assert np.array_equal(*(cases_of_hours(each, (5,))[0].problem.comm_s for each in (again, city.scenario)))


@pytest.mark.parametrize(
    ("hours", "part"),
    [
        (wide(("ada", ADA)), "hours.csv: user 'bob' has no row"),
        (wide(("ada", ADA), ("bob", BOB), ("cyd", ADA)), "hours.csv:4: there is no user 'cyd'"),
        (wide(("ada", ADA), ("ada", ADA), ("bob", BOB)), "hours.csv:3: duplicate id 'ada'; first on line 2"),
        (wide(("ada", ADA), ("bob", BOB)).replace(",23\n", ",24\n", 1), "a day has no hour 24"),
        (wide(("ada", ADA), ("bob", BOB)).replace(",23\n", ",22\n", 1), "given twice: hour 22"),
        ("id," + ",".join(map(str, range(23))) + "\nada" + ",1" * 23 + "\nbob" + ",1" * 23 + "\n", "missing: hour 23"),
        (
            wide(("ada", ["nan", *ADA[1:]]), ("bob", BOB)),
            "hours.csv:2: 0: got 'nan'; expected a number >= 0 for hour 0",
        ),
        (wide(("ada", ["", *ADA[1:]]), ("bob", BOB)), "hours.csv:2: 0: is empty"),
        (wide(("ada", [-1, *ADA[1:]]), ("bob", BOB)), "got '-1'"),
        (wide(("ada", ["inf", *ADA[1:]]), ("bob", BOB)), "got 'inf'"),
        ("id,hour,value\nada,24,1\n", "hours.csv:2: hour: got '24'; expected 0 to 23"),
        (long_form() + "ada,3,1\n", "hour 3 of 'ada' comes twice"),
        (long_form().replace("ada,3,3.0\n", ""), "user 'ada' lacks hour 3"),
        ("id,morning\nada,1\n", "no columns of hours (found id, morning)"),
        (WIDE, "has no rows below the header"),
        (wide(("ada", [0] * 24), ("bob", [0] * 24)), "every value is 0"),
    ],
)
def test_bad_tables_are_refused_in_a_line(hours, part, imported):
    with pytest.raises(InputError) as caught:
        imported(hours)
    assert part in str(caught.value), str(caught.value)


@pytest.mark.parametrize(
    ("cell", "part"),
    [
        ("0", "greater than 0"),
        ("-2", "greater than 0"),
        ("many", "number"),
        ("nan", "number"),
        ("inf", ""),
        ("1e400", ""),
    ],
)
def test_weights_of_users_are_checked_in_their_table(cell, part, imported):
    with pytest.raises(InputError) as caught:
        imported(wide(("ada", ADA), ("bob", BOB)), ",weight", f",{cell}", ",1")
    assert "users.csv:2: weight: " in str(caught.value) and part in str(caught.value)


@pytest.mark.parametrize("name", ["Anzahl", "count", "Population", "weight"])
def test_names_of_the_column_of_weights(name, imported):
    scenario = imported(wide(("ada", [1] * 24), ("bob", [1] * 24)), f",{name}", ",4", ",").scenario
    assert [row.weight for row in scenario.users.rows] == [4, None]
