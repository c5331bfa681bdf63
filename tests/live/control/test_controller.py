import math
import time
from concurrent.futures import Future
from queue import Empty, Queue
from threading import Event, Timer
from types import SimpleNamespace

import numpy as np
import pytest
from control_makers import SLOT_S, Desk, controller, done, tiny_city

from twinhop.errors import InputError
from twinhop.live.control import Conflict, ControllerConfig, UnknownRecord
from twinhop.live.control.asking import Asked
from twinhop.live.control.city import LiveCity, Present
from twinhop.live.control.patience import Patience
from twinhop.live.control.recording import runs_of
from twinhop.live.control.replay import read_recording, replay


@pytest.fixture
def desk():
    return Desk()


def report(desk, scenario, *extra, load=None):
    """The scenario's users where it places them, and others; a slot later."""
    desk.now += SLOT_S
    rows = scenario.users.rows
    spots = [*((row.x_m, row.y_m) for row in rows), *[(600.0, 600.0)] * len(extra)]
    desk.place([*(row.id for row in rows), *extra], spots, load)


def test_shadow_recommends_and_does_nothing(desk, tmp_path):
    scenario = tiny_city()
    own = controller(scenario, desk, tmp_path, policy="myopic")
    report(desk, scenario)
    first = own.step()
    assert len(first.moves) == 12
    assert {move.source for move in first.moves} == {""}
    assert first.bound_s <= first.cost_s
    assert first.gap == pytest.approx(first.cost_s / first.bound_s - 1)
    report(desk, scenario)
    second = own.step()
    assert not second.moves, "what it recommended is where its twins would be"
    assert own.plan(first.id).state == "superseded"
    assert not desk.moved
    with pytest.raises(Conflict, match="shadow"):
        own.apply(second.id)
    placement = own.placement()
    assert placement.hosts == {}
    assert set(placement.recommended) == {row.id for row in scenario.users.rows}


def test_approve_waits_and_a_plan_is_applied_once(desk, tmp_path):
    scenario = tiny_city()
    own = controller(scenario, desk, tmp_path, mode="approve", policy="lagrangian")
    report(desk, scenario)
    first = own.step()
    assert first.state == "proposed"
    assert not desk.moved
    report(desk, scenario)
    plan = own.step()
    assert own.plan(first.id).state == "superseded"
    with pytest.raises(Conflict, match="superseded"):
        own.apply(first.id)
    applied = own.apply(plan.id).result()
    assert applied.state == "applied"
    assert [move.state for move in applied.moves] == ["done"] * 12
    assert [move.epoch for move in applied.moves] == list(range(1, 13))
    assert own.move(applied.moves[3].id) == applied.moves[3]
    assert sum(row.twins for row in own.hosts()) == 12
    with pytest.raises(Conflict, match="applied"):
        own.apply(plan.id)
    with pytest.raises(Conflict):
        own.reject(plan.id)
    with pytest.raises(UnknownRecord, match="no such plan"):
        own.apply("p0-1")
    with pytest.raises(UnknownRecord, match="no such move"):
        own.move("p0-1-1")


def test_a_rejected_plan_is_not_applied(desk, tmp_path):
    scenario = tiny_city()
    own = controller(scenario, desk, tmp_path, mode="approve", policy="nearest")
    report(desk, scenario)
    plan = own.step()
    assert own.reject(plan.id).state == "rejected"
    with pytest.raises(Conflict, match="rejected"):
        own.apply(plan.id)


def test_apply_looks_again_and_the_others_go_on(desk, tmp_path):
    scenario = tiny_city()
    own = controller(scenario, desk, tmp_path, mode="approve", policy="nearest")
    report(desk, scenario)
    plan = own.step()
    gone, moved, failing = (plan.moves[at].twin for at in range(3))
    del desk.owner[gone]
    desk.owner[moved] = "b0"
    desk.failing = {failing}
    down = plan.moves[3].target
    own.set_station(down, False)
    applied = own.apply(plan.id).result()
    detail = {move.twin: move.detail for move in applied.moves if move.state == "failed"}
    assert "no such twin" in detail[gone]
    assert "on b0 now" in detail[moved]
    assert "will not move" in detail[failing] or "is down" in detail[failing]
    assert all("is down" in detail[move.twin] for move in plan.moves[3:] if move.target == down)
    assert sum(move.state == "done" for move in applied.moves) == 12 - len(detail) > 0
    assert down not in {target for _, _, target in desk.moved}


