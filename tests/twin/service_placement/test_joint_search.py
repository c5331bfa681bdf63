"""Small problems of users and services: deadlines first, then cost, against every plan there is."""

import math
from dataclasses import replace

import numpy as np
import pytest
from tiny_cities import best_of_all, every_host, every_server, joint_cost, meets, tiny_task, users_keep

import twinhop
from twinhop.output.plans.service_report import service_notes
from twinhop.placement import InfeasibleProblem, solve
from twinhop.placement.budget import Budget
from twinhop.placement.decision import Ending
from twinhop.plans.planning import make_case
from twinhop.scenario import parse_scenario
from twinhop.twin.service_placement import alternation, joint_search, place_services, service_task

PAIR = """
schema_version: 1
name: pair
seed: 173
stations: {generate: {count: 2}, capacity_users: 2, opening_s: 0.3}
users: {generate: {count: 4}}
backhaul: {latency_s_per_bit_m: 1.0e-10}
objective: {deadlines: false, eta_s: 0.3}
services:
  - {name: near, members: {ids: [u2, u3]}, extracted_mbit: 1, work_gcycles: 0.5, deadline_ms: 60}
"""


@pytest.fixture
def without_enumeration(monkeypatch):
    """As where there are too many plans to try."""
    monkeypatch.setattr(joint_search, "MOST_PLANS", 0)


def tight_case(seed):
    """A city of a few users, stations and services; deadlines of services, often of users too, that bind."""
    rng = np.random.default_rng([seed, 20])
    users, stations, services = int(rng.integers(2, 5)), int(rng.integers(2, 4)), int(rng.integers(1, 3))
    rows = []
    for z in range(services):
        members = sorted(rng.choice(users, rng.integers(1, users + 1), replace=False).tolist())
        deadline = f", deadline_ms: {np.exp(rng.uniform(np.log(25), np.log(400))):.3f}" if rng.random() < 0.8 else ""
        rows.append(
            f"  - {{name: s{z}, members: {{ids: [{', '.join(f'u{i}' for i in members)}]}}, "
            f"extracted_mbit: {rng.uniform(0, 3):.4f}, work_gcycles: {rng.uniform(0, 0.8):.4f}{deadline}}}\n"
        )
    cloud = "cloud: {latency_ms: 12, cpu_gcycles_per_s: 40}\n" if rng.random() < 0.3 else ""
    seats = max(int(np.ceil(users / stations)), users - 1)
    return make_case(
        parse_scenario(
            f"schema_version: 1\nname: tight\nseed: {seed}\n"
            f"stations: {{generate: {{count: {stations}}}, opening_s: {{uniform: [0, 0.3]}},"
            f" capacity_users: {seats}}}\n"
            f"users: {{generate: {{count: {users}}}, deadline_ms: {{uniform: [60, 250]}}}}\n"
            f"backhaul: {{latency_s_per_bit_m: 1.0e-10}}\n{cloud}"
            f"objective: {{deadlines: {'true' if rng.random() < 0.5 else 'false'}, eta_s: 0.3}}\n"
            f"services:\n{''.join(rows)}"
        )
    )


@pytest.mark.parametrize("policy", ["greedy", "local_search", "lagrangian", "exact"])
def test_a_deadline_that_can_be_kept_is_kept(policy):
    plan = twinhop.plan(parse_scenario(PAIR), policy)
    assert plan.services.services[0].kept is True
    assert plan.cost == pytest.approx(1.6310038, rel=1e-7)
    assert plan.services.all_tried and plan.services.proved


@pytest.mark.parametrize("policy", ["local_search", "lagrangian", "exact"])
def test_members_are_brought_together_where_plans_are_too_many_to_try(policy, without_enumeration):
    plan = twinhop.plan(parse_scenario(PAIR), policy)
    assert plan.services.services[0].kept is True
    assert not plan.services.all_tried
    host = plan.solution.placement.host
    assert host[2] == host[3]


@pytest.mark.parametrize("seed", range(100))
def test_the_best_of_all_plans(seed):
    task = tiny_task(tight_case(seed))
    late, cost = best_of_all(task)
    if not math.isfinite(cost):
        pytest.skip("the users' own deadlines cannot be kept")
    placed = place_services(task, solve(task.problem, "lagrangian"))
    assert placed.all_tried and placed.proved
    assert len(placed.late) == late
    assert placed.cost == pytest.approx(cost, rel=1e-9)
    assert placed.lower_bound <= cost * (1 + 1e-12)
    assert placed.gap == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("seed", range(0, 100, 3))
