"""Several policies on the worlds of several seeds: numbers against a plain loop, figures against the table."""

import json
import math
import os
import signal
import statistics

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import twinhop
from twinhop.cli.main import app
from twinhop.cli.tables import table_lines
from twinhop.errors import InputError
from twinhop.output.kit.colours import INK
from twinhop.output.kit.tables import PAIRS_HEADER, pair_cells
from twinhop.output.plans.seed_comparison import HEADER, cells
from twinhop.placement.problem_file import save_problem
from twinhop.plans import seed_comparison
from twinhop.plans.seed_comparison import ComparedWorld, PolicyOnWorld, SeedComparison

POLICIES = ("nearest", "greedy", "lagrangian")


@pytest.fixture(scope="module")
def comparison():
    return twinhop.compare("family(30, 4)", POLICIES, seeds=8, seed=3)


def made(*costs, bound=1.0):
    """A comparison of made-up costs, a row a policy; None: it has no feasible plan."""
    worlds = []
    for seed, column in enumerate(zip(*costs, strict=True)):
        each = [PolicyOnWorld(9.0 if cost is None else cost, cost is not None, 0.001) for cost in column]
        worlds.append(ComparedWorld(seed, 2, 2, bound, "lagrangian", tuple(each)))
    names = tuple("abcdef"[: len(costs)])
    return SeedComparison("made", names, names[0], tuple(worlds))


def test_every_policy_meets_the_worlds_that_a_loop_over_seeds_makes(comparison):
    for world, seed in zip(comparison.worlds, range(3, 11), strict=True):
        alone = twinhop.compare("family(30, 4)", POLICIES, seed=seed)
        assert world.seed == seed and world.lower_bound == alone.lower_bound
        assert [each.cost for each in world.policies] == [plan.cost for plan in alone.plans]
        gaps = [alone.gap(plan) for plan in alone.plans]
        assert [world.gap(at) for at in range(3)] == gaps


def test_rows_are_those_of_a_plain_count(comparison):
    for at, row in enumerate(comparison.rows()):
        costs = [world.policies[at].cost for world in comparison.worlds]
        gaps = sorted(cost / world.lower_bound - 1 for cost, world in zip(costs, comparison.worlds, strict=True))
        assert row["cost"] == pytest.approx(statistics.fmean(costs))
        assert row["gap_iqm"] == pytest.approx(statistics.fmean(gaps[2:6]), abs=1e-12)
        assert row["gap_mean"] == pytest.approx(statistics.fmean(gaps), abs=1e-12)
        assert row["gap_worst"] == pytest.approx(gaps[-1], abs=1e-12)
        low, high = row["gap_iqm_interval"]
        assert 0 <= low <= row["gap_iqm"] <= high <= gaps[-1] + 1e-12
        if at:
            against = [world.policies[0].cost for world in comparison.worlds]
            ratios = sorted(cost / other - 1 for cost, other in zip(costs, against, strict=True))
            assert row["difference"] == pytest.approx(statistics.fmean(ratios[2:6]))
            assert row["wins"] == sum(ratio < -1e-9 for ratio in ratios)
            assert row["wins"] + row["ties"] + row["losses"] == 8
        else:
            assert row["difference"] is None and row["wins"] is None


def test_the_figure_draws_the_numbers_of_the_table(comparison):
    (axes,) = comparison.plot().axes
    rows = sorted(comparison.rows(), key=lambda row: -row["gap_iqm"])
    assert [text.get_text().replace(" ", "_") for text in axes.get_yticklabels()] == [row["policy"] for row in rows]
    lines = [line for line in axes.lines if line.get_transform() == axes.transData]
    for at, row in enumerate(rows):
        ends = [line for line in lines if line.get_color() == INK and list(line.get_ydata()) == [at, at]]
        (interval,) = ends
        assert list(interval.get_xdata()) == pytest.approx([max(end, 1e-5) for end in row["gap_iqm_interval"]])
        marks = [line for line in lines if line.get_markeredgecolor() == INK and line.get_ydata()[0] == at]
        assert [line.get_xdata()[0] for line in marks if len(line.get_xdata()) == 1] == [max(row["gap_iqm"], 1e-5)]
        dots = [line for line in lines if len(line.get_xdata()) == 8 and abs(line.get_ydata() - at).max() < 0.5]
        assert sorted(dots[0].get_xdata()) == pytest.approx(sorted(np.maximum(comparison.gaps(row["policy"]), 1e-5)))


