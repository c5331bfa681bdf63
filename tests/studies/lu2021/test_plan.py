"""What a full and a quick reproduction consist of, and how long they are said to take."""

import json
from collections import Counter

import pytest

from twinhop.learn.learners import make_learner
from twinhop.scenario import load_scenario
from twinhop.scenario.presets.benchmark_set import EVALUATION_SEED
from twinhop.studies.lu2021 import forecast
from twinhop.studies.lu2021.forecast import KEPT_CODE, PROCESS_S, REPORT_S, Rates, expected_hours, makespan_s, work
from twinhop.studies.lu2021.plan import plan_of
from twinhop.studies.lu2021.setting import PAPER, SMALL, Setting, parse_setting, scenario_of
from twinhop.studies.lu2021.unit import ALGORITHMS, SOLVERS, Unit


def test_the_full_plan():
    """Ten seeds of each of four algorithms in four settings; solvers for every seed."""
    plan = plan_of()
    assert Counter(unit.kind for unit in plan.units) == dict.fromkeys((*ALGORITHMS, SOLVERS), 40)
    assert {unit.setting for unit in plan.units} == set(PAPER)
    assert {unit.iterations for unit in plan.units if unit.kind in ("literal", "literal-penalty")} == {1500}
    assert len(set(plan.units)) == len(plan.units)
    # all settings of a seed come before the next seed, and solvers before those that they judge
    assert [unit.seed for unit in plan.units] == sorted(unit.seed for unit in plan.units)
    assert plan.units[0].kind == SOLVERS


def test_the_penalty_is_all_that_the_second_literal_algorithm_has_besides():
    """And it is that of the reference implementation of MADDPG: 1e-3 of all outputs, throughout."""
    printed, penalised = (make_learner(name, None, 100).configuration for name in ("literal", "literal-penalty"))
    assert {name: penalised[name] for name in printed if printed[name] != penalised[name]} == {"output_penalty": 1e-3}
    assert (penalised["output_penalty_beyond"], penalised["output_penalty_decay"]) == (0.0, 1.0)


def test_the_quick_plan():
    plan = plan_of(quick=True)
    full_size = [unit for unit in plan.units if unit.setting == Setting(100, 10)]
    assert sorted(unit.kind for unit in full_size) == ["literal", SOLVERS, "structured"]
    assert {unit.setting for unit in plan.units} == {*SMALL, Setting(100, 10)}
    assert {unit.iterations for unit in plan.units} == {0, 100, 300, 500}
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


def rates(root, name, **values):
    """What was measured of a kind in a setting."""
    (root / "rates").mkdir(exist_ok=True)
    (root / "rates" / f"{name}.json").write_text(json.dumps({**Rates(0, 0, 0, 0, 0)._asdict(), **values}))


def test_hours_count_compilation_training_evaluation_and_the_end(tmp_path):
    """One unit of 3,600 iterations, judged 73 times: every part is in the sum, and the report besides."""
    rates(tmp_path, "structured-n40-m10", start=20.0, begin=3.0, iteration=0.5, evaluation=2.0, end=7.0)
    unit = Unit("structured", Setting(40, 10), 0, 3600, 50, 4)
    whole = KEPT_CODE * 20 + 3 + 0.5 * 3600 + 2 * 73 + 7  # the code of what was measured before is in the folder
    assert 3600 * expected_hours([unit], tmp_path, 1) == pytest.approx(whole + REPORT_S)
    assert expected_hours([], tmp_path, 1) == 0


def test_solvers_count(tmp_path):
    rates(tmp_path, "solvers-n40-m10", start=20.0, evaluation=5.0)
    units = [Unit(SOLVERS, Setting(40, 10), seed, 0, 0, 4) for seed in range(3)]
    assert 3600 * expected_hours(units, tmp_path, 1) == pytest.approx(KEPT_CODE * 20 + 3 * 4 * 5 + REPORT_S)


