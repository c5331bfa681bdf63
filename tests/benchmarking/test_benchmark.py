"""The benchmark set, and what `benchmark` makes of policies on it."""

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import check_picture

import twinhop
from twinhop.benchmarking.benchmark import Benchmark
from twinhop.benchmarking.choice import QUICK_TASKS, kinds_of_policy
from twinhop.benchmarking.unit import Bound, Outcome, Unit, UnitResult
from twinhop.migration import utility_bound
from twinhop.scenario import build_world, load_scenario
from twinhop.scenario.presets.benchmark_set import EVALUATION_SEED, benchmark_names, benchmark_tasks
from twinhop.stats.bootstrap import interquartile_mean, iqm_interval

PLACE, MOVE = "bench-place-n20-m4", "bench-move-n20-m4-waypoint"
MELBOURNE = "bench-place-melbourne"
SITES = "SITE_ID,LATITUDE,LONGITUDE,NAME\n10,-37.815,144.974,Corner\n11,-37.810,144.952,Roof\n12,-37.812,144.962,Mast\n"
USERS = "Latitude,Longitude\n-37.8146,144.9744\n-37.8101,144.9704\n-37.8121,144.9604\n"


def small(**options):
    options = {"tasks": [PLACE], "seeds": 2, "jobs": 1, "time_limit_s": 5} | options
    return twinhop.benchmark(options.pop("policies", ["nearest", "lagrangian"]), **options)


def untimed(found):
    """The answer without what clocks say."""

    def without(value):
        if isinstance(value, dict):
            return {key: without(each) for key, each in value.items() if key not in ("seconds", "decision_ms")}
        return [without(each) for each in value] if isinstance(value, list) else value

    return without(json.loads(json.dumps(found.to_json())))


def test_the_set_has_24_scenarios_of_both_kinds_and_two_cities():
    tasks = benchmark_tasks()
    assert len(tasks) == len(set(benchmark_names())) == 24
    assert [task.kind for task in tasks].count("placement") == 12
    assert {task.name for task in tasks if task.city} == {MELBOURNE, "bench-move-san-francisco"}


@pytest.mark.parametrize("task", [task for task in benchmark_tasks() if task.city is None], ids=lambda task: task.name)
def test_every_scenario_is_as_its_name_says(task):
    scenario = load_scenario(task.name)
    world = build_world(scenario)
    sizes = {word[0]: int(word[1:]) for word in task.name.split("-") if word[1:].isdigit() and word[0] in "nm"}
    assert scenario.name == task.name and scenario.seed < EVALUATION_SEED
    assert len(world.user_ids) == sizes.get("n", len(world.user_ids))
    assert len(world.station_ids) == sizes["m"]
    assert (scenario.movement is not None) == (task.kind == "migration")


def test_worlds_of_evaluation_seeds_differ_and_are_fixed():
    one, other = (build_world(load_scenario(PLACE).with_seed(EVALUATION_SEED + at)) for at in range(2))
    again = build_world(load_scenario(PLACE).with_seed(EVALUATION_SEED))
    assert np.array_equal(one.user_xy_m, again.user_xy_m) and not np.array_equal(one.user_xy_m, other.user_xy_m)


def test_gaps_are_to_the_bound_and_the_best_policy_is_first():
    found = small()
    assert found.root_seeds == (EVALUATION_SEED, EVALUATION_SEED + 1)
    assert [row["policy"] for row in found.leaderboard["placement"]] == ["lagrangian", "nearest"]
    rows = found.run_rows()
    assert len(rows) == 4 and all(row["gap"] == pytest.approx(row["cost"] / row["lower_bound"] - 1) for row in rows)
    assert all(row["gap"] >= 0 and row["feasible"] for row in rows)
    for row in rows:
        plan = twinhop.plan(load_scenario(PLACE).with_seed(row["seed"]), policy=row["policy"])
        assert plan.cost == pytest.approx(row["cost"]) and plan.cost >= row["lower_bound"]


def test_runs_are_the_same_in_one_process_and_in_two():
    assert untimed(small()) == untimed(small(jobs=2))


