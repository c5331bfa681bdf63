"""The main jobs from end to end, as users run them."""

import json

import numpy as np
import pytest
import yaml

import twinhop
from twinhop.placement import load_problem, policy_names
from twinhop.result import versioned

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
COMMANDS = [
    (),
    ("plan",),
    ("explain",),
    ("robustness",),
    ("compare",),
    ("simulate",),
    ("scenario", "new"),
    ("scenario", "check"),
    ("scenario", "show"),
    ("scenario", "export"),
    ("scenario", "schema"),
    ("scenario", "presets"),
    ("import", "csv"),
]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def write_csv(tmp_path, geographic):
    """Six stations and forty users around Melbourne, or in metres."""
    rng = np.random.default_rng(1)
    head = "id,lat,lon" if geographic else "id,x_m,y_m"

    def place(xy):
        return (-37.81 + xy[1] / 111_000, 144.96 + xy[0] / 88_000) if geographic else tuple(xy)

    def rows(letter, count):
        return [f"{letter}{i},{a:.6f},{b:.6f}" for i, (a, b) in enumerate(map(place, rng.uniform(0, 2000, (count, 2))))]

    (tmp_path / "stations.csv").write_text("\n".join([head, *rows("s", 6)]) + "\n")
    (tmp_path / "users.csv").write_text("\n".join([head, *rows("u", 40)]) + "\n")
    return ("--stations", tmp_path / "stations.csv", "--users", tmp_path / "users.csv")


def test_from_csv_to_a_map(process, tmp_path):
    """The main job: two CSV files, one scenario, one command, a placement with its proof and its map."""
    city, out = tmp_path / "city.yaml", tmp_path / "out"
    imported = process("import", "csv", *write_csv(tmp_path, geographic=True), "--out", city)
    assert (imported.code, imported.err) == (0, "")
    planned = process("plan", city, "--out", out)
    assert (planned.code, planned.err) == (0, "")
    for words in ("certified lower bound", "gap", "all kept", "map.png"):
        assert words in planned.out
    assert names(out) == PLAN_FILES
    value = json.loads((out / "map.geojson").read_text())
    assert value["twinhop"]["georeferenced"] is True
    assert len(value["features"]) == 6 + 2 * 40
    placement = json.loads((out / "placement.json").read_text())
    assert placement["station_ids"] == [f"s{i}" for i in range(6)]
    assert placement["feasible"]
    assert names(tmp_path) == ["city.yaml", "out", "stations.csv", "users.csv"]


def test_import_in_metres_keeps_the_positions(run, tmp_path):
    city = tmp_path / "city.yaml"
    done = run("import", "csv", *write_csv(tmp_path, geographic=False), "--out", city, "--name", "mine", "--seed", 4)
    assert done.code == 0
    scenario = twinhop.load(city)
    assert (scenario.name, scenario.seed) == ("mine", 4)
    assert [row.id for row in scenario.users.rows] == [f"u{i}" for i in range(40)]
    assert scenario.radio.bandwidth_rule == "equal_share"
    assert run("scenario", "check", city).out == f"{city}: valid; 6 stations, 40 users\n"


def test_import_takes_optional_columns(run, tmp_path):
    (tmp_path / "s.csv").write_text("id,x_m,y_m,host,cpu_gcycles_per_s,capacity_users\na,0,0,yes,9,2\nb,500,0,no,8,\n")
    (tmp_path / "u.csv").write_text("id,x_m,y_m,history_mbit,deadline_ms\nu,10,10,7,900\nv,400,0,,\n")
    city = tmp_path / "city.yaml"
    done = run("import", "csv", "--stations", tmp_path / "s.csv", "--users", tmp_path / "u.csv", "--out", city)
    assert done.code == 0
    answer = json.loads(run("plan", city, "--json").out)
    assert answer["host"] == [0, 0]
    assert answer["open"] == [0]
    assert len(answer["cpu_share_cycles_per_s"]) == 2


@pytest.mark.parametrize("policy", policy_names())
def test_every_policy_by_name(policy, run):
    answer = json.loads(run("plan", "family(12, 3)", "--policy", policy, "--json", "--seed", "3").out)
    assert (answer["policy"], answer["seed"], answer["users"], answer["stations"]) == (policy, 3, 12, 3)
    again = json.loads(run("plan", "family(12, 3)", "--policy", policy, "--json", "--seed", "3").out)
    assert {**answer, "seconds": 0} == {**again, "seconds": 0}


def test_program_and_python_agree(run):
    answer = json.loads(run("plan", "lu2021-n80-m5", "--json").out)
    plan = twinhop.plan("lu2021-n80-m5")
    assert {**answer, "seconds": 0} == {**versioned(json.loads(json.dumps(plan.to_json()))), "seconds": 0}


@pytest.mark.parametrize(
    "source", ["lu2021-n80-m5", "proto-n100-m10", "family(30, 4, capacity=9)", "family(30, 4, deadlines=on)"]
)
def test_expanded_export_plans_to_the_same_cost(source, run, tmp_path):
    for seed in (0, 7):
        city = tmp_path / f"city{seed}.yaml"
        assert run("scenario", "export", source, "--expand", "--seed", seed, "--out", city).code == 0
        whole = json.loads(run("plan", source, "--seed", seed, "--json").out)
        listed = json.loads(run("plan", city, "--json").out)
        assert listed["cost"] == whole["cost"]
        assert listed["host"] == whole["host"]
        assert listed["lower_bound"] == whole["lower_bound"]


