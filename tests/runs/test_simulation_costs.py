"""Simulated costs against an oracle that has only the files, and figures of a run against plain loops."""

import json
import math

import numpy as np
import polars as pl
import pytest
from cost_oracle import recompute
from moving_cities import city

from twinhop.runs.simulation import simulate
from twinhop.runs.simulation_summary import PING_PONG_SLOTS
from twinhop.stats.bootstrap import mean_interval

CLOUD = "cloud: {latency_ms: 20, cpu_gcycles_per_s: 40, host: true, capacity_users: 100}"
CITIES = {
    "plain": dict(movement="slots: 12, slot_s: 20"),
    "failures, churn, CPU": dict(
        movement=(
            "slots: 60, slot_s: 5, churn: {mean_present_s: 60, mean_absent_s: 20}, cpu: {kind: ar1}, "
            "failures: {random: {mean_up_s: 60, mean_down_s: 12}}"
        ),
        extra="migration: {energy_j_per_mbit: 0.01, transfer: live}",
    ),
    "no deadlines, proportional": dict(
        movement="slots: 10, slot_s: 30",
        extra="objective: {deadlines: false, alpha: 2, beta: 3, kappa_s_per_j: 0.5}\ncompute: {cpu_rule: proportional}",
    ),
    "sum": dict(
        movement="slots: 10, churn: {mean_present_s: 9, mean_absent_s: 4}",
        extra="objective: {aggregation: sum}\ncompute: {cpu_rule: equal}",
    ),
    "redrawn": dict(
        movement="slots: 9, slot_s: 10, redraw_every_slots: 4", extra="readings: {rows: {25: literal, 15: literal}}"
    ),
    "cloud": dict(movement="slots: 8, slot_s: 30", extra=CLOUD),
}


@pytest.fixture(scope="module", params=CITIES, ids=str)
def simulated(request, tmp_path_factory):
    scenario = city(users=25, stations="generate: {count: 6}", **CITIES[request.param])
    folder = tmp_path_factory.mktemp("out")
    return simulate(scenario, ["stay", "follow_nearest"], out=folder, animation="none")


def test_every_cost_follows_from_the_files(simulated):
    for (run,), row in zip(simulated.runs, simulated.rows(), strict=True):
        terms, seen, _ = recompute(run.folder)
        assert row["cost"] == pytest.approx(sum(terms.values()), rel=1e-9)
        for term, value in terms.items():
            assert run.summary.terms[term] == pytest.approx(value, rel=1e-9, abs=1e-15)
        users = pl.read_parquet(run.folder / "users.parquet")
        assert users.height == len(seen) == run.summary.visits
        found = np.array([seen[key] for key in users.select("slot", "user").iter_rows()])
        np.testing.assert_allclose(users["latency_s"], found[:, 0], rtol=1e-9)
        np.testing.assert_allclose(users["energy_j"], found[:, 1], rtol=1e-9)
        assert np.array_equal(users["moved"], found[:, 2] > 0)


def test_what_users_see_follows_from_their_latency(simulated):
    for (run,) in simulated.runs:
        users, world = (pl.read_parquet(run.folder / f"{name}.parquet") for name in ("users", "world"))
        constants = json.loads((run.folder / "summary.json").read_text())["constants"]
        latency, pause, period = users["latency_s"], users["pause_s"], constants["sync_period_s"]
        np.testing.assert_allclose(users["communication_s"] + users["computing_s"], latency, rtol=1e-12)
        np.testing.assert_allclose(users["peak_age_s"], period + latency + pause, rtol=1e-12)
        waiting = pause * (pause + period) / (2 * constants["slot_s"])
        np.testing.assert_allclose(users["mean_age_s"], period / 2 + latency + waiting, rtol=1e-12)
        np.testing.assert_allclose(users["utilisation"], latency / period, rtol=1e-12)
        gain = ((world["tau_s"] - latency) / constants["utility_scale_s"]).exp()
        weight = constants["utility_weight"]
        np.testing.assert_allclose(users["utility"], weight * gain - (1 - weight) * users["energy_j"], rtol=1e-12)
        late = latency > world["tau_s"] * (1 + 1e-9)
        assert users["violation"].to_list() == (late.to_list() if constants["has_deadlines"] else [False] * len(late))
        assert (
            users["moved_bytes"] * 8
            == pl.select(pl.when(users["moved"]).then(world["twin_bits"]).otherwise(0)).to_series()
        ).all()
        assert ((pause > 0) == users["moved"]).all()


