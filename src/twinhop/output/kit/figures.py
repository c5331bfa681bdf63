"""What all figures share: sheet, colours, heading, frames of panels, legend."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from twinhop.output.kit.colours import FAINT, INK, MUTED, PAPER

DOTS_PER_INCH = 160
#: Stations beyond this many are drawn as an area rather than as bars.
MOST_BARS = 60
FONT: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "axes.edgecolor": MUTED,
    "text.color": INK,
    "axes.labelcolor": INK,
}


@contextmanager
def own_style() -> Iterator[None]:
    """Inside, Matplotlib's own settings hold, and our fonts, whatever a matplotlibrc or the caller has set."""
    with style.context("default"), mpl.rc_context(FONT):
        yield


class _Sheet(Figure):
    """A figure that is written as it was drawn."""

    def savefig(self, *args: Any, **options: Any) -> None:
        """See `Figure.savefig`."""
        with own_style():
            super().savefig(*args, **options)


@contextmanager
def sheet(width_in: float, height_in: float, dots_per_inch: int = DOTS_PER_INCH) -> Iterator[Figure]:
    """A figure of its own, with its own style, whatever that of the surroundings is: nothing global is changed.

    It is laid out at the end.

    Args:
        width_in: its width [inch].
        height_in: its height [inch].
        dots_per_inch: of the file.
    """
    with own_style():
        figure = _Sheet(figsize=(width_in, height_in), dpi=dots_per_inch, facecolor=PAPER)
        yield figure
        figure.canvas.draw()


def panel(figure: Figure, left_in: float, bottom_in: float, right_in: float, top_in: float) -> Axes:
    """Axes at these distances from the edges of a figure [inch]."""
    width, height = figure.get_size_inches()
    box = (left_in / width, bottom_in / height, 1 - (left_in + right_in) / width, 1 - (bottom_in + top_in) / height)
    return figure.add_axes(box)


def fitting(text: str, size: float, columns: int) -> float:
    """The type size at which text of this length still fits a line of so many columns at ``size``."""
    return size * min(1.0, columns / max(1, len(text)))


def line(
    figure: Figure, left_in: float, down_in: float, text: str, size: float, columns: int | None = None, **style: Any
) -> None:
    """A line of the heading, as it is written: names may hold any sign.

    Args:
        figure: where it goes.
        left_in: from the left edge [inch].
        down_in: from the upper edge to the base of the line [inch].
        text: of it.
        size: of the type.
        columns: that fit at this size; longer lines are set smaller. None: as it is.
        style: of the text.
    """
    width, height = figure.get_size_inches()
    size = size if columns is None else fitting(text, size, columns)
    figure.text(left_in / width, 1 - down_in / height, text, fontsize=size, parse_math=False, **style)


def heading(figure: Figure, left_in: float, down_in: float, text: str, size: float = 16, columns: int = 48) -> None:
    """The first line, in bold; see `line`."""
    line(figure, left_in, down_in, text, size, columns, weight="bold")


