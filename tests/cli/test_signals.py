"""What ends a run from outside does what Ctrl-C does, workers included; closed pipes have an exit code of their own."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

LONG = ("plan", "family(200, 20, deadlines=on)", "--policy", "exact", "--json", "--verbose")


def start(*words, **options):
    command = [sys.executable, "-m", "twinhop", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(each) for each in file.read().split()]


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition, timeout_s):
    end = time.monotonic() + timeout_s
    while time.monotonic() < end and not condition():
        time.sleep(0.1)
    return condition()


@pytest.mark.parametrize(("ending", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_supervisor_gets_the_best_plan_so_far(ending, code):
    with start(*LONG) as process:
        for line in process.stderr:
            if "local search" in line:
                break
        time.sleep(0.3)
        process.send_signal(ending)
        answer, log = process.communicate(timeout=200)
    assert process.returncode == code, log
    value = json.loads(answer)
    assert value["interrupted"] is True
    assert 0 < value["lower_bound"] <= value["cost"]
    assert "Traceback" not in log


def test_a_simulation_ends_with_its_workers(tmp_path):
    out = tmp_path / "run"
    words = (
        "simulate",
        "lu2021-n80-m5",
        "--policies",
        "stay,myopic",
        "--slots",
        "20000",
        "--seeds",
        "2",
        "--jobs",
        "2",
    )
    with start(*words, "--out", out) as process:
        assert wait_until(lambda: len(children_of(process.pid)) == 2, 120)
        workers = children_of(process.pid)
        assert wait_until(lambda: any(out.glob("seed-*/*")), 120)
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)
    assert (process.returncode, log) == (143, "twinhop: interrupted\n")
    assert wait_until(lambda: not any(map(is_alive, workers)), 5)
    before = sorted(out.rglob("*"))
    time.sleep(1)
    assert sorted(out.rglob("*")) == before
    assert ".twinhop.lock" not in os.listdir(out)


def test_what_ignores_a_signal_goes_on_ignoring_it():
    ignoring = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); from twinhop.cli.entry import _listen; "
    code = ignoring + "_listen(); print(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "True\n"


@pytest.mark.parametrize("words", [("scenario", "export", "lu2021-n100-m10", "--expand"), ("scenario", "schema")])
def test_nobody_reads(words):
    with start(*words) as process:
        process.stdout.close()
        log = process.stderr.read()
    assert (process.wait(60), log) == (141, "")