def test_smaller_settings_take_what_does_not_grow_and_a_share_of_the_rest(tmp_path):
    """Half the users and half the stations: a quarter of the links."""
    rates(tmp_path, "structured-n40-m10", iteration=0.5, evaluation=2.0)
    units = [Unit("structured", Setting(*size), 0, 3600, 50, 4) for size in ((40, 10), (20, 5))]
    large = 0.5 * 3600 + 2 * 73
    small = 0.5 * 3600 * (0.05 + 0.95 / 4) + 2 * 73 * (0.3 + 0.7 / 4)
    assert 3600 * expected_hours(units, tmp_path, 1) == pytest.approx(large + small + REPORT_S)
    assert work("literal", Setting(80, 10)) > 2 * work("literal", Setting(80, 5))


def test_units_go_to_the_process_that_is_free_first_which_compiles_each_shape_once():
    one = makespan_s([10, 20, 30, 40], [5, 5, 5, 5], "abab", 1)
    assert one == 110
    # 4 s until processes are there; a: 15, b: 25; then a on the first, known; b on the second, known
    assert makespan_s([10, 20, 30, 40], [5, 5, 5, 5], "abab", 2) == PROCESS_S + max(15 + 30, 25 + 40)
    # the same shape in two processes: the second one reads what the first one has kept
    assert makespan_s([10, 10], [6, 6], "aa", 2) == PROCESS_S + 10 + 6
    assert makespan_s([10, 10, 1], [6, 6, 6], "aab", 2) == PROCESS_S + 10 + 3 + 1 + 6
    assert makespan_s([10], [5], "a", 8) == 15


def test_what_was_compiled_to_be_measured_is_not_compiled_again():
    """Not by the only process; others read it from the folder, as what an earlier run has kept."""
    assert makespan_s([10, 10], [6, 8], "ab", 1, measured={"a"}) == 10 + 10 + 8
    assert makespan_s([10, 10], [6, 6], "aa", 2, measured={"a"}) == PROCESS_S + 10 + KEPT_CODE * 6
    assert makespan_s([10, 10], [6, 8], "ab", 1, kept={"a"}) == 10 + KEPT_CODE * 6 + 10 + 8


def test_a_finished_unit_says_how_long_the_next_one_takes(tmp_path):
    """Of the same length; those of a run that was stopped say nothing."""
    rates(tmp_path, "structured-n40-m10", iteration=0.5)
    for seed, (iterations, seconds) in enumerate([(100, 31.0), (100, 33.0), (50, 1000.0), (100, None)]):
        path = Unit("structured", Setting(40, 10), seed, 100, 50, 4).path(tmp_path)
        path.parent.mkdir(parents=True, exist_ok=True)
        times = {"wall_s": [], **({} if seconds is None else {"unit_s": seconds})}
        path.write_text(json.dumps({"unit": {"iterations": iterations, "episodes": 4}, "times": times}))
    units = [Unit("structured", Setting(40, 10), seed, 100, 50, 4) for seed in (5, 6)]
    assert 3600 * expected_hours(units, tmp_path, 1) == pytest.approx(2 * 32.0 + REPORT_S)


def test_rates_of_another_version_are_measured_anew(tmp_path, monkeypatch):
    (tmp_path / "rates").mkdir()
    (tmp_path / "rates" / "literal-n40-m10.json").write_text('{"seconds_an_iteration": 0.5}')
    monkeypatch.setattr(forecast, "_measured_training", lambda unit, root: Rates(0, 0, 1, 0, 0))
    unit = Unit("literal", Setting(40, 10), 0, 100, 50, 4)
    assert 3600 * expected_hours([unit], tmp_path, 1) == pytest.approx(100 + REPORT_S)
    assert json.loads((tmp_path / "rates" / "literal-n40-m10.json").read_text())["iteration"] == 1


def test_what_was_measured_is_split_into_its_parts(tmp_path, monkeypatch):
    """By a clock that passes only in the steps: the first round compiles."""
    now = [0.0]
    costs = iter([50, 10, 30, 20, 1, 2, 5, 3])

    class Fake:
        def __init__(self, unit, path):
            now[0] += next(costs)

        def judge(self):
            now[0] += next(costs)

        piece = end = judge

    monkeypatch.setattr("twinhop.studies.lu2021.training.Trial", Fake)
    monkeypatch.setattr(forecast.time, "perf_counter", lambda: now[0])
    unit = Unit("literal", Setting(40, 10), 0, 100, 50, 4)
    assert forecast._measured_training(unit, tmp_path) == Rates(110 - 11, 1, 0.5, 2, 3)
