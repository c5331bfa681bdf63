"""`twinhop simulate` from end to end: table, JSON, files, a killed run, a disk that fills, and bad input."""

import hashlib
import json
import resource
import signal
import subprocess
import sys
import time

import polars as pl
import pytest

CITY = """schema_version: 1
name: town
radio: {fading: rayleigh}
stations: {generate: {count: 5}}
users: {generate: {count: 20}}
movement:
  slots: 40
  slot_s: 10
  model: {kind: random_waypoint}
  churn: {mean_present_s: 300, mean_absent_s: 100}
  failures: {schedule: [{station: b1, down_s: 50, up_s: 90}]}
"""
FIELDS = {
    *("cost", "terms", "migrations", "ping_pong", "violation_ratio", "latency_p95_s", "age_mean_s"),
    *("utility_sum", "decision_ms_p50", "regret"),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "town.yaml").write_text(CITY)
    return tmp_path


def digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "timing.json"
    }


def test_a_table_and_files(run, folder):
    done = run("simulate", "town.yaml", "--policies", "stay,follow_nearest", "--out", "out")
    assert (done.code, done.err) == (0, "")
    for words in ("town: 20 users, 5 stations, 40 slots of 10 s, 1 seed", "follow_nearest", "moves/h", "wrote out"):
        assert words in done.out
    assert (folder / "out" / "simulation.gif").read_bytes()[:4] == b"GIF8"
    users = pl.read_parquet(folder / "out" / "seed-0" / "stay" / "users.parquet")
    failed = users.filter(pl.col("slot").is_between(5, 8))
    assert "b1" not in failed["host"].cast(pl.String).to_list()


def test_json_for_machines(run, folder):
    words = ("--policies", "stay,follow_nearest", "--slots", 8, "--seeds", 2, "--bound", "--time-limit", 5, "--json")
    facts = json.loads(run("simulate", "town.yaml", *words).out)
    assert (facts["seed"], facts["seeds"], facts["slots"]) == (0, 2, 8)
    assert 0 < facts["offline_bound"] <= facts["offline_plan"] and facts["offline_gap"] >= 0
    for row in facts["policies"]:
        assert set(row) >= FIELDS and row["cost"] > 0
    assert [path.name for path in folder.iterdir()] == ["town.yaml"]


def test_the_same_bytes_in_a_new_process_and_others_under_another_seed(run, process, folder):
    words = ("simulate", "town.yaml", "--policies", "follow_nearest", "--slots", 12)  # b1 fails at 50 s
    assert run(*words, "--out", "here").code == 0
    assert process(*words, "--out", "there").code == 0
    assert digests(folder / "here") == digests(folder / "there")
    assert run(*words, "--seed", 9, "--animate", "none", "--out", "else").code == 0
    files = [folder / name / seed for name, seed in (("here", "seed-0"), ("else", "seed-9"))]
    first, second = ((each / "follow_nearest" / "world.parquet").read_bytes() for each in files)
    assert first != second


def test_a_killed_run_goes_on(run, folder):
    words = ["simulate", "town.yaml", "--policies", "stay,follow_nearest", "--slots", "800", "--animate", "none"]
    assert run(*words, "--out", "whole").code == 0
    command = [sys.executable, "-m", "twinhop", *words, "--out", "out"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
        until = time.monotonic() + 120
        while not (folder / "out/seed-0/stay/summary.json").exists() and time.monotonic() < until:
            time.sleep(0.01)
        program.send_signal(signal.SIGKILL)
    kept = (folder / "out/seed-0/stay/timing.json").read_bytes()
    assert run(*words, "--out", "out").code == 0
    assert (folder / "out/seed-0/stay/timing.json").read_bytes() == kept
    assert digests(folder / "out") == digests(folder / "whole")


def test_a_disk_that_fills(folder):
    """The operating system refuses to let files grow, as it does when a disk is full."""
    words = ["simulate", "town.yaml", "--policies", "stay", "--slots", "400", "--animate", "none", "--out", "out"]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, *words], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    assert "cannot be written (File too large; slots 0 to 399 are there to read" in done.stderr
    users = pl.read_parquet(folder / "out" / "seed-0" / "stay.unfinished" / "users.parts" / "*.parquet")
    assert users["slot"].unique().sort().to_list() == list(range(400))


#: Files may have as many bytes as a part of the table of users, not as the whole.
LIMITED = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, {resource.RLIM_INFINITY}))
from twinhop.cli import main
main()
"""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("town.yaml", "--policies", "stai"), "no policy named 'stai'; did you mean 'stay'?"),
        (("town.yaml", "--policies", "stay:often=2"), "stay has no setting 'often'"),
        (("town.yaml", "--policies", ","), "--policies: none given"),
        (("town.yaml", "--policies", "stay", "--seeds", 0), "--seeds"),
        (("town.yaml", "--policies", "stay", "--slots", 0), "--slots"),
        (("town.yaml", "--mobility", "jumping"), "--mobility: unknown model 'jumping'"),
        (("town.yaml", "--time-limit", 0), "--time-limit: got 0"),
        (("nowhere.yaml",), "nowhere.yaml: file not found"),
        (("full.yaml", "--policies", "stay"), "slot 0 (0 s): no host for user"),
        (("trace.yaml", "--policies", "stay", "--slots", 9), "9"),
    ],
)
def test_bad_input(run, folder, words, message):
    (folder / "full.yaml").write_text(
        CITY.replace("{generate: {count: 5}}", "{generate: {count: 5}, capacity_users: 2}").replace(
            "fading: rayleigh", ""
        )
    )
    (folder / "xy.csv").write_text("id,time_s,x_m,y_m\n" + "".join(f"u,{t},{t},5\n" for t in range(5)))
    assert run("import", "trace", "xy.csv", "--out", "xy.parquet").code == 0
    head = CITY.partition("movement:")[0]
    (folder / "trace.yaml").write_text(head + "movement: {slot_s: 1, trace: {file: xy.parquet}}\n")
    done = run("simulate", *words, "--out", "out")
    assert done.code == 2 and message in done.err and "Traceback" not in done.err, done.err
    assert not list(folder.glob("out/seed-*/*"))


def test_a_folder_that_cannot_be_one(run, folder):
    (folder / "file").write_text("kept")
    done = run("simulate", "town.yaml", "--policies", "stay", "--out", "file")
    assert done.code == 2 and "file: cannot be made" in done.err
    assert (folder / "file").read_text() == "kept"


def test_a_folder_of_another_simulation(run, folder):
    words = ("simulate", "town.yaml", "--policies", "stay", "--animate", "none", "--out", "out")
    assert run(*words).code == 0
    (folder / "town.yaml").write_text(CITY.replace("count: 20", "count: 21"))
    done = run(*words)
    assert done.code == 2 and "users.generate.count: 20 there, 21 now" in done.err
