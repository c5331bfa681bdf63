"""How the paper's figures, remade, are shown: as all results are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinhop.studies.lu2021.report import claims_report, write_results
from twinhop.studies.lu2021.reproduce import FIG9, Reproduction

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def to_json(reproduction: Reproduction) -> dict[str, Any]:
    """Verdicts on the paper's claims, and which policies failed."""
    return {"claims": reproduction.rows(), "failures": [each.to_json() for each in reproduction.failures]}


def report(reproduction: Reproduction) -> str:
    """The report in Markdown, as in claims.md."""
    return claims_report(reproduction.results, reproduction.failures)


def plot(
    reproduction: Reproduction, ax: Axes | None = None, figure: str = FIG9, panel: str | None = None
) -> Figure | Axes:
    """One of the figures, or one of its panels."""
    from twinhop.studies.lu2021.figures import draw_figure, draw_panel

    results = reproduction.results
    return draw_figure(results, figure) if ax is None else draw_panel(results, figure, ax, panel)


def write(reproduction: Reproduction, folder: Path) -> None:
    """Write the four figures, their numbers as tables, and claims.md."""
    write_results(reproduction.results, folder, reproduction.failures)
