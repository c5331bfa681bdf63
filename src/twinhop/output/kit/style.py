"""How figures are drawn, and in which formats they are written; light, without Matplotlib."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from twinhop.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Formats of files, and styles.
FORMATS = ("png", "pdf", "svg")
SCREEN, PAPER_STYLE = "screen", "paper"
STYLES = (SCREEN, PAPER_STYLE)
#: Widths of one and two columns in journals of the IEEE [inch], and the type there [points].
COLUMN_IN = {1: 3.5, 2: 7.16}
TYPE_PT = 8.0


@dataclass(frozen=True)
class FigureStyle:
    """How figures are drawn.

    Attributes:
        formats: of the files, in order, of `FORMATS`.
        style: ``screen``, with titles, or ``paper``: without, as wide as one or two columns, in type of 8 points.
        given_axes: whether a panel is drawn into axes of the user's own, whose title is the user's.
    """

    formats: tuple[str, ...] = ("png",)
    style: str = SCREEN
    given_axes: bool = False

    @property
    def paper(self) -> bool:
        """Whether figures are for a paper."""
        return self.style == PAPER_STYLE

    @property
    def titled(self) -> bool:
        """Whether figures and panels have titles."""
        return not (self.paper or self.given_axes)


_SCREEN = FigureStyle()
_CURRENT: ContextVar[FigureStyle] = ContextVar("twinhop figure style", default=_SCREEN)


def current_style() -> FigureStyle:
    """How figures are drawn here."""
    return _CURRENT.get()


def figure_formats(formats: str | Sequence[str], where: str = "figures") -> tuple[str, ...]:
    """Formats of figures, each once.

    Args:
        formats: as a sequence, or with commas between.
        where: what an error names.

    Raises:
        InputError: one is unknown.

    >>> figure_formats("pdf, png,pdf")
    ('pdf', 'png')
    """
    names = [name.strip() for name in formats.split(",")] if isinstance(formats, str) else list(formats)
    for name in names:
        if name not in FORMATS:
            raise InputError(f"{where}: got {name!r}; expected png, pdf or svg")
    return tuple(dict.fromkeys(names))


def figure_style(style: str, where: str = "style") -> str:
    """The name of a style.

    Raises:
        InputError: it is unknown.
    """
    if style not in STYLES:
        raise InputError(f"{where}: got {style!r}; expected {' or '.join(STYLES)}")
    return style


@contextmanager
def styled(
    formats: str | Sequence[str] | None = None, style: str | None = None, given_axes: bool | None = None
) -> Iterator[None]:
    """Inside, figures are drawn and written so; what is None stays as it is around.

    Raises:
        InputError: a format or style is unknown.
    """
    inside = _CURRENT.get()
    if formats is not None:
        inside = replace(inside, formats=figure_formats(formats))
    if style is not None:
        inside = replace(inside, style=figure_style(style))
    if given_axes is not None:
        inside = replace(inside, given_axes=given_axes)
    token = _CURRENT.set(inside)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def save_figure(figure: Figure | Axes, folder: Path, name: str) -> None:
    """Write a figure as ``name.png``, ``.pdf``, ``.svg``, the formats of `current_style`; the same bytes each time."""
    sheet = figure.get_figure(root=True)
    assert sheet is not None
    for suffix in current_style().formats:
        sheet.savefig(folder / f"{name}.{suffix}")