def test_every_user_has_a_host_that_is_up_and_the_hosts_hold_them(simulated):
    for (run,) in simulated.runs:
        users, stations, slots, world = (
            pl.read_parquet(run.folder / f"{name}.parquet") for name in ("users", "stations", "slots", "world")
        )
        assert users["host"].null_count() == 0
        counted = users.group_by("slot", pl.col("host").cast(pl.String).alias("station")).agg(pl.len().alias("found"))
        joined = stations.with_columns(pl.col("station").cast(pl.String)).join(counted, ["slot", "station"], "left")
        assert (joined["users"] == joined["found"].fill_null(0)).all()
        assert (joined["open"] == (joined["users"] > 0)).all()
        assert (joined["users"] <= joined["capacity"]).all() and joined.filter(~pl.col("up"))["users"].sum() == 0
        work = world.group_by("slot", pl.col("host").cast(pl.String).alias("station")).agg(
            pl.col("update_cycles").sum()
        )
        busy = joined.join(work, ["slot", "station"], "left").with_columns(pl.col("update_cycles").fill_null(0))
        room = busy["cpu_cycles_per_s"] * simulated.run.users.sync_period_s
        np.testing.assert_allclose(busy["load"], busy["update_cycles"] / room, rtol=1e-12)
        per_slot = users.group_by("slot", maintain_order=True).agg(pl.len(), pl.col("moved").sum())
        assert slots["users"].to_list() == per_slot["len"].to_list()
        assert slots["moves_made"].to_list() == per_slot["moved"].to_list()


def test_the_world_is_the_same_whichever_policy_runs(simulated):
    policy_free = ~pl.selectors.starts_with("host", "opened", "update_wire", "move_wire", "unmeetable")
    first, second = (pl.read_parquet(run.folder / "world.parquet").select(policy_free) for (run,) in simulated.runs)
    assert first.equals(second) and first.width > 12


def test_the_summary_against_plain_loops(simulated):
    for (run,) in simulated.runs:
        users, slots = (pl.read_parquet(run.folder / f"{name}.parquet") for name in ("users", "slots"))
        epochs = pl.read_parquet(run.folder / "world.parquet")["epoch"]
        summary, latency = run.summary, np.sort(users["latency_s"].to_numpy())
        for share, found in (
            (0.5, summary.latency_p50_s),
            (0.95, summary.latency_p95_s),
            (0.99, summary.latency_p99_s),
        ):
            assert found == latency[math.ceil(share * len(latency)) - 1]
        assert summary.latency_mean_s == pytest.approx(latency.mean())
        assert summary.migrations == users["moved"].sum()
        slot_s = simulated.run.slot_s
        assert summary.migrations_per_user_hour == pytest.approx(summary.migrations * 3600 / (len(latency) * slot_s))
        assert summary.bytes_moved == pytest.approx(users["moved_bytes"].sum())
        assert summary.utility_sum == pytest.approx(users["utility"].sum() / simulated.run.slots)
        mean = users.group_by("user").agg(pl.col("utility").mean())["utility"].to_numpy()
        assert summary.utility_jain == pytest.approx(mean.sum() ** 2 / (len(mean) * (mean**2).sum()))
        assert summary.opened == pytest.approx(slots["opened"].mean())
        assert summary.cost == pytest.approx(slots["cost"].mean())
        way, left, since, returns = {}, {}, {}, 0
        for (slot, user, host), epoch in zip(users.select("slot", "user", "host").iter_rows(), epochs, strict=True):
            before = way.get((user, epoch))
            if before is not None and before != host:
                if left.get((user, epoch)) == host and slot - since[user, epoch] <= PING_PONG_SLOTS:
                    returns += 1
                left[user, epoch], since[user, epoch] = before, slot
            way[user, epoch] = host
        if summary.migrations:
            assert summary.ping_pong == pytest.approx(returns / summary.migrations)
        else:
            assert summary.ping_pong is None and summary.pause_p50_s is None


