"""Services on servers: against all placements of tiny cities, step by step, and at the edges."""

import math

import numpy as np
import pytest
from tiny_cities import cost_by_hand, every_host, every_server, joint_cost, meets, tiny_case, tiny_task

import twinhop
from twinhop.errors import InputError
from twinhop.placement import Certificate, Placement, certify, evaluate, solve
from twinhop.scenario import parse_scenario
from twinhop.twin.service_placement import (
    best_servers,
    pinned_problem,
    place_services,
    service_task,
    services_bound,
)

CLOUDS = ("none", "services", "hosts")
SEEDS = range(4)


def opened_hosts(task, host):
    return Placement.of_hosts(host, task.problem.stations)


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize("seed", SEEDS)
def test_joint_cost_is_the_formula(seed, cloud):
    task = tiny_task(tiny_case(seed, cloud=cloud))
    rng = np.random.default_rng(seed)
    hosts, servers = list(every_host(task)), list(every_server(task))
    for _ in range(20):
        host, server = hosts[rng.integers(len(hosts))], servers[rng.integers(len(servers))]
        assert joint_cost(task, host, server).cost == pytest.approx(cost_by_hand(task, host, server), rel=1e-12)


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize("seed", SEEDS)
def test_enumeration_against_all_choices(seed, cloud):
    task = tiny_task(tiny_case(seed, cloud=cloud, services=3))
    for host in list(every_host(task))[::7]:
        placement = opened_hosts(task, host)
        choice = best_servers(task, placement, opening_given=False)
        candidates = task.candidates(placement)
        best = min(cost_by_hand(task, host, server) for server in every_server(task) if candidates[server].all())
        assert choice.proved
        assert candidates[choice.server].all()
        assert cost_by_hand(task, host, choice.server) == pytest.approx(best, rel=1e-10)


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize("seed", SEEDS)
def test_enumeration_keeps_most_deadlines_at_least_cost(seed, cloud):
    task = tiny_task(tiny_case(seed, deadlines=True, cloud=cloud, services=2))
    if np.isinf(task.deadline_s).all():
        pytest.skip("no service of this city has a deadline")
    excuses = [np.array(each) for each in ((False, False), (False, True), (True, False), (True, True))]
    for host in list(every_host(task))[::13]:
        placement = opened_hosts(task, host)
        choice = best_servers(task, placement, opening_given=False)
        candidates, found = task.candidates(placement), []
        for server in every_server(task):
            for excused in excuses:
                if candidates[server].all():
                    priced = joint_cost(task, host, server, excused)
                    if (meets(task, host, server, priced.share) | excused).all():
                        found.append((int(excused.sum()), priced.cost))
        late, cost = min(found)
        mine = joint_cost(task, host, choice.server, choice.excused)
        assert int(choice.excused.sum()) == late
        assert mine.cost == pytest.approx(cost, rel=1e-9)
        assert (meets(task, host, choice.server, mine.share) | choice.excused).all()


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize("seed", SEEDS)
def test_bound_against_all_plans(seed, cloud):
    task = tiny_task(tiny_case(seed, cloud=cloud))
    best = min(cost_by_hand(task, host, server) for host in every_host(task) for server in every_server(task))
    for policy, gap in (("lagrangian", None), ("lagrangian", 0.0), ("exact", 0.0)):
        solution = solve(task.problem, policy, gap=gap)
        placed = place_services(task, solution, gap=gap)
        assert placed.lower_bound <= best * (1 + 1e-12)
        assert placed.cost >= best * (1 - 1e-12)
        assert placed.lower_bound > solution.lower_bound  # services cost something everywhere
        assert placed.gap == pytest.approx(placed.cost / placed.lower_bound - 1)


@pytest.mark.parametrize("seed", range(3))
def test_any_prices_bound_all_plans(seed):
    task = tiny_task(tiny_case(seed, cloud="services", services=3, users=3))
    problem = task.problem
    best = min(cost_by_hand(task, host, server) for host in every_host(task) for server in every_server(task))
    rng = np.random.default_rng(seed)
    for _ in range(100):
        price = rng.uniform(0, 3, problem.users)
        congestion = rng.uniform(0, 4, problem.stations) * problem.root_work.mean() / problem.cpu
        certificate = certify(problem, price, congestion, np.zeros(problem.stations))
        assert services_bound(task, certificate) <= best


def test_bound_of_a_branch_and_cut_certificate_needs_no_prices():
    task = tiny_task(tiny_case(0))
    alone = services_bound(task, Certificate("branch-and-cut", searched=1.0))
    least = sum(min(s**2 / task.cpu) for s in task.root_work) / task.problem.users
    assert alone == pytest.approx(1.0 + task.problem.alpha * least)


