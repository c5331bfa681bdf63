"""When the constants of a scenario make its problem meaningless or infeasible, and what to change."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twinhop import network
from twinhop.formulation import placement_work
from twinhop.plans.description import Description, possible_hosts
from twinhop.plans.planner_warnings import PlannerWarning, world_warnings
from twinhop.scenario.schema.readings import ROW_UNLINKED
from twinhop.text import counted, counted_users
from twinhop.units import CYCLES_PER_GCYCLE

#: Shares of users above which a warning is due [1].
MANY_BEHIND, MANY_UNMEETABLE = 0.5, 0.2
#: Above this part of the latency [1] no decision matters: the host changes neither rate nor size.
RADIO_DOMINATES = 0.95


def warnings_of(description: Description) -> tuple[PlannerWarning, ...]:
    """The warnings that a description gives rise to, the gravest first; those of the world are those of a plan."""
    checks = {
        "unmeetable_deadlines": _deadlines,
        "deadlines_beyond_cpu": _joint_deadlines,
        "updates_beyond_cpu": _cpu,
        "updates_slower_than_period": _behind,
        "radio_decides": _radio,
        "one_server_only": _opening,
    }
    seats = tuple(PlannerWarning("too_few_seats", text) for text in _seats(description))
    others = (PlannerWarning(code, text) for code, check in checks.items() for text in check(description))
    return (*seats, *world_warnings(description.world, description.radio), *others)


def _seats(description: Description) -> Iterator[str]:
    users, seats = description.world.people, description.world.seats
    if seats < users:
        yield (
            f"{counted_users(users)} for {counted(seats, 'seat')}: no plan can exist; raise "
            "stations.capacity_users or let more stations host"
        )


def _deadlines(description: Description) -> Iterator[str]:
    if description.unmeetable is None:
        return
    share = float(description.unmeetable.mean())
    if share > MANY_UNMEETABLE:
        yield (
            f"{_percent(share)} of the deadlines are unmeetable, even for a twin alone on the best server: the problem "
            "means little; raise users.deadline_ms or radio.bandwidth_mhz, or lower users.update_mbit"
        )


def _joint_deadlines(description: Description) -> Iterator[str]:
    needed, total = description.least_cpu_cycles_per_s, description.deadline_cpu_cycles_per_s
    if needed is not None and total is not None and needed > total:
        yield (
            f"the meetable deadlines need {needed / CYCLES_PER_GCYCLE:.4g} Gcycle/s, all servers that could keep one "
            f"together have {total / CYCLES_PER_GCYCLE:.4g}: no plan can keep them; raise "
            "stations.cpu_gcycles_per_s or the deadlines"
        )


def _cpu(description: Description) -> Iterator[str]:
    load = description.total_update_load
    if load is not None and load > 1:
        yield (
            f"updates alone take {_percent(load)} of the CPU of all servers: twins fall behind everywhere; raise "
            "stations.cpu_gcycles_per_s or objective.sync_period_s"
        )


def _behind(description: Description) -> Iterator[str]:
    period_s = description.world.sync_period_s
    share = float((description.update_s > period_s).mean())
    if share > MANY_BEHIND:
        yield (
            f"{_percent(share)} of the updates take longer than the period of {period_s:g} s on the access host: most "
            "twins cannot keep up; raise objective.sync_period_s, radio.bandwidth_mhz or the CPU"
        )


def _radio(description: Description) -> Iterator[str]:
    if description.radio_share > RADIO_DOMINATES:
        yield (
            f"the radio is {_percent(description.radio_share)} of the latency, and no placement changes it: all plans "
            "cost nearly the same; raise radio.bandwidth_mhz, or the work per bit in compute"
        )


def _opening(description: Description) -> Iterator[str]:
    """Proved, without deadlines: one server costs less than any plan with two, even if the latter pooled all CPU."""
    world = description.world
    users, hosts = len(world.user_ids), possible_hosts(world)
    alone = hosts[world.host_capacity[hosts] >= users]
    free = world.readings.is_literal(ROW_UNLINKED)
    if free or world.deadline_s is not None or hosts.size < 2 or not alone.size or world.user_weight is not None:
        return
    work, cpu, opening = placement_work(world), world.host_cpu_cycles_per_s, world.host_opening_s
    weight = network.share_weights(work, world.cpu_rule)
    each = np.divide(work, weight, out=np.zeros_like(work), where=weight > 0)
    least_s = float(np.sqrt(work).sum() ** 2 / users / cpu[hosts].sum())
    one_s = description.wired_to_one_s[alone] + each.mean() * weight.sum() / cpu[alone]
    one = float((world.alpha * one_s + world.beta * opening[alone]).min())
    if one <= world.alpha * least_s + world.beta * float(np.sort(opening[hosts])[:2].sum()):
        remedy = "lower stations.opening_s or objective.beta"
        if world.rent_per_month is not None:
            remedy = "lower stations.cost_per_month, or raise money.second"
        yield f"opening costs so much that the best plan opens one server only: there is nothing to place; {remedy}"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
