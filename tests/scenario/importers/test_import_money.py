"""Costs per month from tables and GeoJSON: with a currency and what a second is worth, or not at all."""

import json

import pytest

from twinhop.errors import InputError
from twinhop.placement import load_problem, save_problem
from twinhop.plans.planning import make_case
from twinhop.scenario import csv_city, load_scenario, save_csv, save_scenario
from twinhop.scenario.importers import geojson_city

USERS = "id,x_m,y_m\nu0,1,1\nu1,900,900\nu2,500,400\n"


def tables(folder, stations, users=USERS):
    (folder / "stations.csv").write_text(stations)
    (folder / "users.csv").write_text(users)
    return folder / "stations.csv", folder / "users.csv"


@pytest.mark.parametrize("name", ["cost_per_month", "Rent", "miete", "Kosten pro Monat", "Monatsmiete", "loyer"])
def test_names_of_costs_are_known_in_several_languages(tmp_path, name):
    files = tables(tmp_path, f"id;x_m;y_m;{name}\na;0;0;900,50\nb;800;0;1100,25\n")
    city = csv_city(*files, currency="EUR", second_value=2)
    assert [row.cost_per_month for row in city.scenario.stations.rows] == [900.5, 1100.25]
    assert city.scenario.money.unit == "EUR/month"
    assert ("value of a second", "2 EUR per user and month") in city.summary.facts


def test_a_scenario_in_money_goes_through_files(tmp_path):
    scenario = csv_city(*tables(tmp_path, "id,x_m,y_m,rent\na,0,0,900\nb,800,0,700\n"), currency="€", second_value=2)
    save_scenario(scenario.scenario, tmp_path / "city.yaml")
    again = load_scenario(tmp_path / "city.yaml")
    assert again == scenario.scenario
    stations, users = save_csv(again, tmp_path / "tables")
    header = stations.read_text().splitlines()[0].split(",")
    assert "cost_per_month" in header and "opening_s" not in header
    back = csv_city(stations, users, currency="€", second_value=2).scenario
    assert [row.cost_per_month for row in back.stations.rows] == [900, 700]
    problem = make_case(again).problem
    save_problem(problem, tmp_path / "city.npz")
    assert load_problem(tmp_path / "city.npz").cost_unit == "€/month"
    value = {name: getattr(each, "tolist", lambda each=each: each)() for name, each in problem.arrays().items()}
    (tmp_path / "city.json").write_text(json.dumps(value))
    assert make_case(tmp_path / "city.json").problem.cost_unit == "€/month"
    (tmp_path / "city.json").write_text(json.dumps(value | {"currency": "12"}))
    with pytest.raises(InputError, match="currency: got '12'; expected a code of letters"):
        make_case(tmp_path / "city.json")


def test_points_in_geojson_have_costs_too(tmp_path):
    def collection(name, points):
        features = [
            {
                "type": "Feature",
                "id": key,
                "properties": properties,
                "geometry": {"type": "Point", "coordinates": [13.4 + at / 500, 52.5]},
            }
            for at, (key, properties) in enumerate(points.items())
        ]
        path = tmp_path / name
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        return path

    stations = collection("stations.geojson", {"a": {"rent": 900}, "b": {"rent": 700}})
    users = collection("users.geojson", {"u": {}, "v": {}})
    city = geojson_city(stations, users, currency="EUR", second_value=2)
    assert [row.cost_per_month for row in city.scenario.stations.rows] == [900, 700]
    with pytest.raises(InputError, match="needs a currency"):
        geojson_city(stations, users)


@pytest.mark.parametrize(
    ("stations", "options", "message"),
    [
        ("id,x_m,y_m,rent\na,0,0,900\n", {}, "cost_per_month needs a currency and what a second is worth"),
        ("id,x_m,y_m,rent\na,0,0,900\n", {"currency": "EUR"}, "--currency: got 'EUR' alone; give --second-value too"),
        ("id,x_m,y_m\na,0,0\n", {"second_value": 3.0}, "--second-value: got 3 alone; give --currency too"),
        ("id,x_m,y_m,rent\na,0,0,9\n", {"currency": "EUR", "second_value": -1.0}, "--second-value: got -1; expected"),
        ("id,x_m,y_m,rent\na,0,0,9\n", {"currency": "EUR", "second_value": float("nan")}, "--second-value: got nan"),
        ("id,x_m,y_m,rent\na,0,0,9\n", {"currency": "1 EUR", "second_value": 1.0}, "--currency: got '1 EUR'; expected"),
        ("id,x_m,y_m,rent\na,0,0,-9\n", {"currency": "EUR", "second_value": 1.0}, "must be 0 or greater"),
        ("id,x_m,y_m,rent\na,0,0,\nb,1,1,4\n", {"currency": "EUR", "second_value": 1.0}, "is required, as other"),
        ("id,x_m,y_m,rent,opening_s\na,0,0,9,1\n", {"currency": "EUR", "second_value": 1.0}, "state one of the two"),
        ("id,x_m,y_m,rent,miete\na,0,0,9,1\n", {"currency": "EUR", "second_value": 1.0}, "both give cost_per_month"),
    ],
)
def test_wrong_costs_are_refused_in_one_line(tmp_path, stations, options, message):
    files = tables(tmp_path, stations)
    with pytest.raises(InputError) as error:
        csv_city(*files, **options)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_openings_of_a_preset_are_worth_what_seconds_are_worth(tmp_path):
    city = csv_city(*tables(tmp_path, "id,x_m,y_m\na,0,0\nb,800,0\n"), currency="EUR", second_value=2)
    problem = make_case(city.scenario).problem
    assert problem.beta * problem.opening_s == pytest.approx([2 / 2 * 2 * 3] * 2)


def test_a_column_of_rents_can_stay_a_label(tmp_path):
    with pytest.raises(InputError, match="rename the column, as label_rent, to keep it as a label"):
        csv_city(*tables(tmp_path, "id,x_m,y_m,rent\na,0,0,900\n"))
    city = csv_city(*tables(tmp_path, "id,x_m,y_m,label_rent\na,0,0,900\n")).scenario
    assert city.money is None and city.stations.rows[0].labels == {"rent": "900"}


@pytest.mark.parametrize("name", ["Capacity", "Kapazität", "Capacité", "capacidad"])
def test_seats_are_found_by_their_name(tmp_path, name):
    city = csv_city(*tables(tmp_path, f"id,x_m,y_m,{name}\na,0,0,7\n")).scenario
    assert city.stations.rows[0].capacity_users == 7
