"""The field ``why`` of a page: what every other host would cost each twin, as `twinhop.explain` says of one."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from twinhop.output.page.column import shown_reals, wholes
from twinhop.output.page.map_data import drawn_users
from twinhop.plans.every_relocation import (
    MOST_PRICED_SHARES,
    OBSTACLES,
    Relocations,
    every_relocation,
    priced_shares,
)
from twinhop.plans.needed_servers import bound_without
from twinhop.plans.result import Plan, plan_of_users_alone

#: Pairs of a user and a host that a page holds, at most: where there are more, the cheapest hosts of each user.
MOST_PAIRS = 120_000
#: Hosts that are kept of each user at least.
LEAST_HOSTS = 3
#: What the worth of a station is.
WORTH = (
    "What every plan that leaves this server shut and keeps the same deadlines costs more than this plan, at least: "
    "proved by the prices of the plan's bound. Nothing is stated where these prove nothing."
)


def why_fields(plan: Plan) -> tuple[dict[str, Any], list[str]]:
    """The field ``why`` of a plan, and notes on what it leaves out; nothing where the plan's cost is infinite."""
    if not math.isfinite(plan.cost):
        return {}, []
    notes = []
    if plan.services is not None:
        notes.append("What other hosts would cost is of the twins of users alone, as the command explain has it.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plan = plan_of_users_alone(plan, "an explanation")
    problem, placement = plan.solution.problem, plan.solution.placement
    users = drawn_users(problem.users)
    if not math.isfinite(plan.cost):
        return {}, []
    if priced_shares(problem, placement, users) > MOST_PRICED_SHARES:
        return {}, ["What other hosts would cost is left out for so many users; the command explain says it of one."]
    result = every_relocation(problem, placement, users)
    count = result.hosts.size
    most = max(LEAST_HOSTS, MOST_PAIRS // max(1, users.size))
    if count > most:
        notes.append(
            f"Of the {count} hosts the {most} cheapest of each user are listed, those that cannot take it last."
        )
    return {
        "why": {"of_plan": 0, "complete": count <= most, "obstacles": list(OBSTACLES), **_columns(result, most)}
    }, notes


def _columns(result: Relocations, most: int) -> dict[str, Any]:
    """All hosts in the same order, or the cheapest of each user; what has no cost is last, padded with -1."""
    unknown = np.isnan(result.change)
    change = np.where(unknown, 0.0, result.change)
    hosts = np.broadcast_to(result.hosts, result.change.shape)
    obstacle = result.obstacle
    if result.hosts.size > most:
        order = np.lexsort((change, obstacle > 0, unknown), axis=1)[:, :most]
        change, hosts, obstacle, unknown = (
            np.take_along_axis(each, order, 1) for each in (change, hosts, obstacle, unknown)
        )
        hosts = np.where(unknown, -1, hosts)
    return {
        "hosts": wholes(hosts),
        "cost_change": shown_reals(change),
        "feasible": wholes(obstacle == 0),
        "obstacle": wholes(obstacle),
    }


def worth(plan: Plan, sites: int) -> dict[str, Any]:
    """The columns ``worth`` of a plan's stations; nothing where the plan has no certificate by prices.

    With services, or where the plan is to survive failures, the prices are not of its whole bound.
    """
    if plan.services is not None or plan.spare is not None:
        return {}
    bounds = bound_without(plan.solution)
    if bounds is None:
        return {}
    above = np.full(sites, np.nan)
    above[: bounds.size] = np.where(bounds > plan.cost, bounds - plan.cost, np.nan)
    return {"worth": shown_reals(above, down=True), "worth_kind": WORTH}