def test_a_host_that_filled_up_meanwhile_takes_nobody(desk, tmp_path):
    scenario = tiny_city(12, 4, capacity=4)
    own = controller(scenario, desk, tmp_path, mode="approve", policy="lagrangian")
    report(desk, scenario)
    plan = own.step()
    target = plan.moves[0].target
    others = [move.twin for move in plan.moves if move.target != target][:4]
    for twin in others:
        desk.owner[twin] = target
    applied = own.apply(plan.id).result()
    assert "full: 4 of 4" in next(move.detail for move in applied.moves if move.target == target)
    assert list(desk.owner.values()).count(target) == 4


def test_auto_leaves_a_station_that_is_down_whatever_rests(desk, tmp_path):
    scenario = tiny_city()
    own = controller(scenario, desk, tmp_path, mode="auto", policy="stay", max_moves=0, rest_s=1e6)
    report(desk, scenario)
    assert own.step().state == "applied"
    down = desk.owner["u00"]
    own.set_station(down, False)
    with pytest.raises(UnknownRecord):
        own.set_station("b99", False)
    report(desk, scenario)
    record = own.step()
    assert {move.source for move in record.moves} == {down}
    assert record.moves[0].reason == f"{down} is down"
    assert down not in desk.owner.values()
    assert [row.is_up for row in own.hosts() if row.id == down] == [False]
    report(desk, scenario)
    own.set_station(down, True)
    assert not own.step().moves


def test_budget_and_rest_hold_moves_back(desk, tmp_path):
    scenario = tiny_city()
    own = controller(scenario, desk, tmp_path, mode="auto", policy="nearest", max_moves=2, rest_s=2.5 * SLOT_S)
    report(desk, scenario)
    own.step()
    desk.owner = dict.fromkeys(desk.owner, "b0")
    report(desk, scenario)
    record = own.step()
    assert len(record.moves) == 2
    assert "no more than 2" in record.note
    saved = [move.worth.saved_s - move.worth.move_s for move in record.moves]
    assert saved == sorted(saved, reverse=True)
    for move in record.moves:
        desk.owner[move.twin] = "b0"
    report(desk, scenario)
    later = own.step()
    assert not {move.twin for move in later.moves} & {move.twin for move in record.moves}
    assert "moved a while ago" in later.note


def test_users_come_and_go_and_unlisted_ones_keep_their_sizes(desk, tmp_path):
    scenario = tiny_city()
    own = controller(scenario, desk, tmp_path, mode="auto", policy="hysteresis", gone_s=1.5 * SLOT_S)
    report(desk, scenario)
    assert own.step().users == 12
    report(desk, scenario, "car-1", "car-2")
    assert own.step().users == 14
    bits = own.city.run.users.twin_bits[own.city._row["car-1"]]
    many = [f"bus-{at}" for at in range(200)]
    report(desk, scenario, "car-1", *many)
    record = own.step()
    assert record.users == 214
    assert own.city.tables == 2
    assert own.city.run.users.twin_bits[own.city._row["car-1"]] == bits
    assert "begins anew" in record.note
    report(desk, scenario)
    report(desk, scenario)
    assert own.step().users == 12
    assert sum(row.resting for row in own.hosts()) > 0, "twins of users who are gone rest where they are"


def test_nobody_there_is_no_error(desk, tmp_path):
    own = controller(tiny_city(), desk, tmp_path)
    record = own.step()
    assert (record.users, record.cost_s, record.note) == (0, None, "nobody is there")
    assert own.placement().recommended == {}
    assert own.propose().result().note == "nobody is there"


