"""Labels: further texts of stations and users, from tables to scenarios, worlds, maps and tables, and back."""

import csv
import json

import pytest

from twinhop import plan
from twinhop.errors import InputError
from twinhop.io.table_values import guarded, unguarded
from twinhop.io.workbook_writer import write_workbook
from twinhop.output.plans.geojson import map_features
from twinhop.scenario import build_world, csv_city, dump_scenario, parse_scenario
from twinhop.scenario.dynamics import WorldRun
from twinhop.scenario.files.expand import expand
from twinhop.scenario.files.export import save_csv, save_geojson, save_xlsx
from twinhop.scenario.importers import geojson_city
from twinhop.scenario.schema.scenario import json_schema

STATIONS = (
    "id,x_m,y_m,Adresse,Farbe,Capacity (old),=HYPERLINK,leer\n"
    'b0,100,100,"Weg 1\nHof",0.10,x,=1+1,\nb1,900,800,@home,-5,,+49 351,\n'
)
USERS = "id,x_m,y_m,Tarif\n-u0,120,110,Gold\n=u1,500,500,\nu2,880,790,yes\n"


@pytest.fixture
def city(tmp_path):
    """A city of two tables with further columns."""
    (tmp_path / "stations.csv").write_text(STATIONS)
    (tmp_path / "users.csv").write_text(USERS)

    def read(**options):
        return csv_city(tmp_path / "stations.csv", tmp_path / "users.csv", name="two", **options)

    return read


LABELS = {
    "Adresse": ("Weg 1 Hof", "@home"),
    "Farbe": ("0.10", "-5"),
    "Capacity (old)": ("x", ""),
    "=HYPERLINK": ("=1+1", "+49 351"),
}


def test_further_columns_reach_the_world(city):
    world = build_world(city().scenario)
    assert world.station_labels == LABELS and world.user_labels == {"Tarif": ("Gold", "", "yes")}
    facts = dict(city().summary.facts)
    assert facts["labels of stations"] == "Adresse, Farbe, Capacity (old), =HYPERLINK"


def test_a_scenario_file_keeps_them_as_they_are_written(city):
    scenario = city().scenario
    assert parse_scenario(dump_scenario(scenario)) == scenario
    text = dump_scenario(scenario).replace('"0.10"', "0.10")
    assert parse_scenario(text).stations.rows[0].labels["Farbe"] == "0.10", "a label is no number"
    assert expand(scenario).users.rows[2].labels == {"Tarif": "yes"}
    schema = json_schema()["$defs"]
    assert all(schema[row]["properties"]["labels"]["type"] == "object" for row in ("StationRow", "UserRow"))


def test_tables_are_read_back_and_run_no_formulas(city, tmp_path):
    scenario = city().scenario
    paths = save_csv(scenario, tmp_path / "out")
    cells = [cell for path in paths for row in csv.reader(path.read_text().splitlines()) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))] and "'=1+1" in cells and "-5" in cells
    again = csv_city(*paths, name="two").scenario
    assert build_world(again).station_labels == LABELS
    assert [row.id for row in again.users.rows] == ["-u0", "=u1", "u2"]


def test_geojson_is_read_back(city, tmp_path):
    scenario = city().scenario
    save_geojson(scenario, tmp_path / "a.geojson")
    again = geojson_city(tmp_path / "a.geojson", tmp_path / "a.geojson").scenario
    assert [row.labels for row in again.stations.rows] == [row.labels for row in scenario.stations.rows]
    assert [row.labels for row in again.users.rows] == [row.labels for row in scenario.users.rows]


def test_names_that_mean_something_are_marked_and_come_back(tmp_path):
    (tmp_path / "s.csv").write_text(
        "id,x_m,y_m,capacity_users,label_capacity,label_label_x,kind\nb,1,2,3,old,y,Farbe\n"
    )
    (tmp_path / "u.csv").write_text("id,x_m,y_m\nu,1,3\n")
    scenario = csv_city(tmp_path / "s.csv", tmp_path / "u.csv").scenario
    expected = {"capacity": "old", "label_x": "y", "kind": "Farbe"}
    assert scenario.stations.rows[0].labels == expected
    paths = save_csv(scenario, tmp_path / "out")
    assert paths[0].read_text().splitlines()[0].endswith("label_capacity,label_label_x,kind")
    assert csv_city(*paths).scenario.stations.rows[0].labels == expected
    save_geojson(scenario, tmp_path / "a.geojson")
    again = geojson_city(tmp_path / "a.geojson", tmp_path / "a.geojson").scenario
    assert again.stations.rows[0].labels == expected and again.stations.rows[0].capacity_users == 3


def test_the_map_of_a_plan_has_them_beside_its_own_properties(city):
    features = map_features(plan(city().scenario))["features"]
    stations = [each["properties"] for each in features if each["properties"]["kind"] == "station"]
    users = [each["properties"] for each in features if each["properties"]["kind"] == "user"]
    assert [each["Farbe"] for each in stations] == ["0.10", "-5"] and stations[0]["Capacity (old)"] == "x"
    assert "Capacity (old)" not in stations[1] and [each.get("Tarif") for each in users] == ["Gold", None, "yes"]
    assert all(isinstance(each["capacity"], int) for each in stations)


