"""`twinhop world` from end to end: table, JSON, files, the same bytes in a new process, and bad input."""

import hashlib
import json

import pytest

CITY = """schema_version: 1
name: town
radio: {path_loss: tr38901_umi, shadowing: correlated, fading: rayleigh}
stations: {generate: {count: 5}}
users: {generate: {count: 20}}
movement:
  slots: 40
  model: {kind: random_waypoint}
  churn: {mean_present_s: 30, mean_absent_s: 10}
  cpu: {kind: ar1}
  failures: {schedule: [{station: b1, down_s: 5, up_s: 9}]}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "town.yaml").write_text(CITY)
    return tmp_path


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_a_table_and_files(run, folder):
    done = run("world", "town.yaml", "--out", "out")
    assert done.code == 0, done.err
    for words in (
        "town: 40 slots of 1 s, users moved by random_waypoint",
        "hand-overs a user and minute",
        "b1",
        "speed",
    ):
        assert words in done.out
    assert {path.name for path in (folder / "out").iterdir()} == {
        *("map.png", "statistics.json", "statistics.png", "stations.parquet", "world.gif", "world.parquet"),
        *("attached.csv", "statistics.csv", "statistics.tex", "report-data.bin.gz", "report.html"),
    }
    assert json.loads((folder / "out" / "statistics.json").read_text())["station_failures"] == 1


def test_a_run_without_a_page_removes_that_of_an_earlier_one(run, folder):
    command, page = (
        ("world", "town.yaml", "--slots", "2", "--animate", "none", "--out", "out"),
        folder / "out/report.html",
    )
    assert run(*command).code == 0 and page.exists()
    done = run(*command, "--no-html")
    assert done.code == 0 and "removed out/report.html: of an earlier run" in done.err
    assert not page.exists() and (folder / "out/report-data.bin.gz").exists() and "report.html" not in done.out
    assert run("report", "out").code == 0 and page.exists()
    done = run(
        "simulate", "town.yaml", "--slots", "1", "--policies", "stay", "--no-html", "--out", "run", "--animate", "none"
    )
    assert done.code == 0 and not (folder / "run/report.html").exists()


def test_json_for_machines(run, folder):
    facts = json.loads(run("world", "town.yaml", "--slots", 5, "--mobility", "static", "--json").out)
    assert (facts["slots"], facts["moved_by"], facts["stations"], facts["speed_mps"]["max"]) == (5, "static", 5, 0)
    assert [path.name for path in folder.iterdir()] == ["town.yaml"]


def test_the_same_bytes_in_a_new_process_and_others_under_another_seed(run, process, folder):
    words = ("world", "town.yaml", "--slots", 12)  # b1 fails at 5 s
    assert run(*words, "--out", "here").code == 0
    assert process(*words, "--out", "there").code == 0
    assert digests(folder / "here") == digests(folder / "there")
    assert run(*words, "--seed", 9, "--animate", "none", "--out", "else").code == 0
    assert digests(folder / "else")["world.parquet"] != digests(folder / "here")["world.parquet"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("world", "town.yaml", "--mobility", "jumping"), "--mobility: unknown model 'jumping'"),
        (("world", "town.yaml", "--slot-s", "0"), "town.yaml: movement: slot_s: must be greater than 0"),
        (("world", "nowhere.yaml"), "nowhere.yaml: file not found"),
        (("world", "late.yaml"), "late.yaml:6: movement.horizon_s: the slot of 1 s does not divide 1.5 s"),
        (("world", "down.yaml"), "down.yaml:7: movement.failures.schedule.0.station: unknown station 'x'"),
        (("world", "slow.yaml"), "slow.yaml:6: movement.model.min_speed_mps: must be greater than 0"),
    ],
)
def test_bad_input(run, folder, words, message):
    head = "\n".join(CITY.splitlines()[:5])
    (folder / "late.yaml").write_text(f"{head}\nmovement: {{horizon_s: 1.5}}\n")
    (folder / "down.yaml").write_text(f"{head}\nmovement:\n  failures: {{schedule: [{{station: x, down_s: 1}}]}}\n")
    (folder / "slow.yaml").write_text(f"{head}\nmovement: {{model: {{kind: random_waypoint, min_speed_mps: 0}}}}\n")
    done = run(*words, "--out", "out")
    assert done.code == 2 and message in done.err and "Traceback" not in done.err
    assert not (folder / "out").exists()


def test_mp4_without_ffmpeg(run, folder, monkeypatch):
    monkeypatch.setenv("PATH", "")
    done = run("world", "town.yaml", "--animate", "mp4", "--out", "out")
    assert done.code == 2 and "--animate mp4: needs the program ffmpeg" in done.err and "gif" in done.err
    assert not (folder / "out").exists()