def test_profiles_draw_the_shares_of_the_report(comparison):
    (axes,) = comparison.plot(panel="profile").axes
    for policy, line in zip(POLICIES, axes.lines, strict=True):
        for gap, share in zip(*line.get_data(), strict=True):
            assert share == pytest.approx((comparison.gaps(policy) <= gap).mean())
    assert len(axes.collections) == len(POLICIES)
    with pytest.raises(InputError, match="panel: got 'profiles'; expected gaps or profile"):
        comparison.plot(panel="profiles")


def test_three_worlds_are_points_without_an_interval():
    few = twinhop.compare("family(20, 3)", "nearest,greedy", seeds=3)
    for row in few.rows():
        assert row["cost_interval"] is row["gap_iqm_interval"] is row["difference_interval"] is None
        assert cells(row)[HEADER.index("95 % interval")] == "-"
    (axes,) = few.plot().axes
    assert not [line for line in axes.lines if len(line.get_xdata()) == 2]  # no line from end to end
    (axes,) = few.plot(panel="profile").axes
    assert not axes.collections
    assert "interval" not in " ".join(text.get_text() for text in few.plot().texts)


def test_failures_count_and_no_gap_is_below_zero():
    worst = made([1.0, 1.0, 1.0 - 1e-15, 1.1, 1.2], [None, None, None, 1.0, 1.1])
    good, bad = worst.rows()
    assert good["gap_iqm_interval"][0] == 0.0
    assert bad["gap_iqm"] is None and bad["feasible_share"] == pytest.approx(0.4)
    assert (bad["wins"], bad["losses"]) == (2, 3)
    (axes,) = worst.plot().axes
    assert {text.get_text() for text in axes.texts} >= {"infeasible (60 % fail)"}
    assert json.loads(json.dumps(worst.to_json(), allow_nan=False))["policies"][1]["gap_worst"] is None


def test_one_failure_of_five_is_cut_and_said():
    row = made([1.0] * 5, [1.1, 1.1, 1.1, 1.1, None]).rows()[1]
    assert row["gap_iqm"] == pytest.approx(0.1) and row["gap_mean"] is None and row["feasible_share"] == 0.8


def test_an_infinite_end_is_in_the_table_and_an_arrow_in_the_figure():
    half = made([1.0] * 8, [1.1, 1.1, 1.1, 1.1, 1.1, 1.2, None, None])
    low, high = half.rows()[1]["gap_iqm_interval"]
    assert low == pytest.approx(0.1) and high is None
    assert "10.00 to ∞ %" in half.report()
    (axes,) = half.plot().axes
    assert [line for line in axes.lines if line.get_marker() == ">" and line.get_color() == INK]
    assert [line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_xdata()[0] == pytest.approx(low)]


def test_the_tables_fit_80_columns():
    whole = twinhop.compare("lu2021-n80-m5", seeds=6)
    for header, rows in (
        (HEADER, [cells(row) for row in whole.rows()]),
        (PAIRS_HEADER, [pair_cells(row) for row in whole.rows() if row["policy"] != whole.against]),
    ):
        lines = [line for line, _ in table_lines(header, rows, 80)]
        assert max(map(len, lines)) <= 80
        assert (
            sum(line.startswith(rows[0][0] + " ") or line.strip().startswith(rows[0][0] + " ") for line in lines) == 1
        )


def test_one_seed_is_what_it_was():
    one, none = (twinhop.compare("family(20, 3)", "nearest", **given) for given in ({"seeds": 1}, {}))
    assert isinstance(one, twinhop.Comparison) and isinstance(none, twinhop.Comparison)
    assert one.plans[0].cost == none.plans[0].cost


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seeds": 0}, "seeds: got 0; expected a whole number from 1"),
        ({"seeds": 2, "against": "gredy"}, "against: got 'gredy', which is not compared; did you mean 'greedy'"),
        ({"against": "greedy"}, "policies are paired on several worlds"),
        ({"seeds": 2, "policies": []}, "policies: none given"),
        ({"seeds": 2, "policies": ["greedy", "greedy"]}, "policies: greedy given more than once"),
    ],
)
def test_bad_input_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        twinhop.compare("family(10, 2)", **{"policies": "nearest,greedy", **options})


def test_a_problem_has_one_world(tmp_path):
    problem = twinhop.plan("family(10, 2)", "nearest").case.problem
    with pytest.raises(InputError, match="one world without a seed"):
        twinhop.compare(problem, seeds=2)
    save_problem(problem, tmp_path / "mine.npz")
    done = CliRunner().invoke(app, ["compare", str(tmp_path / "mine.npz"), "--seeds", "2"])
    assert isinstance(done.exception, InputError)
    assert "mine.npz: is a placement problem" in str(done.exception) and "\n" not in str(done.exception)