def test_the_option_names_those_to_keep(city):
    imported = city(labels="Adresse,Tarif")
    assert set(build_world(imported.scenario).station_labels) == {"Adresse"}
    assert imported.summary.columns_unused == ("Farbe", "Capacity (old)", "=HYPERLINK", "leer")
    assert not build_world(city(labels="none").scenario).user_labels
    with pytest.raises(InputError, match="--labels: no column is named 'Adres' in .*; did you mean 'Adresse'"):
        city(labels="Adres")
    with pytest.raises(InputError, match="--labels: names no column; none keeps none"):
        city(labels=" ,")


def test_many_and_long_ones_are_cut_with_a_note(tmp_path):
    names = [f"c{at}" for at in range(45)]
    (tmp_path / "s.csv").write_text(f"id,x_m,y_m,{','.join(names)}\nb,1,2,{'y' * 300},{','.join(names[1:])}\n")
    (tmp_path / "u.csv").write_text("id,x_m,y_m\nu,1,3\n")
    imported = csv_city(tmp_path / "s.csv", tmp_path / "u.csv")
    labels = imported.scenario.stations.rows[0].labels
    assert (
        len(labels) == 40 and labels["c0"] == "y" * 197 + "..." and imported.summary.columns_unused == tuple(names[40:])
    )
    notes = " ".join(imported.summary.notes)
    assert (
        "5 further columns not kept: at most 40 are labels" in notes and "s.csv:2: c0: a label has at most 200" in notes
    )


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("{Farbe: null}", "list.0.labels.Farbe: must be text"),
        ("{Farbe: [1]}", "list.0.labels.Farbe: must be text"),
        ("[Farbe]", "list.0.labels: must be a mapping"),
        ('{Farbe: "a\\nb"}', "labels.Farbe: must be one line of printable characters"),
        ("{" + ", ".join(f"a{at}: b" for at in range(41)) + "}", "labels: holds 41 labels; at most 40 are accepted"),
        ("{Farbe: " + "x" * 201 + "}", "labels.Farbe: must have at most 200 characters"),
    ],
)
def test_labels_of_a_file_that_will_not_do(labels, message):
    text = (
        "{schema_version: 1, name: a, stations: {generate: {}}, users: {list: [\n"
        f"{{id: u, x_m: 0, y_m: 0, labels: {labels}}}]}}}}"
    )
    with pytest.raises(InputError, match=message):
        parse_scenario(text)


@pytest.mark.parametrize(
    "text", ["=1", "+1 2", "-a", "@x", "'=1", "''=1", "plain", "-5", "'s-Hertogenbosch", "", "\t=1"]
)
def test_what_is_guarded_comes_back(text):
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(("=", "@", "\t"))


def test_labels_of_geojson_are_texts_numbers_and_truths(tmp_path):
    point = {"type": "Point", "coordinates": [13.4, 52.5]}
    about = {"a": "x", "b": 1.50, "c": True, "d": None, "e": {"f": 1}, "g": [1], "h": ""}
    text = json.dumps(
        {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": point, "properties": about}]}
    )
    (tmp_path / "a.geojson").write_text(text)
    imported = geojson_city(tmp_path / "a.geojson", tmp_path / "a.geojson")
    assert imported.scenario.stations.rows[0].labels == {"a": "x", "b": "1.5", "c": "true"}
    assert imported.summary.columns_unused == ("d", "e", "g", "h")


def test_a_workbook_is_read_back_and_is_the_same_every_time(city, tmp_path):
    scenario = city(attribution=("Somebody",)).scenario
    for name in ("a.xlsx", "b.xlsx"):
        save_xlsx(scenario, tmp_path / name)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    again = csv_city(tmp_path / "a.xlsx#stations", tmp_path / "a.xlsx#users", name="two")
    assert build_world(again.scenario).station_labels == LABELS
    assert [row.id for row in again.scenario.users.rows] == ["-u0", "=u1", "u2"]
    assert build_world(again.scenario).history_bits == pytest.approx(build_world(scenario).history_bits, rel=1e-14)
    with pytest.raises(InputError, match="a.xlsx: exists already"):
        save_xlsx(scenario, tmp_path / "a.xlsx")


def test_what_no_sheet_holds_is_refused_and_nothing_is_written(tmp_path):
    rows = ((at, "x" * (40_000 if at == 3 else 1)) for at in range(5))
    with pytest.raises(InputError, match="t: row 5, column 2: is more than a sheet of Excel holds"):
        write_workbook(tmp_path / "a.xlsx", {"t": (("id", "text"), rows)})
    assert not list(tmp_path.iterdir())


def test_the_users_of_a_slot_and_of_an_hour_keep_theirs():
    rows = ", ".join(f"{{id: u{at}, x_m: {at}, y_m: 9, labels: {{k: v{at}}}}}" for at in range(30))
    text = "{schema_version: 1, name: a, stations: {generate: {}}, users: {list: [" + rows + "]}, "
    half = parse_scenario(text + f"load: {{hour: 3, profile: {[0.5] * 24}}}}}")
    world = build_world(half)
    assert len(world.user_ids) == 15 and world.user_labels["k"] == tuple(
        each.replace("u", "v") for each in world.user_ids
    )
    moving = "movement: {slots: 9, slot_s: 2, model: {kind: static}, churn: {mean_present_s: 4, mean_absent_s: 4}}}"
    sizes = set()
    for slot in WorldRun(parse_scenario(text + moving)):
        world = slot.world()
        assert world.user_labels["k"] == tuple(each.replace("u", "v") for each in world.user_ids)
        sizes.add(len(world.user_ids))
    assert len(sizes) > 1