def test_bound_and_sentences_hold_where_plans_are_too_many_to_try(seed, without_enumeration):
    task = tiny_task(tight_case(seed))
    late, cost = best_of_all(task)
    if not math.isfinite(cost):
        pytest.skip("the users' own deadlines cannot be kept")
    placed = place_services(task, solve(task.problem, "lagrangian"))
    assert not placed.all_tried
    assert len(placed.late) >= late
    excused = np.array([each.kept is False for each in placed.services])
    best = math.inf
    conceivable = np.zeros(len(task.services), bool)
    for host in every_host(task):
        for server in every_server(task):
            priced = joint_cost(task, host, server, excused)
            if users_keep(task, priced) and (meets(task, host, server, priced.share) | excused).all():
                best = min(best, priced.cost)
            for z in np.flatnonzero(excused):
                last_s = max(task.wired_s[z][host[i], server[z]] for i in task.services[z].members)
                conceivable[z] |= last_s + task.work_cycles[z] / task.cpu[server[z]] <= task.deadline_s[z]
    assert placed.lower_bound <= best * (1 + 1e-12)
    assert placed.cost >= best * (1 - 1e-9)
    for z, each in enumerate(placed.services):
        if each.kept is False and conceivable[z]:
            assert "no server meets it" not in each.in_words()


def test_a_bound_on_plans_that_keep_more_is_none_on_one_that_was_cut_short(monkeypatch):
    """Its own deadlines are fewer, and the plans that keep those may cost less."""
    case = make_case(parse_scenario(PAIR))
    task = service_task(case.problem, case.world)
    apart = solve(task.problem, lambda problem: [0, 0, 0, 1])
    state = alternation._with_best_servers(task, apart.placement, opening_given=False)
    plans = joint_search.joint_plans(task)
    assert state.step.late == 1 and plans.excused.sum() == 0
    run = alternation._Run(task, apart, math.inf, None, None, 0.0, False)
    monkeypatch.setattr(alternation, "joint_plans", lambda *_: plans)
    monkeypatch.setattr(Budget, "exhausted", lambda _: True)
    best, bound, all_tried = run.best_of_all(state)
    assert best is state and bound == -math.inf and not all_tried


def test_ctrl_c_in_the_first_solve_ends_the_plan():
    case = make_case(parse_scenario(PAIR))
    task = service_task(case.problem, case.world)
    cut_short = replace(solve(task.problem, "local_search"), interrupted=True)
    placed = place_services(task, cut_short)
    assert placed.solution.interrupted
    assert placed.turns == 0 and not placed.all_tried


@pytest.mark.parametrize("policy", ["lagrangian", "exact"])
def test_what_ended_it_is_of_users_and_services(policy, without_enumeration):
    """The users alone are proved optimal in these tiny cities, and the plan with services was said to be."""
    endings = set()
    for seed in (0, 3, 4, 7, 9):
        task = tiny_task(tight_case(seed))
        try:
            alone = solve(task.problem, policy)
        except InfeasibleProblem:
            continue
        placed = place_services(task, alone)
        assert alone.ended is Ending.PROVEN
        assert (placed.solution.ended is Ending.PROVEN) == (placed.gap <= 1e-9)
        endings.add(placed.solution.ended)
    assert endings - {Ending.PROVEN}


def test_few_plans_are_not_said_to_be_too_many():
    """2 users, 2 services and 3 hosts have 81 plans; the best is found, and nothing is said of choices left."""
    for seed in range(20):
        text = (
            f"schema_version: 1\nname: few\nseed: {seed}\n"
            "stations: {generate: {count: 3}, opening_s: {uniform: [0, 0.3]}}\nusers: {generate: {count: 2}}\n"
            "backhaul: {latency_s_per_bit_m: 1.0e-10}\nobjective: {deadlines: false, eta_s: 0.3}\nservices:\n"
            "  - {name: s0, members: {ids: [u0, u1]}, extracted_mbit: 2, work_gcycles: 0.4}\n"
            "  - {name: s1, members: {ids: [u1]}, extracted_mbit: 3, work_gcycles: 0.2}\n"
        )
        plan = twinhop.plan(parse_scenario(text), "exact")
        assert service_notes(plan) == []
        assert plan.gap == pytest.approx(0, abs=1e-9)