def frame(
    axes: Axes,
    title: str = "",
    x: str = "",
    y: str = "",
    *,
    grid: Literal["x", "y", "both"] | None = "y",
    sides: Sequence[str] = ("left", "bottom"),
    sizes: tuple[float, float, float] = (10, 8.5, 7.5),
    pad: float = 7,
) -> None:
    """Title, labels, ticks, grid and edges of a panel.

    Args:
        axes: the panel.
        title: above it, at its left end.
        x: what the horizontal axis shows, with unit.
        y: what the vertical axis shows, with unit.
        grid: lines across which axis.
        sides: whose edges are drawn.
        sizes: of title, labels and numbers.
        pad: between title and panel [points].
    """
    axes.set_title(title, fontsize=sizes[0], loc="left", color=INK, pad=pad, parse_math=False)
    axes.set_xlabel(x, fontsize=sizes[1], color=MUTED)
    axes.set_ylabel(y, fontsize=sizes[1], color=MUTED)
    axes.tick_params(colors=MUTED, labelsize=sizes[2], length=2.5)
    if grid is not None:
        axes.grid(axis=grid, color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    edges(axes, sides)


def edges(axes: Axes, sides: Sequence[str]) -> None:
    """Draw these edges of a panel, faint, and no others."""
    for side, spine in axes.spines.items():
        spine.set_visible(side in sides)
        spine.set_color(FAINT)


def rows_frame(axes: Axes, names: Sequence[str], x: str, size: float = 10) -> None:
    """The frame of a panel with a row a name, from bottom to top.

    Args:
        axes: the panel.
        names: of the rows.
        x: what the horizontal axis shows, with unit.
        size: of the names.
    """
    axes.set_yticks(range(len(names)), names, fontsize=size, parse_math=False)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", colors=MUTED, labelsize=8, which="both")
    axes.set_xlabel(x, fontsize=9, color=MUTED)
    axes.grid(axis="x", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    edges(axes, ["bottom"])


def stacked_bars(axes: Axes, terms: Iterable[tuple[str, str, NDArray[np.float64]]]) -> NDArray[np.float64]:
    """Draw a horizontal bar a row, of terms one after another.

    Args:
        axes: the panel.
        terms: name, colour and (R,) lengths; terms of which all are 0 are left out.

    Returns:
        (R,) where the bars end.
    """
    end: NDArray[np.float64] = np.zeros(1)
    for name, colour, lengths in terms:
        if lengths.any():
            axes.barh(range(len(lengths)), lengths, left=end, height=0.62, color=colour, label=name)
        end = end + lengths
    return end


def sorted_bars(axes: Axes, values: NDArray[np.float64], colour: str, label: str | None = None) -> None:
    """Draw values of stations, in this order, as bars; as an area where they are too many."""
    at = np.arange(len(values))
    if len(values) <= MOST_BARS:
        axes.bar(at, values, width=0.72, color=colour, label=label)
    else:
        axes.fill_between(at, values, step="mid", color=colour, linewidth=0, label=label)
    axes.set_xlim(-0.6, len(values) - 0.4)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def beside(axes: Axes, text: str, xy: tuple[float, float], size: float = 9, **style: Any) -> None:
    """Words to the right of a point."""
    axes.annotate(text, xy, (6, 0), textcoords="offset points", va="center", fontsize=size, **style)


def legend(axes: Axes, **style: Any) -> Legend:
    """The legend of a panel, without frame."""
    return axes.legend(**{"fontsize": 7.5, "frameon": False, "loc": "upper right"} | style)


def shared_legend(figure: Figure, panels: Iterable[Axes], place: tuple[float, float], **style: Any) -> Legend:
    """One legend of all panels, each label once, areas before lines.

    Args:
        figure: where it goes.
        panels: whose labels it lists.
        place: of its upper left corner, from the left and upper edge [inch].
        style: of the legend.
    """
    entries: dict[str, Any] = {}
    for axes in panels:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    entries = dict(sorted(entries.items(), key=lambda entry: isinstance(entry[1], Line2D)))
    width, height = figure.get_size_inches()
    box = (place[0] / width, 1 - place[1] / height)
    style = {"ncols": max(1, len(entries)), "fontsize": 8.5} | style
    return figure.legend(entries.values(), entries.keys(), loc="upper left", frameon=False, bbox_to_anchor=box, **style)


def note(axes: Axes, text: str) -> None:
    """Words in the middle of a panel that has nothing to show."""
    axes.text(0.5, 0.5, text, ha="center", color=MUTED, transform=axes.transAxes)
    axes.set_xticks([])
    axes.set_yticks([])


def log_axis(axes: Axes) -> None:
    """A logarithmic axis below, with few labels that stay apart however wide its range is."""
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    decades = np.log10(high / low)
    steps = (1.0,) if decades > 2 else (1.0, 2.0, 5.0) if decades > 0.7 else (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
    axes.xaxis.set_major_locator(LogLocator(subs=steps, numticks=8))
    axes.xaxis.set_minor_formatter(NullFormatter())
    if decades <= 2:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def time_unit(length_s: float) -> tuple[float, str]:
    """Seconds of the unit in which a time is drawn, and its name."""
    return (1.0, "s") if length_s <= 300 else (60.0, "min") if length_s <= 4 * 3600 else (3600.0, "h")


def in_pieces(values: NDArray[np.float64], most: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A series over slots in as many pieces as can be seen.

    Args:
        values: (T,) one a slot.
        most: pieces.

    Returns:
        The middle of each piece, in slots from the beginning of the first, and its mean.
    """
    starts = np.unique(np.linspace(0, len(values), min(len(values), most), endpoint=False).astype(int))
    lengths = np.diff(np.append(starts, len(values)))
    return starts + lengths / 2, np.add.reduceat(values, starts) / lengths
