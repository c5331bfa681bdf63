"""Pages of plans, comparisons and trade-offs: what they hold is what was decided, read by an independent decoder."""

import math
import warnings
from dataclasses import replace

import numpy as np
import pytest
from decoder import page_of
from each_result import result
from problem_makers import roomy, roomy_arrays

import twinhop
from twinhop.output import page_data, page_html
from twinhop.output.page.check import check_page
from twinhop.output.page.container import packed, unpacked
from twinhop.output.page.map_data import MOST_USERS, drawn_users
from twinhop.output.page.plan_data import plan_page
from twinhop.placement import PlacementProblem
from twinhop.plans.service_levels import service_levels
from twinhop.scenario.city import city


def read(shown):
    """The page of a result as an independent reader sees it; the checked reader accepts it, and bytes do not change."""
    content = packed(page_data(shown))
    assert content == packed(page_data(shown)), "the same result gives the same bytes"
    check_page(unpacked(content, "a"), "a")
    page_html(shown)
    return page_of(content)


def check_terms(page):
    for plan in page["plans"]:
        if "terms" in plan and plan["cost"] is not None:
            assert math.fsum(term["cost"] for term in plan["terms"]) == pytest.approx(plan["cost"], rel=1e-12)


def test_a_plan():
    plan = result("plan")
    page, problem = read(plan), plan.case.problem
    check_terms(page)
    (first,) = page["plans"]
    assert (first["cost"], first["lower_bound"], first["gap"]) == (plan.cost, plan.lower_bound, plan.gap)
    np.testing.assert_array_equal(first["host"], plan.solution.placement.host)
    np.testing.assert_array_equal(first["open"], np.flatnonzero(plan.solution.placement.open))
    np.testing.assert_array_equal(
        first["station"]["users"][: problem.stations], problem.twins_on(first["host"].astype(int))
    )
    np.testing.assert_allclose(first["latency_s_by_user"], service_levels(plan).placement_latency_s, rtol=2e-5)
    np.testing.assert_allclose(page["users"]["x_m"], plan.case.world.user_xy_m[:, 0], atol=0.06)
    assert page["stations"]["count"] == problem.stations + 1 and page["stations"]["is_cloud"].sum() == 1
    assert any("150 of 150 meetable ones are kept" in text for text in first["constraints"])
    assert "seconds" not in str(page.keys() | first.keys())


def test_why_is_what_explain_says_and_worth_is_certified():
    plan = result("plan")
    page = read(plan)
    why, first = page["why"], page["plans"][0]
    assert why["complete"] and why["hosts"].shape == why["cost_change"].shape == (150, 17)
    for user in (0, 12, 149):
        explained = {each.station: each for each in twinhop.explain(plan, user).alternatives}
        for at, host in enumerate(why["hosts"][user].astype(int).tolist()):
            change, possible = why["cost_change"][user, at], why["feasible"][user, at]
            if host == first["host"][user]:
                assert (change, possible) == (0, 1)
                continue
            assert bool(possible) == (not explained[host].obstacles)
            assert change == pytest.approx(explained[host].change.total, rel=1e-4, abs=1e-12)
    worth = first["station"]["worth"]
    assert np.isfinite(worth).any() and np.isnan(np.delete(worth, first["open"].astype(int))).all()
    for k in np.flatnonzero(np.isfinite(worth))[:2].tolist():
        capacity = plan.case.problem.capacity.copy()
        capacity[k] = 0
        after = twinhop.plan(replace(plan.case.problem, capacity=capacity))
        assert worth[k] <= (after.cost - plan.cost) * (1 + 1e-4)


def test_failures_have_the_plan_after_each():
    survey = result("failures")
    page = read(survey)
    assert len(page["what_ifs"]) == len(survey.cases) > 1
    for shown, case in zip(page["what_ifs"], survey.ranked, strict=True):
        assert shown["stations"] == list(case.stations) and shown["status"] == case.status
        assert shown["displaced"] == len(case.displaced)
        low, high = survey.change_interval(case)
        assert shown["change_interval"] == [low, high]
        after = page["plans"][shown["plan"]]
        np.testing.assert_array_equal(after["host"], case.placement.host)
        assert shown["cost_change"] == case.cost - survey.plan.cost and not np.isin(after["host"], case.stations).any()


