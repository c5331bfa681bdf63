"""`twinhop twin replay`, from end to end."""

import gzip
import json

import polars as pl
import pytest
from pictures import check_picture

import twinhop
from twinhop.plans.service_levels import service_levels
from twinhop.scenario import parse_scenario

SMALL = ("--users", "3", "--seconds", "240", "--seed", "2")


def test_compares_policies_and_writes_files(run, tmp_path):
    out = tmp_path / "out"
    done = run("twin", "replay", "gauss_markov", "--sync", "fixed,delta,model", *SMALL, "--json", "--out", out)
    assert done.code == 0, done.err
    facts = json.loads(done.out)
    fixed, delta, model = facts["policies"]
    assert [each["policy"] for each in facts["policies"]] == ["fixed", "delta", "model"]
    assert model["updates"] < 0.5 * fixed["updates"] and model["bits"] < 0.5 * fixed["bits"]
    assert model["updates"] < delta["updates"]
    assert fixed["error_p95_m"] <= model["error_p95_m"] <= 10 + 3
    assert model["peak_age_s"] > fixed["peak_age_s"]
    assert json.loads((out / "replay.json").read_text()) == facts
    rows = pl.read_parquet(out / "replay.parquet")
    assert rows.filter(policy="model")["sent"].sum() == model["updates"]
    for name in ("paths", "errors", "forecasts"):
        check_picture(out / f"{name}.png", 1500, 700)
    assert "model: constant_velocity off by 10 m" in (out / "replay.md").read_text()


SCENARIO = """
schema_version: 1
name: by-twins
stations: {{generate: {{count: 4}}}}
users: {{generate: {{count: 12}}, update_mbit: {update_mbit}}}
objective: {{sync_period_s: {sync_period_s}}}
"""


def test_update_size_and_period_of_a_plan_come_from_the_twins(run, tmp_path):
    facts = json.loads(run("twin", "replay", "gauss_markov", "--sync", "fixed,model", *SMALL, "--json").out)
    shares = []
    for policy in facts["policies"]:
        assert policy["updates"] * policy["update_mbit"] == pytest.approx(policy["bits"] / 1e6)
        assert policy["sync_period_s"] * policy["updates_per_device_s"] == pytest.approx(1.0)
        plan = twinhop.plan(parse_scenario(SCENARIO.format(**policy)))
        levels = service_levels(plan)
        assert levels.utilisation == pytest.approx(levels.update_s / policy["sync_period_s"])
        shares.append(levels.utilisation.mean())
    assert shares[1] < 0.5 * shares[0]  # the model sends less often, and keeps the hosts less busy


def test_replays_the_same_from_the_file_that_it_wrote(run, tmp_path):
    options = (*SMALL, "--noise-m", "0", "--json")
    first = run("twin", "replay", "manhattan", *options, "--out", tmp_path)
    rows = pl.read_parquet(tmp_path / "replay.parquet").filter(policy="model")
    for name, write in (("t.csv", pl.DataFrame.write_csv), ("t.parquet", pl.DataFrame.write_parquet)):
        write(rows.select("user", "time_s", "x_m", "y_m"), tmp_path / name)
        again = run("twin", "replay", tmp_path / name, *options)
        assert again.code == 0, again.err
        assert {**json.loads(again.out), "source": ""} == {**json.loads(first.out), "source": ""}


FCD = """<fcd-export>
<timestep time="5.00"><vehicle id="a" x="0.00" y="200.00"/><vehicle id="b" x="900.00" y="500.00"/></timestep>
<timestep time="6.00"><vehicle id="a" x="10.00" y="200.00"/><vehicle id="b" x="900.00" y="490.00"/></timestep>
<timestep time="7.00"><vehicle id="a" x="20.00" y="200.00"/></timestep>
</fcd-export>
"""
WALK = "Latitude,Longitude\n-37.81,144.96\n-37.811,144.96\n-37.812,144.96\n"


