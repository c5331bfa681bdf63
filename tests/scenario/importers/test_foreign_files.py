"""Importers of other projects' files: what they read, and what they say of everything else."""

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.scenario import build_world, dump_scenario, parse_scenario, unproject
from twinhop.scenario.importers import import_eua, import_geojson, import_ifogsim, import_sf_cells
from twinhop.scenario.importers.sf_cells import busiest_cells, filled_forward

DATA = Path(os.environ.get("TWINHOP_DATA", Path(__file__).parents[4] / "shared" / "data"))

SITES = "SITE_ID,LATITUDE,LONGITUDE,NAME\n10,-37.815,144.974,Corner\n11,-37.810,144.952,Roof\n"
PEOPLE = "Latitude,Longitude\n-37.8146,144.9744\n-37.8101, 144.9704\n"
RESOURCES = (
    "ID,Latitude,Longitude,Block,Level,Parent,State,Details\n0,-37.81,144.96,0,0,-1,VIC,DataCenter\n"
    "1,-37.81,144.95,1,1,0,VIC,Proxy\n2,-37.815,144.974,1,2,1,VIC,A\n3,-37.810,144.952,1,2,1,VIC,B\n"
)
CELLS = "cell,lat,lon\n1,37.60,-122.40\n2,37.61,-122.41\n3,37.80,-122.41\n"
SERVING = np.array([[1, 0, 3], [0, 2, 1], [1, 2, 1]] + [[1, 2, 1]] * 200, np.uint8)


def point(lon, lat, **properties):
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [lon, lat]}, "properties": properties}


def collection(*features, **members):
    return json.dumps({"type": "FeatureCollection", "features": list(features), **members})


STATION_POINTS = collection(
    point(144.974, -37.815, id="a", capacity_users=7, colour="red"),
    point(144.952, -37.810, host=False),
    attribution="Somebody's open data",
    licence="CC BY 4.0",
)
USER_POINTS = collection(point(144.97, -37.814, id="ada", deadline_ms=90), point(144.96, -37.812))


@pytest.fixture
def write(tmp_path):
    """Writes a text, bytes or arrays and returns the path."""

    def run(name, content):
        path = tmp_path / name
        if isinstance(content, dict):
            np.savez(path, **content)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return run


@pytest.fixture
def imported(write):
    """Imports small files of a kind, some of them replaced."""

    def run(kind, first=None, second=None, **options):
        if kind == "eua":
            return import_eua(write("s.csv", first or SITES), write("u.csv", second or PEOPLE), **options)
        if kind == "ifogsim":
            return import_ifogsim(write("r.csv", first or RESOURCES), [write("u.csv", second or PEOPLE)], **options)
        if kind == "geojson":
            return import_geojson(
                write("s.json", first or STATION_POINTS), write("u.json", second or USER_POINTS), **options
            )
        cells, serving = write("c.csv", first or CELLS), write("v.npz", second or {"serving": SERVING})
        return import_sf_cells(cells, serving, **{"minute": 1, **options})

    return run


KINDS = ("eua", "ifogsim", "geojson", "sf-cells")


@pytest.mark.parametrize("kind", KINDS)
def test_every_importer_makes_a_scenario_that_lasts(kind, imported, assert_same_world):
    scenario = imported(kind, seed=3, name="here")
    assert (scenario.name, scenario.seed) == ("here", 3)
    assert parse_scenario(dump_scenario(scenario)) == scenario
    world = build_world(scenario)
    assert_same_world(world, build_world(imported(kind, seed=3, name="here")))
    points = np.concatenate([world.station_xy_m, world.user_xy_m])
    assert (points >= 0).all() and (points <= (world.width_m, world.height_m)).all()
    assert world.origin is not None
    assert world.attribution


@pytest.mark.parametrize("kind", KINDS)
def test_further_sources_are_named(kind, imported):
    assert "My survey, CC0" in imported(kind, attribution=["My survey, CC0"]).attribution


def test_eua_positions_come_back(imported):
    world = build_world(imported("eua"))
    assert world.station_ids == ("10", "11") and world.user_ids == ("u0", "u1")
    lat, lon = unproject(*world.user_xy_m.T, world.origin)
    assert lat == pytest.approx([-37.8146, -37.8101], abs=1e-7)
    assert lon == pytest.approx([144.9744, 144.9704], abs=1e-7)
    assert any("MIT" in line and "swinedge" in line for line in world.attribution)
    assert any("ACMA" in line for line in world.attribution)


