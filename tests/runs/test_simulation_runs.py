"""Simulations that are stopped and go on, run in processes, meet full disks, and are asked for the impossible."""

import errno
import hashlib
import json

import polars as pl
import pytest
from matplotlib.figure import Figure
from moving_cities import city
from pictures import check_picture, is_cut, overlapping_texts

from twinhop.errors import InputError
from twinhop.output.kit.colours import policy_looks
from twinhop.output.kit.style import styled
from twinhop.output.runs.series_figure import SERIES, draw_series
from twinhop.output.runs.simulation_figure import draw_bands, draw_costs
from twinhop.result import SCHEMA_VERSION
from twinhop.runs import simulation_jobs, simulation_tables
from twinhop.runs.parted_table import PartedTable
from twinhop.runs.simulation import MEASURES, simulate
from twinhop.scenario import load_scenario

MOVEMENT = "slots: 30, slot_s: 10, churn: {mean_present_s: 200, mean_absent_s: 60}"
BOTH = ("stay", "follow_nearest")
#: Iterations end the search for a bound, not the clock, which would make it another each time.
BOUND = {"bound": True, "time_limit_s": 600.0}


def town(**more):
    return city(movement=MOVEMENT, users=12, stations="generate: {count: 4}", **more)


def digests(folder):
    """Every file but those with times of this machine."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "timing.json"
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A simulation that nothing disturbed, and its folder."""
    folder = tmp_path_factory.mktemp("whole")
    return simulate(town(), BOTH, seeds=2, jobs=1, animation="none", **BOUND, out=folder), folder


def test_the_files(whole):
    simulation, folder = whole
    names = {"costs.png", "hosts.png", "map.png", "report.md", "series.png", "simulation.json"}
    names |= {"policies.csv", "policies.tex", "report-data.bin.gz", "report.html"}
    assert {path.name for path in folder.iterdir()} == names | {"timing.json", "simulation_of.json", "seed-3", "seed-4"}
    for seed in (3, 4):
        assert {path.name for path in (folder / f"seed-{seed}").iterdir()} == {*BOTH, "offline.json", "timing.json"}
        for policy in BOTH:
            found = {path.name for path in (folder / f"seed-{seed}" / policy).iterdir()}
            tables = {"users.parquet", "stations.parquet", "slots.parquet", "world.parquet"}
            assert found == tables | {"summary.json", "timing.json"}
    for name in ("costs.png", "series.png", "hosts.png", "map.png"):
        check_picture(folder / name, 1000, 400)
    said = {"schema_version": SCHEMA_VERSION, **simulation.to_json(times=False)}
    assert json.loads((folder / "simulation.json").read_text()) == said
    report = (folder / "report.md").read_text()
    assert "fewer than five give no intervals" in report
    assert "| follow_nearest |" in report and "certified bound" in report


@pytest.mark.parametrize("style", ["screen", "paper"])
def test_nothing_is_cut(whole, style):
    for draw in (draw_costs, draw_series, draw_bands):
        with styled(style=style):
            figure = draw(whole[0])
            assert not is_cut(figure) and not overlapping_texts(figure)


def test_what_is_reported(whole):
    simulation, _ = whole
    facts = json.loads(json.dumps(simulation.to_json()))
    assert (facts["seed"], facts["seeds"], facts["slots"]) == (3, 2, 30)
    for each in facts["offline"]:
        assert 0 < each["bound"] <= each["plan"] and each["gap"] == pytest.approx(each["plan"] / each["bound"] - 1)
    for row in facts["policies"]:
        assert set(MEASURES) | {"terms", "decision_ms_p50", "decision_ms_p95", "breaks_deadlines"} < set(row)
        for at, run in enumerate(row["runs"]):
            assert run["seed"] == 3 + at
            assert run["cost"] == pytest.approx(sum(run["terms"].values()))
            assert run["regret"] == pytest.approx(run["cost"] / facts["offline"][at]["plan"] - 1)
            assert run["above_bound"] == pytest.approx(run["cost"] / facts["offline"][at]["bound"] - 1)
            assert run["above_bound"] >= -1e-12 or row["breaks_deadlines"]
        costs = [run["cost"] for run in row["runs"]]
        assert row["cost"] == pytest.approx(sum(costs) / 2)
        assert row["intervals"]["cost"] is None  # of two worlds