def test_named_stations_that_fail_stand_beside_the_plan_before():
    before = result("plan")
    names = [before.case.problem.station_name(int(k)) for k in np.flatnonzero(before.solution.placement.open)[:2]]
    plan = twinhop.plan("city-small", without=names)
    page = read(plan)
    check_terms(page)
    (what_if,) = page["what_ifs"]
    assert (what_if["plan"], what_if["before"]) == (0, 1)
    assert page["plans"][1]["cost"] == plan.failure.reference.cost
    assert page["stations"]["is_host"][plan.failure.stations].all() and page["why"]["hosts"].shape[1] == 15
    assert what_if["change_interval"][0] <= what_if["cost_change"] <= what_if["change_interval"][1]
    assert page["title"].endswith(", ".join(names))


def test_moves_from_a_saved_placement_are_a_table():
    before = twinhop.plan("family(40, 6)", "nearest")
    plan = twinhop.plan("family(40, 6)", present=before, move_cost_s=0.01)
    page = read(plan)
    check_terms(page)
    titles = [each["title"] for each in page["table"]]
    assert plan.moves.users.size > 0 and titles == ["Moves, in order"]


def test_a_plan_that_survives_failures():
    page = read(twinhop.plan("family(30, 5)", spare=1, time_limit_s=5))
    assert page["what_ifs"] and all(each["before"] == 0 for each in page["what_ifs"])
    assert "worth" not in page["plans"][0]["station"]


def test_a_comparison():
    comparison = result("comparison")
    page = read(comparison)
    check_terms(page)
    assert [plan["name"] for plan in page["plans"]] == [plan.solution.policy for plan in comparison.plans]
    assert page["comparison"]["lower_bound"] == comparison.lower_bound
    best = page["plans"][page["comparison"]["best"]]
    assert best["cost"] == min(plan.cost for plan in comparison.plans if plan.feasible)
    assert page["plans"][0]["gap"] == comparison.gap(comparison.plans[0])


def test_a_comparison_of_seeds_has_costs_and_no_map():
    comparison = twinhop.compare("family(12, 3)", ["nearest", "lagrangian"], seeds=3)
    page = read(comparison)
    assert "map" not in page and page["worlds"]["cost"].shape == (3, 2)
    np.testing.assert_array_equal(page["worlds"]["cost"][:, 1], comparison.costs("lagrangian"))
    assert len(page["table"]) == 2


def test_a_tradeoff_has_a_plan_for_each_number_of_servers():
    curve = result("tradeoff")
    page = read(curve)
    check_terms(page)
    points = [point for point in curve.points if point.evaluation is not None]
    assert [plan["servers"] for plan in page["plans"]] == [point.servers for point in points]
    for plan, point in zip(page["plans"], points, strict=True):
        assert (plan["cost"], plan["lower_bound"]) == (point.cost, point.lower_bound)
        assert len(np.unique(plan["host"])) <= point.servers
    assert page["tradeoff"]["best"] == curve.best.servers and len(page["tradeoff"]["points"]) == len(curve.points)


def test_one_plan_for_many_cases_shows_the_dearest():
    plan = result("together")
    page = read(plan)
    assert page["plans"][0]["name"] == plan.labels[plan.dearest] and len(page["table"][0]["rows"]) == len(plan.cases)


def test_a_problem_file_has_tables_and_no_map():
    page = read(twinhop.plan(roomy(12, 3)))
    check_terms(page)
    assert "map" not in page and "x_m" not in page["stations"] and page["users"]["id"][0] == "#0"
    assert page["why"]["hosts"].shape == (12, 3)


@pytest.mark.parametrize("source", ["lu2021-n80-m5", "family(20, 4, deadlines=on)"])
def test_other_sources(source):
    check_terms(read(twinhop.plan(source)))


