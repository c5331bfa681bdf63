"""How the costs of a simulation go in time: policies as curves, and beside them every seed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhop.errors import InputError
from twinhop.output.kit.colours import DOTTED, INK, MUTED, policy_looks
from twinhop.output.kit.curves import columns_beside, draw_column, draw_curve, policy_labels, under
from twinhop.output.kit.figures import frame, heading, in_pieces, legend, line, shared_legend, sheet, time_unit
from twinhop.output.kit.style import current_style
from twinhop.output.runs.simulation_report import title
from twinhop.placement.problem import FloatArray
from twinhop.runs.simulation import Simulation
from twinhop.stats.bootstrap import mean_interval

WIDTH_IN, LEFT_IN, HEAD_IN, PANEL_IN, FOOT_IN, GAP_IN = 9.0, 0.25, 0.85, 1.75, 0.62, 0.55
#: Points of a curve, and columns of the legend.
POINTS, LEGEND_COLUMNS = 60, 3
LEGEND_LINE_IN = 0.21


class Series(NamedTuple):
    """What a panel shows.

    Attributes:
        title: what it is, with unit.
        measure: of `Simulation.measured`, which the dots of the seeds show.
        factor: of both.
        column: of the table of slots; None: regret, which is made of costs.
        total: whether a curve is what has come together so far, rather than what a slot has.
    """

    title: str
    measure: str
    factor: float
    column: str | None
    total: bool = False


SERIES = {
    "cost_over_time": Series("Cost of a slot [ms]", "cost", 1e3, "cost"),
    "latency_over_time": Series("Mean latency of an update [ms]", "latency_mean_s", 1e3, "latency_mean_s"),
    "moves_over_time": Series("Moves so far", "migrations", 1.0, "moves_made", total=True),
    "regret_over_time": Series("Regret so far [%]", "regret", 1e2, None, total=True),
}
REGRET_IN_WORDS = "regret: cost so far over that of the best offline plan, less 1; below 0 the plan paid for later"


def panels(simulation: Simulation) -> list[str]:
    """The names of the panels that there are: none without files, and no regret without a plan of every seed."""
    if any(run.folder is None for runs in simulation.runs for run in runs):
        return []
    known = bool(simulation.offline) and all(each.plan is not None for each in simulation.offline)
    return [name for name in SERIES if known or name != "regret_over_time"]


def draw_series(simulation: Simulation) -> Figure:
    """Draw cost, latency, moves and, beside an offline plan, regret over time: a curve a policy, the mean over seeds.

    Beside each panel every policy has a column: a dot a seed, what the run comes to; their mean, which is the number of
    the report; and the mean's 95 % interval from five seeds on. Regret so far is
    ``sum_(s <= t) J_s / sum_(s <= t) J*_s - 1`` with the plan's costs J*: at the end it is the run's. What is above 0
    early on is not lost yet, and what is below it not won: the plan pays early for what comes later.

    Returns:
        A figure of its own; nothing global is changed.
    """
    facts, names = simulation.to_json(times=False), panels(simulation)
    legend_in = LEGEND_LINE_IN * -(-(len(simulation.policies) + 1) // LEGEND_COLUMNS) + 0.1
    height = HEAD_IN + legend_in + (PANEL_IN + GAP_IN) * len(names) + FOOT_IN - GAP_IN
    with sheet(WIDTH_IN, height, head_in=HEAD_IN - 0.1) as figure:
        full_in = figure.get_size_inches()[1]
        head_in = full_in - (height - HEAD_IN)
        heading(figure, LEFT_IN, 0.42, facts["source"], columns=54)
        line(figure, LEFT_IN, 0.66, f"{title(facts)}; {_in_words(simulation, names)}", 9, 138, color=MUTED)
        edges = {"left": 0.085, "right": 0.985, "top": 1 - (head_in + legend_in + 0.22) / full_in}
        grid = figure.add_gridspec(len(names), 1, bottom=FOOT_IN / full_in, hspace=GAP_IN / PANEL_IN, **edges)
        drawn = [figure.add_subplot(grid[at]) for at in range(len(names))]
        for axes, name in zip(drawn, names, strict=True):
            draw_over_time(axes, simulation, name, last=axes is drawn[-1])
        shared_legend(figure, drawn, (0.065 * WIDTH_IN, HEAD_IN), ncols=LEGEND_COLUMNS, fontsize=8, handlelength=3.2)
    return figure


def draw_over_time(axes: Axes, simulation: Simulation, name: str, last: bool = True) -> None:
    """Draw one panel of `draw_series`.

    Args:
        axes: where to.
        simulation: with files.
        name: of `SERIES`.
        last: whether no panel is below.
    """
    series, policies = _series(simulation, name), simulation.policies
    looks, labels = policy_looks(policies), policy_labels(policies)
    unit_s, unit = time_unit(simulation.run.slots * simulation.run.slot_s)
    frame(axes, series.title, f"time [{unit}]" if last else "", sides=["bottom"], sizes=(9.5, 9, 8), pad=5)
    axes.tick_params(length=3.5)
    axes.margins(x=0.01)
    beside = columns_beside(axes, len(policies))
    for at, policy in enumerate(policies):
        runs = [_values(simulation, series, at, seed) for seed in range(len(simulation.root_seeds))]
        slots, means = _points(np.mean(runs, axis=0), series.total)
        look = _line(looks[policy])
        draw_curve(axes, slots * simulation.run.slot_s / unit_s, means, look, labels[at], at, len(policies))
        _draw_seeds(beside, simulation, series, at, look)
    if name == "cost_over_time" and "regret_over_time" in panels(simulation):
        plan = np.mean([np.array(each.slot_cost_s) for each in simulation.offline], axis=0)
        slots, means = _points(series.factor * plan, False)
        time = slots * simulation.run.slot_s / unit_s
        axes.plot(time, means, color=INK, linewidth=1.1, linestyle=DOTTED, label="best offline plan")
    if name == "moves_over_time":
        top = max(1.0, axes.get_ylim()[1])
        axes.set_ylim(-0.05 * top, top)  # room for markers at 0
    if last:
        under(beside, "all slots" if len(simulation.root_seeds) == 1 else "seeds")
    if current_style().given_axes:
        legend(axes, loc="best")


def _series(simulation: Simulation, name: str) -> Series:
    """What a panel shows; costs in the unit of the simulation's."""
    series, money = SERIES[name], simulation.run.scenario.money
    if money is None or name != "cost_over_time":
        return series
    return series._replace(title=f"Cost of a slot [{money.unit}]", factor=1.0)