def test_dumped_problem_plans_to_the_same_cost(run, tmp_path):
    path = tmp_path / "p.npz"
    whole = json.loads(run("plan", "family(30, 4, deadlines=on)", "--json", "--dump-problem", path).out)
    assert load_problem(path).users == 30
    again = json.loads(run("plan", path, "--json", "--out", tmp_path / "out").out)
    assert again["cost"] == whole["cost"]
    assert again["lower_bound"] == whole["lower_bound"]
    assert names(tmp_path / "out") == [name for name in PLAN_FILES if not name.startswith("map.")]


def test_scenario_commands(run, tmp_path):
    city = tmp_path / "city.yaml"
    assert run("scenario", "new", city, "--preset", "lu2021-n80-m5").code == 0
    assert "80 users" in run("scenario", "check", city).out
    shown = json.loads(run("scenario", "show", city, "--json", "--seed", "5").out)
    assert shown["source"] == "city"
    assert "city" in run("scenario", "show", city).out
    exported = run("scenario", "export", city)
    assert yaml.safe_load(exported.out)["schema_version"] == 1
    assert twinhop.load(city) == twinhop.scenario.parse_scenario(exported.out)
    schema = json.loads(run("scenario", "schema").out)
    assert schema["$schema"].startswith("https://json-schema.org")
    presets = run("scenario", "presets").out.split()
    assert {"lu2021-n80-m5", "lu2021-n100-m10", "proto-n100-m10", "city-small", "city-large"} <= set(presets)
    before = city.read_text()
    assert run("scenario", "new", city, "--force", "--preset", "city-small").code == 0
    assert city.read_text() != before


def test_compare(process, tmp_path):
    out = tmp_path / "out"
    done = process("compare", "family(30, 4)", "--policies", "nearest, lagrangian", "--json", "--out", out)
    assert (done.code, done.err) == (0, "")
    value = json.loads(done.out)
    assert [row["policy"] for row in value["policies"]] == ["nearest", "lagrangian"]
    assert value["lower_bound"] <= min(row["cost"] for row in value["policies"])
    assert names(out) == [
        *(f"comparison.{suffix}" for suffix in ("csv", "json", "md", "parquet", "png", "tex", "xlsx")),
        *("report-data.bin.gz", "report.html"),
    ]
    saved = json.loads((out / "comparison.json").read_text())
    assert saved == value


def test_compare_as_a_table(run):
    done = run("compare", "family(20, 3)")
    assert done.code == 0
    for name in ("nearest", "random_association", "local_search", "lagrangian", "certified lower bound"):
        assert name in done.out


def test_late_plans_are_shown_with_their_violations_and_succeed(run):
    """A baseline that misses deadlines is a result, not an error."""
    done = run("plan", "family(100, 10, deadlines=on)", "--policy", "random", "--seed", "1")
    assert done.code == 0
    assert "violated: deadline of" in done.out
    assert "unmeetable deadlines" in done.out


def test_version(process):
    done = process("--version")
    assert (done.code, done.out, done.err) == (0, f"twinhop {twinhop.__version__}\n", "")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_has_an_example(command, run):
    done = run(*command, "--help")
    assert (done.code, done.err) == (0, "")
    assert f"Example: twinhop {' '.join(command)}".rstrip() in done.out
    assert run(*command, "-h").out == done.out


def test_help_keeps_the_units(run):
    """Rich takes [s] for markup unless told otherwise."""
    words = run("plan", "--help").out.replace("│", " ").split()
    assert "[s]" in " ".join(words) or "[s]." in words


def test_nothing_asked_shows_the_help(run):
    for command in ((), ("scenario",), ("import",)):
        assert "Usage:" in (done := run(*command)).out + done.err


def test_time_limit_and_gap(run):
    answer = json.loads(run("plan", "family(60, 8)", "--json", "--time-limit", "0.001").out)
    assert answer["feasible"]
    assert answer["lower_bound"] <= answer["cost"]
    answer = json.loads(run("plan", "family(60, 8)", "--json", "--gap", "0.05").out)
    assert answer["gap"] <= 0.05
    assert answer["interrupted"] is False


def test_verbose_logs_to_standard_error_only(process):
    done = process("plan", "family(30, 4)", "--json", "-v")
    assert done.code == 0
    json.loads(done.out)
    assert "twinhop.placement" in done.err


def test_a_closed_pipe_is_no_traceback(process):
    import subprocess
    import sys

    program = subprocess.Popen(
        [sys.executable, "-m", "twinhop", "scenario", "export", "lu2021-n100-m10", "--expand"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    program.stdout.close()
    err = program.stderr.read()
    program.wait(60)
    program.stderr.close()
    assert "Traceback" not in err


def test_check_counts_the_seats_of_a_cloud_that_hosts(run, tmp_path):
    head = "schema_version: 1\nname: a\nstations: {generate: {count: 2}, capacity_users: 0}\n"
    path = tmp_path / "cloudy.yaml"
    path.write_text(head + "users: {generate: {count: 5}}\ncloud: {latency_ms: 1, host: true, cpu_gcycles_per_s: 9}\n")
    assert run("scenario", "check", path).code == 0
    path.write_text(head + "users: {generate: {count: 5}}\ncloud: {latency_ms: 1}\n")
    assert "0 seats in all for 5 users" in run("scenario", "check", path).err
