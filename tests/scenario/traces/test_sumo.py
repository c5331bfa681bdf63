"""SUMO: the real one where it is installed, and a false one for what goes wrong."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from twinhop.errors import InputError
from twinhop.scenario.place_sections import Area
from twinhop.scenario.traces import ImportOptions, TracePositions
from twinhop.scenario.traces.sumo import Traffic, import_sumo

SMALL = Traffic("grid", vehicles=5, seconds=60, seed=2)


@pytest.fixture
def sumo():
    """Skips the test where SUMO is missing."""
    if importlib.util.find_spec("sumo") is None:
        pytest.skip("SUMO is not installed; pip install eclipse-sumo libsumo")


@pytest.fixture
def libsumo():
    """Skips the test where libsumo is missing."""
    if importlib.util.find_spec("libsumo") is None:
        pytest.skip("libsumo is not installed; pip install eclipse-sumo libsumo")


@pytest.fixture
def false_sumo(tmp_path, monkeypatch):
    """A folder SUMO_HOME whose programs are that script."""

    def of(script):
        home = tmp_path / "sumo-home"
        (home / "bin").mkdir(parents=True)
        (home / "tools").mkdir()
        for name in ("sumo", "netgenerate"):
            (home / "bin" / name).write_text(f"#!{sys.executable}\n{script}")
            (home / "bin" / name).chmod(0o755)
        (home / "tools" / "randomTrips.py").write_text(script)
        monkeypatch.setenv("SUMO_HOME", str(home))
        return home

    return of


def test_vehicles_drive_on_the_grid_until_the_end(sumo, tmp_path):
    imported = import_sumo(SMALL, tmp_path / "t.parquet")
    about = imported.trace.about
    assert (about.users, about.duration_s, about.origin) == (5, 59.0, None)
    assert about.attribution[0].startswith("Driven by Eclipse SUMO 1.")
    assert 1.0 < imported.speed_mps.at(0.5) < 30.0
    positions = TracePositions.of_file(tmp_path / "t.parquet", 1.0, 60, 0.0, Area())
    last = list(positions)[-1]
    assert last.shape == (5, 2)
    assert (last == last).all()
    assert positions.notes == ()


def test_the_same_seed_drives_the_same_and_another_does_not(sumo, tmp_path):
    for name, seed in (("a", 2), ("b", 2), ("c", 3)):
        import_sumo(Traffic("grid", 5, 60, seed), tmp_path / f"{name}.parquet")
    a, b, c = (pl.read_parquet(tmp_path / f"{name}.parquet") for name in "abc")
    assert a.equals(b)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert not a.equals(c)


def test_stepped_live_it_drives_as_it_does_alone(sumo, libsumo, tmp_path):
    seconds = []
    recorded = import_sumo(SMALL, tmp_path / "r.parquet").trace.scan().sort("time_s", "user").collect()
    stepped = import_sumo(SMALL, tmp_path / "l.parquet", live=True, on_second=seconds.append).trace
    stepped = stepped.scan().sort("time_s", "user").collect()
    assert recorded.select("time_s", "user", "kind").equals(stepped.select("time_s", "user", "kind"))
    apart = (recorded.select("x_m", "y_m") - stepped.select("x_m", "y_m")).to_numpy()
    assert abs(apart).max() <= 0.0051  # SUMO writes centimetres
    assert seconds == list(range(1, 61))


@pytest.mark.parametrize("live", [False, True])
def test_a_network_that_sumo_refuses(live, sumo, libsumo, tmp_path):
    network = tmp_path / "broken.net.xml"
    network.write_text("<net version='1.9'><location/></net>\n")
    with pytest.raises(InputError, match="SUMO: "):
        import_sumo(Traffic(str(network), 5, 60), tmp_path / "t.parquet", live=live)
    assert [each.name for each in tmp_path.iterdir()] == ["broken.net.xml"]


def test_missing(tmp_path, monkeypatch):
    monkeypatch.delenv("SUMO_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"SUMO is not installed; install it with `pip install eclipse-sumo libsumo`"):
        import_sumo(SMALL, tmp_path / "t.parquet")
    monkeypatch.setenv("SUMO_HOME", str(tmp_path))
    with pytest.raises(InputError, match=r"SUMO is not installed \(SUMO_HOME, .*, has no bin/sumo\)"):
        import_sumo(SMALL, tmp_path / "t.parquet")


def test_a_crash_shows_its_message(false_sumo, tmp_path):
    script = (
        "import sys\nif '--version' in sys.argv: print('SUMO v1_28_0')\nelse:\n print('Error: no road'); sys.exit(3)\n"
    )
    false_sumo(script)
    with pytest.raises(InputError, match=r"SUMO: netgenerate failed \(exit code 3\):\n  Error: no road"):
        import_sumo(SMALL, tmp_path / "t.parquet")
    assert not (tmp_path / "t.parquet").exists()


def test_a_signal_shows_too(false_sumo, tmp_path):
    false_sumo("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    with pytest.raises(InputError, match=r"sumo failed \(killed by signal 11\):\n  it printed nothing"):
        import_sumo(SMALL, tmp_path / "t.parquet")


def test_a_program_that_cannot_be_run(false_sumo, tmp_path):
    home = false_sumo("")
    (home / "bin" / "sumo").write_text("#!/no/such/interpreter\n")
    with pytest.raises(InputError, match="cannot be run"):
        import_sumo(SMALL, tmp_path / "t.parquet")


def test_ctrl_c_ends_sumo_too(false_sumo, tmp_path):
    pid_file = tmp_path / "pid"
    false_sumo(
        f"import os, time\nopen({str(pid_file)!r}, 'w').write(str(os.getpid()))\n"
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(600)\n"
    )
    command = [sys.executable, "-m", "twinhop", "import", "sumo", "--out", str(tmp_path / "t.parquet")]
    program = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        until = time.monotonic() + 60
        while not (pid_file.exists() and pid_file.read_text()) and time.monotonic() < until:
            time.sleep(0.05)
        program.send_signal(signal.SIGINT)
        _, said = program.communicate(timeout=60)
    finally:
        program.kill()
    assert program.returncode == 130
    assert said.endswith("twinhop: interrupted\n")
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)
    assert not (tmp_path / "t.parquet").exists()


@pytest.mark.parametrize(
    ("traffic", "message"),
    [
        (Traffic("grid", 0, 60), "--vehicles: must be from 1 to 100000"),
        (Traffic("grid", 5, 0), "--seconds: must be from 1"),
        (Traffic("grid", 5, 60, -1), "--seed: must be from 0"),
        (Traffic("none.net.xml", 5, 60), "none.net.xml: no such file"),
        (Traffic(__file__.replace("test_sumo", "conftest"), 5, 60), "is not a network of SUMO"),
    ],
)
def test_bad_numbers_and_networks(traffic, message, tmp_path):
    with pytest.raises(InputError, match=message):
        import_sumo(traffic, tmp_path / "t.parquet", options=ImportOptions())
    assert list(Path(tmp_path).iterdir()) == []
