"""Gaps above certified bounds, a row a policy: the same axis, marks and words in every figure."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from string import ascii_letters
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from twinhop.output.kit.colours import ALARM, INK, MUTED, policy_looks
from twinhop.output.kit.figures import beside, rows_frame, text_width

#: Smaller gaps are drawn here: the axis is logarithmic, and a gap may be 0.
LEAST_GAP = 1e-5
PERCENT = 100
ROW_IN, NAME_PT, WORDS_PT, LETTER_PT, KEY_PT = 0.36, 9, 8, 6.5, 7.5
AXIS = "gap above the certified bound [%]"
#: Where letters stand above and below the middle of a row, and how far apart they must be [points].
LANES, LETTER_APART_PT = (7.6, -7.6), 6.0
#: How far dots of worlds stand above and below the middle of a row at most, of its height.
JITTER = 0.24
#: Between the last decade and the words beside it [inch].
WORDS_GAP_IN = 0.12
#: The least room of a labelled decade; in less some are not labelled [inch].
DECADE_IN = 0.5


class GapRow(NamedTuple):
    """What is drawn of a policy.

    Attributes:
        policy: its name, which gives its colour and marker.
        middle: its gap over all worlds; None where it is infinite.
        interval: of it, or None.
        parts: gaps of parts of the worlds, by the letter that names the part; infinite ones are left out.
        feasible: share of worlds on which it kept all constraints.
        worlds: the gap of each world, for a dot each; infinite ones are left out.
    """

    policy: str
    middle: float | None
    interval: Sequence[float | None] | None = None
    parts: Mapping[str, float] = {}
    feasible: float = 1.0
    worlds: Sequence[float] = ()

    @property
    def words(self) -> str:
        """The gap in numbers, and how often the policy fails."""
        if self.middle is None:
            gap = "infeasible" if self.feasible < 1 else "-"
        else:
            gap = f"{PERCENT * self.middle:.3g} %"
        return f"{gap} ({PERCENT * (1 - self.feasible):.0f} % fail)" if 0 < self.feasible < 1 else gap

    def gaps(self) -> list[float]:
        """All that is drawn on the axis."""
        ends = () if self.interval is None else self.interval
        values = (self.middle, *ends, *self.parts.values(), *self.worlds)
        return [each for each in values if each is not None and math.isfinite(each)]


class GapScale(NamedTuple):
    """The axis of panels that are compared.

    Attributes:
        low: its first decade.
        high: its last one.
        words_in: room for the numbers beyond it [inch].
    """

    low: float
    high: float
    words_in: float


def gap_scale(rows: Iterable[GapRow]) -> GapScale:
    """Whole decades that hold all gaps: panels of one figure take those of all their rows.

    >>> gap_scale([GapRow("a", 0.02, (0.004, 0.3))])[:2]
    (0.001, 1.0)
    """
    rows = list(rows)
    words_in = max((text_width(row.words, WORDS_PT) for row in rows), default=0.0) + WORDS_GAP_IN
    gaps = [max(gap, LEAST_GAP) for row in rows for gap in row.gaps()] or [0.01, 0.1]
    low, high = math.floor(math.log10(min(gaps)) + 1e-9), math.ceil(math.log10(max(gaps)) - 1e-9)
    return GapScale(10.0**low, 10.0 ** max(high, low + 1), words_in)


def names_width(rows: Iterable[GapRow]) -> float:
    """Room that the names of rows take left of a panel [inch]."""
    return max((text_width(_name(row), NAME_PT) for row in rows), default=0.0) + 0.15


def draw_gaps(axes: Axes, rows: Sequence[GapRow], scale: GapScale | None = None) -> None:
    """Draw a row a policy, the first on top: the middle with its interval, letters of parts, dots of worlds, numbers.

    An interval whose upper end is infinite is an arrow to the end of the axis.

    Args:
        axes: the panel.
        rows: of policies.
        scale: of the axis; None: that of these rows.
    """
    rows, scale = rows[::-1], scale or gap_scale(rows)
    low, high = scale.low, scale.high
    axes.set_xscale("log")
    rows_frame(axes, [_name(row) for row in rows], AXIS, NAME_PT)
    _axis(axes, rows, scale)
    looks = policy_looks(row.policy for row in rows)
    for at, row in enumerate(rows):
        look = looks[row.policy]
        _letters(axes, row, at, low)
        _dots(axes, row, at, low, look.colour)
        if row.middle is not None:
            _interval(axes, row, at, scale, look.colour)
            edge = INK if row.worlds else look.colour
            style: dict[str, Any] = {"markersize": 6, "markeredgecolor": edge, "zorder": 5, "clip_on": False}
            axes.plot(max(row.middle, low), at, look.marker, color=look.colour, **style)
        beside(axes, row.words, (high, at), WORDS_PT, color=ALARM if row.feasible < 1 else INK)
    axes.set_ylim(-0.6, len(rows) - 0.4)


def _dots(axes: Axes, row: GapRow, at: int, low: float, colour: str) -> None:
    """A dot a world, in turn above and below the row, so that equal ones are seen."""
    gaps = np.array([gap for gap in row.worlds if math.isfinite(gap)])
    if gaps.size:
        apart = JITTER * (np.arange(gaps.size) % 5 - 2) / 2
        style: dict[str, Any] = {
            "color": colour,
            "alpha": 0.45,
            "markersize": 3.2,
            "markeredgewidth": 0,
            "clip_on": False,
        }
        axes.plot(np.maximum(gaps, low), at + apart, "o", **style)


def _interval(axes: Axes, row: GapRow, at: int, scale: GapScale, colour: str) -> None:
    low, high = row.interval or (None, None)
    if low is None:
        return
    colour = INK if row.worlds else colour
    ends = [max(low, scale.low), scale.high if high is None else max(high, scale.low)]
    axes.plot(ends, [at, at], color=colour, linewidth=2.5, solid_capstyle="butt", zorder=4)
    if high is None:
        axes.plot(ends[1:], [at], ">", color=colour, markersize=7, markeredgewidth=0, zorder=4)


def part_letters(parts: Sequence[str]) -> dict[str, str]:
    """A letter for each part, in their order; further ones have a dot."""
    return {part: ascii_letters[at] if at < len(ascii_letters) else "." for at, part in enumerate(parts)}


def letter_key(letters: Mapping[str, str], prefix: str, width_in: float) -> list[str]:
    """Lines that say what letters stand for.

    Args:
        letters: by part.
        prefix: of all parts, which is left out.
        width_in: of the lines [inch].
    """
    words = [f"{letter}\N{NO-BREAK SPACE}{part.removeprefix(prefix)}" for part, letter in letters.items()]
    text = "   ".join(words)
    columns = int(len(text) * min(1.0, 0.95 * width_in / text_width(text, KEY_PT))) if text else 0
    return textwrap.wrap(text, max(20, columns), break_on_hyphens=False)


def _name(row: GapRow) -> str:
    return row.policy.replace("_", " ")


def _axis(axes: Axes, rows: Sequence[GapRow], scale: GapScale) -> None:
    """Decades, in per cent, and room for words beyond the last one."""
    low, high, words_in = scale
    figure = axes.get_figure(root=True)
    assert figure is not None
    wide_in = axes.get_window_extent().width / figure.dpi
    share = min(0.7, words_in / wide_in)
    axes.set_xlim(low / 10**0.08, high * (high / low) ** (share / (1 - share)))
    powers = np.arange(round(math.log10(low)), round(math.log10(high)) + 1)
    step = math.ceil(len(powers) * DECADE_IN / max(DECADE_IN, wide_in * (1 - share)))
    decades = 10.0 ** powers[::step]
    axes.xaxis.set_major_locator(FixedLocator(decades.tolist()))
    axes.xaxis.set_minor_locator(NullLocator())
    clipped = any(gap < low for row in rows for gap in row.gaps())
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda gap, _: f"{'≤ ' if clipped and gap < 1.01 * low else ''}{PERCENT * gap:g}")
    )


def _letters(axes: Axes, row: GapRow, at: int, low: float) -> None:
    """The gaps of parts, each in the lane whose last letter is farthest, and moved on where it would cover that one."""
    last = dict.fromkeys(LANES, -math.inf)
    scale = 72 / axes.figure.dpi
    finite = {letter: max(gap, low) for letter, gap in row.parts.items() if math.isfinite(gap)}
    for letter, gap in sorted(finite.items(), key=lambda part: (part[1], part[0])):
        x = float(axes.transData.transform((gap, at))[0]) * scale
        lane = next((each for each in LANES if x - last[each] >= LETTER_APART_PT), min(LANES, key=last.__getitem__))
        aside = max(0.0, last[lane] + LETTER_APART_PT - x)
        last[lane] = x + aside
        style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": LETTER_PT, "color": MUTED}
        axes.annotate(letter, (gap, at), (aside, lane), textcoords="offset points", **style)
