"""What a world looks like before solving: facts against plain loops, warnings, files, the command."""

import json

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from pictures import check_picture, is_cut
from typer.testing import CliRunner

import twinhop
from twinhop.cli.main import app
from twinhop.errors import InputError
from twinhop.formulation import formulate
from twinhop.output.plans.description_figure import draw_description
from twinhop.plans.describe import describe
from twinhop.result import versioned
from twinhop.scenario import build_world, family, load_scenario, parse_scenario, preset, preset_names

HEAD = "schema_version: 1\nname: a\n"


def world_of(text):
    return describe(parse_scenario(HEAD + text))


@pytest.mark.parametrize("name", [*preset_names(), "family(300, 20, deadlines=on)", "family(5, 1)"])
def test_every_preset_is_described_without_a_warning(name):
    found = describe(load_scenario(name))
    value = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert value["warnings"] == []
    assert value["users"] == len(found.world.user_ids) == int(found.attached.sum())


def test_facts_against_plain_loops():
    found = describe(family(60, 6, deadlines=True))
    world, access = found.world, found.radio.access
    for i in range(60):
        b = int(access[i])
        assert found.distance_m[i] == pytest.approx(np.hypot(*(world.user_xy_m[i] - world.station_xy_m[b])))
        root = [np.sqrt(100 * world.history_bits[j] + 50 * world.update_bits[j]) for j in np.flatnonzero(access == b)]
        mine = np.sqrt(100 * world.history_bits[i] + 50 * world.update_bits[i])
        share = world.cpu_cycles_per_s[b] * mine / sum(root)
        rate = found.radio.access_rate_bps[i]
        update = world.update_bits[i] / rate + 50 * world.update_bits[i] / share
        assert found.update_s[i] == pytest.approx(update)
        construction = world.history_bits[i] / rate + 100 * world.history_bits[i] / share
        assert found.construction_s[i] == pytest.approx(construction)
        assert found.placement_latency_s[i] == pytest.approx(construction + update)
    busy = [50 * world.update_bits[access == k].sum() / world.cpu_cycles_per_s[k] for k in range(6)]
    assert found.update_load == pytest.approx(busy)


@pytest.mark.parametrize("rows", ["{}", "{7: literal}", "{7: literal, 1: literal}"])
def test_unmeetable_deadlines_are_those_of_the_problem(rows):
    text = "stations: {generate: {count: 9, host_share: 0.5}}\nusers: {generate: {count: 300}, update_mbit: 3}\n"
    scenario = parse_scenario(HEAD + text + f"readings: {{rows: {rows}}}\n")
    found, problem = describe(scenario), formulate(build_world(scenario))
    assert np.flatnonzero(found.unmeetable).tolist() == problem.unmeetable.tolist()
    floor = problem.floor[np.setdiff1d(np.arange(300), problem.unmeetable)]
    assert found.least_cpu_cycles_per_s == pytest.approx(floor.min(axis=1).sum())


def test_users_of_a_radio_station_are_counted_at_the_host_nearest_to_it():
    rows = "{id: a, x_m: 0, y_m: 0, host: false}, {id: b, x_m: 90, y_m: 0}, {id: c, x_m: 500, y_m: 0}"
    found = world_of(f"stations: {{list: [{rows}]}}\nusers: {{list: [{{id: u, x_m: 1, y_m: 0}}]}}\n")
    assert found.radio.access.tolist() == [0] and found.access_host.tolist() == [1]
    assert found.attached.tolist() == [1, 0, 0] and np.isnan(found.update_load[0]) and found.update_load[1] > 0


