"""The files of a whole simulation: answer, report, figures, an animation and a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from twinhop.io.json_text import json_text
from twinhop.output.kit.answers import write_answer
from twinhop.output.kit.style import save_figure
from twinhop.output.kit.tables import with_failed, write_table
from twinhop.output.runs.simulation_report import simulation_report, table_columns, table_rows
from twinhop.runs.animation import Animation
from twinhop.runs.simulation import Simulation
from twinhop.runs.simulation_folder import TIMING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def report(simulation: Simulation) -> str:
    """The report in Markdown."""
    return simulation_report(simulation)


def plot(simulation: Simulation, ax: Axes | None = None, panel: str | None = None) -> Figure | None:
    """What each policy costs, by term, against what was possible; or one of the panels over time."""
    from twinhop.output.kit.figures import panel_of
    from twinhop.output.runs.series_figure import SERIES, draw_over_time, draw_series, require_panel
    from twinhop.output.runs.simulation_figure import draw_cost_bars, draw_costs

    name = panel_of(panel, ["costs", *SERIES])
    require_panel(simulation, name)
    if ax is None:
        return draw_costs(simulation) if name == "costs" else draw_series(simulation)
    draw_cost_bars(ax, simulation) if name == "costs" else draw_over_time(ax, simulation, name)
    return None


def write(simulation: Simulation, folder: Path, animation: Animation = "gif") -> None:
    """Write what there is to say of all runs: answer, times, report, figures; each run has its own files already.

    Args:
        simulation: any; map, series and animation are made of the files of its runs, and left out where it has none.
        folder: where the files go.
        animation: how the animation is written.
    """
    write_answer(folder / "simulation.json", simulation.to_json(times=False))
    times = {
        policy: [run.times.to_json() for run in runs]
        for policy, runs in zip(simulation.policies, simulation.runs, strict=True)
    }
    (folder / TIMING).write_text(json_text(times), encoding="utf-8")
    (folder / "report.md").write_text(simulation_report(simulation), encoding="utf-8")
    rows = with_failed(table_rows(simulation), (each.policy for each in simulation.failures))
    write_table(folder, "policies", rows, table_columns(simulation))
    _draw(simulation, animation, folder)


def _draw(simulation: Simulation, animation: Animation, aside: Path) -> None:
    """The figures; map and animation show one policy under the first seed."""
    from twinhop.output.runs.series_figure import draw_series
    from twinhop.output.runs.simulation_figure import draw_bands, draw_costs, first_folders
    from twinhop.output.runs.simulation_map import draw_twin_trails, save_twin_animation
    from twinhop.runs.film import RunFilm

    save_figure(draw_costs(simulation), aside, "costs")
    if not first_folders(simulation):
        return
    save_figure(draw_series(simulation), aside, "series")
    save_figure(draw_bands(simulation), aside, "hosts")
    index = shown_policy(simulation)
    film, policy = RunFilm(simulation.run, first_folders(simulation)[index]), simulation.policies[index]
    save_figure(draw_twin_trails(film, simulation.run, policy), aside, "map")
    save_twin_animation(film, simulation.run, policy, animation, aside)


def shown_policy(simulation: Simulation) -> int:
    """The index of the policy on map and animation: the cheapest of those that move twins, if any does."""
    first = [runs[0].summary for runs in simulation.runs]
    return min(range(len(first)), key=lambda at: (first[at].migrations == 0, first[at].cost))
