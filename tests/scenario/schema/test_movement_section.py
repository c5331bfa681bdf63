"""The movement section: what it accepts, what it refuses, and that it is written and read back."""

import pytest

from twinhop.errors import InputError
from twinhop.scenario import dump_scenario, expand, parse_scenario
from twinhop.scenario.schema.movement_section import Movement

HEAD = """schema_version: 1
name: a
stations: {list: [{id: n, x_m: 1, y_m: 1, cpu_gcycles_per_s: 10}, {id: s, x_m: 9, y_m: 9}]}
users: {generate: {count: 3}}
"""
ALL = """movement:
  slot_s: 0.5
  horizon_s: 60
  model: {kind: gauss_markov, alpha: 0.9}
  churn: {mean_present_s: 60, mean_absent_s: 30}
  cpu: {kind: ar1, min_gcycles_per_s: 4, bounds: clamp}
  failures:
    schedule: [{station: n, down_s: 10, up_s: 20}, {station: s, down_s: 30}]
    random: {mean_up_s: 600, mean_down_s: 60}
  access: {hysteresis_db: 2, time_to_trigger_s: 0.64}
  redraw_every_slots: 40
  channel_map_mib: 64
readings: {rows: {25: literal}}
"""


def parsed(movement, rest=""):
    return parse_scenario(f"{HEAD}{rest}movement: {movement}\n", "a.yaml")


def test_everything_is_written_and_read_back():
    scenario = parse_scenario(HEAD + ALL, "a.yaml")
    assert scenario.movement.run_slots == 120 and scenario.movement.slots_to_trigger == 2
    assert parse_scenario(dump_scenario(scenario)) == scenario
    assert expand(scenario).movement == scenario.movement
    assert scenario.readings.is_literal(25)


def test_defaults():
    movement = Movement()
    assert (movement.run_slots, movement.mobility.kind, movement.slots_to_trigger) == (600, "gauss_markov", 1)
    assert parsed("{}").movement == movement
    assert parse_scenario(HEAD).movement is None
    assert Movement(access={"hysteresis_db": 0, "time_to_trigger_s": 0}).slots_to_trigger == 1
    assert Movement(slot_s=0.1, access={"time_to_trigger_s": 0.3}).slots_to_trigger == 4  # 0.3 / 0.1 rounds below 3


@pytest.mark.parametrize(
    ("movement", "rest", "words"),
    [
        ("{slot_s: 0.7, horizon_s: 10}", "", "movement.horizon_s: the slot of 0.7 s does not divide 10 s"),
        ("{slot_s: 20, horizon_s: 10}", "", "movement.horizon_s: the slot of 20 s does not divide 10 s"),
        ("{slots: 5, horizon_s: 5}", "", "movement.horizon_s: give slots or horizon_s, not both"),
        ("{slot_s: 0}", "", "movement.slot_s: must be greater than 0"),
        ("{slots: 0}", "", "movement.slots: must be 1 or greater"),
        ("{slots: 99999999}", "", "movement.slots: must be 10000000 or less"),
        ("{model: {kind: flying}}", "", "movement.model.kind: unknown model 'flying'"),
        ("{model: {kind: random_waypoint, min_speed_mps: 0}}", "", "movement.model.min_speed_mps: must be greater"),
        ("{model: {kind: static}, trace: {file: t.parquet}}", "", "movement.trace: give a model or a trace, not both"),
        ("{churn: {mean_present_s: 0.5, mean_absent_s: 9}}", "", "movement.churn.mean_present_s: must be a slot, 1 s"),
        ("{churn: {mean_present_s: 5}}", "", "movement.churn.mean_absent_s: is required"),
        ("{cpu: {kind: ar2}}", "", "movement.cpu.kind: must be one of constant, ar1, trace"),
        ("{cpu: {kind: trace}}", "", "movement.cpu.file: is required with kind: trace"),
        ("{cpu: {file: a.csv}}", "", "movement.cpu.file: is required with kind: trace, and has no effect"),
        ("{cpu: {bounds: clamp}}", "", "movement.cpu.bounds: has no effect with kind: constant"),
        ("{cpu: {kind: ar1, min_gcycles_per_s: 30}}", "", "movement.cpu.min_gcycles_per_s: must be less than"),
        (
            "{failures: {schedule: [{station: n, down_s: 1}, {station: m, down_s: 1}]}}",
            "",
            "movement.failures.schedule.1.station: unknown station 'm'; stations: n, s",
        ),
        (
            "{failures: {schedule: [{station: n, down_s: 9, up_s: 9}]}}",
            "",
            "movement.failures.schedule.0.up_s: must be greater than down_s, 9",
        ),
        (
            "{failures: {random: {mean_up_s: 9, mean_down_s: 0.1}}}",
            "",
            "movement.failures.random.mean_down_s: must be a slot",
        ),
        ("{access: {}}", "radio: {access: nearest}\n", "movement.access: has no effect with radio.access: nearest"),
        ("{redraw_every_slots: 5}", "", "movement.redraw_every_slots: has no effect unless readings row 25 is literal"),
        (
            "{cpu: {kind: trace, file: a.csv}}",
            "readings: {default: literal}\n",
            "movement.cpu.kind: cannot be a trace where stations are redrawn",
        ),
        ("{speed: 3}", "", "movement.speed: unknown field"),
    ],
)
def test_what_is_refused(movement, rest, words):
    with pytest.raises(InputError) as raised:
        parsed(movement, rest)
    assert words in str(raised.value) and str(raised.value).startswith("a.yaml:")


def test_row_25_needs_movement():
    with pytest.raises(InputError, match=r"readings.rows.25: row 25 redraws the stations.*with movement"):
        parse_scenario(HEAD + "readings: {rows: {25: literal}}\n")
    assert parse_scenario(HEAD + "readings: {default: literal}\n").movement is None
