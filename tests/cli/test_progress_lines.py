"""Progress without a terminal: a line a minute, none of what is quick."""

import io
import time

import pytest

from twinhop.cli import common, minute_lines, train
from twinhop.cli.minute_lines import LINE_EVERY_S, MinuteLines


class Clock:
    """Time that passes only where it is waited for; the command does something in every minute."""

    def __init__(self, minutes, each_minute=lambda minute: None):
        self.seconds, self._end_s, self._each_minute = 0.0, 60.0 * minutes, each_minute

    def wait(self, seconds):
        self._each_minute(int(self.seconds // 60))
        self.seconds += seconds
        return self.seconds > self._end_s


@pytest.mark.parametrize(("minutes", "lines"), [(0.02, 0), (0.99, 0), (1.5, 1), (5.5, 5), (90.5, 90)])
def test_a_line_a_minute_and_none_of_what_is_quick(minutes, lines):
    written = []
    MinuteLines("solving", written.append, Clock(minutes).wait).go_on()
    assert LINE_EVERY_S == 60.0
    assert written == [f"solving ({at + 1} min)" for at in range(lines)]


def test_a_line_says_how_far_it_is():
    """Each line has the latest words, however many there were in its minute."""
    written = []

    def work(minute):
        for each in range(1000):
            lines.update(f"solving: {1000 * minute + each} of 9000 slots")

    lines = MinuteLines("solving", written.append, Clock(3.5, work).wait)
    lines.go_on()
    assert written == [f"solving: {1000 * minute + 999} of 9000 slots ({minute + 1} min)" for minute in range(3)]


PROGRESS = {
    "progress": (lambda: common.progress("plan"), (1.5, 1.25), "plan: cost 1.5, bound 1.25"),
    "sampling": (lambda: common.sampling_progress("samples", 9), (4, 1), "samples: 4 of 9 samples, 1 broken"),
    "counting": (lambda: common.counting_progress("world", 20, "slots"), (3,), "world: 3 of 20 slots"),
    "share": (lambda: common.share_progress("reproduce", "runs"), (3, 20), "reproduce: 3 of 20 runs"),
    "training": (lambda: train.training_progress("train"), (5, 20, {"cost": 2.0}), "train: 5/20 cost 2"),
}


@pytest.mark.parametrize("name", PROGRESS)
def test_every_kind_of_progress_writes_its_lines_where_there_is_no_terminal(name, monkeypatch):
    make, told, words = PROGRESS[name]
    err = io.StringIO()
    monkeypatch.setattr("sys.stderr", err)
    monkeypatch.setattr(minute_lines, "LINE_EVERY_S", 0.02)
    with make() as report:
        report(*told)
        while err.getvalue().count("\n") < 2:
            time.sleep(0.01)
    first, second = err.getvalue().splitlines()[:2]
    assert first.startswith("twinhop: ") and second.startswith(f"twinhop: {words}")
    assert "\x1b" not in err.getvalue()


@pytest.mark.parametrize("name", PROGRESS)
def test_nothing_is_written_where_it_is_over_at_once(name, monkeypatch):
    make, told, _ = PROGRESS[name]
    err = io.StringIO()
    monkeypatch.setattr("sys.stderr", err)
    with make() as report:
        report(*told)
    assert err.getvalue() == ""
