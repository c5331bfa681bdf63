"""What results have in common: they are data, and the layer above them, `output`, writes, reports and draws them.

A result holds no arrow to what shows it: the one entry in the entry point group `twinhop.output` is looked up by name
when something is to be shown.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from twinhop.errors import TwinhopError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ENTRY_POINTS = "twinhop.output"
#: Of the JSON that commands print by `--json` and write; it rises where a key goes, is renamed or means something else.
SCHEMA_VERSION = 1


def versioned(value: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values with the version of their schema before them."""
    return {"schema_version": SCHEMA_VERSION, **value}


@functools.cache
def _output() -> Any:
    """The functions `to_json`, `report`, `plot`, `write` and `save` of a result.

    Raises:
        TwinhopError: nothing is registered that shows results.
    """
    for point in entry_points(group=ENTRY_POINTS):
        return point.load()
    raise TwinhopError(f"nothing is installed that shows results (entry point group {ENTRY_POINTS}); reinstall twinhop")


def write_result(result: Result, folder: Path, **options: Any) -> None:
    """Write the files of a result into a folder that is there already; see `Result.save`."""
    _output().write(result, folder, **options)


def save_result(result: Result, folder: str | Path, **options: Any) -> list[Path]:
    """`Result.save` with options of the kind of result, such as how an animation is written."""
    return _output().save(result, folder, **options)


class Shown:
    """What notebooks show as a small table: results, problems and scenarios."""

    def _repr_html_(self) -> str:
        """Static HTML, without scripts or anything from outside; what users named is text in it."""
        return _output().to_html(self)


class Result(Shown):
    """A result: data, and how it is shown."""

    def to_json(self) -> dict[str, Any]:
        """The result as plain values."""
        return _output().to_json(self)

    def report(self) -> str:
        """The report in Markdown.

        Raises:
            InputError: this kind of result has none.
        """
        return _output().report(self)

    @overload
    def plot(self, ax: None = None, *, style: str | None = None, **options: Any) -> Figure: ...

    @overload
    def plot(self, ax: Axes, *, style: str | None = None, **options: Any) -> Axes: ...

    def plot(self, ax: Axes | None = None, *, style: str | None = None, **options: Any) -> Figure | Axes:
        """The main figure, one of its own, or its main panel in axes of yours: nothing global is changed.

        Args:
            ax: where to draw; its title is left to you. None: a whole figure, with head and legend.
            style: ``screen``, or ``paper``: no titles, one or two columns wide (3.5 or 7.16 inches), type of 8 points.
            options: of the kind of result, such as ``panel``, which of the panels of its figure is drawn into ``ax``.

        Returns:
            The figure, or the axes that were given.

        Raises:
            InputError: this kind of result has none, as the plan of a problem file, which has no map; or a style or
                panel is unknown.
        """
        return _output().plot(self, ax, style=style, **options)

    def show(self, height_px: int = 720) -> None:
        """Put the interactive page of the result into the cell of the notebook that runs, in a frame of its own.

        The page is in the notebook's file, 4 MB at most; the small table that a result shows by itself needs no script.

        Args:
            height_px: of the frame, in which the page scrolls.

        Raises:
            InputError: this kind of result has no page, no notebook is running, or the page is too large for one.
        """
        _output().show(self, height_px)

    def save_page(self, path: str | Path) -> Path:
        """Write the interactive page, one file of HTML that opens anywhere and asks for nothing outside.

        Args:
            path: of the file, such as ``plan.html``; one that is there is replaced.

        Returns:
            The path.

        Raises:
            InputError: this kind of result has no page, or the file cannot be written; nothing is left behind.
        """
        return _output().save_page(self, path)

    def save(
        self,
        folder: str | Path,
        figures: str | Sequence[str] | None = None,
        style: str | None = None,
        *,
        html: bool = True,
    ) -> list[Path]:
        """Write the files of the result.

        Args:
            folder: made if missing; files of the same names in it are replaced.
            figures: formats of the figures: ``("png", "pdf", "svg")`` or some of them; None: png.
            style: ``screen``, or ``paper`` as in `plot`; None: screen.
            html: whether to write the page report.html where the result has one.

        Returns:
            The files written.

        Raises:
            InputError: the folder cannot be written, or a format or style is unknown; nothing is left behind.
        """
        return save_result(self, folder, figures=figures, style=style, html=html)
