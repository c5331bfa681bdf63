"""The figures of a simulation: what each policy costs, and which hosts are used when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhop.output.kit.colours import (
    ALARM,
    COMMUNICATION,
    COMPUTING,
    DASHED,
    ENERGY,
    FAINT,
    INK,
    MOVES,
    MUTED,
    OPENING,
    PAPER,
    policy_looks,
)
from twinhop.output.kit.curves import policy_labels
from twinhop.output.kit.figures import (
    beside,
    heading,
    in_pieces,
    legend,
    line,
    panel,
    panel_title,
    rows_frame,
    shared_legend,
    sheet,
    stacked_bars,
    time_unit,
)
from twinhop.output.kit.places import shortened
from twinhop.output.kit.style import current_style
from twinhop.output.kit.tables import percent
from twinhop.output.runs.cost_unit import cost_cell, cost_factor, cost_unit
from twinhop.output.runs.simulation_report import title
from twinhop.runs.simulation import Simulation
from twinhop.runs.simulation_summary import TERMS

WIDTH_IN, LEFT_IN, HEAD_IN, LEGEND_IN, BAR_IN = 9.0, 0.25, 0.85, 0.4, 0.42
TERM_HUES = (COMMUNICATION, COMPUTING, MOVES, OPENING, ENERGY)
PLAN, BOUND = "best offline plan", "certified offline bound"
#: Of the longest bar, to the right of which its number is written.
LABEL_SHARE = 1.42
#: Points of a band, policies whose hosts are shown, and hosts named beside a band.
POINTS, BANDS, NAMED_HOSTS = 150, 12, 30


def draw_costs(simulation: Simulation) -> Figure:
    """Draw what each policy costs by terms, cheapest on top, above them the offline plan, and the bound as a line.

    Returns:
        A figure of its own; nothing global is changed.
    """
    facts = simulation.to_json(times=False)
    rows = len(facts["policies"]) + (facts["offline_plan"] is not None)
    longest = max(map(len, [*policy_labels(simulation.policies), PLAN]))
    height = HEAD_IN + LEGEND_IN + 0.6 + BAR_IN * rows
    with sheet(WIDTH_IN, height, head_in=HEAD_IN - 0.1) as figure:
        heading(figure, LEFT_IN, 0.42, facts["source"], columns=54)
        line(figure, LEFT_IN, 0.66, f"{title(facts)}; {_bound_in_words(facts)}", 9, 126, color=MUTED)
        axes = panel(figure, min(3.6, 0.55 + 0.08 * longest), 0.55, 0.2, HEAD_IN + LEGEND_IN)
        draw_cost_bars(axes, simulation)
        shared_legend(figure, [axes], (LEFT_IN, HEAD_IN), handlelength=1.4, columnspacing=1.3)
    return figure


def draw_cost_bars(axes: Axes, simulation: Simulation) -> None:
    """Draw the panel of `draw_costs`: a bar a policy, its number, and beside a bound how far above it is."""
    facts = simulation.to_json(times=False)
    factor = cost_factor(facts)
    rows, plan = sorted(facts["policies"], key=lambda row: -row["cost"]), facts["offline_plan"]
    labels = dict(zip(simulation.policies, policy_labels(simulation.policies), strict=True))
    terms = zip(TERMS, TERM_HUES, strict=True)
    stacked_bars(axes, ((term, hue, factor * np.array([row["terms"][term] for row in rows])) for term, hue in terms))
    for at, row in enumerate(rows):
        _cost_label(axes, facts, row, at)
    names = [labels[row["policy"]] for row in rows]
    if plan is not None:
        axes.barh([len(rows)], [factor * plan], height=0.62, facecolor=PAPER, edgecolor=INK, linewidth=0.9)
        beside(axes, f"{_cost(facts, plan)}{_above(facts['offline_gap'])}", (factor * plan, len(rows)), 8.5)
        names.append(PLAN)
    if facts["offline_bound"] is not None:
        axes.axvline(factor * facts["offline_bound"], color=INK, linewidth=1.2, linestyle=DASHED, zorder=5, label=BOUND)
    rows_frame(axes, names, _axis_in_words(facts), 9)
    axes.tick_params(axis="y", pad=13)
    for at, row in enumerate(rows):
        look = policy_looks(simulation.policies)[row["policy"]]
        style = {"marker": look.marker, "color": look.colour, "markersize": 5, "clip_on": False}
        axes.plot([-0.012], [at], transform=axes.get_yaxis_transform(), linestyle="none", zorder=6, **style)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_xlim(0, LABEL_SHARE * factor * max(row["cost"] for row in rows))
    if current_style().given_axes:
        legend(axes, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.2)


def _bound_in_words(facts: dict[str, Any]) -> str:
    if facts["offline_bound"] is None:
        return "no offline bound was asked for; --bound finds one" if not facts["offline"] else "no offline bound"
    return f"{BOUND} {_cost(facts, facts['offline_bound'])} {cost_unit(facts)}; percentages are above it"


def _axis_in_words(facts: dict[str, Any]) -> str:
    if facts["seeds"] == 1:
        return f"cost, mean over slots [{cost_unit(facts)}]"
    words = f"cost, mean over slots and {facts['seeds']} seeds [{cost_unit(facts)}]"
    if all(row["intervals"]["cost"] is None for row in facts["policies"]):
        return words
    above = "of what is above the bound" if facts["offline_bound"] is not None else "of the mean"
    return f"{words}; lines: 95 % intervals {above}"


def _cost(facts: dict[str, Any], cost: float) -> str:
    """A cost in words, without its unit."""
    return cost_cell(facts, cost) if "cost_unit" in facts else f"{cost_factor(facts) * cost:#.4g}"


def _cost_label(axes: Axes, facts: dict[str, Any], row: dict[str, Any], at: int) -> None:
    factor, interval = cost_factor(facts), row["intervals"]["cost"]
    end = factor * row["cost"]
    if interval is not None:
        ends = [factor * each for each in interval]
        axes.plot(ends, [at, at], color=INK, linewidth=1.3, solid_capstyle="butt")
        end = max(end, factor * interval[1])
    text = f"{_cost(facts, row['cost'])}{_above(row['above_bound'])}"
    if row["breaks_deadlines"]:
        text += "   late"
    beside(axes, text, (end, at), 8.5, color=ALARM if row["breaks_deadlines"] else INK)


def _above(share: float | None) -> str:
    return "" if share is None else f"   {'+' if share >= 0 else ''}{percent(share)}"


def draw_bands(simulation: Simulation) -> Figure:
    """Draw how many twins each host has in every slot, a panel a policy, under the first seed.

    Returns:
        A figure of its own; nothing global is changed.
    """
    facts, folders = simulation.to_json(times=False), first_folders(simulation)[:BANDS]
    tables = [_twins_on_hosts(folder, simulation.run.slots) for folder in folders]
    columns = 1 if len(tables) == 1 else 2
    rows = -(-len(tables) // columns)
    panel_in = float(np.clip(0.12 * len(simulation.run.host_ids), 1.5, 3.6)) + 0.55
    height = HEAD_IN + rows * panel_in + 0.35
    labels = policy_labels(simulation.policies)
    with sheet(WIDTH_IN, height, head_in=HEAD_IN - 0.3) as figure:
        width_in, full_in = figure.get_size_inches()
        head_in = full_in - (height - HEAD_IN)
        heading(figure, LEFT_IN, 0.36, facts["source"], columns=54)
        line(figure, LEFT_IN, 0.54, f"{title(facts)}; {_bands_in_words(simulation)}", 9, 126, color=MUTED)
        sides = {"left": 0.095, "right": 1 - 1.0 / width_in, "top": 1 - head_in / full_in, "bottom": 0.45 / full_in}
        grid = figure.add_gridspec(rows, columns, hspace=0.55 / (panel_in - 0.55), wspace=0.24, **sides)
        shade = mpl.colormaps["viridis_r"].with_extremes(under=PAPER)
        most = max(float(table.max()) for table in tables)
        image = None
        for at, table in enumerate(tables):
            axes = figure.add_subplot(grid[at // columns, at % columns])
            image = _band(axes, table, simulation, shade, most)
            panel_title(axes, labels[at], fontsize=9, pad=4)
        bar = figure.add_axes((1 - 0.85 / width_in, 1 - (head_in + 1.6) / full_in, 0.14 / width_in, 1.6 / full_in))
        assert image is not None
        scale = figure.colorbar(image, cax=bar)
        scale.ax.tick_params(labelsize=7.5, colors=MUTED, length=2)
        scale.set_label("twins on the server", fontsize=8, color=MUTED)
    return figure


def _bands_in_words(simulation: Simulation) -> str:
    words = "white: no twins" + ("; grey: radio only" if not _servers(simulation).all() else "")
    if len(simulation.policies) > BANDS:
        words += f"; of {len(simulation.policies)} policies the first {BANDS}"
    seed = f"seed {simulation.root_seeds[0]}"
    others = len(simulation.root_seeds)
    return f"{words}; {seed}" if others == 1 else f"{words}; {seed}, one of {others}"


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
    axes.tick_params(colors=MUTED, labelsize=7.5, length=2)
    axes.set_yticks(rows, [shortened(names[row]) for row in rows], fontsize=6.5, parse_math=False)
    axes.set_xlabel(f"time [{unit}]", fontsize=8, color=MUTED, labelpad=2)
    for side in axes.spines.values():
        side.set_color(FAINT)
    return image


def _servers(simulation: Simulation) -> np.ndarray:
    """(K,) which hosts may hold twins: stations that are not radio only, and the cloud."""
    server = simulation.run.world_run.world.host
    return np.append(server, np.ones(len(simulation.run.host_ids) - len(server), np.bool_))


def _twins_on_hosts(folder: Path, slots: int) -> np.ndarray:
    """(K, pieces) mean number of twins in each piece of time."""
    import polars as pl

    users = pl.read_parquet(folder / "stations.parquet", columns=["users"])["users"].to_numpy()
    table = users.reshape(slots, -1).T.astype(float)
    return np.array([in_pieces(row, POINTS)[1] for row in table])


def first_folders(simulation: Simulation) -> list[Path]:
    """The folders of the runs under the first seed, one a policy."""
    return [runs[0].folder for runs in simulation.runs if runs[0].folder is not None]
