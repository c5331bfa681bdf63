"""What all figures share: sheet, colours, heading, frames of panels, legend."""

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.output.kit.colours import FAINT, INK, MUTED, PAPER, policy_looks
from twinhop.output.kit.style import COLUMN_IN, TYPE_PT, current_style

DOTS_PER_INCH = 160
#: Dots of pictures in notebooks, and those of the page, by which they are as wide as the figure is in inches.
NOTEBOOK_DOTS_PER_INCH, CSS_DOTS_PER_INCH = 144, 96
#: Stations beyond this many are drawn as an area rather than as bars.
MOST_BARS = 60
#: Files of vectors hold their type, and nothing that changes from run to run.
SETTINGS: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "axes.edgecolor": MUTED,
    "text.color": INK,
    "axes.labelcolor": INK,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "twinhop",
}
#: In papers the type is that of their text; what it lacks is taken from the other.
PAPER_SETTINGS = SETTINGS | {"font.family": ["STIXGeneral", "DejaVu Sans"], "font.size": TYPE_PT}
PAPER_DOTS_PER_INCH = 300
#: Type smaller than this, such as of sources of data, stays as it is in a paper [points].
SMALL_PT = 7.0
#: Between the end of a bar and the end of the panel, beside the words there [inch].
LABEL_GAP_IN = 0.15
#: Lines whose base lies so far below the head belong to it [inch].
HEAD_SLACK_IN = 0.15
UNDATED: dict[str, dict[str, None]] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}


@contextmanager
def own_style(settings: dict[Any, Any] | None = None) -> Iterator[None]:
    """Inside, Matplotlib's own settings hold, and our type, whatever a matplotlibrc or the caller has set."""
    if settings is None:
        settings = PAPER_SETTINGS if current_style().paper else SETTINGS
    with style.context("default"), mpl.rc_context(settings):
        yield


class _Sheet(Figure):
    """A figure that is written as it was drawn.

    Attributes:
        settings: of Matplotlib, under which it was drawn.
        dropped_in: height of the titles that it lacks in a paper [inch].
    """

    settings: dict[Any, Any] = SETTINGS
    dropped_in = 0.0

    def savefig(self, *args: Any, **options: Any) -> None:
        """See `Figure.savefig`; files of vectors have no date unless one is given."""
        name = options.get("format") or str(args[0] if args else options.get("fname", "")).rpartition(".")[2]
        if undated := UNDATED.get(str(name).lower()):  # frames of films take no metadata at all
            options["metadata"] = undated | (options.get("metadata") or {})
        with own_style(self.settings):
            super().savefig(*args, **options)

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """The picture that a notebook shows, with or without pyplot, as wide as on the page."""
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=NOTEBOOK_DOTS_PER_INCH)
        return stream.getvalue(), {"width": round(self.get_figwidth() * CSS_DOTS_PER_INCH)}


def page_width(width_in: float, columns: int = 2) -> float:
    """The width of a figure: as it is, and in a paper that of so many columns [inch]."""
    return COLUMN_IN[columns] if current_style().paper else width_in


@contextmanager
def sheet(
    width_in: float, height_in: float, dots_per_inch: int = DOTS_PER_INCH, *, head_in: float = 0.0, columns: int = 2
) -> Iterator[Figure]:
    """A figure of its own, with its own style, whatever that of the surroundings is: nothing global is changed.

    It is laid out at the end. In a paper it is as wide as its columns, has no head, and its type is 8 points.

    Args:
        width_in: its width [inch].
        height_in: its height, with the head [inch].
        dots_per_inch: of the file.
        head_in: height of the titles, which it lacks in a paper; legends stand below [inch].
        columns: of a paper, one or two.
    """
    paper = current_style().paper
    with own_style():
        size = (page_width(width_in, columns), height_in - (head_in if paper else 0.0))
        figure = _Sheet(figsize=size, dpi=PAPER_DOTS_PER_INCH if paper else dots_per_inch, facecolor=PAPER)
        if paper:
            figure.settings, figure.dropped_in = PAPER_SETTINGS, head_in
        yield figure
        figure.canvas.draw()
        if paper:
            set_type(figure)
            figure.canvas.draw()


def set_type(part: Figure | Axes) -> None:
    """Set all that is written in a figure or panel in the size of papers, but what is small."""
    for axes in part.axes if isinstance(part, Figure) else [part]:
        axes.tick_params(axis="both", which="both", labelsize=TYPE_PT)
    for text in part.findobj(Text):
        if isinstance(text, Text) and float(text.get_fontsize()) >= SMALL_PT:
            text.set_fontsize(TYPE_PT)


def panel_of(name: str | None, panels: Sequence[str]) -> str:
    """The name of the panel that is drawn into given axes; the first where none is named.

    Raises:
        InputError: there is none of this name.
    """
    if name is None:
        return panels[0]
    if name not in panels:
        raise InputError(f"panel: got {name!r}; expected {', '.join(panels[:-1])} or {panels[-1]}")
    return name


