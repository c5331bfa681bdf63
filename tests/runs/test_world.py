"""A watched world: its statistics against plain loops, its tables, its pictures, and nothing left behind."""

import csv
import itertools
import json

import matplotlib.image
import numpy as np
import polars as pl
import pytest
from moving_cities import Written, city

from twinhop.errors import InputError
from twinhop.output.runs.world_rows import fact_rows, station_rows
from twinhop.result import versioned
from twinhop.runs import world_tables
from twinhop.runs.world import moving, watch
from twinhop.runs.world_statistics import WorldStatistics
from twinhop.scenario import load_scenario
from twinhop.scenario.dynamics import WorldRun
from twinhop.stats.histogram import Histogram

RICH = (
    "slots: 70, slot_s: 3, churn: {mean_present_s: 60, mean_absent_s: 20}, cpu: {kind: ar1}, "
    "failures: {random: {mean_up_s: 60, mean_down_s: 12}}"
)


def statistics(run):
    found = WorldStatistics(run)
    for slot in run:
        found.add(slot)
    return found


def test_against_plain_loops():
    run = WorldRun(city(movement=RICH, users=25))
    found, slots = statistics(run), list(run)
    access, up = np.array([slot.access for slot in slots]), np.array([slot.up for slot in slots])
    handovers, stays, served_steps = 0, [], 0
    for user in range(25):
        since = None
        for t in range(1, 70):
            before, now = access[t - 1, user], access[t, user]
            if before < 0 or now < 0:
                since = None
                continue
            served_steps += 1
            if before != now:
                handovers += 1
                if since is not None:
                    stays.append(3.0 * (t - since))
                since = t
    assert handovers > 20 and found.handovers.sum() == handovers
    assert found.handovers_per_user_minute == pytest.approx(handovers / (served_steps * 3 / 60))
    summary = found.stay_summary()
    assert summary["mean"] == pytest.approx(np.mean(stays)) and summary["max"] == max(stays)
    assert summary["p50"] == np.quantile(stays, 0.5, method="inverted_cdf")
    minutes, changed = 0, 0
    for start in range(0, 69 - 19, 20):  # 20 slots of 3 s
        for user in range(25):
            window = access[start : start + 21, user]
            if (window >= 0).all():
                minutes += 1
                changed += bool((np.diff(window) != 0).any())
    assert (found.user_minutes, found.minutes_with_handover) == (minutes, changed)
    assert np.array_equal(found.present, [slot.active.sum() for slot in slots])
    assert np.array_equal(found.attached_sum, [(access == k).sum() for k in range(7)])
    assert np.array_equal(found.down_slots, (~up).sum(axis=0))
    assert found.failures == (up[:-1] & ~up[1:]).sum() + (~up[0]).sum()
    dropped = sum(
        bool(before >= 0 and up[t, before] and not up[t + 1, before]) for t in range(69) for before in access[t]
    )
    assert found.dropped == dropped > 0
    active = np.array([slot.active for slot in slots])
    assert found.arrivals == (~active[:-1] & active[1:]).sum() and found.departures == (active[:-1] & ~active[1:]).sum()
    xy_m = np.array([slot.xy_m for slot in slots])
    speed = np.hypot(*np.moveaxis(np.diff(xy_m, axis=0), 2, 0)) / 3
    assert found.speed_mps.count == np.isfinite(speed).sum()
    assert found.speed_mps.summary()["mean"] == pytest.approx(np.nanmean(speed))
    assert found.speed_mps.quantile(0.5) == pytest.approx(np.nanquantile(speed, 0.5), abs=0.05)


def test_a_redraw_is_no_hand_over():
    scenario = city(
        movement="slots: 6, redraw_every_slots: 2, model: {kind: static}", extra="readings: {rows: {25: literal}}"
    )
    run = WorldRun(scenario)
    assert len({slot.access.tobytes() for slot in run}) > 1
    assert statistics(run).handovers.sum() == 0


def test_a_minute_of_slots_of_a_minute_is_one_slot():
    way = np.array([[100.0, 100], [900, 700], [900, 700], [100, 100]])[:, None, :]
    movement = "slots: 4, slot_s: 60, access: {hysteresis_db: 0, time_to_trigger_s: 0}"
    found = statistics(WorldRun(city(movement=movement), positions=Written(way, 60.0)))
    assert found.minute_slots == 1 and found.user_minutes == 3
    assert found.handover_probability == pytest.approx(2 / 3)
    assert found.stay_summary() == {"mean": 120.0, "p5": 120.0, "p50": 120.0, "p95": 120.0, "max": 120.0}


@pytest.mark.parametrize("log", [False, True])
def test_a_histogram_knows_its_quantiles_to_a_bin(log):
    values = np.random.default_rng(0).lognormal(0, 1, 5000)
    found = Histogram(0.001, 100, 5000, log=log)
    for part in np.array_split(values, 7):
        found.add(part)
    summary = found.summary()
    assert summary["mean"] == pytest.approx(values.mean()) and summary["max"] == values.max()
    for name, share in (("p5", 0.05), ("p50", 0.5), ("p95", 0.95)):
        assert summary[name] == pytest.approx(np.quantile(values, share, method="inverted_cdf"), rel=0.002, abs=0.02)


