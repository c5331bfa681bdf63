"""Calls in a process that is ended where code goes on beyond its limit."""

import os
import signal
import time

import pytest

from twinhop.compile_time import waiting
from twinhop.errors import InputError
from twinhop.processes import NoAnswer, ProcessDied, deciding, watched
from twinhop.processes.serving import send_note
from twinhop.processes.watched import GRACE_S, LOOK_S


def decide(seconds, at=None):
    with deciding(at):
        time.sleep(seconds)
    return os.getpid()


def test_one_process_serves_call_after_call():
    first, second = (watched(decide, 0.0, limit_s=5) for _ in range(2))
    assert first == second != os.getpid()


def test_what_goes_on_is_ended_and_told_where_it_was():
    before = watched(decide, 0.0, limit_s=5)
    started = time.monotonic()
    with pytest.raises(NoAnswer, match=r"^did not answer within 0.2 s$") as error:
        watched(decide, 60.0, 7, limit_s=0.2)
    assert error.value.at == 7 and GRACE_S < time.monotonic() - started < 20
    assert watched(decide, 0.0, limit_s=5) != before


def works(seconds):
    time.sleep(seconds)
    decide(0.0)
    return "done"


def test_only_the_time_of_deciding_counts():
    assert watched(works, GRACE_S + 0.5, limit_s=0.01) == "done"


def compiles(seconds):
    with deciding():
        waiting.start()
        time.sleep(seconds)
        waiting.end()
        time.sleep(4 * LOOK_S)
    return "done"


def test_compiling_does_not_count():
    assert watched(compiles, GRACE_S + 0.5, limit_s=0.01) == "done"


def several():
    for at in range(3):
        send_note(at)
    raise InputError("no use")


def test_notes_and_errors_come_back_and_the_process_stays():
    notes, before = [], watched(os.getpid, limit_s=5)
    with pytest.raises(InputError, match="^no use"):
        watched(several, limit_s=5, on_note=notes.append)
    assert notes == [0, 1, 2] and watched(os.getpid, limit_s=5) == before


def test_death_is_told():
    with pytest.raises(ProcessDied, match="exit code 5"):
        watched(os._exit, 5, limit_s=5)


def dies(at):
    with deciding(at):
        os._exit(6)


def test_death_is_told_with_where_it_was():
    with pytest.raises(ProcessDied) as error:
        watched(dies, 3, limit_s=5)
    assert (error.value.code, error.value.at) == (6, 3)


def listens():
    heard = []
    signal.signal(signal.SIGINT, lambda *_: heard.append(1))
    with deciding():
        while not heard:
            time.sleep(0.01)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return "heard"


def test_an_interrupt_is_passed_on():
    assert watched(listens, limit_s=30, is_interrupted=lambda: True) == "heard"


def test_elsewhere_nothing_is_sent():
    assert decide(0.0) == os.getpid()
