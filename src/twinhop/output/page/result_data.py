"""The data of pages of more than one plan: surveys of failures, comparisons, trade-offs, joint plans."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from twinhop._version import __version__
from twinhop.output.page.column import reals
from twinhop.output.page.plan_data import (
    MOST_ROWS,
    case_fields,
    failure_entries,
    finite,
    most_failures,
    plan_entry,
    plan_page,
    table,
)
from twinhop.output.plans.failure_words import WORDS, missed, sentences, title
from twinhop.placement import Solution
from twinhop.placement.tradeoff_point import TradeoffPoint
from twinhop.plans.comparison import Comparison
from twinhop.plans.failure_survey import FailureSurvey
from twinhop.plans.joint_plan import JointPlan
from twinhop.plans.result import Plan
from twinhop.plans.seed_comparison import SeedComparison
from twinhop.plans.tradeoff import Tradeoff, status
from twinhop.units import with_unit

#: Numbers by user that the plans of a page hold together, at most; beyond, plans after the first have none.
MOST_USER_NUMBERS = 4_000_000


def survey_page(survey: FailureSurvey) -> dict[str, Any]:
    """The data of a page about a plan and what becomes of it after each failure."""
    document = plan_page(survey.plan)
    document["title"] = f"Plan of {survey.plan.case.name}, and what if servers fail"
    shown = survey.ranked[: most_failures(document)]
    plans, what_ifs = failure_entries(survey.plan, shown, document["stations"]["count"], len(document["plans"]))
    document["plans"] += plans
    document["what_ifs"] = [*document.get("what_ifs", []), *what_ifs]
    document["notes"] += list(sentences(survey))
    if len(shown) < len(survey.cases):
        document["notes"].append(
            f"Of {len(survey.cases)} failures the worst {len(shown)} are here; failures.csv has all."
        )
    document["table"] = [*document.get("table", []), *_failure_table(survey)]
    return document


def _failure_table(survey: FailureSurvey) -> list[dict[str, Any]]:
    """A row a failure, the worst first; costs are changes."""
    problem = survey.plan.case.problem
    header = (
        *("fails", with_unit("cost change", problem.money_unit), "at least", "at most"),
        *("its twins", "twins that move", "late", "constraints", "broken"),
    )
    body = [
        (
            survey.names(case),
            finite(survey.change(case)),
            *map(finite, survey.change_interval(case)),
            problem.twins_in(case.displaced),
            None if case.cost is None else problem.twins_in(case.moved),
            None if case.cost is None else problem.twins_in(missed(case)),
            WORDS[case.status],
            case.violations,
        )
        for case in survey.ranked[:MOST_ROWS]
    ]
    return table(title(survey), header, body)


def comparison_page(comparison: Comparison) -> dict[str, Any]:
    """The data of a page about policies on one world: a plan each, and the bound that all are judged by."""
    if not comparison.plans:
        return {}
    best = min(comparison.plans, key=_rank)
    fields = case_fields(best, "comparison", f"Policies on {comparison.case.name}")
    fields["notes"] += [each.in_words() for each in comparison.failures]
    sites = fields["stations"]["count"]
    plans = []
    for plan in comparison.plans:
        entry = plan_entry(plan, plan.solution.policy, sites, brief=True)
        plans.append({**entry, "gap": finite(comparison.gap(plan)), "own_gap": entry["gap"]})
    return {
        **fields,
        "plans": _lighter(plans, fields["users"]["count"]),
        "comparison": {
            "lower_bound": finite(comparison.lower_bound),
            "bound_by": comparison.bound_by,
            "best": comparison.plans.index(best),
        },
    }


def _rank(plan: Plan) -> tuple[bool, float]:
    return not plan.feasible, plan.cost


def _lighter(plans: list[dict[str, Any]], users: int) -> list[dict[str, Any]]:
    """The plans, those after the first without numbers by user where these would be too many."""
    if users * len(plans) <= MOST_USER_NUMBERS:
        return plans
    return [plans[0], *({name: each[name] for name in each if name != "latency_s_by_user"} for each in plans[1:])]


def seeds_page(comparison: SeedComparison) -> dict[str, Any]:
    """The data of a page about policies on the worlds of several seeds: costs and gaps, and no map."""
    unit = comparison.money_unit
    rows = comparison.rows()
    costs = np.array([[_nan(each.cost) for each in world.policies] for world in comparison.worlds])
    bounds = np.array([_nan(world.lower_bound) for world in comparison.worlds])
    gaps = [[_nan(world.gap(at)) for world in comparison.worlds] for at in range(len(comparison.policies))]
    columns = (
        *("policy", with_unit("cost", unit), "gap, IQM [%]", "95 % interval from [%]", "to [%]"),
        *("gap, worst [%]", "feasible [%]"),
    )
    cells = [
        (
            row["policy"],
            finite(row["cost"]),
            _percent(row["gap_iqm"]),
            *map(_percent, row["gap_iqm_interval"] or (None, None)),
            _percent(row["gap_worst"]),
            _percent(row["feasible_share"]),
        )
        for row in rows
    ]
    by_world = [
        (world.seed, finite(world.lower_bound), *(finite(each.cost) for each in world.policies))
        for world in comparison.worlds
    ]
    return {
        "kind": "comparison",
        "title": f"Policies on {comparison.name}, {comparison.seeds_in_words()}",
        "twinhop": __version__,
        "source": comparison.name,
        "attribution": list(comparison.attribution),
        "notes": [comparison.bound_in_words(), *comparison.notes],
        "warnings": [],
        "cost_unit": {"name": unit or "s", "factor": 1.0},
        "sense": "a month" if unit else "mean per user",
        "worlds": {
            "seed": reals([world.seed for world in comparison.worlds], "f64"),
            "policies": list(comparison.policies),
            "cost": reals(costs, "f64"),
            "gap": reals(np.array(gaps).T.reshape(len(comparison.worlds), -1), "f64"),
            "lower_bound": reals(bounds, "f64"),
        },
        "table": [
            *table("Policies over all worlds", columns, cells),
            *table("World by world: cost", ("seed", "lower bound", *comparison.policies), by_world),
        ],
    }


def tradeoff_page(tradeoff: Tradeoff) -> dict[str, Any]:
    """The data of a page about numbers of servers: a plan for each that has one."""
    from twinhop.output.plans.tradeoff import knee_in_words, remarks, verdict

    points = [point for point in tradeoff.points if point.placement is not None and point.evaluation is not None]
    if not points:
        return {}
    best = tradeoff.best or points[0]
    fields = case_fields(_plan_of(tradeoff, best), "tradeoff", f"Cost of {tradeoff.case.name} by number of servers")
    fields["notes"] += [text for text in (verdict(tradeoff), knee_in_words(tradeoff), *remarks(tradeoff)) if text]
    sites, knee = fields["stations"]["count"], tradeoff.knee
    plans = [_point_entry(tradeoff, point, sites) for point in points]
    return {
        **fields,
        "plans": _lighter(plans, fields["users"]["count"]),
        "tradeoff": {
            "fewest": tradeoff.curve.fewest,
            "most": tradeoff.curve.most,
            "best": best.servers,
            "may_be_best": list(tradeoff.may_be_best),
            "knee": None if knee is None else _knee(knee),
            "lower_bound": finite(tradeoff.lower_bound),
            "points": [
                {"servers": point.servers, "status": status(point), "lower_bound": finite(point.lower_bound)}
                for point in tradeoff.points
            ],
        },
    }


def _knee(knee: Any) -> dict[str, Any]:
    return {"servers": knee.servers, "may_be": list(knee.may_be), "proved": bool(knee.proved)}


def _plan_of(tradeoff: Tradeoff, point: TradeoffPoint) -> Plan:
    """The plan of one number of servers; its bound is that of the point."""
    assert point.placement is not None and point.evaluation is not None
    solution = Solution(
        problem=tradeoff.case.problem,
        policy="lagrangian",
        placement=point.placement,
        evaluation=point.evaluation,
        certificate=None,
        seconds=0.0,
        seed=tradeoff.case.seed,
        interrupted=False,
        timed_out=False,
    )
    return Plan(tradeoff.case, solution)


def _point_entry(tradeoff: Tradeoff, point: TradeoffPoint, sites: int) -> dict[str, Any]:
    name = f"{point.servers} server{'' if point.servers == 1 else 's'}"
    entry = plan_entry(_plan_of(tradeoff, point), name, sites, brief=True)
    bound = {"lower_bound": finite(point.lower_bound), "gap": finite(point.gap), "servers": point.servers}
    return {**entry, **bound, "verdict": "No plan that opens so many servers costs less than the lower bound."}


def joint_page(plan: JointPlan) -> dict[str, Any]:
    """The data of a page about the dearest of many cases that were planned together, and a table of all."""
    from twinhop.output.plans.joint_plan import own_sentence, verdict

    label = plan.labels[plan.dearest]
    document = plan_page(plan.plan_of(plan.dearest))
    document["title"] = f"One plan for {len(plan.cases)} {plan.noun}s of {plan.name}: {label}, the dearest"
    document["plans"][0]["name"] = label
    document["notes"] += [text for text in (verdict(plan), own_sentence(plan)) if text]
    document["table"] = [
        *_case_table(plan),
        *document.get("table", []),
    ]
    return document


def _case_table(plan: JointPlan) -> list[dict[str, Any]]:
    """A row a case."""
    cost, bound = (with_unit(name, plan.money_unit) for name in ("cost", "own bound"))
    header = (plan.noun, "users", cost, "latency [s]", "in use", bound, "above it [%]", "weight")
    body = [
        (
            f"{row['case']}{' (dearest)' if row['dearest'] else ''}",
            row["users"],
            finite(row["cost"]),
            finite(row["latency_s"]),
            row["in_use"],
            finite(row["own_lower_bound"]),
            _percent(row["above_own"]),
            finite(row["weight_in_bound"]),
        )
        for row in plan.rows()
    ]
    return table(f"All {plan.noun}s", header, body)


def _percent(value: float | None) -> float | None:
    return finite(None if value is None else 100 * value)


def _nan(value: float | None) -> float:
    return math.nan if value is None or not math.isfinite(value) else float(value)
