"""Tables as each trade writes them, and what `--columns` makes of the others."""

import json

import pytest
import xlsxwriter
from typer.testing import CliRunner

from twinhop.cli.main import app
from twinhop.errors import InputError
from twinhop.scenario import csv_city, load_scenario
from twinhop.scenario.importers import geojson_city

USERS = "id,lat,lon\nu0,48.2,11.6\n"
RUN = CliRunner()


@pytest.fixture
def city(tmp_path):
    """Imports a text of stations, and one of users."""

    def read(stations, users=USERS, **options):
        for name, text in (("s.csv", stations), ("u.csv", users)):
            (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return csv_city(tmp_path / "s.csv", tmp_path / "u.csv", **options)

    return read


@pytest.mark.parametrize(
    ("header", "row", "name", "labels"),
    [
        (
            "Name\tLongitude\tLatitude\tAltitude (m)\tComments",
            "S1\t11.5\t48.1\t520\troof",
            "S1",
            {"Altitude (m)": "520"},
        ),
        ("Site ID,Site Name,Latitude,Longitude", "7,Roof,48.1,11.5", "7", {"Site Name": "Roof"}),
        ("SiteName;SiteLat;SiteLong", "Roof;48,1;11,5", "Roof", {}),
        ("eNodeB ID,eNodeB Name,Lat,Long,Vendor", "70,A,48.1,11.5,X", "70", {"eNodeB Name": "A", "Vendor": "X"}),
        ("Standort-ID;Standort;Breitengrad;Längengrad", "7;Dach;48,1;11,5", "7", {"Standort": "Dach"}),
        ("Standort;geogr. Breite;geogr. Länge", "Dach;48,1;11,5", "Dach", {}),
        ("Bescheinigungsnummer;Geo-Länge;Geo-Breite", "123;011E3000;48N0600", "123", {}),
        ("Licence Number,Wgs Longitude,Wgs Latitude,Frequency (Hz)", "L1,11.5,48.1,7e9", None, {}),
        ("Licence,Site,Lat,Lon", "L1,Hill,48°06'00\"N,11°30'00\"E", "Hill", {"Licence": "L1"}),
        ("X,Y,FID,Licensee,Callsign,LATDEC,LONDEC", "11.5,48.1,7,Co,K1,48.1,11.5", "7", {"Callsign": "K1"}),
    ],
)
def test_headers_of_trades(city, header, row, name, labels):
    text = f"{header}\n{row}\n"
    if name is None:  # nothing in it names a station
        with pytest.raises(InputError, match="the column 'id' is missing; .*--columns station=NAME"):
            city(text)
        imported, name = city(text, columns="station=Licence Number"), "L1"
    else:
        imported = city(text)
    station = imported.scenario.stations.rows[0]
    assert station.id == name and labels.items() <= station.labels.items()
    lat_deg, lon_deg = imported.scenario.area.origin.lat_deg, imported.scenario.area.origin.lon_deg
    assert 48 < lat_deg < 48.1 and 11.4 < lon_deg < 11.5, "south-west of (48.1, 11.5)"


def test_two_german_spreadsheets_are_one_command(tmp_path):
    stations = "Standort;Adresse;Breite;Länge;Kerne;Miete (EUR)\r\nMitte-1;Weg 1;52,52;13,405;16;1.250,00\r\n"
    users = "Kundennummer;Name;Breite;Länge;Tarif\r\n007;Ada;52,521;13,406;Gold\r\n"
    for name, text in (("standorte.csv", stations), ("kunden.csv", users)):
        (tmp_path / name).write_bytes(text.encode("utf-8-sig"))
    out = tmp_path / "stadt.yaml"
    command = ["import", "csv", "--stations", str(tmp_path / "standorte.csv"), "--users", str(tmp_path / "kunden.csv")]
    run = RUN.invoke(app, [*command, "--out", str(out)])
    assert run.exit_code == 0, run.output
    assert "id from Standort" in run.output and run.output.index("id from Standort") < run.output.index("wrote ")
    notes = " ".join(csv_city(tmp_path / "standorte.csv", tmp_path / "kunden.csv").summary.notes)
    assert "the column 'Kerne' is a label; --columns cpu=Kerne*3 would take 3 Gcycle/s a core" in notes
    scenario = load_scenario(out)
    assert scenario.stations.rows[0].labels == {"Adresse": "Weg 1", "Kerne": "16", "Miete (EUR)": "1.250,00"}
    assert scenario.users.rows[0].id == "007" and scenario.users.rows[0].labels == {"Name": "Ada", "Tarif": "Gold"}


def test_two_sheets_of_a_workbook_are_one_too(tmp_path):
    path = tmp_path / "netz.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("Standorte").write_row(0, 0, ["Standort", "Breite", "Länge", "Kerne"])
        book.get_worksheet_by_name("Standorte").write_row(1, 0, ["Mitte", 52.52, "13,405", 16])
        book.add_worksheet("Kunden").write_row(0, 0, ["Kunde", "Breite", "Länge"])
        book.get_worksheet_by_name("Kunden").write_row(1, 0, [7, 52.521, 13.406])
    out = tmp_path / "stadt.yaml"
    command = [
        "import",
        "csv",
        "--stations",
        f"{path}#Standorte",
        "--users",
        f"{path}#Kunden",
        "--columns",
        "cpu=Kerne*3",
    ]
    run = RUN.invoke(app, [*command, "--out", str(out)])
    assert run.exit_code == 0, run.output
    assert load_scenario(out).stations.rows[0].cpu_gcycles_per_s == 48 and load_scenario(out).users.rows[0].id == "7"
    over = RUN.invoke(app, [*command, "--out", str(path), "--force"])
    assert isinstance(over.exception, InputError) and "is a file that is read" in str(over.exception)
    text = "{schema_version: 1, name: a, area: {origin: {lat_deg: 52.5, lon_deg: 13.4}}, "
    text += 'stations: {csv: "netz.xlsx#Standorte"}, users: {csv: "netz.xlsx#Kunden"}}'
    (tmp_path / "a.yaml").write_text(text)
    assert load_scenario(tmp_path / "a.yaml").stations.rows[0].labels == {"Kerne": "16"}


TABLE = "site,lat,lon,cores,racks,size_MB,size (kB),limit_s,cores3\n{},48.1,11.5,{},2,3,50,0.5,1\n"
FCC = "Callsign|LatD|LatM|LatS|LonD|LonM|LonS\nKA|40|42|46.1|74|0|21.5\nKA|40|43|0|74|1|0\n"
CELLS = "radio,mcc,net,area,cell,unit,lon,lat,range,samples\nLTE,262,2,801,7,0,11.5,48.1,1000,7\n"


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ("cpu=cores*3,capacity=racks*40+8", {"cpu_gcycles_per_s": 24.0, "capacity_users": 88}),
        ("cpu_gcycles_per_s=(cores - racks)/2", {"cpu_gcycles_per_s": 3.0}),
        ('cpu="cores"*3', {"cpu_gcycles_per_s": 24.0}),
        ("opening_s=limit_s", {"opening_s": 0.5}),
        ("opening_s=limit_s[ms]", {"opening_s": 0.0005}),
        ("opening_s=cores[min]", {"opening_s": 480.0}),
    ],
)
def test_stations_by_arithmetic(city, columns, expected):
    row = city(TABLE.format("b0", 8), columns=columns).scenario.stations.rows[0]
    assert {key: getattr(row, key) for key in expected} == expected