def panel(figure: Figure, left_in: float, bottom_in: float, right_in: float, top_in: float) -> Axes:
    """Axes at these distances from the edges of a figure [inch], from the upper one with the head that papers lack."""
    width, height = figure.get_size_inches()
    top_in -= _dropped(figure)
    box = (left_in / width, bottom_in / height, 1 - (left_in + right_in) / width, 1 - (bottom_in + top_in) / height)
    return figure.add_axes(box)


def _dropped(figure: Figure) -> float:
    return figure.dropped_in if isinstance(figure, _Sheet) else 0.0


def fitting(text: str, size: float, columns: int) -> float:
    """The type size at which text of this length still fits a line of so many columns at ``size``."""
    return size * min(1.0, columns / max(1, len(text)))


def line(
    figure: Figure, left_in: float, down_in: float, text: str, size: float, columns: int | None = None, **style: Any
) -> None:
    """A line of the heading, as it is written: names may hold any sign. Papers lack what stands in the head.

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
    dropped = _dropped(figure)
    if not text or (dropped and down_in <= dropped + HEAD_SLACK_IN):
        return
    down_in -= dropped
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
        title: above it, at its left end; where there are no titles it is the label of a vertical axis without one.
        x: what the horizontal axis shows, with unit.
        y: what the vertical axis shows, with unit.
        grid: lines across which axis.
        sides: whose edges are drawn.
        sizes: of title, labels and numbers.
        pad: between title and panel [points].
    """
    panel_title(axes, title, fontsize=sizes[0], pad=pad)
    axes.set_xlabel(x, fontsize=sizes[1], color=MUTED)
    axes.set_ylabel(y or axes.get_ylabel(), fontsize=sizes[1], color=MUTED)
    axes.tick_params(colors=MUTED, labelsize=sizes[2], length=2.5)
    if grid is not None:
        axes.grid(axis=grid, color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    edges(axes, sides)


def panel_title(axes: Axes, title: str, **text: Any) -> None:
    """The title of a panel, at its left end; the label of its vertical axis where there are no titles."""
    if current_style().titled:
        axes.set_title(title, **{"loc": "left", "color": INK, "parse_math": False} | text)
    else:
        axes.set_ylabel(title, color=MUTED, parse_math=False)


def text_width(text: str, size: float) -> float:
    """How wide a line of type is [inch]; ``size`` as for the screen [points]. Given axes have the user's type."""
    paper, given_axes = current_style().paper, current_style().given_axes
    family = mpl.rcParams["font.family"] if given_axes else (PAPER_SETTINGS if paper else SETTINGS)["font.family"]
    size = TYPE_PT if paper and size >= SMALL_PT else size
    font = FontProperties(family=family, size=size)
    return max(text_to_path.get_text_width_height_descent(each, font, False)[0] for each in text.split("\n")) / 72


def end_labels(
    axes: Axes, ends: NDArray[np.float64], labels: Sequence[str], colours: Sequence[str], size: float = 9
) -> None:
    """Write words behind the ends of horizontal bars, and make the axis so long that they end in the panel.

    Args:
        axes: the panel, which begins at 0.
        ends: (R,) where the bars end.
        labels: R lines of words.
        colours: of them.
        size: of the type.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    wide_in = axes.get_window_extent().width / figure.dpi
    shares = [min(0.8, (text_width(label, size) + LABEL_GAP_IN) / wide_in) for label in labels]
    axes.set_xlim(0, max([1e-9, *(end / (1 - share) for end, share in zip(ends.tolist(), shares, strict=True))]))
    halo = [withStroke(linewidth=2.5, foreground=PAPER)]
    for at, (end, label, colour) in enumerate(zip(ends.tolist(), labels, colours, strict=True)):
        beside(axes, label, (end, at), size, color=colour, path_effects=halo, zorder=6)


def policy_keys(axes: Axes, names: Sequence[str]) -> None:
    """Mark the rows of a panel with the mark that their policies have in every figure, between name and panel."""
    looks = policy_looks(names)
    place = axes.get_yaxis_transform()
    for at, name in enumerate(names):
        mark = {"marker": looks[name].marker, "color": looks[name].colour, "markersize": 5, "linestyle": ""}
        axes.plot([0], [at], transform=place + ScaledTranslation(-8 / 72, 0, _scale(axes)), clip_on=False, **mark)
    axes.set_ylim(-0.55, len(names) - 0.45)
    axes.tick_params(axis="y", pad=15)


def _scale(axes: Axes) -> Any:
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure.dpi_scale_trans


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
    box = (place[0] / width, 1 - max(0.0, place[1] - _dropped(figure)) / height)
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
