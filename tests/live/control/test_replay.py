import json

import numpy as np
import polars as pl
import pytest
from control_makers import SLOT_S, Desk, controller, tiny_city
from typer.testing import CliRunner

from twinhop.cli.main import app
from twinhop.errors import InputError
from twinhop.live.control.observe import Observed
from twinhop.live.control.recording import JOINED, Recording, SlotRecord, runs_of
from twinhop.live.control.replay import read_recording, replay, replay_notes
from twinhop.migration.policy import policy_choice
from twinhop.migration.run import MigrationRun
from twinhop.migration.simulate import outcomes
from twinhop.runs.simulation import simulate

#: Users walk far between slots, and come and go, so that twins move.
WALK = {
    "movement": {
        "slot_s": SLOT_S,
        "slots": 6,
        "model": {"kind": "gauss_markov", "mean_speed_mps": 20.0, "max_speed_mps": 30.0},
        "churn": {"mean_present_s": 60.0, "mean_absent_s": 20.0},
        "failures": {"schedule": [{"station": "b1", "down_s": 20.0, "up_s": 40.0}]},
    },
    "backhaul": {"latency_s_per_bit_m": 1e-9},
    "migration": {"move_s": 0.001, "opening_s": 0.0},
}


def walking(**sections):
    return tiny_city(10, 4, **(WALK | sections))


def play(scenario, folder, load=None, **settings):
    """A live run whose devices play a scenario exactly; the folder of its recording."""
    desk, run = Desk(), MigrationRun(scenario)
    own = controller(scenario, desk, folder, gone_s=0.5 * SLOT_S, **settings)
    for slot, xy_m in zip(run.world_run, run.world_run.positions, strict=False):
        desk.now += SLOT_S
        there = np.flatnonzero(np.isfinite(xy_m[:, 0]))
        desk.place([run.user_ids[at] for at in there], xy_m[there], None if load is None else load[slot.index][there])
        for at, station in enumerate(own.city.station_ids):
            own.set_station(station, bool(slot.up[at]))
        own.step()
    own.stop()
    assert own.trouble == ""
    return runs_of(folder)[-1]


def costs(simulation):
    return {policy: runs[0].summary.cost for policy, runs in zip(simulation.policies, simulation.runs, strict=True)}


@pytest.mark.parametrize(
    ("policy", "mode"),
    [
        ("follow_nearest", "shadow"),
        ("expected:end=open", "shadow"),
        ("lookahead:horizon=3", "auto"),
        ("myopic", "auto"),
    ],
)
def test_a_live_run_costs_what_simulate_says_of_the_same_scenario(policy, mode, tmp_path):
    scenario = walking()
    folder = play(scenario, tmp_path, mode=mode, policy=policy)
    wanted = simulate(scenario, [policy]).runs[0][0].summary
    assert wanted.migrations > 0 or policy.startswith(("expected", "lookahead"))
    found = costs(replay(folder, [policy], slots=6))
    assert found["recommended"] == pytest.approx(wanted.cost, rel=1e-12)
    assert found[policy] == pytest.approx(wanted.cost, rel=1e-12)
    assert ("in_force" in found) == (mode == "auto")
    if mode == "auto":
        assert found["in_force"] == pytest.approx(wanted.cost, rel=1e-12)


def test_loads_count_in_a_replay_and_in_its_bound(tmp_path):
    scenario = walking(backhaul={"latency_s_per_bit_m": 1e-11})
    load = np.random.default_rng(0).uniform(0.5, 20.0, (6, 10))
    folder = play(scenario, tmp_path, load, policy="myopic")
    plain = costs(simulate(scenario, ["myopic"]))["myopic"]
    result = replay(folder, ["stay"], bound=True, time_limit_s=0.5)
    found = costs(result)

    class Played:
        def __init__(self, positions):
            self.slots, self.slot_s, self._positions = 6, SLOT_S, positions
            self.user_ids = positions.user_ids

        def __iter__(self):
            return iter(self._positions)

        def loads(self):
            return iter(load)

    run = MigrationRun(scenario, 6, Played(MigrationRun(scenario).world_run.positions))
    wanted = np.mean([each.cost.total for each in outcomes(run, policy_choice("myopic"))])
    assert found["recommended"] == pytest.approx(wanted, rel=1e-12)
    assert wanted > 1.2 * plain
    assert result.offline[0].bound <= min(found.values())
    assert result.offline[0].bound > 0.8 * min(found.values())
    assert "no twin was ever placed" in replay_notes(read_recording(folder))[0]


def test_a_budget_leaves_twins_where_they_are_and_the_replay_says_what_that_costs(tmp_path):
    folder = play(walking(), tmp_path, mode="auto", policy="myopic", max_moves=1)
    found = costs(replay(folder, ["myopic"]))
    assert found["recommended"] == pytest.approx(found["in_force"], rel=1e-12)


