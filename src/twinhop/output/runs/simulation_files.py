"""The files of a whole simulation: answer, report, figures and an animation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from twinhop.errors import InputError
from twinhop.output.plans.plan_files import staging
from twinhop.output.runs.simulation_report import simulation_report
from twinhop.runs.simulation_folder import TIMING, SimulationFolder, json_text

if TYPE_CHECKING:
    from twinhop.runs.simulation import Animation, Simulation


def save_simulation(simulation: Simulation, folder: SimulationFolder, animation: Animation) -> list[Path]:
    """Write what there is to say of all runs; each has its own files already.

    Args:
        simulation: whose runs were written.
        folder: of it.
        animation: how the animation is written.

    Returns:
        The files written here, and the folders of the runs.

    Raises:
        InputError: the folder cannot be written; nothing half-written is left.
    """
    try:
        with staging(folder.root) as aside:
            _write(simulation, animation, aside)
            names = sorted(path.name for path in aside.iterdir())
    except InputError as error:
        raise InputError(f"{error}; the files of all runs are there, in {folder.root}/seed-*") from None
    runs = [run.folder for each in simulation.runs for run in each if run.folder is not None]
    return [*(folder.root / name for name in names), *runs]


def _write(simulation: Simulation, animation: Animation, aside: Path) -> None:
    """Everything but the files of the runs."""
    (aside / "simulation.json").write_text(json_text(simulation.to_json(times=False)), encoding="utf-8")
    times = {
        policy: [run.times.to_json() for run in runs]
        for policy, runs in zip(simulation.policies, simulation.runs, strict=True)
    }
    (aside / TIMING).write_text(json_text(times), encoding="utf-8")
    (aside / "report.md").write_text(simulation_report(simulation), encoding="utf-8")
    _draw(simulation, animation, aside)


def _draw(simulation: Simulation, animation: Animation, aside: Path) -> None:
    """The figures; map and animation show one policy under the first seed."""
    from twinhop.output.runs.simulation_animation import save_twin_animation
    from twinhop.output.runs.simulation_figure import draw_bands, draw_costs, draw_series, first_folders
    from twinhop.output.runs.simulation_map import draw_twin_trails
    from twinhop.runs.simulation_film import RunFilm

    draw_costs(simulation).savefig(aside / "costs.png")
    draw_series(simulation).savefig(aside / "series.png")
    draw_bands(simulation).savefig(aside / "hosts.png")
    shown = shown_policy(simulation)
    film, policy = RunFilm(simulation.run, first_folders(simulation)[shown]), simulation.policies[shown]
    draw_twin_trails(film, simulation.run, policy).savefig(aside / "map.png")
    save_twin_animation(film, simulation.run, policy, animation, aside)


def shown_policy(simulation: Simulation) -> int:
    """The index of the policy on map and animation: the cheapest of those that move twins, if any does."""
    first = [runs[0].summary for runs in simulation.runs]
    return min(range(len(first)), key=lambda at: (first[at].migrations == 0, first[at].cost))