def test_ifogsim_takes_gateways_and_paths_or_steps(write, imported):
    assert [row.id for row in imported("ifogsim").stations.rows] == ["2", "3"]
    assert len(imported("ifogsim").users.rows) == 2
    paths = [write("a.csv", PEOPLE), write("b.csv", PEOPLE)]
    scenario = import_ifogsim(write("r.csv", RESOURCES), paths, step=1)
    assert len(scenario.users.rows) == 2
    assert scenario.users.rows[0].x_m == scenario.users.rows[1].x_m
    with pytest.raises(InputError, match=r"a.csv: has the steps 0 to 1 \(got 2\)"):
        import_ifogsim(write("r.csv", RESOURCES), paths, step=2)
    with pytest.raises(InputError, match="no file of user locations"):
        import_ifogsim(write("r.csv", RESOURCES), [])


def test_geojson_properties_are_fields(imported):
    scenario = imported("geojson")
    first, second = scenario.stations.rows
    assert (first.id, first.capacity_users, second.id, second.host) == ("a", 7, "b1", False)
    assert [row.id for row in scenario.users.rows] == ["ada", "u1"]
    assert scenario.users.rows[0].deadline_ms == 90 and scenario.objective.deadlines
    assert scenario.attribution == ("Somebody's open data", "CC BY 4.0")


def test_geojson_of_altitudes_and_feature_ids(imported):
    high = {"type": "Feature", "id": 5, "geometry": {"type": "Point", "coordinates": [144.97, -37.81, 30.0]}}
    assert imported("geojson", collection(high)).stations.rows[0].id == "5"


def test_geojson_takes_what_csv_takes(imported):
    values = ({"host": 0, "capacity_users": "20"}, {"host": "no", "capacity_users": 30.0}, {"host": "1", "Capacity": 5})
    points = [point(144.97, -37.81, id=str(at), **each) for at, each in enumerate(values)]
    rows = imported("geojson", collection(*points)).stations.rows
    assert [(row.host, row.capacity_users) for row in rows] == [(False, 20), (False, 30), (True, None)]
    named = [point(144.97, -37.81, id=str(at), Capacity=at, site="x") for at in range(2)]
    assert [row.capacity_users for row in imported("geojson", collection(*named)).stations.rows] == [0, 1]
    other = [point(144.97, -37.81, id=str(at), capacity="large") for at in range(2)]
    assert imported("geojson", collection(*other)).stations.rows[0].capacity_users is None


def meridian_m(lat_deg):
    """Distance from the equator along a meridian of the ellipsoid, by integration [m]."""
    phi = np.radians(np.linspace(0, lat_deg, 200_001))
    radius_m, e2 = 6_378_137.0, 0.00669437999014
    curve = radius_m * (1 - e2) / (1 - e2 * np.sin(phi) ** 2) ** 1.5
    return float(np.trapezoid(curve, phi))


UTM = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32632"}}


def test_geojson_in_a_named_system(imported):
    def points(*xy, crs=UTM):
        return collection(*(point(x, y, id=f"p{at}") for at, (x, y) in enumerate(xy)), **({"crs": crs} if crs else {}))

    first, second = points((499500, 5699500), (500500, 5700500)), points((500000, 5700000))
    world = build_world(imported("geojson", first, second))
    assert np.hypot(*(world.station_xy_m[1] - world.station_xy_m[0])) == pytest.approx(np.hypot(1000, 1000), rel=1e-3)
    assert world.user_xy_m[0] == pytest.approx(world.station_xy_m.mean(axis=0), abs=0.5)
    lat, lon = unproject(*world.user_xy_m[0], world.origin)
    assert float(lon) == pytest.approx(9, abs=1e-6), "the middle of zone 32"
    assert meridian_m(float(lat)) == pytest.approx(5_700_000 / 0.9996, abs=0.1)
    plain = [(144.97, -37.81), (144.96, -37.82)]
    for crs in ("urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326"):
        named = {"type": "name", "properties": {"name": crs}}
        assert_same = [imported("geojson", points(*plain, crs=each)).stations.rows for each in (named, None)]
        assert assert_same[0] == assert_same[1]
    with pytest.raises(InputError, match="s.json: crs: the coordinate system 'local grid' is not known"):
        imported("geojson", points(*plain, crs={"type": "name", "properties": {"name": "local grid"}}))
    with pytest.raises(InputError, match="EPSG:99999"):
        imported("geojson", points(*plain, crs={"type": "name", "properties": {"name": "EPSG:99999"}}))