def test_what_was_cut_off_is_left_out(tmp_path):
    folder = play(walking(), tmp_path, policy="follow_nearest")
    whole = read_recording(folder)
    assert whole.slots == 6
    with (folder / "slots.jsonl").open("ab") as file:
        file.truncate(file.tell() - 5)
    (folder / "slots" / ".000006.part").write_bytes(b"PAR1 half")
    (folder / "slots" / "000002.parquet").write_bytes(b"no table")
    pl.DataFrame({"time_s": ["0"]}).write_parquet(folder / "slots" / "000003.parquet")
    run = read_recording(folder)
    assert run.slots == 5
    assert run.notes == tuple(f"00000{slot}.parquet: is damaged, and left out" for slot in (2, 3))
    assert set(costs(replay(folder, ["stay"]))) == {"recommended", "stay"}
    for path in (folder / "slots").glob("*.parquet"):
        path.write_bytes(b"no table")
    with pytest.raises(InputError, match=r"no table of a slot can be read; 000000\.parquet: is damaged"):
        read_recording(folder)


def test_a_folder_that_is_no_run_is_refused_in_a_line(tmp_path):
    folder = play(walking(), tmp_path, policy="nearest")
    with pytest.raises(InputError, match=r"no recorded run .* holds 1 run, the last .*Z"):
        read_recording(tmp_path)
    lines = (folder / "slots.jsonl").read_text().splitlines()
    (folder / "slots.jsonl").write_text(json.dumps(json.loads(lines[0]) | {"version": 9}) + "\n")
    with pytest.raises(InputError, match="version 9 is not known; this one reads 1"):
        read_recording(folder)
    (folder / "slots.jsonl").write_text("")
    with pytest.raises(InputError, match="nobody was there in any slot"):
        read_recording(folder)


def slot_record(slot, begun_s, users=2):
    ids = tuple(f"u{at}" for at in range(users))
    xy_m = np.full((users, 2), float(slot))
    observed = Observed(ids, xy_m, np.ones(users), np.zeros(users), xy_m, 0)
    return SlotRecord(slot, begun_s, observed, ["b0"] * users, ["b1"] * users, "p1-1", ())


def test_slots_are_joined_days_begin_anew_and_old_runs_go(tmp_path):
    own = Recording(tmp_path, tiny_city(2, 2), 60.0, days=2, most_bytes=10**9)
    day_s = 86_400.0
    for slot in range(JOINED + 1):
        own.slot(slot_record(slot, 100.0 + slot))
    tables = sorted(path.name for path in (own.folder / "slots").iterdir())
    assert tables == ["000000-000099.parquet", "000100.parquet"]
    frame = pl.read_parquet(own.folder / "slots" / "000000-000099.parquet")
    assert frame["time_s"].n_unique() == JOINED
    for day in (1, 2, 3):
        own.slot(slot_record(0, day * day_s + 100.0))
    assert [run.name[:8] for run in runs_of(tmp_path)] == ["19700103", "19700104"]
    small = Recording(tmp_path, tiny_city(2, 2), 60.0, days=99, most_bytes=1)
    small.slot(slot_record(0, 9 * day_s))
    assert [run.name[:8] for run in runs_of(tmp_path)] == ["19700110"]
    assert own.trouble == small.trouble == ""


def test_a_folder_that_cannot_be_written_is_said_and_nothing_is_lost_but_the_record(tmp_path):
    (tmp_path / "runs").write_text("in the way")
    own = Recording(tmp_path / "runs", tiny_city(2, 2), 60.0, days=2, most_bytes=10**9)
    own.slot(slot_record(0, 0.0))
    assert "cannot be written" in own.trouble


def test_the_command_replays_and_refuses_what_does_not_fit(tmp_path):
    folder = play(walking(), tmp_path, mode="auto", policy="myopic")
    run = CliRunner().invoke(
        app, ["simulate", "--replay", str(folder), "--policies", "stay", "--bound", "--time-limit", "0.3", "--json"]
    )
    assert run.exit_code == 0, run.output
    facts = json.loads(run.stdout)
    assert [row["policy"] for row in facts["policies"]] == ["recommended", "in_force", "stay"]
    assert facts["offline_bound"] > 0
    (folder / "slots" / "000002.parquet").write_bytes(b"no table")
    out = tmp_path / "out"
    again = ["simulate", "--replay", str(folder), "--policies", "stay", "--animate", "none", "--out", str(out)]
    told = CliRunner().invoke(app, again)
    note = "000002.parquet: is damaged, and left out"
    assert told.exit_code == 0 and told.stdout.count(f"note: {note}\n") == 1, told.output
    assert note in json.loads((out / "simulation.json").read_text())["notes"]
    assert note in (out / "report.md").read_text()
    for arguments, message in (
        (["city-small", "--replay", str(folder)], "not both"),
        ([], "not both"),
        (["--replay", str(folder), "--seed", "3"], "leave --seed out"),
        (["--replay", str(tmp_path / "nowhere")], "no recorded run"),
    ):
        refused = CliRunner().invoke(app, ["simulate", *arguments])
        assert refused.exit_code != 0
        assert message in str(refused.exception) + refused.output
