"""The bar chart of a comparison: what each policy costs, by term, against the certified bound."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhop.output.kit.colours import ACCENT, ALARM, DASHED, ENERGY, INK, OPENING
from twinhop.output.kit.figures import beside, heading, line, panel, rows_frame, shared_legend, sheet, stacked_bars
from twinhop.output.kit.tables import percent
from twinhop.plans.comparison import Comparison
from twinhop.plans.result import Plan
from twinhop.text import counted

WIDTH_IN, BAR_IN, LEFT_IN = 8.0, 0.42, 0.25
TERMS = (("latency", ACCENT), ("opening", OPENING), ("energy", ENERGY), ("services", "#6b5bb5"))


def draw_bars(comparison: Comparison) -> Figure:
    """Draw the policies' costs, cheapest on top, and the bound as a line.

    Args:
        comparison: at least one plan.

    Returns:
        A figure of its own; nothing global is changed.
    """
    plans = sorted(comparison.plans, key=lambda plan: -plan.cost)
    problem = comparison.case.problem
    with sheet(WIDTH_IN, 1.75 + BAR_IN * len(plans)) as figure:
        axes = panel(figure, 1.6, 0.62, 1.3, 1.13)
        ends = stacked_bars(axes, ((name, hue, _term(comparison, name, plans)) for name, hue in TERMS))
        for at, plan in enumerate(plans):
            _label(axes, comparison, plan, at, float(ends[at]))
        if comparison.lower_bound is not None:
            axes.axvline(comparison.lower_bound, color=INK, linewidth=1.3, linestyle=DASHED, zorder=5)
        rows_frame(axes, [plan.solution.policy.replace("_", " ") for plan in plans], "cost")
        axes.set_xlim(0, float(ends.max()) * 1.02)
        heading(figure, LEFT_IN, 0.42, comparison.case.name)
        size = f"{counted(problem.users, 'user')}, {counted(problem.stations, 'station')}"
        line(figure, LEFT_IN, 0.70, f"{size}; {_bound(comparison)}", 9.5)
        shared_legend(figure, [axes], (LEFT_IN - 0.012 * WIDTH_IN, 0.74), handlelength=1.0, handleheight=1.0)
    return figure


def _term(comparison: Comparison, name: str, plans: list[Plan]) -> np.ndarray:
    """(plans,) a term of the cost, weighted."""
    problem = comparison.case.problem

    def value(plan: Plan) -> float:
        evaluation = plan.solution.evaluation
        if name == "services":
            return 0.0 if plan.services is None else problem.alpha * plan.services.latency_s
        if name == "latency":
            return problem.alpha * evaluation.latency_s
        return problem.beta * (evaluation.opening_s if name == "opening" else evaluation.energy_j)

    return np.array([value(plan) for plan in plans])


def _label(axes: Axes, comparison: Comparison, plan: Plan, at: int, end: float) -> None:
    gap = comparison.gap(plan)
    text = f"{plan.cost:#.4g}   +{percent(gap)}" if gap is not None else f"{plan.cost:#.4g}   infeasible"
    beside(axes, text, (end, at), color=INK if gap is not None else ALARM)


def _bound(comparison: Comparison) -> str:
    if comparison.lower_bound is None:
        return "no bound yet"
    return f"dashed: certified lower bound {comparison.lower_bound:#.4g}, no feasible plan costs less"