@pytest.mark.parametrize("policy", ["greedy", "local_search", "lagrangian"])
@pytest.mark.parametrize("deadlines", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_alternation_is_never_worse(seed, deadlines, policy):
    task = tiny_task(tiny_case(seed, deadlines=deadlines, cloud="services", users=12, stations=5, services=3))
    solution = solve(task.problem, policy)
    placed = place_services(task, solution)
    for before, after in zip(placed.steps, placed.steps[1:], strict=False):
        assert (after.violations, after.late) <= (before.violations, before.late)
        assert after.cost < before.cost or after.late < before.late
    assert placed.cost == placed.steps[-1].cost
    assert len(placed.late) <= placed.steps[-1].late
    server = np.array([each.server for each in placed.services])
    host = placed.solution.placement.host
    if not deadlines:
        assert placed.cost == pytest.approx(cost_by_hand(task, host, server), rel=1e-12)
    assert placed.solution.placement.open[server[server < task.problem.stations]].all()
    terms = placed.solution.evaluation.cost + task.problem.alpha * placed.latency_s
    assert placed.cost == pytest.approx(terms, rel=1e-12)


def test_alternation_moves_twins_towards_their_service():
    """One service with vast extracts: all members end on its server, which users alone would not do."""
    text = (
        "schema_version: 1\nname: near\nstations: {generate: {count: 4}, opening_s: 0.01, capacity_users: all}\n"
        "users: {generate: {count: 20}}\nobjective: {deadlines: false}\nbackhaul: {latency_s_per_bit_m: 1.0e-10}\n"
        "services: [{name: vast, members: {where: 'x_m >= 0'}, extracted_mbit: 1000, work_gcycles: 0.1}]\n"
    )
    case = twinhop.plans.planning.make_case(parse_scenario(text))
    task = tiny_task(case)
    placed = place_services(task, solve(case.problem, "lagrangian"))
    assert len(placed.steps) > 1
    assert np.unique(placed.solution.placement.host).tolist() == [placed.services[0].server]
    assert placed.services[0].summed_feed_s == 0


@pytest.mark.parametrize("deadlines", [False, True])
def test_pinned_problem_costs_what_users_and_services_cost(deadlines):
    task = tiny_task(tiny_case(1, deadlines=deadlines, cloud="services"))
    for host in list(every_host(task))[::11]:
        choice = best_servers(task, opened_hosts(task, host), opening_given=False)
        pinned = pinned_problem(task, host, choice.server, choice.excused)
        both = Placement.of_hosts(np.append(host, choice.server), len(task.server_ids))
        priced = evaluate(pinned, both)
        assert priced.feasible
        assert priced.cost == pytest.approx(joint_cost(task, host, choice.server, choice.excused).cost, rel=1e-12)


def test_baselines_keep_their_hosts():
    case = tiny_case(2, users=8, stations=4)
    solution = solve(case.problem, "nearest")
    placed = place_services(tiny_task(case), solution)
    np.testing.assert_array_equal(placed.solution.placement.host, solution.placement.host)
    np.testing.assert_array_equal(placed.solution.placement.open, solution.placement.open)
    assert (placed.lower_bound, placed.gap, placed.turns) == (None, None, 0)


CITY = """
schema_version: 1
name: city
stations: {generate: {count: 4}}
users: {generate: {count: 30}}
cloud: {latency_ms: 20, cpu_gcycles_per_s: 500}
services:
  - {name: heat, members: {where: 'x_m < 900'}, extracted_mbit: 0.01, work_gcycles: 40}
  - {name: brake, members: {where: 'x_m < 900'}, extracted_mbit: 0.01, work_gcycles: 0.01, deadline_ms: 15}
  - {name: magic, members: {where: 'x_m < 900'}, extracted_mbit: 0.01, work_gcycles: 50, deadline_ms: 15}
"""


def test_heavy_work_goes_to_the_cloud_and_what_is_urgent_stays_at_the_edge():
    plan = twinhop.plan(parse_scenario(CITY))
    heat, brake, magic = plan.services.services
    assert heat.server_name == "cloud"
    assert brake.server_name != "cloud" and brake.kept is True
    assert brake.latency_s <= 0.015 * (1 + 1e-8)
    assert magic.kept is False
    assert magic.best_server_name == "cloud"
    assert magic.best_latency_s == pytest.approx(0.020 + 50e9 / 500e9)
    assert "no server meets it; the best is cloud with 120 ms" in magic.in_words()
    assert plan.feasible and plan.gap is not None and 0 <= plan.gap < 0.05


def test_services_take_cpu_of_the_twins_beside_them():
    plan = twinhop.plan(parse_scenario(CITY))
    brake = plan.services.services[1]
    beside = plan.solution.placement.host == brake.server
    shares = plan.evaluation.share[beside].sum() + brake.share_cycles_per_s
    assert beside.any()
    assert shares == pytest.approx(plan.case.problem.cpu[brake.server], rel=1e-9)


def test_eta_of_zero_is_refused():
    case = twinhop.plans.planning.make_case(parse_scenario(CITY + "objective: {eta_s: 0}\n"))
    with pytest.raises(InputError, match="need objective.eta_s above 0"):
        service_task(case.problem, case.world)


def test_same_seed_same_plan():
    first, second = (twinhop.plan(parse_scenario(CITY)) for _ in range(2))
    drop = {"seconds": None}
    assert {**first.to_json(), **drop} == {**second.to_json(), **drop}
    assert math.isfinite(first.cost)


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize("seed", SEEDS)
def test_bound_with_deadlines_against_all_plans_that_keep_them(seed, cloud):
    task = tiny_task(tiny_case(seed, deadlines=True, cloud=cloud))
    placed = place_services(task, solve(task.problem, "lagrangian"))
    excused = np.array([each.kept is False for each in placed.services])
    best = math.inf
    for host in every_host(task):
        for server in every_server(task):
            if cost_by_hand(task, host, server) >= best:  # minimum shares only make it dearer
                continue
            priced = joint_cost(task, host, server, excused)
            if (meets(task, host, server, priced.share) | excused).all():
                best = min(best, priced.cost)
    assert placed.lower_bound <= best * (1 + 1e-12)
    assert placed.cost >= best * (1 - 1e-9)
