"""Plans of users and services close to a present placement: against all plans of tiny cities."""

import numpy as np
import pytest
from tiny_cities import every_host, every_server, joint_cost, tiny_case, tiny_task

from twinhop.plans.request import plan_request, replan
from twinhop.plans.saved_placement import SavedPlacement


def of_hosts(problem, host):
    """A saved placement of a problem, from nowhere."""
    opened = np.zeros(problem.stations, bool)
    opened[host] = True
    stations = tuple(map(problem.station_name, range(problem.stations)))
    users = tuple(map(problem.user_name, range(problem.users)))
    return SavedPlacement("now.json", stations, users, np.asarray(host, np.int64), opened)


def some_host(task, seed):
    """One of all feasible hosts of the users' twins."""
    hosts = list(every_host(task))
    return hosts[np.random.default_rng(seed).integers(len(hosts))]


@pytest.mark.parametrize("policy", ["lagrangian", "exact", "nearest"])
@pytest.mark.parametrize("move_cost_s", [0.0, 0.02, 0.2, 1e3])
@pytest.mark.parametrize("cloud", ["none", "services"])
@pytest.mark.parametrize("seed", range(2))
def test_the_bound_holds_and_the_cost_is_that_of_users_services_and_moves(seed, cloud, move_cost_s, policy):
    case = tiny_case(seed, cloud=cloud)
    task = tiny_task(case)
    here = some_host(task, seed)
    plan = replan(plan_request(case, (), of_hosts(case.problem, here), move_cost_s), policy)

    def moves_cost(host):
        return case.problem.alpha * move_cost_s * np.mean(np.asarray(host) != here)

    host = plan.solution.placement.host
    server = np.array([each.server for each in plan.services.services])
    assert plan.moves.cost == pytest.approx(moves_cost(host), abs=1e-15)
    if policy == "nearest":
        return
    assert plan.own_cost == pytest.approx(joint_cost(task, host, server).cost, rel=1e-9)
    assert plan.cost == pytest.approx(plan.own_cost + plan.moves.cost, rel=1e-9)
    best = min(
        joint_cost(task, other, servers).cost + moves_cost(other)
        for other in every_host(task)
        for servers in every_server(task)
    )
    assert plan.lower_bound <= best * (1 + 1e-9) <= plan.cost * (1 + 2e-9)
    stays = min(joint_cost(task, here, servers).cost for servers in every_server(task))
    assert plan.cost <= stays * (1 + 1e-9)
    if move_cost_s == 1e3:
        assert (host == here).all()


def test_who_loses_the_host_moves_and_the_others_stay():
    case = tiny_case(1, cloud="services", users=8, stations=4)
    here = replan(plan_request(case), "greedy")
    failed = int(here.solution.placement.host[0])
    plan = replan(plan_request(case, [case.problem.station_name(failed)], here, 1e3), "lagrangian")
    gone = here.solution.placement.host == failed
    assert plan.moves.users.tolist() == np.flatnonzero(gone).tolist() and plan.moves.host_gone.all()
    assert plan.failure.reference.moves.users.size == 0
    assert failed not in [each.server for each in plan.services.services]
    assert plan.lower_bound <= plan.cost
