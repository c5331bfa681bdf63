"""`twinhop plan` of a scenario with more links than are looked at one by one: on the nearest stations of each user."""

from __future__ import annotations

import resource
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twinhop.cli.common import (
    exit_interrupted,
    infeasible_exits,
    print_notes,
    print_result,
    print_table,
    print_warnings,
    progress,
    save,
)

if TYPE_CHECKING:
    from twinhop.placement import InfeasibilityProof
    from twinhop.plans import SparsePlan
    from twinhop.scenario import Scenario

Candidates = Annotated[
    int | None,
    typer.Option(
        help="Plan on so many nearest stations of each user; the bound counts all.",
        min=1,
        show_default="all, beyond 10 million links 32",
    ),
]
#: Servers that show in the terminal; --out writes all.
SHOWN_SERVERS = 8
BYTES_PER_GB = 1e9
#: getrusage counts in kibibytes, on macOS in bytes.
RSS_BYTES = 1 if sys.platform == "darwin" else 1024


def peak_memory_gb() -> float:
    """The most memory that this process has held so far [GB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_BYTES / BYTES_PER_GB


def plan_on_candidates(
    scenario: Scenario,
    candidates: int | None,
    time_limit: float,
    gap: float | None,
    as_json: bool,
    out: Path | None,
) -> None:
    """Plan, print and write."""
    from twinhop.plans.sparse import plan_sparse, sparse_case

    with progress(f"nearest stations of {scenario.name}"):
        case = sparse_case(scenario, candidates)
    with (
        infeasible_exits(case.name, lambda proof: _no_plan(case.name, proof), as_json, case.notes),
        progress(f"lagrangian on {case.name}") as report,
    ):
        plan = plan_sparse(case, time_limit_s=time_limit, gap=gap, on_progress=report)
    written, gave_up = save(out, partial(plan.save, html=False), "plan")
    print_result(plan, as_json, _show, written)
    if plan.interrupted or gave_up:
        exit_interrupted("this is the best plan found", written)


def _no_plan(name: str, proof: InfeasibilityProof) -> dict[str, Any]:
    """The answer that there is no plan, with its proof."""
    from twinhop.output.plans.plan import proof_values

    return {"policy": "lagrangian", "source": name, "feasible": False, "proof": proof_values(proof)}


def _show(plan: SparsePlan) -> None:
    from twinhop.output.plans.sparse_plan import fact_rows, view_in_words
    from twinhop.plans.planner_warnings import FAULTS
    from twinhop.text import counted, counted_users

    solution, problem = plan.solution, plan.problem
    ended = "stopped at the time limit of" if plan.timed_out else "solved in"
    rows = [
        *fact_rows(plan),
        (ended, f"{solution.seconds:.3g}", "s"),
        ("most memory held", f"{peak_memory_gb():.3g}", "GB"),
    ]
    size = f"{counted(problem.users, 'twin')}, {counted(problem.stations, 'station')}"
    print_table(f"{plan.case.name}: {size}, lagrangian", ("", "value", "unit"), rows)
    typer.echo(view_in_words(plan))
    servers = plan.servers().sort("users", "station_id", descending=[True, False])
    shown = [
        (each["station_id"], f"{each['users']}", f"{each['seats']}", f"{each['mean_latency_s']:.4g}")
        for each in servers.head(SHOWN_SERVERS).rows(named=True)
    ]
    print_table("servers with most users", ("server", "users", "seats", "mean latency s"), shown)
    if len(servers) > SHOWN_SERVERS:
        users = counted_users(int(servers["users"][SHOWN_SERVERS:].sum()))
        typer.echo(
            f"{counted(len(servers) - SHOWN_SERVERS, 'more server')} with {users}; --out writes all into servers.csv"
        )
    print_notes(plan.case.notes)
    print_warnings([each for each in plan.case.warnings if each.code not in FAULTS])