@pytest.mark.parametrize(
    ("columns", "field", "value"),
    [
        *(("history_mbit=size_MB", "history_mbit", 24.0), ("history_mbit=size_MB*8", "history_mbit", 24.0)),
        *(("update_mbit=size (kB)", "update_mbit", 0.4), ('update_mbit="size (kB)"*2', "update_mbit", 100.0)),
        *(("deadline_ms=limit_s", "deadline_ms", 500.0), ("deadline_ms=limit_s*1000", "deadline_ms", 500.0)),
        *(("history_mbit=size_MB[Mbit]", "history_mbit", 3.0), ("tx_power_w=size_MB[mW]", "tx_power_w", 0.003)),
    ],
)
def test_users_in_other_units(city, columns, field, value):
    imported = city("id,lat,lon\nb,48.1,11.5\n", TABLE.format("u0", 8), columns=columns + ",user=site")
    assert getattr(imported.scenario.users.rows[0], field) == pytest.approx(value)
    used = dict(imported.summary.facts)["columns of users"]
    assert "size_MB x 8 [Mbit]" in used or columns != "history_mbit=size_MB"


def test_parts_of_angles_and_numbers_of_rows(city):
    columns = "station=#,lat=LatD+LatM/60+LatS/3600,lon=-(LonD+LonM/60+LonS/3600)"
    imported = city(FCC, "id,lat,lon\nu,40.71,-74.0\n", columns=columns)
    assert [row.id for row in imported.scenario.stations.rows] == ["1", "2"]
    assert imported.scenario.stations.rows[0].labels == {"Callsign": "KA"} and imported.summary.extent_m[1] < 2000


