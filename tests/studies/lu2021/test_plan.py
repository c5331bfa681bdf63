"""What a full and a quick reproduction consist of, and how long they are said to take."""

import json
from collections import Counter

import pytest

from twinhop.scenario import load_scenario
from twinhop.scenario.presets.benchmark_set import EVALUATION_SEED
from twinhop.studies.lu2021.forecast import expected_hours, work
from twinhop.studies.lu2021.plan import plan_of
from twinhop.studies.lu2021.setting import PAPER, SMALL, Setting, parse_setting, scenario_of
from twinhop.studies.lu2021.unit import SOLVERS, Unit


def test_the_full_plan():
    """Ten seeds of the one, three of the other, 5,000 iterations as printed; solvers for every seed."""
    plan = plan_of()
    assert Counter(unit.kind for unit in plan.units) == {"structured": 40, "literal": 12, SOLVERS: 40}
    assert {unit.setting for unit in plan.units} == set(PAPER)
    assert {unit.iterations for unit in plan.units if unit.kind == "literal"} == {5000}
    assert len(set(plan.units)) == len(plan.units)
    # all settings of a seed come before the next seed, and solvers before those that they judge
    assert [unit.seed for unit in plan.units] == sorted(unit.seed for unit in plan.units)
    assert plan.units[0].kind == SOLVERS


def test_the_quick_plan():
    plan = plan_of(quick=True)
    full_size = [unit for unit in plan.units if unit.setting == Setting(100, 10)]
    assert sorted(unit.kind for unit in full_size) == ["literal", SOLVERS, "structured"]
    assert {unit.setting for unit in plan.units} == {*SMALL, Setting(100, 10)}
    assert {unit.iterations for unit in plan.units} == {0, 500}
    assert max(unit.seed for unit in plan.units) == 2


def test_a_setting_at_a_time_is_a_part_of_the_whole():
    whole = plan_of().units
    parts = [plan_of(settings=[setting]).units for setting in PAPER]
    assert Counter(whole) == Counter(sum(parts, ()))


@pytest.mark.parametrize("setting", PAPER)
def test_settings_are_the_presets_with_fading(setting):
    """No constant differs but the fading of every slot; worlds are of seeds kept for evaluation."""
    own, preset = (
        scenario.model_dump()
        for scenario in (scenario_of(setting, 1003), load_scenario(f"lu2021-{setting.name}").with_seed(1003))
    )
    assert {name for name in own if own[name] != preset[name]} == {"radio"}
    assert own["radio"] | {"fading": "none"} == preset["radio"]
    assert Unit("literal", setting, 3, 50, 50, 4).world_seed == EVALUATION_SEED + 3


def test_names_of_settings_come_back():
    for setting in (*PAPER, *SMALL):
        assert parse_setting(setting.name) == setting


def test_hours_are_measured_seconds_times_what_is_left(tmp_path):
    """Of two settings the larger one is known: 0.5 s an iteration; the other one has a quarter of the links."""
    (tmp_path / "rates").mkdir()
    (tmp_path / "rates" / "structured-n40-m10.json").write_text(json.dumps({"seconds_an_iteration": 0.5}))
    units = [Unit("structured", Setting(*size), 0, 3600, 50, 4) for size in ((40, 10), (20, 5))]
    assert expected_hours(units, tmp_path, 1) == pytest.approx(0.5 + 0.125)
    assert expected_hours(units, tmp_path, 2) == pytest.approx((0.5 + 0.125) / 2)
    assert expected_hours([], tmp_path, 1) == 0
    assert work("literal", Setting(80, 10)) > 2 * work("literal", Setting(80, 5))
