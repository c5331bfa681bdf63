"""The files of plans and comparisons: which, valid, whole or not there at all."""

import json
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from pictures import check_picture, is_cut
from problem_makers import deadline_arrays, facility_arrays, roomy, tight_deadline_arrays

import twinhop
from twinhop.errors import InputError
from twinhop.io.folder_lock import LOCK
from twinhop.io.folders import require_writable, staging
from twinhop.output.plans.map_figure import draw_map
from twinhop.placement import Part, PlacementProblem, certify
from twinhop.scenario import parse_scenario, unproject

PLAN_FILES = [
    "associations.csv",
    "associations.parquet",
    "map.geojson",
    "map.png",
    "placement.json",
    "plan.xlsx",
    "report-data.bin.gz",
    "report.html",
    "report.md",
    "servers.csv",
    "users.csv",
]
PROBLEM_FILES = [name for name in PLAN_FILES if not name.startswith("map.")]
COMPARISON_FILES = [f"comparison.{suffix}" for suffix in ("csv", "json", "md", "parquet", "png", "tex", "xlsx")]
COMPARISON_FILES += ["report-data.bin.gz", "report.html"]
DEADLINES = "family(60, 6, deadlines=on)"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def city(tmp_path, origin=True):
    """A scenario file of a few stations on Earth, or nowhere."""
    where = ", origin: {lat_deg: -37.82, lon_deg: 144.95}" if origin else ""
    path = tmp_path / "city.yaml"
    path.write_text(
        f"""schema_version: 1
name: little-town
area: {{width_m: 2000, height_m: 1500{where}}}
stations: {{generate: {{count: 5, host_share: 0.8}}}}
users: {{generate: {{count: 30}}}}
objective: {{deadlines: false}}
attribution: ["A source, CC BY 4.0"]
"""
    )
    return path


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A plan of a georeferenced scenario with its folder."""
    folder = tmp_path_factory.mktemp("saved")
    plan = twinhop.plan(city(folder))
    written = plan.save(folder / "deep" / "out")
    return plan, folder / "deep" / "out", written


def test_exactly_the_five_files(saved):
    _, folder, written = saved
    assert names(folder) == PLAN_FILES
    assert sorted(written) == [folder / name for name in PLAN_FILES]


def test_exactly_three_files_for_a_problem(tmp_path):
    twinhop.plan(roomy(10, 3)).save(tmp_path / "out")
    assert names(tmp_path / "out") == PROBLEM_FILES
    table = pl.read_parquet(tmp_path / "out" / "associations.parquet")
    assert table.height == 10


def test_placement_json_is_the_answer_with_names(saved):
    plan, folder, _ = saved
    value = json.loads((folder / "placement.json").read_text())
    assert value["cost"] == plan.cost
    assert value["host"] == plan.solution.placement.host.tolist()
    assert len(value["station_ids"]) == 5
    assert len(value["user_ids"]) == 30
    assert value["attribution"] == ["A source, CC BY 4.0"]
    problem = plan.case.problem
    terms = value["terms"]
    priced = problem.alpha * terms["latency_s"] + problem.beta * (terms["opening_s"] + terms["energy_j"])
    assert value["cost"] == pytest.approx(priced, rel=1e-12)


def recomputed(problem, found):
    """The bound that follows from the certificate of a placement.json alone."""
    names = ("price", "congestion", "seat_price", "demand_price")

    def prices(own):
        values = [own.get(name, found[name]) for name in names]
        return [None if value is None else np.array(value) for value in values]

    method = found["method"] if found["method"] == "knapsacks" else "prices"
    if not found["parts"]:
        return certify(problem, *prices(found), method=method).lower_bound
    limits = ("fewest", "most", "opened", "shut")
    parts = [(Part(*(each[name] for name in limits)), prices(each)) for each in found["parts"]]
    return min(certify(problem, *own, part, method=method).lower_bound for part, own in parts)


def check_bound(plan, folder):
    """The saved file alone gives the bound of the plan, whose parts are then returned."""
    plan.save(folder)
    value = json.loads((folder / "placement.json").read_text())
    assert value["certificate"]["method"] in ("prices", "knapsacks")
    assert recomputed(plan.case.problem, value["certificate"]) == plan.solution.certificate.lower_bound
    assert value["lower_bound"] == min(plan.solution.certificate.lower_bound, plan.cost)
    return value["certificate"]["parts"]


@pytest.mark.parametrize(
    "arrays", [deadline_arrays(40, 6, 3), facility_arrays(40, 6, 3, 4.0)], ids=["deadlines", "demands"]
)
def test_the_bound_follows_from_the_file_alone(arrays, tmp_path):
    check_bound(twinhop.plan(twinhop.PlacementProblem(**arrays)), tmp_path)


def test_the_bound_follows_from_the_parts_listed(tmp_path):
    plans = [twinhop.plan(roomy(60, 6, seed)) for seed in range(8)]
    parts = [check_bound(plan, tmp_path / str(at)) for at, plan in enumerate(plans)]
    assert any(parts)


def test_a_certificate_written_when_the_prices_of_the_whole_came_first_is_read(tmp_path):
    """Version feff2f7 wrote the prices before branching above the parts, even where no part used them."""
    path = Path(__file__).parent / "earlier" / "branched-placement.json"
    value = json.loads(path.read_text())
    plan = twinhop.plan(roomy(12, 4))
    assert recomputed(plan.case.problem, value["certificate"]) == value["lower_bound"] == plan.lower_bound
    assert check_bound(plan, tmp_path / "out")
    now = json.loads((tmp_path / "out" / "placement.json").read_text())
    assert recomputed(plan.case.problem, now["certificate"]) == value["lower_bound"]
    assert set(value) - {"cpu_share"} < set(now)
    assert list(now["certificate"]) == list(value["certificate"])
    assert now["host"] == value["host"]
    again = twinhop.plan(roomy(12, 4), present=path, move_cost_s=100.0)
    assert again.solution.placement.host.tolist() == value["host"]


def test_above_the_parts_stand_the_prices_that_bound_least(tmp_path):
    plan = twinhop.plan(roomy(12, 4))
    plan.save(tmp_path)
    found = json.loads((tmp_path / "placement.json").read_text())["certificate"]
    least = min(plan.solution.certificate.parts, key=lambda each: each.lower_bound)
    assert found["price"] == least.prices.price.tolist()
    assert any("price" in part for part in found["parts"]) and not all("price" in part for part in found["parts"])


def test_without_a_list_of_parts_the_prices_prove_less(tmp_path):
    plan = twinhop.plan(roomy(30, 4), gap=0.0, time_limit_s=5)
    plan.save(tmp_path)
    found = json.loads((tmp_path / "placement.json").read_text())["certificate"]
    assert found["method"] == "branch-and-bound"
    assert found["parts"] == []
    assert recomputed(plan.case.problem, found) <= plan.lower_bound
    assert "many parts" in plan.report()


def test_associations_hold_one_row_a_user(saved):
    plan, folder, _ = saved
    table = pl.read_parquet(folder / "associations.parquet")
    assert table.height == 30
    assert set(table.columns) >= {
        *("user", "host", "host_index", "cpu_share_cycles_per_s", "placement_latency_s", "construction_s"),
        *("update_s", "utilisation", "mean_age_s", "peak_age_s", "x_m", "y_m", "access", "access_rate_bps"),
    }
    assert "deadline_s" not in table.columns
    assert dict(zip(table["user"], table["host"], strict=True)) == plan.hosts
    assert table["placement_latency_s"].mean() == pytest.approx(plan.solution.evaluation.latency_s)
    world = plan.case.world
    eta = world.eta_s
    assert (table["construction_s"] + eta * table["utilisation"]).mean() == pytest.approx(
        plan.solution.evaluation.latency_s
    )
    assert not any(series.is_null().any() for series in table)


def test_associations_under_deadlines(tmp_path):
    plan = twinhop.plan(DEADLINES, "nearest")
    plan.save(tmp_path)
    table = pl.read_parquet(tmp_path / "associations.parquet")
    late = [v.user for v in plan.solution.evaluation.violations]
    assert np.flatnonzero(table["late"]).tolist() == sorted(late)
    assert np.flatnonzero(table["unmeetable"]).tolist() == plan.case.problem.unmeetable.tolist()
    on_time = table.filter(~pl.col("late") & ~pl.col("unmeetable"))
    assert (on_time["update_s"] <= on_time["deadline_s"] * (1 + 1e-8)).all()


def check_geojson(value, users, stations):
    assert value["type"] == "FeatureCollection"
    kinds = [feature["properties"]["kind"] for feature in value["features"]]
    assert kinds.count("station") == stations
    assert kinds.count("user") == users
    assert kinds.count("association") == users
    assert len(kinds) == stations + 2 * users
    for feature in value["features"]:
        assert feature["type"] == "Feature"
        geometry = feature["geometry"]
        line = geometry["type"] == "LineString"
        assert line == (feature["properties"]["kind"] == "association")
        for longitude, latitude in geometry["coordinates"] if line else [geometry["coordinates"]]:
            assert -180 <= longitude <= 180
            assert -90 <= latitude <= 90


def test_geojson_of_a_place_on_earth(saved):
    plan, folder, _ = saved
    value = json.loads((folder / "map.geojson").read_text())
    check_geojson(value, 30, 5)
    assert value["twinhop"]["georeferenced"] is True
    assert value["twinhop"]["attribution"] == ["A source, CC BY 4.0"]
    world = plan.case.world
    latitude, longitude = unproject(*world.station_xy_m[2], world.origin)
    assert value["features"][2]["geometry"]["coordinates"] == pytest.approx(
        [float(longitude), float(latitude)], abs=1e-6
    )
    assert -38 < latitude < -37.5
    opened = [f["properties"]["opened"] for f in value["features"] if f["properties"]["kind"] == "station"]
    assert opened == plan.solution.placement.open.tolist()
    twins = [f["properties"]["twins"] for f in value["features"] if f["properties"]["kind"] == "station"]
    assert twins == plan.solution.placement.loads().tolist()


def test_geojson_of_nowhere_says_so(tmp_path):
    plan = twinhop.plan(city(tmp_path, origin=False))
    plan.save(tmp_path / "out")
    value = json.loads((tmp_path / "out" / "map.geojson").read_text())
    check_geojson(value, 30, 5)
    assert value["twinhop"]["georeferenced"] is False


def test_map_is_a_picture(saved):
    check_picture(saved[1] / "map.png", 800, 600)


@pytest.mark.parametrize(
    "source", ["family(1, 1)", "family(2, 1)", "family(3, 40)", "family(1500, 30)", DEADLINES, "city-small"]
)
def test_maps_of_all_sizes(source, tmp_path):
    twinhop.plan(source, "greedy").save(tmp_path)
    assert names(tmp_path) == PLAN_FILES
    check_picture(tmp_path / "map.png", 500, 500)


def test_drawing_changes_nothing_global(tmp_path):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    twinhop.plan("family(20, 4)").save(tmp_path)
    twinhop.compare("family(20, 4)", ["nearest"]).save(tmp_path)
    assert dict(mpl.rcParams) == before


def test_report_tells_cost_gap_constraints_and_sources(saved):
    plan, folder, _ = saved
    report = (folder / "report.md").read_text()
    assert report == plan.report()
    for words in (
        "# Plan of little-town",
        "certified lower bound",
        "| gap |",
        "gap net",
        "Twin capacities: 0 exceeded",
    ):
        assert words in report
    assert "A source, CC BY 4.0" in report
    assert f"{plan.cost:.6g}" in report
    for index in np.flatnonzero(plan.solution.placement.open):
        assert plan.case.problem.station_name(int(index)) in report


def test_report_names_violations_and_unmeetable_users():
    arrays = tight_deadline_arrays()
    arrays["deadline_s"][[4, 9]] = 1e-6
    problem = twinhop.PlacementProblem(**arrays)
    plan = twinhop.plan(problem, "random")
    late = [v for v in plan.solution.evaluation.violations if v.kind == "deadline"]
    assert late
    report = plan.report()
    assert f"Deadlines: {18 - len(late)} of 18 meetable ones are kept" in report
    assert "Unmeetable" in report
    assert "2: #4, #9" in report
    assert f"user #{late[0].user} on station" in report
    assert "gives no lower bound" in report
    clean = twinhop.plan(twinhop.PlacementProblem(**deadline_arrays(10, 3)), "lagrangian").report()
    assert "Violated" not in clean
    assert "No plan that keeps the constraints costs less" in clean


def test_report_names_twins_without_cpu():
    arrays = {"comm_s": [[0.1], [0.2]], "root_work": [1e4, 2e4], "cpu": [1e9], "capacity": [2], "opening_s": [0.1]}
    deadlines = {"update_comm_s": [[0.0], [0.0]], "update_work": [1e8, 1e8], "deadline_s": [0.1, np.inf]}
    plan = twinhop.plan(twinhop.PlacementProblem(**arrays, **deadlines, alpha=1.0, beta=1.0), "nearest")
    assert "**Violated**: user #1 gets no CPU on station #0" in plan.report()


def test_percentiles_of_classes_are_those_of_all_users():
    text = "schema_version: 1\nname: town\nstations: {generate: {count: 2}}\nobjective: {deadlines: false}\n"
    text += "users: {generate: {count: 10}, classes: [{name: car, share: 1}]}\n"
    report = twinhop.plan(parse_scenario(text), "nearest").report()
    everybody = re.search(r"latency the cost counts \[s\] \| (\S+) \| \S+ \| (\S+) ", report)
    cars = re.search(r"\| car \| 10 \| (\S+) \| (\S+) ", report)
    assert everybody is not None and cars is not None
    assert everybody.groups() == cars.groups()


def test_names_with_bars_stay_in_their_cell():
    head = "schema_version: 1\nname: a\nstations: {list: [{id: 's|1', x_m: 1, y_m: 1}]}\n"
    report = twinhop.plan(parse_scenario(head + "users: {generate: {count: 2}}\n")).report()
    assert "| s\\|1 | 2 |" in report


def test_reports_of_plain_problems_do_not_invent_physics():
    report = twinhop.plan(roomy(10, 3)).report()
    assert "Deadlines: none given" in report
    assert "utilisation" not in report


def test_comparison_files(tmp_path):
    comparison = twinhop.compare("family(30, 5)", ["nearest", "greedy", "lagrangian"])
    written = comparison.save(tmp_path / "out")
    assert names(tmp_path / "out") == COMPARISON_FILES
    assert sorted(path.name for path in written) == COMPARISON_FILES
    table = pl.read_parquet(tmp_path / "out" / "comparison.parquet")
    assert table["policy"].to_list() == ["nearest", "greedy", "lagrangian"]
    assert table["cost"].to_list() == [plan.cost for plan in comparison.plans]
    value = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert value["lower_bound"] == comparison.lower_bound
    report = (tmp_path / "out" / "comparison.md").read_text()
    assert "Certified lower bound" in report
    assert "`greedy`" in report
    check_picture(tmp_path / "out" / "comparison.png", 800, 300)


def test_comparisons_name_the_sources(tmp_path):
    comparison = twinhop.compare(city(tmp_path), ["nearest", "greedy"])
    comparison.save(tmp_path / "out")
    assert "- A source, CC BY 4.0\n" in (tmp_path / "out" / "comparison.md").read_text()
    assert json.loads((tmp_path / "out" / "comparison.json").read_text())["attribution"] == ["A source, CC BY 4.0"]


def test_comparison_files_with_infeasible_plans(tmp_path):
    problem = twinhop.PlacementProblem(**tight_deadline_arrays())
    twinhop.compare(problem, ["random", "nearest"]).save(tmp_path)
    check_picture(tmp_path / "comparison.png", 800, 250)
    table = pl.read_parquet(tmp_path / "comparison.parquet")
    assert table["feasible"].to_list()[0] is False


# Whole, or not there.


def test_saving_again_replaces_our_files_and_leaves_the_others(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "sub").mkdir()
    (tmp_path / "map.png").write_text("old")
    twinhop.plan("family(20, 4)", seed=1).save(tmp_path)
    first = (tmp_path / "placement.json").read_text()
    twinhop.plan("family(20, 4)", seed=2).save(tmp_path)
    assert (tmp_path / "placement.json").read_text() != first
    assert names(tmp_path) == sorted([*PLAN_FILES, "notes.txt", "sub"])
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert (tmp_path / "map.png").read_bytes()[:4] == b"\x89PNG"


def test_same_plan_same_bytes(tmp_path):
    plan = twinhop.plan("family(20, 4)", seed=1)
    for name in ("a", "b"):
        plan.save(tmp_path / name)
    for file in PLAN_FILES:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file


@pytest.mark.parametrize("error", [RuntimeError("boom"), KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_failures_leave_nothing_behind(error, tmp_path, monkeypatch):
    def fail(*_):
        raise error

    plan = twinhop.plan("family(20, 4)")
    monkeypatch.setattr("twinhop.output.plans.map_figure.draw_map", fail)
    expected = InputError if isinstance(error, OSError) else type(error)
    with pytest.raises(expected):
        plan.save(tmp_path / "a" / "b" / "c")
    assert names(tmp_path) == []
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "placement.json").write_text("old")
    with pytest.raises(expected):
        plan.save(tmp_path / "kept")
    assert names(tmp_path / "kept") == ["placement.json"]
    assert (tmp_path / "kept" / "placement.json").read_text() == "old"


def test_folders_below_a_file_are_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    plan = twinhop.plan("family(20, 4)")
    for folder in (tmp_path / "file" / "out", tmp_path / "file", tmp_path / "file" / "a" / "b"):
        with pytest.raises(InputError, match="file.*cannot be (made|written)"):
            plan.save(folder)
        with pytest.raises(InputError, match="file"):
            require_writable(folder)
    assert names(tmp_path) == ["file"]


def test_looking_whether_a_folder_is_writable_leaves_nothing(tmp_path):
    require_writable(tmp_path / "a" / "b")
    assert names(tmp_path) == []
    (tmp_path / "there").mkdir()
    require_writable(tmp_path / "there")
    assert names(tmp_path / "there") == []


def test_a_folder_in_the_way_of_a_file_is_refused_before_anything_is_replaced(tmp_path):
    (tmp_path / "map.png").mkdir()
    (tmp_path / "associations.parquet").write_text("old")
    with pytest.raises(InputError, match=r"cannot be written"):
        twinhop.plan("family(20, 4)").save(tmp_path)
    assert names(tmp_path) == ["associations.parquet", "map.png"]
    assert (tmp_path / "associations.parquet").read_text() == "old"


def test_staging_moves_only_at_the_end(tmp_path):
    with staging(tmp_path / "out") as aside:
        (aside / "a.txt").write_text("a")
        assert names(tmp_path / "out") == [aside.name, LOCK]
    assert names(tmp_path / "out") == ["a.txt"]


def test_the_prices_saved_recompute_the_bound_of_a_problem_with_demands(tmp_path):
    rng = np.random.default_rng(5)
    problem = PlacementProblem(
        comm_s=rng.uniform(0.1, 1.0, (40, 3)) + [0.0, 1.0, 2.0],
        root_work=rng.uniform(1e4, 2e4, 40),
        cpu=np.full(3, 2e9),
        capacity=np.full(3, 40),
        opening_s=np.full(3, 0.1),
        alpha=1.0,
        beta=1.0,
        demand=rng.uniform(0.2, 0.4, 40),
        demand_capacity=np.array([4.0, 5.0, 6.0]),
    )
    plan = twinhop.plan(problem)
    plan.save(tmp_path)
    saved = json.loads((tmp_path / "placement.json").read_text())["certificate"]
    prices = [np.array(saved[name]) for name in ("price", "congestion", "seat_price", "demand_price")]
    assert certify(problem, *prices).lower_bound == pytest.approx(plan.lower_bound, rel=1e-12)
    assert prices[3].max() > 0


LONG = f"attribution: {[f'Source {at}, https://example.org/data, CC BY 4.0' for at in range(40)]}\n"
CLOUD = "cloud: {name: a cloud of a rather long name, %s, host: true, cpu_gcycles_per_s: 900}\n"


@pytest.mark.parametrize("where", ["x_m: 1.0e6, y_m: 3", "latency_ms: 4", "x_m: 5, y_m: 3"])
def test_nothing_on_a_map_is_cut(where):
    head = "schema_version: 1\nname: a\nstations: {generate: {count: 4}}\nusers: {generate: {count: 20}}\n"
    plan = twinhop.plan(parse_scenario(head + LONG + CLOUD % where))
    assert not is_cut(draw_map(plan))


def test_a_cloud_far_away_does_not_shrink_the_city():
    head = "schema_version: 1\nname: a\nstations: {generate: {count: 4}}\nusers: {generate: {count: 20}}\n"
    axes = draw_map(twinhop.plan(parse_scenario(head + CLOUD % "x_m: 1.0e6, y_m: 3"))).axes[0]
    assert np.diff(axes.get_xlim())[0] < 2000
    assert any("beyond the map" in text.get_text() for text in axes.figure.legends[0].get_texts())


def test_users_hidden_under_stations_are_not_in_the_legend():
    head = "schema_version: 1\nname: a\nstations: {list: [{id: a, x_m: 5, y_m: 5}, {id: b, x_m: 900, y_m: 5}]}\n"
    under = "{id: u, x_m: 5, y_m: 5}, {id: v, x_m: 900, y_m: 5}"
    for rows, shown in ((under, False), (f"{under}, {{id: w, x_m: 90, y_m: 9}}", True)):
        figure = draw_map(twinhop.plan(parse_scenario(f"{head}users: {{list: [{rows}]}}\n")))
        labels = [text.get_text() for text in figure.legends[0].get_texts()]
        assert ("user, in the colour of its host" in labels) == shown
        assert ("from users at stations to their hosts" in labels) != shown