def test_a_dump_of_cells_keeps_its_ids_and_further_columns(city):
    row = city(CELLS, columns="capacity=samples*10").scenario.stations.rows[0]
    assert row.id == "LTE-262-2-801-7" and row.capacity_users == 70 and row.labels == {"unit": "0", "range": "1000"}


@pytest.mark.parametrize(
    ("cores", "columns", "message"),
    [
        ("acht", "cpu=cores*3", r"s.csv:2: cores: must be a number, for cpu_gcycles_per_s=cores\*3 \(got 'acht'\)"),
        ("NaN", "cpu=cores*3", r"s.csv:2: cores: must be a number, .*'NaN'"),
        ("0", "cpu=3/cores", "s.csv:2: cpu_gcycles_per_s=3/cores: divides by zero"),
        ("9e999", "cpu=cores*3", "s.csv:2: cpu_gcycles_per_s=.*: is no finite number"),
        ("8", "cpu=cors*3", "no column is named 'cors' in .*, to give cpu_gcycles_per_s; did you mean 'cores'"),
        ("8", "cpu=cores/3", r"cpu_gcycles_per_s=cores/3: may be the column 'cores3' or be computed"),
        ("8", "cpu=cores**3", r"cpu_gcycles_per_s=cores\*\*3: expected a column or a number at character 7"),
        ("8", "cpu=racks[MB]", r"cpu_gcycles_per_s: \[MB\] is no unit of it; accepted: GHz"),
        ("8", "station=cores*3", r"station takes a column as it is"),
        ("8", "history_mbit=cores", "no column is named 'cores' in .*u.csv, to give history_mbit"),
        ("8", "capacity=racks/4", "s.csv:2: capacity_users: must be a whole number"),
        ("8", "cpu=-cores", "s.csv:2: cpu_gcycles_per_s: must be"),
    ],
)
def test_what_cannot_be_computed_is_one_line(city, cores, columns, message):
    with pytest.raises(InputError, match=message) as error:
        city(TABLE.format("b0", cores), columns=columns)
    assert "\n" not in str(error.value)


def test_an_empty_cell_states_nothing_and_bad_ones_may_be_left_out(city):
    text = "site,lat,lon,cores\nb0,48.1,11.5,\nb1,48.1,11.6,x\nb2,48.1,11.7,2\n"
    imported = city(text, columns="cpu=cores*3", skip_bad=True)
    assert [row.cpu_gcycles_per_s for row in imported.scenario.stations.rows] == [None, 6.0]
    assert any("1 row left out" in note for note in imported.summary.notes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Standort;Adresse\nA;b\n", "positions need either the columns x_m,y_m or the columns lat,lon"),
        ("Standort;Breite;Länge\nA;48,1;11,5\nB,48.1,11.5\n", "s.csv:3: .*is this line separated by commas?"),
        ("Standort;Breite;Länge\n", "has no rows below the header"),
        ("Standort;Breite;Länge\nA;48,1;11,5\nA;48,2;11,5\n", "s.csv:3: id: duplicate id 'A'; first on line 2"),
        ("Standort;Breite;Länge\nA;48N0600;011N3000\n", "s.csv:2: lon: must be a number"),
    ],
)
def test_tables_that_will_not_do(city, text, message):
    with pytest.raises(InputError, match=message) as error:
        city(text)
    assert "\n" not in str(error.value)


def test_properties_of_geojson_are_computed_too(tmp_path):
    def write(file, **properties):
        point = {"type": "Point", "coordinates": [11.5, 48.1]}
        features = [{"type": "Feature", "geometry": point, "properties": properties}]
        (tmp_path / file).write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        return tmp_path / file

    users = write("u.geojson", name="ada", size_MB=3)
    stations = write("s.geojson", name="b0", cores=8, racks="2", floor=3)
    imported = geojson_city(stations, users, columns="cpu=cores*3,capacity=racks*40+8,history_mbit=size_MB,station=#")
    row = imported.scenario.stations.rows[0]
    assert (row.id, row.cpu_gcycles_per_s, row.capacity_users) == ("1", 24.0, 88)
    assert row.labels == {"name": "b0", "floor": "3"} and imported.scenario.users.rows[0].history_mbit == 24.0
    for columns, message in (
        ("cpu=name*3", r"features\[0\]: name: must be a number, for cpu_gcycles_per_s=name\*3"),
        ("cpu=3/(cores-8)", r"features\[0\]: cpu_gcycles_per_s=3/\(cores-8\): divides by zero"),
        ("cpu=cors*3", "no column is named 'cors' in .*; did you mean 'cores'"),
        ("host=cores*3", "host takes a property as it is"),
    ):
        with pytest.raises(InputError, match=message):
            geojson_city(stations, users, columns=columns)