def test_files_and_what_is_kept(tmp_path):
    found = small(out=tmp_path)
    assert [path.name for path in found.files] == [
        "benchmark.csv",
        "benchmark.json",
        "benchmark.parquet",
        "leaderboard.csv",
        "leaderboard.md",
        "leaderboard.png",
        "leaderboard.tex",
        "profile.png",
    ]
    assert untimed(found) == untimed(small())
    check_picture(tmp_path / "leaderboard.png", 600, 300)
    assert pl.read_parquet(tmp_path / "benchmark.parquet").height == 4
    assert "| lagrangian |" in (tmp_path / "leaderboard.md").read_text().replace("`", "")
    kept = tmp_path / "tasks" / PLACE / "seed-1000" / "policies" / "nearest.json"
    marked = json.loads(kept.read_text()) | {"cost": 99.0}
    kept.write_text(json.dumps(marked))
    again = small(out=tmp_path, policies=["nearest", "greedy"])
    assert [row["cost"] for row in again.run_rows() if row["policy"] == "nearest"][0] == 99.0  # not done again


def test_a_file_that_keeps_something_else_is_refused(tmp_path):
    small(out=tmp_path)
    kept = tmp_path / "tasks" / PLACE / "seed-1000" / "policies" / "nearest.json"
    kept.write_text('{"price": 3}')
    with pytest.raises(twinhop.InputError, match="nearest.json: is not what a benchmark keeps; delete it"):
        small(out=tmp_path)


def test_migration_is_judged_by_the_offline_bound():
    found = small(tasks=[MOVE], policies=["stay", "utility:margin=0.2"], seeds=1)
    rows = found.run_rows()
    assert [row["policy"] for row in rows] == ["stay", "utility:margin=0.2"]
    assert all(row["lower_bound"] > 0 and row["gap"] >= 0 for row in rows)
    simulated = twinhop.simulate(load_scenario(MOVE).with_seed(EVALUATION_SEED), ["stay"], seeds=1)
    assert simulated.to_json()["policies"][0]["cost"] == pytest.approx(rows[0]["cost"])


def test_utilities_are_not_bounded_where_nobody_asks(monkeypatch):
    def refused(run):
        raise AssertionError("not asked for")

    monkeypatch.setattr(utility_bound, "utility_bound", refused)
    assert small(tasks=[MOVE], policies=["stay"], seeds=1).run_rows()[0]["lower_bound"] > 0
    with pytest.raises(AssertionError, match="not asked for"):
        twinhop.simulate(load_scenario(MOVE), ["stay"], slots=2, bound=True, jobs=1)


def test_a_city_without_its_files_is_skipped_and_said_or_refused_if_named(tmp_path):
    found = small(tasks=["placement"], policies=["nearest"], seeds=1, quick=True)
    assert found.skipped == ()  # quick tasks need no data
    text = "bench-place-melbourne: needs site-optus-melbCBD.csv and users-melbcbd-generated.csv; "
    with pytest.raises(twinhop.InputError, match=text + "give their folder by --data"):
        small(tasks=[MELBOURNE])
    with pytest.raises(twinhop.InputError, match=f"{text}not in {tmp_path}"):
        small(tasks=[PLACE, MELBOURNE], data=tmp_path)


@pytest.mark.parametrize("folder", [".", "eua"])
def test_a_city_is_read_where_its_files_are(tmp_path, folder):
    (tmp_path / folder).mkdir(exist_ok=True)
    (tmp_path / folder / "site-optus-melbCBD.csv").write_text(SITES)
    (tmp_path / folder / "users-melbcbd-generated.csv").write_text(USERS)
    found = small(tasks=[MELBOURNE], policies=["greedy"], seeds=1, data=tmp_path)
    assert found.to_json()["tasks"][0]["users"] == 3 and found.attribution


def board(gaps):
    """A leaderboard of policies that cost 1 + gap on one world each; None: infeasible."""
    task = benchmark_tasks()[0]
    policies = tuple(f"p{at}" for at in range(len(gaps[0])))
    unit = Unit(task.name, task.kind, load_scenario(PLACE), policies, None, 1.0)
    results = tuple(
        UnitResult(
            unit,
            Bound(1.0, 1.0, 0.0, 20, 4, 1),
            tuple(
                Outcome(name, 2.0 if gap is None else 1 + gap, gap is not None, 1.0)
                for name, gap in zip(policies, row, strict=True)
            ),
        )
        for row in gaps
    )
    return Benchmark(tuple(range(len(gaps))), {task.kind: policies}, {task: results}).leaderboard["placement"]


def test_broken_constraints_cannot_win():
    first, last = board([[0.1, 0.0], [0.1, None], [0.1, None], [0.1, 0.0]])
    assert first["policy"] == "p0" and first["gap_iqm"] == pytest.approx(0.1) and first["feasible_share"] == 1
    assert last["gap_iqm"] is None and last["gap_worst"] is None and last["feasible_share"] == 0.5


