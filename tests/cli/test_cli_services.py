"""`twinhop plan` of a scenario with services, from the file to what is written."""

import json
import warnings

import pytest

import twinhop
from twinhop.errors import ServicesLeftOutWarning
from twinhop.output.plans.map_figure import draw_map

CITY = """
schema_version: 1
name: rush
stations: {generate: {count: 5}}
users: {generate: {count: 40}, classes: [{name: car, share: 0.5}]}
cloud: {name: mbs, latency_ms: 12, cpu_gcycles_per_s: 300}
services:
  - {name: heat, members: {where: 'update_mbit > 0.3'}, extracted_mbit: 0.02, work_gcycles: 30}
  - name: crossing
    members: {classes: [car], polygon_m: [[0, 0], [1500, 0], [1500, 1500], [0, 1500]]}
    extracted_mbit: 0.01
    work_gcycles: 0.02
    period_s: 0.2
    deadline_ms: 11
  - {name: magic, members: {ids: [u1, u2]}, extracted_mbit: 0.01, work_gcycles: 30, deadline_ms: 20}
"""


@pytest.fixture
def city(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "city.yaml").write_text(CITY)
    return tmp_path


def test_plan_reports_services(city, run):
    done = run("plan", "city.yaml", "--out", "out")
    assert done.code == 0, done.err
    assert "3 services, latency over all users" in done.out
    assert "service magic: its deadline of 20 ms is missed" in done.out
    assert "no server meets it; the best is mbs with 112 ms" in done.out
    answer = json.loads((city / "out" / "placement.json").read_text())
    heat, crossing, magic = answer["services"]
    assert (heat["server_id"], heat["server"]) == ("mbs", 5)
    assert crossing["server_id"] in answer["station_ids"] and crossing["kept"] is True
    assert crossing["server"] in answer["open"]
    assert (magic["kept"], magic["best_server_id"]) == (False, "mbs")
    assert answer["lower_bound"] <= answer["cost"] and answer["gap"] < 0.05
    report = (city / "out" / "report.md").read_text()
    assert "## Services" in report and "| crossing |" in report
    assert "**service magic: its deadline of 20 ms is missed" in report
    features = json.loads((city / "out" / "map.geojson").read_text())["features"]
    marks = [each for each in features if each["properties"]["kind"] == "service"]
    assert [each["geometry"] is None for each in marks] == [True, False, True]  # the cloud has no position
    fed = [each for each in features if each["properties"].get("service") == "crossing"]
    assert sum(each["properties"]["members"] for each in fed) == crossing["members"]


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ("{polygon_m: [[0, 0], [9, 9], [9, 0], [0, 9]]}", "city.yaml:8: services.0.members.polygon_m: crosses itself"),
        (
            "{polygon_m: [[-9, -9], [-9, -8], [-8, -9]]}",
            "the service 'heat' has no members: no active user meets polygon_m; a",
        ),
        ("{where: 'update_mbit > 1e6'}", "services.0.members: the service 'heat' has no members"),
        ("{ids: []}", "city.yaml:8: services.0.members.ids: is empty: a service needs members"),
        ("{}", "city.yaml:8: services.0.members: at least one of ids, classes, where, polygon_m must be given"),
    ],
)
@pytest.mark.parametrize("command", ["plan", "compare"])
def test_members_that_cannot_be_are_refused_and_nothing_is_written(command, members, words, city, run):
    (city / "city.yaml").write_text(CITY.replace("{where: 'update_mbit > 0.3'}", members))
    done = run(command, "city.yaml", "--out", "out")
    assert (done.code, done.out) == (2, "")
    assert words in done.err and "Traceback" not in done.err
    assert not (city / "out").exists()


def test_json_is_the_saved_answer(city, run):
    run("plan", "city.yaml", "--out", "out")
    printed = json.loads(run("plan", "city.yaml", "--json").out)
    saved = json.loads((city / "out" / "placement.json").read_text())
    assert {**printed, "seconds": 0} == {**{key: saved[key] for key in printed}, "seconds": 0}


