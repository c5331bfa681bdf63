"""The bar chart of a comparison: what each policy costs, by term, against the certified bound."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhop.output.kit.colours import ACCENT, ALARM, DASHED, ENERGY, INK, OPENING
from twinhop.output.kit.figures import (
    end_labels,
    heading,
    line,
    panel,
    policy_keys,
    rows_frame,
    shared_legend,
    sheet,
    stacked_bars,
    text_width,
)
from twinhop.output.kit.style import COLUMN_IN
from twinhop.output.kit.tables import percent
from twinhop.plans.comparison import Comparison
from twinhop.plans.result import Plan
from twinhop.text import counted
from twinhop.units import cost_in_words, cost_number

WIDTH_IN, BAR_IN, LEFT_IN = 8.0, 0.42, 0.25
#: Heights of title, legend, and the axis below; and between names and bars, for the marks of policies [inch].
HEAD_IN, LEGEND_IN, AXIS_IN, KEY_IN = 0.72, 0.41, 0.6, 0.3
NAME_PT, LABEL_PT = 10, 9
#: One column of a paper where the bars have this share of it at least.
LEAST_SHARE = 0.35
TERMS = (("latency", ACCENT), ("opening", OPENING), ("energy", ENERGY), ("services", "#6b5bb5"), ("missed", ALARM))


def draw_bars(comparison: Comparison) -> Figure:
    """Draw the policies' costs, cheapest on top, and the bound as a line.

    Args:
        comparison: at least one plan.

    Returns:
        A figure of its own; nothing global is changed.
    """
    plans, problem = comparison.plans, comparison.case.problem
    left_in = LEFT_IN + KEY_IN + max(text_width(_name(plan), NAME_PT) for plan in plans)
    label_in = max(text_width(_label(comparison, plan), LABEL_PT) for plan in plans)
    columns = 1 if left_in + label_in < (1 - LEAST_SHARE) * COLUMN_IN[1] else 2
    height = HEAD_IN + LEGEND_IN + AXIS_IN + BAR_IN * len(plans)
    with sheet(WIDTH_IN, height, head_in=HEAD_IN, columns=columns) as figure:
        axes = panel(figure, left_in, AXIS_IN, LEFT_IN, HEAD_IN + LEGEND_IN)
        draw_costs(axes, comparison)
        heading(figure, LEFT_IN, 0.42, comparison.case.name)
        size = f"{counted(problem.users, 'user')}, {counted(problem.stations, 'station')}"
        line(figure, LEFT_IN, 0.70, f"{size}; {_bound(comparison)}", 9.5)
        look = {"handlelength": 1.5, "handleheight": 1.0, "columnspacing": 1.2}
        shared_legend(figure, [axes], (LEFT_IN - 0.012 * WIDTH_IN, HEAD_IN + 0.02), **look)
    return figure


def draw_costs(axes: Axes, comparison: Comparison) -> None:
    """The panel of the bars."""
    plans = sorted(comparison.plans, key=lambda plan: -plan.cost)
    ends = stacked_bars(axes, ((name, hue, _term(comparison, name, plans)) for name, hue in TERMS))
    bound = comparison.lower_bound
    if bound is not None:
        axes.axvline(bound, color=INK, linewidth=1.3, linestyle=DASHED, zorder=5, label="certified bound")
        ends = np.maximum(ends, bound)
    rows_frame(axes, [_name(plan) for plan in plans], f"cost [{comparison.case.problem.cost_unit}]", NAME_PT)
    policy_keys(axes, [plan.solution.policy for plan in plans])
    hues = [ALARM if comparison.gap(plan) is None else INK for plan in plans]
    end_labels(axes, ends, [_label(comparison, plan) for plan in plans], hues, LABEL_PT)


def _name(plan: Plan) -> str:
    return plan.solution.policy.replace("_", " ")


def _term(comparison: Comparison, name: str, plans: list[Plan]) -> np.ndarray:
    """(plans,) a term of the cost, weighted."""
    problem = comparison.case.problem

    def value(plan: Plan) -> float:
        evaluation = plan.solution.evaluation
        if name == "services":
            return 0.0 if plan.services is None else problem.alpha * plan.services.latency_s
        if name == "missed":
            return problem.alpha * evaluation.missed_s
        if name == "latency":
            return problem.alpha * evaluation.latency_s
        return problem.beta * (evaluation.opening_s if name == "opening" else evaluation.energy_j)

    return np.array([value(plan) for plan in plans])


def _label(comparison: Comparison, plan: Plan) -> str:
    gap = comparison.gap(plan)
    unit = comparison.case.problem.money_unit
    cost = cost_number(plan.cost, unit) if unit else f"{plan.cost:#.4g}"
    return f"{cost}  +{percent(gap)}" if gap is not None else f"{cost}  infeasible"


def _bound(comparison: Comparison) -> str:
    if comparison.lower_bound is None:
        return "no bound yet"
    unit = comparison.case.problem.money_unit
    bound = cost_in_words(comparison.lower_bound, unit) if unit else f"{comparison.lower_bound:#.4g}"
    return f"dashed: certified lower bound {bound}, no feasible plan costs less"