def test_five_worlds_have_intervals_and_none_is_drawn_below_the_bound():
    simulation = simulate(town(), "stay", seeds=5, slots=4, jobs=1, bound=True, time_limit_s=2)
    facts = simulation.to_json(times=False)
    [row] = facts["policies"]
    costs = [run["cost"] for run in row["runs"]]
    low, high = row["intervals"]["cost"]
    assert min(costs) <= low < row["cost"] < high <= max(costs)
    assert row["intervals"]["above_bound"][0] >= 0
    axes = draw_costs(simulation).axes[0]
    [drawn] = [each for each in axes.lines if len(each.get_xdata()) == 2 and len(set(each.get_ydata())) == 1]
    assert 1e3 * facts["offline_bound"] <= min(drawn.get_xdata()) < max(drawn.get_xdata())
    assert "95 % intervals by a bootstrap" in simulation.report()


def test_the_offline_plan_by_slots(whole):
    for at, each in enumerate(whole[0].offline):
        costs = json.loads((whole[1] / f"seed-{3 + at}" / "offline.json").read_text())["slot_cost_s"]
        assert len(costs) == 30 and tuple(costs) == each.slot_cost_s
        assert sum(costs) / 30 == pytest.approx(each.plan, rel=1e-12)


def panels_of(figure):
    """Panels of `draw_series` with the columns beside them, by name."""
    half = len(figure.axes) // 2
    return dict(zip(SERIES, zip(figure.axes[:half], figure.axes[half:], strict=True), strict=False))


def test_regret_so_far_ends_at_the_regret_of_the_table(whole):
    simulation, _ = whole
    panels = panels_of(draw_series(simulation))
    assert [axes.get_title(loc="left") for axes, _ in panels.values()] == [each.title for each in SERIES.values()]
    for row, line in zip(simulation.rows(), panels["regret_over_time"][0].lines, strict=True):
        assert line.get_ydata()[-1] == pytest.approx(100 * row["regret"], rel=1e-9)


def test_every_seed_of_every_policy_is_drawn_with_the_numbers_of_the_table(whole):
    simulation, folder = whole
    table = pl.read_csv(folder / "policies.csv")
    figure = draw_series(simulation)
    for name, (_, beside) in panels_of(figure).items():
        series = SERIES[name]
        drawn = {float(line.get_xdata().mean().round()): line for line in beside.lines if line.get_marker() == "."}
        means = {line.get_xdata()[0]: line.get_ydata()[0] for line in beside.lines if len(line.get_xdata()) == 1}
        for policy, row in enumerate(simulation.rows()):
            values = [series.factor * run[series.measure] for run in row["runs"]]
            assert drawn[policy].get_ydata().tolist() == pytest.approx(values)
            assert means[policy] == pytest.approx(series.factor * row[series.measure])
    assert table["policy"].to_list() == list(BOTH)
    assert table["regret_percent"].to_list() == pytest.approx([100 * row["regret"] for row in simulation.rows()])


def test_policies_that_do_the_same_are_both_seen(tmp_path):
    def one(situation):
        return situation.comm_s.argmin(axis=1)

    def other(situation):
        return one(situation)

    simulation = simulate(town(), [one, other], slots=8, jobs=1, animation="none", out=tmp_path)
    looks = policy_looks(simulation.policies)
    assert len(set(looks.values())) == 2
    axes, beside = panels_of(draw_series(simulation))["moves_over_time"]
    first, second = axes.lines
    assert first.get_ydata()[-1] == second.get_ydata()[-1]
    assert (first.get_color(), second.get_color()) == tuple(looks[name].colour for name in simulation.policies)
    marks = [{round(line.get_xdata()[at], 6) for at in line.get_markevery()} for line in (first, second)]
    assert len(marks[0]) == len(marks[1]) > 2 and not marks[0] & marks[1]
    assert [line.get_xdata()[0] for line in beside.lines] == [0, 1]


@pytest.mark.parametrize("panel", ["costs", *SERIES])
def test_a_panel_is_drawn_into_axes_of_the_user(whole, panel):
    own = Figure().add_subplot()
    own.set_title("mine")
    assert whole[0].plot(own, panel=panel) is own
    assert own.get_title() == "mine" and own.get_legend() is not None
    assert own.patches if panel == "costs" else len(own.lines) >= 2


def test_a_panel_that_cannot_be_drawn_says_why(whole, tmp_path):
    with pytest.raises(InputError, match="panel: got 'cost'; expected costs, cost_over_time"):
        whole[0].plot(panel="cost")
    without = simulate(town(), "stay", slots=3, jobs=1)
    with pytest.raises(InputError, match="'cost_over_time' cannot be drawn: the simulation has no files; give out"):
        without.plot(panel="cost_over_time")
    with pytest.raises(InputError, match="has no offline plan; ask for bound"):
        simulate(town(), "stay", slots=3, jobs=1, animation="none", out=tmp_path).plot(panel="regret_over_time")


