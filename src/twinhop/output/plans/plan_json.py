"""The machine-readable answer of a plan, and of a problem proved infeasible."""

import math
from collections.abc import Sequence
from typing import Any

from twinhop.placement import InfeasibilityProof, Violation
from twinhop.plans.link_loads import link_loads
from twinhop.plans.planning import Case, Plan


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _violations(violations: Sequence[Violation]) -> list[dict[str, Any]]:
    return [
        {"kind": each.kind, "user": each.user, "station": each.station, "by": _finite(each.by)} for each in violations
    ]


def _literally(plan: Plan) -> dict[str, Any] | None:
    literal = plan.literal_evaluation
    if literal is None:
        return None
    terms = {"latency_s": literal.latency_s, "opening_s": literal.opening_s, "energy_j": literal.energy_j}
    return {"rows": list(literal.rows), "cost": _finite(literal.cost), "terms": terms}


def answer(plan: Plan) -> dict[str, Any]:
    """Cost, terms, certificate, constraints and hosts of a plan as JSON values.

    Stations and users are named by their index, a cloud that may host by the one after the stations; latencies in s,
    CPU shares in cycle/s. With a backhaul graph the most loaded links are named.
    """
    solution, problem = plan.solution, plan.case.problem
    evaluation = plan.evaluation
    return {
        "policy": solution.policy,
        "source": plan.case.name,
        "cost": _finite(plan.cost),
        "terms": {
            "latency_s": _finite(evaluation.latency_s),
            "opening_s": evaluation.opening_s,
            "energy_j": evaluation.energy_j,
        },
        "literal_evaluation": _literally(plan),
        "lower_bound": _finite(plan.lower_bound),
        "gap": _finite(plan.gap),
        "gap_net": _finite(plan.gap_net),
        "feasible": evaluation.feasible,
        "violations": _violations(evaluation.violations),
        "unmeetable": problem.unmeetable.tolist(),
        "open": [k for k, opened in enumerate(solution.placement.open.tolist()) if opened],
        "host": solution.placement.host.tolist(),
        "cpu_share": evaluation.share.tolist() if problem.has_deadlines else None,
        "users": problem.users,
        "stations": problem.stations,
        "seconds": solution.seconds,
        "seed": solution.seed,
        "interrupted": solution.interrupted,
        "timed_out": solution.timed_out,
        "shadow_prices": _shadow_prices(plan),
        **_services(plan),
        **_most_loaded_links(plan),
        **_moves(plan),
        **({} if plan.failure is None else plan.failure.to_json(plan)),
        **({"notes": list(plan.notes)} if plan.notes else {}),
    }


def _shadow_prices(plan: Plan) -> list[dict[str, Any]] | None:
    return None if plan.shadow_prices is None else [worth.to_json() for worth in plan.shadow_prices]


def _moves(plan: Plan) -> dict[str, Any]:
    """What leaves its present host; without a present placement no field."""
    if plan.moves is None:
        return {}
    return {
        "own_cost": _finite(plan.own_cost),
        "moves_cost": plan.moves.cost,
        "move_cost_s": plan.moves.move_cost_s,
        "moves": plan.moves.to_json(plan.solution.placement.host),
        "new_users": plan.moves.present.new_users.tolist(),
    }


def _services(plan: Plan) -> dict[str, Any]:
    """Where services run and what they take; without services no field."""
    placed = plan.services
    if placed is None:
        return {}
    return {
        "services": [each.to_json() for each in placed.services],
        "services_latency_s": placed.latency_s,
        "users_lower_bound": _finite(plan.solution.lower_bound),
        "service_turns": placed.turns,
        "service_steps": [{"late": each.late, "cost": _finite(each.cost)} for each in placed.steps],
        "servers_proved_best": placed.proved,
    }


def _most_loaded_links(plan: Plan) -> dict[str, Any]:
    """The links of a backhaul graph that carry most; without a graph no field."""
    loads = link_loads(plan)
    return {} if loads is None else {"most_loaded_links": [loads.describe(link) for link in loads.most_loaded()]}


def infeasible_answer(case: Case, policy: str, proof: InfeasibilityProof) -> dict[str, Any]:
    """The same fields for a problem without any feasible plan, and the proof."""
    nothing = (
        "cost",
        "shadow_prices",
        "terms",
        "literal_evaluation",
        "lower_bound",
        "gap",
        "gap_net",
        "host",
        "cpu_share",
        "seconds",
    )
    return {
        "policy": policy,
        "source": case.name,
        **dict.fromkeys(nothing),
        "feasible": False,
        "violations": [],
        "unmeetable": case.problem.unmeetable.tolist(),
        "open": [],
        "users": case.problem.users,
        "stations": case.problem.stations,
        "seed": case.seed,
        "interrupted": False,
        "timed_out": False,
        "proof": {
            "kind": proof.kind,
            "message": proof.message,
            "users": list(proof.users),
            "stations": list(proof.stations),
            "minimal": proof.minimal,
        },
    }