def test_a_dry_run_changes_nothing_that_is_remembered(desk, tmp_path):
    scenario = tiny_city()
    own = controller(scenario, desk, tmp_path, mode="approve", policy="stay")
    report(desk, scenario)
    plan = own.step()
    dry = own.propose("nearest", 5.0).result()
    assert dry.is_dry
    assert dry.policy == "nearest"
    assert own.plan(plan.id).state == "proposed"
    assert own.placement().plan == plan.id
    assert own.apply(dry.id).result().state == "applied"
    with pytest.raises(InputError, match="unknown policy 'neerest'"):
        own.propose("neerest")
    with pytest.raises(InputError, match="time_limit_s"):
        own.propose(None, 0.0)


def test_a_policy_that_fails_is_noted_and_the_controller_goes_on(desk, tmp_path):
    (tmp_path / "mine.py").write_text("def broken(situation):\n    raise ValueError('no idea')\n")
    scenario = tiny_city()
    own = controller(scenario, desk, tmp_path / "runs", mode="auto", policy=f"{tmp_path / 'mine.py'}:broken")
    for _ in range(2):
        report(desk, scenario)
        record = own.step()
        assert "no idea" in record.note
        assert "failed, and twins stay" in record.note
    assert "" not in desk.owner.values(), "newcomers are seated nevertheless"


def test_a_policy_that_is_late_is_stood_in_for(desk, tmp_path):
    (tmp_path / "mine.py").write_text(
        "import threading\nended = threading.Event()\n"
        "def slow(situation):\n    ended.wait(5)\n    return situation.before\n"
    )
    scenario = tiny_city()
    own = controller(scenario, desk, tmp_path / "runs", policy=f"{tmp_path / 'mine.py'}:slow", time_limit_s=0.2)
    own._patience = Patience()
    report(desk, scenario)
    record = own.step()
    assert "gave no answer in time" in record.note
    assert len(record.moves) == 12
    own._asked._chosen.own.value.__globals__["ended"].set()
    own._patience.stop()


def test_loads_make_work_and_forecasts_move_users(desk, tmp_path):
    scenario = tiny_city()
    own = controller(scenario, desk, tmp_path, policy="lagrangian", horizon_s=None)
    report(desk, scenario)
    plain = own.step().cost_s
    report(desk, scenario, load=np.full(12, 9.0))
    assert own.step().cost_s > 1.5 * plain
    desk.forecasts = {"u00": (1.0, 2.0), "u01": None}
    report(desk, scenario)
    own.step()
    assert own._open.observed.expected_m[0].tolist() == [1.0, 2.0]
    assert own._open.observed.forecast == 1


def test_threads_decide_by_themselves_and_move(desk, tmp_path):
    scenario = tiny_city()
    heard = []
    own = controller(scenario, desk, tmp_path, mode="auto", policy="lagrangian", slot_s=0.2)
    own._listen = heard.append
    report(desk, scenario)
    own.start()
    try:
        dry = own.propose("nearest").result(20)
        assert dry.users == 12
    finally:
        own.stop()
    assert "" not in desk.owner.values()
    assert own.facts()["moves_done"] >= 12
    assert own.trouble == ""
    assert heard
    with pytest.raises(Conflict, match="has stopped"):
        own.propose().result(1)
    with pytest.raises(Conflict, match="has stopped"):
        own.apply(own.plans()[0].id)


def test_a_slot_that_nobody_is_in_ends_when_somebody_comes(desk, tmp_path, monkeypatch):
    monkeypatch.setattr("twinhop.live.control.controller.LOOK_S", 0.02)
    scenario, plans = tiny_city(), Queue()
    own = controller(scenario, desk, tmp_path, policy="nearest", slot_s=30.0)
    own._listen = lambda told: plans.put(told) if told.state == "proposed" else None
    own.start()
    try:
        assert plans.get(timeout=10).users == 0
        desk.at["u00"] = (np.nan, np.nan, 1.0, desk.now)  # somebody whose place nobody knows is not there
        time.sleep(0.1)
        report(desk, scenario)
        assert plans.get(timeout=10).users == 12
        with pytest.raises(Empty):  # a slot that somebody is in lasts
            plans.get(timeout=0.2)
    finally:
        own.stop()
    assert own.facts()["slots_missed"] == 0 and own.facts()["decisions"] == 2
    (folder,) = runs_of(tmp_path)
    run = read_recording(folder)
    assert (run.slots, run.records["time_s"].unique().to_list()) == (2, [30.0])
    assert replay(folder, ["stay"]).run.slots == 2


