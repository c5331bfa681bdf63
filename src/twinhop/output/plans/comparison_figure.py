"""The bar chart of a comparison: what each policy costs, by term, against the certified bound."""

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhop.output.markdown import percent
from twinhop.output.palette import ACCENT, ALARM, FAINT, FONT, INK, MUTED, PAPER, fitting
from twinhop.plans.comparison import Comparison
from twinhop.text import counted

DOTS_PER_INCH = 160
WIDTH_IN = 8.0
BAR_IN = 0.42
TERMS = (("latency", ACCENT), ("opening", "#e0a030"), ("energy", "#8aa39b"), ("services", "#6b5bb5"))


def draw_bars(comparison: Comparison) -> Figure:
    """Draw the policies' costs, cheapest on top, and the bound as a line.

    Args:
        comparison: at least one plan.

    Returns:
        A figure of its own; nothing global is changed.
    """
    plans = sorted(comparison.plans, key=lambda plan: -plan.cost)
    problem = comparison.case.problem
    height = 1.75 + BAR_IN * len(plans)
    with mpl.rc_context(FONT):
        figure = Figure(figsize=(WIDTH_IN, height), dpi=DOTS_PER_INCH)
        figure.set_facecolor(PAPER)
        axes = figure.add_axes((1.6 / WIDTH_IN, 0.62 / height, 1 - 2.9 / WIDTH_IN, 1 - 1.75 / height))
        left = np.zeros(len(plans))
        for name, colour in TERMS:
            values = np.array([_term(comparison, at, name, plans) for at in range(len(plans))])
            if values.any():
                axes.barh(range(len(plans)), values, left=left, height=0.62, color=colour, label=name)
            left = left + values
        for at, plan in enumerate(plans):
            _label(axes, comparison, plan, at, float(left[at]))
        if comparison.lower_bound is not None:
            axes.axvline(comparison.lower_bound, color=INK, linewidth=1.3, linestyle=(0, (4, 2)), zorder=5)
        _frame(axes, [plan.solution.policy for plan in plans], float(left.max()))
        _head(figure, comparison, height, problem.users, problem.stations)
        figure.canvas.draw()
    return figure


def _term(comparison: Comparison, at: int, name: str, plans: list) -> float:
    problem, evaluation = comparison.case.problem, plans[at].solution.evaluation
    if name == "services":
        return 0.0 if plans[at].services is None else problem.alpha * plans[at].services.latency_s
    if name == "latency":
        return problem.alpha * evaluation.latency_s
    return problem.beta * (evaluation.opening_s if name == "opening" else evaluation.energy_j)


def _label(axes: Axes, comparison: Comparison, plan, at: int, end: float) -> None:
    gap = comparison.gap(plan)
    text = f"{plan.cost:#.4g}   +{percent(gap)}" if gap is not None else f"{plan.cost:#.4g}   infeasible"
    colour = INK if gap is not None else ALARM
    axes.annotate(text, (end, at), (6, 0), textcoords="offset points", va="center", fontsize=9, color=colour)


def _frame(axes: Axes, names: list[str], longest: float) -> None:
    axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names], fontsize=10)
    axes.set_xlim(0, longest * 1.02)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", colors=MUTED, labelsize=8)
    axes.set_xlabel("cost", fontsize=9, color=MUTED)
    axes.grid(axis="x", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(FAINT)


def _bound(comparison: Comparison) -> str:
    if comparison.lower_bound is None:
        return "no bound yet"
    return f"dashed: certified lower bound {comparison.lower_bound:#.4g}, no feasible plan costs less"


def _head(figure: Figure, comparison: Comparison, height: float, users: int, stations: int) -> None:
    left = 0.25 / WIDTH_IN
    name = comparison.case.name
    figure.text(left, 1 - 0.42 / height, name, fontsize=fitting(name, 16, 48), weight="bold", parse_math=False)
    figure.text(
        left,
        1 - 0.70 / height,
        f"{counted(users, 'user')}, {counted(stations, 'station')}; {_bound(comparison)}",
        fontsize=9.5,
        va="baseline",
    )
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="upper left",
        ncols=len(labels),
        frameon=False,
        fontsize=8.5,
        handlelength=1.0,
        handleheight=1.0,
        bbox_to_anchor=(left - 0.012, 1 - 0.74 / height),
    )