def test_replays_whatever_the_movement_layer_reads_and_says_what_it_assumed(run, tmp_path):
    (tmp_path / "fcd.xml.gz").write_bytes(gzip.compress(FCD.encode()))
    (tmp_path / "walk.csv").write_text(WALK)
    options = ("--sync", "delta", "--noise-m", "0", "--json")
    driven = json.loads(run("twin", "replay", tmp_path / "fcd.xml.gz", *options).out)
    assert (driven["devices"], driven["samples"], driven["sample_s"]) == (2, 5, 1.0)
    assert driven["notes"] == ["positions are taken to be metres, by their range; --coordinates says otherwise"]
    walked = run("twin", "replay", tmp_path / "walk.csv", *options, "--longest-period-s", "600")
    assert json.loads(walked.out)["sample_s"] == 60.0
    assert "note: a row is taken to be 60 s after" in run("twin", "replay", tmp_path / "walk.csv").out
    few = json.loads(run("twin", "replay", tmp_path / "fcd.xml.gz", *options, "--users", "1", "--seconds", "1").out)
    assert (few["devices"], few["samples"]) == (1, 2)


def test_a_trace_and_the_file_that_it_was_made_of_replay_alike(run, tmp_path):
    (tmp_path / "fcd.xml").write_text(FCD)
    done = run("import", "trace", tmp_path / "fcd.xml", "--coordinates", "metres", "--out", tmp_path / "fcd.parquet")
    assert done.code == 0, done.err
    found = [json.loads(run("twin", "replay", tmp_path / f"fcd.{end}", "--json").out) for end in ("xml", "parquet")]
    assert found[1]["notes"] == []
    assert found[0] | {"source": "", "notes": []} == found[1] | {"source": ""}


def test_prints_tables(run):
    done = run("twin", "replay", "gauss_markov", *SMALL, "--sync", "model", "--behaviour", "reverting_velocity")
    assert done.code == 0, done.err
    assert "reverting_velocity off by 10 m" in done.out and "calibrated" in done.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("gauss_markof",), "no such file, and no such mobility model; did you mean"),
        (("gauss_markov", "--sync", "fixd"), "--sync: unknown policy 'fixd'"),
        (("gauss_markov", "--sync", "model,model"), "--sync: name each policy once"),
        (("gauss_markov", "--behaviour", "level"), "--behaviour: unknown model of motion 'level'"),
        (("gauss_markov", "--tolerance-m", "0"), "tolerance: must be greater than 0"),
        (("gauss_markov", "--seconds", "0.5"), "--seconds: must be at least one sample"),
        (("gauss_markov", "--noise-m", "-1"), "--noise-m: must be at least 0"),
        (("gauss_markov", "--sample-s", "nan"), "--sample-s: must be greater than 0"),
    ],
)
def test_bad_options_are_named(run, tmp_path, arguments, words):
    done = run("twin", "replay", *arguments, "--out", tmp_path / "out")
    assert done.code == 2 and words in done.err and "Traceback" not in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("user,time_s,x_m\na,0,1\n", "t.csv: not a trace: found a table with the columns user,time_s,x_m"),
        ("user,time_s,x_m,y_m\na,1,0,0\na,0,0,0\n", "t.csv:3: user 'a': time 0 s goes backwards, from 1 s"),
        ("user,time_s,x_m,y_m\na,0,0,nan\n", "t.csv:2: y_m: must be a finite number (got 'nan')"),
        ("user,time_s,x_m,y_m\na,0,0,north\n", "t.csv:2: y_m: must be a finite number (got 'north')"),
        ("user,time_s,x_m,y_m\n", "t.csv: has no rows below its header"),
        ("", "t.csv: is an empty file"),
        ("user,time_s,x_m,y_m\na,0,0,0\n", "no device has two samples"),
    ],
)
def test_bad_traces_are_named(run, tmp_path, text, words):
    (tmp_path / "t.csv").write_text(text)
    done = run("twin", "replay", tmp_path / "t.csv")
    assert done.code == 2 and words in done.err and "Traceback" not in done.err
