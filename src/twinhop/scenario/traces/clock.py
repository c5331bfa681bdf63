"""Times as traces state them: seconds or numbers in other units, hours with colons, or dates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from twinhop.scenario.time_unit import TIME_UNITS, AmbiguousTime, TimeScale, time_scale

HOURS = re.compile(r"(?:(\d{1,4}):)?(\d{1,4}):(\d{2}):(\d{2}(?:\.\d+)?)")
ISO = "ISO 8601"
MOST_SAMPLED = 2000
"""Dates by which the way they are written is told, at most."""
_TIMES = ("%H:%M:%S", "%H:%M:%S.%f", "%H:%M:%S%z", "%H:%M:%S.%f%z", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
_CERTAIN_DAYS = ("%Y/%m/%d", "%d.%m.%Y", "%d-%b-%Y", "%d %b %Y", "%b %d, %Y", "%Y.%m.%d", "%Y%m%d")
_CERTAIN = (
    *(f"{day}{between}{time}" for day in _CERTAIN_DAYS for time in _TIMES for between in (" ", "T")),
    "%a %b %d %H:%M:%S %z %Y",
    "%a, %d %b %Y %H:%M:%S %Z",
    "%a, %d %b %Y %H:%M:%S %z",
)
"""Ways to write a date that leave one reading."""
_EITHER = tuple(
    (f"%d{mark}%m{mark}{year}{between}{time}", f"%m{mark}%d{mark}{year}{between}{time}")
    for mark in ("/", "-")
    for year in ("%Y", "%y")
    for time in _TIMES
    for between in (" ", ", ", "T")
)
"""Ways with the day first, and the same with the month first."""
FloatArray = NDArray[np.float64]


def source_seconds(text: str) -> float | None:
    """Seconds of `12.5` or, as SUMO writes with `--human-readable-time`, `h:mm:ss` or `days:hh:mm:ss`; else None.

    >>> source_seconds("12.50"), source_seconds("01:00:02"), source_seconds("1:00:00:00"), source_seconds("noon")
    (12.5, 3602.0, 86400.0, None)
    """
    try:
        value = float(text)
    except ValueError:
        match = HOURS.fullmatch(text.strip())
        if match is None:
            return None
        days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
        return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return value if abs(value) < float("inf") else None


def date_seconds(text: str, form: str = ISO) -> float | None:
    """Seconds since 1970-01-01 UTC of a date and time, UTC unless it says otherwise; None if it is none.

    Args:
        text: the date.
        form: `ISO`, or as `datetime.strptime` reads it.

    >>> date_seconds("1970-01-01T00:01:00Z"), date_seconds("1970-01-01 02:00:00.5+02:00"), date_seconds("7")
    (60.0, 0.5, None)
    >>> date_seconds("01/02/1970 00:00:00", "%m/%d/%Y %H:%M:%S")
    86400.0
    """
    try:
        if form != ISO:
            value = datetime.strptime(text.strip(), form)
        elif len(text) < len("1970-01-01"):
            return None
        else:
            value = datetime.fromisoformat(text.strip())
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def date_text(seconds: float) -> str:
    """The date and time of seconds since 1970-01-01 UTC, ISO 8601.

    >>> date_text(60.0)
    '1970-01-01T00:01:00+00:00'
    """
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def moment_text(seconds: float, is_date: bool) -> str:
    """A time for messages: as a date where the source has dates.

    >>> moment_text(1714550404.0, True), moment_text(1714550404.0, False), moment_text(2.5, False)
    ('2024-05-01T08:00:04+00:00', '1714550404 s', '2.5 s')
    """
    if is_date:
        try:
            return date_text(seconds)
        except (ValueError, OverflowError, OSError):
            pass
    return f"{seconds:.12g} s"


@dataclass(frozen=True)
class Clock:
    """How a column states times.

    Attributes:
        scale: what numbers mean; None where there are dates.
        form: how dates are written; None where there are numbers.
        note: what had to be assumed; None: nothing.
    """

    scale: TimeScale | None = None
    form: str | None = None
    note: str | None = None

    @property
    def is_date(self) -> bool:
        """Whether times are seconds since 1970-01-01 UTC."""
        return self.scale is None or self.scale.is_date

    @property
    def about(self) -> str:
        """What times are, in words."""
        if self.scale is None:
            return f"dates ({self.form})"
        return (
            f"{TIME_UNITS[self.scale.unit]}{' since 1970' if self.scale.is_date and self.scale.unit in 'msuns' else ''}"
        )

    @property
    def expected(self) -> str:
        """What a cell must be, for messages."""
        if self.scale is not None:
            return "seconds or h:mm:ss, or a date and time (ISO 8601: 2024-05-01T08:00:00Z)"
        form = "ISO 8601: 2024-05-01T08:00:00Z" if self.form == ISO else self.form
        return f"a date and time ({form}), as the rows before"

    def of_numbers(self, values: FloatArray) -> FloatArray:
        """(n,) times of numbers [s]; NaN where there are none, or dates are stated."""
        if self.scale is None:
            return np.full(len(values), np.nan)
        return self.scale.seconds(values)

    def of_texts(self, cells: Iterable[str | None]) -> FloatArray:
        """(n,) times of cells [s]; NaN where a cell is no time."""
        if self.form is not None:
            form = self.form
            times = (None if cell is None else date_seconds(cell, form) for cell in cells)
            return np.array([np.nan if each is None else each for each in times], dtype=np.float64)
        return np.array([self._number(cell) for cell in cells], dtype=np.float64)

    def _number(self, cell: str | None) -> float:
        value = None if cell is None else source_seconds(cell)
        if value is None:
            return np.nan
        if cell is not None and ":" in cell:
            return value
        return float(self.of_numbers(np.array([value]))[0])


def clock_of(cells: Sequence[str | None], column: str, unit: str | None = None, form: str | None = None) -> Clock:
    """How a column states times, by some of its cells.

    Args:
        cells: as many as are at hand.
        column: its name.
        unit: what numbers are; None: told by their size.
        form: how dates are written, as `datetime.strptime` reads them; None: told by the dates.

    Raises:
        AmbiguousTime: the cells may be several things; the message says what would settle it.

    >>> clock_of(["01.05.2024 08:00:00"], "time").form, clock_of(["13/05/2024 08:00"], "time").form
    ('%d.%m.%Y %H:%M:%S', '%d/%m/%Y %H:%M')
    """
    texts = [cell for cell in cells if cell is not None]
    if form is not None:
        return Clock(form=form)
    if unit is not None and texts and source_seconds(texts[0]) is None and date_seconds(texts[0]) is not None:
        raise AmbiguousTime(f"{column}: holds dates ({texts[0][:40]!r}), no numbers; leave --time-unit out")
    numbers = [source_seconds(text) for text in texts[:MOST_SAMPLED]]
    if unit is not None or any(number is not None for number in numbers[:1]) or not texts:
        plain = [number for number, text in zip(numbers, texts, strict=False) if number is not None and ":" not in text]
        scale = time_scale(np.array(plain, dtype=np.float64), column, unit)
        return Clock(scale=scale, note=scale.note)
    return _date_clock(texts[:MOST_SAMPLED], column)


def _date_clock(texts: list[str], column: str) -> Clock:
    """How dates are written, by the first of them and, where it leaves two readings, by all."""
    first = texts[0]
    if date_seconds(first) is not None:
        return Clock(form=ISO)
    for form in _CERTAIN:
        if date_seconds(first, form) is not None:
            return Clock(form=form, note=f"dates are read as {form}; --time-format says otherwise")
    for day_first, month_first in _EITHER:
        readings = [form for form in (day_first, month_first) if date_seconds(first, form) is not None]
        if not readings:
            continue
        counts = {
            form: sum(date_seconds(text, form) is not None for text in texts) for form in (day_first, month_first)
        }
        if counts[day_first] == counts[month_first]:
            raise AmbiguousTime(
                f"{column}: {first[:40]!r} may have the day or the month first; --time-format '{day_first}' or "
                f"--time-format '{month_first}' says which, or give dates as ISO 8601 (2024-05-01T08:00:00Z)"
            )
        form = max(counts, key=lambda each: counts[each])
        which = "day" if form == day_first else "month"
        return Clock(form=form, note=f"dates are read with the {which} first, {form}; --time-format says otherwise")
    return Clock(scale=TimeScale())