STATIONS, USERS = "stations: {generate: {count: 4}}\n", "users: {generate: {count: 50}}\n"


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("stations: {generate: {count: 4}, capacity_users: 5}\n" + USERS, "50 users for 20 seats: no plan can exist"),
        (STATIONS + "users: {generate: {count: 50}, deadline_ms: 1}\n", "of the deadlines are unmeetable"),
        (
            "stations: {generate: {count: 4}, cpu_gcycles_per_s: 0.2}\nusers: {generate: {}, deadline_ms: 1000}\n",
            "no plan can keep them",
        ),
        (
            "stations: {generate: {count: 4}, cpu_gcycles_per_s: 0.1}\nobjective: {deadlines: false}\n" + USERS,
            "of the CPU of all servers: twins fall behind everywhere",
        ),
        (STATIONS + USERS + "radio: {bandwidth_mhz: 0.005}\n", "updates take longer than the period of 1 s"),
        (
            STATIONS + USERS + "compute: {construction_cycles_per_bit: 0.1, update_cycles_per_bit: 0.1}\n",
            "the radio is ",
        ),
        (
            "stations: {generate: {count: 4}, opening_s: 50, capacity_users: all}\nobjective: {deadlines: false}\n"
            + USERS,
            "the best plan opens one server only",
        ),
    ],
)
def test_constants_that_make_no_sense_are_warned_of(text, warning):
    assert any(warning in each.message for each in world_of(text).warnings)


def test_only_hosts_that_can_keep_a_deadline_count_towards_all():
    """A cloud with CPU for all, but too far away for any deadline, is no help."""
    text = "stations: {generate: {count: 4}, cpu_gcycles_per_s: 0.2}\nusers: {generate: {}, deadline_ms: 1000}\n"
    alone = world_of(text)
    cloud = "cloud: {latency_ms: 5000, host: true, cpu_gcycles_per_s: 9000}\n"
    found = world_of(text + cloud)
    assert found.deadline_cpu_cycles_per_s == alone.deadline_cpu_cycles_per_s == 0.8e9
    assert any("no plan can keep them" in each.message for each in found.warnings)
    near = world_of(text + cloud.replace("5000", "5"))
    assert not any("no plan can keep them" in each.message for each in near.warnings)


def test_one_server_only_is_what_the_solver_finds():
    import twinhop

    text = (
        "stations: {generate: {count: 4}, opening_s: %s, capacity_users: all}\nobjective: {deadlines: false}\n" + USERS
    )
    for opening in (0.01, 0.3, 1, 3, 10):
        scenario = parse_scenario(HEAD + text % opening)
        warned = any("opens one server only" in each.message for each in describe(scenario).warnings)
        opened = twinhop.plan(scenario).solution.placement.open.sum()
        assert not warned or opened == 1
    assert warned


def test_unscaled_constants_at_city_size_are_warned_of():
    text = "area: {width_m: 6700, height_m: 6700}\nradio: {bandwidth_rule: equal_share}\n"
    found = world_of(text + "stations: {generate: {count: 40}}\nusers: {generate: {count: 8000}}\n")
    assert any("of the deadlines are unmeetable" in each.message for each in found.warnings)


@pytest.mark.parametrize("name", ["city-small", "family(5, 1)", "family(4000, 80)"])
def test_the_folder(tmp_path, name):
    found = describe(preset(name))
    written = found.save(tmp_path / "out")
    assert [path.name for path in written] == ["describe.csv", "describe.json", "describe.png", "describe.tex"]
    assert json.loads(written[1].read_text()) == versioned(found.to_json())
    check_picture(written[2], 1200, 800)


def test_the_command(tmp_path):
    run = CliRunner().invoke(app, ["scenario", "describe", "city-small", "--out", str(tmp_path / "o")])
    assert run.exit_code == 0 and "distance to the access station (m)" in run.output and "describe.png" in run.output
    value = json.loads(CliRunner().invoke(app, ["scenario", "describe", "city-small", "--json"]).stdout)
    assert value["deadlines"]["unmeetable_users"] == 0
    refused = CliRunner().invoke(app, ["scenario", "describe", "nowhere.yaml"])
    assert isinstance(refused.exception, InputError)


NO_SEATS = "stations: {generate: {count: 3}, capacity_users: 0}\nusers: {generate: {count: 20}}\n"


