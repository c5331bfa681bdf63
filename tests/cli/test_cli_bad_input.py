"""Every bad input: exit code 2, one clear message, no traceback, nothing left behind."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from problem_makers import deadline_arrays, roomy_arrays

STATIONS = "id,x_m,y_m\na,0,0\nb,900,0\n"
USERS = "id,x_m,y_m\nu,10,0\nv,800,50\n"
CITY = """schema_version: 1
name: town
stations:
  list:
    - {id: a, x_m: 0, y_m: 0}
    - {id: b, x_m: 900, y_m: 0}
users:
  list:
    - {id: u, x_m: 10, y_m: 0}
    - {id: v, x_m: 800, y_m: 0}
objective: {deadlines: false}
"""


# Three updates that each need 0.6 of the one CPU.
CROWDED = roomy_arrays(3, 1) | {
    "cpu": np.array([1e9]),
    "update_comm_s": np.full((3, 1), 0.1),
    "update_work": np.full(3, 6e7),
    "deadline_s": np.full(3, 0.2),
}


class Unpickled:
    """Leaves a file behind if it is ever unpickled."""

    def __reduce__(self):
        return os.mkdir, ("unpickled",)


def city(old="", new=""):
    """A scenario file with one thing changed, planned with an output folder."""
    assert old in CITY
    return ("city.yaml", CITY.replace(old, new, 1)), ("plan", "city.yaml", "--out", "out")


def services(members, *command):
    """The town with one service."""
    section = f"name: town\nservices:\n  - {{name: jam, {members}, extracted_mbit: 0.1, work_gcycles: 1}}\n"
    return text(CITY.replace("name: town\n", section, 1), *command)


def text(content, *command):
    return ("city.yaml", content), command or ("plan", "city.yaml", "--out", "out")


def csvs(stations=STATIONS, users=USERS):
    """Two CSV files, imported."""
    command = ("import", "csv", "--stations", "stations.csv", "--users", "users.csv", "--out", "out.yaml")
    return ("stations.csv", stations), ("users.csv", users), command


def npz(arrays):
    return ("p.npz", arrays), ("plan", "p.npz", "--out", "out")


def problem(name, value):
    return npz(deadline_arrays(4, 2) | {name: np.asarray(value)})


def command(*words):
    return (words,)


# Each: the files, the command, and words that the message must hold.
CASES = {
    # Scenario files: fields.
    "missing field": (city("name: town\n"), ["city.yaml:1", "name", "is required"]),
    "missing section": (text("schema_version: 1\nname: a\n"), ["city.yaml:1", "stations", "users", "is required"]),
    "missing position": (city("x_m: 900, ", ""), ["city.yaml:6", "stations.list.1.x_m", "is required"]),
    "unknown field": (city("x_m: 10,", "x_n: 10,"), ["city.yaml:9", "users.list.0.x_n", "unknown field", "x_m"]),
    "unknown section": (city("objective", "objectve"), ["city.yaml:11", "objectve", "did you mean 'objective'?"]),
    "unknown version": (city("version: 1", "version: 2"), ["city.yaml:1", "schema_version", "1"]),
    "negative size": (city("x_m: 10,", "history_mbit: -3, x_m: 10,"), ["city.yaml:9", "history_mbit", "-3", "0 or gr"]),
    "NaN size": (city("x_m: 10,", "history_mbit: .nan, x_m: 10,"), ["city.yaml:9", "history_mbit", "finite", "nan"]),
    "infinite size": (city("x_m: 10,", "update_mbit: .inf, x_m: 10,"), ["city.yaml:9", "update_mbit", "finite"]),
    "text for a size": (city("x_m: 10,", "x_m: ten,"), ["city.yaml:9", "x_m", "must be a number", "ten"]),
    "negative opening": (city("x_m: 0,", "opening_s: -1, x_m: 0,"), ["city.yaml:5", "opening_s", "-1"]),
    "host with zero CPU": (city("x_m: 0,", "cpu_gcycles_per_s: 0, x_m: 0,"), ["city.yaml:5", "cpu_gcycles_per_s", "0"]),
    "all hosts with zero CPU": (
        city("stations:\n", "stations:\n  cpu_gcycles_per_s: 0\n"),
        ["city.yaml:4", "stations.cpu_gcycles_per_s", "greater than 0"],
    ),
    "duplicate station": (city("id: b", "id: a"), ["city.yaml:6", "stations.list.1.id", "duplicate id 'a'"]),
    "duplicate user": (city("id: v", "id: u"), ["city.yaml:10", "users.list.1.id", "duplicate id 'u'"]),
    "no stations": (
        text("schema_version: 1\nname: a\nstations: {list: []}\nusers: {generate: {}}\n"),
        ["city.yaml:3", "stations.list", "holds no station"],
    ),
    "no users": (
        text("schema_version: 1\nname: a\nstations: {generate: {}}\nusers: {list: []}\n"),
        ["city.yaml:4", "users.list", "holds no user"],
    ),
    "zero users": (
        text("schema_version: 1\nname: a\nstations: {generate: {}}\nusers: {generate: {count: 0}}\n"),
        ["city.yaml:4", "users.generate.count", "1 or greater"],
    ),
    "no station hosts": (
        city("x_m: 0, y_m: 0}\n    - {id: b,", "x_m: 0, y_m: 0, host: false}\n    - {id: b, host: false,"),
        ["city.yaml:4", "stations.list", "host: true"],
    ),
    "origin out of range": (
        city("name: town\n", "name: town\narea: {origin: {lat_deg: 144.9, lon_deg: -37.8}}\n"),
        ["city.yaml:3", "area.origin.lat_deg", "90 or less", "144.9"],
    ),
    "literal row not implemented": (
        city("name: town\n", "name: town\nreadings: {rows: {12: literal}}\n"),
        ["readings.rows.12", "accepted rows: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15, 25, 26"],
    ),
    "service without members": (
        services("members: {ids: []}"),
        ["city.yaml:4", "services.0.members.ids", "is empty: a service needs members"],
    ),
    "service of nobody": (
        services("members: {where: 'x_m > 1e6'}"),
        ["city.yaml: services.0.members", "'jam' has no members", "where"],
    ),
    "service of an unknown user": (
        services("members: {ids: [u, vv]}"),
        ["services.0.members.ids.1", "there is no user 'vv'", "did you mean 'v'?"],
    ),
    "service of a polygon that crosses itself": (
        services("members: {polygon_m: [[0, 0], [9, 9], [9, 0], [0, 9]]}"),
        ["city.yaml:4", "services.0.members.polygon_m", "crosses itself", "vertex 0 to 1", "vertex 2 to 3"],
    ),
    "service of an expression that calls": (
        services('members: {where: \'__import__("os").system("touch unpickled")\'}'),
        ["city.yaml:4", "services.0.members.where", "expected a comparison at character 11"],
    ),
    "service of an unknown attribute": (
        services("members: {where: 'update_mbits > 1'}"),
        ["users have no attribute 'update_mbits'", "did you mean 'update_mbit'?"],
    ),
    # Scenario files: the file itself.
    "not YAML": (text("name: [1, 2\nstations: }"), ["city.yaml:2", "not valid YAML"]),
    "not YAML, tab": (text("name: a\n\tb: 1\n"), ["city.yaml:2", "not valid YAML"]),
    "Python object": (
        text("schema_version: 1\nname: !!python/object/apply:os.mkdir [unpickled]\n"),
        ["city.yaml:2", "tag", "is not accepted; write a plain value"],
    ),
    "Python name": (text("!!python/name:os.system\n"), ["city.yaml:1", "tag", "not accepted"]),
    "billion laughs": (text("a: &a [1]\nb: [*a, *a]\n"), ["city.yaml:1", "anchor", "write the value out"]),
    "empty file": (text(""), ["city.yaml", "is empty", "schema_version"]),
    "a list": (text("- 1\n"), ["city.yaml:1", "mapping of fields", "a list"]),
    "not UTF-8": (text(b"name: \xff\xfe"), ["city.yaml", "not UTF-8"]),
    "binary": (text(bytes(range(256))), ["city.yaml"]),
    "field twice": (city("name: town\n", "name: town\nname: b\n"), ["city.yaml:3", "'name' is given twice", "line 2"]),
    "missing file": (command("plan", "nowhere.yaml", "--out", "out"), ["nowhere.yaml", "file not found", "city-small"]),
    "misspelt preset": (command("plan", "lu2021-n100-m1", "--out", "out"), ["did you mean 'lu2021-n100-m10'?"]),
    "folder as scenario": (command("plan", ".", "--out", "out"), ["is a folder", "file"]),
    "broken family": (command("plan", "family(10)", "--out", "out"), ["family(10)", "family(N, M"]),
    "family of no users": (command("plan", "family(0, 3)", "--out", "out"), ["users N", "from 1"]),
    "CSV of a scenario missing": (
        text("schema_version: 1\nname: a\nstations: {csv: s.csv}\nusers: {generate: {}}\n"),
        ["s.csv", "not found"],
    ),
    "CSV of a scenario elsewhere": (
        text("schema_version: 1\nname: a\nstations: {csv: /etc/passwd}\nusers: {generate: {}}\n"),
        ["city.yaml:3", "stations.csv", "must stay under the folder"],
    ),
    "check": (text(CITY.replace("x_m: 10", "x_m: .nan"), "scenario", "check", "city.yaml"), ["city.yaml:9", "x_m"]),
    "show": (
        text(CITY.replace("name: town", "nam: t"), "scenario", "show", "city.yaml"),
        ["city.yaml:2", "unknown field"],
    ),
    "export": (
        text(CITY.replace("name: town", "nam: t"), "scenario", "export", "city.yaml", "--out", "o.yaml"),
        ["city.yaml:2", "unknown field"],
    ),
    "compare": (
        text(CITY.replace("name: town", "nam: t"), "compare", "city.yaml", "--out", "out"),
        ["city.yaml:2", "unknown field"],
    ),
    # CSV.
    "empty CSV": (csvs(users=""), ["users.csv", "is empty", "id,x_m,y_m"]),
    "blank CSV": (csvs(stations="\n\n"), ["stations.csv", "is empty"]),
    "CSV without rows": (csvs(users="id,x_m,y_m\n"), ["users.csv", "no rows"]),
    "no stations in CSV": (csvs(stations="id,x_m,y_m\n"), ["stations.csv", "no rows"]),
    "CSV without header": (csvs(users="u,1,2\nv,2,3\n"), ["users.csv:1", "no header"]),
    "broken line": (csvs(users=USERS + "w,3\n"), ["users.csv:4", "2 fields", "header names 3"]),
    "broken line, too long": (csvs(stations=STATIONS + "c,3,4,5\n"), ["stations.csv:4", "4 fields"]),
    "broken quote": (csvs(users=USERS + '"w,3,4\n'), ["users.csv:4", "not valid CSV"]),
    "broken number": (csvs(users=USERS + "w,3m,4\n"), ["users.csv:4", "x_m", "must be a number", "3m"]),
    "empty cell": (csvs(users=USERS + "w,,4\n"), ["users.csv:4", "x_m", "must be a number", "nothing"]),
    "NaN in CSV": (csvs(users=USERS + "w,nan,4\n"), ["users.csv:4", "x_m"]),
    "negative size in CSV": (
        csvs(users="id,x_m,y_m,history_mbit\nu,1,1,-5\n"),
        ["users.csv:2", "history_mbit", "0 or greater", "-5"],
    ),
    "zero CPU in CSV": (
        csvs(stations="id,x_m,y_m,cpu_gcycles_per_s\na,1,1,0\n"),
        ["stations.csv:2", "cpu_gcycles_per_s", "greater than 0"],
    ),
    "no id column": (csvs(users="x_m,y_m\n1,1\n"), ["users.csv:1", "'id' is missing"]),
    "no position column": (csvs(users="id,x_m\nu,1\n"), ["users.csv:1", "x_m,y_m", "lat,lon"]),
    "duplicate id in CSV": (csvs(users=USERS + "u,1,1\n"), ["users.csv:4", "duplicate id 'u'", "line 2"]),
    "duplicate station in CSV": (csvs(stations=STATIONS + "b,1,1\n"), ["stations.csv:4", "duplicate id 'b'"]),
    "no host in CSV": (csvs(stations="id,x_m,y_m,host\na,1,1,no\n"), ["host: true"]),
    "latitude out of range": (
        csvs("id,lat,lon\na,-97.8,144.9\n", "id,lat,lon\nu,-37.8,144.9\n"),
        ["stations.csv:2", "latitude -97.8", "[-90, 90]"],
    ),
    "longitude out of range": (
        csvs("id,lat,lon\na,-37.8,244.9\n", "id,lat,lon\nu,-37.8,144.9\n"),
        ["stations.csv:2", "longitude 244.9", "[-180, 180]"],
    ),
    "lat and lon swapped": (
        csvs("id,lat,lon\na,144.9,-37.8\n", "id,lat,lon\nu,144.9,-37.8\n"),
        ["stations.csv:2", "latitude 144.9", "are lat and lon swapped?"],
    ),
    "lat and lon swapped in one file": (
        csvs("id,lat,lon\na,52.5,13.4\n", "id,lat,lon\nu,13.4,52.5\n"),
        ["stations.csv", "users.csv", "swapped"],
    ),
    "metres and degrees": (csvs(users="id,lat,lon\nu,1,1\n"), ["stations.csv", "users.csv", "both must give the same"]),
    "CSV missing": (
        command("import", "csv", "--stations", "s.csv", "--users", "u.csv", "--out", "o.yaml"),
        ["s.csv", "file not found"],
    ),
    "import preset": ((*csvs()[:2], (*csvs()[2], "--preset", "familly")), ["familly", "did you mean 'family'?"]),
    # Problem files.
    "not an npz": ((("p.npz", b"hello"), ("plan", "p.npz", "--out", "out")), ["p.npz", "not an .npz archive"]),
    "missing npz": (command("plan", "p.npz", "--out", "out"), ["p.npz", "no such file"]),
    "empty npz": ((("p.npz", b""), ("plan", "p.npz", "--out", "out")), ["p.npz", "not an .npz archive"]),
    "wrong shape": (problem("cpu", np.ones(3)), ["p.npz: cpu", "(3,)", "expected (2,)"]),
    "comm of one axis": (problem("comm_s", np.ones(4)), ["p.npz: comm_s", "(users, stations)"]),
    "objects": (problem("cpu", np.array([Unpickled(), 1], dtype=object)), ["p.npz: cpu", "Python objects", "numbers"]),
    "NaN in npz": (problem("root_work", [1, np.nan, 1, 1]), ["p.npz: root_work", "NaN", "index 1"]),
    "negative in npz": (problem("opening_s", [-1, 1]), ["p.npz: opening_s", "negative", ">= 0"]),
    "zero CPU in npz": (problem("cpu", [0, 1e9]), ["p.npz: cpu", "station 0", "capacity 0"]),
    "alpha 0": (problem("alpha", 0.0), ["p.npz: alpha", "> 0"]),
    "missing array": (npz({"comm_s": np.ones((2, 2))}), ["p.npz: missing root_work"]),
    "unknown array": (problem("colour", 1.0), ["p.npz: unknown colour", "accepted: comm_s"]),
    "deadlines in part": (npz(roomy_arrays(3, 2) | {"deadline_s": np.ones(3)}), ["deadline_s", "all three, or none"]),
    "fractional capacity": (problem("capacity", [0.5, 4]), ["p.npz: capacity", "not a whole number"]),
    "no users in npz": (problem("comm_s", np.ones((0, 2))), ["p.npz: comm_s", "0 users", "at least one"]),
    # Infeasible: proved.
    "seats in a scenario": (
        city("stations:\n", "stations:\n  capacity_users: 0\n"),
        ["town", "infeasible", "2 users (u, v)"],
    ),
    "total capacity": (
        command("plan", "family(10, 3, capacity=3)", "--out", "out"),
        ["9 seats", "10 users", "1 short"],
    ),
    "total capacity in npz": (problem("capacity", [1, 2]), ["infeasible", "3 seats", "4 users", "1 short"]),
    "compare infeasible": (
        command("compare", "family(10, 3, capacity=3)", "--out", "out"),
        ["infeasible", "9 seats", "10 users"],
    ),
    "deadlines": (npz(CROWDED), ["infeasible", "deadlines", "CPU shares"]),
    # Options.
    "unknown policy": (command("plan", "family(4, 2)", "--policy", "bset", "--out", "out"), ["bset", "lagrangian"]),
    "unknown policies": (
        command("compare", "family(4, 2)", "--policies", "nearest,x", "--out", "out"),
        ["'x'", "greedy"],
    ),
    "no policies": (command("compare", "family(4, 2)", "--policies", ",", "--out", "out"), ["policies", "none given"]),
    "policy twice": (
        command("compare", "family(4, 2)", "--policies", "greedy,greedy", "--out", "out"),
        ["greedy given more than once"],
    ),
    "no time": (command("plan", "family(4, 2)", "--time-limit", "0", "--out", "out"), ["time", "more than 0"]),
    "NaN time": (command("plan", "family(4, 2)", "--time-limit", "nan", "--out", "out"), ["time", "more than 0"]),
    "negative gap": (command("plan", "family(4, 2)", "--gap=-1", "--out", "out"), ["gap", ">= 0"]),
    "seed too large": (command("plan", "family(4, 2)", "--seed", str(2**63), "--out", "out"), ["seed", "from 0 to"]),
    # Output.
    "out below a file": (command("plan", "family(4, 2)", "--out", "afile/out"), ["afile/out", "cannot be made"]),
    "out is a file": (command("plan", "family(4, 2)", "--out", "afile"), ["afile", "cannot be made"]),
    "compare below a file": (command("compare", "family(4, 2)", "--out", "afile/a/b"), ["afile/a/b", "cannot be made"]),
    "export below a file": (
        command("scenario", "export", "city-small", "--out", "afile/x.yaml"),
        ["afile/x.yaml", "cannot be written"],
    ),
    "export into nowhere": (
        command("scenario", "export", "city-small", "--out", "none/x.yaml"),
        ["none/x.yaml", "cannot be written"],
    ),
    "new over a file": (command("scenario", "new", "afile"), ["afile", "exists already", "--force"]),
    "new of an unknown preset": (command("scenario", "new", "x.yaml", "--preset", "city"), ["city", "city-small"]),
    "new below a file": (command("scenario", "new", "afile/x.yaml"), ["afile/x.yaml", "cannot be written"]),
    "import below a file": ((*csvs()[:2], (*csvs()[2][:-1], "afile/o.yaml")), ["afile/o.yaml", "cannot be written"]),
    "import over a file": ((*csvs()[:2], (*csvs()[2][:-1], "afile")), ["afile", "exists already"]),
    "dump below a file": (
        command("plan", "family(4, 2)", "--dump-problem", "afile/p.npz", "--out", "out"),
        ["afile/p.npz", "cannot be written"],
    ),
    "dump of another CPU rule": (
        (
            ("city.yaml", CITY + "compute: {cpu_rule: equal}\n"),
            ("plan", "city.yaml", "--dump-problem", "p.npz", "--out", "out"),
        ),
        ["cpu_rule", "optimal", "equal"],
    ),
    "dump with an unwritable folder": (
        command("plan", "family(4, 2)", "--dump-problem", "p.npz", "--out", "afile/out"),
        ["afile/out", "cannot be made"],
    ),
}


def prepare(files):
    Path("afile").write_text("mine")
    for name, content in files:
        if isinstance(content, dict):
            np.savez(name, **content)
        elif isinstance(content, bytes):
            Path(name).write_bytes(content)
        else:
            Path(name).write_text(content)


def tree():
    return {str(path): path.read_bytes() if path.is_file() else None for path in Path().rglob("*")}


def check_refused(done, words):
    assert done.code == 2, done
    assert done.err.count("twinhop: ") == 1, done.err
    assert done.err.startswith("twinhop: ")
    assert len(done.err.splitlines()) <= 4, done.err
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err, done.err


@pytest.mark.parametrize("case", CASES)
def test_refused(case, run, tmp_path, monkeypatch):
    (*files, words), expected = CASES[case]
    monkeypatch.chdir(tmp_path)
    prepare(files)
    before = tree()
    done = run(*words)
    check_refused(done, expected)
    assert done.out == "" or case.startswith("import "), "an import says what it understood, then writes"
    assert tree() == before, "something was left behind"


@pytest.mark.parametrize(
    "case",
    [
        "broken line",
        "out below a file",
        *(pytest.param(each, marks=pytest.mark.slow) for each in ("unknown field", "objects", "total capacity")),
    ],
)
def test_refused_as_a_process_of_its_own(case, process, tmp_path, monkeypatch):
    (*files, words), expected = CASES[case]
    monkeypatch.chdir(tmp_path)
    prepare(files)
    before = tree()
    check_refused(process(*words), expected)
    assert tree() == before


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("plan",), "Missing argument"),
        (("plan", "family(4, 2)", "--seed", "-1"), "--seed"),
        (("plan", "family(4, 2)", "--seed", "x"), "--seed"),
        (("plan", "family(4, 2)", "--polcy", "x"), "No such option"),
        (("plan", "family(4, 2)", "--gap", "small"), "--gap"),
        (("plam", "family(4, 2)"), "No such command"),
        (("import", "csv", "--users", "u.csv"), "Missing option"),
    ],
)
def test_wrong_usage(words, expected, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run(*words)
    assert (done.code, done.out) == (2, "")
    assert expected in done.err
    assert "Traceback" not in done.err
    assert list(tmp_path.iterdir()) == []


def test_many_mistakes_are_one_message(run, tmp_path, monkeypatch):
    """Up to ten complaints are listed, a line each, under one `twinhop:`."""
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"    - {{id: u{i}, x_m: a, y_m: 0}}\n" for i in range(30))
    Path("city.yaml").write_text(CITY.replace("    - {id: u, x_m: 10, y_m: 0}\n", rows))
    done = run("plan", "city.yaml")
    assert done.code == 2
    assert done.err.count("twinhop: ") == 1
    lines = done.err.splitlines()
    assert len(lines) == 11
    assert lines[-1] == "and 20 more"
    assert all("city.yaml:" in line for line in lines[:-1])


def test_infeasible_as_json_carries_the_proof(run):
    for words in (("plan",), ("compare",)):
        done = run(*words, "family(10, 3, capacity=3)", "--json")
        value = json.loads(done.out)
        assert done.code == 2
        assert value["feasible"] is False
        assert value["proof"]["kind"] == "capacity"
        assert len(value["proof"]["user_indices"]) == 10
        assert done.err.count("twinhop: ") == 1
