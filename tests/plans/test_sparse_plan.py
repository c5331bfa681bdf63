"""Plans on candidate stations beside the whole problem: one cost, bounds below what is possible, terms of each user."""

import numpy as np
import polars as pl
import pytest

import twinhop
from twinhop.errors import InputError
from twinhop.placement import InfeasibleProblem, Placement, evaluate
from twinhop.plans import SparsePlan
from twinhop.plans.sparse import case, planning
from twinhop.scenario import build_world, parse_scenario

HEAD = """
schema_version: 1
name: t
seed: 3
area: {width_m: 3000, height_m: 2000}
"""
PLACES = "stations: {generate: {count: 12, host_share: 0.8}}\nusers: {generate: {count: 90}}\n"
FREE = "objective: {deadlines: false}\n"
WORLDS = {
    "free": PLACES + FREE,
    "seats": "stations: {generate: {count: 12}, capacity_users: 9}\nusers: {generate: {count: 90}}\n" + FREE,
    "cloud": PLACES + FREE + "cloud: {latency_ms: 30, link_rate_mbps: 800, host: true, cpu_gcycles_per_s: 90}\n",
    "deadlines": "stations: {generate: {count: 12}, cpu_gcycles_per_s: 300}\n"
    "users: {generate: {count: 60}, deadline_ms: {uniform: [15, 400]}}\n",
    "money": "stations: {generate: {count: 12}, cost_per_month: 300}\nusers: {generate: {count: 90}}\n"
    + FREE
    + "money: {currency: EUR, second: 20}\n",
}


@pytest.mark.parametrize("candidates", [3, 12])
@pytest.mark.parametrize("name", WORLDS)
def test_cost_terms_and_bound_are_those_of_the_whole_problem(name: str, candidates: int) -> None:
    scenario = parse_scenario(HEAD + WORLDS[name])
    plan, dense = twinhop.plan(scenario, candidates=candidates), twinhop.plan(scenario)
    assert isinstance(plan, SparsePlan) and dense.lower_bound is not None
    problem = dense.case.problem
    opened = np.zeros(problem.stations, bool)
    opened[plan.open] = True
    outside = evaluate(problem, Placement(np.asarray(plan.host, np.int64), opened))
    assert outside.feasible, outside.violations
    assert plan.cost == pytest.approx(outside.cost, rel=1e-9)
    assert plan.lower_bound <= min(plan.cost, dense.cost) * (1 + 1e-12)
    assert plan.terms.share == pytest.approx(outside.share, rel=1e-9)
    assert plan.terms.communication_s.mean() == pytest.approx(outside.communication_s, rel=1e-9)
    assert plan.terms.computing_s.mean() == pytest.approx(outside.computing_s, rel=1e-9)
    if outside.update_latency_s is not None:
        assert plan.terms.update_s == pytest.approx(outside.update_latency_s, rel=1e-9)
        assert set(plan.late) == set(plan.solution.unmeetable) == set(problem.unmeetable)
    answer = plan.to_json()
    assert answer["cost"] == plan.cost and answer["users"] == problem.users
    terms = answer["terms"]
    beta = problem.alpha * terms["latency_s"] + problem.beta * (terms["opening_s"] + terms["energy_j"])
    assert beta == pytest.approx(plan.cost, rel=1e-9)


def test_users_and_servers_are_columns_by_name(tmp_path) -> None:
    scenario = parse_scenario(HEAD + WORLDS["cloud"])
    world, plan = build_world(scenario), twinhop.plan(scenario, candidates=5)
    users, servers = plan.users(), plan.servers()
    assert users["user_id"].to_list() == list(world.user_ids)
    assert [world.host_ids[k] for k in plan.host] == users["station_id"].cast(pl.String).to_list()
    assert users["latency_s"].to_numpy() == pytest.approx(plan.terms.communication_s + plan.terms.computing_s)
    counts = users.group_by("station_id").len().sort("station_id")
    assert counts["len"].to_list() == servers.sort("station")["users"].to_list()
    names = {path.name for path in plan.save(tmp_path / "out")}
    assert names == {"placement.json", "placement.parquet", "prices.parquet", "servers.csv", "report.md"}
    assert pl.read_parquet(tmp_path / "out" / "placement.parquet").equals(users)
    assert "12 stations" not in repr(plan) and "gap" in repr(plan)
    assert plan.report().startswith("# Plan of t\n") and "## Servers with most users" in plan.report()
    assert "gap" in plan._repr_html_()


def test_the_size_decides_where_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = parse_scenario(HEAD + WORLDS["free"])
    assert not isinstance(twinhop.plan(scenario), SparsePlan)
    monkeypatch.setattr(case, "WIDE_LINKS", 1000)
    assert isinstance(twinhop.plan(scenario), SparsePlan)
    assert twinhop.plan(scenario, seed=4).case.seed == 4
    assert not isinstance(twinhop.plan(scenario, "nearest"), SparsePlan)
    monkeypatch.setattr(planning, "MOST_LINKS", 1000)
    with pytest.raises(InputError, match="t: without: looks at every link"):
        twinhop.plan(scenario, without=["b1"])
    with pytest.raises(InputError, match="t: policy: got 'nearest'"):
        twinhop.plan(scenario, "nearest")


def test_what_has_no_plan_or_no_positions_is_refused() -> None:
    text = HEAD + "stations: {generate: {count: 3}, capacity_users: 4}\nusers: {generate: {count: 20}}\n" + FREE
    with pytest.raises(InfeasibleProblem, match="20 users and 12 seats: 8 more than there is room for"):
        twinhop.plan(parse_scenario(text), candidates=2)
    problem = twinhop.plan(parse_scenario(HEAD + WORLDS["free"])).case.problem
    with pytest.raises(InputError, match="candidates: are found by the positions of a scenario; got PlacementProblem"):
        twinhop.plan(problem, candidates=3)
    with pytest.raises(InputError, match="candidates: got 0; expected at least 1"):
        twinhop.plan(parse_scenario(HEAD + WORLDS["free"]), candidates=0)
