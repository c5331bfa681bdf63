"""What is imported when, and what Ctrl-C does, at every stage."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

HEAVY = ("numpy", "numba", "pydantic", "matplotlib", "polars", "highspy", "pyproj", "jax", "jaxlib")
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
#: Solves for minutes: the interrupt always comes first.
LONG = ("plan", "family(200, 20, deadlines=on)", "--policy", "exact")


def modules_after(code):
    """The modules loaded in a fresh process once the code has run."""
    report = "import sys; print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def program(*words):
    return f"""
import sys
sys.argv = ["twinhop", *{list(words)!r}]
from twinhop.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""


@pytest.mark.parametrize("code", ["import twinhop", "import twinhop.cli", program("--help"), program("--version")])
def test_starting_imports_nothing_heavy(code):
    assert not modules_after(code) & set(HEAVY)


@pytest.mark.parametrize("words", [("plan", "--help"), ("compare", "-h"), ("scenario", "new", "--help")])
def test_help_of_commands_imports_nothing_heavy(words):
    assert not modules_after(program(*words)) & set(HEAVY) - {"pydantic"}  # typer itself parses options with it


def test_planning_never_imports_jax_and_draws_only_when_asked(tmp_path):
    loaded = modules_after(program("plan", "family(10, 3)", "--json"))
    assert {"numpy", "numba"} <= loaded
    assert not loaded & {"jax", "jaxlib", "matplotlib", "polars"}
    assert "jax" not in modules_after(program("plan", "family(10, 3)", "--out", str(tmp_path / "out")))


def test_importers_do_not_load_the_solver(tmp_path):
    assert not modules_after(program("scenario", "check", "lu2021-n80-m5")) & {"numba", "highspy", "matplotlib", "jax"}


# Ctrl-C.


@pytest.fixture
def started():
    """Starts the program in a process of its own; it is killed at the end if it still runs."""
    running = []

    def start(*words):
        process = subprocess.Popen(
            [sys.executable, "-m", "twinhop", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def read_until(process, marker):
    """The log up to the first line with the marker: the stage has been reached."""
    lines = []
    for line in process.stderr:
        lines.append(line)
        if marker in line:
            return lines
    raise AssertionError("".join(lines))


def test_interrupt_during_a_long_solve_prints_the_best_plan(started, tmp_path):
    out = tmp_path / "new" / "out"
    process = started(*LONG, "--json", "--out", out, "--verbose")
    read_until(process, "local search")
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    answer, log = process.communicate(timeout=200)
    assert process.returncode == 130, log
    value = json.loads(answer)
    assert value["interrupted"] is True
    assert value["feasible"] is True
    assert len(value["host"]) == 200
    assert 0 < value["lower_bound"] <= value["cost"]
    assert np.isfinite(value["cost"])
    assert f"interrupted; this is the best plan found, {len(PLAN_FILES)} files were written" in log
    assert "Traceback" not in log
    assert sorted(path.name for path in out.iterdir()) == PLAN_FILES
    saved = json.loads((out / "placement.json").read_text())
    assert (saved["host"], saved["lower_bound"]) == (value["host"], value["lower_bound"])


#: Searches that go on for minutes, and what each logs on the way.
ENDLESS = {
    "to the optimum": (("plan", "family(400, 40)", "--gap", "0"), "prices:"),
    "without a host": (("plan", "family(400, 40)", "--gap", "0", "--without", "b1"), "prices:"),
    "curve": (("tradeoff", "family(200, 40)", "--gap", "0"), "prices:"),
}


@pytest.mark.parametrize("case", ENDLESS)
def test_interrupt_gives_the_best_plan_and_a_bound(case, started):
    words, marker = ENDLESS[case]
    process = started(*words, "--json", "--verbose")
    read_until(process, marker)
    process.send_signal(signal.SIGINT)
    answer, log = process.communicate(timeout=200)
    assert process.returncode == 130, log
    value = json.loads(answer)
    assert value["interrupted"] is True
    assert value["lower_bound"] > 0
    costs = [row["cost"] for row in value["points"]] if case == "curve" else [value["cost"]]
    assert costs and all(value["lower_bound"] <= cost for cost in costs if cost is not None)
    assert "Traceback" not in log


def test_interrupt_during_a_long_comparison_prints_what_is_there(started, tmp_path):
    process = started(
        *("compare", LONG[1], "--policies", "nearest,exact", "--json"), *("--out", tmp_path / "out", "--verbose")
    )
    read_until(process, "local search")
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    answer, log = process.communicate(timeout=200)
    assert process.returncode == 130, log
    value = json.loads(answer)
    assert value["interrupted"] is True
    assert [row["policy"] for row in value["policies"]] == ["nearest", "exact"]
    assert json.loads((tmp_path / "out" / "comparison.json").read_text()) == value


@pytest.mark.parametrize("deep_s", [0.5, 4.0])
def test_second_interrupt_ends_at_once(deep_s, started, tmp_path):
    """Deep in branch and cut HiGHS takes long to hear of the first one."""
    process = started(*LONG, "--json", "--out", tmp_path / "out", "--verbose")
    read_until(process, "local search")
    time.sleep(deep_s)
    process.send_signal(signal.SIGINT)
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    answer, log = process.communicate(timeout=200)
    assert process.returncode == 130, log
    assert "Traceback" not in log
    assert "terminate called" not in log
    if answer:
        assert json.loads(answer)["interrupted"] is True
    files = sorted(path.name for path in tmp_path.glob("out/*"))
    assert files in ([], PLAN_FILES)


INTERRUPT_ON_IMPORT = """
import os, signal, sys
class Hook:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)
        return None
hook = Hook()
sys.meta_path.insert(0, hook)
sys.argv = ["twinhop", "plan", "family(10, 3)", "--out", {out!r}]
from twinhop.cli import main
main()
"""
STAGES = ("typer", "numpy", "pydantic", "numba", "twinhop.placement.policies.lagrangian", "polars", "matplotlib.figure")


#: Loaded when the plan is known and is being written.
WRITING = ("polars", "matplotlib.figure")


@pytest.mark.parametrize("module", STAGES)
def test_interrupt_while_starting_or_writing(module, tmp_path):
    """Wherever Ctrl-C comes: 130, a word about it, no traceback, no folder."""
    code = INTERRUPT_ON_IMPORT.format(module=module, out=str(tmp_path / "out"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=200)
    assert "Traceback" not in done.stderr
    assert done.returncode == 130, done
    assert "interrupted" in done.stderr
    assert list(tmp_path.iterdir()) == []
    assert ("certified lower bound" in done.stdout) == (module in WRITING)


INTERRUPT_ON_COMPILING = """
import os, signal, sys
from numba.core import compiler
before = compiler.compile_extra
def interrupted(*args, **options):
    os.kill(os.getpid(), signal.SIGINT)
    return before(*args, **options)
compiler.compile_extra = interrupted
sys.argv = ["twinhop", "plan", "family(10, 3)", "--json"]
from twinhop.cli import main
main()
"""


def test_interrupt_while_compiling(tmp_path):
    """The compiler does not survive an exception; with an empty cache it is at work before the first plan."""
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPT_ON_COMPILING],
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "twinhop: interrupted\n")


def test_interrupt_in_process_ends_with_130(run, monkeypatch):
    """The interrupt comes while the scenario is read."""

    def interrupt(*_, **__):
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("twinhop.plans.planning.load_source", interrupt)
    done = run("plan", "family(10, 3)", "--json")
    assert (done.code, done.out) == (130, "")