def test_ctrl_c_keeps_the_worlds_that_are_done():
    def press(done, total):
        assert total == 9
        if done == 6:
            os.kill(os.getpid(), signal.SIGINT)

    kept = twinhop.compare("family(30, 4)", POLICIES, seeds=9, on_world=press)
    assert kept.interrupted and [world.seed for world in kept.worlds] == list(range(6))
    assert kept.rows()[0]["worlds"] == 6


def test_ctrl_c_in_a_world_drops_that_world(monkeypatch):
    whole = seed_comparison.compare_world

    def interrupted(source, policies, *, seed, **options):
        if seed == 2:
            raise KeyboardInterrupt
        return whole(source, policies, seed=seed, **options)

    monkeypatch.setattr(seed_comparison, "compare_world", interrupted)
    assert len(twinhop.compare("family(10, 2)", "nearest", seeds=5).worlds) == 2
    with pytest.raises(KeyboardInterrupt):
        twinhop.compare("family(10, 2)", "nearest", seeds=5, seed=2)


def test_files_hold_every_world(comparison, tmp_path):
    names = {path.name for path in comparison.save(tmp_path)}
    assert names == {
        *(f"comparison.{suffix}" for suffix in ("json", "md", "parquet", "csv", "tex", "png")),
        *("profile.png", "report.html", "report-data.bin.gz"),
    }
    worlds = pl.read_parquet(tmp_path / "comparison.parquet")
    assert len(worlds) == 8 * len(POLICIES)
    mean = worlds.group_by("policy").agg(pl.col("cost").mean()).to_dicts()
    told = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))
    for row in told["policies"]:
        (other,) = (each["cost"] for each in mean if each["policy"] == row["policy"])
        assert row["cost"] == pytest.approx(other)
        assert f"| {row['policy']} |" in (tmp_path / "comparison.md").read_text(encoding="utf-8")


def test_the_command_prints_the_rows_and_writes_over_its_own_files(tmp_path):
    words = ["compare", "family(20, 3)", "--policies", "nearest,greedy", "--seeds", "5", "--out", str(tmp_path)]
    for _ in range(2):
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output
    assert "5 seeds, 0 to 4" in done.output and "against nearest, world by world" in done.output
    told = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    row = told["policies"][1]
    assert f"{row['wins']}/{row['ties']}/{row['losses']}" in done.output
    assert math.isclose(
        row["gap_iqm"], twinhop.compare("family(20, 3)", "nearest,greedy", seeds=5).rows()[1]["gap_iqm"]
    )


def test_worlds_without_a_plan_count_for_no_policy(monkeypatch):
    whole = seed_comparison.compare_world
    error = _infeasible()

    def some(source, policies, *, seed, **options):
        if seed in (1, 3):
            raise error
        return whole(source, policies, seed=seed, **options)

    monkeypatch.setattr(seed_comparison, "compare_world", some)
    left = twinhop.compare("family(10, 2)", "nearest", seeds=5)
    assert left.infeasible_seeds == (1, 3) and len(left.worlds) == 3
    assert "no feasible plan under seed 1, 3" in left.report()
    with pytest.raises(twinhop.InfeasibleProblem):
        monkeypatch.setattr(seed_comparison, "compare_world", _raise)
        twinhop.compare("family(10, 2)", "nearest", seeds=2)


def _infeasible():
    try:
        twinhop.plan("family(5, 2, capacity=1)", "nearest")
    except twinhop.InfeasibleProblem as error:
        return error
    raise AssertionError("expected a proof")


def _raise(*_, **__):
    raise _infeasible()


def fails_on_odd_seeds(problem, seed):
    if seed % 2:
        raise ValueError("odd")
    return problem.comm_s.argmin(axis=1)


def test_a_policy_of_ones_own_that_fails_loses_that_world_alone():
    made_of = twinhop.compare("family(20, 3)", ["nearest", fails_on_odd_seeds], seeds=5)
    assert [each.seed for each in made_of.failures] == [1, 3]
    own = made_of.rows()[1]
    assert own["losses"] == 2 and own["wins"] + own["ties"] == 3
    assert own["feasible_share"] == 0.6 and own["cost"] is None and own["gap_mean"] is None
    assert "odd" in made_of.report()
    alone = twinhop.compare("family(20, 3)", [fails_on_odd_seeds], seeds=5)
    assert [each.seed for each in alone.failures] == [1, 3] and alone.lower_bound is not None
    with pytest.raises(InputError, match="odd"):
        twinhop.compare("family(20, 3)", [_raise_value], seeds=3)


def _raise_value(problem):
    raise ValueError("odd")