def test_the_end_waits_for_moves_under_way_and_begins_no_other(desk, tmp_path):
    scenario, held, begun = tiny_city(), Future(), Event()
    own = controller(scenario, desk, tmp_path, mode="auto", policy="lagrangian", slot_s=30.0)

    def move(twin, to):
        begun.set()
        own._is_ending.wait(10)
        return held

    desk.move = move
    report(desk, scenario)
    own.start()
    assert begun.wait(20)
    Timer(0.1, held.set_result, [SimpleNamespace(epoch=1, pause_s=0.0)]).start()
    own.stop()
    (record,) = own.plans()
    states = [each.state for each in record.moves]
    assert (record.state, states.count("done"), states.count("failed")) == ("applied", 1, 11)
    assert {each.detail for each in record.moves if each.state == "failed"} == {"the controller has stopped"}


def test_an_empty_slot_waits_until_nobody_more_comes(desk, tmp_path):
    own = controller(tiny_city(), desk, tmp_path, policy="nearest")
    assert own._guarded_slot()
    assert not own._has_come()
    for at in range(3):
        desk.place([f"u{at:02}"], [(1.0, 1.0)])
        assert not own._has_come()
    assert own._has_come()
    assert not own._guarded_slot()
    desk.rows = lambda: 1 / 0
    assert own._has_come()
    assert not own._guarded_slot()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"policy": "nearst"}, "unknown policy 'nearst'; did you mean 'nearest'"),
        ({"policy": "hysteresis:slot=3"}, "has no setting 'slot'"),
    ],
)
def test_settings_that_will_not_do_are_refused_in_a_line(change, message, desk, tmp_path):
    with pytest.raises(InputError, match=message):
        controller(tiny_city(), desk, tmp_path, **change)


def test_a_city_without_hosts_is_refused(desk, tmp_path):
    with pytest.raises(InputError, match="none may host twins"):
        controller(tiny_city(capacity=0), desk, tmp_path)
    with pytest.raises(InputError, match="mode"):
        controller(tiny_city(), desk, tmp_path).set_mode("manual")
    assert ControllerConfig().mode == "shadow"
    assert done(1).result() == 1


def test_a_slot_that_fails_is_told_and_the_next_begins_anew(desk, tmp_path):
    scenario = tiny_city()
    own = controller(scenario, desk, tmp_path, mode="auto", policy="hysteresis")
    report(desk, scenario)
    own._guarded_slot()
    rows = desk.rows
    desk.rows = lambda: 1 / 0
    own._guarded_slot()
    assert own.trouble == "division by zero"
    assert own.facts()["slots_failed"] == 1
    desk.rows = rows
    broken, own.city._slots = own.city, iter(())
    report(desk, scenario)
    own._guarded_slot()
    assert own.city is not broken
    report(desk, scenario)
    own._guarded_slot()
    assert own.trouble == ""
    assert own.plans()[0].users == 12


def test_a_policy_that_can_end_in_time_is_told_when_and_says_who_was_left(tmp_path):
    """Unless its text says so itself; with next to no time users of whom nothing is known stay."""
    live = LiveCity(tiny_city(), SLOT_S)
    spots = np.random.default_rng(1).uniform(0.0, 1200.0, (12, 2))
    present = Present(live.run.user_ids[:12], spots, np.ones(12), ["b0"] * 12)
    for text, limit_s in (("expected", 0.25), ("expected:limit_s=3", 3.0)):
        asked = Asked(text, live)
        live.advance(present)
        asked.renewed(0.25)
        assert asked._policy._limit_s == limit_s
    asked = Asked("expected:limit_s=1e-9", live)
    situation = live.advance(present)
    asked.renewed(math.inf)
    assert (asked.hosts(situation, math.inf) == situation.before).all()
    assert asked.note == "of 12 of 12 users nothing was expected within 1e-09 s: they stay"