def require_panel(simulation: Simulation, name: str) -> None:
    """Refuse a panel that cannot be drawn.

    Raises:
        InputError: the simulation was made without files, or without an offline plan.
    """
    if name in SERIES and name not in panels(simulation):
        reason = "has no offline plan; ask for bound" if panels(simulation) else "has no files; give out"
        raise InputError(f"panel: {name!r} cannot be drawn: the simulation {reason}")


def _in_words(simulation: Simulation, names: list[str]) -> str:
    seeds = len(simulation.root_seeds)
    words = [
        "curves: means over seeds; dots: seeds" if seeds > 1 else f"seed {simulation.root_seeds[0]}",
        *([REGRET_IN_WORDS] if "regret_over_time" in names else []),
    ]
    stride = simulation.run.slots / POINTS
    return "; ".join([words[0], *([f"a point: {round(stride)} slots"] if stride >= 2 else []), *words[1:]])


def _values(simulation: Simulation, series: Series, policy: int, seed: int) -> FloatArray:
    """(T,) what a run has in each slot, or has come to."""
    import polars as pl

    folder = simulation.runs[policy][seed].folder
    assert folder is not None
    column = pl.read_parquet(Path(folder) / "slots.parquet", columns=[series.column or "cost"]).to_series()
    values = column.cast(pl.Float64).fill_null(np.nan).to_numpy()
    if series.column is None:
        return series.factor * _regret_so_far(values, np.array(simulation.offline[seed].slot_cost_s))
    return series.factor * (values.cumsum() if series.total else values)


def _regret_so_far(cost_s: FloatArray, plan_s: FloatArray) -> FloatArray:
    """(T,) the cost to date over that of the plan, less 1; NaN as long as the plan costs nothing."""
    total_s = plan_s.cumsum()
    ratio = np.divide(cost_s.cumsum(), total_s, out=np.full(len(total_s), np.nan), where=total_s > 0)
    return ratio - 1.0


def _points(values: FloatArray, total: bool) -> tuple[FloatArray, FloatArray]:
    """Slots and values of the points drawn: means of pieces, or what has come together by the end of each."""
    if not total:
        return in_pieces(values, POINTS)
    ends = np.unique(np.linspace(0, len(values), min(len(values), POINTS) + 1).astype(int)[1:])
    return ends.astype(float), values[ends - 1]


def _draw_seeds(beside: Axes, simulation: Simulation, series: Series, policy: int, look: Mapping[str, Any]) -> None:
    known = [simulation.measured(policy, seed)[series.measure] for seed in range(len(simulation.root_seeds))]
    values = series.factor * np.array([value for value in known if value is not None], float)
    if len(values):
        draw_column(beside, policy, values, float(values.mean()), mean_interval(values.tolist()), look)


def _line(look: Any) -> dict[str, Any]:
    """The look of a policy as a line takes it."""
    return {"color": look.colour, "linestyle": look.dashes, "marker": look.marker}
