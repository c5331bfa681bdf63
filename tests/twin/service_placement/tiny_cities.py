"""Tiny cities with services, small enough to try every placement of everything."""

import itertools
import math

import numpy as np

from twinhop.placement import Placement, evaluate
from twinhop.plans.planning import make_case
from twinhop.scenario import parse_scenario
from twinhop.twin.service_placement import joint_problem, service_task


def tiny_case(seed, *, deadlines=False, cloud="none", services=2, users=4, stations=3):
    """A city of a few users and stations; sizes that make extracts, work and openings matter alike."""
    rng = np.random.default_rng([seed, services])
    clouds = {
        "none": "",
        "services": f"cloud: {{latency_ms: {rng.uniform(1, 30):.3f}, cpu_gcycles_per_s: 60}}\n",
        "hosts": f"cloud: {{latency_ms: {rng.uniform(5, 40):.3f}, cpu_gcycles_per_s: 30, host: true}}\n",
    }
    rows = []
    for z in range(services):
        members = sorted(rng.choice(users, rng.integers(1, users + 1), replace=False).tolist())
        deadline = f", deadline_ms: {rng.uniform(20, 400):.3f}" if deadlines and rng.random() < 0.7 else ""
        rows.append(
            f"  - {{name: s{z}, members: {{ids: [{', '.join(f'u{i}' for i in members)}]}}, "
            f"extracted_mbit: {rng.uniform(0, 4):.4f}, work_gcycles: {rng.uniform(0, 1):.4f}, "
            f"period_s: {rng.uniform(0.5, 2):.4f}{deadline}}}\n"
        )
    return make_case(
        parse_scenario(
            f"schema_version: 1\nname: tiny\nseed: {seed}\nstations:\n  generate: {{count: {stations}}}\n"
            f"  opening_s: {{uniform: [0.01, 0.2]}}\n  capacity_users: {users - 1}\n"
            f"users: {{generate: {{count: {users}}}}}\nbackhaul: {{latency_s_per_bit_m: 1.0e-10}}\n"
            f"objective: {{deadlines: false}}\n{clouds[cloud]}services:\n{''.join(rows)}"
        )
    )


def tiny_task(case):
    return service_task(case.problem, case.world)


def joint_cost(task, host, server, excused=None):
    """The cost of users and services where they are, with every used server opened; by the joint problem."""
    excused = np.zeros(len(server), bool) if excused is None else excused
    both = Placement.of_hosts(np.append(host, server), len(task.server_ids))
    return evaluate(joint_problem(task, host, server, excused), both)


def cost_by_hand(task, host, server):
    """The same from the formulas, without deadlines."""
    problem = task.problem
    seconds = problem.comm_s[np.arange(problem.users), host].sum()
    for z, (service, wired) in enumerate(zip(task.services, task.wired_s, strict=True)):
        seconds += task.weight[z] * sum(wired[host[i], server[z]] for i in service.members)
    for k in range(len(task.server_ids)):
        load = problem.root_work[host == k].sum() + task.root_work[server == k].sum()
        seconds += load**2 / task.cpu[k]
    used = np.unique(np.append(host, server))
    opening = sum(problem.opening_s[k] for k in used if k < problem.stations)
    energy = 0.0 if problem.energy_j is None else problem.energy_j.mean()
    return problem.alpha / problem.users * seconds + problem.beta * (opening + energy)


def every_host(task):
    """All feasible hosts of the users' twins."""
    problem = task.problem
    hosts = np.flatnonzero(problem.capacity > 0)
    for host in itertools.product(hosts, repeat=problem.users):
        if (np.bincount(host, minlength=problem.stations) <= problem.capacity).all():
            yield np.array(host)


def every_server(task):
    """All servers of the services."""
    for server in itertools.product(np.flatnonzero(task.may_serve), repeat=len(task.services)):
        yield np.array(server)


def meets(task, host, server, share):
    """Services whose deadline holds with these CPU shares."""
    latency_s = []
    for z, (service, wired) in enumerate(zip(task.services, task.wired_s, strict=True)):
        last_s = max(wired[host[i], server[z]] for i in service.members)
        latency_s.append(last_s + service.work_cycles / share[task.problem.users + z])
    return np.array(latency_s) <= task.deadline_s * (1 + 1e-8)


def users_keep(task, priced):
    """Whether no constraint of the users' twins is broken."""
    return all(each.user is not None and each.user >= task.problem.users for each in priced.violations)


def best_of_all(task):
    """Of all plans the fewest missed deadlines and the least cost with so few, by trying every one."""
    best = (len(task.services) + 1, math.inf)
    due = np.flatnonzero(np.isfinite(task.deadline_s))
    excuses = [np.isin(np.arange(len(task.services)), each) for each in subsets(due)]
    for host in every_host(task):
        for server in every_server(task):
            least = cost_by_hand(task, host, server)
            for excused in excuses:
                late = int(excused.sum())
                if (late, least) >= best:  # minimum shares only make it dearer
                    continue
                priced = joint_cost(task, host, server, excused)
                if users_keep(task, priced) and (meets(task, host, server, priced.share) | excused).all():
                    best = min(best, (late, priced.cost))
    return best


def subsets(items):
    """All subsets, the smallest first."""
    return [each for size in range(len(items) + 1) for each in itertools.combinations(items, size)]
