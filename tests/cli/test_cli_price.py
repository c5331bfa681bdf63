"""`twinhop price`: a given plan at other hours, as tables, JSON and files; and what it refuses."""

import csv
import json

import pytest

import twinhop
from twinhop.plans.saved_placement import saved

CITY = """
schema_version: 1
name: day
stations: {generate: {count: 3}, opening_s: 0.1}
users: {generate: {count: 12}, history_mbit: 8}
load:
  hour: 10
  profile: [0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 1, 1, 1, 1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5]
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "day.yaml").write_text(CITY)
    given = saved(twinhop.plan(tmp_path / "day.yaml"))
    answer = {"station_ids": given.station_ids, "user_ids": given.user_ids, "host": given.host.tolist()}
    (tmp_path / "placement.json").write_text(json.dumps(answer))
    return tmp_path


def test_hours_as_table_json_and_files(run, folder):
    done = run("price", folder / "placement.json", folder / "day.yaml", "--hours", "2,10-12", "--out", folder / "out")
    assert done.code == 0, done.err
    assert "Over 4 hours the plan costs" in done.out and "The worst hour is 12" in done.out
    assert "6 users" in done.out and "seated on the open server that adds least" in done.out
    written = sorted(path.name for path in (folder / "out").iterdir())
    assert written == ["hours.csv", "hours.png", "hours.tex", "pricing.json", "pricing.md"]
    with (folder / "out" / "hours.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["hour"] for row in rows] == ["2", "10", "11", "12"]
    assert [row["users"] for row in rows] == ["2", "6", "6", "12"]
    as_json = json.loads(run("price", folder, folder / "day.yaml", "--hours", "2,10-12", "--json").out)
    assert [hour["cost"] for hour in as_json["hours"]] == [float(row["cost"]) for row in rows]
    assert as_json["hours"][1]["distance"] >= 0 and as_json["worst_hour"] == 12
    expected = twinhop.price(folder / "placement.json", folder / "day.yaml", [2, 10, 11, 12]).to_json()
    assert as_json["mean_cost"] == expected["mean_cost"]


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--hours", "24"), "a day has no hour 24"),
        (("--hours", "7,7"), "hour 7 is named twice"),
        (("--hours", "x"), "got 'x'"),
        (("--gap", "-1"), "gap"),
    ],
)
def test_wrong_words_are_refused_and_nothing_is_written(run, folder, words, part):
    done = run("price", folder / "placement.json", folder / "day.yaml", *words, "--out", folder / "out")
    assert done.code == 2 and part in done.err and len(done.err.strip().splitlines()) == 1
    assert not (folder / "out").exists()


def test_sources_that_do_not_fit_are_refused(run, folder):
    for words, part in (
        (("nowhere.json", "day.yaml"), "not found"),
        (("day.yaml", "day.yaml"), "day.yaml"),
        (("placement.json", "nowhere.yaml"), "nowhere.yaml"),
    ):
        done = run("price", *(folder / word for word in words))
        assert done.code == 2 and part in done.err and "Traceback" not in done.err
    done = run("price", folder / "placement.json", "family(12, 3)", "--hours", "3")
    assert done.code == 2 and "has no section load" in done.err
    assert run("price", folder / "placement.json", "family(12, 3)").code == 0


def test_tables_of_hours_are_imported(run, folder):
    (folder / "stations.csv").write_text("id,x_m,y_m\na,0,0\nb,900,0\n")
    (folder / "users.csv").write_text("id,x_m,y_m,weight\nada,100,50,4\nbob,700,20,1\n")
    hours = ",".join(map(str, range(24)))
    (folder / "hours.csv").write_text(f"id,{hours}\nada,{hours}\nbob,{hours}\n")
    words = ("import", "csv", "--stations", folder / "stations.csv", "--users", folder / "users.csv")
    done = run(*words, "--hours", folder / "hours.csv", "--out", folder / "city.yaml")
    assert done.code == 0, done.err
    assert "115 in 2 rows" in done.out and "busiest hour 23" in done.out
    done = run("plan", folder / "city.yaml", "--json")
    assert json.loads(done.out)["weight"] == [92, 23]
    (folder / "hours.csv").write_text(f"id,{hours}\nada,{hours}\n")
    done = run(*words, "--hours", folder / "hours.csv", "--out", folder / "other.yaml")
    assert done.code == 2 and "user 'bob' has no row" in done.err and not (folder / "other.yaml").exists()


def test_what_does_not_take_weights_yet_says_so(run, folder):
    city = f"{CITY}  scales: weight\n"
    (folder / "many.yaml").write_text(city)
    for words in (("simulate",), ("world", "--slots", "3"), ("robustness", "--load", "20")):
        done = run(words[0], folder / "many.yaml", *words[1:])
        assert done.code == 2 and "(weight)" in done.err, (words, done.err)
        assert len([line for line in done.err.strip().splitlines() if not line.startswith("note")]) == 1
    for words in (("plan",), ("compare", "--policies", "nearest,lagrangian"), ("tradeoff",), ("explain", "u0")):
        assert run(words[0], folder / "many.yaml", *words[1:]).code == 0
