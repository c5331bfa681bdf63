"""How a plan on candidate stations is shown: plain values, a short report, and the users as one Parquet table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twinhop._version import __version__
from twinhop.output.kit.answers import write_answer
from twinhop.output.kit.tables import note_lines, percent, source_lines, table, write_csv
from twinhop.plans.sparse.plan import SparsePlan
from twinhop.stats.quantiles import value_summary
from twinhop.text import counted
from twinhop.units import cost_number, money_unit

#: What the written columns are called.
PLACEMENT_TABLE, PRICES_TABLE = "placement.parquet", "prices.parquet"


def view_in_words(plan: SparsePlan) -> str:
    """That a plan looks at the nearest stations alone, and its bound at all."""
    problem = plan.problem
    if problem.is_complete:
        return "planned on all stations of each user"
    return f"planned on the nearest {problem.candidates} stations of each user; the bound counts the rest"


def to_json(plan: SparsePlan) -> dict[str, Any]:
    """Cost, terms, certificate and constraints; hosts are in the Parquet table that `write` makes."""
    solution, problem, terms = plan.solution, plan.problem, plan.terms
    unit = money_unit(problem.currency)
    return {
        "policy": "lagrangian",
        "source": plan.case.name,
        **({"currency": problem.currency, "cost_unit": unit} if problem.currency else {}),
        "cost": plan.cost,
        "terms": _terms(plan),
        "lower_bound": plan.lower_bound,
        "gap": plan.gap,
        "feasible": True,
        "late_users": int(plan.late.size),
        "unmeetable_users": int(solution.unmeetable.size),
        "users": problem.users,
        "stations": problem.stations,
        "opened_servers": int(plan.open.size),
        "candidates": problem.candidates,
        "links": problem.users * problem.stations,
        "arcs": problem.arcs,
        "is_complete": problem.is_complete,
        "latency_s": value_summary(terms.communication_s + terms.computing_s),
        "seconds": solution.seconds,
        "parts_s": solution.parts_s,
        "memory_foreseen_bytes": solution.memory_bytes,
        "seed": plan.case.seed,
        "interrupted": plan.interrupted,
        "timed_out": plan.timed_out,
        "ended": solution.ended.value,
        "view": view_in_words(plan),
        **_notes(plan),
    }


def _terms(plan: SparsePlan) -> dict[str, float]:
    terms, problem = plan.terms, plan.problem
    communication_s, computing_s = float(terms.communication_s.mean()), float(terms.computing_s.mean())
    return {
        "latency_s": communication_s + computing_s,
        "communication_s": communication_s,
        "computing_s": computing_s,
        "opening_s": float(problem.opening_s[plan.open].sum()),
        "energy_j": problem.constant / problem.beta if problem.beta > 0 else 0.0,
    }


def _sites(plan: SparsePlan) -> dict[str, list[float]]:
    """(M,) what the sites can do, and cost, as `changes.site_numbers`."""
    problem = plan.problem
    cost = (
        {"cost_per_month": problem.beta * problem.opening_s} if problem.currency else {"opening_s": problem.opening_s}
    )
    return {
        name: values.tolist() for name, values in {"capacity": problem.capacity, "cpu": problem.cpu, **cost}.items()
    }


def _notes(plan: SparsePlan) -> dict[str, Any]:
    notes = [*plan.case.notes, *(each.message for each in plan.case.warnings)]
    return {"notes": notes} if notes else {}


def fact_rows(plan: SparsePlan) -> list[tuple[str, str, str]]:
    """Name, value and unit of what a plan costs, and how good that is."""
    problem, terms = plan.problem, _terms(plan)
    unit = money_unit(problem.currency)
    hosts = counted(int((problem.capacity > 0).sum()), "server")
    rows = [
        ("cost", cost_number(plan.cost, unit), unit),
        ("  mean latency", f"{terms['latency_s']:.6g}", "s"),
        (f"  opening {plan.open.size} of {hosts}", f"{terms['opening_s']:.6g}", "s"),
        ("  energy, weighted", f"{terms['energy_j']:.6g}", ""),
        ("certified lower bound", cost_number(plan.lower_bound, unit), unit),
        ("gap", percent(plan.gap), ""),
        ("constraints", "all kept", ""),
    ]
    return [*rows, *([("late users", f"{plan.late.size}", "users")] if problem.has_deadlines else [])]


def report(plan: SparsePlan) -> str:
    """The report in Markdown."""
    case, solution = plan.case, plan.solution
    servers = plan.servers().sort("users", descending=True).head(20).rows(named=True)
    lines = [
        f"# Plan of {case.name}",
        "",
        f"{counted(plan.problem.users, 'user')}, {counted(plan.problem.stations, 'station')}, policy `lagrangian`, "
        f"seed {case.seed}, {solution.seconds:.3f} s, twinhop {__version__}; {view_in_words(plan)}."
        + (" Ended early by Ctrl-C." if plan.interrupted else "")
        + (" Ended by the time limit." if plan.timed_out else ""),
        "",
        *note_lines(case.notes),
        *note_lines(each.message for each in case.warnings),
        *table(("", "value", "unit"), fact_rows(plan)),
        "",
        "## Servers with most users",
        "",
        *table(
            ("server", "users", "mean latency (s)"),
            [(each["station_id"], f"{each['users']}", f"{each['mean_latency_s']:.4g}") for each in servers],
        ),
        "",
        f"Users are in {PLACEMENT_TABLE}, all servers in servers.csv, the prices that prove the bound in "
        f"{PRICES_TABLE}.",
        *source_lines(case.attribution),
    ]
    return "\n".join(lines) + "\n"


def write(plan: SparsePlan, folder: Path) -> None:
    """Write placement.json, placement.parquet, prices.parquet, servers.csv and report.md."""
    import polars as pl

    tables = {"placement_table": PLACEMENT_TABLE, "prices_table": PRICES_TABLE}
    about = {"attribution": list(plan.case.attribution), "sites": _sites(plan)}
    write_answer(folder / "placement.json", to_json(plan) | tables | about)
    plan.users().write_parquet(folder / PLACEMENT_TABLE)
    prices = plan.solution.prices
    pl.DataFrame({"price_s": prices.price}).write_parquet(folder / PRICES_TABLE)
    rows = plan.servers().sort("users", "station_id", descending=[True, False]).rows(named=True)
    write_csv(folder, "servers", rows)
    (folder / "report.md").write_text(report(plan), encoding="utf-8")
