"""Explaining, failing, re-planning and sampling from the command line, end to end."""

import json

import pytest
from problem_makers import roomy_arrays

import twinhop
from twinhop.placement import PlacementProblem, save_problem
from twinhop.result import versioned

CITY = "family(40, 6, deadlines=on)"
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


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The folder of a plan of the city."""
    folder = tmp_path_factory.mktemp("saved")
    twinhop.plan(CITY, "greedy").save(folder)
    return folder / "placement.json"


def refused(done, *words):
    assert (done.code, done.out) == (2, "")
    assert done.err.count("twinhop: ") == 1
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err


# explain


def test_explain(process):
    done = process("explain", CITY, "u3")
    assert (done.code, done.err) == (0, "")
    for words in (
        "access station",
        "computing",
        "share of its host's opening",
        "hosts that may take it",
        "Next best is",
    ):
        assert words in done.out


def test_explain_as_json(run):
    value = json.loads(run("explain", CITY, "u3", "--json").out)
    assert value == versioned(json.loads(json.dumps(twinhop.explain(twinhop.plan(CITY), "u3").to_json())))
    assert (value["user"], value["user_id"]) == (3, "u3")
    assert len(value["alternatives"]) == 5


def test_explain_a_saved_plan(run, saved):
    value = json.loads(run("explain", CITY, "u3", "--from", saved, "--json").out)
    assert value["policy"] == "greedy"
    assert value["cost"] == twinhop.plan(CITY, "greedy").cost


def test_explain_a_problem_file(run, tmp_path):
    save_problem(PlacementProblem(**roomy_arrays(6, 3)), tmp_path / "p.npz")
    done = run("explain", tmp_path / "p.npz", "4")
    assert done.code == 0
    assert "communication" in done.out and "radio" not in done.out


def test_explain_nobody(run):
    refused(run("explain", CITY, "u40"), "no user 'u40'", "did you mean 'u4", "It has 40 users: u0, ..., u39")


def test_explain_the_infeasible(run):
    done = run("explain", "family(10, 3, capacity=3)", "u1", "--json")
    assert done.code == 2
    assert json.loads(done.out)["proof"]["kind"] == "capacity"


# plan --without


def test_without(process, tmp_path):
    plain = twinhop.plan(CITY)
    gone = plain.case.problem.station_name(plain.to_json()["open"][0])
    done = process("plan", CITY, "--without", gone, "--out", tmp_path / "out")
    assert (done.code, done.err) == (0, "")
    for words in (
        f"Without 1 station ({gone}) hosting (the radios still work)",
        "because their host is gone",
        "certified",
    ):
        assert words in done.out
    assert names(tmp_path / "out") == sorted([*PLAN_FILES, "moves.csv"])
    value = json.loads((tmp_path / "out" / "placement.json").read_text())
    assert value["without"] == plain.to_json()["open"][:1]
    assert value["cost_without_failure"] == plain.cost
    assert value["moved"]
    features = json.loads((tmp_path / "out" / "map.geojson").read_text())["features"]
    assert [f["properties"]["failed"] for f in features if f["properties"].get("id") == gone] == [True]


def test_without_what(run, tmp_path):
    out = tmp_path / "out"
    refused(run("plan", "city-small", "--without", "b66", "--out", out), "no station 'b66'", "did you mean 'b6'?")
    refused(run("plan", CITY, "--without", ",".join(f"b{k}" for k in range(6)), "--out", out), "at least one must be")
    refused(run("plan", CITY, "--without", ",", "--out", out), "no station named")
    assert names(tmp_path) == []
    done = run("plan", "city-small", "--without", "b0")
    assert done.code == 0
    assert "note: 1 station (b0) hosts nothing anyway" in done.out


def test_without_enough_seats_is_proved(run):
    done = run("plan", "family(30, 4, capacity=9)", "--without", "b1", "--json")
    value = json.loads(done.out)
    assert (done.code, value["feasible"], value["proof"]["kind"]) == (2, False, "capacity")
    assert "3 short" in done.err


# plan --from


def test_from(process, saved, tmp_path):
    done = process("plan", CITY, "--from", saved, "--move-cost", "0.02", "--out", tmp_path / "out")
    assert (done.code, done.err) == (0, "")
    for words in ("of it the plan itself", "moves at 0.02 s", "twins leave the host they have in"):
        assert words in done.out
    value = json.loads((tmp_path / "out" / "placement.json").read_text())
    assert value["move_cost_s"] == 0.02
    assert value["own_cost"] + value["moves_cost"] == pytest.approx(value["cost"])
    assert value["lower_bound"] <= value["cost"]
    again = json.loads(
        process("plan", CITY, "--from", tmp_path / "out/placement.json", "--move-cost", 99, "--json").out
    )
    assert again["moves"] == []
    assert again["host"] == value["host"]


def test_from_and_without_together(run, saved):
    gone = json.loads(saved.read_text())["open"][0]
    value = json.loads(run("plan", CITY, "--from", saved, "--move-cost", 9, "--without", f"b{gone}", "--json").out)
    assert {move["from"] for move in value["moves"]} == {gone}
    assert value["without"] == [gone]


def test_dumped_problem_is_the_one_that_is_solved(run, saved, tmp_path):
    words = ("plan", CITY, "--from", saved, "--move-cost", 0.5, "--without", "b1", "--json")
    value = json.loads(run(*words, "--dump-problem", tmp_path / "p.npz").out)
    again = json.loads(run("plan", tmp_path / "p.npz", "--json").out)
    assert again["lower_bound"] == pytest.approx(value["lower_bound"])
    assert again["cost"] == pytest.approx(value["cost"], rel=1e-3)


def test_from_a_larger_city(run, saved):
    done = run("plan", "family(30, 6)", "--from", saved, "--move-cost", "0.1")
    assert done.code == 0, done.err
    assert "users who left 10 u30, u31, u32, u33, u34, 5 more" in " ".join(done.out.split())


#: A city of which fewer users are active at night.
DAY = """
schema_version: 1
name: day
stations: {generate: {count: 6}}
users: {generate: {count: 40}}
load: {hour: 18, profile: [PROFILE]}
""".replace("PROFILE", ", ".join(["0.5"] * 7 + ["1.0"] * 17))


def test_from_another_hour_of_the_same_scenario(run, tmp_path):
    """Half of the users are there in the night only: those who leave and those who come are in the tables."""
    day, night, out = tmp_path / "day.yaml", tmp_path / "night.yaml", tmp_path / "out"
    day.write_text(DAY)
    night.write_text(DAY.replace("hour: 18", "hour: 3"))
    assert run("plan", day, "--out", out).code == 0
    assert "changes.csv" not in names(out) and "moves.csv" not in names(out)
    done = run(
        "plan", night, "--from", out / "placement.json", "--max-moves", 3, "--max-server-changes", 1, "--out", out
    )
    assert done.code == 0, done.err
    assert f"changed since {out}/placement.json" in done.out and "users who left       20" in done.out
    value = json.loads((out / "placement.json").read_text())
    assert len(value["moves"]) <= value["max_moves"] == 3 and value["max_server_changes"] == 1
    assert len(value["opened_servers"]) + len(value["shut_servers"]) <= 1
    left = [row.split(",") for row in (out / "changes.csv").read_text().splitlines()[1:]]
    assert len(left) == 20 and {row[0] for row in left} == {"user left"}
    steps = (out / "moves.csv").read_text().splitlines()
    assert steps[0] == "step,user,from,to,temporary,reason" and len(steps) == 1 + len(value["moves"])
    done = run("plan", day, "--from", out / "placement.json", "--max-moves", 0, "--json")
    value = json.loads(done.out)
    assert value["moves"] == [] and len(value["new_users"]) == 20 == len(value["changes"])
    assert {step["reason"] for step in value["move_order"]["steps"]} == {"new user"}
    assert [step["from"] for step in value["move_order"]["steps"]] == [None] * 20


@pytest.mark.parametrize("option", ["--max-moves", "--max-server-changes"])
def test_limits_that_are_none(run, saved, tmp_path, option):
    name = option[2:].replace("-", " ")
    for text in ("-1", "1.5", "many", "1e3", ""):
        done = run("plan", CITY, "--from", saved, f"{option}={text}", "--out", tmp_path / "out")
        refused(done, f"{name}: got ", "expected a whole number >= 0")
        assert done.err.count("\n") == 1
    refused(run("plan", CITY, option, "3"), f"{name}: from where do the twins move?")
    assert names(tmp_path) == []
    value = json.loads(run("plan", CITY, "--from", saved, option, "0", "--json").out)
    assert value["moves"] == [] or option != "--max-moves"
    assert value["opened_servers"] == value["shut_servers"] == []


def test_steps_of_a_replan_are_shown_in_order(run, saved, tmp_path):
    gone = json.loads(saved.read_text())["open"][0]
    out = tmp_path / "out"
    done = run("plan", CITY, "--from", saved, "--max-moves", 30, "--without", f"b{gone}", "--out", out)
    assert done.code == 0, done.err
    assert "In the order of the steps no host that a twin goes to is ever short of seats" in done.out
    assert (
        f" from b{gone} to b" in done.out
        and "(its host is gone)" in done.out
        and "more; --out writes them all" in done.out
    )
    report = (out / "report.md").read_text()
    assert "## Order of the moves" in report and "| step | twin of | from | to | because |" in report
    rows = [row.split(",") for row in (out / "moves.csv").read_text().splitlines()[1:]]
    assert [int(row[0]) for row in rows] == list(range(1, len(rows) + 1))
    value = json.loads((out / "placement.json").read_text())
    assert sorted(row[1] for row in rows) == sorted(f"u{move['user']}" for move in value["moves"])
    assert {row[5] for row in rows} <= {"host gone", "it pays"}
    done = run("plan", CITY, "--without", f"b{gone}", "--out", tmp_path / "other")
    assert "step 1: " in done.out and "## Order of the moves" in (tmp_path / "other/report.md").read_text()


def test_from_what(run, saved, tmp_path):
    out = tmp_path / "out"
    (tmp_path / "bad.json").write_text("{")
    refused(run("plan", CITY, "--from", tmp_path / "bad.json", "--out", out), "bad.json:1: not valid JSON")
    refused(run("plan", CITY, "--from", tmp_path / "none.json", "--out", out), "none.json: file not found")
    other = json.loads(saved.read_text())
    (tmp_path / "bad.json").write_text(
        json.dumps(other | {"user_ids": [f"x{i}" for i in range(40)], "station_ids": list("abcdef")})
    )
    refused(run("plan", CITY, "--from", tmp_path / "bad.json", "--out", out), "is a placement of another scenario")
    refused(run("plan", CITY, "--move-cost", "1", "--out", out), "Name the present placement with --from")
    refused(run("plan", CITY, "--from", saved, "--move-cost", "-1", "--out", out), "move cost: got -1")
    answer = json.loads(run("explain", CITY, "u3", "--json").out)
    (tmp_path / "answer.json").write_text(json.dumps(answer))
    refused(run("plan", CITY, "--from", tmp_path / "answer.json"), "is no saved placement", "--out")
    (tmp_path / "answer.json").unlink()
    assert names(tmp_path) == ["bad.json"]


# robustness


def test_robustness(process, tmp_path):
    done = process("robustness", CITY, "--load", "60", "--samples", 40, "--out", tmp_path / "out")
    assert (done.code, done.err) == (0, "")
    for words in ("+-60 %, 40 samples", "Broken in", "95 % confidence interval", "mean latency", "worst"):
        assert words in done.out
    assert names(tmp_path / "out") == [f"robustness.{suffix}" for suffix in ("csv", "json", "parquet", "png", "tex")]


def test_robustness_as_json(run, saved):
    value = json.loads(run("robustness", CITY, "--load", "30%", "--samples", 10, "--json", "--from", saved).out)
    assert (value["policy"], value["load"], value["samples"], value["seed"]) == ("greedy", 0.3, 10, 0)
    plan = twinhop.plan(CITY, "greedy")
    assert value == versioned(json.loads(json.dumps(twinhop.robustness(plan, 0.3, 10).to_json())))


def test_robustness_of_what(run, tmp_path):
    save_problem(PlacementProblem(**roomy_arrays(4, 2)), tmp_path / "p.npz")
    out = ("--out", tmp_path / "out")
    refused(run("robustness", tmp_path / "p.npz", "--load", 20, *out), "problem file", "robustness needs a scenario")
    refused(run("robustness", CITY, "--load", "0.2", *out), "load: got 0.2", "or 20 if meant so")
    refused(run("robustness", CITY, "--load", "150", *out), "load: got '150'")
    assert run("robustness", CITY, *out).code == 2
    assert run("robustness", CITY, "--load", 20, "--samples", 0, *out).code == 2
    assert names(tmp_path) == ["p.npz"]


def test_shadow_prices_are_shown(run):
    done = run("plan", CITY)
    assert "what more would be worth at most" in done.out
    assert "what more would be worth" not in run("plan", CITY, "--policy", "nearest").out


# every failure in turn, and spare


def test_every_failure_in_turn(run, tmp_path):
    out = tmp_path / "out"
    done = run("plan", CITY, "--without", "each", "--failure-moves", "stay", "--json", "--out", str(out))
    assert done.code == 0
    value = json.loads(done.out)
    assert [len(each["stations"]) for each in value["failures"]] == [1] * len(value["open"])
    assert all(each["moved_users"] == each["displaced"] for each in value["failures"])
    failures = [f"failures.{suffix}" for suffix in ("csv", "json", "md", "png", "tex")]
    assert names(out) == sorted([*PLAN_FILES, *failures])
    assert (out / "failures.csv").read_text().splitlines()[1].startswith(value["worst_failure"]["station_ids"][0])


def test_pairs_from_a_saved_placement(run, saved):
    done = run("plan", CITY, "--without-any", "2", "--from", str(saved))
    assert done.code == 0
    assert "any 2 of" in done.out and "Worst is the failure of" in done.out


def test_spare(run, tmp_path):
    out = tmp_path / "out"
    done = run("plan", "family(40, 6, capacity=9, deadlines=on)", "--spare", "1", "--out", str(out))
    assert done.code == 0
    assert "after the failure of one server" in done.out and "with 6 servers instead of 5" in done.out
    spare = json.loads((out / "placement.json").read_text())["spare"]
    assert len(spare["failures"]) == 6 and all(each["moves"] for each in spare["failures"])
    assert "and survives every failure" in (out / "report.md").read_text()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--spare", "0"), ("got 0", "expected 1")),
        (("--spare", "1", "--without", "each"), ("spare alone",)),
        (("--spare", "1", "--without", "b0"), ("spare alone",)),
        (("--without-any", "40"), ("one must be left",)),
        (("--without-any", "1", "--without", "b0"), ("--without or --without-any",)),
        (("--without", "each,b0"), ("expected it alone",)),
        (("--without", "b0", "--failure-moves", "stay"), ("expected with spare",)),
        (("--without", "each", "--failure-deadlines", "drop"), ("expected keep or count",)),
    ],
)
def test_what_is_refused_of_failures(run, tmp_path, options, words):
    refused(run("plan", CITY, *options, "--out", str(tmp_path / "out")), *words)
    assert not (tmp_path / "out").exists()


def test_a_single_station_has_no_spare(run):
    refused(run("plan", "family(5, 1)", "--spare", "1"), "when it fails, no host is left")
    refused(run("plan", "family(5, 1)", "--without", "each"), "one must be left")
