"""Files, reports and figures of results: what knows all results, while no result knows it.

Results find this package by name, as policies are found: through the one entry of the group ``twinhop.output``.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from twinhop.errors import InputError
from twinhop.io.folders import staging
from twinhop.output.kit.style import current_style, styled
from twinhop.result import Result, Shown

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Where each kind of result is shown: modules with `write`, and `to_json`, `report` and `plot` where it has them.
SHOWN_BY = {
    "Plan": "twinhop.output.plans.plan",
    "SparsePlan": "twinhop.output.plans.sparse_plan",
    "JointPlan": "twinhop.output.plans.joint_plan",
    "Explanation": "twinhop.output.plans.explanation",
    "Comparison": "twinhop.output.plans.comparison",
    "SeedComparison": "twinhop.output.plans.seed_comparison",
    "Tradeoff": "twinhop.output.plans.tradeoff",
    "Robustness": "twinhop.output.plans.robustness",
    "Pricing": "twinhop.output.plans.pricing",
    "FailureSurvey": "twinhop.output.plans.failure_survey",
    "Description": "twinhop.output.plans.description",
    "Simulation": "twinhop.output.runs.simulation",
    "WatchedWorld": "twinhop.output.runs.world",
    "Benchmark": "twinhop.output.benchmarking.benchmark",
    "LearnedEvaluation": "twinhop.output.training.evaluation",
    "PolicyEvaluation": "twinhop.output.training.policy_evaluation",
    "TwinReplay": "twinhop.output.replay.replay",
    "Reproduction": "twinhop.studies.lu2021.shown",
    "TransferReproduction": "twinhop.studies.policy_transfer.shown",
}
_PLANS, _MORE = "twinhop.output.page.plan_data", "twinhop.output.page.result_data"
#: What makes the data of each kind's page, of the result alone.
PAGE_OF = {
    "Plan": (_PLANS, "plan_page"),
    "JointPlan": (_MORE, "joint_page"),
    "Comparison": (_MORE, "comparison_page"),
    "SeedComparison": (_MORE, "seeds_page"),
    "Tradeoff": (_MORE, "tradeoff_page"),
    "FailureSurvey": (_MORE, "survey_page"),
    "Simulation": ("twinhop.output.page.run_data", "simulation_data"),
}
#: The same of the result and the folder where its other files are, if any.
PAGE_OF_FILES = {"WatchedWorld": ("twinhop.output.page.world_data", "world_data")}


def _shows(result: Result, what: str, noun: str) -> Any:
    kind = type(result).__name__
    module: ModuleType | None = import_module(SHOWN_BY[kind]) if kind in SHOWN_BY else None
    function = getattr(module, what, None)
    if function is None:
        raise InputError(f"{kind}: has no {noun}")
    return function


def to_json(result: Result) -> dict[str, Any]:
    """A result as plain values."""
    return _shows(result, "to_json", "plain values")(result)


def report(result: Result) -> str:
    """The report of a result in Markdown."""
    return _shows(result, "report", "report")(result)


def to_html(shown: Shown) -> str:
    """A few lines and tables on a result, problem or scenario as static HTML, for notebooks."""
    from twinhop.output.kit.html import html_of
    from twinhop.output.summaries import summary_of

    return html_of(summary_of(shown))


def plot(result: Result, ax: Axes | None = None, *, style: str | None = None, **options: Any) -> Figure | Axes:
    """The main figure of a result, or its main panel in the given axes; see `Result.plot`."""
    draw = _shows(result, "plot", "figure")
    with styled(style=style, given_axes=ax is not None):
        if ax is None:
            return draw(result, **options)
        draw(result, ax=ax, **options)
        if current_style().paper:
            from twinhop.output.kit.figures import set_type

            set_type(ax)
        return ax


def write(result: Result, folder: Path, *, html: bool = True, **options: Any) -> None:
    """Write the files of a result into a folder that is there already.

    Args:
        result: what to write.
        folder: where its files go.
        html: whether to write the page report.html; its data are written where the result has one in any case. Where
            they are more than a page may hold, neither is, and a warning is logged: all other files are there.
        options: of the kind of result, such as ``animation`` of runs.
    """
    _shows(result, "write", "files")(result, folder, **options)
    document = page_data(result, folder)
    if document:
        from twinhop.output.page.files import write_page

        try:
            write_page(folder, document, html=html)
        except InputError as error:
            logger.warning("no page is written: %s", error)


def page_data(result: Result, folder: Path | None = None) -> dict[str, Any]:
    """What the page of a result shows, as `twinhop.output.page.container.packed` takes it; empty where it has none.

    Args:
        result: any.
        folder: where its other files are, if they are anywhere.
    """
    kind = type(result).__name__
    if kind in PAGE_OF_FILES:
        module, name = PAGE_OF_FILES[kind]
        return getattr(import_module(module), name)(result, folder)
    module, name = PAGE_OF.get(kind, ("", ""))
    return getattr(import_module(module), name)(result) if module else {}


def page_html(result: Result) -> str:
    """The page of a result, one file of HTML.

    Raises:
        InputError: this kind of result has none, or it holds nothing to show.
    """
    from twinhop.output.page.files import page_of_document

    document = page_data(result)
    if not document:
        raise InputError(f"{type(result).__name__}: has no page")
    return page_of_document(document)


def show(result: Result, height_px: int) -> None:
    """Put the page of a result into the cell of a notebook; see `Result.show`."""
    from twinhop.output.page.notebook import notebook_page, put_into_cell

    put_into_cell(notebook_page(page_html(result), repr(result), height_px))


def save_page(result: Result, path: str | Path) -> Path:
    """Write the page of a result as one file; see `Result.save_page`."""
    from twinhop.io.files import replacing

    content = page_html(result)
    with replacing(path, overwrite=True) as temporary:
        temporary.write_text(content, encoding="utf-8", newline="\n")
    return Path(path)


def save(
    result: Result,
    folder: str | Path,
    figures: str | Sequence[str] | None = None,
    style: str | None = None,
    **options: Any,
) -> list[Path]:
    """Write the files of a result, all of them or none; see `Result.save`."""
    with styled(figures, style), staging(folder) as aside:
        write(result, aside, **options)
        names = sorted(path.name for path in aside.iterdir())
    return [Path(folder) / name for name in names]
