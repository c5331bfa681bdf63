"""Which summary each kind of result has in a notebook, and one for kinds that have none of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from twinhop.output.kit.html import Summary, Table
from twinhop.output.kit.tables import number

_PLANS, _RUNS = "twinhop.output.plans.summaries", "twinhop.output.runs.summaries"
#: The function of each kind, and the module where it is.
SUMMARISED_BY = {
    "Plan": (_PLANS, "plan_summary"),
    "JointPlan": (_PLANS, "joint_plan_summary"),
    "Explanation": (_PLANS, "explanation_summary"),
    "Comparison": (_PLANS, "comparison_summary"),
    "SeedComparison": (_PLANS, "seed_comparison_summary"),
    "Tradeoff": (_PLANS, "tradeoff_summary"),
    "Robustness": (_PLANS, "robustness_summary"),
    "Pricing": (_PLANS, "pricing_summary"),
    "FailureSurvey": (_PLANS, "failure_summary"),
    "Description": (_PLANS, "description_summary"),
    "Simulation": (_RUNS, "simulation_summary"),
    "WatchedWorld": (_RUNS, "world_summary"),
    "Benchmark": ("twinhop.output.benchmarking.summary", "benchmark_summary"),
    "LearnedEvaluation": ("twinhop.output.training.summaries", "evaluation_summary"),
    "PolicyEvaluation": ("twinhop.output.training.summaries", "policy_evaluation_summary"),
    "Training": ("twinhop.output.training.summaries", "training_summary"),
    "TwinReplay": ("twinhop.output.replay.summary", "replay_summary"),
    "Solution": ("twinhop.output.plans.problem_summaries", "solution_summary"),
    "Replan": ("twinhop.output.plans.problem_summaries", "replan_summary"),
    "PlacementProblem": ("twinhop.output.plans.problem_summaries", "problem_summary"),
    "Scenario": ("twinhop.output.plans.problem_summaries", "scenario_summary"),
    "World": ("twinhop.output.plans.problem_summaries", "city_summary"),
}


def summary_of(shown: Any) -> Summary:
    """The summary of a result, problem or scenario: by its kind, else by its plain values."""
    for kind in type(shown).__mro__:
        if kind.__name__ in SUMMARISED_BY:
            module, name = SUMMARISED_BY[kind.__name__]
            return getattr(import_module(module), name)(shown)
    return by_plain_values(shown)


def by_plain_values(shown: Any) -> Summary:
    """A summary of the rows of a result where it has some, else of its plain values that are single."""
    if hasattr(shown, "rows"):
        tables = [rows_table(shown.rows())]
    else:
        facts = shown.to_json()
        pairs = [(name, cell(value)) for name, value in facts.items() if _is_single(value)]
        tables = [Table(("", "value"), pairs)]
    return Summary(type(shown).__name__, sentences=[repr(shown)], tables=tables)


def rows_table(rows: Sequence[Mapping[str, Any]], caption: str = "") -> Table:
    """Rows of plain values as a table: columns that hold single values or intervals."""
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if _fits(rows, name)]
    return Table(names, [[cell(row.get(name)) for name in names] for row in rows], caption)


def cell(value: Any) -> str:
    """A plain value as a cell: six digits, yes or no, an interval as its ends, a dash for None.

    >>> cell(0.12345678), cell(True), cell([1.0, 2.5]), cell(None), cell("a")
    ('0.123457', 'yes', '1 to 2.5', '-', 'a')
    """
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return number(value, 6)
        case [low, high]:
            return f"{cell(low)} to {cell(high)}"
    return str(value)


def _fits(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    values = [row.get(name) for row in rows]
    is_interval = name.endswith("_interval")
    return all(_is_single(value) or (is_interval and isinstance(value, list | tuple)) for value in values)


def _is_single(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str)