def test_formats_and_style_reach_every_figure(whole, tmp_path):
    written = whole[0].save(tmp_path / "paper", figures=("pdf", "svg"), style="paper")
    figures = {f"{name}.{suffix}" for name in ("costs", "series", "hosts", "map") for suffix in ("pdf", "svg")}
    assert figures < {path.name for path in written} and not list((tmp_path / "paper").glob("*.png"))


def test_without_files_the_figures_are_the_same(whole):
    alone = simulate(town(), BOTH, seeds=2, jobs=1, **BOUND)
    assert alone.files == () and alone.to_json(times=False) == whole[0].to_json(times=False)


def test_processes_give_the_same_bytes(whole, tmp_path):
    simulate(town(), BOTH, seeds=2, jobs=2, animation="none", **BOUND, out=tmp_path)
    assert digests(tmp_path) == digests(whole[1])


@pytest.mark.parametrize("stop_at", [5, 40, 100])
def test_a_run_that_is_stopped_goes_on_to_the_same_bytes(whole, tmp_path, stop_at, monkeypatch):
    def stop(done, total):
        assert total == 180  # two policies and the bound, under two seeds
        if done == stop_at + 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(town(), BOTH, seeds=2, jobs=1, animation="none", **BOUND, out=tmp_path, on_progress=stop)
    assert list(tmp_path.rglob("*.unfinished")) == []
    finished = [path for path in tmp_path.glob("seed-*/*") if path.is_dir()]
    assert len(finished) == {5: 0, 40: 1, 100: 2}[stop_at]
    done = []
    monkeypatch.setattr(simulation_jobs, "run_policy", _noting(simulation_jobs.run_policy, done))
    simulate(town(), BOTH, seeds=2, jobs=1, animation="none", **BOUND, out=tmp_path)
    assert len(done) == 4 - len(finished)
    assert digests(tmp_path) == digests(whole[1])


def _noting(function, done):
    def note(*args, **options):
        done.append(args[2])
        return function(*args, **options)

    return note


def test_what_a_killed_process_left_is_done_again(whole, tmp_path):
    left = tmp_path / "seed-3" / "stay.unfinished" / "users.parts"
    left.mkdir(parents=True)
    (left / "000000.parquet").write_bytes(b"half")
    simulate(town(), BOTH, seeds=2, jobs=1, animation="none", **BOUND, out=tmp_path)
    assert digests(tmp_path) == digests(whole[1])


def test_more_policies_and_seeds_are_added(tmp_path, monkeypatch):
    simulate(town(), ["stay"], out=tmp_path, animation="none")
    done = []
    monkeypatch.setattr(simulation_jobs, "run_policy", _noting(simulation_jobs.run_policy, done))
    both = simulate(town(), BOTH, seeds=2, jobs=1, out=tmp_path, animation="none")
    assert [path.name for path in done] == ["follow_nearest", "stay", "follow_nearest"]
    assert both.to_json(times=False) == simulate(town(), BOTH, seeds=2, jobs=1).to_json(times=False)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"scenario": city(movement=MOVEMENT, users=12, stations="generate: {count: 5}")},
            "scenario.stations.generate.count: 4 there, 5 now",
        ),
        ({"slots": 31}, "slots: 30 there, 31 now"),
        ({"seed": 8}, "scenario.seed: 3 there, 8 now"),
        ({"mobility": "static"}, "scenario.movement.model"),
    ],
)
def test_a_changed_simulation_is_refused(tmp_path, change, words):
    simulate(town(), ["stay"], out=tmp_path, animation="none")
    before = digests(tmp_path)
    with pytest.raises(InputError) as raised:
        simulate(change.pop("scenario", town()), ["stay"], out=tmp_path, animation="none", **change)
    assert "holds runs of another simulation" in str(raised.value) and words in str(raised.value)
    assert digests(tmp_path) == before


def test_a_changed_file_of_the_scenario_is_refused(tmp_path):
    head = "schema_version: 1\nname: town\nstations: {csv: stations.csv}\n"
    (tmp_path / "town.yaml").write_text(head + "users: {generate: {count: 5}}\nmovement: {slots: 3}\n")
    (tmp_path / "stations.csv").write_text("id,x_m,y_m\na,0,0\nb,900,0\n")
    simulate(tmp_path / "town.yaml", ["stay"], out=tmp_path / "out", animation="none")
    (tmp_path / "stations.csv").write_text("id,x_m,y_m\na,0,0\nb,901,0\n")
    with pytest.raises(InputError, match="holds runs of another simulation"):
        simulate(tmp_path / "town.yaml", ["stay"], out=tmp_path / "out", animation="none")


