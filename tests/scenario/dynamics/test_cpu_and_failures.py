"""CPU capacities and failures of stations as time goes."""

import math

import numpy as np
import polars as pl
import pytest
from moving_cities import city

from twinhop.errors import InputError
from twinhop.scenario import build_world, dump_scenario, load_scenario
from twinhop.scenario.dynamics import WorldRun
from twinhop.scenario.dynamics.cpu import Ar1Cpu
from twinhop.scenario.dynamics.failures import StationsUp
from twinhop.scenario.schema.movement_section import CpuDynamics, Failures

G = 1e9


def ar1(**fields):
    return CpuDynamics.model_validate({"kind": "ar1", **fields})


def values(section, own, slots, slot_s=1.0):
    process = Ar1Cpu(section, own, slot_s, seed=1)
    return np.array([process.at(t * slot_s) for t in range(slots)])


def test_ar1_wanders_about_each_stations_own_cpu_with_the_stated_memory():
    own = np.linspace(100, 200, 400) * G
    section = ar1(min_gcycles_per_s=1, max_gcycles_per_s=400, correlation_s=10, sigma_gcycles_per_s=5)
    found = values(section, own, 300, slot_s=2.0)
    assert np.array_equal(found[0], own)
    late = (found[100:] - own) / G
    assert late.mean() == pytest.approx(0, abs=0.2)
    assert late.std() == pytest.approx(5, rel=0.03)
    for lag in (1, 5):
        correlation = (late[lag:] * late[:-lag]).mean() / late.var()
        assert correlation == pytest.approx(math.exp(-lag * 2.0 / 10), abs=0.03)


@pytest.mark.parametrize("bounds", ["reflect", "clamp"])
def test_ar1_stays_within_its_bounds(bounds):
    found = values(ar1(bounds=bounds, sigma_gcycles_per_s=50, correlation_s=1), np.full(50, 16 * G), 200) / G
    assert found.min() >= 8 and found.max() <= 24
    at_bounds = ((found == 8) | (found == 24)).mean()
    assert at_bounds > 0.5 if bounds == "clamp" else at_bounds == 0


def test_ar1_refuses_stations_outside_the_bounds():
    with pytest.raises(InputError, match=r"station 'b0' has \S+ Gcycle/s, outside the bounds of 23 to 24"):
        WorldRun(city(movement="cpu: {kind: ar1, min_gcycles_per_s: 23}", stations="generate: {count: 7}"))


def traced(tmp_path, table, name="cpu.csv"):
    """A city whose CPU goes by a file with this content."""
    path = tmp_path / name
    table.write_parquet(path) if isinstance(table, pl.DataFrame) else path.write_text(table)
    text = dump_scenario(city(movement=f"slots: 4, cpu: {{kind: trace, file: {name}}}"))
    (tmp_path / "city.yaml").write_text(text)
    return load_scenario(tmp_path / "city.yaml")


ROWS = "station,time_s,cpu_gcycles_per_s\nb1,1,10\nb1,3,12\nb0,2,9\nb1,2,11\nb1,2,11.5\n"


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_trace_holds_from_its_times_on(tmp_path, form):
    import io

    table = ROWS if form == "csv" else pl.read_csv(io.StringIO(ROWS))
    scenario = traced(tmp_path, table, f"cpu.{form}")
    own = build_world(scenario).cpu_cycles_per_s
    found = np.array([slot.cpu_cycles_per_s for slot in WorldRun(scenario)])
    assert found[:, 1].tolist() == [own[1], 10 * G, 11.5 * G, 12 * G]
    assert found[:, 0].tolist() == [own[0], own[0], 9 * G, 9 * G]
    assert (found[:, 2:] == own[2:]).all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("station,time_s,cpu_gcycles_per_s\nb9,1,10\n", "cpu.csv: station: unknown station 'b9'"),
        ("station,time_s,cpu_gcycles_per_s\nb1,1,0\n", "cpu_gcycles_per_s: row 1: must be greater than 0"),
        ("station,time_s,cpu_gcycles_per_s\nb1,1,9\nb1,x,9\n", "time_s: row 2: must be finite"),
        ("station,time_s,cpu_gcycles_per_s\nb1,inf,9\n", "time_s: row 1: must be finite"),
        ("station,time_s\nb1,1\n", "has no column 'cpu_gcycles_per_s'; needed: station, time_s, cpu_gcycles_per_s"),
        ("station,time_s,cpu_gcycles_per_s\n", "has 0 rows"),
        ("", "not a table"),
    ],
)
def test_a_trace_that_is_none(tmp_path, text, words):
    with pytest.raises(InputError, match="cpu.csv") as raised:
        WorldRun(traced(tmp_path, text))
    assert words in str(raised.value)


def test_the_file_of_a_trace_must_be_there_and_below_the_scenario(tmp_path):
    scenario = traced(tmp_path, ROWS)
    (tmp_path / "cpu.csv").unlink()
    with pytest.raises(InputError, match=r"city.yaml: movement.cpu.file: .*cpu.csv: file not found"):
        WorldRun(scenario)
    with pytest.raises(InputError, match="can only be named in a scenario that is itself read from a file"):
        WorldRun(city(movement="cpu: {kind: trace, file: cpu.csv}"))
    (tmp_path / "city.yaml").write_text(dump_scenario(city(movement="cpu: {kind: trace, file: ../cpu.csv}")))
    with pytest.raises(InputError, match="must stay under the folder of the scenario file"):
        WorldRun(load_scenario(tmp_path / "city.yaml"))


def up(failures, stations, slots, slot_s=1.0, seed=0):
    process = StationsUp(Failures.model_validate(failures), [f"b{k}" for k in range(stations)], slot_s, seed)
    return np.array([process.at(t * slot_s) for t in range(slots)])


def test_a_schedule_goes_from_down_to_just_before_up():
    found = up({"schedule": [{"station": "b1", "down_s": 1, "up_s": 3}, {"station": "b0", "down_s": 2}]}, 3, 5)
    assert found[:, 1].tolist() == [True, False, False, True, True]
    assert found[:, 0].tolist() == [True, True, False, False, False]
    assert found[:, 2].all()


def test_random_failures_have_the_stated_share_and_lengths():
    found = up({"random": {"mean_up_s": 80, "mean_down_s": 20}}, 300, 3000, slot_s=2.0)
    assert found[0].all()
    assert found[500:].mean() == pytest.approx(0.8, abs=0.01)
    fell, stayed = (found[:-1] & ~found[1:]).sum(), found[:-1].sum()
    # per slot of 2 s; P(down after a slot) = (1 - share) (1 - exp(-2/80 - 2/20))
    assert fell / stayed == pytest.approx(0.2 * (1 - math.exp(-2 / 80 - 2 / 20)), rel=0.05)


def test_schedule_and_chance_together():
    chance = {"random": {"mean_up_s": 80, "mean_down_s": 20}}
    both = up({**chance, "schedule": [{"station": "b0", "down_s": 0}]}, 4, 50)
    assert not both[:, 0].any()
    assert np.array_equal(both[:, 1:], up(chance, 4, 50)[:, 1:])