def read_csv(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_the_files_hold_the_run(tmp_path):
    scenario = city("path_loss: tr38901_uma, shadowing: correlated", RICH, users=25)
    watched, written = watch(scenario, tmp_path / "out")
    names = [
        *("attached.csv", "map.png", "report-data.bin.gz", "report.html", "stations.parquet"),
        *("statistics.csv", "statistics.json", "statistics.png", "statistics.tex", "world.gif", "world.parquet"),
    ]
    assert [path.name for path in written] == names == sorted(path.name for path in (tmp_path / "out").iterdir())
    users, stations = (pl.read_parquet(tmp_path / "out" / name) for name in ("world.parquet", "stations.parquet"))
    slots = list(WorldRun(scenario))
    assert users.height == sum(slot.active.sum() for slot in slots) and stations.height == 70 * 7
    slot = slots[33]
    rows = users.filter(pl.col("slot") == 33)
    present = np.flatnonzero(slot.active)
    assert rows["user"].cast(pl.String).to_list() == [f"u{index}" for index in present]
    assert rows["x_m"].to_list() == slot.xy_m[present, 0].tolist()
    expected = [None if at < 0 else f"b{at}" for at in slot.access[present]]
    assert rows["access"].cast(pl.String).to_list() == expected
    assert rows["rate_bps"].to_list() == slot.rate_bps[present].tolist()
    assert rows["distance_m"].null_count() == expected.count(None)
    rows = stations.filter(pl.col("slot") == 33)
    assert rows["up"].to_list() == slot.up.tolist() and rows["time_s"].to_list() == [99.0] * 7
    assert rows["cpu_cycles_per_s"].to_list() == slot.cpu_cycles_per_s.tolist()
    assert json.loads((tmp_path / "out" / "statistics.json").read_text()) == versioned(watched.to_json())
    rows = {row["what"]: row for row in read_csv(tmp_path / "out" / "statistics.csv")}
    facts = watched.to_json()
    assert len(rows) == len(fact_rows(facts)) + 1  # arrivals and departures stand apart
    assert float(rows["speed (m/s)"]["p95"]) == facts["speed_mps"]["p95"] and rows["speed (m/s)"]["value"] == ""
    assert int(rows["hand-overs"]["value"]) == facts["handovers"] > 0
    assert int(rows["users present"]["min"]) == facts["present_users"]["min"]
    lines = (tmp_path / "out" / "statistics.tex").read_text().splitlines()
    assert sum(line.endswith(r"\\") for line in lines) == len(rows) + 1
    attached = read_csv(tmp_path / "out" / "attached.csv")
    assert [row["station"] for row in attached] == [f"b{at}" for at in range(7)]
    assert [float(row["users_mean"]) for row in attached] == facts["attached_users_mean"]
    for name in ("map.png", "statistics.png"):
        assert matplotlib.image.imread(tmp_path / "out" / name).std() > 0.05


def test_tables_in_parts_are_the_tables_at_once(tmp_path, monkeypatch):
    watch(city(movement=RICH), tmp_path / "whole", "none")
    monkeypatch.setattr(world_tables, "ROWS_IN_MEMORY", 150)
    watch(city(movement=RICH), tmp_path / "parts", "none")
    for name in ("world.parquet", "stations.parquet"):
        whole, parts = (pl.read_parquet(tmp_path / folder / name) for folder in ("whole", "parts"))
        assert whole.equals(parts) and whole.schema == parts.schema
    assert len(list((tmp_path / "parts").iterdir())) == 10


@pytest.mark.parametrize("reason", [KeyboardInterrupt, InputError])
def test_a_run_that_stops_leaves_nothing_behind(tmp_path, reason):
    def stop(done):
        if done == 3:
            raise reason("stop")

    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "world.parquet").write_text("kept")
    with pytest.raises(reason):
        watch(city(movement=RICH), tmp_path / "out", on_progress=stop)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["world.parquet"]
    assert (tmp_path / "out" / "world.parquet").read_text() == "kept"


@pytest.mark.parametrize("slots", [1, 2])
def test_the_shortest_runs_have_figures_and_rows(tmp_path, slots):
    watched, _ = watch(city(movement=f"slots: {slots}", users=1, stations="generate: {count: 1}"), tmp_path)
    facts = watched.to_json()
    assert facts["handovers"] == 0 and facts["stay_s"]["mean"] is None
    assert (facts["handovers_per_user_minute"] is None) == (slots == 1)
    rows = list(itertools.chain(fact_rows(facts), station_rows(facts, watched.run.station_ids)))
    assert all(isinstance(cell, str) for row in rows for cell in row)


def test_what_is_asked_for_takes_the_place_of_what_the_scenario_says():
    scenario = city(movement="horizon_s: 30, access: {hysteresis_db: 1}")
    movement = moving(scenario, slots=7, slot_s=0.5, model="static").movement
    assert (movement.run_slots, movement.slot_s, movement.mobility.kind) == (7, 0.5, "static")
    assert movement.access.hysteresis_db == 1
    assert moving(load_scenario("city-small")).movement.mobility.kind == "gauss_markov"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"slot_s": 0.7}, "town: movement: horizon_s: the slot of 0.7 s does not divide 30 s"),
        ({"slot_s": -1.0}, "town: movement: slot_s: must be greater than 0 (got -1.0)"),
        ({"model": "statc"}, "--mobility: unknown model 'statc'; did you mean 'static'? accepted: static, "),
    ],
)
def test_what_is_asked_for_is_checked(asked, words):
    with pytest.raises(InputError) as raised:
        moving(city(movement="horizon_s: 30"), **asked)
    assert str(raised.value).startswith(words)
