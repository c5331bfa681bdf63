"""A clock that is set back, or ahead, while a host runs: nothing is refused, and nothing of twins goes back in time."""

import time

from live_makers import SPEC, create, sent

from twinhop.live import Host
from twinhop.live.operate.metrics import Metrics
from twinhop.live.sqlite import open_folder


def test_a_clock_that_is_set_while_a_host_runs_moves_nothing(tmp_path, monkeypatch):
    metrics = Metrics()
    with open_folder(tmp_path) as folder, Host(folder.engine, listen=metrics.told) as host:
        metrics.clock_s = host.now_s
        host.submit([create("a", SPEC)]).result()
        times_s, whole = [], time.time
        for seq, shift_s in enumerate((0.0, -86_400.0, 10 * 365 * 86_400.0, 0.0), start=1):
            monkeypatch.setattr(time, "time", lambda shift_s=shift_s: whole() + shift_s)
            received_s = host.now_s()
            folded = host.submit_and_wait([sent("a", seq, observed_s=received_s)]).result()[0]
            assert folded.answer.outcome == "applied" and not folded.answer.late
            times_s.append(received_s)
        assert times_s == sorted(times_s) and times_s[-1] - times_s[0] < 60
        assert host.ask("a", lambda fold: (fold.twin.seq, fold.twin.clock.offset_s)).result() == (4, 0.0)
        assert b'twinhop_applied_seconds_bucket{le="60.0"} 4.0' in metrics.text()[0]
    monkeypatch.setattr(time, "time", lambda: whole() - 3_600.0)  # and while nobody served
    with open_folder(tmp_path) as folder, Host(folder.engine) as host:
        now_s = host.now_s()
        folded = host.submit_and_wait([sent("a", 5, observed_s=now_s, received_s=now_s)]).result()[0]
        assert folded.answer.outcome == "applied"
        assert host.ask("a", lambda fold: fold.twin.seq).result() == 5