@pytest.mark.parametrize(("worlds", "least"), [(5, 0.78), (20, 0.9), (100, 0.93)])
def test_intervals_hold_the_mean(worlds, least):
    """A percentile bootstrap of few values is somewhat narrow; of many it holds the mean in 95 of 100."""
    rng = np.random.default_rng(0)
    hits = 0
    for values in rng.normal(5, 2, (400, worlds)).tolist():
        low, high = mean_interval(values)
        assert min(values) <= low <= high <= max(values)
        hits += low <= 5 <= high
    assert least < hits / 400 < 0.98


def test_no_interval_of_fewer_than_five_worlds_and_none_below_a_bound():
    assert mean_interval([1.0, 2.0, 300.0, 4.0]) is None
    gaps = [0.001, 0.0, 0.002, 2.0, 0.0005]  # Student's interval would begin at -0.7
    low, high = mean_interval(gaps)
    assert 0.0 <= low < high <= 2.0
    assert mean_interval(gaps) == (low, high)


@pytest.fixture(scope="module")
def five_seeds():
    scenario = city(users=8, stations="generate: {count: 3}", movement="slots: 4")
    return simulate(scenario, ["stay", "follow_nearest"], seeds=5, bound=True, time_limit_s=2, jobs=1)


def test_figure_report_and_answer_have_one_interval_of_the_cost_and_it_is_not_below_the_bound(five_seeds):
    facts = five_seeds.to_json()
    (axes,) = five_seeds.plot().axes
    lines = [line for line in axes.lines if len(set(line.get_ydata())) == 1 and len(line.get_xdata()) == 2]
    drawn = sorted(tuple(line.get_xdata()) for line in lines)
    rows = facts["policies"]
    assert drawn == sorted(tuple(1e3 * end for end in row["intervals"]["cost"]) for row in rows)
    for row in rows:
        low, high = row["intervals"]["cost"]
        assert facts["offline_bound"] <= low * (1 + 1e-12) and low <= row["cost"] * (1 + 1e-12) <= high * (1 + 1e-9)
        assert row["intervals"]["above_bound"][0] >= 0
        assert f"{1e3 * row['cost']:.5g} ({1e3 * low:.5g} to {1e3 * high:.5g})" in five_seeds.report()


def test_policies_are_paired_seed_by_seed_with_the_first(five_seeds):
    first, second = five_seeds.rows()
    assert first["wins"] is first["difference"] is None and five_seeds.against == "stay"
    costs = [[run["cost"] for run in row["runs"]] for row in (first, second)]
    assert not (first["broken_deadlines"] or second["broken_deadlines"])
    ratios = sorted(own / other - 1 for other, own in zip(*costs, strict=True))
    assert second["difference"] == pytest.approx(sum(ratios[1:4]) / 3)
    assert (second["wins"], second["losses"]) == (sum(each < 0 for each in ratios), sum(each > 0 for each in ratios))
    assert f"{second['wins']}/{second['ties']}/{second['losses']}" in five_seeds.report()


def test_three_seeds_have_pairs_without_intervals_and_one_seed_has_none():
    scenario = city(users=8, stations="generate: {count: 3}", movement="slots: 4")
    three = simulate(scenario, ["stay", "follow_nearest"], seeds=3, jobs=1).rows()[1]
    assert three["wins"] + three["ties"] + three["losses"] == 3
    assert three["difference_interval"] is None and set(three["intervals"].values()) == {None}
    assert simulate(scenario, ["stay", "follow_nearest"]).rows()[1]["wins"] is None
