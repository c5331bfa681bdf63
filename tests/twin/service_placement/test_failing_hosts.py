"""Plans of users and services without hosts that fail: against all plans of tiny cities."""

import numpy as np
import pytest
from tiny_cities import every_host, every_server, joint_cost, tiny_case, tiny_task

from twinhop.plans.failure import loss_bounds, without_hosts
from twinhop.plans.request import plan_request, replan


def optimum(case):
    """The least cost of users and services; infinite where the seats do not suffice."""
    task = tiny_task(case)
    costs = [joint_cost(task, host, server).cost for host in every_host(task) for server in every_server(task)]
    return min(costs, default=np.inf)


@pytest.mark.parametrize("policy", ["lagrangian", "exact"])
@pytest.mark.parametrize("cloud", ["none", "services", "hosts"])
@pytest.mark.parametrize("seed", range(2))
def test_bounds_and_losses_hold_against_all_plans(seed, cloud, policy):
    case = tiny_case(seed, cloud=cloud)
    best = optimum(case)
    for failed in np.flatnonzero(case.problem.capacity > 0).tolist():
        name = case.problem.station_name(failed)
        plan = replan(plan_request(case, [name]), policy)
        reduced = optimum(without_hosts(case, np.array([failed]))[0])
        assert plan.feasible and np.isfinite(reduced)
        assert plan.lower_bound <= reduced * (1 + 1e-9) <= plan.cost * (1 + 2e-9)
        low, high = loss_bounds(plan)
        assert low - 1e-9 <= reduced - best <= high + 1e-9
        assert failed not in plan.solution.placement.host
        assert failed not in [each.server for each in plan.services.services]


@pytest.mark.parametrize("policy", ["greedy", "lagrangian"])
@pytest.mark.parametrize("seed", range(3))
def test_a_host_that_nothing_runs_on_costs_nothing_when_it_fails(seed, policy):
    case = tiny_case(seed, cloud="services", users=12, stations=6, services=3, deadlines=True)
    reference = replan(plan_request(case), policy)
    used = {*reference.solution.placement.host.tolist(), *(each.server for each in reference.services.services)}
    for spare in sorted(set(np.flatnonzero(case.problem.capacity > 0).tolist()) - used):
        plan = replan(plan_request(case, [case.problem.station_name(spare)]), policy)
        late = [len(each.services.late) for each in (plan, reference)]
        assert late[0] < late[1] or (late[0] == late[1] and plan.cost <= reference.cost * (1 + 1e-12))
        assert plan.failure.reference.cost == reference.cost


def test_services_that_run_elsewhere_are_told():
    case = tiny_case(1, cloud="none", users=8, stations=4)
    reference = replan(plan_request(case), "lagrangian")
    service = reference.services.services[0]
    plan = replan(plan_request(case, [service.server_name]), "lagrangian")
    moved = {each["service"]: each for each in plan.to_json()["services_moved"]}
    assert moved[service.name]["from_id"] == service.server_name
    assert moved[service.name]["to_id"] == plan.services.services[0].server_name != service.server_name
    told = f"{service.name} on {plan.services.services[0].server_name} instead of {service.server_name}"
    assert told in plan.report()
    assert "2 services, latency over all users [s]" in plan.report()
