"""A placement policy of one's own under a limit: ended, told of Ctrl-C, and otherwise the same as without one."""

import os
import signal
import threading
import time

import numpy as np
import pytest

import twinhop
from twinhop.failures import PolicyFailed
from twinhop.own_watch import can_be_ended
from twinhop.placement import solve
from twinhop.placement.policy import placement_policy


@pytest.fixture(scope="module")
def problem():
    return twinhop.formulate(twinhop.build_world(twinhop.load("family(20, 4)")))


def drawn(problem, rng, seed, time_limit_s):
    assert seed == 5
    return rng.integers(0, problem.stations, problem.users)


def deaf(problem):
    time.sleep(60)


def listening(problem, budget):
    while not budget.exhausted():
        time.sleep(0.01)
    return np.zeros(problem.users, int)


def process(problem):
    raise ValueError(os.getpid())


def test_a_limit_does_not_change_the_answer(problem):
    placed = [solve(problem, drawn, seed=5, time_limit_s=limit).placement.host for limit in (float("inf"), 30.0)]
    assert (placed[0] == placed[1]).all()


def test_who_listens_to_the_limit_is_not_ended(problem):
    solution = solve(problem, listening, time_limit_s=0.3)
    assert solution.timed_out and 0.3 <= solution.seconds < 1.3


def test_who_does_not_is(problem):
    with pytest.raises(PolicyFailed, match=r"^policy: deaf did not answer within 0.3 s$"):
        solve(problem, deaf, time_limit_s=0.3)


def test_with_a_limit_it_runs_elsewhere_and_without_one_here(problem):
    with pytest.raises(PolicyFailed, match=f"raised ValueError: {os.getpid()} "):
        solve(problem, process)
    with pytest.raises(PolicyFailed, match=r"raised ValueError: \d+ ") as error:
        solve(problem, process, time_limit_s=5)
    assert f" {os.getpid()} " not in str(error.value)


def test_what_cannot_be_sent_runs_here(problem):
    local = placement_policy(lambda problem: np.full(problem.users, os.getpid() % problem.stations))
    assert not can_be_ended(local.own, 1.0)
    assert set(solve(problem, local, time_limit_s=1.0).placement.host) == {os.getpid() % problem.stations}


def test_ctrl_c_asks_for_the_best_so_far(problem):
    solve(problem, drawn, seed=5, time_limit_s=30)  # the process has started
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    started = time.monotonic()
    solution = solve(problem, listening, time_limit_s=50)
    assert solution.interrupted and time.monotonic() - started < 20


def test_a_second_ctrl_c_ends_it_at_once(problem):
    solve(problem, drawn, seed=5, time_limit_s=30)
    for delay_s in (0.5, 1.0):
        threading.Timer(delay_s, os.kill, (os.getpid(), signal.SIGINT)).start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        solve(problem, deaf, time_limit_s=50)
    assert time.monotonic() - started < 20