SERVICES = """
schema_version: 1
name: rush
stations: {generate: {count: 5}}
users: {generate: {count: 40}, classes: [{name: car, share: 0.5}]}
cloud: {name: mbs, latency_ms: 12, cpu_gcycles_per_s: 300}
services:
  - {name: heat, members: {where: 'update_mbit > 0.3'}, extracted_mbit: 0.02, work_gcycles: 30}
"""


def test_services_run_on_a_cloud_that_hosts_nobody(tmp_path):
    (tmp_path / "city.yaml").write_text(SERVICES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        page = read(twinhop.plan(tmp_path / "city.yaml"))
    check_terms(page)
    assert page["stations"]["id"][-1] == "mbs" and page["stations"]["is_host"][-1] == 0
    assert [each["title"] for each in page["table"]] == ["Services"]
    assert {"name": "class", "values": page["users"]["label"][0]["values"]} in page["users"]["label"]
    assert "worth" not in page["plans"][0]["station"] and any("users alone" in note for note in page["notes"])


def test_money_has_its_unit_and_rents():
    money = {"currency": "EUR", "second": 4.0, "missed_deadline": 1.0}
    rng = np.random.default_rng(3)
    scenario = city(
        rng.uniform(0, 900, (3, 2)),
        rng.uniform(0, 900, (12, 2)),
        capacity_users="all",
        cost_per_month=np.array([30.0, 20.0, 50.0]),
        cpu_gcycles_per_s={"uniform": [0.3, 3]},
        deadline_ms={"uniform": [5, 60]},
        money=money,
    )
    plan = twinhop.plan(scenario)
    page = read(plan)
    check_terms(page)
    assert page["cost_unit"] == {"name": "EUR/month", "factor": 1.0}
    np.testing.assert_array_equal(page["stations"]["cost_per_month"], [30, 20, 50])
    assert {"rent", "missed deadlines"} <= {term["name"] for term in page["plans"][0]["terms"]}
    assert page["plans"][0]["late"].sum() == plan.evaluation.late.sum() > 0
    assert page["why"]["cost_change"].shape == (12, 3)


def test_more_users_than_are_drawn_are_said_to_be_a_sample():
    users = MOST_USERS + 5_000
    problem = PlacementProblem(**roomy_arrays(users, 3))
    page = read(twinhop.plan(problem, "nearest"))
    assert page["users"]["count"] == MOST_USERS == len(page["plans"][0]["host"])
    assert page["users"]["of"] == users and any("draws and lists 20000" in note for note in page["notes"])
    np.testing.assert_array_equal(page["users"]["index"], drawn_users(users))
    assert page["plans"][0]["station"]["users"].sum() == users
    assert not page["why"]["complete"] or page["why"]["hosts"].shape[1] == 3


def test_only_the_cheapest_hosts_are_kept_where_there_are_many(monkeypatch):
    from twinhop.output.page import why_data

    monkeypatch.setattr(why_data, "MOST_PAIRS", 150 * 5)
    plan = result("plan")
    page = read(plan)
    why = page["why"]
    assert not why["complete"] and why["hosts"].shape == (150, 5)
    assert any("5 cheapest of each user" in note for note in page["notes"])
    whole = why_data.every_relocation(plan.solution.problem, plan.solution.placement, np.arange(150))
    for row in range(150):
        possible = np.sort(whole.change[row][whole.obstacle[row] == 0])
        np.testing.assert_allclose(why["cost_change"][row], possible[:5], rtol=1e-4, atol=1e-9)


def test_a_plan_of_infinite_cost_has_no_why():
    arrays = roomy_arrays(3, 2)
    arrays["comm_s"][0] = np.inf
    problem = PlacementProblem(**arrays | {"comm_s": np.where(np.isinf(arrays["comm_s"]), 1.0, arrays["comm_s"])})
    plan = twinhop.plan(problem)
    broken = replace(plan, solution=replace(plan.solution, evaluation=replace(plan.evaluation, cost=math.inf)))
    page = page_of(packed(plan_page(broken)))
    assert "why" not in page and page["plans"][0]["cost"] is None
