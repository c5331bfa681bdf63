"""The figures of a simulation: what each policy costs, how that goes in time, and which hosts are used when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhop.migration.policy import policy_names
from twinhop.output.kit.colours import (
    ALARM,
    COMMUNICATION,
    COMPUTING,
    DASHED,
    DOTTED,
    ENERGY,
    FAINT,
    INK,
    MOVES,
    MUTED,
    OPENING,
    PAPER,
    looks_by_name,
)
from twinhop.output.kit.figures import (
    beside,
    frame,
    heading,
    in_pieces,
    legend,
    line,
    panel,
    rows_frame,
    shared_legend,
    sheet,
    stacked_bars,
    time_unit,
)
from twinhop.output.kit.tables import percent
from twinhop.output.runs.simulation_report import title
from twinhop.runs.simulation import Simulation
from twinhop.runs.simulation_summary import TERMS
from twinhop.stats.bootstrap import mean_interval
from twinhop.stats.intervals import mean

WIDTH_IN, LEFT_IN, HEAD_IN, BAR_IN, PANEL_IN = 9.0, 0.25, 1.05, 0.42, 1.75
TERM_HUES = (COMMUNICATION, COMPUTING, MOVES, OPENING, ENERGY)
#: Width of the line that is drawn last, of the first one, and by how much they differ at most [points].
LINE_PT, WIDEST_PT, STEP_PT = 1.2, 5.0, 1.5
#: Points of a curve, policies whose hosts are shown, and hosts named beside a band.
POINTS, BANDS, NAMED_HOSTS = 150, 12, 30
LONGEST_NAME = 10
#: Series that are drawn: column, title, factor.
SERIES = (
    ("cost", "Cost of a slot [ms]", 1e3),
    ("latency_mean_s", "Mean latency of an update [ms]", 1e3),
    ("moves_made", "Moves in a slot", 1.0),
)


def draw_costs(simulation: Simulation) -> Figure:
    """Draw what each policy costs by terms, cheapest on top, beside the offline plan and the bound.

    Returns:
        A figure of its own; nothing global is changed.
    """
    facts = simulation.to_json(times=False)
    rows = sorted(facts["policies"], key=lambda row: -row["cost"])
    names = [row["policy"] for row in rows]
    with sheet(WIDTH_IN, HEAD_IN + 1.05 + BAR_IN * len(rows)) as figure:
        _head(figure, facts, _bound_in_words(facts))
        axes = panel(figure, min(3.6, 0.45 + 0.088 * max(map(len, names))), 0.55, 1.9, HEAD_IN + 0.3)
        terms = zip(TERMS, TERM_HUES, strict=True)
        stacked_bars(axes, ((term, hue, 1e3 * np.array([row["terms"][term] for row in rows])) for term, hue in terms))
        for at, row in enumerate(rows):
            _cost_label(axes, row, at, _cost_interval(simulation, row))
        for name, dashes in (("offline_bound", DASHED), ("offline_plan", DOTTED)):
            if facts[name] is not None:
                axes.axvline(1e3 * facts[name], color=INK, linewidth=1.2, linestyle=dashes, zorder=5)
        rows_frame(axes, names, _axis_in_words(facts), 9)
        axes.set_xlim(left=0)
        legend(axes, loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=5, fontsize=8.5, handlelength=1.0)
    return figure


def _bound_in_words(facts: dict[str, Any]) -> str:
    if facts["offline_bound"] is None:
        return "no offline bound was asked for; --bound finds one" if not facts["offline"] else "no offline bound"
    words = f"dashed: certified offline bound {1e3 * facts['offline_bound']:#.4g} ms"
    if facts["offline_plan"] is not None:
        words += f"; dotted: best offline plan {1e3 * facts['offline_plan']:#.4g} ms"
    return words


def _axis_in_words(facts: dict[str, Any]) -> str:
    if facts["seeds"] == 1:
        return "cost, mean over slots [ms]"
    words = f"cost, mean over slots and {facts['seeds']} seeds [ms]"
    if all(row["intervals"]["cost"] is None for row in facts["policies"]):
        return words
    above = "of what is above the bound" if facts["offline_bound"] is not None else "of the mean"
    return f"{words}; lines: 95 % intervals {above}"


def _cost_interval(simulation: Simulation, row: dict[str, Any]) -> tuple[float, float] | None:
    """The interval of a mean cost; beside a bound that of the excess above it, world by world, and so never below."""
    bounds = [each.bound for each in simulation.offline]
    known = [each for each in bounds if each is not None]
    if not known or len(known) < len(bounds):
        return mean_interval([each["cost"] for each in row["runs"]])
    excess = mean_interval([each["cost"] - bound for each, bound in zip(row["runs"], known, strict=True)])
    return None if excess is None else (mean(known) + excess[0], mean(known) + excess[1])


def _cost_label(axes: Axes, row: dict[str, Any], at: int, interval: tuple[float, float] | None) -> None:
    end = 1e3 * row["cost"]
    if interval is not None:
        ends = [1e3 * each for each in interval]
        axes.plot(ends, [at, at], color=INK, linewidth=1.3, solid_capstyle="butt")
        end = max(end, 1e3 * interval[1])
    text = f"{1e3 * row['cost']:#.4g}"
    if row["above_bound"] is not None:
        text += f"   {'+' if row['above_bound'] >= 0 else ''}{percent(row['above_bound'])}"
    if row["breaks_deadlines"]:
        text += "   late"
    beside(axes, text, (end, at), 8.5, color=ALARM if row["breaks_deadlines"] else INK)


def draw_series(simulation: Simulation) -> Figure:
    """Draw cost, latency and moves over time by policy, under the first seed; beside an offline plan, regret too.

    Regret so far is ``sum_(s <= t) J_s / sum_(s <= t) J*_s - 1`` with the plan's costs J*: at the end it is the run's.
    What is above 0 early on is not lost yet, and what is below it not won: the plan pays early for what comes later.

    Returns:
        A figure of its own; nothing global is changed.
    """
    import polars as pl

    facts = simulation.to_json(times=False)
    plan = _plan_costs(simulation)
    rows = len(SERIES) + (plan is not None)
    legend_in = 0.22 * -(-len(simulation.policies) // 3)
    height = HEAD_IN + legend_in + PANEL_IN * rows + 0.5
    unit_s, unit = time_unit(simulation.run.slots * simulation.run.slot_s)
    with sheet(WIDTH_IN, height) as figure:
        words = "each line a policy; of lines that coincide the first is the widest"
        _head(figure, facts, words if len(simulation.policies) > 1 else "", _only_one(simulation))
        top = 1 - (HEAD_IN + legend_in) / height
        grid = figure.add_gridspec(rows, 1, left=0.075, right=0.975, top=top, bottom=0.5 / height, hspace=0.42)
        panels = [figure.add_subplot(grid[at]) for at in range(rows)]
        looks, widths = looks_by_name(simulation.policies, policy_names()), _widths(len(simulation.policies))
        for at, folder in enumerate(first_folders(simulation)):
            slots = pl.read_parquet(folder / "slots.parquet")
            series = [
                factor * slots[column].cast(pl.Float64).fill_null(np.nan).to_numpy() for column, _, factor in SERIES
            ]
            if plan is not None:
                series.append(1e2 * _regret_so_far(slots["cost"].to_numpy(), plan))
            hue, dashes = looks[at]
            style = {"color": hue, "linestyle": dashes, "linewidth": widths[at]}
            for axes, values in zip(panels, series, strict=True):
                middle, means = in_pieces(values, POINTS)
                time = middle * simulation.run.slot_s / unit_s
                axes.plot(time, means, label=simulation.policies[at], **style)
        regret = "Regret so far against the best offline plan [%]; below 0 the plan has paid for what comes later"
        names = [name for _, name, _ in SERIES] + [regret]
        for axes, name in zip(panels, names, strict=False):
            frame(axes, name, sides=["bottom"], sizes=(9.5, 9, 8), pad=5)
            axes.tick_params(length=3.5)
            axes.margins(x=0.01)
        moves = panels[len(SERIES) - 1]
        moves.set_ylim(0, max(1.0, moves.get_ylim()[1]))
        panels[-1].set_xlabel(f"time [{unit}]")
        shared_legend(figure, panels, (0.065 * WIDTH_IN, HEAD_IN - 0.28), ncols=3, fontsize=8)
    return figure


def _widths(lines: int) -> list[float]:
    """Line widths that fall from the first to the last, so that none hides another wholly [points]."""
    step = min(STEP_PT, (WIDEST_PT - LINE_PT) / max(1, lines - 1))
    return [LINE_PT + step * (lines - 1 - at) for at in range(lines)]


def _only_one(simulation: Simulation) -> str:
    """Which seed is drawn, where there are others."""
    first = f"seed {simulation.root_seeds[0]}"
    return first if len(simulation.root_seeds) == 1 else f"only {first} of {len(simulation.root_seeds)} is drawn"


def _plan_costs(simulation: Simulation) -> np.ndarray | None:
    """(T,) costs of the offline plan under the first seed [s]; None where there is none."""
    if not simulation.offline or simulation.offline[0].plan is None:
        return None
    return np.array(simulation.offline[0].slot_cost_s)


def _regret_so_far(cost_s: np.ndarray, plan_s: np.ndarray) -> np.ndarray:
    """(T,) the cost to date over that of the plan, less 1; NaN as long as the plan costs nothing."""
    total_s = plan_s.cumsum()
    ratio = np.divide(cost_s.cumsum(), total_s, out=np.full(len(total_s), np.nan), where=total_s > 0)
    return ratio - 1.0


def draw_bands(simulation: Simulation) -> Figure:
    """Draw how many twins each host has in every slot, a panel a policy, under the first seed.

    Returns:
        A figure of its own; nothing global is changed.
    """
    facts, folders = simulation.to_json(times=False), first_folders(simulation)[:BANDS]
    tables = [_twins_on_hosts(folder, simulation.run.slots) for folder in folders]
    hosts = len(simulation.run.host_ids)
    columns = 1 if len(tables) == 1 else 2
    rows = -(-len(tables) // columns)
    panel_in = float(np.clip(0.12 * hosts, 1.5, 3.6)) + 0.55
    height = HEAD_IN + rows * panel_in + 0.35
    most = max(float(table.max()) for table in tables)
    left_out = f", of {len(simulation.policies)} policies the first {BANDS}" if len(simulation.policies) > BANDS else ""
    with sheet(WIDTH_IN, height) as figure:
        words = "twins on each server, white: none" + ("; grey: radio only" if not _servers(simulation).all() else "")
        _head(figure, facts, words + left_out, _only_one(simulation))
        edges = {"left": 0.09, "right": 0.9, "top": 1 - HEAD_IN / height, "bottom": 0.45 / height}
        grid = figure.add_gridspec(rows, columns, hspace=0.55 / (panel_in - 0.55), wspace=0.2, **edges)
        shade = mpl.colormaps["viridis_r"].with_extremes(under=PAPER)
        image = None
        for at, table in enumerate(tables):
            axes = figure.add_subplot(grid[at // columns, at % columns])
            image = _band(axes, table, simulation, shade, most)
            axes.set_title(simulation.policies[at], fontsize=9, loc="left", color=INK, pad=4, parse_math=False)
        bar = panel(figure, 0.92 * WIDTH_IN, height - HEAD_IN - 1.3, 0.067 * WIDTH_IN, HEAD_IN)
        assert image is not None
        scale = figure.colorbar(image, cax=bar)
        scale.ax.tick_params(labelsize=7.5, colors=MUTED, length=2)
        scale.ax.set_title("twins", fontsize=7.5, color=MUTED, pad=4)
    return figure


def _band(axes: Axes, table: np.ndarray, simulation: Simulation, shade: Any, most: float) -> Any:
    """Hosts from top to bottom, time from left to right."""
    unit_s, unit = time_unit(simulation.run.slots * simulation.run.slot_s)
    extent = (0.0, simulation.run.slots * simulation.run.slot_s / unit_s, len(table) - 0.5, -0.5)
    image = axes.imshow(
        table, aspect="auto", interpolation="nearest", cmap=shade, vmin=0.5, vmax=max(most, 1.0), extent=extent
    )
    names = simulation.run.host_ids
    for row in np.flatnonzero(~_servers(simulation)):
        axes.axhspan(row - 0.5, row + 0.5, color=FAINT, linewidth=0)
    rows = range(0, len(names), -(-len(names) // NAMED_HOSTS))
    axes.set_yticks(rows, [_short(names[row]) for row in rows], fontsize=5.5, parse_math=False)
    axes.tick_params(colors=MUTED, labelsize=6.5, length=2)
    axes.set_xlabel(f"time [{unit}]", fontsize=7.5, color=MUTED, labelpad=2)
    for side in axes.spines.values():
        side.set_color(FAINT)
    return image


def _servers(simulation: Simulation) -> np.ndarray:
    """(K,) which hosts may hold twins: stations that are not radio only, and the cloud."""
    server = simulation.run.world_run.world.host
    return np.append(server, np.ones(len(simulation.run.host_ids) - len(server), np.bool_))


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _twins_on_hosts(folder: Path, slots: int) -> np.ndarray:
    """(K, pieces) mean number of twins in each piece of time."""
    import polars as pl

    users = pl.read_parquet(folder / "stations.parquet", columns=["users"])["users"].to_numpy()
    table = users.reshape(slots, -1).T.astype(float)
    return np.array([in_pieces(row, POINTS)[1] for row in table])


def first_folders(simulation: Simulation) -> list[Path]:
    """The folders of the runs under the first seed, one a policy."""
    return [runs[0].folder for runs in simulation.runs if runs[0].folder is not None]


def _head(figure: Figure, facts: dict[str, Any], *words: str) -> None:
    heading(figure, LEFT_IN, 0.42, facts["source"], columns=54)
    line(figure, LEFT_IN, 0.68, "; ".join([title(facts), *filter(None, words)]), 9, 126, color=MUTED)
