import gzip

import numpy as np
import pytest
from typer.testing import CliRunner

from twinhop.cli.main import app
from twinhop.errors import InputError
from twinhop.scenario import build_world, csv_city, dump_scenario, import_csv, load_scenario, parse_scenario, unproject
from twinhop.scenario.files.csv_table import OPENCELLID

STATIONS = "id,x_m,y_m\nb0,100,100\nb1,900,800\n"
USERS = "id,x_m,y_m\nu0,120,110\nu1,500,500\nu2,880,790\n"
GEO_STATIONS = "ID,Lat,Lon\nb0,-37.815,144.974\nb1,-37.810,144.952\n"
GEO_USERS = "lon,lat,id\n144.97,-37.816,u0\n144.96,-37.812,u1\n"


@pytest.fixture
def imported(tmp_path):
    """Imports two CSV texts (or bytes)."""

    def run(stations=STATIONS, users=USERS, **options):
        for name, content in (("stations.csv", stations), ("users.csv", users)):
            (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return import_csv(tmp_path / "stations.csv", tmp_path / "users.csv", **options)

    return run


def test_local_coordinates_are_kept(imported):
    scenario = imported(name="two", seed=3)
    world = build_world(scenario)
    assert (scenario.name, scenario.seed) == ("two", 3)
    assert world.station_ids == ("b0", "b1") and world.station_xy_m.tolist() == [[100, 100], [900, 800]]
    assert world.user_xy_m.tolist() == [[120, 110], [500, 500], [880, 790]]
    assert (world.width_m, world.height_m) == (950, 850) and world.origin is None
    assert parse_scenario(dump_scenario(scenario)) == scenario


def test_family_scales_to_the_files(imported):
    world = build_world(imported())
    assert world.radio.bandwidth_hz == pytest.approx(20e6 * 3 / 2 / 10) and world.radio.bandwidth_rule == "equal_share"
    assert world.opening_s.tolist() == [1.0, 1.0] and world.capacity.tolist() == [3, 3]
    assert world.deadline_s is None and world.cpu_cycles_per_s.max() <= 24e9 * 0.15


def test_lu2021_is_not_scaled(imported):
    world = build_world(imported(preset="lu2021"))
    assert world.radio.bandwidth_hz == 20e6 and world.radio.bandwidth_rule == "full"
    assert world.opening_s.tolist() == [0.05, 0.05] and world.capacity.tolist() == [3, 3]
    assert world.deadline_s is None and world.cpu_cycles_per_s.min() >= 8e9


def test_an_unknown_preset_is_refused(imported):
    with pytest.raises(InputError, match="familly: unknown preset; did you mean 'family'. accepted: family, lu2021"):
        imported(preset="familly")


def test_stated_columns_win_and_empty_cells_take_the_preset(imported):
    world = build_world(
        imported(
            "id,host,x_m,y_m,cpu_gcycles_per_s,capacity_users,opening_s\nb0,TRUE,0,0,8,2,0.5\nb1,no,9,9,,,\nb2,,5,5,1,all,\n",
            "id,x_m,y_m,history_mbit,update_mbit,deadline_ms,tx_power_w\nu0,1,1,10,0.5,100,0.1\n\nu1,2,2,,,,\n",
        )
    )
    assert world.host.tolist() == [True, False, True] and world.capacity.tolist() == [2, 0, 2]
    assert world.cpu_cycles_per_s[[0, 2]].tolist() == [8e9, 1e9]
    assert world.opening_s.tolist() == [0.5, pytest.approx(2 / 3), pytest.approx(2 / 3)]
    assert world.history_bits[0] == 10e6 and world.tx_power_w.tolist() == [0.1, 0.2]
    assert world.deadline_s is not None, "a deadline column turns deadlines on"
    assert world.deadline_s[0] == pytest.approx(0.1)


def test_latitude_and_longitude_are_projected_and_come_back(imported):
    scenario = imported(GEO_STATIONS, GEO_USERS)
    world = build_world(scenario)
    points = np.concatenate([world.station_xy_m, world.user_xy_m])
    assert (points > 0).all() and (points < (world.width_m, world.height_m)).all()
    assert world.origin is not None
    lat_deg, lon_deg = unproject(*points.T, world.origin)
    assert lat_deg == pytest.approx([-37.815, -37.810, -37.816, -37.812], abs=1e-7)
    assert lon_deg == pytest.approx([144.974, 144.952, 144.97, 144.96], abs=1e-7)
    assert np.hypot(*(world.station_xy_m[0] - world.station_xy_m[1])) == pytest.approx(2015, abs=5)
    assert parse_scenario(dump_scenario(scenario)) == scenario


def test_places_across_the_date_line(imported):
    world = build_world(
        imported("id,lat,lon\na,-17,179.99\nb,-17,-179.99\n", "id,lat,lon\nu,-17.01,180\nv,-16.99,-179.995\n")
    )
    assert world.width_m < 3000 and world.height_m < 3000


@pytest.mark.parametrize("shift", [(-5000.0, 0.0), (320_000.0, 5_810_000.0)])
def test_far_or_negative_local_coordinates_are_shifted_as_a_whole(imported, shift):
    def moved(text):
        header, *lines = text.split()
        rows = [line.split(",") for line in lines]
        return "\n".join([header, *(f"{name},{float(x) + shift[0]},{float(y) + shift[1]}" for name, x, y in rows)])

    plain, world = build_world(imported()), build_world(imported(moved(STATIONS), moved(USERS)))
    offset = world.station_xy_m[0] - plain.station_xy_m[0]
    assert world.station_xy_m == pytest.approx(plain.station_xy_m + offset)
    assert world.user_xy_m == pytest.approx(plain.user_xy_m + offset)
    points = np.concatenate([world.station_xy_m, world.user_xy_m])
    assert (points >= 0).all() and (points <= (world.width_m, world.height_m)).all() and world.width_m < 1500


def test_one_point_makes_an_area(imported):
    world = build_world(imported("id,x_m,y_m\nb,0,0\n", "id,x_m,y_m\nu,0,0\n"))
    assert world.width_m == world.height_m == 50


def test_byte_order_mark_crlf_and_quotes(imported):
    world = build_world(imported(("\ufeff" + STATIONS.replace("b0", '"b,0"')).replace("\n", "\r\n")))
    assert world.station_ids == ("b,0", "b1")


@pytest.mark.parametrize(
    ("users", "message"),
    [
        ("", "users.csv: is empty; its first line must name the columns"),
        ("\n\n", "users.csv: is empty"),
        ("id,x_m,y_m\n", "users.csv: has no rows below the header"),
        ("u0,1,2\nu1,3,4\n", "users.csv:1: no header; the first line must name the columns"),
        ("x_m,y_m\n1,2\n", "users.csv:1: the column 'id' is missing"),
        ("id,x_m\nu,1\n", "users.csv:1: positions need either .* \\(got x_m\\)"),
        ("id\nu\n", "users.csv:1: positions need .* \\(got none of them\\)"),
        ("id,x_m,y_m,lat,lon\nu,1,2,3,4\n", "positions need either the columns x_m,y_m or the columns lat,lon"),
        ("id,x_m,y_m,x_m\nu,1,2,3\n", "users.csv:1: the column 'x_m' is given twice"),
        ("id,x_m,y_m\nu0,1,2\nu1,3\n", "users.csv:3: has 2 fields; the header names 3"),
        ("id,x_m,y_m\nu0,1,2\n\nu1,3,4,5\n", "users.csv:4: has 4 fields; the header names 3"),
        ('id,x_m,y_m\nu0,1,2\n"u1,3,4\n', "users.csv:3: not valid CSV"),
        ('id,x_m,y_m\n"u\n0",1,2\nu1,3\n', "users.csv:4: has 2 fields"),
        ("id,x_m,y_m\nu0,1,north\n", "users.csv:2: y_m: must be a number \\(got 'north'\\)"),
        ("id,x_m,y_m\nu0,,2\n", "users.csv:2: x_m: must be a number \\(got nothing\\)"),
        ("id,x_m,y_m\nu0,nan,2\n", "users.csv:2: x_m: must be a number \\(got 'nan'\\)"),
        ("id,x_m,y_m\nu0,.nan,2\n", "users.csv:2: x_m: must be a number \\(got '.nan'\\)"),
        ("id,x_m,y_m\nu0,1e999,2\n", "users.csv:2: x_m: must be a finite number"),
        ("id,x_m,y_m\n,1,2\n", "users.csv:2: id: must not be empty"),
        ("id,x_m,y_m\nu\x07,1,2\n", "users.csv:2: id: must be one line of printable characters"),
        ("id,x_m,y_m,history_mbit\nu0,1,2,-3\n", "users.csv:2: history_mbit: must be 0 or greater \\(got -3\\)"),
        ("id,x_m,y_m,deadline_ms\nu0,1,2,0\n", "users.csv:2: deadline_ms: must be greater than 0"),
        ("id,x_m,y_m\nu0,1,2\nu1,1,2\nu0,3,4\n", "users.csv:4: id: duplicate id 'u0'; first on line 2"),
        ("id,x_m,y_m\nu0,1e7,2\n", "half of the users are 9999 km or more from the nearest station"),
        ("id,lat,lon\nu0,1,2\n", "one gives x_m,y_m and the other lat,lon"),
        (b"id,x_m,y_m\n\x81,1,2\n", "users.csv: is neither UTF-8, UTF-16 nor plain western text"),
        (b"\x89PNG\r\n\x1a\n\0", r"users.csv: is neither UTF-8.*; found a PNG image"),
        (b'{"type": 1}', "users.csv:1: no header; .*; found JSON"),
    ],
)
def test_refused_users(imported, users, message):
    with pytest.raises(InputError, match=message):
        imported(users=users)


@pytest.mark.parametrize(
    ("stations", "message"),
    [
        ("id,x_m,y_m,host\nb,1,2,maybe\n", "stations.csv:2: host: must be true or false \\(got 'maybe'\\)"),
        ("id,x_m,y_m,host\nb,1,2,false\n", "stations.csv: stations.list: no station may host twins"),
        ("id,x_m,y_m,cpu_gcycles_per_s\nb,1,2,0\n", "stations.csv:2: cpu_gcycles_per_s: must be greater than 0"),
        ("id,x_m,y_m,capacity_users\nb,1,2,1.5\n", "stations.csv:2: capacity_users: must be a whole number"),
    ],
)
def test_refused_stations(imported, stations, message):
    with pytest.raises(InputError, match=message):
        imported(stations)


@pytest.mark.parametrize(
    ("users", "message"),
    [
        (
            "id,lat,lon\nu,144.97,-37.8\n",
            "users.csv:2: lat: latitude 144.97 is outside .-90, 90.; are lat and lon swapped",
        ),
        ("id,lat,lon\nu,-37.8,181\n", "users.csv:2: lon: longitude 181 is outside .-180, 180."),
        ("id,lat,lon\nu,,1\n", "users.csv:2: lat: must be a number \\(got nothing\\)"),
        ("id,lat,lon\nu,.nan,1\n", "users.csv:2: lat: must be a number \\(got '.nan'\\)"),
        ("id,lat,lon\nu,south,1\n", "users.csv:2: lat: must be a number \\(got 'south'\\)"),
        ("id,lat,lon\nu,37.8,-35.03\n", "are lat and lon swapped in one of the files"),
    ],
)
def test_refused_latitudes_and_longitudes(imported, users, message):
    with pytest.raises(InputError, match=message):
        imported(GEO_STATIONS, users)


def test_swapped_where_both_are_valid_latitudes(imported):
    with pytest.raises(InputError, match="are lat and lon swapped in one of the files"):
        imported("id,lat,lon\nb,48.2,16.4\n", "id,lat,lon\nu,16.4,48.2\n")


def test_a_missing_file(tmp_path):
    with pytest.raises(InputError, match="s.csv: file not found"):
        import_csv(tmp_path / "s.csv", tmp_path / "u.csv")


GEO = "id,lat,lon\n"


def city(tmp_path, stations=STATIONS, users=USERS, **options):
    """The imported city of two texts (or bytes), with what was understood."""
    for name, content in (("stations.csv", stations), ("users.csv", users)):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return csv_city(tmp_path / "stations.csv", tmp_path / "users.csv", **options)


@pytest.mark.parametrize(
    "text",
    [
        "id;x_m;y_m;capacity_users\nb0;0,5;100;30,0\nb1;900;800;\n",
        "id\tx_m\ty_m\tcapacity_users\nb0\t0.5\t100\t30.0\nb1\t900\t800\t\n",
        "id|x_m|y_m|capacity_users\r\nb0|0,5|100|30\r\nb1|900|800|\r\n",
        ",id,x_m,y_m,capacity_users\n0,b0,0.5,100,30.0\n1,b1,900.0,800.0,NaN\n",
        "Unnamed: 0,id,x_m,y_m,Capacity\n0,b0,0.5,100,30.0\n1,b1,900.0,800.0,\n",
        "ID,X_M,Y_M,MAX_USERS,height_of_mast,Remark\rb0,.5,100,30,9,corner\rb1,900,800,,7,roof\r",
        "sep=;\nid;x_m;y_m;capacity_users\nb0;0,5;100;30\nb1;9,0e2;800;\n",
        "id;x_m;y_m;capacity_users\nb0;0,5;100;30\nb1;900;800;\n".encode("utf-16"),
        "id;x_m;y_m;capacity_users;Straße\nb0;0,5;100;30;Öl\nb1;900;800;;\n".encode("latin-1"),
        gzip.compress(b"station_id,x_m,y_m,capacity_users\nb0,0.5,100,30\nb1,900,800,\n", mtime=0),
    ],
)
def test_one_table_in_many_dialects(tmp_path, text):
    world = build_world(city(tmp_path, text).scenario)
    assert world.station_ids == ("b0", "b1")
    assert world.station_xy_m.tolist() == [[0.5, 100], [900, 800]] and world.capacity.tolist() == [30, 3]


def test_further_columns_are_named_and_misspelt_ones_loudly(tmp_path):
    imported = city(tmp_path, "id,x_m,y_m,capcity,mast,host\nb0,1,2,7,9,0\nb1,3,4,8,9,1\n")
    assert imported.scenario.stations.rows[0].capacity_users is None
    notes = " ".join(imported.summary.notes)
    assert "the column 'capcity' is a label; did you mean 'capacity_users'" in notes
    assert imported.summary.columns_unused == () and ("labels of stations", "capcity, mast") in imported.summary.facts
    assert [row.labels for row in imported.scenario.stations.rows] == [{"capcity": each, "mast": "9"} for each in "78"]
    assert [row.host for row in imported.scenario.stations.rows] == [False, True]


CELLS = "LTE,262,2,801,{},0,{},48.1{},1000,2,1,1459813819,1459813819,0\n"


@pytest.mark.parametrize("header", ["", f"{','.join(OPENCELLID)}\n"])
def test_opencellid_with_and_without_its_header(tmp_path, header):
    text = (
        header
        + "".join(CELLS.format(cell, 11.5, at) for at, cell in enumerate((86355, 86356)))
        + (CELLS.format(86355, 11.51, 5).replace(",801,", ",802,"))
    )
    imported = city(tmp_path, text, GEO + "u,48.12,11.5\n")
    ids = [row.id for row in imported.scenario.stations.rows]
    assert ids == ["LTE-262-2-801-86355", "LTE-262-2-801-86356", "LTE-262-2-802-86355"]
    assert ("was read as OpenCelliD" in " ".join(imported.summary.notes)) == (not header)


def test_stated_columns(tmp_path):
    stations = "site;breite;laenge;ghz\nb0;48,10;11,50;8\nb1;48,11;11,51;9\n"
    users = "kunde;breite;laenge\nu0;48,105;11,505\n"
    columns = "station=site,user=kunde,lat=breite,lon=laenge,cpu=ghz"
    imported = city(tmp_path, stations, users, columns=columns)
    assert [row.cpu_gcycles_per_s for row in imported.scenario.stations.rows] == [8, 9]
    assert build_world(imported.scenario).user_ids == ("u0",)
    assert "lat from breite [degree]" in dict(imported.summary.facts)["columns of stations"]
    for wrong, message in (
        ("lat=breit", "no column is named 'breit' in .* to give lat; did you mean 'breite'"),
        ("latt=breite", "unknown quantity 'latt'; did you mean 'lat'"),
    ):
        with pytest.raises(InputError, match=message):
            city(tmp_path, stations, users, columns=wrong)


@pytest.mark.parametrize(
    ("users", "message"),
    [
        ("id,lat,latitude,lon\nu,1,2,3\n", "'lat' and 'latitude' both give lat; say which by --columns lat=lat"),
        ("id,x_m,y_m,lat,lon\nu,1,2,3,4\n", "got both.; say which by --columns lat=lat,lon=lon"),
        ("id;x_m;y_m\nu;1,234;2,345\n", r"x_m: must be a number .got '1,234'.; its comma may mark decimals or thous"),
        ("id,x,y\nu,11.5,48.1\n", "may be metres or degrees; say which by --columns x_m=x,y_m=y or --columns lon=x"),
        ("id,lat\nu,1\n", "positions need either"),
        ("ident,x_m,y_m\nu,1,2\n", "the column 'id' is missing; .*--columns user=NAME .* has ident, x_m, y_m"),
        ("id,xm,ym_\nu,1\n", "has 2 fields"),
        ("id;x,y\nu;1,2\n", "may be separated by commas or semicolons; state which by --separator"),
        ("id,x_m,y_m,history_mbit\nu,1,2,viel\n", "history_mbit: must be a number .got 'viel'"),
    ],
)
def test_what_is_ambiguous_is_refused_with_what_settles_it(tmp_path, users, message):
    with pytest.raises(InputError, match=message):
        city(tmp_path, users=users)


def test_options_settle_what_is_ambiguous(tmp_path):
    stations = "id;x_m;y_m\nb;1,234;2\n"
    metres = [city(tmp_path, stations, decimal=mark).scenario for mark in (".", ",")]
    assert [each.stations.rows[0].x_m - each.users.rows[0].x_m for each in metres[1:]] == [1.234 - 120]
    assert metres[0].stations.rows[0].x_m - metres[0].users.rows[0].x_m == 1234 - 120
    both = "id,x_m,y_m,lat,lon\nb,1,2,48.1,11.5\n"
    assert city(tmp_path, both, GEO + "u,48.1,11.5\n", columns="lat=lat,lon=lon").scenario.area.origin is not None


def test_positions_in_a_named_system(tmp_path):
    """Munich's Marienplatz in UTM 32: 48.13743, 11.57549, by PROJ's own tables."""
    text = "id,x,y\nb0,691607.9,5334760.4\nb1,692607.9,5334760.4\n"
    imported = city(tmp_path, text, text.replace("b0", "u0"), crs="EPSG:32632")
    assert imported.summary.units == "positions in EPSG:32632"
    world = build_world(imported.scenario)
    lat_deg, lon_deg = unproject(*world.station_xy_m[0], world.origin)
    assert (float(lat_deg), float(lon_deg)) == pytest.approx((48.13743, 11.57549), abs=2e-3)
    spread_m = np.hypot(*(world.station_xy_m[1] - world.station_xy_m[0]))
    assert spread_m == pytest.approx(1000 / 1.00005, rel=1e-3)
    named = "id,x,y,epsg\nb0,691607.9,5334760.4,32632\nb1,692607.9,5334760.4,32632\n"
    by_column = city(tmp_path, named, named.replace("b0", "u0"))
    assert by_column.scenario == imported.scenario and "EPSG:32632, as epsg says" in " ".join(by_column.summary.notes)
    with pytest.raises(InputError, match="epsg: must name one coordinate system that is known"):
        city(tmp_path, named.replace("32632", "25832", 1), named)
    with pytest.raises(InputError, match="'EPSG:99' is not known"):
        city(tmp_path, text, text, crs="EPSG:99")
    flat = city(tmp_path, text, text)
    assert flat.scenario.area.origin is None and "taken to be metres of a flat grid; --crs" in " ".join(
        flat.summary.notes
    )


def test_sizes_in_other_units_are_noted(tmp_path):
    notes = " ".join(city(tmp_path, "id,x_m,y_m,cpu\nb0,0,0,24000\nb1,1,1,8\n").summary.notes)
    assert "cpu_gcycles_per_s of station b0 is 24000 Gcycle/s, more than 1000 (1 row); is it in another unit?" in notes
    with pytest.raises(InputError, match="x_m: must be a number .got '0,5'.; --decimal , says that commas mark"):
        city(tmp_path, 'id,x_m,y_m\nb0,"0,5",0\n')
    kept = city(tmp_path, 'id,x_m,y_m\nb0,"0,5",0\n', "id,x_m,y_m\nu,1,1\n", decimal=",").scenario
    assert kept.stations.rows[0].x_m == 0.5


def test_null_island_and_bad_rows(tmp_path):
    stations, users = GEO + "b0,52,5\nb1,52.01,5\n", GEO + "u0,52,5.001\nu1,0,0\nu2,north,5\nu3,52.01,5.001\n"
    with pytest.raises(InputError, match="users.csv:4: lat: must be a number .got 'north'"):
        city(tmp_path, stations, users)
    with pytest.raises(InputError, match="users.csv:3: latitude 0, longitude 0 .* --skip-bad"):
        city(tmp_path, stations, users.replace("north", "52"))
    imported = city(tmp_path, stations, users, skip_bad=True)
    assert [row.id for row in imported.scenario.users.rows] == ["u0", "u3"]
    notes = " ".join(imported.summary.notes)
    assert "2 rows left out (--skip-bad)" in notes and "users.csv:3" in notes and "users.csv:4" in notes


def test_rows_with_more_or_fewer_cells_are_left_out_too(tmp_path):
    users = GEO + "u0,52,5.001\nu1,52,5,7\nu2,52\nu3,52.01,5.001\n"
    with pytest.raises(InputError, match="users.csv:3: has 4 fields; the header names 3"):
        city(tmp_path, GEO + "b0,52,5\nb1,52.01,5\n", users)
    imported = city(tmp_path, GEO + "b0,52,5\nb1,52.01,5\n", users, skip_bad=True)
    assert [row.id for row in imported.scenario.users.rows] == ["u0", "u3"]
    notes = " ".join(imported.summary.notes)
    assert "2 rows left out (--skip-bad)" in notes and "users.csv:3" in notes and "users.csv:4" in notes


def test_what_was_understood(tmp_path):
    imported = city(tmp_path, GEO + "b0,52,5\nb1,52.01,5\n", GEO + "u0,52,5\nu1,52.01,5\nu2,54,5\n")
    lines = dict(imported.summary.lines())
    assert lines["layout"] == "table separated by commas" and (lines["users"], lines["stations"]) == ("3", "2")
    assert lines["extent"] == "200 m x 223 km" and "degree" in lines["units"]
    assert (lines["radio"], lines["CPU"]) == ("3 MHz", "1.2 to 3.6 Gcycle/s a station")
    assert lines["constants"] == "scaled to 1.5 users a station; --preset lu2021 keeps the paper's"
    assert lines["columns of users"] == "id, lat [degree], lon [degree]"
    assert "positions extend over 223 km, more than 200 km; user u2 is farthest" in " ".join(imported.summary.notes)


def test_the_command_says_what_was_understood(tmp_path):
    city(tmp_path)
    files = ("--stations", str(tmp_path / "stations.csv"), "--users", str(tmp_path / "users.csv"))
    result = CliRunner().invoke(app, ["import", "csv", *files, "--out", str(tmp_path / "c.yaml")])
    assert result.exit_code == 0
    words = " ".join(result.output.split())
    for line in ("layout table separated by commas", "users 3", "stations 2", "radio 3 MHz", "wrote"):
        assert line in words


def test_a_coordinate_system_that_is_not_used_is_said(tmp_path):
    stations, users = GEO + "b0,52,5\nb1,52.01,5\n", GEO + "u0,52,5\nu1,52.01,5\n"
    notes = " ".join(city(tmp_path, stations, users, crs="EPSG:25832").summary.notes)
    assert "--crs EPSG:25832 is not used: positions are latitude and longitude" in notes
    assert "not used" not in " ".join(city(tmp_path, stations, users, crs="EPSG:4326").summary.notes)


def test_one_user_a_station_and_marks_of_no_position(tmp_path):
    imported = city(tmp_path, GEO + "b0,52,5\nb1,52.01,5\n", GEO + "u0,52,5\nu1,52.01,5\n")
    assert "scaled to 1 user a station" in dict(imported.summary.facts)["constants"]
    with pytest.raises(InputError, match="users.csv:3: latitude 91, longitude 181 is a mark of no position"):
        city(tmp_path, GEO + "b0,52,5\nb1,52.01,5\n", GEO + "u0,52,5\nu1,91,181\n")


@pytest.mark.parametrize("cell", ["1e05", "0.10", "007", "0x10", "1_000", "no", "30.0"])
def test_ids_and_classes_stay_as_written(tmp_path, cell):
    scenario = city(tmp_path, users=f"id,x_m,y_m,class\n{cell},1,2,{cell}\n").scenario
    assert (scenario.users.rows[0].id, scenario.users.rows[0].user_class) == (cell, cell)


class TestScenarioFields:
    """`stations: {csv: ...}` and `users: {csv: ...}` in a scenario file."""

    HEAD = "schema_version: 1\nname: a\n"

    def load(self, tmp_path, text, stations=STATIONS, users=USERS):
        folder = tmp_path / "city"
        folder.mkdir()
        (folder / "s.csv").write_text(stations)
        (folder / "u.csv").write_text(users)
        (folder / "city.yaml").write_text(self.HEAD + text)
        return load_scenario(folder / "city.yaml")

    def test_rows_are_read_and_section_values_hold(self, tmp_path):
        scenario = self.load(
            tmp_path, "stations: {csv: s.csv, opening_s: 0.7}\nusers: {csv: ./u.csv, history_mbit: 4}\n"
        )
        world = build_world(scenario)
        assert world.station_ids == ("b0", "b1") and world.user_ids == ("u0", "u1", "u2")
        assert world.opening_s.tolist() == [0.7, 0.7] and (world.history_bits == 4e6).all()
        assert scenario.stations.csv is None and parse_scenario(dump_scenario(scenario)) == scenario

    def test_latitude_and_longitude_need_an_origin(self, tmp_path):
        text = "stations: {csv: s.csv}\nusers:\n  csv: u.csv\n"
        with pytest.raises(InputError, match="city.yaml:3: stations.csv: .*state where .* by area.origin"):
            self.load(tmp_path, text, GEO_STATIONS, GEO_USERS)

    def test_latitude_and_longitude_with_an_origin(self, tmp_path):
        text = "stations: {csv: s.csv}\nusers: {csv: u.csv}\narea: {origin: {lat_deg: -37.82, lon_deg: 144.95}}\n"
        world = build_world(self.load(tmp_path, text, GEO_STATIONS, GEO_USERS))
        lat_deg, lon_deg = unproject(*world.user_xy_m.T, (-37.82, 144.95))
        assert lat_deg == pytest.approx([-37.816, -37.812], abs=1e-7)
        assert lon_deg == pytest.approx([144.97, 144.96], abs=1e-7)

    @pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "../city2/s.csv", "link.csv"])
    def test_paths_stay_under_the_folder(self, tmp_path, path):
        (tmp_path / "secret.csv").write_text(STATIONS)
        (tmp_path / "city2").mkdir()
        (tmp_path / "city").mkdir()
        (tmp_path / "city" / "link.csv").symlink_to(tmp_path / "secret.csv")
        (tmp_path / "city" / "city.yaml").write_text(
            f"{self.HEAD}users: {{generate: {{}}}}\nstations:\n  csv: {path}\n"
        )
        with pytest.raises(InputError, match="city.yaml:5: stations.csv: must stay under the folder"):
            load_scenario(tmp_path / "city" / "city.yaml")

    def test_errors_of_the_file_name_it(self, tmp_path):
        with pytest.raises(InputError, match="s.csv:3: has 1 field;"):
            self.load(tmp_path, "stations: {csv: s.csv}\nusers: {generate: {}}\n", "id,x_m,y_m\nb,1,2\nc\n")

    def test_a_missing_csv(self, tmp_path):
        with pytest.raises(InputError, match="x.csv: file not found"):
            self.load(tmp_path, "stations: {csv: x.csv}\nusers: {generate: {}}\n")

    def test_no_host_is_found_after_reading(self, tmp_path):
        with pytest.raises(InputError, match="city.yaml:3: stations.list: no station may host twins"):
            self.load(tmp_path, "stations: {csv: s.csv}\nusers: {generate: {}}\n", "id,x_m,y_m,host\nb,1,2,false\n")

    def test_far_apart(self, tmp_path):
        text = "stations: {csv: s.csv}\nusers: {list: [{id: u, x_m: 5e6, y_m: 0}]}\n"
        with pytest.raises(InputError, match="city.yaml: half of the users are 4999 km or more"):
            self.load(tmp_path, text)
