"""The files of a reproduction: a figure each, and the claims."""

from __future__ import annotations

from pathlib import Path

from twinhop.io.folders import staging
from twinhop.studies.lu2021.comparison_figure import draw_comparison
from twinhop.studies.lu2021.convergence_figure import draw_convergence
from twinhop.studies.lu2021.episode_figure import draw_episodes
from twinhop.studies.lu2021.report import claims_report
from twinhop.studies.lu2021.results import Results
from twinhop.studies.lu2021.time_figure import draw_times

FIGURES = {
    "fig7-convergence.png": draw_convergence,
    "fig8-episode.png": draw_episodes,
    "fig9-comparison.png": draw_comparison,
    "fig10-training-time.png": draw_times,
}
CLAIMS_FILE = "claims.md"


def save_results(results: Results, folder: Path) -> list[Path]:
    """Write the four figures and claims.md.

    Args:
        results: with at least one run of an algorithm.
        folder: made if missing.

    Returns:
        The files written.

    Raises:
        InputError: the folder cannot be written; nothing half-written is left.
    """
    with staging(folder) as aside:
        for name, draw in FIGURES.items():
            draw(results).savefig(aside / name)
        (aside / CLAIMS_FILE).write_text(claims_report(results), encoding="utf-8")
    return [folder / name for name in (*FIGURES, CLAIMS_FILE)]
