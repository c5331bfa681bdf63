"""How a watched world is shown: its statistics, figures, an animation, a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from twinhop.output.kit.answers import write_answer
from twinhop.output.kit.style import save_figure
from twinhop.output.kit.tables import write_csv, write_table
from twinhop.output.runs.world_rows import attached_rows, statistics_rows
from twinhop.runs.animation import Animation
from twinhop.runs.world import WatchedWorld

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot(watched: WatchedWorld, ax: Axes | None = None, panel: str | None = None) -> Figure | None:
    """The statistics of the run, or one of their panels."""
    from twinhop.output.kit.figures import panel_of
    from twinhop.output.runs.world_figure import PANELS, draw_statistics

    name = panel_of(panel, list(PANELS))
    if ax is None:
        return draw_statistics(watched.statistics, watched.run)
    PANELS[name](ax, watched.statistics, watched.run)
    return None


def write(watched: WatchedWorld, folder: Path, animation: Animation = "gif") -> None:
    """Write statistics.json, .csv, .tex, .png, attached.csv, map.png and the animation; the run writes its slots."""
    from twinhop.output.runs.world_figure import draw_statistics
    from twinhop.output.runs.world_map import draw_trails, save_animation

    facts = watched.to_json()
    write_answer(folder / "statistics.json", facts)
    write_table(folder, "statistics", statistics_rows(facts))
    write_csv(folder, "attached", attached_rows(facts, watched.run.station_ids))
    save_figure(draw_statistics(watched.statistics, watched.run), folder, "statistics")
    save_figure(draw_trails(watched.film, watched.run), folder, "map")
    save_animation(watched.film, watched.run, animation, folder)
