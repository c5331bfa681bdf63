"""Processes that call functions: results, errors, death, time limits, and a parent that is killed."""

import math
import operator
import os
import signal
import subprocess
import sys
import time

import pytest

from twinhop.errors import InputError, TwinhopError
from twinhop.io.folders import require_writable
from twinhop.processes import ProcessDied, Worker, in_processes
from twinhop.processes.serving import send_note

CALL = "from twinhop.processes import in_processes; print(in_processes(abs, [-1, -2], [1, 1], 2, None))"
SIMULATION = "import twinhop; print(len(twinhop.simulate('lu2021-n80-m5', ['stay'], slots=2, seeds=2, jobs=2).runs[0]))"


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition, timeout_s=20):
    end = time.monotonic() + timeout_s
    while time.monotonic() < end and not condition():
        time.sleep(0.05)
    return condition()


def test_a_worker_does_one_call_after_the_other():
    with Worker() as worker:
        for base in (2, 3):
            worker.start(pow, base, 4)
            assert worker.result() == base**4
        worker.start(os.getpid)
        assert worker.result() == worker.pid != os.getpid()


def test_what_the_function_raises_is_raised_here():
    with Worker() as worker:
        worker.start(operator.truediv, 1, 0)
        with pytest.raises(ZeroDivisionError):
            worker.result()
        worker.start(os.strerror, "no number")
        with pytest.raises(TypeError):
            worker.result()


def test_a_call_that_takes_too_long_is_ended():
    with Worker() as worker:
        worker.start(time.sleep, 600)
        assert not worker.wait(0.2)
    assert not is_alive(worker.pid)


@pytest.mark.parametrize(("call", "code"), [((os._exit, 7), 7), ((signal.raise_signal, signal.SIGKILL), -9)])
def test_death_is_named(call, code):
    with Worker() as worker:
        worker.start(*call)
        with pytest.raises(ProcessDied) as raised:
            worker.result()
    assert raised.value.code == code


def test_notes_come_before_the_result():
    notes = []
    with Worker(notes.append) as worker:
        worker.start(send_note, "half way")
        assert worker.result() is None
    assert notes == ["half way"]


def test_ctrl_c_is_left_to_the_parent():
    with Worker() as worker:
        worker.start(signal.raise_signal, signal.SIGINT)
        assert worker.result() is None


def test_jobs_in_processes_keep_their_order():
    told = []
    results = in_processes(math.factorial, range(6), [1, 2, 3, 4, 5, 6], 2, lambda *done: told.append(done))
    assert results == [1, 1, 2, 6, 24, 120]
    assert told[-1] == (21, 21) and len(told) == 6


def test_the_first_error_ends_all_others():
    started = time.monotonic()
    with pytest.raises(TypeError):
        in_processes(time.sleep, [600, "long"], [1, 1], 2, None)
    assert time.monotonic() - started < 60


def test_a_killed_process_is_said_to_be_killed():
    with pytest.raises(TwinhopError, match=r"was killed \(signal 9\), perhaps because memory ran out.*--jobs"):
        in_processes(signal.raise_signal, [9, 9], [1, 1], 2, None)


def test_without_an_interpreter_jobs_are_done_here(monkeypatch):
    monkeypatch.setattr("multiprocessing.spawn.get_executable", lambda: None)
    assert in_processes(abs, [-1, -2], [1, 1], 2, None) == [1, 2]
    with pytest.raises(TwinhopError, match="no interpreter is known"):
        Worker()


def test_errors_of_users_keep_their_type():
    with pytest.raises(InputError, match="cannot be made"):
        in_processes(require_writable, ["/dev/null/a", "/dev/null/b"], [1, 1], 2, None)


PARENT = """
import time
from twinhop.processes import Worker
worker = Worker()
worker.start(time.sleep, 600)
print(worker.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_their_parent(ending):
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    with parent:
        pid = int(parent.stdout.readline())
        time.sleep(1)
        assert is_alive(pid)
        parent.send_signal(ending)
        parent.wait(20)
        assert wait_until(lambda: not is_alive(pid))


def in_a_daemon(code):
    body = "\n    ".join(code.split("; "))
    return f"""
import multiprocessing
def work():
    {body}
if __name__ == "__main__":
    child = multiprocessing.get_context("fork").Process(target=work, daemon=True)
    child.start()
    child.join()
"""


def run_python(words, source=""):
    return subprocess.run([sys.executable, *words], input=source, capture_output=True, text=True, timeout=200)


@pytest.mark.parametrize("caller", ["script without a guard", "pipe", "-c", "daemon"])
def test_whoever_calls_may_start_processes(caller, tmp_path):
    script, source = tmp_path / "script.py", in_a_daemon(CALL) if caller == "daemon" else CALL
    script.write_text(source)
    words = {"pipe": ["-"], "-c": ["-c", source]}.get(caller, [str(script)])
    done = run_python(words, source if caller == "pipe" else "")
    assert (done.stdout, done.returncode) == ("[1, 2]\n", 0), done.stderr


def test_a_script_without_a_guard_simulates_two_seeds(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SIMULATION)
    done = run_python([str(script)])
    assert (done.stdout, done.returncode) == ("2\n", 0), done.stderr