def test_a_world_without_any_seat_is_described_and_warned_of(tmp_path):
    found = world_of(NO_SEATS)
    assert found.total_update_load is None
    assert "no plan can exist" in found.warnings[0].message
    found.save(tmp_path)
    assert json.loads((tmp_path / "describe.json").read_text())["update_load_of_total_cpu"] is None


def latency_curve(found, name):
    """The points of a curve of the panel of latencies."""
    lines = {line.get_label(): line for line in draw_description(found).axes[3].lines}
    return lines[name].get_xydata()


def test_users_without_a_history_are_below_the_curve_of_construction():
    classes = "[{name: meter, share: 0.5, history_mbit: 0}]"
    found = world_of(f"stations: {{generate: {{count: 3}}}}\nusers: {{generate: {{count: 40}}, classes: {classes}}}\n")
    without = 100 * (found.construction_s == 0).mean()
    assert 0 < without < 100
    curve = latency_curve(found, "construction")
    assert curve[0].tolist() == [found.construction_s[found.construction_s > 0].min(), without]
    assert curve[-1].tolist() == pytest.approx([found.construction_s.max(), 100])


def test_a_single_user_has_a_curve():
    found = world_of("stations: {generate: {count: 1}}\nusers: {generate: {count: 1}}\n")
    assert latency_curve(found, "one update")[:, 1].tolist() == [0, 100]


@pytest.mark.parametrize("users", [1, 3, 4000])
def test_nothing_on_the_figure_is_cut_or_written_over(users):
    name = f"name: {'a rather long name ' * 6}\n"
    text = f"stations: {{generate: {{count: 9}}}}\nusers: {{generate: {{count: {users}}}}}\n"
    figure = draw_description(describe(parse_scenario("schema_version: 1\n" + name + text)))
    assert not is_cut(figure)
    for axes in figure.axes:
        low, high = axes.get_xlim()
        labels = [each for each in axes.get_xticklabels(which="both") if each.get_text()]
        shown = [each.get_window_extent() for each in labels if low <= each.get_position()[0] <= high]
        boxes = sorted(shown, key=lambda box: box.x0)
        assert all(left.x1 < right.x0 for left, right in zip(boxes, boxes[1:], strict=False))


def test_the_map_shows_the_graph_and_the_cloud():
    graph = "nodes: [{id: a, x_m: 0, y_m: 0}, {id: b, x_m: 900, y_m: 9}, {id: c}], links: [{a: a, b: b}, {a: b, b: c}]"
    text = f"backhaul: {{graph: {{{graph}, default_rate_mbps: 9, default_delay_ms: 1}}}}\n" + STATIONS + USERS
    cloud = "cloud: {name: mbs, x_m: %s, y_m: 700, host: true, cpu_gcycles_per_s: 90}\n"
    for x_m, label in ((700, "cloud mbs"), (90000, "cloud mbs (beyond the map)")):
        figure = draw_description(world_of(text + cloud % x_m))
        axes = figure.axes[0]
        [links] = [each for each in axes.collections if isinstance(each, LineCollection)]
        assert len(links.get_segments()) == 1, "the node c lies nowhere"
        assert label in [each.get_text() for each in axes.texts] and not is_cut(figure)
        low, high = axes.get_xlim()
        assert low < axes.texts[0].xy[0] < high


def test_description_and_report_agree_on_quantiles():
    text = "stations: {generate: {count: 1}}\nusers: {generate: {count: 20}, classes: [{name: all, share: 1}]}\n"
    scenario = parse_scenario(HEAD + text + "objective: {deadlines: false}\n")
    latency = describe(scenario).to_json()["latency_counted_s"]
    lines = twinhop.plan(scenario).report().splitlines()
    [counted] = [line for line in lines if line.startswith("| latency the cost counts [s] |")]
    [by_class] = [line for line in lines if line.startswith("| all |")]
    assert counted.split(" | ")[2:4] == [f"{latency[name]:.4g}" for name in ("p50", "p95")]
    assert by_class.split(" | ")[3] == f"{latency['p95']:.4g}"