def test_costs_add_up(city):
    plan = twinhop.plan("city.yaml")
    problem, evaluation = plan.case.problem, plan.evaluation
    users = problem.alpha * evaluation.latency_s + problem.beta * (evaluation.opening_s + evaluation.energy_j)
    assert plan.cost == pytest.approx(users + problem.alpha * plan.services.latency_s, rel=1e-12)
    weighted = [
        asked.period_s**-1 * (placed.summed_feed_s + placed.computing_s)
        for asked, placed in zip(plan.case.world.services, plan.services.services, strict=True)
    ]
    assert plan.services.latency_s == pytest.approx(sum(weighted) / problem.users, rel=1e-9)


def test_map_names_services(city):
    texts = [each.get_text() for each in draw_map(twinhop.plan("city.yaml")).axes[0].texts]
    assert any("★ heat" in each and "★ magic" in each for each in texts)
    assert any(each == "★ crossing" for each in texts)


def test_a_cloud_without_cpu_runs_nothing(city):
    text = CITY.replace(", cpu_gcycles_per_s: 300", "")
    (city / "city.yaml").write_text(text)
    assert all(each.server < 5 for each in twinhop.plan("city.yaml").services.services)


def test_compare_counts_services(city, run):
    rows = json.loads(run("compare", "city.yaml", "--policies", "nearest,lagrangian", "--json").out)["policies"]
    assert all(row["services_s"] > 0 and row["gap"] >= 0 for row in rows)
    assert run("compare", "city.yaml", "--policies", "nearest,lagrangian", "--out", "out").code == 0


@pytest.mark.parametrize("command", [("explain", "city.yaml", "u3"), ("robustness", "city.yaml", "--load", "20%")])
def test_questions_about_users_alone_say_so(city, run, command):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        done = run(*command)
    assert done.code == 0, done.err
    assert done.err.count("looks at the twins of users alone; the services are left out") == 1


def test_the_plan_explained_alone(city):
    plan = twinhop.plan("city.yaml")
    with pytest.warns(ServicesLeftOutWarning):
        explanation = twinhop.explain(plan, "u3")
    assert explanation.plan.services is None
    assert explanation.plan.cost < plan.cost
    with pytest.warns(ServicesLeftOutWarning):
        assert twinhop.tradeoff("city.yaml", most=3).points


def test_plan_without_a_host_that_a_service_runs_on(city, run):
    plain = json.loads(run("plan", "city.yaml", "--json").out)
    gone = next(each["server_id"] for each in plain["services"] if each["name"] == "crossing")
    done = run("plan", "city.yaml", "--without", gone, "--out", "out")
    assert done.code == 0, done.err
    assert f"instead of {gone}" in done.out
    answer = json.loads((city / "out" / "placement.json").read_text())
    crossing = next(each for each in answer["services"] if each["name"] == "crossing")
    assert answer["services_moved"] == [{"service": "crossing", "from_id": gone, "to_id": crossing["server_id"]}]
    assert answer["cost_without_failure"] == plain["cost"] and answer["cost"] > answer["lower_bound_without_failure"]
    assert answer["station_ids"].index(gone) not in answer["open"]


def test_replanning_close_to_the_present_places_services(city, run):
    run("plan", "city.yaml", "--policy", "greedy", "--out", "now")
    now = json.loads((city / "now" / "placement.json").read_text())
    done = run("plan", "city.yaml", "--from", "now/placement.json", "--move-cost", "1e6", "--out", "out")
    assert done.code == 0, done.err
    assert "0 of 40 twins leave the host they have" in done.out
    answer = json.loads((city / "out" / "placement.json").read_text())
    assert (answer["host"], answer["moves"], answer["moves_cost"]) == (now["host"], [], 0.0)
    assert answer["own_cost"] == pytest.approx(answer["cost"], rel=1e-12)
    assert answer["cost"] <= now["cost"] * (1 + 1e-12)
    assert answer["services_latency_s"] > 0 and "| heat |" in (city / "out" / "report.md").read_text()


def test_the_answer_states_the_bound_of_users_and_services(city):
    plan = twinhop.plan("city.yaml")
    answer = plan.to_json()
    assert (answer["lower_bound"], answer["gap"], answer["gap_net"]) == (plan.lower_bound, plan.gap, plan.gap_net)
    assert answer["gap"] == pytest.approx(answer["cost"] / answer["lower_bound"] - 1, abs=1e-12)
    assert answer["users_lower_bound"] == plan.solution.lower_bound < answer["lower_bound"]