@given(st.lists(st.floats(0, 100), min_size=1, max_size=40))
def test_the_interquartile_mean_is_of_the_middle_half(values):
    ordered = sorted(values)
    cut = len(values) // 4
    middle = ordered[cut : len(values) - cut]
    assert interquartile_mean(np.array(values)) == pytest.approx(sum(middle) / len(middle))
    assert min(values) <= interquartile_mean(np.array(values)) * (1 + 1e-12) + 1e-12


def test_the_interval_holds_the_score_and_shrinks_with_runs():
    rng = np.random.default_rng(0)
    few, many = rng.exponential(1.0, (8, 3)), rng.exponential(1.0, (8, 300))
    for values in (few, many):
        low, high = iqm_interval(values)
        assert low <= float(interquartile_mean(values.ravel())) <= high
    assert np.diff(iqm_interval(many)) < np.diff(iqm_interval(few))
    assert iqm_interval(few[:, :1]) is None


def test_policies_fit_kinds_of_tasks():
    assert kinds_of_policy("nearest") == ("placement",) and kinds_of_policy("stay") == ("migration",)
    assert kinds_of_policy("lookahead:horizon=5") == ("migration",)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"policies": ["nearset"]}, "--policies: no policy named 'nearset'; did you mean 'nearest'"),
        ({"policies": ["greedy:k=3"]}, "greedy places twins once and has no settings"),
        ({"policies": ["utility:edge=1"], "tasks": [MOVE]}, "utility has no setting 'edge'; accepted: "),
        ({"policies": ["stay"]}, "stay fits tasks of migration; those chosen are of placement"),
        ({"policies": ["greedy", "greedy"]}, "--policies: greedy given more than once"),
        ({"policies": []}, "--policies: none given; accepted: nearest"),
        ({"tasks": ["bench-place-n20-m5"]}, "--tasks: no task named 'bench-place-n20-m5'; did you mean"),
        ({"tasks": []}, "--tasks: none is left"),
        ({"tasks": [MELBOURNE], "quick": True}, f"--tasks: none is left; --quick runs {QUICK_TASKS[0]}"),
        ({"seeds": 0}, "--seeds: got 0; expected a whole number >= 1"),
        ({"jobs": 0}, "--jobs: got 0"),
        ({"data": "nowhere"}, "--data: nowhere: no such folder"),
    ],
)
def test_bad_input_is_refused(options, message, tmp_path):
    with pytest.raises(twinhop.InputError, match=message):
        small(out=tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def paired_benchmark():
    return small(policies=["nearest", "lagrangian", "greedy"], seeds=5)


def test_the_leaderboard_pairs_policies_with_the_first_on_the_same_worlds(paired_benchmark):
    runs = {(row["policy"], row["seed"]): row["cost"] for row in paired_benchmark.run_rows()}
    for row in paired_benchmark.leaderboard["placement"]:
        if row["policy"] == "nearest":
            assert row["wins"] is row["difference"] is None
            continue
        seeds = paired_benchmark.root_seeds
        ratios = sorted(runs[row["policy"], seed] / runs["nearest", seed] - 1 for seed in seeds)
        assert row["difference"] == pytest.approx(sum(ratios[1:4]) / 3)
        assert (row["wins"], row["losses"]) == (sum(each < 0 for each in ratios), sum(each > 0 for each in ratios))
        assert ratios[0] <= row["difference_interval"][0] <= row["difference_interval"][1] <= ratios[-1]
        assert f"{row['wins']}/{row['ties']}/{row['losses']}" in paired_benchmark.report()


def test_profiles_and_leaderboard_draw_what_the_rows_say(paired_benchmark):
    (axes,) = paired_benchmark.plot(panel="profile").axes
    for at, line in enumerate(axes.lines):
        gaps = paired_benchmark.gaps("placement", at)
        for gap, share in zip(*line.get_data(), strict=True):
            assert share == pytest.approx((gaps <= gap).mean())
    assert len(axes.collections) == 3
    assert not small(seeds=3).plot(panel="profile").axes[0].collections  # three runs have no bands
    (axes,) = paired_benchmark.plot().axes
    rows = paired_benchmark.leaderboard["placement"]
    drawn = {float(x) for line in axes.lines for x in line.get_xdata()}
    for row in rows:
        for number in (row["gap_iqm"], *row["gap_iqm_interval"]):
            assert any(abs(x - max(number, 1e-5)) < 1e-12 for x in drawn)
