"""How a plan is shown: plain values, report, map and tables; and the plain values of a problem proved infeasible."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twinhop.errors import InputError
from twinhop.io.json_text import json_text
from twinhop.io.table_values import without_infinities
from twinhop.output.kit.answers import write_answer
from twinhop.output.kit.excel import write_sheets
from twinhop.output.kit.style import save_figure
from twinhop.output.kit.tables import write_csv
from twinhop.output.plans.change_tables import steps_json
from twinhop.output.plans.money_rows import terms_to_json
from twinhop.output.plans.plan_sheets import plan_sheets
from twinhop.output.plans.report import plan_report
from twinhop.output.plans.spare_report import spare_values
from twinhop.placement import InfeasibilityProof, PlacementProblem, Prices, Violation
from twinhop.placement.certificate import all_plans
from twinhop.placement.decision import Ending
from twinhop.plans.changes import site_numbers
from twinhop.plans.ids import with_ids
from twinhop.plans.link_loads import link_loads
from twinhop.plans.opened_servers import late_users
from twinhop.plans.result import Case, Plan
from twinhop.plans.service_levels import service_levels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def report(plan: Plan) -> str:
    """The report in Markdown."""
    return plan_report(plan)


def plot(plan: Plan, ax: Axes | None = None) -> Figure | Axes:
    """The map.

    Raises:
        InputError: the plan is of a problem file, which has no map.
    """
    from twinhop.output.plans.map_figure import draw_map, draw_map_on

    if plan.case.world is None:
        raise InputError(f"{plan.case.name}: is a problem file, which has no positions and so no map")
    if ax is None:
        return draw_map(plan)
    draw_map_on(ax, plan)
    return ax


def write(plan: Plan, folder: Path) -> None:
    """Write placement.json, report.md, servers.csv, users.csv, associations.parquet and .csv.

    For scenarios also map.geojson and a map; where hosts fail also moves.csv, and with a present placement that and
    changes.csv; where the extra `excel` is installed, plan.xlsx.
    """
    write_answer(folder / "placement.json", named_answer(plan))
    (folder / "report.md").write_text(plan_report(plan), encoding="utf-8")
    _write_associations(plan, folder)
    write_sheets(folder, "plan", plan_sheets(plan), csv=("Servers", "Users", "Moves", "Changes"))
    if plan.case.world is not None:
        from twinhop.output.plans.geojson import map_features

        (folder / "map.geojson").write_text(json_text(map_features(plan), indent=None), encoding="utf-8")
        save_figure(plot(plan), folder, "map")


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


def to_json(plan: Plan) -> dict[str, Any]:
    """Cost, terms, certificate, constraints and hosts of a plan as JSON values.

    Stations and users are named by their index, a cloud that may host by the one after the stations, and beside it by
    their id; latencies in s, CPU shares in cycle/s. With a backhaul graph the most loaded links are named.
    """
    return with_ids(_by_index(plan), plan.case.problem)


def _by_index(plan: Plan) -> dict[str, Any]:
    """The answer without ids beside its indices."""
    solution, problem = plan.solution, plan.case.problem
    evaluation = plan.evaluation
    return {
        "policy": solution.policy,
        "source": plan.case.name,
        **problem.unit_to_json,
        "cost": _finite(plan.cost),
        "terms": {
            "latency_s": _finite(evaluation.latency_s),
            "opening_s": evaluation.opening_s,
            "energy_j": evaluation.energy_j,
        },
        **terms_to_json(plan),
        "literal_evaluation": _literally(plan),
        "lower_bound": _finite(plan.lower_bound),
        "gap": _finite(plan.gap),
        "gap_net": _finite(plan.gap_net),
        "feasible": evaluation.feasible,
        "violations": _violations(evaluation.violations),
        "unmeetable": problem.unmeetable.tolist(),
        "warnings": [each.to_json() for each in plan.warnings],
        "open": [k for k, opened in enumerate(solution.placement.open.tolist()) if opened],
        "host": solution.placement.host.tolist(),
        "cpu_share_cycles_per_s": evaluation.share.tolist()
        if problem.has_deadlines or evaluation.late is not None
        else None,
        "users": problem.users,
        **({} if problem.weight is None else {"weight": problem.weight.tolist(), "people": problem.people}),
        "stations": problem.stations,
        **_ids(problem),
        "seconds": solution.seconds,
        "seed": solution.seed,
        "interrupted": solution.interrupted,
        "timed_out": solution.timed_out,
        "ended": solution.ended.value,
        "shadow_prices": _shadow_prices(plan),
        **_services(plan),
        **_most_loaded_links(plan),
        **_moves(plan),
        **({} if plan.move_order is None else {"move_order": steps_json(plan)}),
        **({} if plan.failure is None else plan.failure.to_json(plan)),
        **spare_values(plan),
        **_notes(plan),
    }


def _ids(problem: PlacementProblem) -> dict[str, list[str]]:
    """The ids of all users and stations, in the order of their indices."""
    return {
        "user_ids": [problem.user_name(i) for i in range(problem.users)],
        "station_ids": [problem.station_name(k) for k in range(problem.stations)],
    }


def _notes(plan: Plan) -> dict[str, Any]:
    """What is worth knowing; without any no field."""
    notes = [*plan.notes, *(each.message for each in plan.case.warnings)]
    return {"notes": notes} if notes else {}


def _shadow_prices(plan: Plan) -> list[dict[str, Any]] | None:
    return None if plan.shadow_prices is None else [worth.to_json() for worth in plan.shadow_prices]


def _moves(plan: Plan) -> dict[str, Any]:
    """What leaves its present host; without a present placement no field."""
    if plan.moves is None:
        return {}
    return {
        "own_cost": _finite(plan.own_cost),
        "moves_cost": plan.moves.cost,
        **({} if plan.moves.most is None else {"max_moves": plan.moves.most}),
        **({} if plan.moves.most_servers is None else {"max_server_changes": plan.moves.most_servers}),
        "move_cost_s": plan.moves.move_cost_s,
        "moves": [_move(each) for each in plan.moves.to_json(plan.solution.placement.host)],
        "new_users": plan.moves.present.new_users.tolist(),
        "left_user_ids": list(plan.moves.present.left_users),
        "closed_station_ids": list(plan.moves.present.closed_stations),
        "changes": [vars(each) for each in plan.moves.present.changes],
        "opened_servers": plan.moves.opened.tolist(),
        "shut_servers": plan.moves.shut.tolist(),
        "closed_server_ids": list(plan.moves.present.closed_servers),
    }


def _move(move: dict[str, Any]) -> dict[str, Any]:
    """A move, a station that is no more by its id alone."""
    return {("from_id" if key == "closed_station" else key): value for key, value in move.items()}


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
        "cpu_share_cycles_per_s",
        "seconds",
    )
    answer = {
        "policy": policy,
        "source": case.name,
        **case.problem.unit_to_json,
        **dict.fromkeys(nothing),
        "feasible": False,
        "violations": [],
        "unmeetable": case.problem.unmeetable.tolist(),
        "warnings": [each.to_json() for each in case.warnings],
        "open": [],
        "users": case.problem.users,
        "stations": case.problem.stations,
        **_ids(case.problem),
        "seed": case.seed,
        "interrupted": False,
        "timed_out": False,
        "ended": Ending.PROVEN.value,
        "proof": proof_values(proof),
        **({"notes": list(case.notes)} if case.notes else {}),
    }
    return {("host_ids" if key == "host_id" else key): value for key, value in with_ids(answer, case.problem).items()}


def proof_values(proof: InfeasibilityProof) -> dict[str, Any]:
    """A proof as plain values, users and stations by index."""
    return {
        "kind": proof.kind,
        "message": proof.message,
        "user_indices": list(proof.users),
        "station_indices": list(proof.stations),
        "minimal": proof.minimal,
    }


def named_answer(plan: Plan) -> dict[str, Any]:
    """What placement.json holds: the plain values, what the sites can do, and the certificate."""
    sites = {"sites": site_numbers(plan.with_all_hosts.case.problem)}
    return {**to_json(plan), "attribution": list(plan.case.attribution), "certificate": _prices(plan), **sites}


def _prices(plan: Plan) -> dict[str, Any] | None:
    """The prices from which `twinhop.placement.certify` recomputes the bound, and the parts of all plans.

    First the prices of the part that bounds least, then the parts, with their own prices where these are others; none
    where the one part is all plans.
    """
    certificate = plan.solution.certificate
    if certificate is None:
        return None
    if not certificate.parts:
        return {"method": certificate.method, **dict.fromkeys(Prices._fields), "parts": []}
    least = min(certificate.parts, key=lambda each: each.lower_bound).prices
    parts = [{**asdict(each.part), **_price_lists(each.prices, least)} for each in certificate.parts]
    unbranched = [each.part for each in certificate.parts] == [all_plans(plan.solution.problem)]
    return {"method": certificate.method, **_price_lists(least), "parts": [] if unbranched else parts}


def _price_lists(prices: Prices, common: Prices | None = None) -> dict[str, Any]:
    """Prices as lists; those that equal the common ones are left out."""
    lists = {}
    for name in Prices._fields:
        values = getattr(prices, name)
        if common is None or not np.array_equal(values, getattr(common, name)):
            lists[name] = None if values is None else values.tolist()
    return lists


def _write_associations(plan: Plan, folder: Path) -> None:
    """One row a user: host, access station, CPU share and what the user gets."""
    import polars as pl

    problem, placement = plan.case.problem, plan.solution.placement
    levels = service_levels(plan)
    late = np.zeros(problem.users, bool)
    late[list(late_users(plan))] = True
    columns: dict[str, Any] = {
        "user": [problem.user_name(i) for i in range(problem.users)],
        "host": [problem.station_name(int(k)) for k in placement.host],
        "host_index": placement.host,
        "cpu_share_cycles_per_s": plan.solution.evaluation.share,
        "placement_latency_s": levels.placement_latency_s,
        "construction_s": levels.construction_s,
        "update_s": levels.update_s,
        "utilisation": levels.utilisation,
        "mean_age_s": levels.mean_age_s,
        "peak_age_s": levels.peak_age_s,
        "energy_j": levels.energy_j,
        "utility": levels.utility,
    }
    if plan.evaluation.late is not None and problem.priced_deadlines is not None:
        columns |= {"deadline_s": problem.priced_deadlines.deadline_s, "late": plan.evaluation.late}
    if problem.has_deadlines:
        columns |= {"deadline_s": problem.deadline_s, "late": late}
        columns["unmeetable"] = np.isin(np.arange(problem.users), problem.unmeetable)
    world, radio = plan.case.world, plan.case.radio
    if world is not None and world.class_names:
        columns["class"] = [world.class_names[at] for at in world.user_class]
    if world is not None and radio is not None:
        columns |= {
            "x_m": world.user_xy_m[:, 0],
            "y_m": world.user_xy_m[:, 1],
            "access": [problem.station_name(int(k)) for k in radio.access],
            "access_rate_bps": radio.access_rate_bps,
        }
    frame = pl.DataFrame({name: values for name, values in columns.items() if values is not None})
    without_infinities(frame).write_parquet(folder / "associations.parquet")
    write_csv(folder, "associations", without_infinities(frame).to_dicts())