def test_a_damaged_run_is_refused(tmp_path):
    simulate(town(), ["stay"], out=tmp_path, animation="none")
    (tmp_path / "seed-3" / "stay" / "summary.json").write_text("[]")
    with pytest.raises(InputError, match="stay: summary.json or timing.json is not what a finished run has"):
        simulate(town(), ["stay"], out=tmp_path, animation="none")


def test_tables_in_parts_are_the_tables_at_once(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(simulation_tables, "PART_SLOTS", 4)
    simulate(town(), BOTH, out=tmp_path, animation="none")
    for path in (tmp_path / "seed-3").rglob("*.parquet"):
        assert pl.read_parquet(path).equals(pl.read_parquet(whole[1] / path.relative_to(tmp_path)))


def test_a_full_disk_leaves_the_slots_that_were_written(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(simulation_tables, "PART_SLOTS", 10)
    write = PartedTable.write

    def fill(table, frame):
        if frame["slot"][0] >= 20 and "follow" in str(table._path):
            raise OSError(errno.ENOSPC, "No space left on device")
        write(table, frame)

    monkeypatch.setattr(PartedTable, "write", fill)
    with pytest.raises(InputError) as raised:
        simulate(town(), BOTH, out=tmp_path, animation="none")
    left = tmp_path / "seed-3" / "follow_nearest.unfinished"
    assert "No space left on device; slots 0 to 19 are there to read, in " + str(left) in str(raised.value)
    users = pl.read_parquet(left / "users.parts" / "*.parquet")
    finished = pl.read_parquet(whole[1] / "seed-3" / "follow_nearest" / "users.parquet")
    assert users.equals(finished.filter(pl.col("slot") < 20))
    assert (tmp_path / "seed-3" / "stay" / "summary.json").exists()
    monkeypatch.undo()
    simulate(town(), BOTH, out=tmp_path, animation="none")
    assert not left.exists() and (left.parent / "follow_nearest" / "summary.json").exists()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (
            {"policies": ["stai"]},
            "--policies: no policy named 'stai'; did you mean 'stay'?",
        ),
        ({"policies": ["stay:often=2"]}, "--policies: stay has no setting 'often'; accepted: none"),
        ({"policies": []}, "--policies: none given; accepted: stay"),
        ({"policies": ["stay", " stay"]}, "--policies: stay given more than once"),
        ({"seeds": 0}, "--seeds: got 0"),
        ({"jobs": 0}, "--jobs: got 0"),
        ({"mobility": "jumping"}, "--mobility: unknown model 'jumping'"),
    ],
)
def test_what_is_asked_for_is_checked(tmp_path, asked, words):
    with pytest.raises(InputError) as raised:
        simulate(town(), **{"policies": BOTH, "out": tmp_path / "out", **asked})
    assert str(raised.value).startswith(words)
    assert not (tmp_path / "out").exists()


def test_an_error_in_a_process_is_told_and_ends_the_others(tmp_path):
    crowded = city(movement="slots: 5", users=9, stations="generate: {count: 2}, capacity_users: 4")
    with pytest.raises(InputError, match="slot 0"):
        simulate(crowded, BOTH, seeds=2, jobs=2, out=tmp_path, animation="none")


def test_a_bound_is_refused_where_stations_are_redrawn():
    redrawn = city(movement="slots: 9, redraw_every_slots: 4", users=5, extra="readings: {rows: {25: literal}}")
    with pytest.raises(InputError, match="row 25"):
        simulate(redrawn, ["stay"], **BOUND)


def test_one_user_one_station_one_slot(tmp_path):
    lonely = city(movement="slots: 1", users=1, stations="generate: {count: 1}")
    facts = simulate(lonely, BOTH, **BOUND, out=tmp_path).to_json()
    for row in facts["policies"]:
        assert row["migrations"] == 0 and row["ping_pong"] is None
        assert row["cost"] == pytest.approx(facts["offline_plan"]) and row["regret"] == pytest.approx(0, abs=1e-9)


def test_a_preset_without_movement_moves():
    simulation = simulate(load_scenario("lu2021-n80-m5"), ["stay"], slots=2)
    assert simulation.run.world_run.moved_by == "gauss_markov" and simulation.runs[0][0].summary.visits == 160