def test_geojson_ids_stay_as_written(imported):
    text = collection(point(144.97, -37.81, id="ID")).replace('"ID"', "1e05")
    assert imported("geojson", text).stations.rows[0].id == "1e05"


def test_geojson_bad_features_are_left_out_where_that_is_stated(imported):
    text = collection(point(144.97, -37.81), {"type": "Feature", "geometry": None}, point(0, 0), point(144.9, -97))
    with pytest.raises(InputError, match="expected a Point, found no geometry"):
        imported("geojson", text)
    assert len(imported("geojson", text, skip_bad=True).stations.rows) == 1


@pytest.mark.parametrize("kind", ["eua", "ifogsim"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_other_tables_come_in_every_dialect(kind, encoding, imported, assert_same_world):
    first = {"eua": SITES, "ifogsim": RESOURCES}[kind]
    changed = [
        text.replace(",", ";").replace(".", ",").replace("\n", "\r").encode(encoding) for text in (first, PEOPLE)
    ]
    assert_same_world(build_world(imported(kind, name="a")), build_world(imported(kind, *changed, name="a")))


def test_absences_are_filled_for_so_many_minutes():
    serving = np.array([[0], [4], [0], [0], [0], [2]])
    assert filled_forward(serving, 2).ravel().tolist() == [0, 4, 4, 4, 0, 2]
    assert filled_forward(serving, 0).ravel().tolist() == serving.ravel().tolist()


def test_fewest_cells_that_carry_the_share():
    serving = np.repeat([1, 2, 3], [97, 2, 1])[:, None]
    assert busiest_cells(serving, 4, 0.97).tolist() == [0]
    assert busiest_cells(serving, 4, 0.98).tolist() == [0, 1]
    assert busiest_cells(serving, 4, 1.0).tolist() == [0, 1, 2]


def test_san_francisco_users_stand_at_their_cell_or_the_nearest_kept(imported):
    scenario = imported("sf-cells", minute=0)
    assert [row.id for row in scenario.stations.rows] == ["cell1", "cell2"], "cell 3 carries less than 1 %"
    cell_1, cell_2 = ((row.x_m, row.y_m) for row in scenario.stations.rows)
    users = {row.id: (row.x_m, row.y_m) for row in scenario.users.rows}
    assert users == {"taxi0": cell_1, "taxi2": cell_2}, "taxi 1 is absent; cell 2 is nearest to cell 3"
    at_1 = {row.id for row in imported("sf-cells", minute=1).users.rows}
    assert at_1 == {"taxi0", "taxi1", "taxi2"}, "taxi 0 is silent for one minute only"


class TestRefused:
    """Every message says what was found."""

    @pytest.mark.parametrize(
        ("kind", "first", "message"),
        [
            (
                "eua",
                "cell,lat,lon\n1,2,3\n",
                "not a file of EUA sites.*SITE_ID missing.*cell,lat,lon",
            ),
            ("eua", "\n", "no rows below a header"),
            ("eua", STATION_POINTS, "is not a file of EUA sites: .*found JSON"),
            ("eua", "<xml/>\n", "found XML or HTML"),
            ("eua", b"PK\x03\x04\0\0\0\0", "found a damaged ZIP archive"),
            ("eua", b"SITE_ID,LATITUDE\0\0\0", r"found binary data \(NUL bytes\)"),
            ("eua", SITES + "11,-37.8,144.9,Again\n", r"s.csv:4: duplicate id '11'; first at .*s.csv:3"),
            ("eua", SITES + "12,-137.8,144.9,Far\n", "s.csv:4: lat: latitude -137.8 is outside"),
            ("eua", SITES + "12,north,144.9,Far\n", "s.csv:4: lat: must be a number"),
            ("eua", SITES + "12,-37.8\n", "s.csv:4: has 2 fields; the header names 4"),
            ("ifogsim", SITES, "ID, Latitude, Longitude, Level are expected, ID, Level missing"),
            ("ifogsim", RESOURCES.replace(",2,1,VIC", ",1,1,VIC"), r"no gateway \(level 2\); found the levels 0, 1"),
            ("geojson", SITES, "is not GeoJSON: found a table with the columns SITE_ID"),
            ("geojson", '{"type": "Topology"}', "expected a FeatureCollection of Points, found an object of type 'Top"),
            ("geojson", "[1]", "found a list"),
            ("geojson", '{"type": "FeatureCollection"}', "features: expected a list, found the value null"),
            ("geojson", collection(), "holds no station"),
            ("geojson", '{"type": ', r"s.json:1: not valid JSON"),
            ("geojson", '{"type": NaN}', "NaN is not JSON"),
            ("geojson", "[" * 100_000, "nested too deeply"),
            ("geojson", collection(point(144.9, -97.0)), r"features\[0\]: lat: latitude -97 is outside"),
            ("geojson", collection(point("x", -37.0)), r"features\[0\]: lon: must be a number \(got 'x'\)"),
            ("geojson", collection(point("x" * 999, -37.0)), r"lon: must be a number \(got 'x{39}\)"),
            ("geojson", collection(point(10**400, -37.0)), r"features\[0\]: lon: longitude beyond 1e308 is outside"),
            (
                "geojson",
                collection(point(0, 0, x_m=10**400, y_m=0), twinhop={"georeferenced": False}),
                r"features\[0\]: x_m and y_m: expected numbers of metres, found hundreds of digits",
            ),
            (
                "geojson",
                collection(point(144.9, -37.0, capacity_users=-1)),
                r"s.json: features\[0\]: capacity_users: must be",
            ),
            ("geojson", collection({"type": "Feature", "geometry": None}), "expected a Point, found no geometry"),
            ("sf-cells", SITES, "is not a file of San Francisco cells"),
            ("sf-cells", "cell,lat,lon\n2,37,-122\n", "cell '2' in row 1; cells must count 1, 2, 3"),
        ],
    )
    def test_first_file(self, kind, first, message, imported):
        with pytest.raises(InputError, match=message):
            imported(kind, first)

    @pytest.mark.parametrize("kind", ["eua", "ifogsim"])
    @pytest.mark.parametrize(
        ("second", "found"), [(SITES, "EUA sites, with.*SITE_ID"), (RESOURCES, "iFogSim2 edge resources, with.*Level")]
    )
    def test_sites_for_users(self, kind, second, found, imported):
        with pytest.raises(InputError, match=f"u.csv: is not a file of .*user.*: found a file of {found}"):
            imported(kind, second=second)

    def test_polygons(self, imported):
        square = [[[144.9, -37.8], [145.0, -37.8], [145.0, -37.7], [144.9, -37.8]]]
        polygon = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": square}, "properties": {}}
        with pytest.raises(
            InputError, match=r"u.json: features\[1\]: geometry: expected a Point, found Polygon"
        ) as caught:
            imported("geojson", second=collection(point(144.97, -37.81), polygon, polygon))
        assert "the file holds 2 Polygon, 1 Point" in str(caught.value)
        with pytest.raises(InputError) as caught:
            imported("geojson", second=collection(*[polygon] * 40))
        lines = str(caught.value).splitlines()
        assert "each user must be one Point; the file holds 40 Polygon; for example" in lines[0] and len(lines) == 4

    @pytest.mark.parametrize("value", [[1], {}])
    def test_classes_that_are_no_names(self, value, imported):
        with pytest.raises(InputError, match=r"u.json: features\[0\]: class: must be text"):
            imported("geojson", second=collection(point(144.97, -37.81, **{"class": value})))

    @pytest.mark.parametrize(
        ("second", "message"),
        [
            ({"serving": np.full((3, 2), 4)}, "cell 4 at minute 0 of user 0 is out of range; the cells are 1 to 3"),
            ({"serving": np.full((3, 2), -1)}, "cell -1 at minute 0"),
            ({"serving": np.zeros((3, 2), int)}, "nobody is present at minute 1"),
            ({"serving": np.ones((3, 2))}, "expected whole numbers of shape .minutes, users., found float64"),
            ({"serving": np.ones(3, int)}, r"of shape \(3,\)"),
            ({"cells": np.ones((3, 2), int)}, "has no array serving .minutes, users.; found cells"),
            ({"serving": np.array([[{}]])}, "holds Python objects"),
            ({"serving": np.ones((1, 2), int)}, r"has the minutes 0 to 0 \(got 1\)"),
            (SITES, "is not an .npz archive of serving cells: found a table with the columns SITE_ID"),
            (pickle.dumps([1]), "is not an .npz archive"),
            (b"PK\x03\x04broken", "not an .npz archive"),
        ],
        ids=range(11),
    )
    def test_serving_cells(self, second, message, imported):
        with pytest.raises(InputError, match=message):
            imported("sf-cells", second=second)

    def test_absent_files(self, tmp_path):
        for call in (
            lambda: import_eua(tmp_path / "s.csv", tmp_path / "u.csv"),
            lambda: import_ifogsim(tmp_path / "s.csv", [tmp_path / "u.csv"]),
            lambda: import_geojson(tmp_path / "s.csv", tmp_path / "u.csv"),
            lambda: import_sf_cells(tmp_path / "s.csv", tmp_path / "u.npz"),
        ):
            with pytest.raises(InputError, match="s.csv: file not found"):
                call()

    def test_a_folder_and_a_missing_archive(self, tmp_path, write):
        with pytest.raises(InputError, match="is a folder"):
            import_eua(tmp_path, tmp_path)
        with pytest.raises(InputError, match="v.npz: no such file"):
            import_sf_cells(write("c.csv", CELLS), tmp_path / "v.npz")


def needed(folder):
    """Skips where a data set is absent."""
    path = DATA / folder
    if not path.is_dir():
        pytest.skip(f"no {folder} in {DATA}; set TWINHOP_DATA")
    return path


def test_the_real_melbourne():
    folder = needed("eua")
    scenario = import_eua(folder / "site-optus-melbCBD.csv", folder / "users-melbcbd-generated.csv")
    assert (len(scenario.stations.rows), len(scenario.users.rows)) == (125, 816)


def test_the_real_edge_resources():
    folder = needed("ifogsim2_melb")
    scenario = import_ifogsim(folder / "edgeResources-melbCBD.csv", sorted(folder.glob("*sersLocation-*.csv")), step=5)
    assert (len(scenario.stations.rows), len(scenario.users.rows)) == (118, 6)


def test_the_real_san_francisco():
    folder = needed("sf_cab_cells")
    scenario = import_sf_cells(folder / "sf_cells.csv", folder / "sf_serving_1min.npz", minute=720)
    assert (len(scenario.stations.rows), len(scenario.users.rows)) == (70, 370)
    assert scenario.stations.capacity_users is None


def test_rows_with_more_cells_than_the_header_are_left_out(write):
    sites, people = (
        write("sites.csv", SITES + "12,-37.81,144.95,a,b\n"),
        write("users.csv", PEOPLE + "-37.81,144.96,9\n"),
    )
    with pytest.raises(InputError, match="sites.csv:4: has 5 fields"):
        import_eua(sites, people)
    kept = import_eua(sites, people, skip_bad=True)
    assert (len(kept.stations.rows), len(kept.users.rows)) == (2, 2)
    resources = write("resources.csv", RESOURCES + "4,-37.81,144.95\n")
    assert len(import_ifogsim(resources, [people], skip_bad=True).stations.rows) == 2


def test_features_of_geojson_with_values_that_will_not_do_are_named_and_left_out(write):
    bad = point(144.95, -37.81, id="c", cpu_gcycles_per_s=[1]), point(144.96, -37.81, id="d", capacity_users=-1)
    stations = write("s.geojson", collection(point(144.974, -37.815, id="a"), *bad))
    users = write("u.geojson", USER_POINTS)
    with pytest.raises(InputError, match=r"s\.geojson: features\[1\]: cpu_gcycles_per_s: must be a number"):
        import_geojson(stations, users)
    assert [row.id for row in import_geojson(stations, users, skip_bad=True).stations.rows] == ["a"]
