"""The files of a whole simulation: answer, report, figures and an animation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from twinhop.io.json_text import json_text
from twinhop.output.runs.simulation_report import simulation_report
from twinhop.runs.animation import Animation
from twinhop.runs.simulation import Simulation
from twinhop.runs.simulation_folder import TIMING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def report(simulation: Simulation) -> str:
    """The report in Markdown."""
    return simulation_report(simulation)


def plot(simulation: Simulation) -> Figure:
    """What each policy costs, by term, against what was possible."""
    from twinhop.output.runs.simulation_figure import draw_costs

    return draw_costs(simulation)


def write(simulation: Simulation, folder: Path, animation: Animation = "gif") -> None:
    """Write what there is to say of all runs: answer, times, report, figures; each run has its own files already.

    Args:
        simulation: any; map, series and animation are made of the files of its runs, and left out where it has none.
        folder: where the files go.
        animation: how the animation is written.
    """
    (folder / "simulation.json").write_text(json_text(simulation.to_json(times=False)), encoding="utf-8")
    times = {
        policy: [run.times.to_json() for run in runs]
        for policy, runs in zip(simulation.policies, simulation.runs, strict=True)
    }
    (folder / TIMING).write_text(json_text(times), encoding="utf-8")
    (folder / "report.md").write_text(simulation_report(simulation), encoding="utf-8")
    _draw(simulation, animation, folder)


def _draw(simulation: Simulation, animation: Animation, aside: Path) -> None:
    """The figures; map and animation show one policy under the first seed."""
    from twinhop.output.runs.simulation_figure import draw_bands, draw_costs, draw_series, first_folders
    from twinhop.output.runs.simulation_map import draw_twin_trails, save_twin_animation
    from twinhop.runs.film import RunFilm

    draw_costs(simulation).savefig(aside / "costs.png")
    if not first_folders(simulation):
        return
    draw_series(simulation).savefig(aside / "series.png")
    draw_bands(simulation).savefig(aside / "hosts.png")
    index = shown_policy(simulation)
    film, policy = RunFilm(simulation.run, first_folders(simulation)[index]), simulation.policies[index]
    draw_twin_trails(film, simulation.run, policy).savefig(aside / "map.png")
    save_twin_animation(film, simulation.run, policy, animation, aside)


def shown_policy(simulation: Simulation) -> int:
    """The index of the policy on map and animation: the cheapest of those that move twins, if any does."""
    first = [runs[0].summary for runs in simulation.runs]
    return min(range(len(first)), key=lambda at: (first[at].migrations == 0, first[at].cost))
